//! An aggregate while it may still grow: HAVING and ORDER BY can add aggregate calls to it after its select list is done.
//!
//!     input ─► Aggregate(groups, calls) ─► Filter(having)* ─► Window ─► Projection(selected)
//!
//! [`Aggregated`] holds the parts; [`Aggregated::plan`] builds the nodes from them, again after each addition.
//! Not here: resolving the expressions (`relation::aggregate`).

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder, Operator, cast, lit, when,
};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;

use crate::attribute::Attr;
use crate::expression::membership;
use crate::resolved::{Resolved, filter, project};
use crate::resolver::Resolver;

#[derive(Debug, Clone)]
pub struct Aggregated {
    pub input: Resolved,
    /// Grouping expressions over the input and the columns that hold them afterwards.
    pub groups: Vec<(Expr, Attr)>,
    /// For ROLLUP, CUBE, GROUPING SETS: which groups each set keeps, by position.
    pub sets: Option<Vec<Vec<usize>>>,
    /// Aggregate calls over the input and their columns.
    pub calls: Vec<(Expr, Attr)>,
    /// Groupings by the key of a collated value: the value's expression, the key's position, and what shows a value of the
    /// group.
    pub keyed: Vec<(Expr, usize, Expr)>,
    /// Conditions on groups, over the columns above.
    pub havings: Vec<Expr>,
    /// What comes out, over the columns above.
    pub selected: Vec<(Expr, Attr)>,
}

/// The name of `grouping`'s marker among aggregate calls.
const GROUPING: &str = "grouping";

impl Aggregated {
    pub fn new(input: Resolved, groups: Vec<(Expr, Attr)>, sets: Option<Vec<Vec<usize>>>) -> Self {
        Self { input, groups, sets, calls: Vec::new(), keyed: Vec::new(), havings: Vec::new(), selected: Vec::new() }
    }

    /// Shows a group of values that are equal under their collation by one of them; `position` is that of their key.
    pub(crate) fn show_first(&mut self, resolver: &Resolver<'_>, position: usize, value: Expr) -> Result<()> {
        let call = AggregateFunction::new_udf(first_value_udaf(), vec![value.clone()], false, None, vec![], None);
        let first = self.call(resolver, Expr::AggregateFunction(call)).map_err(from_datafusion)?;
        // A set of groups without this one shows null, which its key is there.
        let shown = match (&self.sets, self.groups.get(position)) {
            (Some(_), Some((_, key))) => when(key.expr().is_not_null(), first).end().map_err(from_datafusion)?,
            _ => first,
        };
        self.keyed.push((value, position, shown));
        Ok(())
    }

    /// `expr`, said over the aggregate's columns: groupings and aggregate calls become columns, anything else of the input
    /// is an error.
    pub(crate) fn rewrite(&mut self, resolver: &Resolver<'_>, expr: Expr) -> Result<Expr> {
        let mut failure = None;
        let rewritten = expr
            .transform_down(|expr| {
                if let Some((_, attribute)) = self.groups.iter().find(|(group, _)| *group == expr) {
                    return Ok(Transformed::new(attribute.expr(), true, TreeNodeRecursion::Jump));
                }
                if let Some((_, _, shown)) = self.keyed.iter().find(|(value, ..)| *value == expr) {
                    return Ok(Transformed::new(shown.clone(), true, TreeNodeRecursion::Jump));
                }
                match &expr {
                    Expr::AggregateFunction(call) if call.func.name() == GROUPING => match self.grouping(&call.params.args) {
                        Ok(expr) => Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump)),
                        Err(error) => {
                            failure = Some(error);
                            Ok(Transformed::new(expr, false, TreeNodeRecursion::Stop))
                        }
                    },
                    Expr::AggregateFunction(_) => {
                        let column = self.call(resolver, expr)?;
                        Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
                    }
                    Expr::Column(column) if !self.has(&column.name) => {
                        failure = Some(if self.groups.is_empty() {
                            Error::new("MISSING_GROUP_BY")
                        } else {
                            missing(&column.name, &self.input)
                        });
                        Ok(Transformed::new(expr, false, TreeNodeRecursion::Stop))
                    }
                    _ => Ok(Transformed::no(expr)),
                }
            })
            .map_err(from_datafusion)?
            .data;
        match failure {
            Some(error) => Err(error),
            None => Ok(rewritten),
        }
    }

    fn has(&self, column: &str) -> bool {
        self.groups.iter().chain(&self.calls).any(|(_, attribute)| attribute.column == column)
    }

    /// The column of an aggregate call; equal calls share one.
    fn call(&mut self, resolver: &Resolver<'_>, call: Expr) -> datafusion::common::Result<Expr> {
        if let Some((_, attribute)) = self.calls.iter().find(|(known, _)| *known == call) {
            return Ok(attribute.expr());
        }
        let attribute = resolver.new_attribute("agg", DataType::Null, true);
        let column = attribute.expr();
        self.calls.push((call, attribute));
        Ok(column)
    }

    /// `grouping(column)` or `grouping_id(..)`: bits of DataFusion's grouping id, which numbers the groups from the left.
    fn grouping(&self, arguments: &[Expr]) -> Result<Expr> {
        let count = self.groups.len();
        if self.sets.is_none() {
            return Err(Error::new("UNSUPPORTED_GROUPING_EXPRESSION"));
        }
        let id = cast(Expr::Column(Column::new_unqualified(Aggregate::INTERNAL_GROUPING_ID)), arrow::datatypes::DataType::Int64);
        let binary = |left: Expr, op, right: i64| Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(lit(right))));
        if let [Expr::Literal(..), ..] | [] = arguments {
            let mask = (1i64 << count.min(62)) - 1;
            return Ok(binary(id, Operator::BitwiseAnd, mask));
        }
        let keyed = self.keyed.iter().find(|(value, ..)| Some(value) == arguments.first()).map(|(_, position, _)| *position);
        let plain = || self.groups.iter().position(|(group, _)| Some(group) == arguments.first());
        let Some(position) = keyed.or_else(plain) else {
            return Err(Error::new("GROUPING_COLUMN_MISMATCH").with("grouping", "grouping").with("groupingColumns", ""));
        };
        let shifted = binary(id, Operator::BitwiseShiftRight, (count - 1 - position) as i64);
        Ok(cast(binary(shifted, Operator::BitwiseAnd, 1), arrow::datatypes::DataType::Int8))
    }

    /// A projected column over an already rewritten expression.
    pub fn select(&mut self, expr: Expr, attribute: Attr) {
        self.selected.push((expr, attribute));
    }

    /// The expression behind a selected column.
    pub fn behind(&self, column: &str) -> Option<&Expr> {
        self.selected.iter().find(|(_, attribute)| attribute.column == column).map(|(expr, _)| expr)
    }

    /// The nodes for everything gathered so far.
    pub(crate) fn plan(&self, resolver: &Resolver<'_>) -> Result<LogicalPlan> {
        let mut plan = self.aggregate(resolver)?;
        for having in &self.havings {
            plan = filter(plan, having.clone())?;
        }
        project_with_windows(resolver, plan, &self.selected)
    }

    /// The input, with columns for what depends on the partition, and groupings and calls over it.
    #[allow(clippy::type_complexity)]
    fn with_partition_values(&self, resolver: &Resolver<'_>) -> Result<(LogicalPlan, Vec<(Expr, Attr)>, Vec<(Expr, Attr)>)> {
        let all = self.groups.iter().chain(&self.calls).map(|(expr, _)| expr.clone()).collect();
        let (input, mut all) = resolver.with_partition_values(self.input.plan.clone(), all)?;
        let calls = all.split_off(self.groups.len());
        let named = |exprs: Vec<Expr>, of: &[(Expr, Attr)]| {
            exprs.into_iter().zip(of).map(|(expr, (_, attribute))| (expr, Arc::clone(attribute))).collect()
        };
        Ok((input, named(all, &self.groups), named(calls, &self.calls)))
    }

    fn aggregate(&self, resolver: &Resolver<'_>) -> Result<LogicalPlan> {
        let (mut input, groups, calls) = self.with_partition_values(resolver)?;
        let named = |(expr, attribute): &(Expr, Attr)| match expr {
            Expr::Column(column) if column.name == attribute.column => expr.clone(),
            other => other.clone().alias(&attribute.column),
        };
        let mut groups: Vec<Expr> = groups.iter().map(named).collect();
        let mut calls: Vec<Expr> = calls.iter().map(named).collect();
        // Grouping sets name their columns, and an aggregate evaluates no sub-queries: what is computed gets columns first.
        let mut computed: Vec<Expr> = Vec::new();
        if self.sets.is_some() || groups.iter().any(membership::has_subquery) {
            computed.extend(groups.iter().filter(|group| !matches!(group, Expr::Column(_))).cloned());
            groups = self.groups.iter().map(|(_, attribute)| attribute.expr()).collect();
        }
        if calls.iter().any(membership::has_subquery) {
            calls = calls.into_iter().map(|call| without_subqueries(resolver, call, &mut computed)).collect::<Result<_>>()?;
        }
        if self.sets.is_some() || !computed.is_empty() {
            let mut columns: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
            let computed = computed.into_iter().map(membership::as_value);
            columns.extend(computed.collect::<Result<Vec<_>>>()?);
            input = project(input, columns)?;
        }
        if let Some(sets) = &self.sets {
            let sets = sets.iter().map(|set| set.iter().map(|position| groups[*position].clone()).collect()).collect();
            groups = vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))];
        }
        if groups.is_empty() && calls.is_empty() {
            calls.push(datafusion::functions_aggregate::expr_fn::count(lit(1i64)).alias("count#0"));
        }
        Aggregate::try_new(Arc::new(input), groups, calls).map(LogicalPlan::Aggregate).map_err(from_datafusion)
    }
}

/// An aggregate call whose arguments with sub-queries are columns, to be computed below.
fn without_subqueries(resolver: &Resolver<'_>, call: Expr, computed: &mut Vec<Expr>) -> Result<Expr> {
    let changed = call.transform_down(|expr| {
        let Expr::AggregateFunction(_) = &expr else { return Ok(Transformed::no(expr)) };
        let changed = expr.map_children(|argument| {
            if !membership::has_subquery(&argument) {
                return Ok(Transformed::no(argument));
            }
            let column = resolver.fresh_column("argument");
            computed.push(argument.alias(&column));
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column))))
        })?;
        Ok(Transformed::new(changed.data, true, TreeNodeRecursion::Jump))
    });
    changed.map(|changed| changed.data).map_err(from_datafusion)
}

/// A column that is neither grouped nor aggregated.
fn missing(column: &str, input: &Resolved) -> Error {
    let name = input.reachable().find(|attribute| attribute.column == column).map_or(column, |attribute| &attribute.name);
    Error::new("MISSING_AGGREGATION")
        .with("expression", format!("\"{name}\""))
        .with("expressionAnyValue", format!("\"any_value({name})\""))
}

/// A projection whose expressions may hold window calls: those get `Window` nodes below it.
pub(crate) fn project_with_windows(
    resolver: &Resolver<'_>,
    input: LogicalPlan,
    selected: &[(Expr, Attr)],
) -> Result<LogicalPlan> {
    let expressions = selected.iter().map(|(expr, _)| membership::as_value(expr.clone())).collect::<Result<_>>()?;
    let (plan, expressions) = resolver.with_partition_values(input, expressions)?;
    let (plan, expressions) = extract_windows(resolver, plan, expressions)?;
    let mut columns: Vec<Expr> = Vec::with_capacity(selected.len());
    // A column passed on twice stands once in the plan.
    let mut named = HashSet::with_capacity(selected.len());
    for (expr, (_, attribute)) in expressions.into_iter().zip(selected) {
        if named.insert(attribute.column.as_str()) {
            columns.push(match &expr {
                Expr::Column(column) if column.name == attribute.column => expr,
                _ => expr.alias(&attribute.column),
            });
        }
    }
    project(plan, columns)
}

/// Moves window calls out of expressions into `Window` nodes over `input`.
fn extract_windows(resolver: &Resolver<'_>, input: LogicalPlan, expressions: Vec<Expr>) -> Result<(LogicalPlan, Vec<Expr>)> {
    let _ = resolver;
    let windows = datafusion::logical_expr::utils::find_window_exprs(&expressions);
    if windows.is_empty() {
        return Ok((input, expressions));
    }
    let plan = LogicalPlanBuilder::window_plan(input, windows).map_err(from_datafusion)?;
    let expressions = expressions
        .into_iter()
        .map(|expr| {
            expr.transform_down(|expr| match &expr {
                Expr::WindowFunction(_) => {
                    let column = Expr::Column(Column::new_unqualified(expr.schema_name().to_string()));
                    Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
                }
                _ => Ok(Transformed::no(expr)),
            })
            .map(|transformed| transformed.data)
            .map_err(from_datafusion)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((plan, expressions))
}

/// Whether an expression calls an aggregate function outside of any window.
pub(crate) fn has_aggregate(expr: &Expr) -> bool {
    !datafusion::logical_expr::utils::find_aggregate_exprs([expr]).is_empty()
}

/// Whether an expression calls a window function.
pub(crate) fn has_window(expr: &Expr) -> bool {
    !datafusion::logical_expr::utils::find_window_exprs([expr]).is_empty()
}
