//! Emberflow's R door: an R script's calls become Spark Connect plans, and batches become R vectors.
//!
//!     R (r-package) ──.Call──► session ─► transport ─► engine in this process, or a server
//!                              frame, column, verbs_*     plans as protobuf, built step by step
//!                              actions, batches           running them
//!                              to_r, from_r               Arrow ◄─► R vectors
//!                              kv, kv_from_r, kv_to_r     items of the NoSQL store, no plans
//!
//! Always true: R is touched on R's own thread only; a native function returns an outcome and never raises
//! (`failure::outcome`); waiting happens in slices so that Ctrl-C works (`waiting`).
//! Not here: what a plan means (`emberflow-analyzer`), R's generics and printing (`r-package/R`).
//! Begin at `session` for the life of a session, at `verbs_columns` for the shape of a verb.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod actions;
mod batches;
mod client;
mod column;
mod column_text;
mod embedded;
mod failure;
mod frame;
mod frame_names;
mod from_r;
mod from_r_nested;
mod kv;
mod kv_from_r;
mod kv_to_r;
mod literal;
mod namespaces;
mod r_api;
mod remote;
mod remote_url;
mod schema;
mod session;
mod step;
mod to_r;
mod to_r_nested;
mod transport;
mod verbs_columns;
mod verbs_rows;
mod verbs_statistics;
mod waiting;

use extendr_api::prelude::*;

extendr_module! {
    mod emberflow;
    use session;
    use schema;
    use frame;
    use column;
    use from_r;
    use namespaces;
    use actions;
    use batches;
    use verbs_columns;
    use verbs_rows;
    use verbs_statistics;
    use kv;
}
