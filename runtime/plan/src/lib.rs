//! What a user asked for, before anyone asked what it means: the unresolved plan tree, Spark's types, and the road from
//! SQL text into the same tree.
//!
//!     protobuf (emberflow-connect) ──┐
//!     SQL text (`sql`) ──────────────┴─► Relation, Expr, Command ──► emberflow-analyzer
//!
//! Not here: DataFusion, protobuf, any resolution of names. Begin at [`tree::Relation`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod collation;
pub mod ddl;
pub mod json;
pub mod sql;
pub mod tree;
pub mod types;

pub use collation::Collation;
pub use tree::{Command, Expr, ExprKind, Relation, RelationKind, Statement};
pub use types::{DataType, StructField, StructType};
