//! The driver of a job: one actor that hears what happens and has done what follows.
//!
//! ```text
//! fact ─► decide (pure) ─► orders ─► handler starts and stops actors
//! ```
//!
//! Begin at [`JobState::on`]; the actor only obeys.

mod decide;
mod handler;
pub(crate) mod message;
mod place;
mod retry;

pub use decide::{Ending, Fact, JobState, Order, StageFacts, TaskEnd};
pub(crate) use handler::{DriverActor, DriverOptions};
pub(crate) use place::place;
pub use retry::{Fault, RetryPolicy, Verdict, verdict};
