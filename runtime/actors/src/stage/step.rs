//! What plan nodes of ours with one input have in common: the input's partitions, a stream made from its stream.
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
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties, SendableRecordBatchStream,
};

/// What one step does to a partition's batches.
pub(crate) trait Step: fmt::Debug + Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// The stream of `partition`, made from its input's.
    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream>;

    fn metrics(&self) -> Option<MetricsSet> {
        None
    }
}

/// Where a step runs.
pub(crate) struct At<'a> {
    pub partition: usize,
    pub context: &'a Arc<TaskContext>,
    /// Of what the step gives.
    pub schema: SchemaRef,
}

/// The plan node of a step.
#[derive(Debug)]
pub(crate) struct StepExec<S> {
    input: Arc<dyn ExecutionPlan>,
    step: Arc<S>,
    gives: Gives,
    properties: Arc<PlanProperties>,
}

/// What comes out of a step.
#[derive(Debug, Clone)]
enum Gives {
    /// The input's rows, in the input's order: whoever plans or prints need not see the node.
    Same,
    /// The same, of which more is known than the input says.
    SameAs(Arc<PlanProperties>),
    Other(SchemaRef),
}

impl<S: Step> StepExec<S> {
    /// A step that gives other rows.
    pub fn new(input: Arc<dyn ExecutionPlan>, step: S, schema: SchemaRef) -> Self {
        Self::sharing(input, Arc::new(step), Gives::Other(schema))
    }

    /// A step that passes rows on as they are.
    pub fn passing(input: Arc<dyn ExecutionPlan>, step: S) -> Self {
        Self::sharing(input, Arc::new(step), Gives::Same)
    }

    /// The same, where the input no longer says all that is true of its rows.
    pub fn passing_as(input: Arc<dyn ExecutionPlan>, step: S, properties: Arc<PlanProperties>) -> Self {
        Self::sharing(input, Arc::new(step), Gives::SameAs(properties))
    }

    fn sharing(input: Arc<dyn ExecutionPlan>, step: Arc<S>, gives: Gives) -> Self {
        let properties = match &gives {
            Gives::Same => input.properties().clone(),
            Gives::SameAs(properties) => properties.clone(),
            Gives::Other(schema) => {
                let partitioning = Partitioning::UnknownPartitioning(input.output_partitioning().partition_count());
                let (equal, emission) = (EquivalenceProperties::new(schema.clone()), EmissionType::Incremental);
                Arc::new(PlanProperties::new(equal, partitioning, emission, input.boundedness()))
            }
        };
        Self { input, step, gives, properties }
    }
}

impl<S: Step> DisplayAs for StepExec<S> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.gives {
            Gives::Same | Gives::SameAs(_) => f.write_str(self.step.name()),
            Gives::Other(_) => write!(f, "{}: {:?}", self.step.name(), self.step),
        }
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
        match self.gives {
            Gives::Same | Gives::SameAs(_) => CardinalityEffect::Equal,
            Gives::Other(_) => CardinalityEffect::Unknown,
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::sharing(input, self.step.clone(), self.gives.clone()))),
            _ => internal_err!("{} has one input", self.name()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        self.step.run(input, At { partition, context: &context, schema: self.properties.eq_properties.schema().clone() })
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.step.metrics()
    }
}
