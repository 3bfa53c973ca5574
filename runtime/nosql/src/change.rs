//! What a request makes of an item: a pure function that the owner of a slice calls.
//!
//! ```text
//! stored item or none, Change ─► decide ─► Create / Update / Same / Unchanged / Delete, or an error
//! ```
//!
//! An error leaves the item as it is. Not here: versions and durability (the slice), many rows (`rows`).

use std::sync::Arc;

use crate::expression::Attributes;
use crate::limits::Limits;
use crate::name::KeyColumns;
use crate::value::{Item, Value};

/// How the attributes of a request meet those of a stored item.
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

/// What is asked of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assign {
    Set(Value),
    /// Adds a long or double to the stored number, or stores it if there is none.
    Increment(Value),
    /// A null: removes the attribute under REPLACE and OVERWRITE, changes nothing under the other modes.
    Null,
}

/// An item as the slice has it.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    pub item: &'a Item,
    /// Asked for the system attributes alone.
    pub system: &'a dyn Attributes,
}

/// What a table demands of every change.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The key columns of the table's schema, if it has one: their attributes never disagree with the item's name.
    pub key_columns: Option<KeyColumns>,
    pub limits: Limits,
}

/// The attributes of a request.
pub type Assignments = Vec<(Arc<str>, Assign)>;

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
