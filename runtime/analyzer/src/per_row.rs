//! LIMIT and OFFSET over columns of the query around: so many rows for each row around, which DataFusion knows no join for.
//!
//!     Limit 2                             Project name
//!       Sort salary                         Filter key#7 = outer(d.id)
//!         Filter dept = outer(d.id)    ─►     Filter row_number() over (partition by key#7 order by order#8) <= 2
//!           emp                                 Project *, dept as key#7, salary as order#8
//!                                                 emp
//!
//! What is asked of the row around moves above the limit; the limit then counts the rows of each key. An equality with an
//! expression of the sub-query makes that expression the key. For any other use of a column around, the sub-query is joined
//! with the distinct values it has there, which are then the keys.
//! Not here: what DataFusion makes of the filter (`expression::subquery`, `relation::lateral`). Begin at
//! [`Resolver::limits_per_row`].

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr, ExprFunctionExt, FetchType, Filter, Join, Limit, LogicalPlan, LogicalPlanBuilder,
    Operator, Projection, SkipType, Window, lit,
};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;

use crate::node::{Operation, PartitionNode, sees_partitions};
use crate::resolved::{filter, project};
use crate::resolver::Resolver;

/// A plan that uses nothing of the query around any more.
struct Lifted {
    plan: LogicalPlan,
    keys: Vec<Key>,
    /// How its rows are sorted, by columns it carries for that.
    orders: Vec<Sort>,
}

/// A column whose rows belong to the rows around where `outer` has its value.
struct Key {
    column: String,
    outer: Expr,
    /// Whether a null belongs to a null.
    with_nulls: bool,
}

impl Resolver<'_> {
    /// `plan` with limits that DataFusion can join; `around` is where the columns of the row around come from, if known.
    pub(crate) fn limits_per_row(&self, plan: LogicalPlan, around: Option<&LogicalPlan>) -> Result<LogicalPlan> {
        let mut failure = None;
        let lifted = plan.transform_down(|node| {
            if !matches!(node, LogicalPlan::Limit(_)) || !uses_outer(&node) {
                return Ok(Transformed::no(node));
            }
            if let LogicalPlan::Limit(limit) = &node
                && keeps_one(limit)
            {
                return Ok(Transformed::yes(limit.input.as_ref().clone()));
            }
            Ok(match self.limit_per_row(&node, around) {
                Ok(lifted) => Transformed::new(lifted, true, TreeNodeRecursion::Jump),
                Err(error) => {
                    failure = Some(error);
                    Transformed::new(node, false, TreeNodeRecursion::Stop)
                }
            })
        });
        match failure {
            Some(error) => Err(error),
            None => lifted.map(|lifted| lifted.data).map_err(from_datafusion),
        }
    }

    fn limit_per_row(&self, limit: &LogicalPlan, around: Option<&LogicalPlan>) -> Result<LogicalPlan> {
        let lifted = self.lift(limit, around)?;
        let (mut named, mut belongs) = (Vec::new(), Vec::new());
        for key in lifted.keys {
            if key.with_nulls {
                self.belongs_with_nulls(key, &mut named, &mut belongs)?;
            } else {
                belongs.push(column(key.column).eq(key.outer));
            }
        }
        let plan = with_columns(lifted.plan, &named)?;
        let plan = match conjunction(belongs) {
            Some(condition) => filter(plan, condition)?,
            None => plan,
        };
        project(plan, columns(limit))
    }

    /// A null belongs to a null: said by two equalities, for DataFusion pulls nothing else out of an aggregate.
    fn belongs_with_nulls(&self, key: Key, named: &mut Vec<(String, Expr)>, belongs: &mut Vec<Expr>) -> Result<()> {
        let Expr::OuterReferenceColumn(field, _) = &key.outer else { return Err(Error::internal("a key of no column around")) };
        let stands_in = lit(ScalarValue::new_default(field.data_type()).map_err(from_datafusion)?);
        let (value, missing) = (self.fresh_column("value"), self.fresh_column("missing"));
        belongs.push(column(&value).eq(coalesce(vec![key.outer.clone(), stands_in.clone()])));
        belongs.push(column(&missing).eq(key.outer.is_null()));
        named.push((value, coalesce(vec![column(&key.column), stands_in])));
        named.push((missing, column(key.column).is_null()));
        Ok(())
    }

    fn lift(&self, plan: &LogicalPlan, around: Option<&LogicalPlan>) -> Result<Lifted> {
        if !uses_outer(plan) {
            return Ok(Lifted { plan: plan.clone(), keys: Vec::new(), orders: Vec::new() });
        }
        match plan {
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let lifted = self.lift(input, around)?;
                self.lift_condition(lifted, predicate.clone(), around)
            }
            LogicalPlan::Projection(Projection { expr, input, .. }) => {
                let lifted = self.lift(input, around)?;
                let (lifted, mut expressions) = self.without_outer(lifted, expr.clone(), around)?;
                expressions.extend(lifted.carried());
                Ok(Lifted { plan: project(lifted.plan.clone(), expressions)?, ..lifted })
            }
            LogicalPlan::Sort(sort) => {
                let lifted = self.lift(&sort.input, around)?;
                let values = sort.expr.iter().map(|order| order.expr.clone()).collect();
                let (mut lifted, values) = self.without_outer(lifted, values, around)?;
                let named: Vec<(String, Expr)> = values.into_iter().map(|value| (self.fresh_column("order"), value)).collect();
                lifted.plan = with_columns(lifted.plan, &named)?;
                let orders = named.iter().zip(&sort.expr).map(|((name, _), order)| Sort { expr: column(name), ..order.clone() });
                // A sort is stable: rows that are equal to it stay in the order they had.
                lifted.orders = orders.chain(std::mem::take(&mut lifted.orders)).collect();
                Ok(lifted)
            }
            LogicalPlan::Limit(limit) => self.lift_limit(limit, around),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let lifted = self.lift(input, around)?;
                let kept = columns(input).into_iter().chain(lifted.key_columns()).collect();
                let distinct = LogicalPlanBuilder::from(project(lifted.plan, kept)?).distinct();
                let plan = distinct.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
                Ok(Lifted { plan, orders: Vec::new(), ..lifted })
            }
            LogicalPlan::Aggregate(aggregate) if !aggregate.group_expr.is_empty() => self.lift_groups(aggregate, around),
            LogicalPlan::Window(window) => self.lift_window(window, around),
            LogicalPlan::Join(join) => self.lift_join(join, around),
            LogicalPlan::Extension(_) => match PartitionNode::behind(plan).map(|node| (&node.input, &node.operation)) {
                Some((input, operation @ (Operation::Fence | Operation::Join(_)))) => {
                    let lifted = self.lift(input, around)?;
                    Ok(Lifted { plan: PartitionNode::plan(lifted.plan, operation.clone())?, ..lifted })
                }
                _ => Err(refused(plan)),
            },
            _ => Err(refused(plan)),
        }
    }

    /// Rows that fulfil `condition`: what it asks of the row around becomes keys.
    fn lift_condition(&self, mut lifted: Lifted, condition: Expr, around: Option<&LogicalPlan>) -> Result<Lifted> {
        let (mut plain, mut keys, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for part in split_conjunction_owned(condition) {
            match key(part) {
                Part::Plain(part) => plain.push(part),
                Part::Key { inner, outer } => keys.push((self.fresh_column("key"), inner, outer)),
                Part::Other(part) => rest.push(part),
            }
        }
        if let Some(condition) = conjunction(plain) {
            lifted.plan = filter(lifted.plan, condition)?;
        }
        let named: Vec<(String, Expr)> = keys.iter().map(|(name, inner, _)| (name.clone(), inner.clone())).collect();
        lifted.plan = with_columns(lifted.plan, &named)?;
        lifted.keys.extend(keys.into_iter().map(|(column, _, outer)| Key { column, outer, with_nulls: false }));
        let (mut lifted, rest) = self.without_outer(lifted, rest, around)?;
        if let Some(condition) = conjunction(rest) {
            lifted.plan = filter(lifted.plan, condition)?;
        }
        Ok(lifted)
    }

    fn lift_limit(&self, limit: &Limit, around: Option<&LogicalPlan>) -> Result<Lifted> {
        let lifted = self.lift(&limit.input, around)?;
        let skip = match limit.get_skip_type().map_err(from_datafusion)? {
            SkipType::Literal(skip) => skip,
            SkipType::UnsupportedExpr => return Err(refused(&limit.input)),
        };
        let fetch = match limit.get_fetch_type().map_err(from_datafusion)? {
            FetchType::Literal(fetch) => fetch,
            FetchType::UnsupportedExpr => return Err(refused(&limit.input)),
        };
        let ranked = row_number().partition_by(lifted.key_columns().collect());
        let ranked = if lifted.orders.is_empty() { ranked } else { ranked.order_by(lifted.orders.clone()) };
        let ranked = ranked.build().map_err(from_datafusion)?;
        let rank = column(ranked.schema_name().to_string());
        let kept = columns(&lifted.plan);
        let first = rank.clone().gt(lit(skip as u64));
        let in_reach = match fetch {
            Some(fetch) => first.and(rank.lt_eq(lit(skip.saturating_add(fetch) as u64))),
            None => first,
        };
        let plan = LogicalPlanBuilder::window_plan(lifted.plan.clone(), vec![ranked]).map_err(from_datafusion)?;
        Ok(Lifted { plan: project(filter(plan, in_reach)?, kept)?, ..lifted })
    }

    /// The groups of each key.
    fn lift_groups(&self, aggregate: &Aggregate, around: Option<&LogicalPlan>) -> Result<Lifted> {
        if aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) {
            return Err(refused(&LogicalPlan::Aggregate(aggregate.clone())));
        }
        let lifted = self.lift(&aggregate.input, around)?;
        let all = aggregate.group_expr.iter().chain(&aggregate.aggr_expr).cloned().collect();
        let (lifted, mut groups) = self.without_outer(lifted, all, around)?;
        let calls = groups.split_off(aggregate.group_expr.len());
        groups.extend(lifted.key_columns());
        let plan =
            Aggregate::try_new(Arc::new(lifted.plan), groups, calls).map(LogicalPlan::Aggregate).map_err(from_datafusion)?;
        Ok(Lifted { plan, orders: Vec::new(), keys: lifted.keys })
    }

    /// Windows within each key; what comes out keeps its names.
    fn lift_window(&self, window: &Window, around: Option<&LogicalPlan>) -> Result<Lifted> {
        let lifted = self.lift(&window.input, around)?;
        let (lifted, calls) = self.without_outer(lifted, window.window_expr.clone(), around)?;
        let mut kept = columns(&lifted.plan);
        let mut partitioned = Vec::with_capacity(calls.len());
        for (call, before) in calls.into_iter().zip(&window.window_expr) {
            let Expr::WindowFunction(mut call) = call else { return Err(refused(&window.input)) };
            call.params.partition_by.extend(lifted.key_columns());
            let call = Expr::WindowFunction(call);
            kept.push(column(call.schema_name().to_string()).alias(before.schema_name().to_string()));
            partitioned.push(call);
        }
        let plan = LogicalPlanBuilder::window_plan(lifted.plan.clone(), partitioned).map_err(from_datafusion)?;
        Ok(Lifted { plan: project(plan, kept)?, ..lifted })
    }

    /// A join keeps the keys of a side whose rows it does not replace by nulls.
    fn lift_join(&self, join: &Join, around: Option<&LogicalPlan>) -> Result<Lifted> {
        let can_lift = match join.join_type {
            JoinType::Inner => true,
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => !uses_outer(&join.right),
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => !uses_outer(&join.left),
            _ => false,
        };
        let asks = join.on.iter().any(|(one, other)| one.contains_outer() || other.contains_outer());
        let condition = join.filter.clone();
        let asks_beside = condition.as_ref().is_some_and(Expr::contains_outer);
        if !can_lift || asks || (asks_beside && join.join_type != JoinType::Inner) {
            return Err(refused(&LogicalPlan::Join(join.clone())));
        }
        let (left, right) = (self.lift(&join.left, around)?, self.lift(&join.right, around)?);
        let (within, above) = if asks_beside { (None, condition) } else { (condition, None) };
        let joined = Join::try_new(
            Arc::new(left.plan),
            Arc::new(right.plan),
            join.on.clone(),
            within,
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        );
        let plan = joined.map(LogicalPlan::Join).map_err(from_datafusion)?;
        let keys = left.keys.into_iter().chain(right.keys).collect();
        let lifted = Lifted { plan, keys, orders: Vec::new() };
        match above {
            Some(condition) => self.lift_condition(lifted, condition, around),
            None => Ok(lifted),
        }
    }

    /// `expressions` over `lifted` alone: each column around gives way to the key that has its value, made where there is none.
    fn without_outer(
        &self,
        mut lifted: Lifted,
        expressions: Vec<Expr>,
        around: Option<&LogicalPlan>,
    ) -> Result<(Lifted, Vec<Expr>)> {
        let mut missing: Vec<(String, Expr)> = Vec::new();
        let mut replaced = Vec::with_capacity(expressions.len());
        for expression in expressions {
            let changed = expression.transform_up(|expr| {
                let Expr::OuterReferenceColumn(_, around) = &expr else { return Ok(Transformed::no(expr)) };
                let known = lifted.keys.iter().find(|key| key.outer == expr).map(|key| key.column.clone());
                let known = known.or_else(|| missing.iter().find(|(_, outer)| *outer == expr).map(|(name, _)| name.clone()));
                let name = known.unwrap_or_else(|| {
                    let name = self.fresh_column(&around.name);
                    missing.push((name.clone(), expr.clone()));
                    name
                });
                Ok(Transformed::yes(column(name)))
            });
            replaced.push(changed.map_err(from_datafusion)?.data);
        }
        if !missing.is_empty() {
            lifted.plan = beside_values(lifted.plan, &missing, around)?;
            lifted.keys.extend(missing.into_iter().map(|(column, outer)| Key { column, outer, with_nulls: true }));
        }
        Ok((lifted, replaced))
    }
}

impl Lifted {
    fn key_columns(&self) -> impl Iterator<Item = Expr> {
        self.keys.iter().map(|key| column(&key.column))
    }

    /// What must come out of every operator above.
    fn carried(&self) -> Vec<Expr> {
        self.key_columns().chain(self.orders.iter().map(|order| order.expr.clone())).collect()
    }
}

/// Whether a limit keeps the one row there is (`SELECT count(*) .. LIMIT 1`).
fn keeps_one(limit: &Limit) -> bool {
    limit.skip.is_none() && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(1..)))) && is_one_group(&limit.input)
}

fn is_one_group(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_one_group(&projection.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}

enum Part {
    /// Asks nothing of the row around.
    Plain(Expr),
    /// `inner = outer`
    Key {
        inner: Expr,
        outer: Expr,
    },
    Other(Expr),
}

/// What a condition asks of the row around.
fn key(condition: Expr) -> Part {
    if !condition.contains_outer() {
        return Part::Plain(condition);
    }
    let is_inner = |expr: &Expr| !expr.contains_outer();
    let is_outer = |expr: &Expr| expr.contains_outer() && expr.column_refs().is_empty();
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_inner(&left) && is_outer(&right) => {
            Part::Key { inner: *left, outer: *right }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_outer(&left) && is_inner(&right) => {
            Part::Key { inner: *right, outer: *left }
        }
        other => Part::Other(other),
    }
}

/// Each row of `plan` with each combination of values that the columns around have.
fn beside_values(plan: LogicalPlan, outers: &[(String, Expr)], around: Option<&LogicalPlan>) -> Result<LogicalPlan> {
    let Some(around) = around else { return Err(refused(&plan)) };
    let mut values = Vec::with_capacity(outers.len());
    for (name, outer) in outers {
        match outer {
            Expr::OuterReferenceColumn(_, column) if around.schema().has_column(column) => {
                values.push(Expr::Column(column.clone()).alias(name));
            }
            _ => return Err(refused(&plan)),
        }
    }
    // The rows around are computed twice, so they must come out the same.
    if uses_outer(around) || sees_partitions(around) || may_differ(around) {
        return Err(refused(&plan));
    }
    let distinct = LogicalPlanBuilder::from(project(around.clone(), values)?).distinct().and_then(LogicalPlanBuilder::build);
    let joined = distinct.and_then(|distinct| LogicalPlanBuilder::from(plan).cross_join(distinct)?.build());
    joined.map_err(from_datafusion)
}

/// Whether a plan may give other rows when it is computed again: those a limit happens to keep, random numbers.
fn may_differ(plan: &LogicalPlan) -> bool {
    let differs = plan.exists(|node| {
        let is_cut = match node {
            LogicalPlan::Limit(_) => true,
            LogicalPlan::Sort(sort) => sort.fetch.is_some(),
            _ => false,
        };
        Ok(is_cut || node.expressions().iter().any(Expr::is_volatile))
    });
    differs.unwrap_or(true)
}

/// `plan` with further columns.
fn with_columns(plan: LogicalPlan, named: &[(String, Expr)]) -> Result<LogicalPlan> {
    if named.is_empty() {
        return Ok(plan);
    }
    let mut all = columns(&plan);
    all.extend(named.iter().map(|(name, value)| value.clone().alias(name)));
    project(plan, all)
}

/// Whether a column of a query around `plan` is used in it. What a LATERAL join within asks of its own left side is none.
fn uses_outer(plan: &LogicalPlan) -> bool {
    plan.all_out_ref_exprs().iter().any(|expr| match expr {
        // No two columns of a query have one name.
        Expr::OuterReferenceColumn(_, around) => {
            let is_within = plan.exists(|node| Ok(!matches!(node, LogicalPlan::Subquery(_)) && node.schema().has_column(around)));
            !is_within.unwrap_or(false)
        }
        _ => true,
    })
}

fn columns(plan: &LogicalPlan) -> Vec<Expr> {
    plan.schema().columns().into_iter().map(Expr::Column).collect()
}

fn column(name: impl Into<String>) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

fn refused(plan: &LogicalPlan) -> Error {
    let shown = plan.display().to_string();
    let operator = shown.split([':', ' ']).next().unwrap_or_default();
    Error::unsupported(format!("LIMIT in a sub-query over columns of the query around it, above {operator}"))
}
