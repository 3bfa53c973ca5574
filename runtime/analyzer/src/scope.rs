//! Which columns an expression may mean, and the rules by which a name finds one.
//!
//! Order of search: lambda variables, then columns of the input (longest qualifier first), then aliases to the left in
//! the same select list, then hidden columns (where the operator may reach them), then the scope around a sub-query.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use emberflow_base::{Error, Result};
use emberflow_functions::Typed;
use emberflow_plan::tree::Origin;

use crate::attribute::{Attr, same_name};
use crate::resolved::{Hidden, PlanIds, Resolved};
use crate::suggest;

/// What an expression can see.
pub(crate) struct Scope<'a> {
    /// The inputs' columns, in order.
    pub columns: Vec<Attr>,
    /// Found only with their qualifier.
    pub qualified_only: Vec<Attr>,
    /// Found where nothing else has the name.
    pub metadata: Vec<Attr>,
    /// Where the columns come from.
    pub inputs: Vec<&'a LogicalPlan>,
    /// Columns a filter or a sort may still reach below its input.
    pub hidden: Option<Arc<Hidden>>,
    pub plan_ids: Vec<&'a PlanIds>,
    /// Aliases defined so far in the same select list.
    pub aliases: RefCell<Vec<(String, Typed)>>,
    pub lambdas: RefCell<Vec<(String, Typed)>>,
    /// The scope around a sub-query.
    pub outer: Option<&'a Scope<'a>>,
    pub case_sensitive: bool,
    /// Every column that was found, by its internal name.
    pub seen: RefCell<Vec<String>>,
    /// Where in `columns` a name stands, once it pays to know.
    pub index: RefCell<Index>,
}

/// Positions by lower-case name; made when a wide scope has been searched a few times.
#[derive(Debug, Default)]
pub(crate) struct Index {
    searches: usize,
    positions: Option<HashMap<String, Vec<usize>>>,
}

/// Scopes with fewer columns are searched as they are.
const INDEXED_COLUMNS_MIN: usize = 64;
const SEARCHES_BEFORE_INDEX: usize = 8;

/// Where a name led.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// A column of the input, and the names of struct fields that follow.
    Column(Attr, Vec<String>),
    /// A column of a scope around this sub-query.
    Outer(Attr, Vec<String>),
    /// A value known by an alias to the left.
    Local(Typed, Vec<String>),
    /// A lambda's variable.
    Variable(Typed, Vec<String>),
}

impl<'a> Scope<'a> {
    /// The scope over one input.
    pub fn over(input: &'a Resolved, outer: Option<&'a Scope<'a>>, case_sensitive: bool) -> Self {
        Self {
            columns: input.output.to_vec(),
            qualified_only: input.qualified_only.clone(),
            metadata: input.metadata.clone(),
            inputs: vec![&input.plan],
            hidden: None,
            plan_ids: vec![&input.plan_ids],
            aliases: RefCell::default(),
            lambdas: RefCell::default(),
            outer,
            case_sensitive,
            seen: RefCell::default(),
            index: RefCell::default(),
        }
    }

    /// The scope over both inputs of a join.
    pub fn over_both(left: &'a Resolved, right: &'a Resolved, outer: Option<&'a Scope<'a>>, case_sensitive: bool) -> Self {
        let mut scope = Self::over(left, outer, case_sensitive);
        scope.columns.extend(right.output.iter().cloned());
        scope.qualified_only.extend(right.qualified_only.iter().cloned());
        scope.metadata.extend(right.metadata.iter().cloned());
        scope.inputs.push(&right.plan);
        scope.plan_ids.push(&right.plan_ids);
        scope
    }

    /// No columns at all.
    pub fn empty(outer: Option<&'a Scope<'a>>, case_sensitive: bool) -> Self {
        Self {
            columns: Vec::new(),
            qualified_only: Vec::new(),
            metadata: Vec::new(),
            inputs: Vec::new(),
            hidden: None,
            plan_ids: Vec::new(),
            aliases: RefCell::default(),
            lambdas: RefCell::default(),
            outer,
            case_sensitive,
            seen: RefCell::default(),
            index: RefCell::default(),
        }
    }

    /// Where the columns come from, if from one place.
    pub fn input(&self) -> Option<&'a LogicalPlan> {
        if let [input] = self.inputs[..] { Some(input) } else { None }
    }

    /// Lets names reach the columns below the input's projections.
    pub fn with_hidden(mut self, hidden: Option<Arc<Hidden>>) -> Self {
        self.hidden = hidden;
        self
    }

    /// The column a dotted name means.
    pub fn find(&self, parts: &[String], origin: &Origin) -> Result<Found> {
        match self.find_here(parts, origin)? {
            Some(found) => Ok(found),
            None => {
                let mut around = self.outer;
                while let Some(scope) = around {
                    if let Some(found) = scope.find_here(parts, origin)? {
                        return Ok(match found {
                            Found::Column(attribute, fields) => Found::Outer(attribute, fields),
                            other => other,
                        });
                    }
                    around = scope.outer;
                }
                Err(suggest::unresolved_column(parts, &self.columns, origin))
            }
        }
    }

    fn find_here(&self, parts: &[String], origin: &Origin) -> Result<Option<Found>> {
        if let Some(found) = self.find_lambda(parts) {
            return Ok(Some(found));
        }
        if let Some((attribute, fields)) = self.find_input(parts, origin)? {
            self.seen.borrow_mut().push(attribute.column.clone());
            return Ok(Some(Found::Column(attribute, fields)));
        }
        let qualified: Vec<Attr> = self.qualified_only.clone();
        if parts.len() > 1
            && let Some((attribute, fields)) = self.find_qualified(&qualified, parts, origin)?
        {
            return Ok(Some(Found::Column(attribute, fields)));
        }
        if let Some(found) = self.find_alias(parts, origin)? {
            return Ok(Some(found));
        }
        if let Some((attribute, fields)) = self.find_column(&self.metadata, parts, origin)? {
            return Ok(Some(Found::Column(attribute, fields)));
        }
        let mut level = self.hidden.as_ref();
        while let Some(hidden) = level {
            if let Some((attribute, fields)) = self.find_column(&hidden.attributes, parts, origin)? {
                return Ok(Some(Found::Column(attribute, fields)));
            }
            level = hidden.next.as_ref();
        }
        Ok(None)
    }

    /// A hidden column of a file scan, as DataFrames ask for it: not one of the same name that the files have.
    pub fn find_metadata(&self, parts: &[String]) -> Result<Option<(Attr, Vec<String>)>> {
        self.find_column(&self.metadata, parts, &None)
    }

    /// A column of the inputs.
    fn find_input(&self, parts: &[String], origin: &Origin) -> Result<Option<(Attr, Vec<String>)>> {
        if self.columns.len() < INDEXED_COLUMNS_MIN {
            return self.find_column(&self.columns, parts, origin);
        }
        let mut index = self.index.borrow_mut();
        index.searches += 1;
        if index.searches <= SEARCHES_BEFORE_INDEX {
            return self.find_column(&self.columns, parts, origin);
        }
        let positions = index.positions.get_or_insert_with(|| {
            let mut positions: HashMap<String, Vec<usize>> = HashMap::with_capacity(self.columns.len());
            for (position, attribute) in self.columns.iter().enumerate() {
                positions.entry(attribute.name.to_lowercase()).or_default().push(position);
            }
            positions
        });
        // Any part may be the column's name, those before it its qualifier.
        let mut near: Vec<usize> =
            parts.iter().filter_map(|part| positions.get(&part.to_lowercase())).flatten().copied().collect();
        near.sort_unstable();
        near.dedup();
        let near: Vec<Attr> = near.into_iter().filter_map(|position| self.columns.get(position).cloned()).collect();
        self.find_column(&near, parts, origin)
    }

    fn find_lambda(&self, parts: &[String]) -> Option<Found> {
        let first = parts.first()?;
        let lambdas = self.lambdas.borrow();
        let (_, typed) = lambdas.iter().rev().find(|(name, _)| same_name(name, first, self.case_sensitive))?;
        Some(Found::Variable(typed.clone(), parts[1..].to_vec()))
    }

    fn find_alias(&self, parts: &[String], origin: &Origin) -> Result<Option<Found>> {
        let Some(first) = parts.first() else { return Ok(None) };
        let aliases = self.aliases.borrow();
        let mut matching = aliases.iter().filter(|(name, _)| same_name(name, first, self.case_sensitive));
        let Some((_, typed)) = matching.next() else { return Ok(None) };
        if matching.next().is_some() {
            let error = Error::new("AMBIGUOUS_LATERAL_COLUMN_ALIAS").with("name", suggest::quoted_name(parts)).with("n", "2");
            return Err(suggest::at(error, origin));
        }
        Ok(Some(Found::Local(typed.clone(), parts[1..].to_vec())))
    }

    /// Longest qualifier first, then the bare name followed by struct fields.
    fn find_column(&self, columns: &[Attr], parts: &[String], origin: &Origin) -> Result<Option<(Attr, Vec<String>)>> {
        if let Some(found) = self.find_qualified(columns, parts, origin)? {
            return Ok(Some(found));
        }
        let Some(first) = parts.first() else { return Ok(None) };
        let candidates = columns
            .iter()
            .filter(|attribute| !attribute.qualified_only && same_name(&attribute.name, first, self.case_sensitive));
        let found = single(candidates, parts, origin)?;
        Ok(found.map(|attribute| (attribute.spelled(first), parts[1..].to_vec())))
    }

    fn find_qualified(&self, columns: &[Attr], parts: &[String], origin: &Origin) -> Result<Option<(Attr, Vec<String>)>> {
        const QUALIFIER_PARTS_MAX: usize = 3;
        for length in (1..parts.len().min(QUALIFIER_PARTS_MAX + 1)).rev() {
            let (qualifier, rest) = parts.split_at(length);
            let candidates = columns.iter().filter(|attribute| {
                self.qualifies(attribute, qualifier) && same_name(&attribute.name, &rest[0], self.case_sensitive)
            });
            if let Some(attribute) = single(candidates, parts, origin)? {
                return Ok(Some((attribute.spelled(&rest[0]), rest[1..].to_vec())));
            }
        }
        Ok(None)
    }

    /// Whether `qualifier` is the end of the attribute's own (`t`, `db.t`, `catalog.db.t`).
    pub fn qualifies(&self, attribute: &Attr, qualifier: &[String]) -> bool {
        let own = &attribute.qualifier;
        own.len() >= qualifier.len()
            && own[own.len() - qualifier.len()..]
                .iter()
                .zip(qualifier)
                .all(|(have, want)| same_name(have, want, self.case_sensitive))
    }

    /// The column `name` of the DataFrame `plan_id`, wherever it stands below, provided it still comes out. If the
    /// DataFrame stands there several times, the nearest place counts; two as near as each other are ambiguous.
    pub fn find_in_plan(&self, plan_id: i64, parts: &[String], origin: &Origin) -> Result<Found> {
        let mut known = false;
        let mut reached: Vec<(Attr, Vec<String>, usize)> = Vec::new();
        for place in self.plan_ids.iter().filter_map(|ids| ids.get(&plan_id)).flatten() {
            known = true;
            if let Some((attribute, fields)) = self.find_column(&place.columns, parts, origin)?
                && let Some(current) = self.still_there(&attribute)
                && !reached.iter().any(|(other, _, _)| other.column == current.column)
            {
                reached.push((current.spelled(&attribute.name), fields, place.level));
            }
        }
        let nearest = reached.iter().map(|(_, _, level)| *level).min();
        reached.retain(|(_, _, level)| Some(*level) == nearest);
        let said = format!("\"{}\"", parts.join("."));
        match (reached.len(), self.outer) {
            (1, _) => {
                let (attribute, fields, _) = reached.remove(0);
                Ok(Found::Column(attribute, fields))
            }
            (0, Some(outer)) if !known => match outer.find_in_plan(plan_id, parts, origin)? {
                Found::Column(attribute, fields) => Ok(Found::Outer(attribute, fields)),
                other => Ok(other),
            },
            (0, _) => Err(suggest::at(Error::new("CANNOT_RESOLVE_DATAFRAME_COLUMN").with("name", said), origin)),
            _ => Err(suggest::at(Error::new("AMBIGUOUS_COLUMN_REFERENCE").with("name", said), origin)),
        }
    }

    fn still_there(&self, wanted: &Attr) -> Option<Attr> {
        let same = |attribute: &&Attr| attribute.column == wanted.column;
        if let Some(attribute) = self.columns.iter().find(same).or_else(|| self.qualified_only.iter().find(same)) {
            return Some(Arc::clone(attribute));
        }
        let mut level = self.hidden.as_ref();
        while let Some(hidden) = level {
            if let Some(attribute) = hidden.attributes.iter().find(same) {
                return Some(Arc::clone(attribute));
            }
            level = hidden.next.as_ref();
        }
        None
    }
}

impl crate::attribute::Attribute {
    /// The output takes the spelling of the reference.
    fn spelled(self: &Arc<Self>, name: &str) -> Attr {
        if self.name == name { Arc::clone(self) } else { self.with_name(name) }
    }
}

/// The one column among `candidates`; the same column twice is one.
fn single<'c>(candidates: impl Iterator<Item = &'c Attr>, parts: &[String], origin: &Origin) -> Result<Option<Attr>> {
    let mut distinct: Vec<Attr> = Vec::new();
    let mut all: Vec<Attr> = Vec::new();
    for attribute in candidates {
        if !distinct.iter().any(|other| other.column == attribute.column) {
            distinct.push(Arc::clone(attribute));
        }
        all.push(Arc::clone(attribute));
    }
    match distinct.len() {
        0 => Ok(None),
        1 => Ok(distinct.pop()),
        _ => Err(suggest::ambiguous(parts, &all, origin)),
    }
}
