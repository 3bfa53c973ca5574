//! Types and schemas from DDL text.
