//! `na.fill`, `na.drop`, `na.replace`.

use std::sync::Arc;

use emberflow_base::Result;
use emberflow_functions::cast;
use emberflow_plan::DataType;
use emberflow_plan::tree::{CastMode, Expr, ExprKind, Literal, Relation};

use crate::attribute::{Attr, same_name};
use crate::expression::Item;
use crate::expression::select::{Selected, passed_on};
use crate::resolved::{Resolved, filter};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn fill_na(
        &self,
        input: &Relation,
        columns: &[String],
        values: &[Literal],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        self.check_names(&resolved, columns)?;
        self.mapped(resolved, outer, |resolver, attribute| {
            let value = match (columns.is_empty(), values) {
                (true, [value]) => Some(value),
                (false, [value]) if resolver.named(attribute, columns).is_some() => Some(value),
                (false, values) => resolver.named(attribute, columns).and_then(|position| values.get(position)),
                _ => None,
            };
            let Some(value) = value.filter(|value| fills(value, &attribute.data_type)) else { return Ok(None) };
            let column =
                Expr::new(ExprKind::Attribute { parts: vec![attribute.name.clone()], plan_id: None, is_metadata_column: false });
            let filler = Expr::new(ExprKind::Cast {
                expression: Box::new(Expr::literal(value.clone())),
                target: attribute.data_type.clone(),
                mode: CastMode::Session,
            });
            let column = match attribute.data_type {
                DataType::Float | DataType::Double => {
                    Expr::call("nanvl", vec![column, Expr::literal(Literal::Null(attribute.data_type.clone()))])
                }
                _ => column,
            };
            Ok(Some(Expr::call("coalesce", vec![column, filler])))
        })
    }

    pub(super) fn drop_na(
        &self,
        input: &Relation,
        columns: &[String],
        min_non_nulls: Option<i32>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        self.check_names(&resolved, columns)?;
        let looked_at: Vec<Attr> = resolved
            .output
            .iter()
            .filter(|attribute| columns.is_empty() || self.named(attribute, columns).is_some())
            .cloned()
            .collect();
        let needed = min_non_nulls.map_or(looked_at.len() as i64, i64::from);
        let mut present: Option<datafusion::logical_expr::Expr> = None;
        let all = needed >= looked_at.len() as i64;
        for attribute in &looked_at {
            let there = is_there(attribute)?;
            present = Some(match (present, all) {
                (None, true) => there,
                (Some(before), true) => before.and(there),
                (None, false) => counted(there)?,
                (Some(before), false) => before + counted(there)?,
            });
        }
        let Some(present) = present else { return Ok(resolved) };
        let condition = if all { present } else { present.gt_eq(datafusion::logical_expr::lit(needed)) };
        let plan = filter(resolved.plan.clone(), condition)?;
        Ok(Resolved { plan, aggregated: None, ..resolved })
    }

    pub(super) fn replace(
        &self,
        input: &Relation,
        columns: &[String],
        replacements: &[(Literal, Literal)],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        self.check_names(&resolved, columns)?;
        self.mapped(resolved, outer, |resolver, attribute| {
            if !columns.is_empty() && resolver.named(attribute, columns).is_none() {
                return Ok(None);
            }
            let column = Expr::attribute([attribute.name.clone()]);
            let mut branches = Vec::new();
            for (old, new) in replacements.iter().filter(|(old, _)| replaces(old, &attribute.data_type)) {
                let target = attribute.data_type.clone();
                let cast = |value: &Literal| {
                    Expr::new(ExprKind::Cast {
                        expression: Box::new(Expr::literal(value.clone())),
                        target: target.clone(),
                        mode: CastMode::Session,
                    })
                };
                branches.push((Expr::call("<=>", vec![column.clone(), cast(old)]), cast(new)));
            }
            if branches.is_empty() {
                return Ok(None);
            }
            Ok(Some(Expr::new(ExprKind::Case { operand: None, branches, otherwise: Some(Box::new(column)) })))
        })
    }

    /// Replaces the columns for which `change` gives an expression, in place.
    fn mapped(
        &self,
        resolved: Resolved,
        outer: Option<&Scope<'_>>,
        change: impl Fn(&Self, &Attr) -> Result<Option<Expr>>,
    ) -> Result<Resolved> {
        let mut selected = Vec::with_capacity(resolved.output.len());
        for attribute in resolved.output.iter() {
            // Only this column is in scope: equal names elsewhere must not make it ambiguous.
            let mut scope = Scope::empty(outer, self.case_sensitive);
            scope.columns = vec![Arc::clone(attribute)];
            selected.push(match change(self, attribute)? {
                None => passed_on(Arc::clone(attribute)),
                Some(expr) => {
                    let item = self.expression(&expr, &scope)?;
                    let typed = cast::cast(item.typed, &attribute.data_type, self.context().mode(), &self.context())?;
                    let item = Item::new(typed, attribute.name.clone());
                    Selected {
                        item,
                        name: attribute.name.clone(),
                        metadata: attribute.metadata.clone(),
                        attribute: None,
                        aliased: true,
                    }
                }
            });
        }
        self.project_selected(resolved, selected)
    }

    fn named(&self, attribute: &Attr, columns: &[String]) -> Option<usize> {
        columns.iter().position(|name| same_name(name, &attribute.name, self.case_sensitive))
    }

    fn check_names(&self, resolved: &Resolved, columns: &[String]) -> Result<()> {
        for name in columns {
            let matching: Vec<Attr> = resolved
                .output
                .iter()
                .filter(|attribute| same_name(name, &attribute.name, self.case_sensitive))
                .cloned()
                .collect();
            match matching.len() {
                0 => return Err(suggest::unresolved_among(name, &resolved.output)),
                1 => {}
                _ => return Err(suggest::ambiguous(std::slice::from_ref(name), &matching, &None)),
            }
        }
        Ok(())
    }
}

/// Whether a fill value suits a column.
fn fills(value: &Literal, data_type: &DataType) -> bool {
    match value {
        // As in Spark, those with a collation are no such columns.
        Literal::String(_) => data_type.is_string() && !data_type.is_collated(),
        Literal::Boolean(_) => *data_type == DataType::Boolean,
        _ => data_type.is_numeric(),
    }
}

fn replaces(old: &Literal, data_type: &DataType) -> bool {
    match old {
        Literal::Null(_) => true,
        other => fills(other, data_type),
    }
}

/// Neither null nor NaN.
fn is_there(attribute: &Attr) -> Result<datafusion::logical_expr::Expr> {
    let there = attribute.expr().is_not_null();
    Ok(match attribute.data_type {
        DataType::Float | DataType::Double => {
            let number = datafusion::functions::expr_fn::isnan(attribute.expr());
            there.and(datafusion::logical_expr::not(number))
        }
        _ => there,
    })
}

fn counted(there: datafusion::logical_expr::Expr) -> Result<datafusion::logical_expr::Expr> {
    use datafusion::logical_expr::{lit, when};
    when(there, lit(1i64)).otherwise(lit(0i64)).map_err(emberflow_functions::errors::from_datafusion)
}
