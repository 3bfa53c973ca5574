//! A leaf that gives rows from elsewhere: files that were spilled, or a stream at hand.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use parking_lot::Mutex;

use crate::memory::{SpillReader, Spilled};

/// See the module. One partition.
pub(super) struct GivenExec {
    rows: Rows,
    properties: Arc<PlanProperties>,
}

enum Rows {
    Files(Vec<Spilled>),
    /// Can be read once.
    Stream(Mutex<Option<SendableRecordBatchStream>>),
}

impl GivenExec {
    /// The rows of files, one after the other.
    pub fn files(files: Vec<Spilled>, schema: SchemaRef) -> Arc<dyn ExecutionPlan> {
        Self::giving(Rows::Files(files), schema)
    }

    pub fn stream(stream: SendableRecordBatchStream) -> Arc<dyn ExecutionPlan> {
        let schema = stream.schema();
        Self::giving(Rows::Stream(Mutex::new(Some(stream))), schema)
    }

    fn giving(rows: Rows, schema: SchemaRef) -> Arc<dyn ExecutionPlan> {
        let (equal, one) = (EquivalenceProperties::new(schema), Partitioning::UnknownPartitioning(1));
        let properties = PlanProperties::new(equal, one, EmissionType::Incremental, Boundedness::Bounded);
        Arc::new(Self { rows, properties: Arc::new(properties) })
    }
}

impl fmt::Debug for GivenExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenExec")
    }
}

impl DisplayAs for GivenExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenExec")
    }
}

impl ExecutionPlan for GivenExec {
    fn name(&self) -> &str {
        "GivenExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        match &self.rows {
            Rows::Files(files) => {
                let readers = files.iter().map(Spilled::read).collect::<Result<Vec<SpillReader>>>()?;
                let batches = futures::stream::iter(readers.into_iter().flatten());
                Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
            }
            Rows::Stream(stream) => match stream.lock().take() {
                Some(stream) => Ok(stream),
                None => internal_err!("a stream was to be read twice"),
            },
        }
    }
}
