//! How programs say what they want: keys, conditions and updates as texts or ready made, and writes that are awaited.
//!
//! ```text
//! table.update(key, attributes, mode).when(condition) ─ await ─► owner ─► WriteOutcome
//! ```
//!
//! What is wrong with a request is told when it is awaited, so that calls can be chained.
//! Not here: what a request makes of an item (`change`).

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use crate::change::{Assign, Change, Unchanged};
use crate::codec;
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Condition, Update};
use crate::name::{self, Key};
use crate::owner::{Manner, Request, SystemAttributes, WriteOutcome};
use crate::slice::owner_of;
use crate::store::stopped;
use crate::table::Table;
use crate::value::Item;

/// What can name an item.
pub trait ToKey {
    fn to_key(self) -> Result<Key>;
}

impl ToKey for Key {
    fn to_key(self) -> Result<Key> {
        Ok(self)
    }
}

impl ToKey for Result<Key> {
    fn to_key(self) -> Result<Key> {
        self
    }
}

impl ToKey for &Key {
    fn to_key(self) -> Result<Key> {
        Ok(self.clone())
    }
}

impl ToKey for &str {
    fn to_key(self) -> Result<Key> {
        Key::parse(self)
    }
}

impl ToKey for String {
    fn to_key(self) -> Result<Key> {
        Key::parse(self)
    }
}

/// What can be read as an update expression.
pub trait ToUpdate {
    fn to_update(self) -> Result<Update>;
}

impl ToUpdate for Update {
    fn to_update(self) -> Result<Update> {
        Ok(self)
    }
}

impl ToUpdate for Result<Update> {
    fn to_update(self) -> Result<Update> {
        self
    }
}

impl ToUpdate for &str {
    fn to_update(self) -> Result<Update> {
        Update::parse(self)
    }
}

/// What can be read as a condition.
pub trait ToCondition {
    fn to_condition(self) -> Result<Condition>;
}

impl ToCondition for Condition {
    fn to_condition(self) -> Result<Condition> {
        Ok(self)
    }
}

impl ToCondition for Result<Condition> {
    fn to_condition(self) -> Result<Condition> {
        self
    }
}

impl ToCondition for &str {
    fn to_condition(self) -> Result<Condition> {
        Condition::parse(self)
    }
}

/// What a request gives an attribute: a value, an increment or a null.
pub struct Assigned(pub Assign);

/// Adds to the stored number.
pub fn increment(step: impl Into<crate::Value>) -> Assigned {
    Assigned(Assign::Increment(step.into()))
}

impl<V: Into<crate::Value>> From<V> for Assigned {
    fn from(value: V) -> Self {
        Self(Assign::Set(value.into()))
    }
}

/// Which attributes a reader gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Select {
    /// `*`: those whose name does not begin with `__`.
    #[default]
    User,
    /// `**`: all, those of the store too.
    All,
    /// Those of these names.
    Names(Vec<Arc<str>>),
}

impl Select {
    pub fn names<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Names(names.into_iter().map(Into::into).collect())
    }

    /// Reads `*`, `**` or a list with commas.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text.trim() {
            "*" => Self::User,
            "**" => Self::All,
            list => {
                let names: Vec<&str> = list.split(',').map(str::trim).collect();
                names.iter().try_for_each(|name| name::check_attribute(name))?;
                Self::names(names)
            }
        })
    }

    pub(crate) fn of(&self, mut item: Item, system: &SystemAttributes<'_>) -> Item {
        match self {
            Self::User => {
                item.retain(|name| !name::is_hidden(name));
                item
            }
            Self::All => {
                let kept = name::SYSTEM_ATTRIBUTES.iter().filter_map(|name| Some((Arc::from(*name), system.value(name)?)));
                item.into_iter().chain(kept).collect()
            }
            Self::Names(names) => {
                let value = |name: &Arc<str>| match name::is_system(name) {
                    true => system.value(name),
                    false => item.get(name).cloned(),
                };
                names.iter().filter_map(|name| Some((name.clone(), value(name)?))).collect()
            }
        }
    }
}

/// What to do when there is nothing to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    Fail,
    Ignore,
}

/// One operation of a batch.
#[derive(Debug, Clone)]
pub struct Operation {
    pub key: Key,
    pub change: Change,
}

/// A write that is about to be sent; nothing happens before it is awaited.
#[must_use = "a write does nothing unless it is awaited"]
pub struct Write {
    pub(crate) table: Option<Table>,
    pub(crate) request: Result<Operation>,
}

impl Write {
    /// Only if the condition is true for the stored item.
    pub fn when(mut self, condition: impl ToCondition) -> Self {
        self.request = self.request.and_then(|operation| {
            let condition = Some(condition.to_condition()?);
            let change = match operation.change {
                Change::Write { mode, attributes, .. } => Change::Write { mode, attributes, condition },
                Change::Evaluate { update, otherwise, .. } => Change::Evaluate { update, condition, otherwise },
                Change::Delete { .. } => Change::Delete { condition },
            };
            Ok(Operation { key: operation.key, change })
        });
        self
    }

    /// Carried out if the condition is not true; only for update expressions.
    pub fn otherwise(mut self, update: impl ToUpdate) -> Self {
        self.request = self.request.and_then(|operation| {
            let otherwise = Some(update.to_update()?);
            match operation.change {
                Change::Evaluate { update, condition, .. } => {
                    Ok(Operation { key: operation.key, change: Change::Evaluate { update, condition, otherwise } })
                }
                _ => Err(Error::new(
                    ErrorName::InvalidArgument,
                    "only an update expression can have another for when its condition is not true",
                )),
            }
        });
        self
    }

    /// As an operation of a batch.
    pub fn into_operation(self) -> Result<Operation> {
        self.request
    }
}

impl IntoFuture for Write {
    type Output = Result<WriteOutcome>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Operation { key, change } = self.request?;
            change.check()?;
            let Some(table) = self.table else { return Err(stopped()) };
            let nothing_there = table.cell.table()?.generation.is_none();
            if nothing_there && matches!(change, Change::Delete { .. }) {
                return Ok(WriteOutcome::Unchanged(Unchanged::NoSuchItem));
            }
            table.note_change(&change);
            let owners = table.store.owners()?;
            let owner = &owners[owner_of(key.slice(), owners.len())];
            let place = codec::encode_key(&table.directory, &key).into();
            let request = Request { place, key, change, row: 0 };
            let answer = table.send(owner, vec![request], Manner::Each, true).await?;
            let outcome = answer.await.unwrap_or_else(|_| Err(stopped())).and_then(|mut outcomes| match outcomes.pop() {
                Some(outcome) => outcome,
                None => Err(stopped()),
            });
            outcome.map_err(|why| why.table(table.path()))
        })
    }
}
