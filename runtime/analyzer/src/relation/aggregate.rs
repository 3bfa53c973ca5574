//! GROUP BY in all its forms, and pivot.

use std::sync::Arc;

use datafusion::logical_expr::Expr as Physical;
use emberflow_base::{Error, Result};
use emberflow_functions::Typed;
use emberflow_functions::cast::{self, EvalMode};
use emberflow_functions::collation;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;
use emberflow_plan::tree::{
    Aggregate, CastMode, Expr, ExprKind, FunctionCall, Grouping, GroupingElement, Literal, Origin, Relation,
};

use crate::aggregate::{Aggregated, has_aggregate, has_window};
use crate::attribute::{Attr, same_name};
use crate::expression::TextForm;
use crate::expression::select::{Element, Selected, passed_on};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

/// Groupings resolved: the expressions, which sets of them, and how each prints as a column.
struct Groups {
    columns: Vec<Selected>,
    sets: Option<Vec<Vec<usize>>>,
}

impl Resolver<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let by_window = super::time_window::with_column(aggregate);
        let aggregate = by_window.as_ref().unwrap_or(aggregate);
        let input = self.relation(&aggregate.input, outer)?;
        if let Grouping::Pivot { by, column, values } = &aggregate.grouping {
            return self.pivot(input, by, column, values.as_deref(), &aggregate.aggregates, outer);
        }
        let groups = {
            let scope = Scope::over(&input, outer, self.case_sensitive);
            self.groups(&aggregate.grouping, &aggregate.aggregates, &scope)?
        };
        let selected = {
            let scope = Scope::over(&input, outer, self.case_sensitive);
            let list = self.columns_of_list(&aggregate.aggregates, &scope)?;
            if aggregate.groupings_come_first { groups.columns.iter().map(copy).chain(list).collect() } else { list }
        };
        self.grouped(input, groups, selected)
    }

    fn grouped(&self, input: Resolved, groups: Groups, selected: Vec<Selected>) -> Result<Resolved> {
        let mut pairs: Vec<(Physical, Attr)> = Vec::with_capacity(groups.columns.len());
        let mut collated: Vec<(usize, Physical)> = Vec::new();
        for (position, column) in groups.columns.iter().enumerate() {
            let (expr, attribute) = self.output_column(copy(column));
            if column.item.typed.data_type.is_collated() {
                let key = collation::key(Typed { expr: expr.clone(), ..column.item.typed.clone() })?;
                let attribute = self.attribute_for("key", &key, None);
                collated.push((position, expr));
                pairs.push((key.expr, attribute));
                continue;
            }
            pairs.push((expr, attribute));
        }
        let mut aggregated = Aggregated::new(input, pairs, groups.sets);
        for (position, value) in collated {
            aggregated.show_first(self, position, value)?;
        }
        self.finish_aggregate(aggregated, selected)
    }

    fn columns_of_list(&self, list: &[Expr], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        self.select_list(list, scope)?
            .into_iter()
            .map(|element| match element {
                Element::Column(selected) => Ok(selected),
                Element::Generator { .. } => Err(Error::unsupported("a generator in an aggregate's list")),
            })
            .collect()
    }

    fn groups(&self, grouping: &Grouping, list: &[Expr], scope: &Scope<'_>) -> Result<Groups> {
        let mut groups = Groups { columns: Vec::new(), sets: None };
        match grouping {
            Grouping::By(by) => {
                for expr in by {
                    for column in self.grouping_columns(expr, list, scope)? {
                        self.add_group(&mut groups, column)?;
                    }
                }
            }
            Grouping::Rollup(by) => {
                let all = self.group_positions(&mut groups, by, list, scope)?;
                groups.sets = Some(rollup(&all.into_iter().map(|position| vec![position]).collect::<Vec<_>>()));
            }
            Grouping::Cube(by) => {
                let all = self.group_positions(&mut groups, by, list, scope)?;
                groups.sets = Some(cube(&all.into_iter().map(|position| vec![position]).collect::<Vec<_>>()));
            }
            Grouping::Sets { by, sets } => {
                self.group_positions(&mut groups, by, list, scope)?;
                let sets = sets.iter().map(|set| self.group_positions(&mut groups, set, list, scope)).collect::<Result<_>>()?;
                groups.sets = Some(sets);
            }
            Grouping::Mixed(elements) => {
                let mut product: Vec<Vec<usize>> = vec![Vec::new()];
                for element in elements {
                    let sets = self.element_sets(&mut groups, element, list, scope)?;
                    product = product.iter().flat_map(|before| sets.iter().map(move |set| union_of(before, set))).collect();
                }
                let only_plain = elements.iter().all(|element| matches!(element, GroupingElement::Plain(_)));
                groups.sets = (!only_plain).then_some(product);
            }
            Grouping::All => {
                for column in self.columns_of_list(list, scope)? {
                    let expr = &column.item.typed.expr;
                    if !has_aggregate(expr) && !has_window(expr) && !expr.column_refs().is_empty() {
                        self.add_group(&mut groups, column)?;
                    }
                }
            }
            Grouping::Pivot { .. } => {}
        }
        Ok(groups)
    }

    fn element_sets(
        &self,
        groups: &mut Groups,
        element: &GroupingElement,
        list: &[Expr],
        scope: &Scope<'_>,
    ) -> Result<Vec<Vec<usize>>> {
        let parts = |this: &Self, groups: &mut Groups, elements: &[Vec<Expr>]| -> Result<Vec<Vec<usize>>> {
            elements.iter().map(|element| this.group_positions(groups, element, list, scope)).collect()
        };
        Ok(match element {
            GroupingElement::Plain(expr) => vec![self.group_positions(groups, std::slice::from_ref(expr), list, scope)?],
            GroupingElement::Set(exprs) => vec![self.group_positions(groups, exprs, list, scope)?],
            GroupingElement::Rollup(elements) => rollup(&parts(self, groups, elements)?),
            GroupingElement::Cube(elements) => cube(&parts(self, groups, elements)?),
            GroupingElement::Sets(elements) => {
                let mut all = Vec::new();
                for element in elements {
                    all.extend(self.element_sets(groups, element, list, scope)?);
                }
                all
            }
        })
    }

    fn group_positions(&self, groups: &mut Groups, by: &[Expr], list: &[Expr], scope: &Scope<'_>) -> Result<Vec<usize>> {
        let mut positions = Vec::with_capacity(by.len());
        for expr in by {
            for column in self.grouping_columns(expr, list, scope)? {
                positions.push(self.add_group(groups, column)?);
            }
        }
        Ok(positions)
    }

    fn add_group(&self, groups: &mut Groups, column: Selected) -> Result<usize> {
        if has_aggregate(&column.item.typed.expr) {
            return Err(Error::new("GROUP_BY_AGGREGATE").with("sqlExpr", column.item.text));
        }
        if let DataType::Variant = column.item.typed.data_type {
            return Err(Error::new("GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE")
                .with("sqlExpr", format!("\"{}\"", column.item.text))
                .with("dataType", column.item.typed.data_type.quoted()));
        }
        let same = |known: &Selected| known.item.typed.expr == column.item.typed.expr;
        if let Some(position) = groups.columns.iter().position(same) {
            return Ok(position);
        }
        groups.columns.push(column);
        Ok(groups.columns.len() - 1)
    }

    /// One entry of GROUP BY: an ordinal, a column, an alias of the select list, an expression, or a star.
    fn grouping_columns(&self, expr: &Expr, list: &[Expr], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        if let ExprKind::Literal(Literal::Int(ordinal)) = &expr.kind
            && self.environment.settings().flag("spark.sql.groupByOrdinal")
        {
            return self.by_ordinal(*ordinal, expr, list, scope).map(|selected| vec![selected]);
        }
        let by_name = self.columns_of_list(std::slice::from_ref(expr), scope);
        match by_name {
            Ok(columns) => Ok(columns),
            Err(error) if self.environment.settings().flag("spark.sql.groupByAliases") => {
                match self.by_alias(expr, list, scope)? {
                    Some(selected) => Ok(vec![selected]),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn by_ordinal(&self, ordinal: i32, expr: &Expr, list: &[Expr], scope: &Scope<'_>) -> Result<Selected> {
        let columns = self.columns_of_list(list, scope)?;
        let size = columns.len();
        let out_of_range = || {
            let error = Error::new("GROUP_BY_POS_OUT_OF_RANGE").with("index", ordinal.to_string()).with("size", size.to_string());
            suggest::at(error, &expr.origin)
        };
        let at = ordinal.checked_sub(1).and_then(|at| usize::try_from(at).ok()).ok_or_else(out_of_range)?;
        let selected = columns.into_iter().nth(at).ok_or_else(out_of_range)?;
        if has_aggregate(&selected.item.typed.expr) {
            return Err(suggest::at(
                Error::new("GROUP_BY_POS_AGGREGATE")
                    .with("index", ordinal.to_string())
                    .with("aggExpr", format!("{} AS {}", selected.item.text, emberflow_plan::types::quote(&selected.name))),
                &expr.origin,
            ));
        }
        Ok(selected)
    }

    fn by_alias(&self, expr: &Expr, list: &[Expr], scope: &Scope<'_>) -> Result<Option<Selected>> {
        let ExprKind::Attribute { parts, plan_id: None, .. } = &expr.kind else { return Ok(None) };
        let [name] = &parts[..] else { return Ok(None) };
        for item in list {
            if let ExprKind::Alias { expression, names, .. } = &item.kind
                && let [alias] = &names[..]
                && same_name(alias, name, self.case_sensitive)
            {
                let item = self.expression(expression, scope)?;
                return Ok(Some(Selected { item, name: alias.clone(), metadata: None, attribute: None, aliased: true }));
            }
        }
        Ok(None)
    }

    /// Pivot: one column per value and aggregate, each aggregate seeing only the rows with that value.
    fn pivot(
        &self,
        input: Resolved,
        by: &[Expr],
        column: &Expr,
        values: Option<&[Expr]>,
        aggregates: &[Expr],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let values = match values {
            Some(values) => values.to_vec(),
            None => self.distinct_values(&input, column, outer)?,
        };
        let (groups, selected) = {
            let scope = Scope::over(&input, outer, self.case_sensitive);
            let groups = self.groups(&Grouping::By(by.to_vec()), &[], &scope)?;
            let mut selected: Vec<Selected> = groups.columns.iter().map(copy).collect();
            for value in &values {
                for aggregate in aggregates {
                    selected.push(self.pivoted(column, value, aggregate, aggregates.len() == 1, &scope)?);
                }
            }
            (groups, selected)
        };
        self.grouped(input, groups, selected)
    }

    /// `aggregate FILTER (WHERE column <=> value)` under the name pivot gives it.
    fn pivoted(&self, column: &Expr, value: &Expr, aggregate: &Expr, single: bool, scope: &Scope<'_>) -> Result<Selected> {
        let (value, value_name) = match &value.kind {
            ExprKind::Alias { expression, names, .. } => ((**expression).clone(), names.first().cloned()),
            _ => (value.clone(), None),
        };
        let value_name = match (value_name, &value.kind) {
            (Some(name), _) => name,
            (None, ExprKind::Literal(literal)) => crate::expression::text::plain(literal, self.context().time_zone),
            (None, _) => self.shown_constant(&value, scope)?,
        };
        let (inner, alias) = match &aggregate.kind {
            ExprKind::Alias { expression, names, .. } => ((**expression).clone(), names.first().cloned()),
            _ => (aggregate.clone(), None),
        };
        let plain = self.expression(&inner, scope)?;
        if let Some(column) = self.beside_aggregates(&inner, scope)? {
            return Err(Error::new("_LEGACY_ERROR_TEMP_1006").with("sql", &column).text(format!(
                "Aggregate expression required for pivot, but '{column}' did not appear in any aggregate function."
            )));
        }
        if !has_aggregate(&plain.typed.expr) {
            let text = format!("Aggregate expression required for pivot, but '{}' is none.", plain.text);
            return Err(Error::new("_LEGACY_ERROR_TEMP_1006").with("sql", &plain.text).text(text));
        }
        let condition = Expr::call("<=>", vec![column.clone(), value]);
        let mut item = self.expression(&filtered(inner, &condition), scope)?;
        if !item.typed.nullable {
            // A count of no rows is 0, but a cell of no rows is null.
            let rows = filtered(Expr::call("count", vec![Expr::literal(Literal::Int(1))]), &condition);
            let any = self.expression(&rows, scope)?.typed.expr.gt(datafusion::logical_expr::lit(0i64));
            let present = datafusion::logical_expr::when(any, item.typed.expr).end();
            item.typed.expr = present.map_err(emberflow_functions::errors::from_datafusion)?;
        }
        let name = match (single, alias) {
            (true, _) => value_name,
            (false, Some(alias)) => format!("{value_name}_{alias}"),
            (false, None) => format!("{value_name}_{}", plain.text),
        };
        let item = crate::expression::Item::new(Typed { nullable: true, ..item.typed }, item.text);
        Ok(Selected { item, name, metadata: None, attribute: None, aliased: true })
    }

    /// How CAST to STRING prints a constant.
    fn shown_constant(&self, value: &Expr, scope: &Scope<'_>) -> Result<String> {
        let typed = self.expression(value, scope)?.typed;
        let shown = cast::cast(typed, &DataType::String, EvalMode::Legacy, &self.context())?;
        Ok(match crate::expression::constant(&shown.expr)?.try_as_str().flatten() {
            Some(text) => text.to_owned(),
            None => "null".to_owned(),
        })
    }

    /// A column of the input that an expression uses outside of aggregate calls.
    fn beside_aggregates(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Option<String>> {
        let inner: Vec<&Expr> = match &expr.kind {
            ExprKind::Attribute { .. } => {
                return self.in_form(TextForm::Qualified, || self.expression(expr, scope)).map(|item| Some(item.text));
            }
            ExprKind::Function(call) if is_aggregate(call) => return Ok(None),
            ExprKind::Function(call) => call.arguments.iter().collect(),
            ExprKind::Cast { expression, .. } | ExprKind::Alias { expression, .. } => vec![expression],
            _ => return Ok(None),
        };
        for expr in inner {
            if let Some(column) = self.beside_aggregates(expr, scope)? {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    /// SQL's values are constants in the type of the pivoted column, under the names they have as they were written.
    fn pivot_values(&self, column: &Expr, values: &[Expr], origin: &Origin, scope: &Scope<'_>) -> Result<Vec<Expr>> {
        let target = self.expression(column, scope)?.typed.data_type;
        let checked = |value: &Expr| {
            let (inner, name) = match &value.kind {
                ExprKind::Alias { expression, names, .. } => (&**expression, names.first().cloned()),
                _ => (value, None),
            };
            let item = self.expression(inner, scope)?;
            if !item.typed.expr.column_refs().is_empty() {
                return Err(Error::new("NON_LITERAL_PIVOT_VALUES").with("expression", format!("\"{}\"", item.text)));
            }
            let context = self.context();
            if cast::check_cast(&item.text, &item.typed.data_type, &target, context.mode()).is_err() {
                return Err(Error::new("PIVOT_VALUE_DATA_TYPE_MISMATCH")
                    .with("value", item.text)
                    .with("valueType", item.typed.data_type.simple_string())
                    .with("pivotType", target.simple_string()));
            }
            let name = match (name, &inner.kind) {
                (Some(name), _) => name,
                (None, ExprKind::Literal(literal)) => crate::expression::text::plain(literal, context.time_zone),
                (None, _) => self.shown_constant(inner, scope)?,
            };
            if item.typed.data_type == target {
                return Ok(inner.clone().alias(name));
            }
            let typed = cast::cast(item.typed, &target, context.mode(), &context)?;
            let Ok(constant) = crate::expression::constant(&typed.expr) else {
                // What does not fit fails when it is computed, and is told of all of PIVOT.
                let kind =
                    ExprKind::Cast { expression: Box::new(inner.clone()), target: target.clone(), mode: CastMode::Session };
                return Ok(Expr::new(kind).with_origin(origin.clone()).alias(name));
            };
            let constant = constant.to_array().map_err(from_datafusion)?;
            Ok(Expr::literal(emberflow_functions::literal::of_row(&constant, 0, &target)?).alias(name))
        };
        values.iter().map(checked).collect()
    }

    /// The distinct values of a column, sorted: runs the query so far.
    fn distinct_values(&self, input: &Resolved, column: &Expr, outer: Option<&Scope<'_>>) -> Result<Vec<Expr>> {
        let scope = Scope::over(input, outer, self.case_sensitive);
        let item = self.expression(column, &scope)?;
        drop(scope);
        let most = usize::try_from(self.environment.settings().number("spark.sql.pivotMaxValues")).unwrap_or(10_000);
        let data_type = item.typed.data_type.clone();
        let selected = Selected { item, name: "value".into(), metadata: None, attribute: None, aliased: true };
        let values = self.project_selected(input.clone(), vec![selected])?;
        let rows = self.distinct_sorted(values, most + 1)?;
        let mut values = Vec::new();
        for batch in rows {
            for row in 0..batch.num_rows() {
                values.push(Expr::literal(emberflow_functions::literal::of_row(batch.column(0), row, &data_type)?));
            }
        }
        if values.len() > most {
            return Err(Error::new("TOO_MANY_PIVOT_VALUES").text(format!(
                "The pivot column has more than {most} values; give the values, or raise spark.sql.pivotMaxValues."
            )));
        }
        Ok(values)
    }

    fn distinct_sorted(&self, values: Resolved, most: usize) -> Result<Vec<arrow::array::RecordBatch>> {
        use datafusion::logical_expr::LogicalPlanBuilder;
        let key = collation::key(values.output[0].typed())?.expr;
        let plan = LogicalPlanBuilder::from(super::distinct::distinct(values.exact()?, &values.output)?)
            .sort(vec![key.sort(true, true)])
            .and_then(|builder| builder.limit(0, Some(most)))
            .and_then(LogicalPlanBuilder::build)
            .map_err(emberflow_functions::errors::from_datafusion)?;
        let schema = values.schema();
        self.environment.run_now(crate::Analyzed { plan, schema })
    }

    /// SQL's PIVOT: groups by every column that is neither pivoted nor aggregated.
    pub(super) fn sql_pivot(
        &self,
        input: &Relation,
        aggregates: &[Expr],
        columns: &[Expr],
        values: &[Expr],
        origin: &Origin,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let input = self.relation(input, outer)?;
        let column = match columns {
            [column] => column.clone(),
            several => Expr::call("struct", several.to_vec()),
        };
        let (by, values): (Vec<Expr>, Vec<Expr>) = {
            let scope = Scope::over(&input, outer, self.case_sensitive);
            let values = self.pivot_values(&column, values, origin, &scope)?;
            scope.seen.take();
            for expr in aggregates.iter().chain(columns) {
                self.expression(expr, &scope)?;
            }
            let used = scope.seen.take();
            let by = input
                .output
                .iter()
                .filter(|attribute| !used.contains(&attribute.column))
                .map(|attribute| Expr::attribute([attribute.name.clone()]))
                .collect();
            (by, values)
        };
        self.pivot(input, &by, &column, Some(&values), aggregates, outer)
    }
}

/// The expression with a filter on every function call at its top.
fn filtered(expr: Expr, condition: &Expr) -> Expr {
    match expr.kind {
        ExprKind::Function(call) if is_aggregate(&call) => {
            let filter = match call.filter {
                Some(before) => Expr::call("and", vec![*before, condition.clone()]),
                None => condition.clone(),
            };
            Expr { kind: ExprKind::Function(FunctionCall { filter: Some(Box::new(filter)), ..call }), origin: expr.origin }
        }
        ExprKind::Function(call) => {
            let arguments = call.arguments.into_iter().map(|argument| filtered(argument, condition)).collect();
            Expr { kind: ExprKind::Function(FunctionCall { arguments, ..call }), origin: expr.origin }
        }
        ExprKind::Cast { expression, target, mode } => {
            let expression = Box::new(filtered(*expression, condition));
            Expr { kind: ExprKind::Cast { expression, target, mode }, origin: expr.origin }
        }
        kind => Expr { kind, origin: expr.origin },
    }
}

fn is_aggregate(call: &FunctionCall) -> bool {
    use emberflow_functions::registry::{Kind, lookup};
    lookup(&call.bare()).is_some_and(|function| matches!(function.kind, Kind::Aggregate(_)))
}

/// `(a, b, c)`, `(a, b)`, `(a)`, `()`.
fn rollup(elements: &[Vec<usize>]) -> Vec<Vec<usize>> {
    (0..=elements.len()).rev().map(|length| elements[..length].concat()).collect()
}

/// Every subset, the fullest first.
fn cube(elements: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let count = elements.len();
    (0..1usize << count)
        .map(|left_out| {
            (0..count).filter(|at| left_out >> (count - 1 - at) & 1 == 0).flat_map(|at| elements[at].clone()).collect()
        })
        .collect()
}

fn union_of(before: &[usize], set: &[usize]) -> Vec<usize> {
    let mut all = before.to_vec();
    all.extend(set.iter().filter(|position| !before.contains(position)));
    all
}

fn copy(selected: &Selected) -> Selected {
    match &selected.attribute {
        Some(attribute) => passed_on(Arc::clone(attribute)),
        None => Selected {
            item: selected.item.clone(),
            name: selected.name.clone(),
            metadata: selected.metadata.clone(),
            attribute: None,
            aliased: selected.aliased,
        },
    }
}
