//! Filters that the engine pushes into a read, by SQL's rules: which names, ranges and folders they leave to read, and which
//! items pass.
//!
//! ```text
//! filters, schema ─► plan ─┬─► partition filters ─► which folders are opened
//!                          ├─► Access: point (names) / range (sharding texts, sorting interval) / full
//!                          └─► filters on items ─► Prepared::matches
//! ```
//!
//! Everything that can be written as a [`Filter`] is exact for every stored type, so the engine need not check again. NaN
//! equals NaN and is the greatest, the zeros are equal, strings order by bytes, timestamps count in microseconds. Not here:
//! the expressions of conditions (`expression`), which follow other rules; LIMIT and column pruning (the scan).
//! Begin at [`plan`].

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::codec::ValueRef;
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Attribute, Attributes};
use crate::name::{Key, KeyColumns, bucketed, is_system, sharding_text, sorting_text};
use crate::schema::{Field, TableSchema};
use crate::slice_scan::{RawItem, RawValue};
use crate::value::{Kind, Value};

/// A comparison with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A test of columns against literals of their own types. A literal that is none is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    Compare(Arc<str>, Comparison, Option<Value>),
    /// Never unknown: two nulls are equal.
    NullSafeEqual(Arc<str>, Option<Value>),
    In(Arc<str>, Vec<Option<Value>>),
    IsNull(Arc<str>),
    IsNotNull(Arc<str>),
    StartsWith(Arc<str>, String),
    EndsWith(Arc<str>, String),
    Contains(Arc<str>, String),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
}

impl Filter {
    /// Calls `visit` with every column it tests.
    fn columns<'f>(&'f self, visit: &mut impl FnMut(&'f Arc<str>)) {
        match self {
            Filter::Compare(column, ..)
            | Filter::NullSafeEqual(column, _)
            | Filter::In(column, _)
            | Filter::IsNull(column)
            | Filter::IsNotNull(column)
            | Filter::StartsWith(column, _)
            | Filter::EndsWith(column, _)
            | Filter::Contains(column, _) => visit(column),
            Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| part.columns(visit)),
            Filter::Not(inner) => inner.columns(visit),
        }
    }

    /// Whether it tests columns, and no others than these.
    fn is_about(&self, columns: &[String]) -> bool {
        let (mut some, mut all) = (false, true);
        self.columns(&mut |column| {
            some = true;
            all &= columns.iter().any(|known| **known == **column);
        });
        some && all
    }

    /// The only values `column` can have where this is true; none if it does not say.
    fn values_of<'f>(&'f self, column: &str) -> Option<Vec<&'f Value>> {
        match self {
            Filter::Compare(of, Comparison::Equal, value) if **of == *column => Some(value.iter().collect()),
            Filter::NullSafeEqual(of, Some(value)) if **of == *column => Some(vec![value]),
            Filter::In(of, values) if **of == *column => Some(values.iter().flatten().collect()),
            Filter::Or(parts) => {
                parts.iter().map(|part| part.values_of(column)).collect::<Option<Vec<_>>>().map(|all| all.concat())
            }
            Filter::And(parts) => parts.iter().find_map(|part| part.values_of(column)),
            _ => None,
        }
    }
}

impl fmt::Display for Filter {
    /// As Spark prints its pushed filters: `GreaterThan(n,9)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nested = |f: &mut fmt::Formatter<'_>, name: &str, parts: &[Filter]| match parts {
            [] => f.write_str(if name == "And" { "AlwaysTrue()" } else { "AlwaysFalse()" }),
            [first, rest @ ..] => {
                (0..rest.len()).try_for_each(|_| write!(f, "{name}("))?;
                write!(f, "{first}")?;
                rest.iter().try_for_each(|part| write!(f, ",{part})"))
            }
        };
        match self {
            Filter::Compare(column, comparison, value) => {
                let name = match comparison {
                    Comparison::Equal => "EqualTo",
                    Comparison::Less => "LessThan",
                    Comparison::LessOrEqual => "LessThanOrEqual",
                    Comparison::Greater => "GreaterThan",
                    Comparison::GreaterOrEqual => "GreaterThanOrEqual",
                };
                write!(f, "{name}({column},{})", Literal(value.as_ref()))
            }
            Filter::NullSafeEqual(column, value) => write!(f, "EqualNullSafe({column},{})", Literal(value.as_ref())),
            Filter::In(column, values) => {
                let said: Vec<String> = values.iter().map(|value| Literal(value.as_ref()).to_string()).collect();
                write!(f, "In({column}, [{}])", said.join(","))
            }
            Filter::IsNull(column) => write!(f, "IsNull({column})"),
            Filter::IsNotNull(column) => write!(f, "IsNotNull({column})"),
            Filter::StartsWith(column, text) => write!(f, "StringStartsWith({column},{text})"),
            Filter::EndsWith(column, text) => write!(f, "StringEndsWith({column},{text})"),
            Filter::Contains(column, text) => write!(f, "StringContains({column},{text})"),
            Filter::And(parts) => nested(f, "And", parts),
            Filter::Or(parts) => nested(f, "Or", parts),
            Filter::Not(inner) => write!(f, "Not({inner})"),
        }
    }
}

struct Literal<'a>(Option<&'a Value>);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("null"),
            Some(Value::Str(text)) => f.write_str(text),
            Some(Value::Bool(truth)) => write!(f, "{truth}"),
            Some(Value::Int(number)) => write!(f, "{number}"),
            Some(Value::Double(number)) => write!(f, "{number:?}"),
            Some(Value::Timestamp { secs, nanos }) => write!(f, "{secs}:{nanos}"),
            Some(other) => write!(f, "{}", other.kind()),
        }
    }
}

// What to read.

/// Items of one sharding text whose sorting text is at least `from` and below `to`, by bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub sharding: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Which items a read has to look at, in every folder it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// These names.
    Point(Vec<Key>),
    /// These parts of slices.
    Range(Vec<Span>),
    Full,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Point(names) => write!(f, "point({})", names.len()),
            Access::Range(spans) => write!(f, "range({})", spans.len()),
            Access::Full => f.write_str("full"),
        }
    }
}

/// How a read with filters goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlan {
    /// Those that test partition columns alone: they choose folders.
    pub partition: Vec<Filter>,
    /// The others: they choose items.
    pub items: Vec<Filter>,
    pub access: Access,
}

/// More names than this are not looked up one by one.
const MOST_POINTS: usize = 10_000;

/// Sorts filters, all of which have to be true, and finds what they leave to read.
///
/// ```
/// use emberflow_nosql::read_filter::{Comparison, Filter, plan};
/// use emberflow_nosql::schema::TableSchema;
/// let schema = TableSchema::from_json(
///     r#"{"fields":[{"name":"k","type":"string"},{"name":"s","type":"string"}],"key":"k","sortingKey":"s"}"#,
/// )?;
/// let filter = Filter::Compare("k".into(), Comparison::Equal, Some("u".into()));
/// assert_eq!(plan(vec![filter], &schema).access.to_string(), "range(1)");
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub fn plan(filters: Vec<Filter>, schema: &TableSchema) -> ReadPlan {
    let mut conjuncts = Vec::new();
    filters.into_iter().for_each(|filter| split(filter, &mut conjuncts));
    let access = schema.key.as_ref().map_or(Access::Full, |key| access(&conjuncts, key, schema));
    let (partition, items) = conjuncts.into_iter().partition(|filter| filter.is_about(&schema.partition));
    ReadPlan { partition, items, access }
}

fn split(filter: Filter, conjuncts: &mut Vec<Filter>) {
    match filter {
        Filter::And(parts) => parts.into_iter().for_each(|part| split(part, conjuncts)),
        other => conjuncts.push(other),
    }
}

fn access(conjuncts: &[Filter], key: &KeyColumns, schema: &TableSchema) -> Access {
    let Some(shardings) = texts_of(conjuncts, &key.key, schema, sharding_text) else { return Access::Full };
    let Some(sorting) = &key.sorting else {
        return Access::Point(shardings.into_iter().filter_map(|text| Key::simple(text).ok()).collect());
    };
    if let Some(sortings) = texts_of(conjuncts, sorting, schema, sorting_text)
        && shardings.len().saturating_mul(sortings.len()) <= MOST_POINTS
    {
        let pairs = shardings.iter().flat_map(|sharding| sortings.iter().map(move |sorting| (sharding, sorting)));
        return Access::Point(pairs.filter_map(|(sharding, sorting)| key.name_of_texts(sharding, sorting).ok()).collect());
    }
    let (from, to) = interval(conjuncts, sorting);
    let possible = shardings.into_iter().filter(|sharding| Key::simple(sharding.as_str()).is_ok());
    let texts: Vec<String> = match key.buckets {
        0 => possible.collect(),
        buckets => possible.flat_map(|sharding| (0..buckets).map(move |bucket| bucketed(&sharding, bucket))).collect(),
    };
    Access::Range(texts.into_iter().map(|sharding| Span { sharding, from: from.clone(), to: to.clone() }).collect())
}

/// The texts of the only values that a key column can have; none if the filters do not say. A value that cannot be part of a
/// name has no items.
fn texts_of(
    conjuncts: &[Filter],
    column: &str,
    schema: &TableSchema,
    text: fn(&Value) -> Result<String>,
) -> Option<BTreeSet<String>> {
    let kind = schema.field(column)?.kind;
    let mut known: Option<BTreeSet<String>> = None;
    for values in conjuncts.iter().filter_map(|conjunct| conjunct.values_of(column)) {
        if values.iter().any(|value| Some(value.kind()) != kind) {
            continue;
        }
        let texts: BTreeSet<String> = values.into_iter().filter_map(|value| text(value).ok()).collect();
        known = Some(match known {
            None => texts,
            Some(earlier) => earlier.intersection(&texts).cloned().collect(),
        });
    }
    known
}

/// The interval of sorting texts, first included, last not. Only strings order as their texts do.
fn interval(conjuncts: &[Filter], column: &str) -> (Option<String>, Option<String>) {
    let (mut from, mut to): (Option<String>, Option<String>) = (None, None);
    let mut at_least = |text: String| from = Some(from.take().map_or(text.clone(), |old| old.max(text)));
    let mut below = |text: String| to = Some(to.take().map_or(text.clone(), |old| old.min(text)));
    let just_after = |text: &str| format!("{text}\0"); // nothing lies between
    for conjunct in conjuncts {
        let Filter::Compare(of, comparison, Some(Value::Str(text))) = conjunct else { continue };
        if **of != *column {
            continue;
        }
        match comparison {
            Comparison::Equal => {
                at_least(text.clone());
                below(just_after(text));
            }
            Comparison::Greater => at_least(just_after(text)),
            Comparison::GreaterOrEqual => at_least(text.clone()),
            Comparison::Less => below(text.clone()),
            Comparison::LessOrEqual => below(just_after(text)),
        }
    }
    (from, to)
}

// Which items pass.

/// What a stored value that is not of its column's type reads as. A long in a double column is always converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTypeMismatch {
    #[default]
    Error,
    Null,
}

/// The error for a value that is not of its column's type.
pub(crate) fn type_mismatch(column: &str, expected: Option<Kind>, found: Kind) -> Error {
    let expected = expected.map_or("null", Kind::schema_text);
    let text = format!("attribute {column} is a {found}, but its column is a {expected}; on-type-mismatch=null reads it as null");
    Error::new(ErrorName::TypeMismatch, text)
}

/// Filters made ready for many items: columns by slot, literals by type, lists sorted.
#[derive(Debug, Clone)]
pub struct Prepared {
    columns: Vec<(Attribute, Option<Kind>)>,
    tests: Vec<Test>,
    mismatch: OnTypeMismatch,
}

#[derive(Debug, Clone)]
enum Test {
    Compare(usize, Comparison, Option<Scalar<'static>>),
    NullSafeEqual(usize, Option<Scalar<'static>>),
    /// The values in order, and whether there is a null among them.
    In(usize, Vec<Scalar<'static>>, bool),
    IsNull(usize, bool),
    Text(usize, fn(&str, &str) -> bool, String),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
}

/// A value as SQL compares it.
#[derive(Debug, Clone)]
enum Scalar<'v> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Cow<'v, str>),
    /// Seconds and microseconds after them.
    Time(i64, u32),
    /// Of a kind that is only tested for null.
    Opaque,
}

impl Prepared {
    /// Makes filters ready; all have to be true. `InvalidArgument` for a column that is not in `fields` or a literal that is
    /// not of its column's type.
    pub fn new(filters: &[Filter], fields: &[Field], mismatch: OnTypeMismatch) -> Result<Self> {
        let mut prepared = Self { columns: Vec::new(), tests: Vec::new(), mismatch };
        for filter in filters {
            let test = prepared.test(filter, fields)?;
            prepared.tests.push(test);
        }
        Ok(prepared)
    }

    /// The attributes it reads, by slot.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.columns.iter().map(|(attribute, _)| attribute)
    }

    /// Whether all are true for an item. `TypeMismatch` unless mismatches read as null.
    pub fn matches(&self, attributes: &dyn Attributes) -> Result<bool> {
        self.all_true(Source::Attributes(attributes))
    }

    /// The same for an item where it lies, in a folder. The attributes its scan wants begin with [`Prepared::attributes`].
    pub fn matches_raw(&self, item: &RawItem<'_>, folder: Folder<'_>) -> Result<bool> {
        self.all_true(Source::Raw(item, folder))
    }

    fn all_true(&self, source: Source<'_>) -> Result<bool> {
        for test in &self.tests {
            if self.truth(test, source)? != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn test(&mut self, filter: &Filter, fields: &[Field]) -> Result<Test> {
        Ok(match filter {
            Filter::Compare(column, comparison, value) => {
                let slot = self.slot(column, fields)?;
                Test::Compare(slot, *comparison, self.literal(slot, value.as_ref())?)
            }
            Filter::NullSafeEqual(column, value) => {
                let slot = self.slot(column, fields)?;
                Test::NullSafeEqual(slot, self.literal(slot, value.as_ref())?)
            }
            Filter::In(column, values) => {
                let slot = self.slot(column, fields)?;
                let literals = values.iter().flatten().map(|value| self.literal(slot, Some(value)));
                let mut literals: Vec<Scalar<'static>> = literals.filter_map(Result::transpose).collect::<Result<_>>()?;
                literals.sort_by(Scalar::compare);
                Test::In(slot, literals, values.contains(&None))
            }
            Filter::IsNull(column) => Test::IsNull(self.slot(column, fields)?, true),
            Filter::IsNotNull(column) => Test::IsNull(self.slot(column, fields)?, false),
            Filter::StartsWith(column, text) => self.text(column, fields, |text, part| text.starts_with(part), text)?,
            Filter::EndsWith(column, text) => self.text(column, fields, |text, part| text.ends_with(part), text)?,
            Filter::Contains(column, text) => self.text(column, fields, |text, part| text.contains(part), text)?,
            Filter::And(parts) => Test::And(parts.iter().map(|part| self.test(part, fields)).collect::<Result<_>>()?),
            Filter::Or(parts) => Test::Or(parts.iter().map(|part| self.test(part, fields)).collect::<Result<_>>()?),
            Filter::Not(inner) => Test::Not(Box::new(self.test(inner, fields)?)),
        })
    }

    fn text(&mut self, column: &Arc<str>, fields: &[Field], test: fn(&str, &str) -> bool, text: &str) -> Result<Test> {
        let slot = self.slot(column, fields)?;
        self.literal(slot, Some(&text.into()))?; // only to see that the column is a string
        Ok(Test::Text(slot, test, text.to_owned()))
    }

    fn slot(&mut self, column: &Arc<str>, fields: &[Field]) -> Result<usize> {
        if let Some(slot) = self.columns.iter().position(|(known, _)| known.name == *column) {
            return Ok(slot);
        }
        let field = fields.iter().find(|field| field.name == *column);
        let field =
            field.ok_or_else(|| Error::new(ErrorName::InvalidArgument, format!("there is no column {column} to filter")))?;
        let slot = self.columns.len();
        self.columns.push((Attribute { name: Arc::clone(column), slot, system: is_system(column) }, field.kind));
        Ok(slot)
    }

    fn literal(&self, slot: usize, value: Option<&Value>) -> Result<Option<Scalar<'static>>> {
        let Some(value) = value else { return Ok(None) };
        let (attribute, kind) = &self.columns[slot];
        match Scalar::of(Cow::Owned(value.clone()), *kind) {
            Some(Scalar::Opaque) | None => {
                let text = format!("column {} is not compared with a {}", attribute.name, value.kind());
                Err(Error::new(ErrorName::InvalidArgument, text))
            }
            scalar => Ok(scalar),
        }
    }

    fn value<'v>(&self, slot: usize, source: Source<'v>) -> Result<Option<Scalar<'v>>> {
        let (attribute, kind) = &self.columns[slot];
        let cell = match source {
            Source::Attributes(attributes) => attributes.attribute(attribute).map(Cell::Value),
            Source::Raw(item, folder) => match folder.value(&attribute.name) {
                Some(value) => value.map(|value| Cell::Value(Cow::Borrowed(value))),
                None => item.value(slot).map(|value| match value {
                    RawValue::Stored(value) => Cell::Stored(value),
                    RawValue::System(value) => Cell::Value(Cow::Owned(value)),
                }),
            },
        };
        let (scalar, found) = match cell {
            None => return Ok(None),
            Some(Cell::Value(value)) => {
                let found = value.kind();
                (Scalar::of(value, *kind), found)
            }
            Some(Cell::Stored(value)) => (Scalar::of_stored(value, *kind), value.kind()),
        };
        match scalar {
            Some(scalar) => Ok(Some(scalar)),
            None if self.mismatch == OnTypeMismatch::Null || kind.is_none() => Ok(None),
            None => Err(type_mismatch(&attribute.name, *kind, found)),
        }
    }

    fn truth(&self, test: &Test, source: Source<'_>) -> Result<Option<bool>> {
        match test {
            Test::Compare(slot, comparison, literal) => {
                let value = self.value(*slot, source)?;
                let order = value.zip(literal.as_ref()).map(|(value, literal)| value.compare(literal));
                Ok(order.map(|order| match comparison {
                    Comparison::Equal => order == Ordering::Equal,
                    Comparison::Less => order == Ordering::Less,
                    Comparison::LessOrEqual => order != Ordering::Greater,
                    Comparison::Greater => order == Ordering::Greater,
                    Comparison::GreaterOrEqual => order != Ordering::Less,
                }))
            }
            Test::NullSafeEqual(slot, literal) => Ok(Some(match (self.value(*slot, source)?, literal) {
                (Some(value), Some(literal)) => value.compare(literal) == Ordering::Equal,
                (value, literal) => value.is_none() && literal.is_none(),
            })),
            Test::In(slot, literals, null) => {
                let Some(value) = self.value(*slot, source)? else { return Ok(None) };
                let found = literals.binary_search_by(|literal| literal.compare(&value)).is_ok();
                Ok(if found { Some(true) } else { (!null).then_some(false) })
            }
            Test::IsNull(slot, wanted) => Ok(Some(self.value(*slot, source)?.is_none() == *wanted)),
            Test::Text(slot, test, part) => Ok(match self.value(*slot, source)? {
                Some(Scalar::Str(text)) => Some(test(&text, part)),
                _ => None,
            }),
            Test::And(parts) => self.unless_one_is(false, parts, source),
            Test::Or(parts) => self.unless_one_is(true, parts, source),
            Test::Not(inner) => Ok(self.truth(inner, source)?.map(|truth| !truth)),
        }
    }

    fn unless_one_is(&self, deciding: bool, parts: &[Test], source: Source<'_>) -> Result<Option<bool>> {
        let mut result = Some(!deciding);
        for part in parts {
            match self.truth(part, source)? {
                Some(truth) if truth == deciding => return Ok(Some(deciding)),
                Some(_) => {}
                None => result = None,
            }
        }
        Ok(result)
    }
}

/// Where a test finds its values.
#[derive(Clone, Copy)]
enum Source<'v> {
    Attributes(&'v dyn Attributes),
    Raw(&'v RawItem<'v>, Folder<'v>),
}

enum Cell<'v> {
    Value(Cow<'v, Value>),
    Stored(ValueRef<'v>),
}

impl<'v> Scalar<'v> {
    /// A value where it lies as one of a column's type; none if it is of another.
    fn of_stored(value: ValueRef<'v>, kind: Option<Kind>) -> Option<Self> {
        Some(match (kind?, value) {
            (Kind::Bool, ValueRef::Bool(truth)) => Scalar::Bool(truth),
            (Kind::Int, ValueRef::Int(number)) => Scalar::Int(number),
            (Kind::Double, ValueRef::Double(number)) => Scalar::Double(number),
            (Kind::Double, ValueRef::Int(number)) => Scalar::Double(number as f64),
            (Kind::Str, ValueRef::Str(text)) => Scalar::Str(Cow::Borrowed(text)),
            (Kind::Timestamp, ValueRef::Timestamp { secs, nanos }) => Scalar::Time(secs, nanos / 1000),
            (Kind::Blob | Kind::IntArray | Kind::DoubleArray, value) if Some(value.kind()) == kind => Scalar::Opaque,
            _ => return None,
        })
    }

    /// A value as one of a column's type; none if it is of another. A column of no type is always null, so it has no values.
    fn of(value: Cow<'v, Value>, kind: Option<Kind>) -> Option<Self> {
        Some(match (kind?, value) {
            (Kind::Str, Cow::Borrowed(Value::Str(text))) => Scalar::Str(Cow::Borrowed(text)),
            (Kind::Str, Cow::Owned(Value::Str(text))) => Scalar::Str(Cow::Owned(text)),
            (kind, value) => match (kind, &*value) {
                (Kind::Bool, Value::Bool(truth)) => Scalar::Bool(*truth),
                (Kind::Int, Value::Int(number)) => Scalar::Int(*number),
                (Kind::Double, Value::Double(number)) => Scalar::Double(*number),
                (Kind::Double, Value::Int(number)) => Scalar::Double(*number as f64),
                (Kind::Timestamp, Value::Timestamp { secs, nanos }) => Scalar::Time(*secs, nanos / 1000),
                (Kind::Blob | Kind::IntArray | Kind::DoubleArray, value) if value.kind() == kind => Scalar::Opaque,
                _ => return None,
            },
        })
    }

    /// The order of two values of one type.
    fn compare(&self, other: &Scalar) -> Ordering {
        match (self, other) {
            (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
            (Scalar::Int(a), Scalar::Int(b)) => a.cmp(b),
            (Scalar::Double(a), Scalar::Double(b)) => a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
            (Scalar::Str(a), Scalar::Str(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Scalar::Time(a, m), Scalar::Time(b, n)) => (a, m).cmp(&(b, n)),
            _ => Ordering::Equal, // literals are of their column's type
        }
    }
}

/// The columns of a folder; its values are authoritative for the items in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Folder<'a> {
    pub columns: &'a [Field],
    pub values: &'a [Option<Value>],
}

impl<'a> Folder<'a> {
    /// The value of a column of the folder, which may be null; none if it is no column of it.
    pub fn value(&self, column: &str) -> Option<Option<&'a Value>> {
        let at = self.columns.iter().position(|known| *known.name == *column)?;
        self.values.get(at).map(Option::as_ref)
    }
}

/// The attributes of an item in a folder.
#[derive(Clone, Copy)]
pub struct InFolder<'a> {
    pub folder: Folder<'a>,
    pub item: &'a dyn Attributes,
}

impl Attributes for InFolder<'_> {
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
        match self.folder.value(&attribute.name) {
            Some(value) => value.map(Cow::Borrowed),
            None => self.item.attribute(attribute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Absent;
    use crate::item;
    use crate::partition;
    use crate::value::Item;

    fn eq(column: &str, value: impl Into<Value>) -> Filter {
        compare(column, Comparison::Equal, value)
    }

    fn compare(column: &str, comparison: Comparison, value: impl Into<Value>) -> Filter {
        Filter::Compare(column.into(), comparison, Some(value.into()))
    }

    fn one_of(column: &str, values: &[&str]) -> Filter {
        Filter::In(column.into(), values.iter().map(|value| Some((*value).into())).collect())
    }

    fn schema(fields: &[(&str, Kind)], key: &str, sorting: Option<&str>, buckets: u32) -> TableSchema {
        TableSchema {
            fields: fields.iter().map(|(name, kind)| Field::new(*name, *kind)).collect(),
            key: Some(KeyColumns { key: key.into(), sorting: sorting.map(str::to_owned), buckets }),
            partition: Vec::new(),
        }
    }

    fn compound() -> TableSchema {
        schema(&[("k", Kind::Str), ("s", Kind::Str), ("a", Kind::Int)], "k", Some("s"), 0)
    }

    fn accessed(schema: &TableSchema, filters: Vec<Filter>) -> Access {
        plan(filters, schema).access
    }

    fn span(sharding: &str, from: Option<&str>, to: Option<&str>) -> Span {
        Span { sharding: sharding.into(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
    }

    #[test]
    fn vector_28_even_distribution() {
        let schema = schema(&[("k", Kind::Int), ("s", Kind::Str)], "k", Some("s"), 64);
        let ranges = accessed(&schema, vec![eq("k", 7)]);
        assert_eq!(ranges.to_string(), "range(64)");
        assert!(matches!(&ranges, Access::Range(spans) if spans[63] == span("7_63", None, None)));
        let point = accessed(&schema, vec![eq("k", 7), eq("s", "20180602")]);
        assert_eq!(point, Access::Point(vec![Key::parse("7_36.20180602").unwrap()]));
        assert_eq!(point.to_string(), "point(1)");
    }

    #[test]
    fn vector_29_intervals_of_texts() {
        let filters = vec![eq("k", "u"), compare("s", Comparison::Greater, "a"), compare("s", Comparison::LessOrEqual, "c")];
        assert_eq!(accessed(&compound(), filters), Access::Range(vec![span("u", Some("a\0"), Some("c\0"))]));
    }

    #[test]
    fn vector_30_numbers_do_not_order_as_texts() {
        let schema = schema(&[("k", Kind::Str), ("n", Kind::Int)], "k", Some("n"), 0);
        let filters = vec![eq("k", "u"), compare("n", Comparison::Greater, 9)];
        let plan = plan(filters, &schema);
        assert_eq!(plan.access, Access::Range(vec![span("u", None, None)]));
        let prepared = Prepared::new(&plan.items, &schema.fields, OnTypeMismatch::Error).unwrap();
        let passing = [2, 10, 9].map(|n| prepared.matches(&item! {k: "u", n: n}).unwrap());
        assert_eq!(passing, [false, true, false]);
    }

    #[test]
    fn vector_31_without_equality_everything_is_read() {
        assert_eq!(accessed(&compound(), vec![Filter::Not(Box::new(eq("k", "u")))]), Access::Full);
        assert_eq!(accessed(&compound(), vec![Filter::Not(Box::new(one_of("k", &["u"])))]), Access::Full);
        assert_eq!(accessed(&compound(), vec![compare("k", Comparison::Less, "u")]), Access::Full);
        assert_eq!(accessed(&compound(), vec![eq("s", "u")]), Access::Full);
    }

    #[test]
    fn vector_33_partitions() {
        let mut schema = schema(&[("k", Kind::Str), ("y", Kind::Int), ("m", Kind::Int)], "k", None, 0);
        schema.partition = vec!["y".into(), "m".into()];
        let columns = [Field::new("y", Kind::Int), Field::new("m", Kind::Int)];
        let filters = vec![Filter::And(vec![eq("m", 2), compare("y", Comparison::Greater, 2023)]), eq("k", "p")];
        let plan = plan(filters, &schema);
        assert_eq!((plan.partition.len(), plan.items.len()), (2, 1));
        assert_eq!(plan.access.to_string(), "point(1)");
        let prepared = Prepared::new(&plan.partition, &schema.fields, OnTypeMismatch::Error).unwrap();
        let opened = ["y=2024/m=2", "y=2023/m=2", "y=2024/m=3"].map(|folder| {
            let values = partition::parse(folder, &columns).unwrap().unwrap();
            let folder = Folder { columns: &columns, values: &values };
            prepared.matches(&InFolder { folder, item: &Absent }).unwrap()
        });
        assert_eq!(opened, [true, false, false]);
    }

    #[test]
    fn point_reads() {
        let simple = schema(&[("k", Kind::Int), ("a", Kind::Int)], "k", None, 0);
        let keys = |names: &[&str]| Access::Point(names.iter().map(|name| Key::parse(*name).unwrap()).collect());
        assert_eq!(accessed(&simple, vec![eq("k", 7), eq("a", 1)]), keys(&["7"]));
        let listed = Filter::In("k".into(), vec![Some(7.into()), None, Some(8.into()), Some(7.into())]);
        assert_eq!(accessed(&simple, vec![listed.clone()]), keys(&["7", "8"]));
        assert_eq!(accessed(&simple, vec![listed.clone(), eq("k", 8)]), keys(&["8"]));
        assert_eq!(accessed(&simple, vec![Filter::Or(vec![eq("k", 7), listed])]), keys(&["7", "8"]));
        assert_eq!(accessed(&simple, vec![Filter::Or(vec![eq("k", 7), eq("a", 1)])]), Access::Full);
        assert_eq!(accessed(&simple, vec![Filter::NullSafeEqual("k".into(), Some(7.into()))]), keys(&["7"]));
        assert_eq!(accessed(&simple, vec![Filter::Compare("k".into(), Comparison::Equal, None)]), keys(&[]));
        assert_eq!(accessed(&simple, vec![eq("k", "7")]), Access::Full);
        assert_eq!(accessed(&compound(), vec![one_of("k", &["u", "v"]), one_of("s", &["x", "y.z"])]).to_string(), "point(4)");
        assert_eq!(accessed(&compound(), vec![one_of("k", &["u", "a.b", "", "a/b"])]).to_string(), "range(1)");
        let without_key = TableSchema { key: None, ..compound() };
        assert_eq!(accessed(&without_key, vec![eq("k", "u")]), Access::Full);
    }

    #[test]
    fn intervals_narrow_by_every_conjunct() {
        let filters = vec![
            eq("k", "u"),
            compare("s", Comparison::GreaterOrEqual, "b"),
            compare("s", Comparison::Greater, "a"),
            compare("s", Comparison::Less, "x"),
            compare("s", Comparison::LessOrEqual, "z"),
        ];
        assert_eq!(accessed(&compound(), filters), Access::Range(vec![span("u", Some("b"), Some("x"))]));
    }

    #[test]
    fn three_valued_logic() {
        let fields = [Field::new("a", Kind::Int), Field::new("d", Kind::Double), Field::new("s", Kind::Str)];
        let passes = |filter: Filter, item: &Item| {
            Prepared::new(&[filter], &fields, OnTypeMismatch::Error).unwrap().matches(item).unwrap()
        };
        let not = |filter: Filter| Filter::Not(Box::new(filter));
        let (nothing, five) = (Item::new(), item! {a: 5});
        assert!(!passes(eq("a", 5), &nothing) && !passes(not(eq("a", 5)), &nothing));
        assert!(passes(Filter::IsNull("a".into()), &nothing) && passes(Filter::IsNotNull("a".into()), &five));
        assert!(passes(Filter::Or(vec![eq("a", 5), eq("s", "x")]), &five));
        assert!(!passes(not(Filter::And(vec![eq("a", 5), eq("s", "x")])), &five));
        assert!(passes(not(Filter::And(vec![eq("a", 6), eq("s", "x")])), &five));
        assert!(passes(Filter::NullSafeEqual("a".into(), None), &nothing));
        assert!(passes(not(Filter::NullSafeEqual("a".into(), Some(5.into()))), &nothing));
        let with_null = Filter::In("a".into(), vec![Some(6.into()), None]);
        assert!(!passes(with_null.clone(), &five) && !passes(not(with_null), &five));
        assert!(passes(Filter::StartsWith("s".into(), "ab".into()), &item! {s: "abc"}));
        assert!(passes(Filter::EndsWith("s".into(), "bc".into()), &item! {s: "abc"}));
        assert!(!passes(not(Filter::Contains("s".into(), "b".into())), &nothing));
    }

    #[test]
    fn comparisons_are_the_engine_s() {
        let fields = [Field::new("d", Kind::Double), Field::new("t", Kind::Timestamp)];
        let passes = |filter: Filter, item: &Item| {
            Prepared::new(&[filter], &fields, OnTypeMismatch::Error).unwrap().matches(item).unwrap()
        };
        assert!(passes(eq("d", f64::NAN), &item! {d: f64::NAN}));
        assert!(passes(compare("d", Comparison::Greater, f64::INFINITY), &item! {d: f64::NAN}));
        assert!(passes(eq("d", 0.0), &item! {d: -0.0}));
        assert!(passes(eq("d", 4.0), &item! {d: 4}), "a long in a double column is converted");
        let t = |nanos| Value::Timestamp { secs: 1, nanos };
        assert!(passes(eq("t", t(5000)), &item! {t: t(5999)}), "timestamps are read in microseconds");
        assert!(!passes(eq("t", t(5000)), &item! {t: t(6000)}));
    }

    #[test]
    fn mismatches_fail_or_are_null() {
        let fields = [Field::new("a", Kind::Int)];
        let strict = Prepared::new(&[eq("a", 1)], &fields, OnTypeMismatch::Error).unwrap();
        assert_eq!(strict.matches(&item! {a: "1"}).unwrap_err().name(), ErrorName::TypeMismatch);
        let null = Prepared::new(&[Filter::IsNull("a".into())], &fields, OnTypeMismatch::Null).unwrap();
        assert!(null.matches(&item! {a: "1"}).unwrap());
        for wrong in [eq("a", "x"), eq("b", 1), Filter::StartsWith("a".into(), "x".into())] {
            let error = Prepared::new(&[wrong], &fields, OnTypeMismatch::Error).unwrap_err();
            assert_eq!(error.name(), ErrorName::InvalidArgument);
        }
    }

    #[test]
    fn shown_as_spark_shows_them() {
        let filter = Filter::Or(vec![
            eq("a", 1),
            Filter::Not(Box::new(one_of("s", &["x", "y"]))),
            Filter::And(vec![compare("d", Comparison::GreaterOrEqual, 1.0), Filter::IsNull("k".into())]),
        ]);
        let expected = "Or(Or(EqualTo(a,1),Not(In(s, [x,y]))),And(GreaterThanOrEqual(d,1.0),IsNull(k)))";
        assert_eq!(filter.to_string(), expected);
    }
}
