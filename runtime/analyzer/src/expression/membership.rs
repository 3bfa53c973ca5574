//! `x IN (subquery)` and `EXISTS` where a join by themselves would not do.
//!
//! At the top of a filter DataFusion makes them semi and anti joins, null-aware ones for NOT IN. Inside of a larger condition it
//! makes mark joins, which forget what a null leaves open; as a value it does not take them at all. Here they become counts.
//! Not here: resolving the sub-query (`subquery`). Begin at [`in_condition`] and [`as_value`].

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use emberflow_base::Result;
use emberflow_functions::errors::from_datafusion;

/// Whether an expression holds a sub-query of any kind.
pub(crate) fn has_subquery(expr: &Expr) -> bool {
    let is_one = |expr: &Expr| matches!(expr, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_));
    expr.exists(|expr| Ok(is_one(expr))).unwrap_or(false)
}

/// Whether it holds `IN (subquery)` or EXISTS.
pub(crate) fn is_predicate(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::Exists(_) | Expr::InSubquery(_)))).unwrap_or(false)
}

/// A filter's condition: what stands in it as `x NOT IN (subquery)`, but not at its top, is written anew.
pub(crate) fn in_condition(condition: Expr) -> Result<Expr> {
    let conjuncts = split_conjunction_owned(condition).into_iter().map(|conjunct| {
        let stands_alone = match &conjunct {
            Expr::InSubquery(_) => true,
            Expr::Not(inner) => matches!(**inner, Expr::InSubquery(_)),
            _ => false,
        };
        if stands_alone { Ok(conjunct) } else { without_not_in(conjunct) }
    });
    Ok(conjunction(conjuncts.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| lit(true)))
}

fn without_not_in(expr: Expr) -> Result<Expr> {
    let changed = expr.transform_down(|expr| {
        let is_not_in = match &expr {
            Expr::InSubquery(membership) => membership.negated,
            Expr::Not(inner) => matches!(**inner, Expr::InSubquery(_)),
            _ => false,
        };
        Ok(match is_not_in {
            true => Transformed::new(rewritten(expr)?, true, TreeNodeRecursion::Jump),
            false => Transformed::no(expr),
        })
    });
    Ok(changed.map_err(from_datafusion)?.data)
}

/// `x IN (subquery)` and `EXISTS` as values: DataFusion joins them only in filters, so here they become counts.
///
/// As in Spark, IN is then false where a filter would see null, and NOT IN is false as soon as a null is involved.
pub(crate) fn as_value(expr: Expr) -> Result<Expr> {
    rewritten(expr).map_err(from_datafusion)
}

fn rewritten(expr: Expr) -> datafusion::common::Result<Expr> {
    use datafusion::logical_expr::not;
    let rewritten = expr.transform_down(|expr| {
        Ok(match expr {
            Expr::Exists(exists) => {
                let found = any_row(exists.subquery.subquery.as_ref().clone(), None)?;
                Transformed::yes(if exists.negated { not(found) } else { found })
            }
            Expr::InSubquery(membership) => {
                let (equal, unknown) = memberships(&membership)?;
                Transformed::yes(if membership.negated { not(equal.or(unknown)) } else { equal })
            }
            Expr::Not(inner) => match *inner {
                Expr::InSubquery(membership) => {
                    let (equal, unknown) = memberships(&membership)?;
                    Transformed::yes(if membership.negated { equal } else { not(equal.or(unknown)) })
                }
                other => Transformed::no(Expr::Not(Box::new(other))),
            },
            other => Transformed::no(other),
        })
    });
    Ok(rewritten?.data)
}

/// Whether a row is equal, and whether a null leaves that open.
fn memberships(membership: &InSubquery) -> datafusion::common::Result<(Expr, Expr)> {
    let plan = membership.subquery.subquery.as_ref().clone();
    let column = plan.schema().columns().into_iter().next().map(Expr::Column).unwrap_or_else(|| lit(true));
    let data_type = plan.schema().field(0).data_type().clone();
    let value = outer_references((*membership.expr).clone(), &data_type)?;
    let equal = any_row(plan.clone(), Some(column.clone().eq(value)))?;
    let null_there = any_row(plan.clone(), Some(column.is_null()))?;
    let null_asked = membership.expr.as_ref().clone().is_null().and(any_row(plan, None)?);
    Ok((equal, null_there.or(null_asked)))
}

fn any_row(plan: LogicalPlan, condition: Option<Expr>) -> datafusion::common::Result<Expr> {
    let mut builder = LogicalPlanBuilder::from(plan);
    if let Some(condition) = condition {
        builder = builder.filter(condition)?;
    }
    let count = datafusion::functions_aggregate::expr_fn::count(lit(1i64)).alias("matches");
    let plan = builder.aggregate(Vec::<Expr>::new(), vec![count])?.build()?;
    Ok(Expr::ScalarSubquery(super::lowered(plan)).gt(lit(0i64)))
}

/// An expression of the query around, as the sub-query sees it.
fn outer_references(expr: Expr, data_type: &arrow::datatypes::DataType) -> datafusion::common::Result<Expr> {
    let rewritten = expr.transform_up(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                let field = Arc::new(arrow::datatypes::Field::new(&column.name, data_type.clone(), true));
                Transformed::yes(Expr::OuterReferenceColumn(field, column))
            }
            other => Transformed::no(other),
        })
    });
    Ok(rewritten?.data)
}
