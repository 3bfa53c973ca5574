//! ORDER BY, LIMIT, OFFSET.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as Physical, LogicalPlan, LogicalPlanBuilder, lit};
use emberflow_base::{Error, Result};
use emberflow_functions::collation;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, ExprKind, Literal, NullOrder, Relation, SortDirection, SortOrder};

use super::filter::reach;
use crate::aggregate::{Aggregated, has_aggregate};
use crate::expression::{Item, membership};
use crate::node::{Operation, PartitionNode};
use crate::resolved::{Hidden, Resolved};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn sort(
        &self,
        input: &Relation,
        orders: &[SortOrder],
        is_global: bool,
        all: Option<(SortDirection, NullOrder)>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let mut resolved = self.relation(input, outer)?;
        let orders = match all {
            Some((direction, nulls)) => order_by_all(&resolved, direction, nulls),
            None => orders.to_vec(),
        };
        let mut sorts: Vec<Sort> = Vec::with_capacity(orders.len());
        for order in &orders {
            let (expr, next) = self.order_expression(resolved, order, outer)?;
            resolved = next;
            if membership::is_predicate(&expr) {
                return Err(Error::new("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_IN_EXISTS_SUBQUERY")
                    .with("treeNode", "Sort"));
            }
            sorts.push(crate::expression::sort(expr, order));
        }
        let mut plan = resolved.plan.clone();
        for sort in &sorts {
            plan = reach(plan, &sort.expr)?;
        }
        let (plan, sorts) = self.sort_keys(plan, sorts)?;
        let plan = match is_global {
            true => LogicalPlan::Sort(datafusion::logical_expr::Sort { expr: sorts, input: Arc::new(plan), fetch: None }),
            false => PartitionNode::plan(plan, Operation::SortWithin(sorts))?,
        };
        Ok(Resolved { plan, ..resolved })
    }

    /// `sorts` over `plan`, which gets the columns they need that depend on the partition (`ORDER BY rand()`).
    pub(super) fn sort_keys(&self, plan: LogicalPlan, sorts: Vec<Sort>) -> Result<(LogicalPlan, Vec<Sort>)> {
        let keys = sorts.iter().map(|sort| sort.expr.clone()).collect();
        let (plan, keys) = self.with_partition_values(plan, keys)?;
        Ok((plan, sorts.into_iter().zip(keys).map(|(sort, expr)| Sort { expr, ..sort }).collect()))
    }

    /// One order: an ordinal, a column of the output, or anything that can still be reached below.
    fn order_expression(&self, resolved: Resolved, order: &SortOrder, outer: Option<&Scope<'_>>) -> Result<(Physical, Resolved)> {
        let child = strip_alias(&order.child);
        if let ExprKind::Literal(Literal::Int(ordinal)) = &child.kind
            && self.environment.settings().flag("spark.sql.orderByOrdinal")
        {
            let attribute = ordinal.checked_sub(1).and_then(|at| usize::try_from(at).ok()).and_then(|at| resolved.output.get(at));
            return match attribute {
                Some(attribute) => Ok((collation::key(attribute.typed())?.expr, resolved)),
                None => Err(suggest::at(
                    Error::new("ORDER_BY_POS_OUT_OF_RANGE")
                        .with("index", ordinal.to_string())
                        .with("size", resolved.output.len().to_string()),
                    &child.origin,
                )),
            };
        }
        if let Some(aggregated) = resolved.aggregated.clone() {
            return self.order_over_aggregate(resolved, aggregated, order, outer);
        }
        let item = {
            let scope = Scope::over(&resolved, outer, self.case_sensitive).with_hidden(resolved.hidden.clone());
            match self.expression(child, &scope) {
                // Two columns of that name come out, but only one went in: that one is meant.
                Err(error) if error.condition() == "AMBIGUOUS_REFERENCE" => {
                    let below = Scope { columns: Vec::new(), ..scope };
                    self.expression(child, &below).map_err(|_| match &child.kind {
                        ExprKind::Attribute { parts, plan_id: None, .. } => {
                            suggest::unresolved_column(parts, &resolved.output, &child.origin)
                        }
                        _ => error,
                    })?
                }
                other => other?,
            }
        };
        self.orderable(&item, order).map_err(|error| suggest::at(error, &child.origin))?;
        Ok((collation::key(item.typed)?.expr, resolved))
    }

    fn order_over_aggregate(
        &self,
        resolved: Resolved,
        aggregated: Arc<Aggregated>,
        order: &SortOrder,
        outer: Option<&Scope<'_>>,
    ) -> Result<(Physical, Resolved)> {
        let child = strip_alias(&order.child);
        let item = self.over_aggregate(&resolved, &aggregated, child, outer)?;
        self.orderable(&item, order).map_err(|error| suggest::at(error, &child.origin))?;
        let item = Item { typed: collation::key(item.typed)?, ..item };
        let in_output = |expr: &Physical| {
            expr.column_refs().iter().all(|column| resolved.output.iter().any(|attribute| attribute.column == column.name))
        };
        if !has_aggregate(&item.typed.expr) && in_output(&item.typed.expr) {
            return Ok((item.typed.expr, resolved));
        }
        let mut aggregated = (*aggregated).clone();
        let expr = self.through_selected(&mut aggregated, item.typed.expr.clone())?;
        let attribute = self.attribute_for("order", &item.typed, None);
        aggregated.select(expr, Arc::clone(&attribute));
        let plan = aggregated.plan(self)?;
        let hidden = Some(Arc::new(Hidden { attributes: vec![Arc::clone(&attribute)].into(), next: None }));
        Ok((attribute.expr(), Resolved { plan, hidden, aggregated: Some(Arc::new(aggregated)), ..resolved }))
    }

    fn orderable(&self, item: &Item, order: &SortOrder) -> Result<()> {
        match &item.typed.data_type {
            DataType::Map { .. } | DataType::Variant | DataType::CalendarInterval => {
                Err(Error::new("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE")
                    .with("sqlExpr", format!("\"{}\"", crate::expression::text::order(&item.text, order)))
                    .with("functionName", "`sortorder`")
                    .with("dataType", item.typed.data_type.quoted()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn limit(&self, input: &Relation, limit: &Expr, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let rows = self.row_count(limit, "limit", &resolved)?;
        self.limited(resolved, 0, Some(rows))
    }

    pub(super) fn offset(&self, input: &Relation, offset: &Expr, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let rows = self.row_count(offset, "offset", &resolved)?;
        self.limited(resolved, rows, None)
    }

    pub(crate) fn limited(&self, resolved: Resolved, skip: usize, fetch: Option<usize>) -> Result<Resolved> {
        let fetch = fetch.map(|rows| lit(rows as i64));
        let skip = (skip > 0).then(|| lit(skip as i64));
        let plan = LogicalPlanBuilder::from(resolved.plan.clone())
            .limit_by_expr(skip, fetch)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Resolved { plan, aggregated: None, ..resolved })
    }

    /// A number of rows: a constant integer that is not negative.
    fn row_count(&self, expr: &Expr, name: &str, input: &Resolved) -> Result<usize> {
        let invalid = |sub: &str, text: &str| {
            Error::new(format!("INVALID_LIMIT_LIKE_EXPRESSION.{sub}")).with("name", name).with("expr", format!("\"{text}\""))
        };
        let scope = Scope::over(input, None, self.case_sensitive);
        let item = self.expression(expr, &scope)?;
        if !item.typed.expr.column_refs().is_empty() {
            return Err(invalid("IS_UNFOLDABLE", &item.text));
        }
        if !matches!(item.typed.data_type, DataType::Byte | DataType::Short | DataType::Int) {
            return Err(invalid("DATA_TYPE", &item.text).with("dataType", item.typed.data_type.quoted()));
        }
        let value = self.constant(&item.typed.expr).map_err(|_| invalid("IS_UNFOLDABLE", &item.text))?;
        let number = match value {
            ScalarValue::Int8(Some(number)) => i64::from(number),
            ScalarValue::Int16(Some(number)) => i64::from(number),
            ScalarValue::Int32(Some(number)) => i64::from(number),
            _ => return Err(invalid("IS_NULL", &item.text)),
        };
        usize::try_from(number).map_err(|_| invalid("IS_NEGATIVE", &item.text).with("v", number.to_string()))
    }

    /// The value of an expression without columns.
    pub(crate) fn constant(&self, expr: &Physical) -> Result<ScalarValue> {
        crate::expression::constant(expr)
    }
}

fn strip_alias(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Alias { expression, .. } => strip_alias(expression),
        _ => expr,
    }
}

fn order_by_all(resolved: &Resolved, direction: SortDirection, nulls: NullOrder) -> Vec<SortOrder> {
    (1..=resolved.output.len())
        .map(|position| SortOrder { child: Expr::literal(Literal::Int(position as i32)), direction, nulls })
        .collect()
}
