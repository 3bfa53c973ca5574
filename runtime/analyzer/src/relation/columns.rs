//! Columns added, replaced, renamed, dropped, reordered.

use std::sync::Arc;

use emberflow_base::{Error, Result};
use emberflow_functions::cast::{self, EvalMode};
use emberflow_plan::tree::{Alias, Expr, Relation};
use emberflow_plan::{DataType, StructType};

use crate::attribute::{Attr, same_name};
use crate::expression::select::{Selected, passed_on};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::{self, quoted_name};

impl Resolver<'_> {
    pub(super) fn with_columns(&self, input: &Relation, columns: &[Alias], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let input = self.relation(input, outer)?;
        for (position, alias) in columns.iter().enumerate() {
            if columns[..position].iter().any(|other| same_name(&other.name, &alias.name, self.case_sensitive)) {
                return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quoted_name(&[alias.name.to_lowercase()])));
            }
        }
        let scope = Scope::over(&input, outer, self.case_sensitive);
        let mut made: Vec<Selected> = Vec::with_capacity(columns.len());
        for alias in columns {
            let item = self.expression(&alias.expression, &scope)?;
            made.push(Selected {
                item,
                name: alias.name.clone(),
                metadata: alias.metadata.clone(),
                attribute: None,
                aliased: true,
            });
        }
        drop(scope);
        let find = |made: &[Selected], attribute: &Attr| {
            made.iter().position(|selected| same_name(&selected.name, &attribute.name, self.case_sensitive))
        };
        let mut used = vec![false; made.len()];
        let mut selected: Vec<Selected> = Vec::with_capacity(input.output.len() + made.len());
        for attribute in input.output.iter() {
            match find(&made, attribute) {
                Some(position) => {
                    used[position] = true;
                    selected.push(again(&made[position]));
                }
                None => selected.push(passed_on(Arc::clone(attribute))),
            }
        }
        selected.extend(made.into_iter().zip(used).filter(|(_, used)| !used).map(|(selected, _)| selected));
        if selected.iter().any(|column| crate::aggregate::has_aggregate(&column.item.typed.expr)) {
            return self.finish_aggregate(crate::aggregate::Aggregated::new(input, Vec::new(), None), selected);
        }
        self.project_selected(input, selected)
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

    pub(super) fn drop(
        &self,
        input: &Relation,
        columns: &[Expr],
        names: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let scope = Scope::over(&resolved, outer, self.case_sensitive);
        let mut dropped: Vec<String> = Vec::new();
        for column in columns {
            match self.plain_column(column, &scope) {
                Ok(Some(attribute)) => dropped.push(attribute.column.clone()),
                Ok(None) => {}
                Err(error) if error.base_condition() == "AMBIGUOUS_REFERENCE" => return Err(error),
                Err(_) => {}
            }
        }
        drop(scope);
        let kept: Vec<Attr> = resolved
            .output
            .iter()
            .filter(|attribute| !dropped.contains(&attribute.column))
            .filter(|attribute| !names.iter().any(|name| same_name(name, &attribute.name, self.case_sensitive)))
            .cloned()
            .collect();
        self.project_selected(resolved, kept.into_iter().map(passed_on).collect())
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

fn again(selected: &Selected) -> Selected {
    Selected {
        item: selected.item.clone(),
        name: selected.name.clone(),
        metadata: selected.metadata.clone(),
        attribute: selected.attribute.clone(),
        aliased: selected.aliased,
    }
}
