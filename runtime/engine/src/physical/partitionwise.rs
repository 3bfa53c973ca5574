//! Operators that turn each partition's batches into batches, knowing which partition it is.
//!
//! ```text
//! input 0 ─► Run (opened for 0) ─► output 0        a Run lives as long as its partition is read
//! input 1 ─► Run (opened for 1) ─► output 1
//! ```
//!
//! [`PartitionwiseExec`] is the node; what it does is a [`Partitionwise`]. Rows keep their order.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, SendableRecordBatchStream,
};
use emberflow_analyzer::JoinStrategy;
use emberflow_functions::partitioned::{PartitionValue, Sampler, Sampling};
use futures::{StreamExt, stream};

/// What happens to the batches of each partition.
pub(super) trait Partitionwise: Any + fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Columns it adds, last.
    fn added(&self) -> Vec<Field> {
        Vec::new()
    }

    /// It wants all rows in one partition, in this order.
    fn wants_order(&self) -> Option<OrderingRequirements> {
        None
    }

    /// Whether whoever is above may rely on the order below. Rows keep it anyway.
    fn tells_order(&self) -> bool {
        true
    }

    /// Rows out per row in.
    fn cardinality(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    /// Begins a partition of batches of `input`.
    fn open(&self, partition: usize, output: &SchemaRef) -> Result<Box<dyn Run>>;
}

/// One partition under way. It is dropped after the last batch, or when nobody wants more.
pub(super) trait Run: Send {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch>;
}

/// See the module.
#[derive(Debug)]
pub(super) struct PartitionwiseExec {
    pub operator: Arc<dyn Partitionwise>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PartitionwiseExec {
    pub fn plan(input: Arc<dyn ExecutionPlan>, operator: impl Partitionwise) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::new(operator)))
    }

    fn new(input: Arc<dyn ExecutionPlan>, operator: Arc<dyn Partitionwise>) -> Self {
        let added = operator.added();
        let properties = if added.is_empty() && operator.tells_order() {
            Arc::clone(input.properties())
        } else {
            let below = input.schema();
            let fields: Vec<_> = below.fields().iter().cloned().chain(added.into_iter().map(Arc::new)).collect();
            let schema = Arc::new(Schema::new_with_metadata(fields, below.metadata().clone()));
            let orders: Vec<_> = match operator.tells_order() {
                true => input.equivalence_properties().oeq_class().iter().cloned().collect(),
                false => Vec::new(),
            };
            Arc::new(PlanProperties::new(
                EquivalenceProperties::new_with_orderings(schema, orders),
                input.output_partitioning().clone(),
                input.pipeline_behavior(),
                input.boundedness(),
            ))
        };
        Self { operator, input, properties, metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for PartitionwiseExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operator.name())?;
        self.operator.describe(f)
    }
}

impl ExecutionPlan for PartitionwiseExec {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        match self.operator.wants_order() {
            Some(_) => vec![Distribution::SinglePartition],
            None => vec![Distribution::UnspecifiedDistribution],
        }
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.operator.wants_order()]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![self.operator.tells_order()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        self.operator.cardinality()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::new(input, Arc::clone(&self.operator)))),
            _ => internal_err!("{} has one input", self.name()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let run = self.operator.open(partition, &self.schema())?;
        let rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let input = self.input.execute(partition, context)?;
        let batches = stream::try_unfold((input, run, rows), |(mut input, mut run, rows)| async move {
            let Some(batch) = input.next().await else { return Ok(None) };
            let batch = run.batch(batch?)?;
            rows.add(batch.num_rows());
            Ok(Some((batch, (input, run, rows))))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Adds columns whose values depend on the partition.
#[derive(Debug)]
pub(super) struct Values {
    columns: Vec<(String, PartitionValue)>,
}

impl Values {
    pub fn new(columns: Vec<(String, PartitionValue)>) -> Self {
        Self { columns }
    }
}

impl Partitionwise for Values {
    fn name(&self) -> &'static str {
        "PartitionValuesExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "{}", names.join(", "))
    }

    fn added(&self) -> Vec<Field> {
        self.columns.iter().map(|(name, value)| Field::new(name, value.arrow_type(), false)).collect()
    }

    fn open(&self, partition: usize, output: &SchemaRef) -> Result<Box<dyn Run>> {
        let values = self.columns.iter().map(|(_, value)| value.open(partition)).collect();
        Ok(Box::new(Adding { values, schema: Arc::clone(output) }))
    }
}

struct Adding {
    values: Vec<emberflow_functions::partitioned::Values>,
    schema: SchemaRef,
}

impl Run for Adding {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut columns = batch.columns().to_vec();
        columns.extend(self.values.iter_mut().map(|next| next(rows)));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// Passes batches on.
#[derive(Debug)]
pub(super) struct Fence;

impl Partitionwise for Fence {
    fn name(&self) -> &'static str {
        "FenceExec"
    }

    fn describe(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn open(&self, _: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        Ok(Box::new(Passing))
    }
}

/// How the join above is to be done; `hints` takes it out of the plan.
#[derive(Debug)]
pub(super) struct Hint(pub JoinStrategy);

impl Partitionwise for Hint {
    fn name(&self) -> &'static str {
        "JoinHintExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn open(&self, _: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        Ok(Box::new(Passing))
    }
}

struct Passing;

impl Run for Passing {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        Ok(batch)
    }
}

/// Keeps the rows of a sample.
#[derive(Debug)]
pub(super) struct Sample(pub Sampling);

impl Partitionwise for Sample {
    fn name(&self) -> &'static str {
        "SampleExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sampling { lower, upper, with_replacement, seed } = self.0;
        write!(f, "lower={lower}, upper={upper}, with_replacement={with_replacement}, seed={seed}")
    }

    fn cardinality(&self) -> CardinalityEffect {
        if self.0.with_replacement { CardinalityEffect::Unknown } else { CardinalityEffect::LowerEqual }
    }

    fn open(&self, partition: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        Ok(Box::new(Sampled(self.0.open(partition))))
    }
}

struct Sampled(Sampler);

impl Run for Sampled {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let kept = self.0.positions(batch.num_rows());
        if batch.num_columns() == 0 {
            let options = RecordBatchOptions::new().with_row_count(Some(kept.len()));
            return Ok(RecordBatch::try_new_with_options(batch.schema(), Vec::new(), &options)?);
        }
        Ok(take_record_batch(&batch, &UInt32Array::from(kept))?)
    }
}
