//! What steps of a pipe may hold: EXTEND and SET no aggregates, AGGREGATE nothing else.
//!
//! Not here: what the steps do; each is one of the other relations.

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Expr, ExprKind, Relation, RelationKind};

use crate::aggregate::has_aggregate;
use crate::expression::{TextForm, written_aggregates};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn pipe_step(&self, step: &Relation, clause: &str, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        match &*step.kind {
            RelationKind::Project { input: Some(input), expressions } => {
                for expression in expressions.iter().flat_map(new_values) {
                    if let Some(call) = written_aggregates(expression).first() {
                        let below = self.relation(input, outer)?;
                        let said = self.expression(call, &Scope::over(&below, outer, self.case_sensitive))?.text;
                        let error = Error::new("PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION");
                        return Err(suggest::at(error.with("expr", said).with("clause", clause), &call.origin));
                    }
                }
            }
            RelationKind::Aggregate(aggregate) => {
                for expression in &aggregate.aggregates {
                    self.require_aggregate(without_name(expression), &aggregate.input, outer)?;
                }
            }
            _ => {}
        }
        self.relation(step, outer)
    }

    fn require_aggregate(&self, expression: &Expr, input: &Relation, outer: Option<&Scope<'_>>) -> Result<()> {
        if !written_aggregates(expression).is_empty() || matches!(expression.kind, ExprKind::Star { .. }) {
            return Ok(());
        }
        let below = self.relation(input, outer)?;
        let scope = Scope::over(&below, outer, self.case_sensitive);
        let item = self.in_form(TextForm::Numbered, || self.expression(expression, &scope))?;
        if has_aggregate(&item.typed.expr) {
            return Ok(());
        }
        let error = Error::new("PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION").with("expr", item.text);
        Err(suggest::at(error, &expression.origin))
    }
}

/// What a step computes: an expression, or what `*` has in the place of columns.
fn new_values(expression: &Expr) -> Vec<&Expr> {
    match &expression.kind {
        ExprKind::Star { replace, .. } => replace.iter().map(|alias| &alias.expression).collect(),
        _ => vec![without_name(expression)],
    }
}

fn without_name(expression: &Expr) -> &Expr {
    match &expression.kind {
        ExprKind::Alias { expression, .. } => without_name(expression),
        _ => expression,
    }
}
