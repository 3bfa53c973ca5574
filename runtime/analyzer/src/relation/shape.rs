//! How rows are laid out: repartitioning, hints, wide to long.

use std::sync::Arc;

use datafusion::logical_expr::{LogicalPlan, Partitioning, Repartition};
use emberflow_base::{Error, Result};
use emberflow_functions::{cast, coerce};
use emberflow_plan::tree::{Expr, ExprKind, Relation};

use crate::attribute::Attr;
use crate::expression::select::{Selected, passed_on};
use crate::resolved::{Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    pub(super) fn repartition(
        &self,
        input: &Relation,
        partitions: i32,
        shuffle: bool,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let count = partition_count(partitions)?;
        let _ = shuffle;
        Ok(partitioned(resolved, Partitioning::RoundRobinBatch(count)))
    }

    pub(super) fn repartition_by(
        &self,
        input: &Relation,
        expressions: &[Expr],
        partitions: Option<i32>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let count = match partitions {
            Some(partitions) => partition_count(partitions)?,
            None => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        };
        let scope = Scope::over(&resolved, outer, self.case_sensitive);
        let ranged = expressions.iter().any(|expr| matches!(expr.kind, ExprKind::SortOrder(_)));
        let keys = expressions.iter().map(|expr| Ok(self.expression(expr, &scope)?.typed.expr)).collect::<Result<Vec<_>>>()?;
        drop(scope);
        if ranged {
            // Rows with equal keys stay together and every partition holds one range: a total order cut into pieces.
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            let sorts = expressions
                .iter()
                .filter_map(|expr| match &expr.kind {
                    ExprKind::SortOrder(order) => Some(order),
                    _ => None,
                })
                .map(|order| Ok(crate::expression::sort(self.expression(&order.child, &scope)?.typed.expr, order)))
                .collect::<Result<Vec<_>>>()?;
            drop(scope);
            let plan = LogicalPlan::Sort(datafusion::logical_expr::Sort {
                expr: sorts,
                input: Arc::new(resolved.plan.clone()),
                fetch: None,
            });
            return Ok(Resolved { plan, aggregated: None, ..resolved });
        }
        Ok(partitioned(resolved, Partitioning::Hash(keys, count)))
    }

    /// Hints never change an answer; names nobody knows are only warned about.
    pub(super) fn hint(&self, input: &Relation, name: &str, parameters: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let _ = (name, parameters);
        self.relation(input, outer)
    }

    pub(super) fn unpivot(
        &self,
        input: &Relation,
        ids: &[Expr],
        values: Option<&[Expr]>,
        variable_name: &str,
        value_name: &str,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let scope = Scope::over(&resolved, outer, self.case_sensitive);
        let ids = self.plain_list(ids, &scope)?;
        let values = match values {
            Some(values) => self.plain_list(values, &scope)?,
            None => {
                let is_id = |attribute: &Attr| {
                    ids.iter().any(|id| id.attribute.as_ref().is_some_and(|column| column.column == attribute.column))
                };
                resolved.output.iter().filter(|attribute| !is_id(attribute)).cloned().map(passed_on).collect()
            }
        };
        drop(scope);
        if values.is_empty() {
            return Err(Error::new("UNPIVOT_REQUIRES_VALUE_COLUMNS"));
        }
        let context = self.context();
        let common =
            coerce::common_type(values.iter().map(|value| &value.item.typed.data_type), context.ansi).ok_or_else(|| {
                let types: Vec<String> =
                    values.iter().map(|value| format!("{} ({})", value.item.typed.data_type.quoted(), value.name)).collect();
                Error::new("UNPIVOT_VALUE_DATA_TYPE_MISMATCH").with("types", types.join(", "))
            })?;
        let nullable = values.iter().any(|value| value.item.typed.nullable);
        let mut output: Vec<Attr> = Vec::new();
        let mut made: Vec<Vec<datafusion::logical_expr::Expr>> = vec![Vec::new(); values.len()];
        for id in &ids {
            let attribute = self.attribute_for(&id.name, &id.item.typed, id.metadata.clone());
            for row in &mut made {
                row.push(id.item.typed.expr.clone().alias(&attribute.column));
            }
            output.push(attribute);
        }
        let variable = self.new_attribute(variable_name, emberflow_plan::DataType::String, false);
        let value_column = self.new_attribute(value_name, common.clone(), nullable);
        for (row, value) in made.iter_mut().zip(values) {
            row.push(datafusion::logical_expr::lit(value.name.clone()).alias(&variable.column));
            row.push(cast::cast(value.item.typed, &common, context.mode(), &context)?.expr.alias(&value_column.column));
        }
        output.extend([variable, value_column]);
        let inputs = made.into_iter().map(|row| project(resolved.plan.clone(), row).map(Arc::new)).collect::<Result<Vec<_>>>()?;
        let plan = if let [only] = &inputs[..] {
            (**only).clone()
        } else {
            let union = datafusion::logical_expr::Union::try_new(inputs).map_err(emberflow_functions::errors::from_datafusion)?;
            LogicalPlan::Union(union)
        };
        Ok(Resolved::new(plan, output))
    }

    fn plain_list(&self, list: &[Expr], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        self.select_list(list, scope)?
            .into_iter()
            .map(|element| match element {
                crate::expression::select::Element::Column(selected) => Ok(selected),
                crate::expression::select::Element::Generator { .. } => Err(Error::unsupported("a generator here")),
            })
            .collect()
    }
}

fn partition_count(partitions: i32) -> Result<usize> {
    usize::try_from(partitions).ok().filter(|count| *count > 0).ok_or_else(|| {
        Error::new("INVALID_PARTITION_COUNT").text(format!("The number of partitions must be positive, not {partitions}."))
    })
}

fn partitioned(resolved: Resolved, scheme: Partitioning) -> Resolved {
    let plan = LogicalPlan::Repartition(Repartition { input: Arc::new(resolved.plan.clone()), partitioning_scheme: scheme });
    Resolved { plan, aggregated: None, ..resolved }
}
