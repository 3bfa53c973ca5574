//! Sub-queries inside expressions: `(SELECT ..)`, `EXISTS (..)`, `x IN (SELECT ..)`.
//!
//! Columns of the query around become outer references; DataFusion's optimizer turns the whole into joins.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::{is_null, nullif};
use arrow::datatypes::Int64Type;
use datafusion::common::{Column, Spans, internal_err};
use datafusion::functions::core::expr_fn;
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{
    Expr as Physical, FetchType, Filter, LogicalPlan, LogicalPlanBuilder, Projection, Subquery as Lowered, lit,
};
use emberflow_base::{Error, Exception, Result};
use emberflow_functions::cast;
use emberflow_functions::errors::{from_datafusion, to_datafusion};
use emberflow_functions::types::to_arrow;
use emberflow_functions::udf::Kernel;
use emberflow_functions::{Typed, coerce, collation};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, Subquery, SubqueryKind};

use super::Item;
use super::extract::named_struct;
use crate::attribute::Attr;
use crate::resolved::{Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;

/// A column of the query around a sub-query.
pub(super) fn outer_reference(attribute: &Attr) -> Result<Physical> {
    let field = arrow::datatypes::Field::new(
        &attribute.column,
        emberflow_functions::types::to_arrow(&attribute.data_type),
        attribute.nullable,
    );
    Ok(Physical::OuterReferenceColumn(Arc::new(field), Column::new_unqualified(&attribute.column)))
}

impl Resolver<'_> {
    pub(super) fn subquery(&self, subquery: &Subquery, scope: &Scope<'_>) -> Result<Item> {
        let resolved = self.relation(&subquery.relation, Some(scope))?;
        match &subquery.kind {
            SubqueryKind::Scalar => self.scalar_subquery(&resolved, scope),
            SubqueryKind::Exists => {
                let plan = self.limits_per_row(without_limit(resolved.plan.clone()), scope.input())?;
                let expr = Physical::Exists(Exists { subquery: lowered(plan), negated: false });
                Ok(Item::new(Typed::new(expr, DataType::Boolean, false), format!("exists({})", outer_names(&resolved, scope))))
            }
            SubqueryKind::In(values) => {
                let plan = self.limits_per_row(resolved.plan.clone(), scope.input())?;
                self.in_subquery(values, &Resolved { plan, ..resolved }, scope)
            }
            SubqueryKind::TableArgument => Err(Error::unsupported("table arguments")),
        }
    }

    fn scalar_subquery(&self, resolved: &Resolved, scope: &Scope<'_>) -> Result<Item> {
        let [attribute] = &resolved.output[..] else {
            return Err(Error::new("INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN")
                .with("number", resolved.output.len().to_string()));
        };
        let data_type = attribute.data_type.clone();
        let said = format!("scalarsubquery({})", outer_names(resolved, scope));
        let expr = self.one_value(resolved.exact()?, &data_type, scope)?;
        Ok(Item::new(Typed::new(expr, data_type, true), said))
    }

    /// The value of a sub-query of one column. DataFusion asks of one over columns of the row around that it be an aggregate: so
    /// it gives the first of its rows and their number, and who has that row around sees whether there are more.
    fn one_value(&self, plan: LogicalPlan, data_type: &DataType, scope: &Scope<'_>) -> Result<Physical> {
        let is_correlated = !plan.all_out_ref_exprs().is_empty();
        let is_limited = plan.max_rows().is_some_and(|rows| rows <= 1);
        let columns = plan.schema().columns();
        let [column] = &columns[..] else { return Err(Error::internal("a scalar sub-query has one column")) };
        let lifted = self.limits_per_row(plan.clone(), scope.input())?;
        if !is_correlated || is_aggregate(&lifted) || is_limited && lifted == plan {
            return Ok(Physical::ScalarSubquery(lowered(lifted)));
        }
        let (first, rows) = (self.fresh_column("first"), self.fresh_column("rows"));
        let value = first_value(Physical::Column(column.clone()), Vec::new()).alias(&first);
        let aggregates = vec![value, count(lit(1_i64)).alias(&rows)];
        let aggregated = LogicalPlanBuilder::from(lifted).aggregate(Vec::<Physical>::new(), aggregates);
        let aggregated = aggregated.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        let both = [first, rows].into_iter().flat_map(|name| [lit(&name), Physical::Column(Column::from_name(name))]);
        let plan = project(aggregated, vec![expr_fn::named_struct(both.collect()).alias(self.fresh_column("both"))])?;
        Ok(only_row(data_type, Physical::ScalarSubquery(lowered(plan))))
    }

    fn in_subquery(&self, values: &[Expr], resolved: &Resolved, scope: &Scope<'_>) -> Result<Item> {
        let items = values.iter().map(|value| self.expression(value, scope)).collect::<Result<Vec<_>>>()?;
        let asked = match &items[..] {
            [item] => item.text.clone(),
            several => {
                let parts: Vec<String> = several.iter().map(|item| format!("'{0}', {0}", item.text)).collect();
                format!("named_struct({})", parts.join(", "))
            }
        };
        let said = format!("({asked} IN (listquery()))");
        if items.len() != resolved.output.len() {
            let list = |names: Vec<String>| names.join(", ");
            return Err(Error::new("DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH")
                .with("sqlExpr", format!("\"{said}\""))
                .with("leftLength", items.len().to_string())
                .with("rightLength", resolved.output.len().to_string())
                .with("leftColumns", list(items.iter().map(|item| format!("\"{}\"", item.text)).collect()))
                .with(
                    "rightColumns",
                    list(resolved.output.iter().map(|attribute| format!("\"{}\"", attribute.name)).collect()),
                ));
        }
        let nullable = items.iter().any(|item| item.typed.nullable) || resolved.output.iter().any(|attribute| attribute.nullable);
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (item, attribute) in items.into_iter().zip(resolved.output.iter()) {
            let (left, right) = self.same_type(item, attribute.typed(), &said)?;
            lefts.push(left);
            rights.push(right);
        }
        let (left, right) = if lefts.len() == 1 { (lefts.remove(0), rights.remove(0)) } else { (pack(lefts)?, pack(rights)?) };
        let is_correlated = !resolved.plan.all_out_ref_exprs().is_empty();
        let plan = match &right.expr {
            Physical::Column(_) if !is_correlated => resolved.exact()?,
            _ => project(resolved.plan.clone(), vec![right.expr.clone().alias(self.fresh_column("in"))])?,
        };
        // DataFusion tells the sub-query's column from the query's by its qualifier when it makes a mark join; it pulls no
        // columns out of a sub-query through such a name, so a correlated one has a column of its own instead.
        let plan = match is_correlated {
            true => plan,
            false => {
                let named = LogicalPlanBuilder::from(plan).alias(self.fresh_column("in")).and_then(LogicalPlanBuilder::build);
                named.map_err(from_datafusion)?
            }
        };
        let subquery = lowered(plan);
        let expr = Physical::InSubquery(InSubquery { expr: Box::new(left.expr), subquery, negated: false });
        Ok(Item::new(Typed::new(expr, DataType::Boolean, nullable), said))
    }

    fn same_type(&self, left: Item, right: Typed, said: &str) -> Result<(Typed, Typed)> {
        let context = self.context();
        let Item { typed, text } = left;
        let (left, right) = collation::settled_pair(typed, right, said)?;
        let left = Item::new(left, text);
        let Some(common) = coerce::wider_type(&left.typed.data_type, &right.data_type, context.ansi) else {
            return Err(Error::new("DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH")
                .with("sqlExpr", format!("\"{said}\""))
                .with("mismatchedColumns", format!("(\"{}\")", left.text))
                .with("leftType", left.typed.data_type.quoted())
                .with("rightType", right.data_type.quoted()));
        };
        let mode = context.mode();
        let key = |typed| cast::cast(typed, &common, mode, &context).and_then(collation::key);
        Ok((key(left.typed)?, key(right)?))
    }
}

/// Whether DataFusion takes the plan for one that has a row for each row around.
fn is_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(_) => true,
        LogicalPlan::Projection(Projection { input, .. }) | LogicalPlan::Filter(Filter { input, .. }) => is_aggregate(input),
        LogicalPlan::SubqueryAlias(alias) => is_aggregate(&alias.input),
        _ => false,
    }
}

/// The value of a sub-query's only row, of a struct with the value of its first row and their number.
fn only_row(data_type: &DataType, both: Physical) -> Physical {
    let kernel = Kernel::new("only_row", to_arrow(data_type), true).run_arrays(|arrays| {
        let [both] = arrays else { return internal_err!("one sub-query") };
        let [value, rows] = both.as_struct().columns() else { return internal_err!("a value and a number of rows") };
        match rows.as_primitive::<Int64Type>().iter().any(|rows| rows > Some(1)) {
            true => Err(to_datafusion(Error::new("SCALAR_SUBQUERY_TOO_MANY_ROWS").exception_class(Exception::Runtime))),
            false => Ok(nullif(value, &is_null(both)?)?),
        }
    });
    kernel.fallible_if(true).call(vec![both])
}

/// Whether there is a row is not a question of how many there may be at most.
fn without_limit(plan: LogicalPlan) -> LogicalPlan {
    match plan {
        LogicalPlan::Limit(limit)
            if limit.skip.is_none() && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(1..)))) =>
        {
            without_limit(Arc::unwrap_or_clone(limit.input))
        }
        other => other,
    }
}

/// The columns of the query around that a sub-query uses, as its text lists them.
fn outer_names(resolved: &Resolved, scope: &Scope<'_>) -> String {
    let mut names: Vec<String> = Vec::new();
    for expr in resolved.plan.all_out_ref_exprs() {
        let Physical::OuterReferenceColumn(_, column) = &expr else { continue };
        let known = scope.columns.iter().find(|attribute| attribute.column == column.name);
        if let Some(attribute) = known
            && !names.contains(&attribute.name)
        {
            names.push(attribute.name.clone());
        }
    }
    names.join(", ")
}

fn pack(values: Vec<Typed>) -> Result<Typed> {
    named_struct(values.into_iter().enumerate().map(|(position, typed)| (format!("_{position}"), typed)).collect(), None)
}

/// DataFusion's node for a sub-query, with the outer columns it uses.
pub(crate) fn lowered(plan: LogicalPlan) -> Lowered {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Lowered { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }
}
