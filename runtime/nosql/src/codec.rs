//! Bytes of keys and items, as `FORMAT.md` draws them.
//!
//! ```text
//! key   directory 00 slice(2, big endian) sharding [00 sorting]
//! item  01 version(8) count { length name tag value }* checksum(4)
//! ```
//!
//! Keys order as bytes: by directory, slice, sharding text, sorting text. Attributes lie in the order of their names, so a
//! projection is one walk along the bytes that skips what is not wanted and ends early. The checksum covers key and item.
//!
//! Not here: where the bytes lie (`storage`), facts about tables (`catalog`).
//! Begin at [`encode_key`], [`encode_item`] and [`ItemRef`].

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use xxhash_rust::xxh64::xxh64;

use crate::error::{Error, ErrorName, Result};
use crate::name::{Key, SLICES, slice_of};
use crate::storage::KeyRange;
use crate::value::{Item, Kind, Value};

/// The first byte of an item.
const FORMAT: u8 = 1;
const HEADER: usize = 9;
const CHECKSUM: usize = 4;

/// When an item was last changed, in nanoseconds since 1970: unique in a store, so it tells versions of an item apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    pub fn nanos(self) -> i64 {
        self.0
    }

    /// As in `__mtime_secs`.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// As in `__mtime_nsecs`.
    pub fn subsec_nanos(self) -> i64 {
        self.0.rem_euclid(1_000_000_000)
    }
}

/// The bytes of a key; `directory` is the partition folder below the table, empty for the table itself.
pub fn encode_key(directory: &str, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(directory.len() + key.as_str().len() + 4);
    push_place(&mut bytes, directory, key.slice());
    bytes.extend_from_slice(key.sharding().as_bytes());
    if let Some(sorting) = key.sorting() {
        bytes.push(0);
        bytes.extend_from_slice(sorting.as_bytes());
    }
    bytes
}

fn push_place(bytes: &mut Vec<u8>, directory: &str, slice: u32) {
    bytes.extend_from_slice(directory.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&(slice as u16).to_be_bytes());
}

/// The keys of the slices from `first` up to, not including, `end`, in one directory.
pub fn slices_range(directory: &str, first: u32, end: u32) -> KeyRange {
    let mut start = Vec::new();
    push_place(&mut start, directory, first.min(SLICES));
    let mut stop = Vec::new();
    push_place(&mut stop, directory, end.min(SLICES));
    KeyRange { start, end: Some(stop) }
}

/// The keys of one sharding text in one directory whose sorting text is at least `from` and below `to`. The item that has
/// no sorting text comes first.
pub fn sharding_range(directory: &str, sharding: &str, from: Option<&str>, to: Option<&str>) -> KeyRange {
    let mut place = Vec::new();
    push_place(&mut place, directory, slice_of(sharding));
    place.extend_from_slice(sharding.as_bytes());
    let bound = |text: &str| {
        let mut bytes = place.clone();
        bytes.push(0);
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    let end = to.map(bound).unwrap_or_else(|| {
        let mut bytes = place.clone();
        bytes.push(1);
        bytes
    });
    KeyRange { start: from.map(bound).unwrap_or_else(|| place.clone()), end: Some(end) }
}

/// All keys of a directory.
pub fn directory_range(directory: &str) -> KeyRange {
    slices_range(directory, 0, SLICES)
}

/// All keys of the directories below a directory.
pub fn below_directory(directory: &str) -> KeyRange {
    match directory {
        "" => KeyRange { start: vec![1], end: None },
        _ => KeyRange { start: format!("{directory}/").into_bytes(), end: Some(format!("{directory}0").into_bytes()) },
    }
}

/// Where the keys behind those of a directory begin.
pub fn behind_directory(directory: &str) -> Vec<u8> {
    [directory.as_bytes(), &[1]].concat()
}

/// The parts of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    pub directory: &'a str,
    pub slice: u32,
    pub sharding: &'a str,
    pub sorting: Option<&'a str>,
}

impl<'a> KeyRef<'a> {
    /// Takes the bytes of a key apart.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        Self::parts(bytes).ok_or_else(|| corrupt("a key of this form was never written"))
    }

    fn parts(bytes: &'a [u8]) -> Option<Self> {
        let at = bytes.iter().position(|byte| *byte == 0)?;
        let directory = std::str::from_utf8(&bytes[..at]).ok()?;
        let (slice, name) = bytes[at + 1..].split_first_chunk::<2>()?;
        let name = std::str::from_utf8(name).ok()?;
        let (sharding, sorting) = match name.split_once('\0') {
            Some((sharding, sorting)) => (sharding, Some(sorting)),
            None => (name, None),
        };
        Some(Self { directory, slice: u32::from(u16::from_be_bytes(*slice)), sharding, sorting })
    }

    /// The item's whole name.
    pub fn name(&self) -> String {
        match self.sorting {
            Some(sorting) => format!("{}.{sorting}", self.sharding),
            None => self.sharding.to_owned(),
        }
    }

    /// Appends the item's whole name.
    pub fn push_name(&self, text: &mut String) {
        text.push_str(self.sharding);
        if let Some(sorting) = self.sorting {
            text.push('.');
            text.push_str(sorting);
        }
    }
}

/// Appends the bytes of an item.
pub fn encode_item(bytes: &mut Vec<u8>, key: &[u8], version: Version, item: &Item) {
    let begin = bytes.len();
    bytes.push(FORMAT);
    bytes.extend_from_slice(&version.0.to_le_bytes());
    push_varint(bytes, item.len() as u64);
    for (name, value) in item.iter() {
        push_bytes(bytes, name.as_bytes());
        push_value(bytes, value);
    }
    let checksum = checksum(key, &bytes[begin..]);
    bytes.extend_from_slice(&checksum.to_le_bytes());
}

fn checksum(key: &[u8], body: &[u8]) -> u32 {
    xxh64(body, xxh64(key, 0)) as u32
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn push_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    push_varint(bytes, part.len() as u64);
    bytes.extend_from_slice(part);
}

/// Small numbers of either sign become small numbers.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

mod tag {
    pub const FALSE: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const INT: u8 = 2;
    pub const DOUBLE: u8 = 3;
    pub const STR: u8 = 4;
    pub const TIMESTAMP: u8 = 5;
    pub const BLOB: u8 = 6;
    pub const INT_ARRAY: u8 = 7;
    pub const DOUBLE_ARRAY: u8 = 8;
}

fn push_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(false) => bytes.push(tag::FALSE),
        Value::Bool(true) => bytes.push(tag::TRUE),
        Value::Int(number) => {
            bytes.push(tag::INT);
            push_varint(bytes, zigzag(*number));
        }
        Value::Double(number) => {
            bytes.push(tag::DOUBLE);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::Str(text) => {
            bytes.push(tag::STR);
            push_bytes(bytes, text.as_bytes());
        }
        Value::Timestamp { secs, nanos } => {
            bytes.push(tag::TIMESTAMP);
            push_varint(bytes, zigzag(*secs));
            push_varint(bytes, u64::from(*nanos));
        }
        Value::Blob(blob) => {
            bytes.push(tag::BLOB);
            push_bytes(bytes, blob);
        }
        Value::IntArray(numbers) => {
            bytes.push(tag::INT_ARRAY);
            push_varint(bytes, numbers.len() as u64);
            numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        }
        Value::DoubleArray(numbers) => {
            bytes.push(tag::DOUBLE_ARRAY);
            push_varint(bytes, numbers.len() as u64);
            numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        }
    }
}

/// A stored value where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(&'a str),
    Timestamp { secs: i64, nanos: u32 },
    Blob(&'a [u8]),
    IntArray(Numbers<'a>),
    DoubleArray(Numbers<'a>),
}

/// The numbers of a stored array, eight bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    pub fn len(self) -> usize {
        self.0.len() / 8
    }

    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// As integers.
    pub fn ints(self) -> impl ExactSizeIterator<Item = i64> + 'a {
        self.0.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes))
    }

    /// As doubles.
    pub fn doubles(self) -> impl ExactSizeIterator<Item = f64> + 'a {
        self.0.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes))
    }
}

impl ValueRef<'_> {
    pub fn kind(self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Double(_) => Kind::Double,
            Self::Str(_) => Kind::Str,
            Self::Timestamp { .. } => Kind::Timestamp,
            Self::Blob(_) => Kind::Blob,
            Self::IntArray(_) => Kind::IntArray,
            Self::DoubleArray(_) => Kind::DoubleArray,
        }
    }

    pub fn to_value(self) -> Value {
        match self {
            Self::Bool(truth) => Value::Bool(truth),
            Self::Int(number) => Value::Int(number),
            Self::Double(number) => Value::Double(number),
            Self::Str(text) => Value::Str(text.to_owned()),
            Self::Timestamp { secs, nanos } => Value::Timestamp { secs, nanos },
            Self::Blob(bytes) => Value::Blob(bytes.to_vec()),
            Self::IntArray(numbers) => Value::IntArray(numbers.ints().collect()),
            Self::DoubleArray(numbers) => Value::DoubleArray(numbers.doubles().collect()),
        }
    }
}

/// Names of attributes that were met, so that the items of a scan share them. Holds at most so many as it was told to.
#[derive(Debug, Default)]
pub struct Names {
    known: HashSet<Arc<str>>,
    /// Those of the item before: the next one mostly has the same at the same places.
    before: Vec<Arc<str>>,
}

thread_local! {
    static OF_THREAD: RefCell<Names> = RefCell::default();
}

impl Names {
    /// Most names kept; a table with more just shares less.
    const MOST: usize = 4096;

    /// Lends the names that the items read by this thread share.
    pub(crate) fn of_thread<T>(read: impl FnOnce(&mut Self) -> T) -> T {
        OF_THREAD.with_borrow_mut(read)
    }

    /// The name at a place of an item.
    fn at(&mut self, place: usize, name: &str) -> Arc<str> {
        if let Some(known) = self.before.get(place)
            && **known == *name
        {
            return known.clone();
        }
        let shared = self.shared(name);
        if let Some(known) = self.before.get_mut(place) {
            *known = shared.clone();
        } else if self.before.len() < Self::MOST {
            self.before.push(shared.clone());
        }
        shared
    }

    pub fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let name: Arc<str> = Arc::from(name);
        if self.known.len() < Self::MOST {
            self.known.insert(name.clone());
        }
        name
    }
}

/// The bytes of an item, to be read attribute by attribute.
#[derive(Debug, Clone, Copy)]
pub struct ItemRef<'a> {
    bytes: &'a [u8],
}

impl<'a> ItemRef<'a> {
    /// Looks at the head only; [`ItemRef::check`] looks at everything.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        match bytes.first() {
            Some(&FORMAT) if bytes.len() > HEADER + CHECKSUM => Ok(Self { bytes }),
            Some(&FORMAT) | None => Err(corrupt("an item is too short")),
            Some(other) => Err(corrupt(&format!("an item has format {other}, this version reads {FORMAT}"))),
        }
    }

    /// Whether key and item are what was written.
    pub fn check(self, key: &[u8]) -> Result<Self> {
        let (body, stored) = self.bytes.split_at(self.bytes.len() - CHECKSUM);
        match checksum(key, body).to_le_bytes() == stored {
            true => Ok(self),
            false => Err(corrupt("an item does not match its checksum")),
        }
    }

    pub fn version(self) -> Version {
        let nanos = self.bytes[1..HEADER].first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
        Version(nanos.unwrap_or_default())
    }

    /// The attributes in the order of their names.
    pub fn attributes(self) -> Attributes<'a> {
        let mut rest = Reader(&self.bytes[HEADER..self.bytes.len() - CHECKSUM]);
        let left = rest.varint();
        Attributes { rest, left: left.unwrap_or(0), broken: left.is_none() }
    }

    /// All attributes.
    pub fn to_item(self, names: &mut Names) -> Result<Item> {
        let attributes = self.attributes();
        let mut entries = Vec::with_capacity(attributes.left.min(64) as usize);
        for (place, attribute) in attributes.enumerate() {
            let (name, value) = attribute?;
            entries.push((names.at(place, name), value.to_value()));
        }
        Ok(entries.into_iter().collect())
    }

    /// The values of `wanted`, whose names are sorted by their bytes, into `values` (as long); what is absent becomes none.
    pub fn project(self, wanted: &[Arc<str>], values: &mut [Option<ValueRef<'a>>]) -> Result<()> {
        values.fill(None);
        let mut at = 0;
        let mut attributes = self.attributes();
        while at < wanted.len() {
            let Some(name) = attributes.next_name()? else { break };
            while at < wanted.len() && wanted[at].as_bytes() < name {
                at += 1;
            }
            if wanted.get(at).is_some_and(|wanted| wanted.as_bytes() == name) {
                values[at] = Some(attributes.value()?);
                at += 1;
            } else {
                attributes.skip_value()?;
            }
        }
        Ok(())
    }
}

/// Walks along the attributes of an item.
pub struct Attributes<'a> {
    rest: Reader<'a>,
    left: u64,
    broken: bool,
}

impl<'a> Attributes<'a> {
    fn next_name(&mut self) -> Result<Option<&'a [u8]>> {
        if self.broken {
            return Err(torn());
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.rest.part().map(Some).ok_or_else(torn)
    }

    fn value(&mut self) -> Result<ValueRef<'a>> {
        self.rest.value().ok_or_else(torn)
    }

    fn skip_value(&mut self) -> Result<()> {
        self.rest.skip_value().ok_or_else(torn)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a str, ValueRef<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let attribute = match self.next_name() {
            Ok(None) => return None,
            Ok(Some(name)) => std::str::from_utf8(name).map_err(|_| torn()).and_then(|name| Ok((name, self.value()?))),
            Err(why) => Err(why),
        };
        if attribute.is_err() {
            (self.left, self.broken) = (0, false);
        }
        Some(attribute)
    }
}

/// Takes bytes from the front; none when they do not suffice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0u64, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    #[inline]
    fn part(&mut self) -> Option<&'a [u8]> {
        let length = self.varint()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn numbers(&mut self) -> Option<Numbers<'a>> {
        let count = usize::try_from(self.varint()?).ok()?;
        self.take(count.checked_mul(8)?).map(Numbers)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn value(&mut self) -> Option<ValueRef<'a>> {
        Some(match self.byte()? {
            tag::FALSE => ValueRef::Bool(false),
            tag::TRUE => ValueRef::Bool(true),
            tag::INT => ValueRef::Int(unzigzag(self.varint()?)),
            tag::DOUBLE => ValueRef::Double(f64::from_le_bytes(*self.take(8)?.first_chunk()?)),
            tag::STR => ValueRef::Str(std::str::from_utf8(self.part()?).ok()?),
            tag::TIMESTAMP => ValueRef::Timestamp { secs: unzigzag(self.varint()?), nanos: u32::try_from(self.varint()?).ok()? },
            tag::BLOB => ValueRef::Blob(self.part()?),
            tag::INT_ARRAY => ValueRef::IntArray(self.numbers()?),
            tag::DOUBLE_ARRAY => ValueRef::DoubleArray(self.numbers()?),
            _ => return None,
        })
    }

    fn skip_value(&mut self) -> Option<()> {
        match self.byte()? {
            tag::FALSE | tag::TRUE => {}
            tag::INT => drop(self.varint()?),
            tag::DOUBLE => drop(self.take(8)?),
            tag::STR | tag::BLOB => drop(self.part()?),
            tag::TIMESTAMP => drop((self.varint()?, self.varint()?)),
            tag::INT_ARRAY | tag::DOUBLE_ARRAY => drop(self.numbers()?),
            _ => return None,
        }
        Some(())
    }
}

fn corrupt(text: &str) -> Error {
    Error::new(ErrorName::StorageCorrupt, text)
}

fn torn() -> Error {
    corrupt("an item ends before its attributes do")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn sample() -> Item {
        Item::from_iter([
            ("a", Value::Bool(true)),
            ("b", Value::Int(-3)),
            ("c", Value::Double(f64::NAN)),
            ("d", Value::from("Zürich")),
            ("e", Value::Timestamp { secs: -1, nanos: 999_999_999 }),
            ("f", Value::Blob(vec![0, 1, 255])),
            ("g", Value::IntArray(vec![i64::MIN, 0, i64::MAX])),
            ("h", Value::DoubleArray(vec![-0.0, f64::INFINITY])),
            ("i", Value::Bool(false)),
            ("j", Value::Int(i64::MIN)),
        ])
    }

    fn encoded(key: &[u8], item: &Item) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_item(&mut bytes, key, Version::from_nanos(7), item);
        bytes
    }

    #[test]
    fn items_come_back() {
        for item in [Item::new(), sample()] {
            let bytes = encoded(b"k", &item);
            let read = ItemRef::parse(&bytes).unwrap().check(b"k").unwrap();
            assert_eq!(read.version(), Version::from_nanos(7));
            assert_eq!(read.to_item(&mut Names::default()).unwrap(), item);
        }
    }

    /// If this fails, stores that exist can no longer be read: write a new format beside this one.
    #[test]
    fn the_bytes_are_those_of_format_1() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key = encode_key("y=1", &key("u.a"));
        assert_eq!(hex(&key), "793d310003f0750061");
        let item = Item::from_iter([("n", Value::Int(-3)), ("s", Value::from("x"))]);
        assert_eq!(hex(&encoded(&key, &item)), "01070000000000000002016e02050173040178fe04699a");
    }

    #[test]
    fn a_projection_reads_what_is_wanted() {
        let bytes = encoded(b"k", &sample());
        let wanted: Vec<Arc<str>> = ["Z", "b", "dd", "h", "j", "z"].into_iter().map(Arc::from).collect();
        let mut values = vec![None; wanted.len()];
        ItemRef::parse(&bytes).unwrap().project(&wanted, &mut values).unwrap();
        assert_eq!(values[1], Some(ValueRef::Int(-3)));
        assert_eq!(values[4], Some(ValueRef::Int(i64::MIN)));
        let Some(ValueRef::DoubleArray(numbers)) = values[3] else { panic!("no array") };
        assert_eq!(numbers.doubles().collect::<Vec<_>>(), vec![-0.0, f64::INFINITY]);
        assert_eq!((values[0], values[2], values[5]), (None, None, None));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = encoded(b"key", &sample());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            let read = ItemRef::parse(&changed).and_then(|item| item.check(b"key"));
            assert!(read.is_err(), "byte {at}");
        }
        assert!(ItemRef::parse(&bytes).unwrap().check(b"other").is_err(), "an item under another key");
    }

    #[test]
    fn torn_items_are_errors_not_panics() {
        let bytes = encoded(b"key", &sample());
        for length in 0..bytes.len() {
            if let Ok(item) = ItemRef::parse(&bytes[..length]) {
                let _ = item.to_item(&mut Names::default());
                let _ = item.project(&[Arc::from("h")], &mut [None]);
            }
        }
    }

    #[test]
    fn keys_order_by_directory_slice_sharding_and_sorting() {
        let parse = |bytes: &[u8]| {
            let key = KeyRef::parse(bytes).unwrap();
            (key.directory.to_owned(), key.slice, key.name())
        };
        let compound = encode_key("y=2024/m=2", &key("u.a.b"));
        assert_eq!(parse(&compound), ("y=2024/m=2".to_owned(), slice_of("u"), "u.a.b".to_owned()));
        assert!(encode_key("", &key("u.a")) < encode_key("y=1", &key("a.a")));
        assert!(encode_key("y=1", &key("z")) < encode_key("y=1/m=1", &key("a")));
        assert!(encode_key("", &key("u.10")) < encode_key("", &key("u.2")));
        assert!(encode_key("", &key("u")) < encode_key("", &key("u.a")));
    }

    #[test]
    fn ranges_hold_their_keys_alone() {
        let at = |text: &str| encode_key("", &key(text));
        let all = sharding_range("", "u", None, None);
        for (name, inside) in [("u", true), ("u.a", true), ("u.\u{1}", true), ("ua", false), ("u\u{1}.a", false)] {
            assert_eq!(all.contains(&at(name)), inside, "{name}");
        }
        let part = sharding_range("", "u", Some("a"), Some("c"));
        for (name, inside) in [("u", false), ("u.a", true), ("u.b.z", true), ("u.c", false), ("u.B", false)] {
            assert_eq!(part.contains(&at(name)), inside, "{name}");
        }
        assert!(!all.contains(&encode_key("y=1", &key("u.a"))));
        assert!(directory_range("y=1").contains(&encode_key("y=1", &key("u.a"))));
        assert!(!directory_range("y=1").contains(&encode_key("y=1/m=1", &key("u.a"))));
        let slice = slice_of("u");
        assert!(slices_range("", slice, slice + 1).contains(&at("u.a")));
        assert!(behind_directory("y=1") < encode_key("y=1/m=1", &key("a")));
        assert!(behind_directory("y=1") > encode_key("y=1", &key("\u{7f}")));
        let below = |directory: &str, other: &str| below_directory(directory).contains(&encode_key(other, &key("a")));
        assert!(below("", "y=1") && below("", "y=1/m=1") && !below("", ""));
        assert!(below("y=1", "y=1/m=1") && !below("y=1", "y=1") && !below("y=1", "y=10") && !below("y=1", "y=1!"));
    }
}
