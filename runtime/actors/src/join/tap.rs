//! A look at what flows into a join, so that it can be had again if the join does not fit.
//!
//! The build tap remembers the batches that went by (the join holds the same ones) until the probe tap is first asked:
//! then the join has its table, and nothing needs to be had again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::{
    EmptyRecordBatchStream, ExecutionPlan, ExecutionPlanProperties, RecordBatchStream, SendableRecordBatchStream,
};
use futures::{Stream, StreamExt};
use parking_lot::Mutex;

use crate::stage::{At, Step};

/// The inputs of one side, by partition.
#[derive(Debug)]
pub(super) struct Tap {
    slots: Vec<Mutex<Slot>>,
}

#[derive(Default)]
struct Slot {
    input: Option<SendableRecordBatchStream>,
    seen: Vec<RecordBatch>,
    began: bool,
    /// The input ended with an error; there is nothing to be had again.
    failed: bool,
}

/// What is left of an input: batches at hand, then the rest of the stream.
pub(super) struct Rest {
    pub seen: Vec<RecordBatch>,
    pub input: SendableRecordBatchStream,
}

impl Tap {
    pub fn of(side: &Arc<dyn ExecutionPlan>) -> Arc<Self> {
        let partitions = side.output_partitioning().partition_count();
        Arc::new(Self { slots: (0..partitions).map(|_| Mutex::default()).collect() })
    }

    /// The step of the build side.
    pub fn looking_on(self: &Arc<Self>) -> TapStep {
        TapStep { tap: self.clone(), release: None }
    }

    /// The step of the probe side, which releases what `build` remembers.
    pub fn releasing(self: &Arc<Self>, build: &Arc<Self>, join: &HashJoinExec) -> TapStep {
        let shared = *join.partition_mode() == PartitionMode::CollectLeft;
        TapStep { tap: self.clone(), release: Some(Release { build: build.clone(), shared }) }
    }

    /// Somebody has asked for a batch of `partition`.
    pub fn began(&self, partition: usize) -> bool {
        self.slots[partition].lock().began
    }

    /// The input itself went wrong.
    pub fn failed(&self, partition: usize) -> bool {
        self.slots[partition].lock().failed
    }

    /// Takes what is left of `partition`; whoever reads through the tap finds nothing more.
    pub fn take(&self, partition: usize) -> Option<Rest> {
        let mut slot = self.slots[partition].lock();
        let seen = std::mem::take(&mut slot.seen);
        slot.input.take().map(|input| Rest { seen, input })
    }

    fn release(&self, partition: usize) {
        let mut slot = self.slots[partition].lock();
        slot.seen = Vec::new();
    }
}

/// See [`Tap::looking_on`] and [`Tap::releasing`].
#[derive(Debug)]
pub(super) struct TapStep {
    tap: Arc<Tap>,
    release: Option<Release>,
}

#[derive(Debug, Clone)]
struct Release {
    build: Arc<Tap>,
    /// One build side for all partitions.
    shared: bool,
}

impl Step for TapStep {
    fn name(&self) -> &'static str {
        "TapExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let schema = input.schema();
        *self.tap.slots[at.partition].lock() = Slot { input: Some(input), ..Slot::default() };
        let release = self.release.clone().map(|release| {
            let partition = if release.shared { 0 } else { at.partition };
            (release.build, partition)
        });
        let remembers = release.is_none();
        Ok(Box::pin(Tapped { tap: self.tap.clone(), partition: at.partition, release, remembers, schema }))
    }
}

struct Tapped {
    tap: Arc<Tap>,
    partition: usize,
    release: Option<(Arc<Tap>, usize)>,
    remembers: bool,
    schema: SchemaRef,
}

impl Stream for Tapped {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some((build, partition)) = self.release.take() {
            build.release(partition);
        }
        let mut slot = self.tap.slots[self.partition].lock();
        slot.began = true;
        let Some(input) = &mut slot.input else { return Poll::Ready(None) };
        let polled = input.poll_next_unpin(cx);
        match &polled {
            Poll::Ready(Some(Ok(batch))) if self.remembers => {
                let batch = batch.clone();
                slot.seen.push(batch);
            }
            Poll::Ready(Some(Err(_))) => slot.failed = true,
            // What it held is let go; a join whose table is refused only now still finds an input.
            Poll::Ready(None) => slot.input = Some(Box::pin(EmptyRecordBatchStream::new(self.schema.clone()))),
            _ => {}
        }
        polled
    }
}

impl RecordBatchStream for Tapped {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Drop for Tapped {
    /// The batches must not outlive the join that holds them too, unless they are to be had again.
    fn drop(&mut self) {
        let unread = self.release.is_some();
        if !self.remembers && !unread {
            self.tap.slots[self.partition].lock().input = None;
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("seen", &self.seen.len()).field("began", &self.began).finish_non_exhaustive()
    }
}
