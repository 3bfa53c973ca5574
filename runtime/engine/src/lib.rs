//! Emberflow: the Spark API without the cluster, as a library.
//!
//! ```text
//! Engine ──► Session ──► execute(Statement) ──► Rows { schema, batches }
//!    │          └─ settings, temporary views, current database
//!    └─ actors, tables, the wire service (`rpc`)
//! ```
//!
//! An [`Engine`] is the process's share of everything: the actors that compute, the tables, the Spark Connect service
//! the doors speak to. A [`Session`] is one user's view of it.
//!
//! Not here: protobuf (`emberflow-connect`), what plans mean (`emberflow-analyzer`), how they run (`emberflow-actors`).
//! Begin at [`Engine::embedded`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod analysis;
mod backend;
mod cache;
mod catalog;
mod catalog_ops;
mod command;
mod dataframe;
mod engine;
mod environment;
mod execute;
mod explain;
mod fault;
mod memory;
mod nosql;
mod physical;
mod session;
mod show;
mod statements;
mod tables;
mod texts;
mod write;
mod write_files;

pub use dataframe::DataFrame;
pub use emberflow_actors as actors;
pub use emberflow_base::{Error, ErrorKind, Result};
pub use emberflow_connect as connect;
pub use emberflow_connect::backend::{Operation, Outcome, Rows, Watch};
pub use emberflow_nosql as kv;
pub use emberflow_plan as plan;
pub use engine::{CONF_VARIABLE, Engine, EngineOptions};
pub use session::Session;
