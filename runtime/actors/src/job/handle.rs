//! A job's remote control.

use std::sync::Arc;

use actix::WeakAddr;

use super::end::End;
use super::metrics::OperatorMetrics;
use super::progress::Progress;
use super::shared::JobShared;
use crate::driver::DriverActor;
use crate::driver::message::Cancel;
use crate::figures::ActorFigures;

/// Watches and stops one job; clone it freely. Keeps no rows alive.
#[derive(Clone)]
pub struct JobHandle {
    pub(crate) shared: Arc<JobShared>,
    pub(crate) driver: WeakAddr<DriverActor>,
}

impl JobHandle {
    /// The job's number in its runtime.
    pub fn id(&self) -> u64 {
        self.shared.id
    }

    /// The name it was submitted under.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Stops the job: its reader gets `OPERATION_CANCELED` at once, its actors stop at their next batch. Does nothing to
    /// a job that has ended.
    pub fn cancel(&self) {
        self.shared.end(End::canceled());
        if let Some(driver) = self.driver.upgrade() {
            driver.do_send(Cancel);
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// The metrics of its operators so far; final once it is done.
    pub fn metrics(&self) -> Vec<OperatorMetrics> {
        self.shared.metrics()
    }

    /// Its actors, those that have stopped included.
    pub fn figures(&self) -> Vec<ActorFigures> {
        self.shared.figures()
    }

    /// All is computed, or it failed, or was cancelled.
    pub fn is_done(&self) -> bool {
        self.shared.has_end()
    }

    /// What went wrong, if it has ended badly.
    pub fn error_text(&self) -> Option<String> {
        self.shared.error_text()
    }
}
