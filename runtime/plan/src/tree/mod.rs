//! The unresolved plan tree: plain enums that say what the user wrote and nothing about what it means.
//!
//! A [`Relation`] may carry the `plan_id` a client gave it, so that `df["c"]` can be traced to the exact DataFrame, and
//! every [`Expr`] may carry where it was written, so that errors can point at it. Trees may be thousands of nodes deep:
//! walk them with a growing stack.
//!
//! Not here: names resolved to columns, types, DataFusion. Begin at [`Relation`].

mod aggregate;
mod catalog;
mod command;
mod expression;
mod literal;
mod relation;

use std::sync::Arc;

use emberflow_base::QueryContext;

pub use aggregate::*;
pub use catalog::*;
pub use command::*;
pub use expression::*;
pub use literal::*;
pub use relation::*;

/// Where something was written.
pub type Origin = Option<Arc<QueryContext>>;

/// Options of sources and sinks; keys ignore case, the last of equal keys wins.
pub type Options = Vec<(String, String)>;
