//! Spark's functions, operators and casts: for each name, what Spark's rules make of the given arguments, lowered to a
//! DataFusion expression.
//!
//!     name + typed arguments ──► registry ──► coercion (`coerce`, `cast`) ──► Typed { expr, data_type, nullable }
//!
//! First `datafusion-spark`, then DataFusion's own where the semantics agree, then kernels of ours. One file a function
//! or small family; a family's table lists its names. Not here: finding columns, plans, SQL text (`emberflow-analyzer`).
//! Begin at [`registry::lookup`].

pub mod call;
pub mod errors;
pub mod registry;
pub mod types;

pub use call::{Call, Context, Typed};
