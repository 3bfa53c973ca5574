//! A job's part of the budget as DataFusion's operators see it: a memory pool.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;

use super::budget::{Asker, Budget};

/// See the module.
#[derive(Debug)]
pub(crate) struct JobMemory {
    job: u64,
    budget: Arc<Budget>,
}

impl JobMemory {
    pub fn new(job: u64, budget: Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { job, budget })
    }

    /// `context` whose operators draw on this memory.
    pub fn lend_to(self: Arc<Self>, context: &TaskContext) -> TaskContext {
        let mut environment = RuntimeEnv::clone(&context.runtime_env());
        environment.memory_pool = self.clone();
        TaskContext::new(
            context.task_id(),
            context.session_id(),
            self.tuned(context.session_config()),
            context.scalar_functions().clone(),
            context.higher_order_functions().clone(),
            context.aggregate_functions().clone(),
            context.window_functions().clone(),
            Arc::new(environment),
        )
    }

    /// Sorts hold memory back to merge what they have spilled; with little, only little of it.
    fn tuned(&self, config: &SessionConfig) -> SessionConfig {
        let merging = config.options().execution.sort_spill_reservation_bytes;
        config.clone().with_sort_spill_reservation_bytes(merging.min(self.budget.limit() / 64))
    }

    /// Room for a batch in an exchange; `must`: it is granted in any case.
    pub fn buffer(&self, bytes: usize, must: bool) -> bool {
        self.budget.buffer(self.job, bytes, must)
    }

    pub fn unbuffer(&self, bytes: usize) {
        self.budget.unbuffer(self.job, bytes);
    }

    fn asker(&self, consumer: &MemoryConsumer) -> Asker {
        Asker { job: self.job, consumer: consumer.id(), can_spill: can_spill(consumer) }
    }

    fn refusal(&self, reservation: &MemoryReservation, more: usize, left: usize) -> DataFusionError {
        let (share, limit) = (self.budget.share(), self.budget.limit());
        DataFusionError::ResourcesExhausted(format!(
            "`{}` holds {} and cannot have {} more: {} are left of the {} this query may use now; \
             raise emberflow.memory.limit ({}), or give the query less to hold at once \
             (requested {more}, received {left} bytes)",
            reservation.consumer().name(),
            human_readable_size(reservation.size()),
            human_readable_size(more),
            human_readable_size(left),
            human_readable_size(share),
            human_readable_size(limit),
        ))
    }
}

impl Drop for JobMemory {
    fn drop(&mut self) {
        self.budget.forget(self.job);
    }
}

/// DataFusion's hash join does not spill, but runs inside of a join of ours that does (`join`).
fn can_spill(consumer: &MemoryConsumer) -> bool {
    consumer.can_spill() || consumer.name().starts_with("HashJoinInput")
}

impl MemoryPool for JobMemory {
    fn name(&self) -> &str {
        "emberflow"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.budget.grow(self.asker(reservation.consumer()), additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.budget.shrink(self.asker(reservation.consumer()), shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let asker = self.asker(reservation.consumer());
        self.budget.try_grow(asker, additional).map_err(|left| self.refusal(reservation, additional, left))
    }

    fn reserved(&self) -> usize {
        self.budget.figures().used
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.budget.limit())
    }
}

impl fmt::Display for JobMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory of job {}", self.job)
    }
}
