//! A job from outside: its result, its progress, its figures, and the way to stop it.
//!
//! ```text
//! Runtime::submit ─► Job ─── next / next_timeout ─► batches
//!                     └─ handle() ─► JobHandle: cancel, progress, metrics, figures (clone it freely)
//! ```
//!
//! Dropping the [`Job`] before its end cancels it. Begin at [`Job`].

mod end;
mod handle;
mod metrics;
mod options;
mod park;
mod progress;
mod result;
mod shared;

pub(crate) use end::{End, canceled_error, external};
pub use handle::JobHandle;
pub use metrics::{OperatorFigure, OperatorMetrics, Unit};
pub use options::{JobOptions, ResultOrder};
pub(crate) use progress::{Leaf, StageFigures};
pub use progress::{Progress, StageProgress};
pub use result::{Job, NextBatch};
pub(crate) use shared::JobShared;
