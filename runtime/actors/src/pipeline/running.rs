//! A pipeline that runs: its rows, its remote control, and at the end the states of its operators.

use std::time::Duration;

use actix::Addr;
use arrow::array::RecordBatch;
use datafusion::common::{Result, internal_datafusion_err};
use tokio::sync::oneshot;

use super::keep::{OperatorState, Snapshot};
use super::state::{Save, StateActor};
use crate::job::{Job, JobHandle, NextBatch};

/// See the module. Dropping it cancels what still runs.
pub struct Running {
    job: Job,
    states: Vec<Vec<Addr<StateActor>>>,
}

impl Running {
    pub(super) fn new(job: Job, states: Vec<Vec<Addr<StateActor>>>) -> Self {
        Self { job, states }
    }

    /// The next batch that reached the end of the pipeline; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        self.job.next().await
    }

    /// Waits at most `patience` for the next batch.
    pub fn next_timeout(&mut self, patience: Duration) -> Result<NextBatch> {
        self.job.next_timeout(patience)
    }

    /// Everything that is left.
    pub fn collect_blocking(&mut self) -> Result<Vec<RecordBatch>> {
        self.job.collect_blocking()
    }

    /// Watches and stops the pipeline.
    pub fn handle(&self) -> JobHandle {
        self.job.handle()
    }

    /// Waits for the end, dropping rows nobody took, and returns the operators' states: of all input, no row missing.
    pub fn finish(mut self) -> Result<Snapshot> {
        while !matches!(self.job.next_timeout(Duration::from_secs(3600))?, NextBatch::Done) {}
        let mut snapshot = Snapshot::default();
        for (operator, states) in self.states.iter().enumerate() {
            for (partition, state) in states.iter().enumerate() {
                snapshot.states.push(OperatorState { operator, partition, bytes: save(state)? });
            }
        }
        Ok(snapshot)
    }
}

fn save(state: &Addr<StateActor>) -> Result<Vec<u8>> {
    let (answer, asked) = oneshot::channel();
    state.do_send(Save { answer });
    futures::executor::block_on(asked).map_err(|_| internal_datafusion_err!("a state actor is gone"))?
}
