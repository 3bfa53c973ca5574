//! Values into the bytes of a variant, in the sizes Spark chooses: the narrowest integer, the narrowest offsets.
//!
//!     value:    header (two bits of kind, the rest by kind), then the value; fields of objects in the order of their keys
//!     metadata: version and size of offsets │ count │ offsets │ keys, in the order in which they were first seen
//!
//! Begin at [`Encoder`]; [`finish`](Encoder::finish) gives both.

use std::collections::HashMap;

use super::decode::{Variant, View};
use emberflow_base::{Error, Result};

/// Most bytes of a variant.
const SIZE_MAX: usize = 128 << 20;
const SHORT_TEXT_MAX: usize = 63;

/// A variant being written: `value` grows, keys are remembered.
#[derive(Default)]
pub struct Encoder {
    pub value: Vec<u8>,
    keys: Vec<String>,
    ids: HashMap<String, u32>,
}

/// A field of an object: its key, the key's number, where its value begins.
pub struct Field {
    key: String,
    id: u32,
    offset: usize,
}

fn width(most: usize) -> usize {
    match most {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        _ => 4,
    }
}

fn put(out: &mut Vec<u8>, number: usize, width: usize) {
    out.extend(&(number as u64).to_le_bytes()[..width]);
}

impl Encoder {
    /// Value and metadata.
    pub fn finish(self) -> Result<(Vec<u8>, Vec<u8>)> {
        let texts: usize = self.keys.iter().map(String::len).sum();
        let width = width(texts.max(self.keys.len()));
        let mut metadata = vec![1 | ((width as u8 - 1) << 6)];
        put(&mut metadata, self.keys.len(), width);
        let mut offset = 0;
        for key in &self.keys {
            put(&mut metadata, offset, width);
            offset += key.len();
        }
        put(&mut metadata, offset, width);
        self.keys.iter().for_each(|key| metadata.extend(key.as_bytes()));
        if self.value.len() > SIZE_MAX || metadata.len() > SIZE_MAX {
            return Err(Error::new("VARIANT_CONSTRUCTOR_SIZE_LIMIT"));
        }
        Ok((self.value, metadata))
    }

    fn primitive(&mut self, kind: u8, bytes: &[u8]) {
        self.value.push(kind << 2);
        self.value.extend(bytes);
    }

    pub fn null(&mut self) {
        self.primitive(0, &[]);
    }

    pub fn boolean(&mut self, flag: bool) {
        self.primitive(if flag { 1 } else { 2 }, &[]);
    }

    pub fn long(&mut self, number: i64) {
        if let Ok(small) = i8::try_from(number) {
            self.primitive(3, &small.to_le_bytes());
        } else if let Ok(small) = i16::try_from(number) {
            self.primitive(4, &small.to_le_bytes());
        } else if let Ok(small) = i32::try_from(number) {
            self.primitive(5, &small.to_le_bytes());
        } else {
            self.primitive(6, &number.to_le_bytes());
        }
    }

    pub fn double(&mut self, number: f64) {
        self.primitive(7, &number.to_le_bytes());
    }

    pub fn float(&mut self, number: f32) {
        self.primitive(14, &number.to_le_bytes());
    }

    /// A decimal of at most 38 digits.
    pub fn decimal(&mut self, unscaled: i128, scale: u8) {
        let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1).max(u32::from(scale));
        let (kind, bytes) = match digits {
            0..=9 => (8, 4),
            10..=18 => (9, 8),
            _ => (10, 16),
        };
        self.primitive(kind, &[scale]);
        self.value.extend(&unscaled.to_le_bytes()[..bytes]);
    }

    pub fn date(&mut self, days: i32) {
        self.primitive(11, &days.to_le_bytes());
    }

    pub fn timestamp(&mut self, micros: i64) {
        self.primitive(12, &micros.to_le_bytes());
    }

    pub fn timestamp_ntz(&mut self, micros: i64) {
        self.primitive(13, &micros.to_le_bytes());
    }

    pub fn binary(&mut self, bytes: &[u8]) {
        self.primitive(15, &(bytes.len() as u32).to_le_bytes());
        self.value.extend(bytes);
    }

    pub fn text(&mut self, text: &str) {
        if text.len() <= SHORT_TEXT_MAX {
            self.value.push((text.len() as u8) << 2 | 1);
        } else {
            self.primitive(16, &(text.len() as u32).to_le_bytes());
        }
        self.value.extend(text.as_bytes());
    }

    /// Where what an array or object holds begins; to be given back when it ends.
    pub fn begin(&self) -> usize {
        self.value.len()
    }

    /// The field `key` of an object, whose value is written next.
    pub fn field(&mut self, start: usize, key: &str) -> Field {
        let next = self.keys.len() as u32;
        let id = *self.ids.entry(key.to_owned()).or_insert_with(|| {
            self.keys.push(key.to_owned());
            next
        });
        Field { key: key.to_owned(), id, offset: self.value.len() - start }
    }

    /// Ends an array of the elements that begin at `offsets` after `start`.
    pub fn end_array(&mut self, start: usize, offsets: &[usize]) {
        let size = self.value.len() - start;
        let (wide, offset_width) = (offsets.len() > 0xFF, width(size));
        let mut head = vec![(u8::from(wide) << 4) | ((offset_width as u8 - 1) << 2) | 3];
        put(&mut head, offsets.len(), if wide { 4 } else { 1 });
        offsets.iter().for_each(|offset| put(&mut head, *offset, offset_width));
        put(&mut head, size, offset_width);
        self.value.splice(start..start, head);
    }

    /// Ends an object; a key that stands there twice is an error, the key itself.
    pub fn end_object(&mut self, start: usize, mut fields: Vec<Field>) -> std::result::Result<(), String> {
        fields.sort_by(|one, other| one.key.cmp(&other.key));
        if let Some(pair) = fields.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(pair[0].key.clone());
        }
        let size = self.value.len() - start;
        let id_width = width(fields.iter().map(|field| field.id as usize).max().unwrap_or(0));
        let (wide, offset_width) = (fields.len() > 0xFF, width(size));
        let mut head = vec![(u8::from(wide) << 6) | ((id_width as u8 - 1) << 4) | ((offset_width as u8 - 1) << 2) | 2];
        put(&mut head, fields.len(), if wide { 4 } else { 1 });
        fields.iter().for_each(|field| put(&mut head, field.id as usize, id_width));
        fields.iter().for_each(|field| put(&mut head, field.offset, offset_width));
        put(&mut head, size, offset_width);
        self.value.splice(start..start, head);
        Ok(())
    }

    /// Another variant as part of this one.
    pub fn variant(&mut self, part: Variant<'_>) -> Result<()> {
        match part.view()? {
            View::Object(object) => {
                let (start, mut fields) = (self.begin(), Vec::with_capacity(object.len()));
                for at in 0..object.len() {
                    let (key, value) = object.get(at)?;
                    fields.push(self.field(start, key));
                    self.variant(value)?;
                }
                self.end_object(start, fields).map_err(|_| super::decode::malformed())
            }
            View::Array(array) => {
                let (start, mut offsets) = (self.begin(), Vec::with_capacity(array.len()));
                for at in 0..array.len() {
                    offsets.push(self.value.len() - start);
                    self.variant(array.get(at)?)?;
                }
                self.end_array(start, &offsets);
                Ok(())
            }
            _ => {
                self.value.extend(part.exact()?);
                Ok(())
            }
        }
    }
}
