//! What lies in the bytes of a variant. Every length is checked: broken bytes are an error, never a panic.
//!
//! Begin at [`Variant::view`].

use emberflow_base::{Error, Result};

/// A value and the keys its objects refer to.
#[derive(Debug, Clone, Copy)]
pub struct Variant<'a> {
    pub value: &'a [u8],
    pub metadata: &'a [u8],
    /// How many arrays and objects lie around it.
    depth: usize,
}

/// Deeper than any reader of JSON goes; whoever walks down does so on its own stack.
const DEPTH_MAX: usize = 1_000;

/// One value, taken apart.
pub enum View<'a> {
    Null,
    Boolean(bool),
    Long(i64),
    Double(f64),
    Float(f32),
    Decimal { unscaled: i128, scale: u8 },
    Text(&'a str),
    Binary(&'a [u8]),
    Date(i32),
    Timestamp(i64),
    TimestampNtz(i64),
    Uuid(u128),
    Object(Object<'a>),
    Array(Array<'a>),
}

/// Keys and values; sorted by key.
pub struct Object<'a> {
    of: Variant<'a>,
    parts: Parts,
}

/// Values in order.
pub struct Array<'a> {
    of: Variant<'a>,
    parts: Parts,
}

/// Where the parts of an object or array lie: how many, and where ids, offsets and data begin.
struct Parts {
    count: usize,
    ids: usize,
    id_width: usize,
    offsets: usize,
    offset_width: usize,
    data: usize,
}

pub fn malformed() -> Error {
    Error::new("MALFORMED_VARIANT")
}

fn number(bytes: &[u8], at: usize, width: usize) -> Result<usize> {
    let part = bytes.get(at..at.checked_add(width).ok_or_else(malformed)?).ok_or_else(malformed)?;
    Ok(part.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.get(1..1 + N).and_then(|part| part.try_into().ok()).ok_or_else(malformed)
}

fn decimal(bytes: &[u8], width: usize) -> Result<View<'_>> {
    let scale = *bytes.get(1).ok_or_else(malformed)?;
    let part = bytes.get(2..2 + width).ok_or_else(malformed)?;
    let sign = if part[width - 1] & 0x80 == 0 { 0 } else { -1_i128 };
    let unscaled = part.iter().rev().fold(sign, |value, byte| value << 8 | i128::from(*byte));
    if scale > 38 { Err(malformed()) } else { Ok(View::Decimal { unscaled, scale }) }
}

impl<'a> Variant<'a> {
    pub fn new(value: &'a [u8], metadata: &'a [u8]) -> Self {
        Self { value, metadata, depth: 0 }
    }

    pub fn view(&self) -> Result<View<'a>> {
        let bytes = self.value;
        let header = *bytes.first().ok_or_else(malformed)?;
        let info = header >> 2;
        Ok(match header & 3 {
            1 => View::Text(text(bytes.get(1..1 + usize::from(info)).ok_or_else(malformed)?)?),
            2 => View::Object(Object { of: *self, parts: object_parts(bytes, info)? }),
            3 => View::Array(Array { of: *self, parts: array_parts(bytes, info)? }),
            _ => match info {
                0 => View::Null,
                1 => View::Boolean(true),
                2 => View::Boolean(false),
                3 => View::Long(i64::from(i8::from_le_bytes(fixed(bytes)?))),
                4 => View::Long(i64::from(i16::from_le_bytes(fixed(bytes)?))),
                5 => View::Long(i64::from(i32::from_le_bytes(fixed(bytes)?))),
                6 => View::Long(i64::from_le_bytes(fixed(bytes)?)),
                7 => View::Double(f64::from_le_bytes(fixed(bytes)?)),
                8 => decimal(bytes, 4)?,
                9 => decimal(bytes, 8)?,
                10 => decimal(bytes, 16)?,
                11 => View::Date(i32::from_le_bytes(fixed(bytes)?)),
                12 => View::Timestamp(i64::from_le_bytes(fixed(bytes)?)),
                13 => View::TimestampNtz(i64::from_le_bytes(fixed(bytes)?)),
                14 => View::Float(f32::from_le_bytes(fixed(bytes)?)),
                15 => View::Binary(sized(bytes)?),
                16 => View::Text(text(sized(bytes)?)?),
                20 => View::Uuid(u128::from_be_bytes(fixed(bytes)?)),
                other => return Err(Error::new("UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT").with("id", other.to_string())),
            },
        })
    }

    /// The value's own bytes, without what may follow.
    pub fn exact(&self) -> Result<&'a [u8]> {
        let header = *self.value.first().ok_or_else(malformed)?;
        let info = header >> 2;
        let size = match header & 3 {
            1 => 1 + usize::from(info),
            2 => object_parts(self.value, info)?.end(self.value)?,
            3 => array_parts(self.value, info)?.end(self.value)?,
            _ => match info {
                0..=2 => 1,
                3 => 2,
                4 => 3,
                5 | 11 | 14 => 5,
                6 | 7 | 12 | 13 => 9,
                8 => 6,
                9 => 10,
                10 => 18,
                15 | 16 => 5 + number(self.value, 1, 4)?,
                20 => 17,
                other => return Err(Error::new("UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT").with("id", other.to_string())),
            },
        };
        self.value.get(..size).ok_or_else(malformed)
    }

    fn key(&self, id: usize) -> Result<&'a str> {
        let header = *self.metadata.first().ok_or_else(malformed)?;
        let width = usize::from(header >> 6) + 1;
        let count = number(self.metadata, 1, width)?;
        if header & 15 != 1 || id >= count {
            return Err(malformed());
        }
        let offset = |at: usize| number(self.metadata, 1 + width * (at + 1), width);
        let data = 1 + width * (count + 2);
        let (from, to) = (data + offset(id)?, data + offset(id + 1)?);
        text(self.metadata.get(from..to).ok_or_else(malformed)?)
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| malformed())
}

fn sized(bytes: &[u8]) -> Result<&[u8]> {
    let length = number(bytes, 1, 4)?;
    bytes.get(5..5 + length).ok_or_else(malformed)
}

fn object_parts(bytes: &[u8], info: u8) -> Result<Parts> {
    let count_width = if info >> 4 & 1 == 1 { 4 } else { 1 };
    let (id_width, offset_width) = (usize::from(info >> 2 & 3) + 1, usize::from(info & 3) + 1);
    let count = number(bytes, 1, count_width)?;
    let ids = 1 + count_width;
    let offsets = ids + count * id_width;
    Parts { count, ids, id_width, offsets, offset_width, data: offsets + (count + 1) * offset_width }.within(bytes)
}

fn array_parts(bytes: &[u8], info: u8) -> Result<Parts> {
    let count_width = if info >> 2 & 1 == 1 { 4 } else { 1 };
    let offset_width = usize::from(info & 3) + 1;
    let count = number(bytes, 1, count_width)?;
    let offsets = 1 + count_width;
    Parts { count, ids: 0, id_width: 0, offsets, offset_width, data: offsets + (count + 1) * offset_width }.within(bytes)
}

impl Parts {
    /// What broken bytes count may be far more than they hold; nobody is to make room for it.
    fn within(self, bytes: &[u8]) -> Result<Self> {
        if self.data > bytes.len() { Err(malformed()) } else { Ok(self) }
    }

    fn offset(&self, bytes: &[u8], at: usize) -> Result<usize> {
        Ok(self.data + number(bytes, self.offsets + at * self.offset_width, self.offset_width)?)
    }

    fn end(&self, bytes: &[u8]) -> Result<usize> {
        self.offset(bytes, self.count)
    }

    fn part<'a>(&self, of: &Variant<'a>, at: usize) -> Result<Variant<'a>> {
        if at >= self.count || of.depth >= DEPTH_MAX {
            return Err(malformed());
        }
        let value = of.value.get(self.offset(of.value, at)?..).ok_or_else(malformed)?;
        Ok(Variant { value, metadata: of.metadata, depth: of.depth + 1 })
    }
}

impl<'a> Object<'a> {
    pub fn len(&self) -> usize {
        self.parts.count
    }

    /// The key and value at a place.
    pub fn get(&self, at: usize) -> Result<(&'a str, Variant<'a>)> {
        let id = number(self.of.value, self.parts.ids + at * self.parts.id_width, self.parts.id_width)?;
        Ok((self.of.key(id)?, self.parts.part(&self.of, at)?))
    }

    pub fn field(&self, name: &str) -> Result<Option<Variant<'a>>> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            let (key, value) = self.get(middle)?;
            match key.cmp(name) {
                std::cmp::Ordering::Equal => return Ok(Some(value)),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(None)
    }
}

impl<'a> Array<'a> {
    pub fn len(&self) -> usize {
        self.parts.count
    }

    pub fn get(&self, at: usize) -> Result<Variant<'a>> {
        self.parts.part(&self.of, at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::Encoder;
    use super::super::{json, text_of};
    use super::*;
    use crate::zones::Zone;

    fn through(text: &str) -> String {
        let mut encoder = Encoder::default();
        assert!(json::parse(text, &mut encoder).is_ok(), "{text}");
        let (value, metadata) = encoder.finish().unwrap();
        text_of(Variant::new(&value, &metadata), &Zone::Fixed(0)).unwrap()
    }

    #[test]
    fn json_goes_in_and_comes_out() {
        for text in ["null", "[]", "{}", "[1,-300,70000,5000000000,1.5,true]", r#"{"a":{"b":["x\n"]},"c":""}"#] {
            assert_eq!(through(text), text);
        }
        assert_eq!(through(r#" {"b" : 1e3, "a" : 1.50} "#), r#"{"a":1.5,"b":1000.0}"#);
        let many: Vec<String> = (0..300).map(|key| format!("\"k{key:03}\":{key}")).collect();
        let text = format!("{{{}}}", many.join(","));
        assert_eq!(through(&text), text);
    }

    #[test]
    fn broken_bytes_are_errors() {
        let mut encoder = Encoder::default();
        assert!(json::parse(r#"{"a":[1,"text",{"b":1.5}]}"#, &mut encoder).is_ok());
        let (value, metadata) = encoder.finish().unwrap();
        for length in 0..value.len() {
            let cut = text_of(Variant::new(&value[..length], &metadata), &Zone::Fixed(0));
            assert!(cut.is_err(), "{length} bytes");
        }
        for at in 0..value.len() {
            for bits in [0xFF, 0x80, 0x01] {
                let mut changed = value.clone();
                changed[at] ^= bits;
                let _ = text_of(Variant::new(&changed, &metadata), &Zone::Fixed(0));
                let _ = Encoder::default().variant(Variant::new(&changed, &metadata));
            }
        }
        // An array that is its own element.
        let endless = [0b11, 1, 0, 0];
        assert!(text_of(Variant::new(&endless, &[1, 0, 0]), &Zone::Fixed(0)).is_err());
    }
}
