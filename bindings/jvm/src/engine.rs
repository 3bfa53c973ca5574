//! Where calls are answered: the engine embedded in this process.

use std::sync::Arc;

use emberflow_base::{Error, Result};
use emberflow_connect::rpc::Rpc;

/// The process-wide engine, started by the first call.
pub fn engine() -> Result<Arc<dyn Rpc>> {
    Err(Error::unsupported("the engine inside a JVM"))
}
