//! Operators that say how rows lie in partitions, which the planner keeps where they stand.
//!
//! ```text
//! ShuffleExec          rows ─► the partition that a column of theirs names        (an exchange, made when stages are cut)
//! MergePartitionsExec  partitions 0 1 2 │ 3 4 5 ─► 0 │ 1, each read one after the other: no row moves to another task
//! ```
//!
//! DataFusion's own `RepartitionExec` and `CoalescePartitionsExec` are its planner's: it drops and adds them as it needs.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Fields, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::exchange::Routing;

/// See the module. The column of numbers (Int32, none null) is dropped.
#[derive(Debug)]
pub struct ShuffleExec {
    input: Arc<dyn ExecutionPlan>,
    column: usize,
    properties: Arc<PlanProperties>,
}

impl ShuffleExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, column: usize, partitions: usize) -> Self {
        let below = input.schema();
        let fields: Fields =
            below.fields().iter().enumerate().filter(|(at, _)| *at != column).map(|(_, field)| field.clone()).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, below.metadata().clone()));
        let properties = properties(&input, schema, partitions);
        Self { input, column, properties }
    }

    pub(crate) fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    pub(crate) fn routing(&self) -> Routing {
        Routing::Numbered { column: self.column, lanes: self.properties.partitioning.partition_count() }
    }
}

/// See the module.
#[derive(Debug)]
pub struct MergePartitionsExec {
    input: Arc<dyn ExecutionPlan>,
    /// At most so many remain.
    most: usize,
    properties: Arc<PlanProperties>,
}

impl MergePartitionsExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, most: usize) -> Self {
        let partitions = input.output_partitioning().partition_count().min(most.max(1));
        let properties = properties(&input, input.schema(), partitions);
        Self { input, most, properties }
    }

    /// The input's partitions that make up partition `at`.
    fn merged(&self, at: usize) -> std::ops::Range<usize> {
        let before = self.input.output_partitioning().partition_count();
        let after = self.properties.partitioning.partition_count();
        at * before / after..(at + 1) * before / after
    }
}

fn properties(input: &Arc<dyn ExecutionPlan>, schema: SchemaRef, partitions: usize) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(partitions),
        input.pipeline_behavior(),
        input.boundedness(),
    ))
}

impl DisplayAs for ShuffleExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShuffleExec: partitioning={}", self.routing())
    }
}

impl DisplayAs for MergePartitionsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MergePartitionsExec: at most {}", self.most)
    }
}

impl ExecutionPlan for ShuffleExec {
    fn name(&self) -> &str {
        "ShuffleExec"
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

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => {
                Ok(Arc::new(Self::new(input, self.column, self.properties.partitioning.partition_count())))
            }
            _ => internal_err!("a shuffle has one input"),
        }
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        internal_err!("a shuffle is an exchange between stages; it is not executed by itself")
    }
}

impl ExecutionPlan for MergePartitionsExec {
    fn name(&self) -> &str {
        "MergePartitionsExec"
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

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::new(input, self.most))),
            _ => internal_err!("merged partitions have one input"),
        }
    }

    /// A partition of the input begins when the one before it has ended.
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.clone();
        let parts = stream::iter(self.merged(partition)).map(move |part| input.execute(part, context.clone())).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), parts.boxed())))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::empty::EmptyExec;

    use super::*;

    #[test]
    fn neighbours_are_merged_and_partitions_never_added() {
        let input = Arc::new(EmptyExec::new(Arc::new(Schema::empty())).with_partitions(5));
        let merged = MergePartitionsExec::new(input.clone(), 2);
        assert_eq!((merged.merged(0), merged.merged(1)), (0..2, 2..5));
        assert_eq!(MergePartitionsExec::new(input, 9).properties().output_partitioning().partition_count(), 5);
    }
}
