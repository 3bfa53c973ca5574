//! The JVM door: Spark Connect calls from Java, without a socket.
//!
//!     io.emberflow.connect.Native ──► natives ──► desk ──► call ──► emberflow_connect::rpc::Rpc
//!     (its one waiting thread)    ◄── awaitWakes ◄── wakes ◄── whoever answers
//!
//! Promises: Java names things by number, never by address, so a handle that is too old is refused by name and closing
//! twice does nothing; no panic and no error crosses into Java except as an exception made in `border`; nothing here
//! blocks but `awaitWakes`, and nothing here starts a thread.
//!
//! Not here: what a call means (`emberflow-connect`, `emberflow`), gRPC's rules for listeners, executors and deadlines
//! (`jvm/emberflow-connect`). Begin at `desk`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod border;
mod call;
mod desk;
mod engine;
mod natives;
mod opens;
mod wakes;
