//! SQL text to tree.
