//! Joins are done as hints say: the hinted side is the one that is kept whole (broadcast) or by parts (shuffle hash), or
//! both sides are sorted and merged, or every row meets every row.
//!
//! ```text
//! JoinSelection (by sizes) ─► [JoinHints] ─► distribution, sorting, everything else
//! ```
//!
//! A hint below several joins tells the nearest. One that a join cannot follow is passed over, as Spark does: a join without
//! equal keys knows neither merging nor hashing, one that keeps unmatched rows no loop.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinSide, JoinType, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, PartitionMode, SortMergeJoinExec};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use emberflow_analyzer::JoinStrategy;

use super::partitionwise::{Hint, PartitionwiseExec};

#[derive(Debug)]
pub(super) struct JoinHints;

impl PhysicalOptimizerRule for JoinHints {
    fn name(&self) -> &str {
        "join_hints"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if !plan.exists(|node| Ok(hint(node).is_some()))? {
            return Ok(plan);
        }
        let steered = plan.transform_up(|node| match node.downcast_ref::<HashJoinExec>() {
            Some(join) => Ok(steered(join)?.map_or_else(|| Transformed::no(node), Transformed::yes)),
            None => Ok(Transformed::no(node)),
        })?;
        let plain = steered.data.transform_up(|node| match (hint(&node), node.children().first()) {
            (Some(_), Some(input)) => Ok(Transformed::yes(Arc::clone(input))),
            _ => Ok(Transformed::no(node)),
        })?;
        Ok(plain.data)
    }
}

fn hint(plan: &Arc<dyn ExecutionPlan>) -> Option<JoinStrategy> {
    let operator: &dyn std::any::Any = &*plan.downcast_ref::<PartitionwiseExec>()?.operator;
    operator.downcast_ref::<Hint>().map(|hint| hint.0)
}

/// The hint on a side of a join, under what only chooses its rows and columns.
fn hint_of(side: &Arc<dyn ExecutionPlan>) -> Option<JoinStrategy> {
    hint(side).or_else(|| {
        let passes = side.is::<ProjectionExec>() || side.is::<FilterExec>();
        side.children().first().filter(|_| passes).and_then(|input| hint_of(input))
    })
}

/// What Spark prefers if the sides are told differently.
fn rank(strategy: JoinStrategy) -> u8 {
    match strategy {
        JoinStrategy::Broadcast => 0,
        JoinStrategy::Merge => 1,
        JoinStrategy::ShuffleHash => 2,
        JoinStrategy::NestedLoop => 3,
    }
}

fn steered(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let sides = [(hint_of(join.left()), false), (hint_of(join.right()), true)];
    let told = sides.into_iter().filter_map(|(strategy, right)| Some((strategy?, right)));
    let Some((strategy, right)) = told.min_by_key(|(strategy, _)| rank(*strategy)) else { return Ok(None) };
    // `NOT IN` has to see all of one side.
    if join.null_aware {
        return Ok(None);
    }
    match strategy {
        JoinStrategy::Broadcast => built(join, right, PartitionMode::CollectLeft).map(Some),
        JoinStrategy::ShuffleHash => built(join, right, PartitionMode::Partitioned).map(Some),
        JoinStrategy::Merge => merged(join),
        JoinStrategy::NestedLoop => looped(join),
    }
}

/// The hash table is made of one side.
fn built(join: &HashJoinExec, right: bool, mode: PartitionMode) -> Result<Arc<dyn ExecutionPlan>> {
    if right { join.swap_inputs(mode) } else { Ok(Arc::new(join.builder().with_partition_mode(mode).build()?)) }
}

fn merged(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if matches!(join.join_type(), JoinType::LeftMark | JoinType::RightMark) {
        return Ok(None);
    }
    let orders = vec![SortOptions::default(); join.on().len()];
    let merging = SortMergeJoinExec::try_new(
        Arc::clone(join.left()),
        Arc::clone(join.right()),
        join.on().to_vec(),
        join.filter().cloned(),
        *join.join_type(),
        orders,
        join.null_equality(),
    )?;
    let merging: Arc<dyn ExecutionPlan> = Arc::new(merging);
    let Some(projection) = join.projection.as_deref() else { return Ok(Some(merging)) };
    let schema = merging.schema();
    let columns = projection.iter().map(|at| {
        let name = schema.field(*at).name();
        ProjectionExpr::new(Arc::new(Column::new(name, *at)), name.clone())
    });
    Ok(Some(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), merging)?)))
}

fn looped(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if *join.join_type() != JoinType::Inner {
        return Ok(None);
    }
    let (left, right) = (join.left().schema(), join.right().schema());
    let width = left.fields().len();
    let equals = match join.null_equality() {
        datafusion::common::NullEquality::NullEqualsNothing => Operator::Eq,
        datafusion::common::NullEquality::NullEqualsNull => Operator::IsNotDistinctFrom,
    };
    let mut conditions: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
    for (one, two) in join.on() {
        let two = moved(two, |at| at + width)?;
        conditions.push(Arc::new(BinaryExpr::new(Arc::clone(one), equals, two)));
    }
    if let Some(filter) = join.filter() {
        let places = filter.column_indices();
        let place = |at: usize| match places[at].side {
            JoinSide::Right => places[at].index + width,
            _ => places[at].index,
        };
        conditions.push(moved(filter.expression(), place)?);
    }
    let both = |one, two| Arc::new(BinaryExpr::new(one, Operator::And, two)) as Arc<dyn PhysicalExpr>;
    let filter = conditions.into_iter().reduce(both).map(|condition| {
        let side = |side, columns| (0..columns).map(move |index| ColumnIndex { index, side });
        let places = side(JoinSide::Left, width).chain(side(JoinSide::Right, right.fields().len()));
        let fields: Vec<_> = left.fields().iter().chain(right.fields()).cloned().collect();
        JoinFilter::new(condition, places.collect(), Arc::new(Schema::new(fields)))
    });
    let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
    let projection = join.projection.as_deref().map(<[usize]>::to_vec);
    Ok(Some(Arc::new(NestedLoopJoinExec::try_new(left, right, filter, join.join_type(), projection)?)))
}

/// An expression over the same columns at other places.
fn moved(expression: &Arc<dyn PhysicalExpr>, place: impl Fn(usize) -> usize) -> Result<Arc<dyn PhysicalExpr>> {
    let moved = Arc::clone(expression).transform_up(|node| match node.downcast_ref::<Column>() {
        Some(column) => {
            Ok(Transformed::yes(Arc::new(Column::new(column.name(), place(column.index()))) as Arc<dyn PhysicalExpr>))
        }
        None => Ok(Transformed::no(node)),
    })?;
    Ok(moved.data)
}
