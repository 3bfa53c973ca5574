//! What a request makes of an item: a pure function that the owner of a slice calls.
//!
//! ```text
//! stored item or none, Change ─► decide ─► Create / Update / Same / Unchanged / Delete, or an error
//! ```
//!
//! An error leaves the item as it is. Not here: versions and durability (the slice), many rows (`rows`).

use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorName, Result};
pub use crate::expression::Stored;
use crate::expression::{Absent, Attributes, Condition, Update};
use crate::limits::Limits;
use crate::name::{Key, KeyColumns, bucket_of, bucketed, check_settable, sharding_text, sorting_text};
use crate::value::{Item, Value};

/// How the attributes of a request meet those of a stored item. If there is none, every mode creates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpdateMode {
    /// Adds what is missing, keeps what is there.
    Append,
    /// Only creates items.
    AppendNew,
    /// Sets what is given, keeps the rest.
    Replace,
    /// Makes the item anew.
    Overwrite,
}

impl FromStr for UpdateMode {
    type Err = Error;

    /// By name or alias, in any case: `APPEND_NEW`, `updateItem`. `InvalidArgument`.
    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "append" => Ok(Self::Append),
            "append_new" | "createnewitemonly" | "createnewitemsonly" => Ok(Self::AppendNew),
            "replace" | "createorreplaceattributes" | "updateitem" => Ok(Self::Replace),
            "overwrite" | "overwriteattributes" | "overwriteitem" => Ok(Self::Overwrite),
            _ => {
                let text = format!("{text:?} is no update mode; there are APPEND, APPEND_NEW, REPLACE and OVERWRITE");
                Err(Error::new(ErrorName::InvalidArgument, text))
            }
        }
    }
}

/// What is asked of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assign {
    Set(Value),
    /// Adds a long or double to the stored number, or stores it if there is none.
    Increment(Value),
    /// A null: the attribute is absent afterwards under REPLACE and OVERWRITE; changes nothing under the other modes.
    Null,
}

impl<V: Into<Value>> From<V> for Assign {
    fn from(value: V) -> Self {
        Self::Set(value.into())
    }
}

/// The attributes of a request.
pub type Assignments = Vec<(Arc<str>, Assign)>;

/// A request about one item. An absent condition is true.
#[derive(Debug, Clone)]
pub enum Change {
    /// Attributes by mode.
    Write {
        mode: UpdateMode,
        attributes: Assignments,
        condition: Option<Condition>,
    },
    /// An update expression; `otherwise` if the condition is not true.
    Evaluate {
        update: Update,
        condition: Option<Condition>,
        otherwise: Option<Update>,
    },
    Delete {
        condition: Option<Condition>,
    },
}

impl Change {
    /// Checks what does not depend on the item, once, where a request comes in: names of attributes
    /// (`InvalidAttributeName`, `ReservedName`), steps of increments (`InvalidArgument`), parameters without a value
    /// (`InvalidArgument`).
    pub fn check(&self) -> Result<()> {
        match self {
            Change::Write { attributes, condition, .. } => {
                for (name, assign) in attributes {
                    check_settable(name)?;
                    if let Assign::Increment(step) = assign
                        && !step.kind().is_number()
                    {
                        let text = format!("the increment of {name} is a {}, not a long or a double", step.kind());
                        return Err(Error::new(ErrorName::InvalidArgument, text));
                    }
                }
                condition.iter().try_for_each(Condition::check_bound)
            }
            Change::Evaluate { update, condition, otherwise } => {
                condition.iter().try_for_each(Condition::check_bound)?;
                otherwise.iter().try_for_each(Update::check_bound)?;
                update.check_bound()
            }
            Change::Delete { condition } => condition.iter().try_for_each(Condition::check_bound),
        }
    }
}

/// What a table demands of every change.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The key columns of the table's schema, if it has one: an attribute of that name never disagrees with the item's name.
    pub key_columns: Option<KeyColumns>,
    pub limits: Limits,
}

/// What becomes of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// There was none; this is it.
    Create(Item),
    /// This takes the place of the stored item.
    Update(Item),
    /// The request is met by the item as it is: success, nothing to write, the version stays.
    Same,
    /// The stored item is to be removed.
    Delete,
    /// Success without effect.
    Unchanged(Unchanged),
}

/// Why a request had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unchanged {
    ConditionFalse,
    ItemExists,
    NoSuchItem,
}

/// What a request makes of the item `key`, which is absent: as [`decide`], without copying values.
pub(crate) fn decide_absent(key: &Key, change: Change, rules: &Rules) -> Result<Decision> {
    match change {
        // A null may take back what was set before it.
        Change::Write { mode, attributes, condition: None } if !attributes.iter().any(|(_, assign)| *assign == Assign::Null) => {
            let value = |(name, assign)| match assign {
                Assign::Set(value) | Assign::Increment(value) => Some((name, value)),
                Assign::Null => None,
            };
            let item = attributes.into_iter().filter_map(value).collect();
            settled(None, item, mode == UpdateMode::Overwrite, key, rules).map_err(|error| error.item(key))
        }
        change => decide(None, key, &change, rules),
    }
}

/// What a request makes of the item `key`, which is `stored` or absent.
///
/// ```
/// use emberflow_nosql::change::{Assign, Change, Decision, Rules, Stored, UpdateMode, decide};
/// use emberflow_nosql::expression::Absent;
/// use emberflow_nosql::{Item, name::Key};
///
/// let stored = Item::from_iter([("n", 40.into())]);
/// let change = Change::Write {
///     mode: UpdateMode::Replace,
///     attributes: vec![("n".into(), Assign::Increment(2.into()))],
///     condition: None,
/// };
/// let decision = decide(Some(Stored { item: &stored, system: &Absent }), &Key::parse("p")?, &change, &Rules::default())?;
/// assert_eq!(decision, Decision::Update(Item::from_iter([("n", 42.into())])));
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub fn decide(stored: Option<Stored<'_>>, key: &Key, change: &Change, rules: &Rules) -> Result<Decision> {
    decided(stored, key, change, rules).map_err(|error| error.item(key))
}

fn decided(stored: Option<Stored<'_>>, key: &Key, change: &Change, rules: &Rules) -> Result<Decision> {
    let passes = |condition: &Option<Condition>| match (condition, &stored) {
        (None, _) => true,
        (Some(condition), Some(stored)) => condition.passes(stored),
        (Some(condition), None) => condition.passes(&Absent),
    };
    match change {
        Change::Write { condition, .. } if !passes(condition) => Ok(Decision::Unchanged(Unchanged::ConditionFalse)),
        Change::Write { mode: UpdateMode::AppendNew, .. } if stored.is_some() => Ok(Decision::Unchanged(Unchanged::ItemExists)),
        Change::Write { mode, attributes, .. } => {
            let item = written(stored.map(|stored| stored.item), *mode, attributes)?;
            settled(stored, item, *mode == UpdateMode::Overwrite, key, rules)
        }
        Change::Evaluate { update, condition, otherwise } => match (passes(condition), otherwise) {
            (true, _) => evaluated(stored, update, key, rules),
            (false, Some(otherwise)) => evaluated(stored, otherwise, key, rules),
            (false, None) => Ok(Decision::Unchanged(Unchanged::ConditionFalse)),
        },
        Change::Delete { condition } => Ok(match stored {
            None => Decision::Unchanged(Unchanged::NoSuchItem),
            Some(_) if passes(condition) => Decision::Delete,
            Some(_) => Decision::Unchanged(Unchanged::ConditionFalse),
        }),
    }
}

/// The item that attributes make of a stored one.
fn written(stored: Option<&Item>, mode: UpdateMode, attributes: &Assignments) -> Result<Item> {
    let old = |name: &str| stored.and_then(|item| item.get(name));
    let kept = stored.filter(|_| mode != UpdateMode::Overwrite);
    let mut item = kept.cloned().unwrap_or_default();
    for (name, assign) in attributes {
        match assign {
            Assign::Set(_) if mode == UpdateMode::Append && old(name).is_some() => {}
            Assign::Set(value) => drop(item.set(Arc::clone(name), value.clone())),
            Assign::Increment(step) => drop(item.set(Arc::clone(name), incremented(name, old(name), step)?)),
            Assign::Null if mode == UpdateMode::Append => {}
            Assign::Null => drop(item.remove(name)),
        }
    }
    Ok(item)
}

fn incremented(name: &str, stored: Option<&Value>, step: &Value) -> Result<Value> {
    match (stored, step) {
        (None, step) => Ok(step.clone()),
        (Some(Value::Int(old)), Value::Int(step)) => old.checked_add(*step).map(Value::Int).ok_or_else(|| {
            Error::new(ErrorName::ArithmeticOverflow, format!("{name} is {old}; {step} more does not fit 64 bits"))
        }),
        (Some(Value::Int(old)), Value::Double(step)) => Ok(Value::Double(*old as f64 + step)),
        (Some(Value::Double(old)), Value::Int(step)) => Ok(Value::Double(old + *step as f64)),
        (Some(Value::Double(old)), Value::Double(step)) => Ok(Value::Double(old + step)),
        (Some(old), _) => {
            let text = format!("{name} is a {}, which cannot be incremented", old.kind());
            Err(Error::new(ErrorName::TypeError, text))
        }
    }
}

fn evaluated(stored: Option<Stored<'_>>, update: &Update, key: &Key, rules: &Rules) -> Result<Decision> {
    if stored.is_some() && update.is_empty() {
        return Ok(Decision::Unchanged(Unchanged::ItemExists));
    }
    let item = match stored {
        Some(stored) => update.apply(stored.item, stored.system)?,
        None => update.apply(&Item::new(), &Absent as &dyn Attributes)?,
    };
    settled(stored, item, false, key, rules)
}

/// Whether the new item may stand, and what that is called. `anew` if it was made without the stored one.
fn settled(stored: Option<Stored<'_>>, item: Item, anew: bool, key: &Key, rules: &Rules) -> Result<Decision> {
    let old = stored.map(|stored| stored.item);
    if old == Some(&item) {
        return Ok(Decision::Same);
    }
    rules.limits.check_item(&item)?;
    if let Some(columns) = &rules.key_columns {
        check_key_attributes(columns, key, old, &item, anew)?;
    }
    Ok(if old.is_some() { Decision::Update(item) } else { Decision::Create(item) })
}

/// A key attribute says what the name says, or is not there; it goes only with the whole old item.
fn check_key_attributes(columns: &KeyColumns, key: &Key, old: Option<&Item>, new: &Item, anew: bool) -> Result<()> {
    let agrees_sharding = |value: &Value| match (sharding_text(value), key.sorting()) {
        (Ok(text), Some(sorting)) if columns.buckets > 0 => {
            bucketed(&text, bucket_of(sorting, columns.buckets)) == key.sharding()
        }
        (Ok(text), _) if columns.sorting.is_some() => text == key.sharding(),
        (Ok(text), _) => text == key.as_str(),
        (Err(_), _) => false,
    };
    let agrees_sorting = |value: &Value| sorting_text(value).is_ok_and(|text| key.sorting() == Some(&text));
    let agree = |column: &str, agrees: &dyn Fn(&Value) -> bool| {
        let was = old.and_then(|item| item.get(column));
        match new.get(column) {
            now if now == was => true,
            Some(value) => agrees(value),
            None => anew,
        }
    };
    let wrong = if !agree(&columns.key, &agrees_sharding) {
        Some(&columns.key)
    } else {
        columns.sorting.as_ref().filter(|column| !agree(column, &agrees_sorting))
    };
    match wrong {
        None => Ok(()),
        Some(column) => {
            let text =
                format!("attribute {column} is part of the key, so it stays as the name says; to re-key, delete and insert");
            Err(Error::new(ErrorName::KeyAttributeImmutable, text))
        }
    }
}

#[cfg(test)]
mod tests;
