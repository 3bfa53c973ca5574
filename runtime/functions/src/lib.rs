//! Spark's functions, operators and casts: for each name, what Spark's rules make of the given arguments, lowered to a
//! DataFusion expression.
//!
//!     name + typed arguments ──► registry ──► coercion (`coerce`, `cast`) ──► Typed { expr, data_type, nullable }
//!
//! First `datafusion-spark`, then DataFusion's own where the semantics agree, then kernels of ours. One file a function
//! or small family; a family's table lists its names. Not here: finding columns, plans, SQL text (`emberflow-analyzer`).
//! Begin at [`registry::lookup`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod aggregates;
mod arguments;
mod bitmaps;
pub mod calendar;
pub mod call;
pub mod cast;
pub mod coerce;
pub mod collation;
mod collections;
mod constant;
mod datetime;
pub mod errors;
pub mod formats;
mod generators;
pub mod hashes;
pub mod java_regex;
mod kernel;
pub mod kernels;
mod known;
mod lambdas;
pub mod literal;
mod math;
pub mod misc;
pub mod operators;
pub mod partitioned;
pub mod pretty;
pub mod registry;
mod reshape;
pub mod store;
mod strings;
#[cfg(test)]
mod testing;
pub mod types;
pub mod udf;
pub mod variant;
mod vectors;
mod windows;
pub mod zones;

pub use call::{Call, Context, Typed};
pub use cast::{EvalMode, cast};
pub use datetime::pattern as patterns;
pub use literal::literal;
