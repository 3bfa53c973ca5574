//! `select`: projections, with whatever their lists hide (aggregates, windows, generators).

use std::sync::Arc;

use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::logical_expr::{Expr as Physical, LogicalPlan, LogicalPlanBuilder};
use emberflow_base::{Error, Result};
use emberflow_functions::Typed;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::registry::Generated;
use emberflow_plan::tree::{Expr, Relation};
use emberflow_plan::{DataType, StructType};

use crate::aggregate::{Aggregated, has_aggregate, project_with_windows};
use crate::attribute::Attr;
use crate::expression::Item;
use crate::expression::select::{Element, Selected};
use crate::resolved::{Hidden, Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    pub(super) fn project(&self, input: Option<&Relation>, expressions: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let input = match input {
            Some(input) => self.relation(input, outer)?,
            None => self.one_row()?,
        };
        let scope = Scope::over(&input, outer, self.case_sensitive);
        let elements = self.select_list(expressions, &scope)?;
        drop(scope);
        let input = input.with_metadata_for(elements.iter().map(|element| match element {
            Element::Column(selected) => &selected.item.typed.expr,
            Element::Generator { generated, .. } => &generated.list.expr,
        }))?;
        self.project_elements(input, elements)
    }

    /// One row without columns.
    pub(crate) fn one_row(&self) -> Result<Resolved> {
        let plan = LogicalPlanBuilder::empty(true).build().map_err(from_datafusion)?;
        Ok(Resolved::new(plan, Vec::new()))
    }

    fn project_elements(&self, input: Resolved, elements: Vec<Element>) -> Result<Resolved> {
        let aggregates = elements.iter().any(|element| match element {
            Element::Column(selected) => has_aggregate(&selected.item.typed.expr),
            Element::Generator { generated, .. } => has_aggregate(&generated.list.expr),
        });
        if aggregates {
            let columns = columns_only(elements)?;
            return self.finish_aggregate(Aggregated::new(input, Vec::new(), None), columns);
        }
        let (input, selected) = self.unroll(input, elements)?;
        self.project_selected(input, selected)
    }

    /// A projection of `selected` over `input`.
    pub(crate) fn project_selected(&self, input: Resolved, selected: Vec<Selected>) -> Result<Resolved> {
        let columns: Vec<(Physical, Attr)> = selected.into_iter().map(|selected| self.output_column(selected)).collect();
        let (below, stacked) = input.to_project()?;
        let plan = project_with_windows(self, below, &columns)?;
        let output: Vec<Attr> = columns.into_iter().map(|(_, attribute)| attribute).collect();
        let hidden = Hidden { attributes: Arc::clone(&input.output), next: input.hidden };
        Ok(Resolved {
            plan,
            output: output.into(),
            hidden: Some(Arc::new(hidden)),
            qualified_only: Vec::new(),
            metadata: input.metadata,
            plan_ids: input.plan_ids,
            aggregated: None,
            stacked,
        })
    }

    /// The expression and attribute of a selected column; a column passed on keeps its identity.
    pub(crate) fn output_column(&self, selected: Selected) -> (Physical, Attr) {
        match selected.attribute {
            Some(attribute) => (attribute.expr(), attribute),
            None => {
                let attribute = self.attribute_for(&selected.name, &selected.item.typed, selected.metadata);
                (selected.item.typed.expr, attribute)
            }
        }
    }

    /// Puts a select list on top of an aggregate.
    pub(crate) fn finish_aggregate(&self, mut aggregated: Aggregated, selected: Vec<Selected>) -> Result<Resolved> {
        if !aggregated.input.metadata.is_empty() {
            let groups = aggregated.groups.iter().map(|(group, _)| group);
            let all = groups.chain(selected.iter().map(|selected| &selected.item.typed.expr));
            aggregated.input = aggregated.input.clone().with_metadata_for(all)?;
        }
        let mut output = Vec::with_capacity(selected.len());
        for selected in selected {
            let passed = selected.attribute.clone();
            let (expr, attribute) = self.output_column(selected);
            let expr = aggregated.rewrite(self, expr)?;
            // A grouping by a computed column keeps nullability of its own: ROLLUP and its like make it null.
            let attribute = match (&passed, &aggregated.sets) {
                (Some(column), Some(_)) => column.as_nullable(),
                _ => attribute,
            };
            aggregated.select(expr, Arc::clone(&attribute));
            output.push(attribute);
        }
        let plan = aggregated.plan(self)?;
        let input_ids = aggregated.input.plan_ids.clone();
        Ok(Resolved {
            plan,
            output: output.into(),
            hidden: None,
            qualified_only: Vec::new(),
            metadata: Vec::new(),
            plan_ids: input_ids,
            aggregated: Some(Arc::new(aggregated)),
            stacked: 0,
        })
    }

    /// Unrolls the generators of a select list below the projection; several give every combination.
    fn unroll(&self, input: Resolved, elements: Vec<Element>) -> Result<(Resolved, Vec<Selected>)> {
        let mut input = input;
        let mut selected = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::Column(column) => selected.push(column),
                Element::Generator { generated, names } => {
                    let (unrolled, columns) = self.unnest(input, generated, &names)?;
                    input = unrolled;
                    selected.extend(columns.into_iter().map(crate::expression::select::passed_on));
                }
            }
        }
        Ok((input, selected))
    }

    /// `input` with the generator's columns beside its own; `names` rename them.
    pub(crate) fn unnest(&self, input: Resolved, generated: Generated, names: &[String]) -> Result<(Resolved, Vec<Attr>)> {
        let Generated { list, columns, with_position, outer } = generated;
        let columns = generator_columns(columns, with_position, names)?;
        let list_column = self.fresh_column("generated");
        let mut carried: Vec<Physical> = input.plan.schema().columns().into_iter().map(Physical::Column).collect();
        carried.push(list.expr.clone().alias(&list_column));
        let position_column = self.fresh_column("pos");
        let mut unnested = vec![Column::new_unqualified(&list_column)];
        if with_position {
            carried.push(positions(&list).alias(&position_column));
            unnested.push(Column::new_unqualified(&position_column));
        }
        let plan = project(input.plan.clone(), carried)?;
        let handling = if outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let options = UnnestOptions::new().with_null_handling(handling);
        let plan = LogicalPlanBuilder::from(plan)
            .unnest_columns_with_options(unnested, options)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let (plan, made) = self.generated_columns(plan, &list, &list_column, &position_column, columns, with_position, outer)?;
        Ok((Resolved { plan, ..input }, made))
    }

    #[allow(clippy::too_many_arguments)]
    fn generated_columns(
        &self,
        plan: LogicalPlan,
        list: &Typed,
        list_column: &str,
        position_column: &str,
        columns: Vec<(String, DataType, bool)>,
        with_position: bool,
        outer: bool,
    ) -> Result<(LogicalPlan, Vec<Attr>)> {
        let element = Physical::Column(Column::new_unqualified(list_column));
        let fields = match &list.data_type {
            DataType::Array { element, .. } => match &**element {
                DataType::Struct(StructType { fields }) if fields.len() + usize::from(with_position) == columns.len() => {
                    Some(fields.clone())
                }
                _ => None,
            },
            _ => None,
        };
        let single = columns.len() == 1 + usize::from(with_position);
        let mut expressions: Vec<Physical> = plan.schema().columns().into_iter().map(Physical::Column).collect();
        let mut made = Vec::with_capacity(columns.len());
        for (position, (name, data_type, nullable)) in columns.into_iter().enumerate() {
            let attribute = self.new_attribute(&name, data_type.clone(), nullable || outer);
            let expr = match position.checked_sub(usize::from(with_position)) {
                None => Physical::Column(Column::new_unqualified(position_column)),
                Some(_) if single => element.clone(),
                Some(field) => match fields.as_ref().and_then(|fields| fields.get(field)) {
                    Some(field) => datafusion::functions::core::expr_fn::get_field(element.clone(), field.name.clone()),
                    None => return Err(Error::internal("a generator's columns do not match its rows")),
                },
            };
            expressions.push(expr.alias(&attribute.column));
            made.push(attribute);
        }
        Ok((project(plan, expressions)?, made))
    }

    pub(super) fn subquery_alias(
        &self,
        input: &Relation,
        alias: &str,
        qualifier: &[String],
        columns: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let resolved = if columns.is_empty() { resolved } else { self.renamed(resolved, columns)? };
        let mut full = qualifier.to_vec();
        full.push(alias.to_owned());
        let still_named = |attribute: &Attr| {
            if attribute.qualified_only { Arc::clone(attribute) } else { attribute.with_qualifier(full.clone()) }
        };
        let metadata = match columns.is_empty() {
            true => resolved.metadata.iter().map(still_named).collect(),
            false => resolved.nameless_metadata(),
        };
        Ok(Resolved { metadata, ..qualified(resolved, full) })
    }

    /// All columns renamed by position.
    pub(crate) fn renamed(&self, resolved: Resolved, names: &[String]) -> Result<Resolved> {
        if names.len() != resolved.output.len() {
            return Err(Error::new("ASSIGNMENT_ARITY_MISMATCH")
                .with("numExpr", names.len().to_string())
                .with("numTarget", resolved.output.len().to_string()));
        }
        let output: Vec<Attr> = resolved.output.iter().zip(names).map(|(attribute, name)| attribute.with_name(name)).collect();
        Ok(Resolved { output: output.into(), ..resolved }.forget_hidden())
    }
}

/// The same columns under another qualifier; what they were called before is forgotten.
pub(crate) fn qualified(resolved: Resolved, qualifier: Vec<String>) -> Resolved {
    let output: Vec<Attr> = resolved.output.iter().map(|attribute| attribute.with_qualifier(qualifier.clone())).collect();
    let metadata = resolved.nameless_metadata();
    Resolved { output: output.into(), qualified_only: Vec::new(), metadata, ..resolved }.forget_hidden()
}

/// The 0-based positions of a list's elements, as a list.
fn positions(list: &Typed) -> Physical {
    use datafusion::functions_nested::expr_fn::{array_length, range};
    use datafusion::logical_expr::{cast, lit};
    let length = cast(array_length(list.expr.clone()), arrow::datatypes::DataType::Int64);
    let numbers = range(lit(0i64), length, lit(1i64));
    cast(numbers, emberflow_functions::types::to_arrow(&DataType::array(DataType::Int, true)))
}

fn generator_columns(
    columns: Vec<(String, DataType, bool)>,
    with_position: bool,
    names: &[String],
) -> Result<Vec<(String, DataType, bool)>> {
    let mut all = Vec::with_capacity(columns.len() + 1);
    if with_position {
        all.push(("pos".to_owned(), DataType::Int, false));
    }
    all.extend(columns);
    if names.is_empty() {
        return Ok(all);
    }
    if names.len() != all.len() {
        return Err(Error::new("UDTF_ALIAS_NUMBER_MISMATCH")
            .with("aliasesSize", all.len().to_string())
            .with("aliasesNames", names.join(", ")));
    }
    Ok(all.into_iter().zip(names).map(|((_, data_type, nullable), name)| (name.clone(), data_type, nullable)).collect())
}

fn columns_only(elements: Vec<Element>) -> Result<Vec<Selected>> {
    elements
        .into_iter()
        .map(|element| match element {
            Element::Column(selected) => Ok(selected),
            Element::Generator { .. } => Err(Error::unsupported("a generator over aggregates in one SELECT")),
        })
        .collect()
}

/// A selected column for a plain value.
pub(crate) fn selected(name: &str, typed: Typed) -> Selected {
    Selected { item: Item::new(typed, name), name: name.to_owned(), metadata: None, attribute: None, aliased: true }
}
