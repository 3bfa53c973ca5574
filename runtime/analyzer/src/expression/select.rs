//! Select lists: stars, regular expressions, names, generators.

use emberflow_base::{Error, Result};
use emberflow_functions::collation::{self, Precedence};
use emberflow_functions::registry::{self, Generated, Kind};
use emberflow_functions::{Call, Typed};
use emberflow_plan::DataType;
use emberflow_plan::sql::parse_expression;
use emberflow_plan::tree::{Alias, Expr, ExprKind, FunctionCall};

use super::Item;
use crate::attribute::{Attr, same_name};
use crate::resolver::Resolver;
use crate::scope::{Found, Scope};
use crate::suggest::{self, quoted_name};

/// One column of a select list.
pub(crate) struct Selected {
    pub item: Item,
    pub name: String,
    pub metadata: Option<String>,
    /// Set when the column is one of the input's, passed on as it is.
    pub attribute: Option<Attr>,
    /// Whether the user named it.
    pub aliased: bool,
}

/// What a select list is made of.
pub(crate) enum Element {
    Column(Selected),
    Generator { generated: Generated, names: Vec<String> },
}

impl Resolver<'_> {
    /// Resolves a whole select list; later columns may use the aliases of earlier ones.
    pub(crate) fn select_list(&self, expressions: &[Expr], scope: &Scope<'_>) -> Result<Vec<Element>> {
        let mut elements = Vec::with_capacity(expressions.len());
        for expression in expressions {
            self.select_one(expression, scope, &mut elements).map_err(|error| suggest::at(error, &expression.origin))?;
        }
        Ok(elements)
    }

    fn select_one(&self, expression: &Expr, scope: &Scope<'_>, elements: &mut Vec<Element>) -> Result<()> {
        match &expression.kind {
            ExprKind::Star { .. } | ExprKind::Regex { .. } => {
                elements.extend(self.expand_star(expression, scope)?.into_iter().map(Element::Column));
            }
            ExprKind::Sql(text) => self.select_one(&parse_expression(text, self.sql_options())?, scope, elements)?,
            ExprKind::Alias { expression: inner, names, metadata } => {
                if let Some(generated) = self.generator(inner, scope)? {
                    elements.push(Element::Generator { generated, names: names.clone() });
                    return Ok(());
                }
                if names.len() > 1 {
                    return Err(Error::new("MULTI_ALIAS_WITHOUT_GENERATOR")
                        .with("expr", format!("\"{}\"", self.expression(inner, scope)?.text))
                        .with("names", names.join(", ")));
                }
                let item = self.expression(inner, scope)?;
                let name = names.first().cloned().unwrap_or_else(|| item.text.clone());
                let metadata = metadata.clone().or_else(|| self.inherited_metadata(inner, scope));
                let known = Typed { precedence: Precedence::Implicit, ..item.typed.clone() };
                scope.aliases.borrow_mut().push((name.clone(), known));
                elements.push(Element::Column(Selected { item, name, metadata, attribute: None, aliased: true }));
            }
            _ => match self.generator(expression, scope)? {
                Some(generated) => elements.push(Element::Generator { generated, names: Vec::new() }),
                None => elements.push(Element::Column(self.select_plain(expression, scope)?)),
            },
        }
        Ok(())
    }

    fn select_plain(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Selected> {
        if let Some(attribute) = self.plain_column(expression, scope)? {
            return Ok(passed_on(attribute));
        }
        let item = self.expression(expression, scope)?;
        let name = self.default_name(expression, &item);
        Ok(Selected { item, name, metadata: None, attribute: None, aliased: false })
    }

    /// The input's column if the expression is just that.
    pub(crate) fn plain_column(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Option<Attr>> {
        let ExprKind::Attribute { parts, plan_id, .. } = &expression.kind else { return Ok(None) };
        let found = match plan_id {
            Some(plan_id) => scope.find_in_plan(*plan_id, parts, &expression.origin)?,
            None => match scope.find(parts, &expression.origin) {
                Ok(found) => found,
                Err(_) => return Ok(None),
            },
        };
        Ok(match found {
            Found::Column(attribute, fields) if fields.is_empty() => Some(attribute),
            _ => None,
        })
    }

    fn inherited_metadata(&self, expression: &Expr, scope: &Scope<'_>) -> Option<String> {
        self.plain_column(expression, scope).ok().flatten().and_then(|attribute| attribute.metadata.clone())
    }

    /// A cast of a column keeps its name, a field is named by itself, everything else by its text.
    pub(crate) fn default_name(&self, expression: &Expr, item: &Item) -> String {
        match &expression.kind {
            ExprKind::Attribute { parts, .. } => parts.last().cloned().unwrap_or_else(|| item.text.clone()),
            ExprKind::Cast { expression: inner, .. } => match &inner.kind {
                ExprKind::Attribute { parts, .. } => parts.last().cloned().unwrap_or_else(|| item.text.clone()),
                ExprKind::Alias { names, .. } if names.len() == 1 => names[0].clone(),
                _ => item.text.clone(),
            },
            _ => item.text.clone(),
        }
    }

    /// The columns a star or a regular expression stands for.
    pub(crate) fn expand_star(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Vec<Selected>> {
        match &expression.kind {
            ExprKind::Star { target, plan_id, except, replace } => {
                let columns = match plan_id {
                    Some(plan_id) => self.columns_of_plan(*plan_id, scope)?,
                    None if target.is_empty() => scope.columns.iter().cloned().map(passed_on).collect(),
                    None => self.columns_of(target, scope)?,
                };
                let columns = self.without(columns, except)?;
                self.replaced(columns, replace, scope)
            }
            ExprKind::Regex { pattern, plan_id } => self.matching(pattern, *plan_id, scope),
            _ => Ok(Vec::new()),
        }
    }

    fn columns_of_plan(&self, plan_id: i64, scope: &Scope<'_>) -> Result<Vec<Selected>> {
        let known: Vec<_> = scope.plan_ids.iter().filter_map(|ids| ids.get(&plan_id)).flatten().collect();
        let Some(columns) = known.first() else {
            return Err(Error::new("CANNOT_RESOLVE_DATAFRAME_COLUMN").with("name", "`*`"));
        };
        Ok(columns
            .columns
            .iter()
            .filter(|attribute| scope.columns.iter().any(|current| current.column == attribute.column))
            .cloned()
            .map(passed_on)
            .collect())
    }

    /// `t.*` of a table, else `s.*` of a struct column.
    fn columns_of(&self, target: &[String], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        let mut around = Some(scope);
        while let Some(current) = around {
            let columns: Vec<Selected> = current
                .columns
                .iter()
                .chain(&current.qualified_only)
                .filter(|attribute| current.qualifies(attribute, target))
                .cloned()
                .map(passed_on)
                .collect();
            if !columns.is_empty() {
                return Ok(columns);
            }
            around = current.outer;
        }
        let Ok(base) = self.expression(&Expr::attribute(target.iter().cloned()), scope) else {
            let mut known: Vec<String> =
                scope.columns.iter().map(|attribute| quoted_name(std::slice::from_ref(&attribute.name))).collect();
            known.sort();
            return Err(Error::new("CANNOT_RESOLVE_STAR_EXPAND")
                .with("targetString", quoted_name(target))
                .with("columns", known.join(", ")));
        };
        let DataType::Struct(fields) = &base.typed.data_type else {
            return Err(Error::new("INVALID_STAR_EXPANSION_BASE")
                .text(format!("{} is not a struct, so `.*` cannot expand it.", base.text)));
        };
        fields
            .fields
            .iter()
            .map(|field| {
                let item = self.field(base.clone(), &field.name)?;
                Ok(Selected { item, name: field.name.clone(), metadata: field.metadata.clone(), attribute: None, aliased: true })
            })
            .collect()
    }

    /// `EXCEPT (a, s.x)`: columns that are left out, and fields that their structs lose.
    fn without(&self, mut columns: Vec<Selected>, except: &[Vec<String>]) -> Result<Vec<Selected>> {
        for (position, parts) in except.iter().enumerate() {
            if except[..position].iter().any(|other| same_name(&other.join("."), &parts.join("."), self.case_sensitive)) {
                let names: Vec<String> = except.iter().map(|parts| parts.join(".")).collect();
                return Err(Error::new("EXCEPT_OVERLAPPING_COLUMNS").with("columns", names.join(", ")));
            }
        }
        for parts in except {
            let Some((first, fields)) = parts.split_first() else { continue };
            let is_struct = |selected: &&mut Selected| {
                same_name(&selected.name, first, self.case_sensitive)
                    && matches!(selected.item.typed.data_type, emberflow_plan::DataType::Struct(_))
            };
            if let (false, Some(selected)) = (fields.is_empty(), columns.iter_mut().find(is_struct)) {
                let typed = self.without_field(selected.item.clone(), fields)?;
                selected.item = Item::new(typed, selected.name.clone());
                selected.attribute = None;
                selected.aliased = true;
                continue;
            }
            let name = parts.last().unwrap_or(first);
            let before = columns.len();
            let known = suggest::nearest(columns.iter().map(|selected| selected.name.as_str()), &parts.join("."));
            columns.retain(|selected| !same_name(&selected.name, name, self.case_sensitive));
            if columns.len() == before {
                return Err(no_such_column(parts, known));
            }
        }
        Ok(columns)
    }

    fn replaced(&self, mut columns: Vec<Selected>, replace: &[Alias], scope: &Scope<'_>) -> Result<Vec<Selected>> {
        for alias in replace {
            let item = self.expression(&alias.expression, scope)?;
            let is_meant = |selected: &Selected| same_name(&selected.name, &alias.name, self.case_sensitive);
            if !columns.iter().any(is_meant) {
                let known = suggest::nearest(columns.iter().map(|selected| selected.name.as_str()), &alias.name);
                return Err(no_such_column(std::slice::from_ref(&alias.name), known));
            }
            for selected in columns.iter_mut().filter(|selected| is_meant(selected)) {
                *selected =
                    Selected { item: item.clone(), name: selected.name.clone(), metadata: None, attribute: None, aliased: true };
            }
        }
        Ok(columns)
    }

    fn matching(&self, pattern: &str, plan_id: Option<i64>, scope: &Scope<'_>) -> Result<Vec<Selected>> {
        let flags = if self.case_sensitive { "" } else { "(?i)" };
        let regex = regex::Regex::new(&format!("^{flags}(?:{pattern})$"))
            .map_err(|error| Error::new("INVALID_REGEX").text(format!("`{pattern}` is not a regular expression: {error}")))?;
        // Spark matches names only, so the pattern of another frame is as good.
        let known = plan_id.filter(|plan_id| scope.plan_ids.iter().any(|ids| ids.contains_key(plan_id)));
        let columns = match known {
            Some(plan_id) => self.columns_of_plan(plan_id, scope)?,
            None => scope.columns.iter().cloned().map(passed_on).collect(),
        };
        Ok(columns.into_iter().filter(|selected| regex.is_match(&selected.name)).collect())
    }

    /// The generator an expression calls, if it does.
    pub(crate) fn generator(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Option<Generated>> {
        let ExprKind::Function(call) = &expression.kind else { return Ok(None) };
        self.generator_call(call, scope)
    }

    fn generator_call(&self, call: &FunctionCall, scope: &Scope<'_>) -> Result<Option<Generated>> {
        let name = call.bare();
        let Some(function) = registry::lookup(&name) else { return Ok(None) };
        let Kind::Generator(build) = &function.kind else { return Ok(None) };
        let items = self.arguments(call, &name, scope).map_err(|error| match error.parameter("expression") {
            Some(inner) if error.condition() == "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS" => {
                let said = format!("\"{name}({})\"", inner.trim_matches('"'));
                Error::new("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS").with("expression", said)
            }
            _ => error,
        })?;
        let (arguments, texts): (Vec<Typed>, Vec<String>) = items.into_iter().map(|item| (item.typed, item.text)).unzip();
        collation::check_passes(&name, arguments.iter().map(|argument| &argument.data_type))?;
        build(Call { name: &name, arguments, texts, is_distinct: false, ignore_nulls: None, context: self.context() }).map(Some)
    }
}

/// A column of the input, unchanged.
pub(crate) fn passed_on(attribute: Attr) -> Selected {
    Selected {
        item: Item::new(attribute.typed(), attribute.name.clone()),
        name: attribute.name.clone(),
        metadata: attribute.metadata.clone(),
        attribute: Some(attribute),
        aliased: false,
    }
}

fn no_such_column(parts: &[String], known: String) -> Error {
    Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", quoted_name(parts)).with("proposal", known)
}
