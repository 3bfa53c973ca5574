//! WHERE, HAVING and `df.filter`.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::Expr as Physical;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::tree::{Expr, ExprKind, Origin, Relation};

use crate::aggregate::{Aggregated, has_aggregate, has_window};
use crate::expression::{Item, TextForm, membership, written_aggregates};
use crate::resolved::{Resolved, expose, filter};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn filter(
        &self,
        input: &Relation,
        condition: &Expr,
        origin: &Origin,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        if let Some(aggregated) = resolved.aggregated.clone() {
            return self.having(resolved, aggregated, condition, outer);
        }
        let scope = Scope::over(&resolved, outer, self.case_sensitive).with_hidden(resolved.hidden.clone());
        let item = self.expression(condition, &scope).map_err(|error| match error.condition() {
            "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS" => {
                let said = self.in_form(TextForm::Numbered, || self.expression(condition, &scope));
                let said = said.map_or_else(|_| String::new(), |item| item.text);
                Error::new("UNSUPPORTED_GENERATOR.OUTSIDE_SELECT").with("plan", format!("'Filter {said}"))
            }
            _ => error,
        })?;
        if has_aggregate(&item.typed.expr) {
            let called = written_aggregates(condition)
                .into_iter()
                .map(|call| Ok(self.in_form(TextForm::Qualified, || self.expression(call, &scope))?.text));
            let error = Error::new("INVALID_WHERE_CONDITION")
                .with("condition", format!("\"{}\"", item.text))
                .with("expressionList", called.collect::<Result<Vec<_>>>()?.join(", "));
            return Err(suggest::at(error, &self.whole_text()));
        }
        drop(scope);
        refuse_in_where(&item).map_err(|error| suggest::at(error, &condition.origin))?;
        // Of a query all of it is told.
        let place = if origin.is_some() { origin } else { &condition.origin };
        let condition = self.as_condition(item, "WHERE").map_err(|error| suggest::at(error, place))?;
        let condition = membership::in_condition(condition)?;
        let plan = reach(resolved.plan.clone(), &condition)?;
        let (plan, condition) = self.with_partition_values_of(plan, condition)?;
        Ok(Resolved { plan: filter(plan, condition)?, ..resolved })
    }

    /// A filter over an aggregate: it may use the output, the groupings and further aggregate calls.
    fn having(
        &self,
        resolved: Resolved,
        aggregated: Arc<Aggregated>,
        condition: &Expr,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let item = self.over_aggregate(&resolved, &aggregated, condition, outer)?;
        if !has_aggregate(&item.typed.expr) && self.only_output(&resolved, &item.typed.expr) {
            let condition = self.as_condition(item, "WHERE").map_err(|error| suggest::at(error, &condition.origin))?;
            let plan = filter(resolved.plan.clone(), condition)?;
            return Ok(Resolved { plan, aggregated: None, ..resolved });
        }
        let mut aggregated = (*aggregated).clone();
        let expr = self.as_condition(item, "HAVING").map_err(|error| suggest::at(error, &condition.origin))?;
        // Columns below the aggregate are out of sight, as if they were not there.
        let expr = self.through_selected(&mut aggregated, expr).map_err(|error| match error.parameter("expression") {
            Some(name) if error.condition() == "MISSING_AGGREGATION" => {
                let name = [name.trim_matches('"').to_owned()];
                suggest::unresolved_column(&name, &resolved.output, &origin_of(condition, &name[0]))
            }
            _ => error,
        })?;
        aggregated.havings.push(expr);
        let plan = aggregated.plan(self)?;
        Ok(Resolved { plan, aggregated: Some(Arc::new(aggregated)), ..resolved })
    }

    /// Resolves an expression above an aggregate: its output first, then what lies below it.
    pub(super) fn over_aggregate(
        &self,
        resolved: &Resolved,
        aggregated: &Aggregated,
        expr: &Expr,
        outer: Option<&Scope<'_>>,
    ) -> Result<Item> {
        let scope = Scope::over(resolved, outer, self.case_sensitive);
        if let Ok(item) = self.expression(expr, &scope)
            && !has_aggregate(&item.typed.expr)
        {
            return Ok(item);
        }
        let below = Scope::over(&aggregated.input, outer, self.case_sensitive);
        let both = Scope {
            hidden: Some(Arc::new(crate::resolved::Hidden { attributes: below.columns.clone().into(), next: None })),
            qualified_only: below.qualified_only.clone(),
            ..scope
        };
        // An aggregate call's arguments mean columns below; names outside of calls mean the output first.
        match self.expression(expr, &below) {
            Ok(item) => Ok(item),
            Err(_) => self.expression(expr, &both),
        }
    }

    fn only_output(&self, resolved: &Resolved, expr: &Physical) -> bool {
        expr.column_refs().iter().all(|column| resolved.output.iter().any(|attribute| attribute.column == column.name))
    }

    /// `expr` over the aggregate's own columns: selected columns are replaced by what they were made of.
    pub(super) fn through_selected(&self, aggregated: &mut Aggregated, expr: Physical) -> Result<Physical> {
        let groups: Vec<String> = aggregated.groups.iter().map(|(_, attribute)| attribute.column.clone()).collect();
        let mut made: Vec<(String, Physical)> = Vec::new();
        for column in expr.column_refs() {
            if !groups.contains(&column.name)
                && let Some(behind) = aggregated.behind(&column.name)
            {
                made.push((column.name.clone(), behind.clone()));
            }
        }
        // Selected columns stay untouched while calls and groupings are rewritten, then give way to what is behind them.
        let kept: Vec<(Physical, crate::attribute::Attr)> = made
            .iter()
            .filter_map(|(name, _)| aggregated.selected.iter().find(|(_, attribute)| attribute.column == *name))
            .map(|(_, attribute)| (attribute.expr(), Arc::clone(attribute)))
            .collect();
        let groups_before = aggregated.groups.len();
        aggregated.groups.extend(kept);
        let rewritten = aggregated.rewrite(self, expr);
        aggregated.groups.truncate(groups_before);
        let rewritten = rewritten?;
        rewritten
            .transform_up(|expr| {
                Ok(match &expr {
                    Physical::Column(column) => match made.iter().find(|(name, _)| *name == column.name) {
                        Some((_, behind)) => Transformed::yes(behind.clone()),
                        None => Transformed::no(expr),
                    },
                    _ => Transformed::no(expr),
                })
            })
            .map(|transformed| transformed.data)
            .map_err(from_datafusion)
    }
}

/// `plan`, made to carry every column that `expr` uses.
pub(super) fn reach(
    plan: datafusion::logical_expr::LogicalPlan,
    expr: &Physical,
) -> Result<datafusion::logical_expr::LogicalPlan> {
    let mut plan = plan;
    for column in expr.column_refs() {
        let name = column.name.clone();
        plan = expose(plan, &name).ok_or_else(|| Error::internal(format!("column {name} is out of reach")))?;
    }
    Ok(plan)
}

/// Where in `expr` a column of this name stands.
fn origin_of(expr: &Expr, name: &str) -> Origin {
    match &expr.kind {
        ExprKind::Attribute { parts, .. } => parts.last().filter(|last| *last == name).and(expr.origin.clone()),
        ExprKind::Function(call) => call.arguments.iter().find_map(|argument| origin_of(argument, name)),
        ExprKind::Cast { expression, .. } | ExprKind::Alias { expression, .. } => origin_of(expression, name),
        _ => None,
    }
}

fn refuse_in_where(item: &Item) -> Result<()> {
    if has_window(&item.typed.expr) {
        return Err(Error::new("WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE").with("clauseName", "WHERE"));
    }
    Ok(())
}
