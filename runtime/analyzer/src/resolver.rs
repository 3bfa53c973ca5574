//! The walk: one [`Resolver`] per analysis, holding what every part of it shares.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::logical_expr::{Expr, LogicalPlan};
use emberflow_base::{QueryContext, Result};
use emberflow_functions::{Context, Typed};
use emberflow_plan::sql::SqlOptions;
use emberflow_plan::tree::{Cte, Origin, Relation};
use emberflow_plan::{DataType, StructType};

use crate::attribute::{Attr, Attribute};
use crate::environment::{Environment, Table};
use crate::expression::TextForm;
use crate::node::JoinStrategy;
use crate::resolved::{Remembered, Resolved, expose, project};
use crate::scope::Scope;

/// A plan ready for DataFusion: its columns are those of `schema`, by position.
#[derive(Debug, Clone)]
pub struct Analyzed {
    pub plan: LogicalPlan,
    pub schema: StructType,
}

/// Resolves a relation for execution.
pub fn analyze(environment: &dyn Environment, relation: &Relation) -> Result<Analyzed> {
    let resolver = Resolver::new(environment);
    let resolved = resolver.relation(relation, None)?;
    resolved.output.iter().try_for_each(|attribute| resolver.check_times(&attribute.data_type))?;
    Ok(Analyzed { plan: crate::deep::shallow(resolver.unique(&resolved)?.plan), schema: resolved.schema() })
}

/// Resolves a relation to be kept as a view.
pub fn resolve_view(environment: &dyn Environment, relation: &Relation) -> Result<Resolved> {
    let resolver = Resolver::new(environment);
    let resolved = resolver.relation(relation, None)?;
    resolver.unique(&resolved)
}

/// Stack kept free before a recursion, for what DataFusion does with a deep expression there, and how much address space is
/// added when it runs out.
const STACK_SPARE_BYTES: usize = 8 << 20;
const STACK_GROWTH_BYTES: usize = 64 << 20;

pub(crate) fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_SPARE_BYTES, STACK_GROWTH_BYTES, work)
}

/// Common tables visible at a point of the tree, innermost first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ctes(Option<Arc<CteScope>>);

#[derive(Debug)]
struct CteScope {
    name: String,
    definition: CteDefinition,
    outer: Ctes,
}

#[derive(Debug, Clone)]
pub(crate) enum CteDefinition {
    /// Resolved anew at each use, in the scope of its definition.
    Query(Arc<Cte>, Ctes),
    /// The rows of the previous round of a recursive table.
    WorkTable(Arc<Resolved>),
}

impl Ctes {
    pub(crate) fn with(&self, name: &str, definition: CteDefinition) -> Ctes {
        Ctes(Some(Arc::new(CteScope { name: name.to_owned(), definition, outer: self.clone() })))
    }

    pub(crate) fn find(&self, name: &str, case_sensitive: bool) -> Option<CteDefinition> {
        let mut scope = &self.0;
        while let Some(current) = scope {
            if crate::attribute::same_name(&current.name, name, case_sensitive) {
                return Some(current.definition.clone());
            }
            scope = &current.outer.0;
        }
        None
    }
}

pub(crate) struct Resolver<'a> {
    pub(crate) environment: &'a dyn Environment,
    pub(crate) case_sensitive: bool,
    user: String,
    database: String,
    now_micros: i64,
    ctes: std::cell::RefCell<Ctes>,
    /// How columns are printed in the texts of expressions.
    pub(crate) text_form: Cell<TextForm>,
    /// The SQL text being resolved, for errors that point at all of it.
    whole_text: std::cell::RefCell<Origin>,
    /// Join hints that name relations below, innermost last.
    join_hints: std::cell::RefCell<Vec<(Vec<String>, JoinStrategy)>>,
    next_column: Cell<u64>,
    /// How deep in the tree of relations the walk is.
    pub(crate) level: Cell<usize>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(environment: &'a dyn Environment) -> Self {
        Self {
            environment,
            case_sensitive: environment.settings().case_sensitive(),
            user: environment.user(),
            database: environment.current_database(),
            now_micros: environment.now_micros(),
            ctes: Default::default(),
            text_form: Cell::new(TextForm::Plain),
            whole_text: Default::default(),
            join_hints: Default::default(),
            next_column: Cell::new(1),
            level: Cell::new(0),
        }
    }

    /// What functions may know of the session.
    pub(crate) fn context(&self) -> Context<'_> {
        let settings = self.environment.settings();
        Context {
            settings,
            ansi: settings.ansi(),
            time_zone: settings.time_zone(),
            now_micros: self.now_micros,
            user: &self.user,
            database: &self.database,
        }
    }

    pub(crate) fn sql_options(&self) -> SqlOptions {
        SqlOptions::of(self.environment.settings())
    }

    /// Where the SQL text being resolved was written: all of it; nothing for a DataFrame.
    pub(crate) fn whole_text(&self) -> Origin {
        self.whole_text.borrow().clone()
    }

    /// Runs `work` as part of a SQL text.
    pub(crate) fn within_text<T>(&self, text: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let whole = QueryContext::Sql {
            object_type: String::new(),
            object_name: String::new(),
            start: 0,
            stop: text.chars().count() as i32 - 1,
            fragment: text.to_owned(),
        };
        let before = self.whole_text.replace(Some(Arc::new(whole)));
        let result = work();
        self.whole_text.replace(before);
        result
    }

    /// Runs `work` with columns printed otherwise.
    pub(crate) fn in_form<T>(&self, form: TextForm, work: impl FnOnce() -> T) -> T {
        let before = self.text_form.replace(form);
        let result = work();
        self.text_form.set(before);
        result
    }

    pub(crate) fn ctes(&self) -> Ctes {
        self.ctes.borrow().clone()
    }

    /// Runs `work` with other common tables in sight.
    pub(crate) fn with_ctes<T>(&self, ctes: Ctes, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.ctes.replace(ctes);
        let result = work();
        self.ctes.replace(before);
        result
    }

    /// Runs `work` with other join hints in sight: a sub-query in FROM sees none of those around it.
    pub(crate) fn with_join_hints<T>(
        &self,
        hints: Vec<(Vec<String>, JoinStrategy)>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let before = self.join_hints.replace(hints);
        let result = work();
        self.join_hints.replace(before);
        result
    }

    pub(crate) fn join_hints(&self) -> Vec<(Vec<String>, JoinStrategy)> {
        self.join_hints.borrow().clone()
    }

    /// How the join of a relation of this name is to be done, if a hint says so.
    pub(crate) fn hinted_strategy(&self, name: &[String]) -> Option<JoinStrategy> {
        let hints = self.join_hints.borrow();
        let names = |hint: &[String]| {
            let pairs = hint.iter().rev().zip(name.iter().rev());
            !hint.is_empty() && pairs.into_iter().all(|(one, two)| crate::attribute::same_name(one, two, self.case_sensitive))
        };
        hints.iter().rev().find(|(hint, _)| names(hint)).map(|(_, strategy)| *strategy)
    }

    /// A column name that no other column of the query has.
    pub(crate) fn fresh_column(&self, name: &str) -> String {
        const SHOWN_MAX: usize = 40;
        let id = self.next_column.get();
        self.next_column.set(id + 1);
        let shown: String = name.chars().take(SHOWN_MAX).collect();
        format!("{shown}#{id}")
    }

    /// A new attribute over a column of its own.
    pub(crate) fn new_attribute(&self, name: &str, data_type: DataType, nullable: bool) -> Attr {
        Arc::new(Attribute {
            column: self.fresh_column(name),
            name: name.to_owned(),
            qualifier: Vec::new(),
            data_type,
            nullable,
            metadata: None,
            qualified_only: false,
        })
    }

    /// A new attribute for the value of `typed`.
    pub(crate) fn attribute_for(&self, name: &str, typed: &Typed, metadata: Option<String>) -> Attr {
        Arc::new(Attribute {
            column: self.fresh_column(name),
            name: name.to_owned(),
            qualifier: Vec::new(),
            data_type: typed.data_type.clone(),
            nullable: typed.nullable,
            metadata,
            qualified_only: false,
        })
    }

    /// `resolved` with exactly its output as plan columns, each with a name of its own even if a column stands twice.
    pub(crate) fn unique(&self, resolved: &Resolved) -> Result<Resolved> {
        let mut seen = HashSet::with_capacity(resolved.output.len());
        let repeated = resolved.output.iter().any(|attribute| !seen.insert(attribute.column.as_str()));
        if !repeated {
            return Ok(Resolved { plan: resolved.exact()?, ..resolved.clone() }.forget_hidden());
        }
        let renewed = self.renewed(resolved)?;
        Ok(Resolved { plan: renewed.exact()?, ..renewed }.forget_hidden())
    }

    /// A copy of `resolved` whose columns all have new internal names, so that it can stand beside the original.
    pub(crate) fn renewed(&self, resolved: &Resolved) -> Result<Resolved> {
        let mut output = Vec::with_capacity(resolved.output.len());
        let mut expressions: Vec<Expr> = Vec::with_capacity(resolved.output.len());
        for attribute in resolved.output.iter() {
            let column = self.fresh_column(&attribute.name);
            expressions.push(attribute.expr().alias(&column));
            output.push(Arc::new(Attribute { column, ..(**attribute).clone() }));
        }
        let (mut below, mut metadata) = (resolved.plan.clone(), Vec::new());
        for attribute in &resolved.metadata {
            if let Some(plan) = expose(below.clone(), &attribute.column) {
                below = plan;
                let column = self.fresh_column(&attribute.name);
                expressions.push(attribute.expr().alias(&column));
                metadata.push(Arc::new(Attribute { column, ..(**attribute).clone() }));
            }
        }
        Ok(Resolved { metadata, ..Resolved::new(project(below, expressions)?, output) })
    }

    /// The rows of a persisted DataFrame with the columns it had when it was told to persist, under new internal names.
    fn kept_dataframe(&self, table: Table, known: &Resolved) -> Result<Resolved> {
        let scanned = self.scan("persisted", table)?;
        let renamed = |(kept, known): (&Attr, &Attr)| Arc::new(Attribute { column: kept.column.clone(), ..(**known).clone() });
        let output: Vec<Attr> = scanned.output.iter().zip(known.output.iter()).map(renamed).collect();
        let now = |attribute: &Attr| {
            let at = known.output.iter().position(|known| known.column == attribute.column);
            at.and_then(|at| output.get(at)).unwrap_or(attribute).clone()
        };
        let moved = |place: &Remembered| Remembered { columns: place.columns.iter().map(now).collect(), level: place.level };
        let places = known.plan_ids.iter().map(|(plan_id, places)| (*plan_id, places.iter().map(moved).collect()));
        let plan_ids = places.collect();
        Ok(Resolved { plan_ids, ..Resolved::new(scanned.plan, output) })
    }

    /// The same columns from kept rows of a plan that means the same.
    fn from_kept_rows(&self, resolved: Resolved) -> Result<Resolved> {
        let Some(table) = self.environment.kept(&self.unique(&resolved)?.plan) else { return Ok(resolved) };
        let scanned = self.scan("persisted", table)?;
        let mut columns: Vec<Expr> = Vec::with_capacity(scanned.output.len());
        let mut named = HashSet::with_capacity(scanned.output.len());
        for (kept, attribute) in scanned.output.iter().zip(resolved.output.iter()) {
            if named.insert(attribute.column.as_str()) {
                columns.push(kept.expr().alias(&attribute.column));
            }
        }
        let plan = project(scanned.plan, columns)?;
        Ok(Resolved { plan, qualified_only: Vec::new(), metadata: Vec::new(), ..resolved }.forget_hidden())
    }

    /// Resolves a relation; `outer` is the scope around a sub-query.
    pub(crate) fn relation(&self, relation: &Relation, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        with_stack(|| {
            let level = self.level.get();
            let reads_kept = self.environment.reads_kept();
            if reads_kept && let Some((table, known)) = self.environment.kept_dataframe(relation) {
                return Ok(self.kept_dataframe(table, &known)?.remember(relation.plan_id, level));
            }
            self.level.set(level + 1);
            let resolved = crate::relation::resolve(self, relation, outer);
            self.level.set(level);
            let resolved = match crate::relation::places_own_errors(relation) {
                true => resolved?,
                false => resolved.map_err(|error| crate::suggest::at(error, &relation.origin))?,
            };
            let resolved = if reads_kept && outer.is_none() { self.from_kept_rows(resolved)? } else { resolved };
            Ok(resolved.remember(relation.plan_id, level))
        })
    }
}
