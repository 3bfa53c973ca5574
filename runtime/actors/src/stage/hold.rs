//! Accounts for what an operator holds without saying so.
//!
//! DataFusion's window operator keeps every row of its input until it has seen the last, and draws on no memory pool. A
//! [`Hold`] below it reserves the rows that go by and frees them when the operator lets its input go: what cannot fit ends
//! in an error instead of taking the process down.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion::physical_plan::{ExecutionPlan, RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};

use super::step::{At, Step, StepExec};
use crate::exchange::batch_bytes;

#[derive(Debug)]
pub(super) struct Hold;

/// `child` of `plan`, held if `plan` is such an operator.
pub(super) fn held(plan: &Arc<dyn ExecutionPlan>, child: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    if plan.is::<WindowAggExec>() { Arc::new(StepExec::passing(child, Hold)) } else { child }
}

impl Step for Hold {
    fn name(&self) -> &'static str {
        "HoldExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(format!("Window[{}]", at.partition)).register(at.context.memory_pool());
        Ok(Box::pin(HoldStream { input, reservation }))
    }
}

struct HoldStream {
    input: SendableRecordBatchStream,
    reservation: MemoryReservation,
}

impl Stream for HoldStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.input.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(batch))) = &polled
            && let Err(why) = self.reservation.try_grow(batch_bytes(batch))
        {
            return Poll::Ready(Some(Err(why)));
        }
        polled
    }
}

impl RecordBatchStream for HoldStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
