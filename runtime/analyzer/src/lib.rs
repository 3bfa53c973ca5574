//! What a plan means: resolves the unresolved tree as Spark does and lowers it to DataFusion's logical plan.
//!
//!     Relation ──► relation/<family> ──► Resolved { LogicalPlan, output attributes } ──► Analyzed { plan, schema }
//!     Expr ──────► expression/<family> ─► Item { Typed, text }
//!
//! Always true:
//! - Every column has an internal name that is unique in the whole query (`price#12`); Spark's names, which may repeat,
//!   live in [`Attribute`]s and come back only at the edge.
//! - A `Resolved`'s plan may carry more columns than its output; whoever needs exactly the output calls
//!   [`Resolved::exact`].
//! - Errors are Spark's conditions.
//!
//! Not here: functions' meaning (`emberflow-functions`), tables and files (whoever implements [`Environment`]),
//! execution. Begin at [`analyze`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod aggregate;
mod attribute;
mod deep;
mod environment;
mod expression;
mod node;
mod partition_values;
mod per_row;
mod relation;
mod resolved;
mod resolver;
mod scope;
mod suggest;

pub use attribute::{Attr, Attribute};
pub use environment::{Environment, SessionVariable, Source, Table};
pub use node::{JoinStrategy, Observation, Operation, PartitionNode, sees_partitions};
pub use resolved::Resolved;
pub use resolver::{Analyzed, analyze, resolve_view};
