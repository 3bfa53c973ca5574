//! What the nodes a pipeline adds to a plan have in common: one input, its partitions, a stream made from its stream.
//!
//! A node is described by a [`Step`]; the ceremony DataFusion asks of a plan node is here, once.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, EmissionType};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties, SendableRecordBatchStream,
};

/// What one step does to a partition's batches.
pub(crate) trait Step: fmt::Debug + Send + Sync + 'static {
    fn name(&self) -> &'static str;
    /// The stream of `partition`, made from its input's.
    fn run(&self, input: SendableRecordBatchStream, partition: usize, schema: SchemaRef) -> Result<SendableRecordBatchStream>;
}

/// The plan node of a step.
#[derive(Debug)]
pub(crate) struct StepExec<S> {
    input: Arc<dyn ExecutionPlan>,
    step: Arc<S>,
    properties: Arc<PlanProperties>,
}

impl<S: Step> StepExec<S> {
    pub fn new(input: Arc<dyn ExecutionPlan>, step: S, schema: SchemaRef) -> Self {
        Self::sharing(input, Arc::new(step), schema)
    }

    fn sharing(input: Arc<dyn ExecutionPlan>, step: Arc<S>, schema: SchemaRef) -> Self {
        let partitioning = Partitioning::UnknownPartitioning(input.output_partitioning().partition_count());
        let emission = EmissionType::Incremental;
        let properties = PlanProperties::new(EquivalenceProperties::new(schema), partitioning, emission, input.boundedness());
        Self { input, step, properties: Arc::new(properties) }
    }
}

impl<S: Step> DisplayAs for StepExec<S> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.step.name(), self.step)
    }
}

impl<S: Step> ExecutionPlan for StepExec<S> {
    fn name(&self) -> &str {
        self.step.name()
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

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Unknown
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::sharing(input, self.step.clone(), self.schema()))),
            _ => internal_err!("{} has one input", self.name()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        self.step.run(input, partition, self.schema())
    }
}
