//! The plan node whose tasks write: each partition of its input through a writer of its own.
//!
//! ```text
//! rows ─► changes of items (emberflow_nosql::rows) ─► Writer ─► owners of the slices
//!                                                      └─► one row: how many rows had an effect
//! ```
//!
//! A task that was lost may run again: increments are then told apart by job, task and row. Not here: checks, schemas and
//! the commit (`write`).

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use emberflow_functions::errors::to_datafusion;
use emberflow_nosql::rows::WritePlan;
use emberflow_nosql::{Error, ErrorName, Overwrite, Table, Writer, Written};
use futures::StreamExt;
use parking_lot::Mutex;

/// Where the rows go, and as what.
pub(super) struct Target {
    pub table: Table,
    pub plan: WritePlan,
    /// Taken out when it is over.
    pub overwrite: Mutex<Option<Overwrite>>,
    pub overwrites: bool,
    /// Names the job where rows must not be applied twice.
    pub job: Option<String>,
}

impl Target {
    fn writer(&self, task: usize) -> emberflow_nosql::Result<Writer> {
        match (&*self.overwrite.lock(), &self.job) {
            (Some(overwrite), _) => overwrite.writer(),
            (None, _) if self.overwrites => {
                Err(Error::new(ErrorName::InvalidArgument, "the overwrite is over").table(self.table.path()))
            }
            (None, Some(job)) => self.table.writer_of_task(job, task as u32),
            (None, None) => self.table.writer(),
        }
    }

    async fn write(&self, mut rows: SendableRecordBatchStream, task: usize) -> Result<Written> {
        let failed = |why: Error| to_datafusion(why.table(self.table.path()).into());
        let mut writer = self.writer(task).map_err(failed)?;
        while let Some(batch) = rows.next().await {
            let mut changes = self.plan.rows(&batch?).map_err(failed)?;
            for row in 0..changes.len() {
                if let Some(change) = changes.change(row).map_err(failed)? {
                    writer.write(change).await.map_err(failed)?;
                }
            }
        }
        writer.finish().await.map_err(failed)
    }
}

/// See the module.
pub(super) struct NosqlWriteExec {
    input: Arc<dyn ExecutionPlan>,
    target: Arc<Target>,
    properties: Arc<PlanProperties>,
}

impl NosqlWriteExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, target: Arc<Target>) -> Self {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("rows", DataType::Int64, false)]));
        let partitions = Partitioning::UnknownPartitioning(input.output_partitioning().partition_count());
        let properties =
            PlanProperties::new(EquivalenceProperties::new(schema), partitions, EmissionType::Final, Boundedness::Bounded);
        Self { input, target, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for NosqlWriteExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}

impl DisplayAs for NosqlWriteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NosqlWriteExec: {}", self.target.table.path())
    }
}

impl ExecutionPlan for NosqlWriteExec {
    fn name(&self) -> &'static str {
        "NosqlWriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, Arc::clone(&self.target)))),
            _ => internal_err!("a write has one input"),
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let (target, schema) = (Arc::clone(&self.target), self.schema());
        let work = async move {
            let written = target.write(rows, partition).await?;
            let effective = (written.rows() - written.unchanged) as i64;
            let column = Arc::new(Int64Array::from(vec![effective])) as ArrayRef;
            Ok(RecordBatch::try_new(schema, vec![column])?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), futures::stream::once(work))))
    }
}
