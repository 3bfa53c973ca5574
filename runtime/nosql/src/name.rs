//! Names: of items (which are their primary keys), of attributes; and where a name lies.
//!
//! ```text
//! sharding value ─► text ──────────────┐
//! sorting value  ─► text ─► bucket ─► `<sharding>[_<bucket>][.<sorting>]` ─► slice = xxh64(sharding text) mod 1024
//! ```
//!
//! Not here: paths and containers (`path`), which columns are the key (`schema`).

use std::fmt;

use xxhash_rust::xxh64::xxh64;

use crate::error::{Error, ErrorName, Result};
use crate::limits::Limits;
use crate::value::Value;

/// How many slices a container has.
pub const SLICES: u32 = 1024;

/// The name of an item. The leftmost period splits the sharding part from the sorting part; without a period the key is simple.
///
/// ```
/// use emberflow_nosql::name::Key;
/// let key = Key::parse("bolt.m8.x")?;
/// assert_eq!((key.sharding(), key.sorting()), ("bolt", Some("m8.x")));
/// assert_eq!(key, Key::compound("bolt", "m8.x")?);
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    text: String,
    period: Option<usize>,
}

impl Key {
    /// Takes a whole name apart, within the default limits. `InvalidKeyValue` if it is none.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        check_name(&text, Limits::default().name_chars)?;
        let period = text.find('.');
        if period == Some(0) || period.is_some_and(|at| at + 1 == text.len()) {
            return Err(invalid(&text, "has an empty part"));
        }
        Ok(Self { text, period })
    }

    /// A simple key: no period allowed.
    pub fn simple(sharding: impl Into<String>) -> Result<Self> {
        let text = sharding.into();
        check_sharding(&text)?;
        Self::parse(text)
    }

    /// A compound key.
    pub fn compound(sharding: &str, sorting: &str) -> Result<Self> {
        check_sharding(sharding)?;
        if sorting.is_empty() {
            return Err(invalid(sharding, "has an empty sorting part"));
        }
        Self::parse(format!("{sharding}.{sorting}"))
    }

    /// The whole name, as in `__name`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the leftmost period.
    pub fn sharding(&self) -> &str {
        &self.text[..self.period.unwrap_or(self.text.len())]
    }

    /// The part behind the leftmost period.
    pub fn sorting(&self) -> Option<&str> {
        self.period.map(|at| &self.text[at + 1..])
    }

    /// The slice that holds it.
    pub fn slice(&self) -> u32 {
        slice_of(self.sharding())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn invalid(text: &str, why: &str) -> Error {
    let shown: String = text.chars().take(64).collect();
    Error::new(ErrorName::InvalidKeyValue, format!("the name {shown:?} {why}"))
}

fn check_sharding(text: &str) -> Result<()> {
    match text {
        "" => Err(invalid(text, "is empty")),
        _ if text.contains('.') => Err(invalid(text, "has a period in its sharding part")),
        _ => Ok(()),
    }
}

fn check_name(text: &str, chars: usize) -> Result<()> {
    if text.is_empty() {
        return Err(invalid(text, "is empty"));
    }
    if text.contains(['/', '\0']) {
        return Err(invalid(text, "has a slash or NUL"));
    }
    if text.len() > chars && text.chars().count() > chars {
        return Err(invalid(text, &format!("has more than {chars} characters")));
    }
    Ok(())
}

/// The slice of a sharding text: all items of one sharding value lie in one slice.
pub fn slice_of(sharding: &str) -> u32 {
    (xxh64(sharding.as_bytes(), 0) % u64::from(SLICES)) as u32
}

/// The bucket of a sorting text under even distribution over `buckets` > 0 buckets.
///
/// ```
/// assert_eq!(emberflow_nosql::name::bucket_of("20180602", 64), 36);
/// ```
pub fn bucket_of(sorting: &str, buckets: u32) -> u32 {
    let units: Vec<u8> = sorting.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash = xxh64(&units, 0) as i64;
    // Remainder of the signed number first, absolute value after: never a negative bucket, and no overflow.
    (hash % i64::from(buckets.max(1))).unsigned_abs() as u32
}

/// The sharding text of one bucket of a sharding value.
pub fn bucketed(sharding: &str, bucket: u32) -> String {
    format!("{sharding}_{bucket}")
}

/// Which columns make the names of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyColumns {
    /// The column of the sharding key.
    pub key: String,
    /// The column of the sorting key; makes keys compound.
    pub sorting: Option<String>,
    /// Buckets of even distribution; 0 without it.
    pub buckets: u32,
}

impl KeyColumns {
    /// The name of a row. `InvalidKeyValue` for a null or a text that cannot be part of a name, `InvalidKeyType` for a kind
    /// that cannot be a key.
    pub fn name(&self, sharding: Option<&Value>, sorting: Option<&Value>) -> Result<Key> {
        let null = |column: &str| Error::new(ErrorName::InvalidKeyValue, format!("key column {column} is null"));
        let sharding = sharding_text(sharding.ok_or_else(|| null(&self.key))?)?;
        let Some(column) = &self.sorting else { return Key::simple(sharding) };
        let sorting = sorting_text(sorting.ok_or_else(|| null(column))?)?;
        self.name_of_texts(&sharding, &sorting)
    }

    /// The name of a row of a table with a sorting key, from rendered texts.
    pub fn name_of_texts(&self, sharding: &str, sorting: &str) -> Result<Key> {
        match self.buckets {
            0 => Key::compound(sharding, sorting),
            buckets => {
                check_sharding(sharding)?;
                Key::compound(&bucketed(sharding, bucket_of(sorting, buckets)), sorting)
            }
        }
    }
}

/// A sharding value as text.
pub fn sharding_text(value: &Value) -> Result<String> {
    match value {
        Value::Double(_) => Err(Error::new(ErrorName::InvalidKeyType, "a double cannot be a sharding key")),
        _ => sorting_text(value),
    }
}

/// A sorting value as text.
///
/// ```
/// use emberflow_nosql::{name::sorting_text, Value};
/// assert_eq!(sorting_text(&Value::Double(2.0))?, "2.0");
/// assert_eq!(sorting_text(&Value::Timestamp { secs: 5, nanos: 40 })?, "5:40");
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub fn sorting_text(value: &Value) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Timestamp { secs, nanos } => Ok(format!("{secs}:{nanos}")),
        Value::Double(number) => double_text(*number),
        Value::Blob(_) | Value::IntArray(_) | Value::DoubleArray(_) => {
            Err(Error::new(ErrorName::InvalidKeyType, format!("a value of type {} cannot be a key", value.kind())))
        }
    }
}

/// The shortest decimal that reads back as the same number, with a fractional digit and without exponent. Both zeros are
/// `0.0`, because they are equal.
fn double_text(number: f64) -> Result<String> {
    if !number.is_finite() {
        return Err(Error::new(ErrorName::InvalidKeyValue, format!("{number} has no decimal text, so it cannot be a key")));
    }
    let text = (number + 0.0).to_string();
    Ok(if text.contains('.') { text } else { text + ".0" })
}

/// Attributes that the store keeps itself; expressions read them, nobody sets them.
pub const SYSTEM_ATTRIBUTES: [&str; 13] = [
    "__name",
    "__size",
    "__mode",
    "__uid",
    "__gid",
    "__obj_type",
    "__collection_id",
    "__atime_secs",
    "__atime_nsecs",
    "__mtime_secs",
    "__mtime_nsecs",
    "__ctime_secs",
    "__ctime_nsecs",
];

/// Whether the store keeps this attribute itself.
pub fn is_system(name: &str) -> bool {
    name.starts_with("__") && SYSTEM_ATTRIBUTES.contains(&name)
}

/// Whether an attribute is left out of `*`: hidden or system.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with("__")
}

/// Checks a name that a user wants to set: `InvalidAttributeName`, or `ReservedName` for a system attribute.
pub fn check_settable(name: &str) -> Result<()> {
    check_attribute(name)?;
    match is_system(name) {
        true => Err(Error::new(ErrorName::ReservedName, format!("attribute {name} is kept by the store itself"))),
        false => Ok(()),
    }
}

/// Checks the form of an attribute's name: letters, digits, `_`, `-`; first a letter or `_`; 1 to 255 characters.
pub fn check_attribute(name: &str) -> Result<()> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if first && rest && name.len() <= Limits::default().attribute_name_chars {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    let text = format!(
        "{shown:?} is no attribute name: one has 1 to 255 ASCII letters, digits, `_` and `-`, and begins with a letter or `_`"
    );
    Err(Error::new(ErrorName::InvalidAttributeName, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(sorting: Option<&str>, buckets: u32) -> KeyColumns {
        KeyColumns { key: "k".into(), sorting: sorting.map(str::to_owned), buckets }
    }

    fn refused(result: Result<Key>) -> ErrorName {
        result.unwrap_err().name()
    }

    #[test]
    fn vector_24_sorting_parts_may_hold_periods() {
        let key = columns(Some("s"), 0).name(Some(&"u".into()), Some(&"a.b".into())).unwrap();
        assert_eq!((key.as_str(), key.sharding(), key.sorting()), ("u.a.b", "u", Some("a.b")));
    }

    #[test]
    fn vector_25_sharding_parts_may_not() {
        assert_eq!(refused(columns(None, 0).name(Some(&"a.b".into()), None)), ErrorName::InvalidKeyValue);
    }

    #[test]
    fn vector_27_even_distribution() {
        let columns = columns(Some("s"), 64);
        let name = |sorting: &str| columns.name(Some(&7.into()), Some(&sorting.into())).unwrap().to_string();
        assert_eq!(name("20180602"), "7_36.20180602");
        assert_eq!(name("2024-03-01"), "7_30.2024-03-01");
    }

    #[test]
    fn buckets_of_published_names() {
        for (sorting, bucket) in [("20180602", 36), ("20180701", 39), ("20180601", 62), ("2024-03-01", 30), ("alpha", 33)] {
            assert_eq!(bucket_of(sorting, 64), bucket, "{sorting}");
        }
        assert!((0..10_000).all(|at| bucket_of(&at.to_string(), 7) < 7));
    }

    #[test]
    fn texts_of_keys() {
        for (value, text) in [
            (Value::from(-7), "-7"),
            (true.into(), "true"),
            ("a b".into(), "a b"),
            (Value::Timestamp { secs: -1, nanos: 500 }, "-1:500"),
            (1.0.into(), "1.0"),
            ((-0.0).into(), "0.0"),
            (0.1.into(), "0.1"),
            (1e21.into(), "1000000000000000000000.0"),
            (1e-7.into(), "0.0000001"),
        ] {
            assert_eq!(sorting_text(&value).unwrap(), text);
        }
        assert_eq!(sharding_text(&0.5.into()).unwrap_err().name(), ErrorName::InvalidKeyType);
        assert_eq!(sorting_text(&f64::NAN.into()).unwrap_err().name(), ErrorName::InvalidKeyValue);
        assert_eq!(sorting_text(&vec![1u8].into()).unwrap_err().name(), ErrorName::InvalidKeyType);
    }

    #[test]
    fn names_that_are_none() {
        for text in ["", ".a", "a.", ".", "a/b", "a.b/c", "a\0", &"x".repeat(256), ".#schema"] {
            assert_eq!(refused(Key::parse(text)), ErrorName::InvalidKeyValue, "{text}");
        }
        assert_eq!(refused(columns(None, 0).name(None, None)), ErrorName::InvalidKeyValue);
        assert_eq!(refused(columns(Some("s"), 0).name(Some(&"a".into()), None)), ErrorName::InvalidKeyValue);
        assert_eq!(refused(columns(Some("s"), 0).name(Some(&"a".into()), Some(&"".into()))), ErrorName::InvalidKeyValue);
        assert_eq!(refused(columns(Some("s"), 9).name(Some(&"a.b".into()), Some(&"c".into()))), ErrorName::InvalidKeyValue);
        assert!(Key::parse("ä".repeat(255)).is_ok());
        assert_eq!(Key::parse("x..y").unwrap().sorting(), Some(".y"));
    }

    #[test]
    fn one_sharding_value_lies_in_one_slice() {
        let slice = |text: &str| Key::parse(text).unwrap().slice();
        assert_eq!(slice("bolt.m8"), slice("bolt.m9"));
        assert_eq!(slice("bolt"), slice_of("bolt"));
        let used: std::collections::BTreeSet<u32> = (0..20_000).map(|at| slice_of(&at.to_string())).collect();
        assert_eq!((used.len(), used.last()), (1024, Some(&1023)));
    }
}
