//! What the `emberflow` program offers besides the engine: the gRPC listener and small tools.
//!
//! Not here: plans and results (`emberflow`), the wire protocol (`emberflow-connect`).
//! Begin at the module whose command you are after.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod tpch;
