//! The key-value service of `proto/emberflow_kv.proto`: its messages, and the trait of whoever answers them.
//!
//!     /emberflow.kv.KeyValue/Execute ─► Request ─► KeyValue::execute ─► Response
//!
//! Unlike Spark Connect's messages these are handed on as they are: a call is a list of operations on items, no plan.
//! What cannot be carried out is an answer (`Response.error`), never a status.
//! Not here: what a call does (`emberflow`'s `nosql/service`), clients (`bindings`, `python`).

use futures::future::BoxFuture;

/// One Rust type per message.
#[allow(clippy::all, rustdoc::all)]
mod messages {
    include!(concat!(env!("OUT_DIR"), "/emberflow.kv.rs"));
}

pub use messages::*;

/// Answers calls about items. Called from any thread; nothing may block the caller.
pub trait KeyValue: Send + Sync + 'static {
    fn execute(&self, request: Request) -> BoxFuture<'static, Response>;
}
