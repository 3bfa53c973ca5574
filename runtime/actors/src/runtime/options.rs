//! What a runtime is started with.

use std::fmt;
use std::sync::Arc;

use emberflow_base::World;
use emberflow_base::world::Machine;

/// Options of [`crate::Runtime::start`].
#[derive(Clone)]
pub struct RuntimeOptions {
    /// Arbiters for operator actors; as many tasks compute at once.
    pub cores: usize,
    /// Arbiters for drivers and results.
    pub services: usize,
    /// Threads each operator arbiter may use for blocking calls, such as reading files.
    pub blocking_threads: usize,
    /// Bytes that all jobs and kept partitions together may hold; `None`: whatever they want.
    pub memory_limit: Option<usize>,
    /// Clock and dice.
    pub world: Arc<dyn World>,
}

impl RuntimeOptions {
    /// The usual options for a number of cores.
    pub fn with_cores(cores: usize) -> Self {
        Self { cores: cores.max(1), ..Self::default() }
    }
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores, services: 1, blocking_threads: 16, memory_limit: None, world: Arc::new(Machine) }
    }
}

impl fmt::Debug for RuntimeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeOptions")
            .field("cores", &self.cores)
            .field("services", &self.services)
            .field("memory_limit", &self.memory_limit)
            .finish_non_exhaustive()
    }
}
