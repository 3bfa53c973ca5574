//! Tasks: one chain of fused operators on one partition, run by one operator actor.
//!
//! ```text
//! plan.execute(partition) ─► drive: poll, split, push against credit ─► exchange
//! ```
//!
//! Begin at [`OperatorActor`].

mod drive;
mod handler;
mod scope;

pub(crate) use handler::{OperatorActor, StopTask, TaskOptions};
pub(crate) use scope::TaskScope;
