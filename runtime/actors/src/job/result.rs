//! A job's result, partition by partition, for asynchronous and for blocking callers.
//!
//! ```text
//! lane 0 ═════► ┐
//! lane 1 ═════► ├─► next(), Stream, next_timeout()
//! lane 2 ═════► ┘
//! ```
//!
//! In plan order the later lanes wait, full, until it is their turn. A caller that stops taking stops the whole job, up
//! to its scans, with no more in memory than the lanes hold.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use futures::{Stream, StreamExt};

use super::handle::JobHandle;
use super::options::ResultOrder;
use super::park::wait_for;
use super::shared::JobShared;
use crate::exchange::LaneReader;

/// A submitted job and its rows. Dropping it cancels what still runs.
pub struct Job {
    schema: SchemaRef,
    order: ResultOrder,
    lanes: VecDeque<LaneReader>,
    handle: JobHandle,
    ended: bool,
}

/// The answer of [`Job::next_timeout`].
#[derive(Debug)]
pub enum NextBatch {
    Batch(RecordBatch),
    /// Nothing yet; ask again.
    Pending,
    /// There is no more.
    Done,
}

impl Job {
    pub(crate) fn new(schema: SchemaRef, order: ResultOrder, lanes: VecDeque<LaneReader>, handle: JobHandle) -> Self {
        Self { schema, order, lanes, handle, ended: false }
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The job's number in its runtime.
    pub fn id(&self) -> u64 {
        self.handle.id()
    }

    /// Stops the job; the next batch is an `OPERATION_CANCELED` error.
    pub fn cancel(&self) {
        self.handle.cancel();
    }

    /// The remote control, to be used from anywhere.
    pub fn handle(&self) -> JobHandle {
        self.handle.clone()
    }

    /// The next batch; `None` after the last one or after an error.
    #[allow(clippy::should_implement_trait)]
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        StreamExt::next(self).await
    }

    /// Waits at most `patience` on this thread, which needs no runtime; for hosts that look for interrupts in between.
    pub fn next_timeout(&mut self, patience: Duration) -> Result<NextBatch> {
        match wait_for(patience, |cx| self.poll_batch(cx)) {
            None => Ok(NextBatch::Pending),
            Some(None) => Ok(NextBatch::Done),
            Some(Some(batch)) => batch.map(NextBatch::Batch),
        }
    }

    /// Everything that is left, waiting on this thread.
    pub fn collect_blocking(&mut self) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        loop {
            match self.next_timeout(Duration::from_secs(3600))? {
                NextBatch::Batch(batch) => batches.push(batch),
                NextBatch::Pending => {}
                NextBatch::Done => return Ok(batches),
            }
        }
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.shared().watch(cx.waker());
        if self.shared().is_broken() {
            return self.fail();
        }
        match self.poll_lanes(cx) {
            // A lane ends early only because its job did: the job knows why.
            Poll::Ready(Some(Err(_))) if self.shared().is_broken() => self.fail(),
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(why))) => {
                self.ended = true;
                self.handle.cancel();
                Poll::Ready(Some(Err(why)))
            }
            other => other,
        }
    }

    fn poll_lanes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        let mut asked = 0;
        while asked < self.lanes.len() {
            match self.lanes[asked].poll_next(cx) {
                Poll::Ready(None) => {
                    self.lanes.remove(asked);
                }
                Poll::Ready(some) => return Poll::Ready(some),
                Poll::Pending if self.order == ResultOrder::Partitions => return Poll::Pending,
                Poll::Pending => asked += 1,
            }
        }
        if self.lanes.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }

    fn fail(&mut self) -> Poll<Option<Result<RecordBatch>>> {
        self.ended = true;
        self.lanes.clear();
        Poll::Ready(self.shared().take_error().map(Err))
    }

    fn shared(&self) -> &Arc<JobShared> {
        &self.handle.shared
    }
}

impl Stream for Job {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_batch(cx)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.ended {
            self.handle.cancel();
        }
    }
}
