//! From the optimized logical plan to operators: DataFusion's planner, and operators of ours for the nodes of ours.
//!
//! ```text
//! LogicalPlan ─► [guards] filters that can fail come last, behind those that cannot
//!             ─► DefaultPhysicalPlanner ── PartitionNode ─► [Planner::plan_extension] partitionwise, ranges, observe
//!             ─► [hints] joins are done as they were told to be ─► [order] rows stay in the order of their source
//! ```
//!
//! Not here: exchanges and what makes partitions fewer (`emberflow-actors`). Begin at [`Planner`].

mod guards;
mod hints;
mod observe;
mod order;
mod partitionwise;
mod ranges;
mod rounds;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{LexOrdering, create_physical_sort_exprs};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use emberflow_actors::{MergePartitionsExec, ShuffleExec};
use emberflow_analyzer::{Operation, PartitionNode};

use emberflow_sources::local::SeenPartitions;
pub(crate) use observe::{Observed, observations};
use partitionwise::PartitionwiseExec;

/// DataFusion's rules and ours.
pub(crate) fn optimizer_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::default().rules;
    let at =
        |rules: &[Arc<dyn PhysicalOptimizerRule + Send + Sync>], name: &str| rules.iter().position(|rule| rule.name() == name);
    // After joins were chosen by sizes; before plans are checked for the last time.
    let chosen = at(&rules, "join_selection").map_or(0, |at| at + 1);
    rules.insert(chosen, Arc::new(hints::JoinHints));
    let checked = at(&rules, "SanityCheckPlan").unwrap_or(rules.len());
    rules.insert(checked, Arc::new(order::KeepOrder));
    rules
}

/// The engine's planner.
#[derive(Debug)]
pub(crate) struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = guards::guarded(plan.clone())?;
        let plan = match session.config().get_extension::<SeenPartitions>() {
            Some(_) => values::sliced(plan, session.config().target_partitions())?,
            None => plan,
        };
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]).create_physical_plan(&plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for Planner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<PartitionNode>() else { return Ok(None) };
        let ([logical], [input]) = (logical_inputs, physical_inputs) else {
            return internal_err!("an operator on partitions has one input");
        };
        let (schema, input) = (logical.schema(), Arc::clone(input));
        let position = |column: &str| match schema.index_of_column_by_name(None, column) {
            Some(position) => Ok(position),
            None => internal_err!("column {column} is not there"),
        };
        Ok(Some(match &node.operation {
            Operation::Values(columns) => PartitionwiseExec::plan(input, partitionwise::Values::new(columns.clone())),
            Operation::Sample(sampling) => PartitionwiseExec::plan(input, partitionwise::Sample(*sampling)),
            Operation::SortWithin(orders) => match ordering(orders, schema, session, context)? {
                Some(order) => Arc::new(SortExec::new(order, input).with_preserve_partitioning(true)),
                None => input,
            },
            Operation::Coalesce { partitions } => Arc::new(MergePartitionsExec::new(input, *partitions)),
            Operation::Shuffle { column, partitions } => Arc::new(ShuffleExec::new(input, position(column)?, *partitions)),
            Operation::Ranges { column, partitions, orders } => match ordering(orders, schema, session, context)? {
                Some(order) => ranges::plan(input, column, *partitions, order),
                None => return internal_err!("ranges need an order"),
            },
            Operation::Join(strategy) => PartitionwiseExec::plan(input, partitionwise::Hint(*strategy)),
            Operation::Fence => PartitionwiseExec::plan(input, partitionwise::Fence),
            Operation::Round { most } => PartitionwiseExec::plan(input, rounds::Rounds::new(*most)),
            Operation::Observe(observation) => observe::plan(input, observation, schema, session, context)?,
        }))
    }
}

fn ordering(
    orders: &[Sort],
    schema: &DFSchema,
    session: &dyn Session,
    context: &PhysicalPlanningContext,
) -> Result<Option<LexOrdering>> {
    create_physical_sort_exprs(orders, schema, session.execution_props(), context).map(LexOrdering::new)
}
