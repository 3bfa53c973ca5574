//! Wide to long.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use emberflow_base::{Error, Result};
use emberflow_functions::{cast, coerce};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, Relation};

use crate::attribute::Attr;
use crate::expression::select::{Selected, passed_on};
use crate::resolved::{Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
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
        // Of unknown columns, the first of those that become values is told.
        let told = values.map(|values| self.plain_list(values, &scope)).transpose()?;
        let ids = self.plain_list(ids, &scope)?;
        let values = match told {
            Some(values) => values,
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
        let is_text = |data_type: &DataType| matches!(data_type, DataType::String | DataType::Collated(_));
        let others = values.iter().map(|value| &value.item.typed.data_type).filter(|kind| !matches!(kind, DataType::Null));
        let (texts, others): (Vec<&DataType>, Vec<&DataType>) = others.partition(|data_type| is_text(data_type));
        // Nothing becomes text here, nor is text read.
        let common = match texts.is_empty() || others.is_empty() {
            true => coerce::common_type(values.iter().map(|value| &value.item.typed.data_type), context.ansi),
            false => None,
        };
        let common =
            common.ok_or_else(|| Error::new("UNPIVOT_VALUE_DATA_TYPE_MISMATCH").with("types", columns_by_type(&values)))?;
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

    pub(super) fn plain_list(&self, list: &[Expr], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        self.select_list(list, scope)?
            .into_iter()
            .map(|element| match element {
                crate::expression::select::Element::Column(selected) => Ok(selected),
                crate::expression::select::Element::Generator { .. } => Err(Error::unsupported("a generator here")),
            })
            .collect()
    }
}

/// `"INT" (`a`, `b`), "STRING" (`c`)`: at most three columns a type.
fn columns_by_type(columns: &[Selected]) -> String {
    const SHOWN_MAX: usize = 3;
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns {
        types.entry(column.item.typed.data_type.quoted()).or_default().push(emberflow_plan::types::quote(&column.name));
    }
    let shown = types.into_iter().map(|(data_type, mut names)| {
        names.sort();
        if names.len() > SHOWN_MAX {
            names.truncate(SHOWN_MAX);
            names.push("...".to_owned());
        }
        format!("{data_type} ({})", names.join(", "))
    });
    shown.collect::<Vec<_>>().join(", ")
}
