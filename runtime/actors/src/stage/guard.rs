//! A node that does nothing but look up: has the job ended, has this task had its arbiter for long enough?
//!
//! ```text
//! poll ─► job over? error │ slice over? yield │ else the input's answer, counted
//! ```
//!
//! It stands above sources, where it also counts what was read, and above joins and other operators that may give very
//! many rows for one, so that a cross join stops within a batch. Costs two loads and a look at the clock per batch.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::physical_plan::{ExecutionPlan, RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};

use super::step::{At, Step, StepExec};
use crate::exchange::batch_bytes;
use crate::job::Leaf;
use crate::task::TaskScope;

/// `input`, guarded; `leaf` counts what comes through.
pub(crate) fn guard(input: Arc<dyn ExecutionPlan>, leaf: Option<Arc<Leaf>>) -> Arc<dyn ExecutionPlan> {
    Arc::new(StepExec::passing(input, Guard { leaf }))
}

#[derive(Debug)]
pub(crate) struct Guard {
    leaf: Option<Arc<Leaf>>,
}

impl Step for Guard {
    fn name(&self) -> &'static str {
        "GuardExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        match TaskScope::of(at.context) {
            Some(scope) => Ok(Box::pin(GuardStream { input, scope, leaf: self.leaf.clone() })),
            None => Ok(input),
        }
    }
}

struct GuardStream {
    input: SendableRecordBatchStream,
    scope: Arc<TaskScope>,
    leaf: Option<Arc<Leaf>>,
}

impl Stream for GuardStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.scope.job.is_over() {
            return Poll::Ready(Some(Err(self.scope.job.why_over())));
        }
        if self.scope.slice_is_over() {
            return self.scope.let_others_run(cx);
        }
        let polled = self.input.poll_next_unpin(cx);
        if let (Some(leaf), Poll::Ready(Some(Ok(batch)))) = (&self.leaf, &polled) {
            leaf.count(batch.num_rows(), batch_bytes(batch));
        }
        polled
    }
}

impl RecordBatchStream for GuardStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
