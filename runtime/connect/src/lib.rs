//! Spark Connect's protobuf, and nothing but: messages to our plan tree, results and errors back to messages, and the
//! wire state of sessions (operations that can be reattached, released, interrupted).
//!
//! This crate alone knows protobuf; it emits plain trees (`emberflow-plan`) and asks a [`backend::Backend`] to run them.
//! Not here: sockets (`emberflow-server`), what a plan means (`emberflow-analyzer`).

pub mod backend;
pub mod rpc;
