//! Where calls are answered: the engine embedded in this process.

use std::sync::Arc;

use emberflow::Engine;
use emberflow_base::Result;
use emberflow_connect::rpc::Rpc;

/// The process-wide engine, started by the first call and kept for the life of the JVM.
pub fn engine() -> Result<Arc<dyn Rpc>> {
    Ok(Engine::embedded()?.rpc())
}

/// See [`Engine::break_next_job`].
pub fn break_next_job() -> Result<()> {
    Engine::embedded()?.break_next_job();
    Ok(())
}
