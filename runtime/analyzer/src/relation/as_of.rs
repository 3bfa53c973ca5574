//! As-of joins: to each left row the nearest right row that is not on the wrong side of it.
//!
//!     left + number of the row ─► join on (side, tolerance, condition, keys) ─► nearest first ─► the first of each number

use std::sync::Arc;

use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr as Physical, ExprFunctionExt, LogicalPlanBuilder, lit};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::partitioned::PartitionValue;
use emberflow_plan::tree::{AsOfJoin, Expr, ExprKind, JoinType};

use crate::attribute::{Attr, same_name};
use crate::node::{Operation, PartitionNode};
use crate::resolved::{Resolved, filter};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn as_of_join(&self, join: &AsOfJoin, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let join_type = match join.join_type.to_lowercase().as_str() {
            "inner" => JoinType::Inner,
            "left" | "leftouter" | "left_outer" => JoinType::LeftOuter,
            other => {
                return Err(Error::new("AS_OF_JOIN.UNSUPPORTED_DIRECTION")
                    .with("direction", other)
                    .with("supported", "'inner', 'leftouter', 'left', 'left_outer'"));
            }
        };
        let left = self.relation(&join.left, outer)?;
        let right = self.relation(&join.right, outer)?;
        let number = self.fresh_column("row");
        let ids = Operation::Values(vec![(number.clone(), PartitionValue::RowId)]);
        let left = Resolved { plan: PartitionNode::plan(left.plan.clone(), ids)?, ..left };
        let scope = Scope::over_both(&left, &right, outer, self.case_sensitive);
        let (conditions, distance) = self.nearness(join, &left, &right, &scope)?;
        drop(scope);
        let joined = self.lowered_join(&left, &right, join_type, conjunction(conditions))?;
        let nearest = row_number()
            .partition_by(vec![Physical::Column(datafusion::common::Column::new_unqualified(&number))])
            .order_by(vec![distance.sort(true, false)])
            .build()
            .map_err(from_datafusion)?;
        let shown = nearest.schema_name().to_string();
        let plan = LogicalPlanBuilder::window_plan(joined, vec![nearest]).map_err(from_datafusion)?;
        let first = Physical::Column(datafusion::common::Column::new_unqualified(shown)).eq(lit(1_u64));
        let plan = filter(plan, first)?;
        let keeps = join_type == JoinType::Inner;
        let rights = right.output.iter().map(|attribute| if keeps { Arc::clone(attribute) } else { attribute.as_nullable() });
        let output: Vec<Attr> = left.output.iter().cloned().chain(rights).collect();
        let mut plan_ids = left.plan_ids;
        plan_ids.extend(right.plan_ids);
        Ok(Resolved { plan_ids, ..Resolved::new(plan, output) })
    }

    /// What makes a right row a candidate, and how far away it is.
    fn nearness(
        &self,
        join: &AsOfJoin,
        left: &Resolved,
        right: &Resolved,
        scope: &Scope<'_>,
    ) -> Result<(Vec<Physical>, Physical)> {
        let over_left = Scope::over(left, scope.outer, self.case_sensitive);
        let over_right = Scope::over(right, scope.outer, self.case_sensitive);
        let (left_at, right_at) = (side(&join.left_as_of), side(&join.right_as_of));
        // Resolved apart, so that equal names on both sides are told apart; then combined by column.
        let left_item = self.expression(left_at, &over_left)?;
        let right_item = self.expression(right_at, &over_right)?;
        let call = |name: &str, one: &crate::expression::Item, other: &crate::expression::Item| {
            self.operator(name, vec![one.clone(), other.clone()])
        };
        let exact = join.allow_exact_matches;
        let mut conditions = Vec::new();
        let distance = match join.direction.to_lowercase().as_str() {
            "backward" => {
                conditions.push(call(if exact { ">=" } else { ">" }, &left_item, &right_item)?.typed.expr);
                call("-", &left_item, &right_item)?
            }
            "forward" => {
                conditions.push(call(if exact { "<=" } else { "<" }, &left_item, &right_item)?.typed.expr);
                call("-", &right_item, &left_item)?
            }
            "nearest" => {
                if !exact {
                    let equal = call("=", &left_item, &right_item)?;
                    conditions.push(Physical::Not(Box::new(equal.typed.expr)));
                }
                self.operator("abs", vec![call("-", &left_item, &right_item)?])?
            }
            other => {
                return Err(Error::new("AS_OF_JOIN.UNSUPPORTED_DIRECTION")
                    .with("direction", other)
                    .with("supported", "'backward', 'forward', 'nearest'"));
            }
        };
        if let Some(tolerance) = &join.tolerance {
            let tolerance = self.expression(tolerance, &Scope::empty(None, self.case_sensitive))?;
            if !tolerance.typed.expr.column_refs().is_empty() {
                return Err(Error::new("AS_OF_JOIN.TOLERANCE_IS_UNFOLDABLE"));
            }
            conditions.push(call("<=", &distance, &tolerance)?.typed.expr);
        }
        if let Some(condition) = &join.condition {
            conditions.push(self.condition(condition, scope, "JOIN")?);
        }
        for name in &join.using {
            let key = |side: &Resolved| {
                let found = side.output.iter().find(|attribute| same_name(&attribute.name, name, self.case_sensitive));
                found.cloned().ok_or_else(|| suggest::unresolved_column(std::slice::from_ref(name), &side.output, &None))
            };
            let item = |attribute: Attr| crate::expression::Item::new(attribute.typed(), attribute.name.clone());
            conditions.push(call("=", &item(key(left)?), &item(key(right)?))?.typed.expr);
        }
        Ok((conditions, distance.typed.expr))
    }
}

/// The expression itself, without the name it may have been given.
fn side(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Alias { expression, .. } => expression,
        _ => expr,
    }
}
