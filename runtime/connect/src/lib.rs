//! Spark Connect's protobuf, and nothing but: messages to our plan tree, results and errors back to messages, and the
//! wire state of sessions (operations that can be reattached, released, interrupted). Beside it the key-value service (`kv`).
//!
//!     bytes ─► service ─► decode ─► Statement ─► Backend ─► Rows ─► results ─► operation (log) ─► bytes
//!                 └── session: ids, settings, blocks of local data, errors to be fetched
//!
//! This crate alone knows protobuf; it emits plain trees (`emberflow-plan`) and asks a [`backend::Backend`] to run them.
//! Not here: sockets (`emberflow-server`), what a plan means (`emberflow-analyzer`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod backend;
pub mod decode;
mod deep;
pub mod encode;
mod errors;
pub mod kv;
mod operation;
mod results;
pub mod rpc;
pub mod service;
mod session;

/// Apache's messages, one Rust type each.
pub use spark_connect_proto as proto;
