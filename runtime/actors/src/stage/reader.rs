//! The leaf of a stage that reads another stage's output.
//!
//! It shows that other stage as its child, so that whoever prints or measures the plan sees it whole; nothing executes
//! the child through it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_datafusion_err, internal_err};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, RecordBatchStream, SendableRecordBatchStream,
};
use futures::Stream;

use crate::exchange::{Exchange, LaneReader, Shape};
use crate::task::TaskScope;

/// See the module.
#[derive(Debug)]
pub(crate) struct ExchangeReaderExec {
    name: &'static str,
    exchange: Arc<Exchange>,
    source: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    fetch: Option<usize>,
}

impl ExchangeReaderExec {
    /// `name` and `properties` are those of the node it stands for; `fetch` is how many rows it gives at most.
    pub fn new(
        name: &'static str,
        exchange: Arc<Exchange>,
        source: Arc<dyn ExecutionPlan>,
        properties: Arc<PlanProperties>,
        fetch: Option<usize>,
    ) -> Self {
        Self { name, exchange, source, properties, fetch }
    }

    fn stream(&self, lanes: Vec<usize>, scope: &Arc<TaskScope>, metrics: BaselineMetrics) -> SendableRecordBatchStream {
        let lane = |lane| LaneReader::new(self.exchange.clone(), scope.job.clone(), lane);
        let lanes = lanes.into_iter().map(lane).collect();
        let left = self.fetch.unwrap_or(usize::MAX);
        Box::pin(LaneStream { schema: self.schema(), lanes, left, scope: scope.clone(), metrics })
    }

    fn merged(
        &self,
        lanes: Vec<usize>,
        order: &LexOrdering,
        partition: usize,
        scope: &Arc<TaskScope>,
        context: &TaskContext,
    ) -> Result<SendableRecordBatchStream> {
        // Only the merge reports rows, or each would be counted twice.
        let unseen = || BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
        let streams = lanes.into_iter().map(|lane| self.stream(vec![lane], scope, unseen())).collect();
        let reservation = MemoryConsumer::new(format!("exchange {} merge {partition}", self.exchange.id));
        StreamingMergeBuilder::new()
            .with_streams(streams)
            .with_schema(self.schema())
            .with_expressions(order)
            .with_metrics(BaselineMetrics::new(&self.exchange.metrics, partition))
            .with_batch_size(context.session_config().batch_size())
            .with_reservation(reservation.register(context.memory_pool()))
            .build()
    }
}

impl DisplayAs for ExchangeReaderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: exchange={}, ", self.name, self.exchange.id)?;
        match &self.exchange.shape {
            Shape::Gather => write!(f, "gather"),
            Shape::GatherInOrder => write!(f, "gather in order"),
            Shape::Keep => write!(f, "keep partitions"),
            Shape::Spread(to) => write!(f, "partitioning={to}"),
            Shape::SpreadSorted(to, by) => write!(f, "partitioning={to}, sort_exprs={by}"),
        }?;
        write!(f, ", input_partitions={}", self.exchange.producers)?;
        self.fetch.map_or(Ok(()), |fetch| write!(f, ", fetch={fetch}"))
    }
}

impl ExecutionPlan for ExchangeReaderExec {
    fn name(&self) -> &str {
        self.name
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.source]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(source) if children.is_empty() => {
                let Self { name, fetch, .. } = *self;
                Ok(Arc::new(Self::new(name, self.exchange.clone(), source, self.properties.clone(), fetch)))
            }
            _ => internal_err!("an exchange has one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let scope = TaskScope::of(&context).ok_or_else(|| internal_datafusion_err!("an exchange is read only by a task"))?;
        if self.exchange.eager
            && let Some(wiring) = self.exchange.wiring.get()
        {
            wiring.want(self.exchange.id);
        }
        let lanes = self.exchange.shape.lanes_of_reader(partition, self.exchange.producers);
        match &self.exchange.shape {
            Shape::SpreadSorted(_, order) => self.merged(lanes, order, partition, &scope, &context),
            _ => Ok(self.stream(lanes, &scope, BaselineMetrics::new(&self.exchange.metrics, partition))),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.metrics.clone_inner())
    }
}

/// Some lanes, one after the other.
struct LaneStream {
    schema: SchemaRef,
    lanes: VecDeque<LaneReader>,
    /// Rows that may still be given.
    left: usize,
    scope: Arc<TaskScope>,
    metrics: BaselineMetrics,
}

impl LaneStream {
    fn poll_lanes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if self.left == 0 {
            self.lanes.clear();
        }
        while let Some(lane) = self.lanes.front_mut() {
            match lane.poll_next(cx) {
                Poll::Ready(None) => self.lanes.pop_front(),
                Poll::Ready(Some(Ok(batch))) => return Poll::Ready(Some(Ok(self.at_most_what_is_left(batch)))),
                other => return other,
            };
        }
        Poll::Ready(None)
    }

    fn at_most_what_is_left(&mut self, batch: RecordBatch) -> RecordBatch {
        let batch = if batch.num_rows() > self.left { batch.slice(0, self.left) } else { batch };
        self.left -= batch.num_rows();
        batch
    }
}

impl Stream for LaneStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.scope.job.is_over() {
            return Poll::Ready(Some(Err(self.scope.job.why_over())));
        }
        let polled = self.poll_lanes(cx);
        self.metrics.record_poll(polled)
    }
}

impl RecordBatchStream for LaneStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
