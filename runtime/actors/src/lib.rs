//! The actor runtime: physical plans run as stages of tasks on actix arbiters, with credit, supervision and figures.
//!
//! ```text
//!              ┌────────── driver actor: facts ─► orders ──────────┐
//! plan ─ cut ─►│ operator actors ═ batches ═► partition actors ═══►│ operator actors ═► partition actors ═► Job
//!              └───────────────────────────────────────────────────┘
//! ```
//!
//! Always true:
//! - Data moves only against credit; a reader that stops stops everything behind it, with bounded memory.
//! - What to do next is decided by pure functions (`driver`), carried out by thin actors.
//! - No panic or error of an operator leaves its job; no job's end leaves an actor behind.
//! - No thread of the host runs an operator.
//!
//! Not here: Spark, SQL, protobuf, planning. This crate knows DataFusion's physical plans and actix, nothing above.
//! Begin at [`Runtime::submit`] to run plans, at [`pipeline::Dataflow`] to run operators of your own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

/// Makes plain structs messages without an answer.
macro_rules! messages {
    ($($name:ty),+ $(,)?) => {
        $(impl actix::Message for $name {
            type Result = ();
        })+
    };
}

mod driver;
mod exchange;
mod figures;
mod job;
mod join;
mod keep;
mod memory;
pub mod pipeline;
mod runtime;
#[cfg(test)]
mod sim;
mod stage;
mod task;

pub use driver::{Ending, Fact, Fault, JobState, Order, RetryPolicy, StageFacts, TaskEnd, Verdict, verdict};
pub use exchange::{CreditCore, CreditLimits, Permit};
pub use figures::{ActorFigures, ActorKind, ActorState};
pub use job::{
    Job, JobHandle, JobOptions, NextBatch, OperatorFigure, OperatorMetrics, Progress, ResultOrder, StageProgress, Unit,
};
pub use keep::{KeepOptions, Kept, KeptFigures};
pub use memory::{Budget, MemoryFigures, SpillFolder};
pub use runtime::{Runtime, RuntimeOptions};
pub use stage::{MergePartitionsExec, ShuffleExec};
