//! What a caller may choose for one job.

use crate::driver::RetryPolicy;
use crate::exchange::CreditLimits;

/// Options of [`crate::Runtime::submit`].
#[derive(Debug, Clone, Default)]
pub struct JobOptions {
    /// Shown in figures and errors.
    pub name: String,
    pub order: ResultOrder,
    /// Gathers read their producers one after the other, so that what depends on the order of rows comes out the same from
    /// run to run; otherwise as rows arrive.
    pub gathers_in_order: bool,
    /// Bounds of every lane between two stages.
    pub credit: CreditLimits,
    /// Bounds of every lane to the caller.
    pub result_credit: CreditLimits,
    pub retry: RetryPolicy,
}

impl JobOptions {
    /// The usual options under a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// In which order a job's partitions come out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResultOrder {
    /// All of partition 0, then all of partition 1, and so on: the order of the plan.
    #[default]
    Partitions,
    /// Whatever is ready first; for callers to whom the order of rows means nothing.
    AsReady,
}
