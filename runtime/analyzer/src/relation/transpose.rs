//! `transpose`: columns become rows. The values of the index column become the columns' names, so it runs the query so far.

use std::sync::Arc;

use arrow::array::AsArray;
use datafusion::logical_expr::{Expr as Physical, LogicalPlanBuilder, lit};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::{cast, coerce, collation, literal};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, Literal, Relation};

use crate::attribute::Attr;
use crate::resolved::{Resolved, filter, project};
use crate::resolver::{Analyzed, Resolver};
use crate::scope::Scope;

impl Resolver<'_> {
    /// Rows: one per column that is not the index, under `key`; columns: one per row, in the index's order.
    pub(super) fn transpose(&self, input: &Relation, index: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.unique(&self.relation(input, outer)?)?;
        let index = self.index_column(&resolved, index, outer)?;
        let others: Vec<Attr> = resolved.output.iter().filter(|attribute| attribute.column != index.column).cloned().collect();
        let context = self.context();
        let common = match others.is_empty() {
            true => DataType::Null,
            false => others[1..].iter().try_fold(others[0].data_type.clone(), |common, other| {
                coerce::wider_type_without_strings(&common, &other.data_type, context.ansi).ok_or_else(|| {
                    Error::new("TRANSPOSE_NO_LEAST_COMMON_TYPE")
                        .with("dt1", common.quoted())
                        .with("dt2", other.data_type.quoted())
                })
            })?,
        };
        let turned = self.index_values(&resolved, &index, &others, &common)?;
        let key = self.new_attribute("key", DataType::String, false);
        let mut output = vec![Arc::clone(&key)];
        output.extend(turned.iter().map(|(name, _)| self.new_attribute(name, common.clone(), true)));
        let mut rows = Vec::with_capacity(others.len());
        for (at, attribute) in others.iter().enumerate() {
            let mut row = vec![lit(attribute.name.clone())];
            for (_, values) in &turned {
                row.push(lit(literal::scalar(&values[at], &common)?));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            let plan = LogicalPlanBuilder::empty(false).build().map_err(from_datafusion)?;
            let nulls = output.iter().map(|attribute| Ok(literal::null(&attribute.data_type)?.expr.alias(&attribute.column)));
            let plan = project(plan, nulls.collect::<Result<_>>()?)?;
            return Ok(Resolved::new(plan, output));
        }
        let plan = LogicalPlanBuilder::values(rows).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        let columns = plan.schema().columns().into_iter().zip(&output);
        let named = columns.map(|(column, attribute)| Physical::Column(column).alias(&attribute.column)).collect();
        Ok(Resolved::new(project(plan, named)?, output))
    }

    fn index_column(&self, resolved: &Resolved, index: &[Expr], outer: Option<&Scope<'_>>) -> Result<Attr> {
        let invalid = |reason: String| Error::new("TRANSPOSE_INVALID_INDEX_COLUMN").with("reason", reason);
        let scope = Scope::over(resolved, outer, self.case_sensitive);
        let attribute = match index {
            [] => resolved.output.first().cloned().ok_or_else(|| invalid("there is no column".to_owned()))?,
            [one] => match self.plain_column(one, &scope)? {
                Some(attribute) => attribute,
                None => {
                    let item = self.expression(one, &scope)?;
                    return Err(invalid(format!("Index column must be a column of the input, not: {}", item.text)));
                }
            },
            _ => return Err(invalid("Multiple index columns are not supported".to_owned())),
        };
        match &attribute.data_type {
            DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::Variant | DataType::Null => {
                Err(invalid(format!("Index column must be of atomic type, but found: {}", attribute.data_type.scala_text())))
            }
            _ => Ok(attribute),
        }
    }

    /// The input's rows, ordered by index: each one's index as text, and its other values in the common type.
    fn index_values(
        &self,
        resolved: &Resolved,
        index: &Attr,
        others: &[Attr],
        common: &DataType,
    ) -> Result<Vec<(String, Vec<Literal>)>> {
        const ROWS_MAX: &str = "spark.sql.transposeMaxValues";
        let most = usize::try_from(self.environment.settings().number(ROWS_MAX)).unwrap_or(500);
        let context = self.context();
        let name = cast::cast(index.typed(), &DataType::String, context.mode(), &context)?;
        let mut columns = vec![name.expr.alias(self.fresh_column("index"))];
        let mut fields = vec![emberflow_plan::StructField::new("index", DataType::String, true)];
        for other in others {
            let value = cast::cast(other.typed(), common, context.mode(), &context)?;
            columns.push(value.expr.alias(self.fresh_column(&other.name)));
            fields.push(emberflow_plan::StructField::new(other.name.clone(), common.clone(), true));
        }
        let there = filter(resolved.plan.clone(), index.expr().is_not_null())?;
        let sorted = LogicalPlanBuilder::from(there)
            .sort(vec![collation::key(index.typed())?.expr.sort(true, true)])
            .and_then(|builder| builder.limit(0, Some(most + 1)))
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let plan = project(sorted, columns)?;
        let batches = self.environment.run_now(Analyzed { plan, schema: emberflow_plan::StructType::new(fields) })?;
        let mut rows = Vec::new();
        for batch in &batches {
            let names = batch.column(0).as_string::<i32>();
            for row in 0..batch.num_rows() {
                let values = (1..batch.num_columns()).map(|at| literal::of_row(batch.column(at), row, common));
                rows.push((names.value(row).to_owned(), values.collect::<Result<_>>()?));
            }
        }
        if rows.len() > most {
            return Err(Error::new("TRANSPOSE_EXCEED_ROW_LIMIT").with("maxValues", most.to_string()).with("config", ROWS_MAX));
        }
        Ok(rows)
    }
}
