//! The plan node whose tasks write: each partition of its input into files of its own.
//!
//!     rows ──► (sorted by partition columns and bucket) ──► [`WriteExec`] ──► one row per file: its name in the stage, its rows
//!
//! Sorted, a task has one file open at a time, however many partitions there are; rows keep the order they had within one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, Partitioning, PhysicalSortExpr, create_physical_expr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
};
use emberflow_functions::errors::{from_datafusion, to_datafusion};
use emberflow_functions::hashes::bucket_of;
use emberflow_plan::StructType;
use futures::StreamExt;

use super::task::{BucketJob, Job, Task};

pub(super) const FILE: &str = "file";
pub(super) const ROWS: &str = "rows";
const BUCKET: &str = "__bucket";

/// `rows`, written by `job`.
pub(super) fn plan(rows: Arc<dyn ExecutionPlan>, job: Arc<Job>) -> emberflow_base::Result<Arc<dyn ExecutionPlan>> {
    let rows = match &job.buckets {
        Some(buckets) => with_bucket(rows, &job.columns, buckets)?,
        None => rows,
    };
    let mut order = job.partitions.clone();
    if let Some(buckets) = &job.buckets {
        order.push(job.columns.fields.len());
        order.extend(&buckets.sort_by);
    }
    let rows = if order.is_empty() { rows } else { sorted(rows, &order)? };
    Ok(Arc::new(WriteExec::new(rows, job)))
}

/// The rows with their bucket as the last column.
fn with_bucket(
    rows: Arc<dyn ExecutionPlan>,
    columns: &StructType,
    buckets: &BucketJob,
) -> emberflow_base::Result<Arc<dyn ExecutionPlan>> {
    let schema = rows.schema();
    let own = |(at, field): (usize, &Arc<Field>)| {
        (Arc::new(Column::new(field.name(), at)) as Arc<dyn PhysicalExpr>, field.name().clone())
    };
    let mut expressions: Vec<_> = schema.fields().iter().enumerate().map(own).collect();
    let named = |at: &usize| {
        let column = datafusion::common::Column::new_unqualified(schema.field(*at).name());
        (datafusion::logical_expr::Expr::Column(column), columns.fields[*at].data_type.clone())
    };
    let bucket = bucket_of(buckets.columns.iter().map(named).collect(), buckets.count)?;
    let known = DFSchema::try_from(Arc::clone(&schema)).map_err(from_datafusion)?;
    let bucket = create_physical_expr(&bucket, &known, &ExecutionProps::new(), &PhysicalPlanningContext::default());
    expressions.push((bucket.map_err(from_datafusion)?, BUCKET.to_owned()));
    Ok(Arc::new(ProjectionExec::try_new(expressions, rows).map_err(from_datafusion)?))
}

/// Rows of one folder and bucket together, otherwise in the order they come.
fn sorted(rows: Arc<dyn ExecutionPlan>, columns: &[usize]) -> emberflow_base::Result<Arc<dyn ExecutionPlan>> {
    let schema = rows.schema();
    let options = SortOptions { descending: false, nulls_first: true };
    let column = |at: &usize| PhysicalSortExpr::new(Arc::new(Column::new(schema.field(*at).name(), *at)), options);
    let mut order: Vec<PhysicalSortExpr> = columns.iter().map(column).collect();
    if let Some(own) = rows.output_ordering() {
        order.extend(own.iter().cloned());
    }
    let Some(order) = LexOrdering::new(order) else { return Ok(rows) };
    Ok(Arc::new(SortExec::new(order, rows).with_preserve_partitioning(true)))
}

#[derive(Debug)]
struct WriteExec {
    input: Arc<dyn ExecutionPlan>,
    job: Arc<Job>,
    properties: Arc<PlanProperties>,
    /// Tells the files of a task that is tried again from those it left.
    attempts: AtomicUsize,
}

impl WriteExec {
    fn new(input: Arc<dyn ExecutionPlan>, job: Arc<Job>) -> Self {
        let schema: SchemaRef =
            Arc::new(Schema::new(vec![Field::new(FILE, Arrow::Utf8, false), Field::new(ROWS, Arrow::Int64, false)]));
        let partitions = Partitioning::UnknownPartitioning(input.output_partitioning().partition_count());
        let properties =
            PlanProperties::new(EquivalenceProperties::new(schema), partitions, EmissionType::Final, Boundedness::Bounded);
        Self { input, job, properties: Arc::new(properties), attempts: AtomicUsize::new(0) }
    }
}

impl DisplayAs for WriteExec {
    fn fmt_as(&self, _format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WriteExec: format={}", self.job.format.name())?;
        if self.job.partitions.is_empty() {
            return Ok(());
        }
        let names = self.job.partitions.iter().map(|at| self.job.columns.fields[*at].name.as_str());
        write!(out, ", partition_by=[{}]", names.collect::<Vec<_>>().join(", "))
    }
}

impl ExecutionPlan for WriteExec {
    fn name(&self) -> &'static str {
        "WriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, Arc::clone(&self.job)))),
            _ => internal_err!("a write has one input"),
        }
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut rows = self.input.execute(partition, context)?;
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        let mut task = Task::new(Arc::clone(&self.job), partition, attempt);
        let schema = self.schema();
        let answer = Arc::clone(&schema);
        let work = async move {
            while let Some(batch) = rows.next().await {
                task.write(&batch?).map_err(to_datafusion)?;
            }
            let written = task.finish().map_err(to_datafusion)?;
            let names = StringArray::from_iter_values(written.iter().map(|file| file.name.as_str()));
            let counts = Int64Array::from_iter_values(written.iter().map(|file| file.rows as i64));
            let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(counts)];
            Ok(RecordBatch::try_new(answer, columns)?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::once(work))))
    }
}
