//! A node that does nothing but look up: has the job ended, has this task had its arbiter for long enough?
//!
//! ```text
//! poll ─► job over? error │ slice over? yield │ else the input's answer, counted
//! ```
//!
//! It stands above sources, where it also counts what was read, and above joins and other operators that may give very
//! many rows for one, so that a cross join stops within a batch. Costs two loads and a look at the clock per batch.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, RecordBatchStream, SendableRecordBatchStream,
};
use futures::{Stream, StreamExt};

use crate::exchange::batch_bytes;
use crate::job::Leaf;
use crate::task::TaskScope;

/// See the module.
#[derive(Debug)]
pub(crate) struct GuardExec {
    input: Arc<dyn ExecutionPlan>,
    leaf: Option<Arc<Leaf>>,
}

impl GuardExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, leaf: Option<Arc<Leaf>>) -> Self {
        Self { input, leaf }
    }
}

impl DisplayAs for GuardExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuardExec")
    }
}

impl ExecutionPlan for GuardExec {
    fn name(&self) -> &str {
        "GuardExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self { input, leaf: self.leaf.clone() })),
            _ => internal_err!("a guard has one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let scope = TaskScope::of(&context);
        let input = self.input.execute(partition, context)?;
        match scope {
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
