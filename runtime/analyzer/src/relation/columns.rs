//! Columns added, replaced, renamed, dropped, reordered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNode;
use emberflow_base::{Error, Result};
use emberflow_functions::cast::{self, EvalMode};
use emberflow_plan::tree::{Alias, Expr, Origin, Relation, RelationKind};
use emberflow_plan::{DataType, StructType};

use crate::attribute::{Attr, same_name};
use crate::expression::select::{Selected, passed_on};
use crate::resolved::{Hidden, Resolved};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::{self, quoted_name};

impl Resolver<'_> {
    /// A chain of `withColumn` is resolved as one: columns that need nothing computed in the chain share one projection.
    pub(super) fn with_columns(&self, input: &Relation, columns: &[Alias], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let mut steps: Vec<Step<'_>> = vec![Step { plan_id: None, columns, origin: &None }];
        let mut base = input;
        // Any step may be kept: then each is looked up by itself.
        while let RelationKind::WithColumns { input, columns } = &*base.kind
            && !self.environment.reads_kept()
        {
            steps.push(Step { plan_id: base.plan_id, columns, origin: &base.origin });
            base = input;
        }
        let level = self.level.get();
        // Deeper levels are farther from the top, as if each step had been resolved by itself.
        self.level.set(level + steps.len() - 1);
        let resolved = self.relation(base, outer);
        self.level.set(level);
        let resolved = resolved?;
        let places = self.places(&resolved.output);
        let mut chain = Chain { resolved, computed: Vec::new(), open: HashSet::new(), places };
        for (above, step) in steps.iter().enumerate().rev() {
            chain = self.step(chain, step, outer).map_err(|error| suggest::at(error, step.origin))?;
            if let Some(plan_id) = step.plan_id {
                chain.resolved = chain.resolved.remember(Some(plan_id), level - 1 + above);
            }
        }
        self.closed(chain).map(|chain| chain.resolved)
    }

    fn step(&self, mut chain: Chain, step: &Step<'_>, outer: Option<&Scope<'_>>) -> Result<Chain> {
        let mut positions: HashMap<String, usize> = HashMap::with_capacity(step.columns.len());
        for (position, alias) in step.columns.iter().enumerate() {
            if positions.insert(self.folded(&alias.name), position).is_some() {
                return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quoted_name(&[alias.name.to_lowercase()])));
            }
        }
        let mut made: Vec<Selected> = Vec::with_capacity(step.columns.len());
        {
            let scope = Scope::over(&chain.resolved, outer, self.case_sensitive);
            for alias in step.columns {
                let item = self.expression(&alias.expression, &scope)?;
                let (name, metadata) = (alias.name.clone(), alias.metadata.clone());
                made.push(Selected { item, name, metadata, attribute: None, aliased: true });
            }
        }
        let used = made.iter().map(|column| &column.item.typed.expr);
        chain.resolved = chain.resolved.with_metadata_for(used)?;
        let replaces_open = || {
            let mut replaced = positions.keys().filter_map(|name| chain.places.get(name)).flatten();
            let is_open = |attribute: &Attr| chain.open.contains(&attribute.column);
            replaced.any(|place| chain.resolved.output.get(*place).is_some_and(is_open))
        };
        let uses_open = || {
            let used = made.iter().flat_map(|column| column.item.typed.expr.column_refs());
            used.into_iter().any(|column| chain.open.contains(&column.name))
        };
        let by_itself = made.iter().any(|column| !is_plain(&column.item.typed.expr));
        if !chain.open.is_empty() && (by_itself || uses_open() || replaces_open()) {
            chain = self.closed(chain)?;
        }
        if by_itself {
            let mut used = vec![false; made.len()];
            let mut selected: Vec<Selected> = Vec::with_capacity(chain.resolved.output.len() + made.len());
            for attribute in chain.resolved.output.iter() {
                match positions.get(&self.folded(&attribute.name)) {
                    Some(position) => {
                        used[*position] = true;
                        selected.push(again(&made[*position]));
                    }
                    None => selected.push(passed_on(Arc::clone(attribute))),
                }
            }
            selected.extend(made.into_iter().zip(used).filter(|(_, used)| !used).map(|(selected, _)| selected));
            let input = chain.resolved;
            let aggregates = selected.iter().any(|column| crate::aggregate::has_aggregate(&column.item.typed.expr));
            let resolved = match aggregates {
                true => self.finish_aggregate(crate::aggregate::Aggregated::new(input, Vec::new(), None), selected)?,
                false => self.project_selected(input, selected)?,
            };
            let places = self.places(&resolved.output);
            return Ok(Chain { resolved, computed: Vec::new(), open: HashSet::new(), places });
        }
        let before = Arc::clone(&chain.resolved.output);
        let mut output = before.to_vec();
        for column in made {
            let places = chain.places.entry(self.folded(&column.name)).or_default();
            if places.is_empty() {
                places.push(output.len());
            }
            // A name that stands twice gets two columns of its own.
            for place in places.iter() {
                let (expr, attribute) = self.output_column(again(&column));
                chain.open.insert(attribute.column.clone());
                chain.computed.push((expr, Arc::clone(&attribute)));
                match output.get_mut(*place) {
                    Some(replaced) => *replaced = attribute,
                    None => output.push(attribute),
                }
            }
        }
        let hidden = Hidden { attributes: before, next: chain.resolved.hidden.take() };
        chain.resolved = Resolved {
            output: output.into(),
            hidden: Some(Arc::new(hidden)),
            qualified_only: Vec::new(),
            aggregated: None,
            ..chain.resolved
        };
        Ok(chain)
    }

    /// The chain so far with all its columns in the plan.
    fn closed(&self, chain: Chain) -> Result<Chain> {
        let Chain { resolved, mut computed, open, places } = chain;
        if open.is_empty() {
            return Ok(Chain { resolved, computed, open, places });
        }
        // Everything below stays, for whoever still reaches for it; what the columns are made of comes along by itself.
        let kept = resolved.output.iter().filter(|attribute| !open.contains(&attribute.column));
        let mut columns: Vec<(datafusion::logical_expr::Expr, Attr)> =
            kept.map(|attribute| (attribute.expr(), Arc::clone(attribute))).collect();
        columns.append(&mut computed);
        let (below, stacked) = resolved.to_project()?;
        let plan = crate::aggregate::project_with_windows(self, below, &columns)?;
        Ok(Chain { resolved: Resolved { plan, stacked, ..resolved }, computed: Vec::new(), open: HashSet::new(), places })
    }

    /// Where in `output` each name stands.
    fn places(&self, output: &[Attr]) -> HashMap<String, Vec<usize>> {
        let mut places: HashMap<String, Vec<usize>> = HashMap::with_capacity(output.len());
        for (place, attribute) in output.iter().enumerate() {
            places.entry(self.folded(&attribute.name)).or_default().push(place);
        }
        places
    }

    /// A name as the session compares names.
    fn folded(&self, name: &str) -> String {
        if self.case_sensitive { name.to_owned() } else { name.to_lowercase() }
    }

    pub(super) fn with_columns_renamed(
        &self,
        input: &Relation,
        renames: &[(String, String)],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let mut names: Vec<String> = resolved.output.iter().map(|attribute| attribute.name.clone()).collect();
        for (old, new) in renames {
            for name in names.iter_mut().filter(|name| same_name(name, old, self.case_sensitive)) {
                *name = new.clone();
            }
        }
        let selected = resolved
            .output
            .iter()
            .zip(names)
            .map(|(attribute, name)| {
                if attribute.name == name {
                    passed_on(Arc::clone(attribute))
                } else {
                    let item = crate::expression::Item::new(attribute.typed(), name.clone());
                    Selected { item, name, metadata: attribute.metadata.clone(), attribute: None, aliased: true }
                }
            })
            .collect();
        self.project_selected(resolved, selected)
    }

    pub(super) fn to_df(&self, input: &Relation, names: &[String], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        if names.len() != resolved.output.len() {
            return Err(Error::new("ASSIGNMENT_ARITY_MISMATCH")
                .with("numExpr", names.len().to_string())
                .with("numTarget", resolved.output.len().to_string()));
        }
        let selected = resolved
            .output
            .iter()
            .zip(names)
            .map(|(attribute, name)| {
                let item = crate::expression::Item::new(attribute.typed(), name.clone());
                Selected { item, name: name.clone(), metadata: attribute.metadata.clone(), attribute: None, aliased: true }
            })
            .collect();
        self.project_selected(resolved, selected)
    }

    /// A chain of `drop` is resolved as one, with one projection at its end.
    pub(super) fn drop(
        &self,
        input: &Relation,
        columns: &[Expr],
        names: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let mut steps = vec![Dropping { plan_id: None, columns, names, origin: &None }];
        let mut base = input;
        // Any step may be kept: then each is looked up by itself.
        while let RelationKind::Drop { input, columns, names } = &*base.kind
            && !self.environment.reads_kept()
        {
            steps.push(Dropping { plan_id: base.plan_id, columns, names, origin: &base.origin });
            base = input;
        }
        let level = self.level.get();
        self.level.set(level + steps.len() - 1);
        let resolved = self.relation(base, outer);
        self.level.set(level);
        let mut resolved = resolved?;
        let whole = Arc::clone(&resolved.output);
        for (above, step) in steps.iter().enumerate().rev() {
            let kept = self.dropped(&resolved, step, outer).map_err(|error| suggest::at(error, step.origin))?;
            resolved.output = kept.into();
            if let Some(plan_id) = step.plan_id {
                resolved = resolved.remember(Some(plan_id), level - 1 + above);
            }
        }
        let kept = std::mem::replace(&mut resolved.output, whole);
        self.project_selected(resolved, kept.iter().cloned().map(passed_on).collect())
    }

    /// What one `drop` leaves.
    fn dropped(&self, resolved: &Resolved, step: &Dropping<'_>, outer: Option<&Scope<'_>>) -> Result<Vec<Attr>> {
        let mut dropped: Vec<String> = Vec::new();
        if !step.columns.is_empty() {
            let scope = Scope::over(resolved, outer, self.case_sensitive);
            for column in step.columns {
                match self.plain_column(column, &scope) {
                    Ok(Some(attribute)) => dropped.push(attribute.column.clone()),
                    Ok(None) => {}
                    Err(error) if error.base_condition() == "AMBIGUOUS_REFERENCE" => return Err(error),
                    Err(_) => {}
                }
            }
        }
        let is_kept = |attribute: &&Attr| {
            !dropped.contains(&attribute.column)
                && !step.names.iter().any(|name| same_name(name, &attribute.name, self.case_sensitive))
        };
        Ok(resolved.output.iter().filter(is_kept).cloned().collect())
    }

    /// Columns picked by name and cast to a schema, nested fields too.
    pub(super) fn to_schema(&self, input: &Relation, schema: &StructType, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let mut selected = Vec::with_capacity(schema.fields.len());
        for field in &schema.fields {
            let mut matching =
                resolved.output.iter().filter(|attribute| same_name(&attribute.name, &field.name, self.case_sensitive));
            let Some(attribute) = matching.next() else {
                if field.nullable {
                    let typed = emberflow_functions::literal::null(&field.data_type)?;
                    selected.push(super::project::selected(&field.name, typed));
                    continue;
                }
                return Err(suggest::unresolved_field(&field.name, &resolved.output));
            };
            if matching.next().is_some() {
                return Err(Error::new("AMBIGUOUS_COLUMN_OR_FIELD")
                    .with("name", quoted_name(std::slice::from_ref(&field.name)))
                    .with("n", "2"));
            }
            if attribute.nullable && !field.nullable {
                return Err(Error::new("NULLABLE_COLUMN_OR_FIELD").with("name", quoted_name(std::slice::from_ref(&field.name))));
            }
            let item = self.assigned(attribute, &field.name, &field.data_type)?;
            let metadata = field.metadata.clone().or_else(|| attribute.metadata.clone());
            selected.push(Selected { item, name: field.name.clone(), metadata, attribute: None, aliased: true });
        }
        self.project_selected(resolved, selected)
    }

    fn assigned(&self, attribute: &Attr, name: &str, target: &DataType) -> Result<crate::expression::Item> {
        let from = &attribute.data_type;
        let allowed = cast::can_store_assign(from, target, cast::StorePolicy::Ansi);
        if !allowed {
            return Err(Error::new("INVALID_COLUMN_OR_FIELD_DATA_TYPE")
                .with("name", quoted_name(&[name.to_owned()]))
                .with("type", from.quoted())
                .with("expectedType", target.quoted()));
        }
        let typed = cast::cast(attribute.typed(), target, EvalMode::Ansi, &self.context())?;
        Ok(crate::expression::Item::new(typed, name))
    }
}

/// One `withColumn` or `withColumns` of a chain.
struct Step<'r> {
    plan_id: Option<i64>,
    columns: &'r [Alias],
    origin: &'r Origin,
}

/// One `drop` of a chain.
struct Dropping<'r> {
    plan_id: Option<i64>,
    columns: &'r [Expr],
    names: &'r [String],
    origin: &'r Origin,
}

/// A chain of `withColumn` under way.
struct Chain {
    /// Its plan lacks the open columns still.
    resolved: Resolved,
    /// Columns that wait for their projection, over the plan as it is.
    computed: Vec<(datafusion::logical_expr::Expr, Attr)>,
    open: HashSet<String>,
    /// Where in the output each name stands.
    places: HashMap<String, Vec<usize>>,
}

/// Neither an aggregate nor a window nor something that asks another query: it may share a projection with others.
fn is_plain(expr: &datafusion::logical_expr::Expr) -> bool {
    use datafusion::logical_expr::Expr as Physical;
    let special = expr.exists(|node| {
        Ok(matches!(
            node,
            Physical::AggregateFunction(_)
                | Physical::WindowFunction(_)
                | Physical::ScalarSubquery(_)
                | Physical::Exists(_)
                | Physical::InSubquery(_)
        ))
    });
    !special.unwrap_or(true)
}

fn again(selected: &Selected) -> Selected {
    Selected {
        item: selected.item.clone(),
        name: selected.name.clone(),
        metadata: selected.metadata.clone(),
        attribute: selected.attribute.clone(),
        aliased: selected.aliased,
    }
}
