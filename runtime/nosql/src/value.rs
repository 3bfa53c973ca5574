//! What an item is made of: values of eight kinds under attribute names.
//!
//! A null is not a value: an attribute that is null is absent. Equality here is identity (two NaN are equal, `0.0` and
//! `-0.0` are not): it answers whether a write changes anything. How expressions and filters compare stands in
//! `expression` and `read_filter`.
//!
//! Not here: which names are allowed (`name`), how large things may be (`limits`), bytes on disk (`storage`).

use std::fmt;
use std::sync::Arc;

/// What a value is, by the text of table schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Bool,
    Int,
    Double,
    Str,
    Timestamp,
    Blob,
    IntArray,
    DoubleArray,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] =
        [Kind::Bool, Kind::Int, Kind::Double, Kind::Str, Kind::Timestamp, Kind::Blob, Kind::IntArray, Kind::DoubleArray];

    /// The text that stands for it in `.#schema`.
    ///
    /// ```
    /// use emberflow_nosql::Kind;
    /// assert_eq!(Kind::IntArray.schema_text(), "array<long>");
    /// assert_eq!(Kind::from_schema_text("long"), Some(Kind::Int));
    /// ```
    pub fn schema_text(self) -> &'static str {
        match self {
            Kind::Bool => "boolean",
            Kind::Int => "long",
            Kind::Double => "double",
            Kind::Str => "string",
            Kind::Timestamp => "timestamp",
            Kind::Blob => "blob",
            Kind::IntArray => "array<long>",
            Kind::DoubleArray => "array<double>",
        }
    }

    /// The kind a text of `.#schema` stands for.
    pub fn from_schema_text(text: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.schema_text() == text)
    }

    /// Whether values of it are added and multiplied.
    pub fn is_number(self) -> bool {
        matches!(self, Kind::Int | Kind::Double)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.schema_text())
    }
}

/// A stored value.
#[derive(Debug, Clone)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(String),
    /// Seconds since 1970 in UTC, and nanoseconds after them, below 1,000,000,000.
    Timestamp {
        secs: i64,
        nanos: u32,
    },
    Blob(Vec<u8>),
    IntArray(Vec<i64>),
    DoubleArray(Vec<f64>),
}

impl Value {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Double(_) => Kind::Double,
            Value::Str(_) => Kind::Str,
            Value::Timestamp { .. } => Kind::Timestamp,
            Value::Blob(_) => Kind::Blob,
            Value::IntArray(_) => Kind::IntArray,
            Value::DoubleArray(_) => Kind::DoubleArray,
        }
    }

    /// The bytes it counts against the limits, and in `__size`.
    pub fn size(&self) -> usize {
        match self {
            Value::Bool(_) => 1,
            Value::Int(_) | Value::Double(_) => 8,
            Value::Timestamp { .. } => 12,
            Value::Str(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            Value::IntArray(values) => 8 * values.len(),
            Value::DoubleArray(values) => 8 * values.len(),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Timestamp { secs: a, nanos: m }, Value::Timestamp { secs: b, nanos: n }) => (a, m) == (b, n),
            (Value::Blob(a), Value::Blob(b)) => a == b,
            (Value::IntArray(a), Value::IntArray(b)) => a == b,
            (Value::DoubleArray(a), Value::DoubleArray(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
            }
            _ => false,
        }
    }
}

impl Eq for Value {}

macro_rules! from {
    ($($from:ty => |$it:ident| $value:expr;)+) => {
        $(impl From<$from> for Value { fn from($it: $from) -> Self { $value } })+
    };
}

from! {
    bool => |it| Value::Bool(it);
    i64 => |it| Value::Int(it);
    i32 => |it| Value::Int(it.into());
    f64 => |it| Value::Double(it);
    &str => |it| Value::Str(it.to_owned());
    String => |it| Value::Str(it);
    Vec<u8> => |it| Value::Blob(it);
    Vec<i64> => |it| Value::IntArray(it);
    Vec<f64> => |it| Value::DoubleArray(it);
}

/// The attributes of an item, sorted by name. Names are shared between the items of a scan.
///
/// ```
/// use emberflow_nosql::{Item, Value};
/// let mut item = Item::from_iter([("stock", Value::from(3)), ("bin", Value::from("A4"))]);
/// item.set("stock", 4);
/// item.remove("bin");
/// assert_eq!(item, Item::from_iter([("stock", 4.into())]));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    entries: Vec<(Arc<str>, Value)>,
}

impl Item {
    /// Without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).ok().map(|at| &self.entries[at].1)
    }

    /// The value of an attribute, to change in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.find(name).ok().map(|at| &mut self.entries[at].1)
    }

    /// Sets an attribute and gives back its old value.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.find(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (name, value));
                None
            }
        }
    }

    /// Removes an attribute and gives back its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.find(name).ok().map(|at| self.entries.remove(at).1)
    }

    /// Whether there is such an attribute.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The attributes in the order of their names' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    /// The bytes it counts against the limits, and in `__size`: names and values.
    pub fn size(&self) -> usize {
        self.entries.iter().map(|(name, value)| name.len() + value.size()).sum()
    }

    /// Keeps the attributes whose name passes.
    pub(crate) fn retain(&mut self, passes: impl Fn(&str) -> bool) {
        self.entries.retain(|(name, _)| passes(name));
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(known, _)| known.as_bytes().cmp(name.as_bytes()))
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Value)> for Item {
    /// The last value given to a name counts.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        let mut entries: Vec<(Arc<str>, Value)> = entries.into_iter().map(|(name, value)| (name.into(), value)).collect();
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.reverse(); // so that of equal names the last comes first, and stays
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.dedup_by(|later, kept| later.0 == kept.0);
        }
        Self { entries }
    }
}

impl IntoIterator for Item {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
