//! The end of an ORC file: what columns it has, where its stripes lie, what is known of their values.
//!
//!     … stripes │ metadata │ footer │ postscript │ its length      stripe: index │ data │ footer
//!                 per stripe  types,   codec,      (one byte)
//!                 statistics  stripes  lengths
//!
//! Footers are compressed as the data are. Not here: the data in the stripes (`read`), what types mean (`types`).

use std::io::Read;

use bytes::Bytes;
use orc_rust::compression::{Compression, Decompressor};

use super::Broken;
use super::statistics::Statistics;
use super::wire::{Fields, Message, Value};

pub(super) const MAGIC: &[u8] = b"ORC";
/// What the calendar of dates is, as footers number it.
pub(super) const PROLEPTIC: u64 = 2;

/// What a file says about itself.
#[derive(Debug, Clone, Default)]
pub(super) struct FileTail {
    pub types: Vec<OrcType>,
    pub stripes: Vec<StripePlace>,
    /// By stripe, then by column; empty if the file has none.
    pub statistics: Vec<Vec<Option<Statistics>>>,
    pub rows_per_group: u64,
    /// Dates before 1582 are counted in the calendar of today, not in the one of their time.
    pub is_proleptic: bool,
}

/// A column as the footer has it; children by position.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OrcType {
    pub kind: u64,
    pub children: Vec<u64>,
    pub names: Vec<String>,
    pub length_max: u64,
    pub precision: u64,
    pub scale: u64,
    /// Spark's type, where Spark's types are finer than ORC's.
    pub spark: Option<String>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StripePlace {
    pub offset: u64,
    pub index_bytes: u64,
    pub data_bytes: u64,
    pub footer_bytes: u64,
    pub rows: u64,
}

/// Where a stripe's pieces lie.
#[derive(Debug, Clone, Default)]
pub(super) struct StripeFooter {
    /// Kind, column and length, one after the other from the stripe's start.
    pub streams: Vec<(u64, u64, u64)>,
    pub zone: Option<String>,
}

/// The key under which Spark keeps its own type of a column.
pub(super) const SPARK_TYPE: &str = "spark.sql.catalyst.type";

/// How much of the file's end holds what, from its last bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostScript {
    pub footer_bytes: u64,
    pub metadata_bytes: u64,
    /// The postscript itself and its length.
    pub own_bytes: u64,
}

impl PostScript {
    /// `end`: the last bytes of a file of `size` bytes, at most 256.
    pub fn decode(end: &[u8], size: u64) -> Result<Self, Broken> {
        let wrong = || Broken::new("it is not an ORC file: its postscript cannot be read");
        let (length, before) = end.split_last().ok_or_else(wrong)?;
        let own = before.len().checked_sub(usize::from(*length)).map(|start| &before[start..]).ok_or_else(wrong)?;
        let (mut footer_bytes, mut metadata_bytes, mut is_orc) = (0, 0, false);
        for field in Fields(own) {
            match field? {
                (1, value) => footer_bytes = value.number()?,
                (5, value) => metadata_bytes = value.number()?,
                (8000, value) => is_orc = value.bytes()? == MAGIC,
                _ => {}
            }
        }
        let own_bytes = own.len() as u64 + 1;
        let all = footer_bytes.checked_add(metadata_bytes).and_then(|bytes| bytes.checked_add(own_bytes));
        if !is_orc || footer_bytes == 0 || all.is_none_or(|all| all > size) {
            return Err(wrong());
        }
        Ok(Self { footer_bytes, metadata_bytes, own_bytes })
    }
}

/// Bytes of a footer as they were before they were compressed.
pub(super) fn inflated(bytes: Bytes, compression: Option<Compression>) -> Result<Vec<u8>, Broken> {
    let mut out = Vec::new();
    let read = Decompressor::new(bytes, compression, Vec::new()).read_to_end(&mut out);
    read.map(|_| out).map_err(|error| Broken::new(&error.to_string()))
}

impl FileTail {
    /// From the footer and the metadata, both inflated.
    pub fn decode(footer: &[u8], metadata: &[u8]) -> Result<Self, Broken> {
        let mut made = Self::default();
        for field in Fields(footer) {
            match field? {
                (3, value) => made.stripes.push(StripePlace::decode(value.bytes()?)?),
                (4, value) => made.types.push(OrcType::decode(value.bytes()?)?),
                (8, value) => made.rows_per_group = value.number()?,
                (11, value) => made.is_proleptic = value.number()? == PROLEPTIC,
                _ => {}
            }
        }
        for field in Fields(metadata) {
            let (number, value) = field?;
            if number != 1 {
                continue;
            }
            let columns = Fields(value.bytes()?).map(|field| Statistics::decode(field?.1.bytes()?));
            made.statistics.push(columns.collect::<Result<_, _>>()?);
        }
        made.check()?;
        Ok(made)
    }

    /// Whoever walks over the types meets each once.
    fn check(&self) -> Result<(), Broken> {
        let wrong = || Broken::new("the footer's types are no tree");
        let mut parents = vec![0_usize; self.types.len()];
        for (at, own) in self.types.iter().enumerate() {
            for child in &own.children {
                let child = usize::try_from(*child).map_err(|_| wrong())?;
                if child <= at {
                    return Err(wrong());
                }
                *parents.get_mut(child).ok_or_else(wrong)? += 1;
            }
        }
        let is_tree = !parents.is_empty() && parents[1..].iter().all(|count| *count == 1);
        if is_tree && self.types[0].kind == super::types::STRUCT { Ok(()) } else { Err(wrong()) }
    }
}

impl OrcType {
    fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let mut made = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, value) => made.kind = value.number()?,
                (2, value) => value.add_numbers(&mut made.children)?,
                (3, value) => made.names.push(value.text()?),
                (4, value) => made.length_max = value.number()?,
                (5, value) => made.precision = value.number()?,
                (6, value) => made.scale = value.number()?,
                (7, value) => {
                    let pair = Fields(value.bytes()?).collect::<Result<Vec<_>, _>>()?;
                    if let [(1, Value::Bytes(key)), (2, value)] = pair[..]
                        && key == SPARK_TYPE.as_bytes()
                    {
                        made.spark = Some(value.text()?);
                    }
                }
                _ => {}
            }
        }
        Ok(made)
    }

    pub fn encode(&self) -> Message {
        let mut made = Message::default().number(1, self.kind).numbers(2, self.children.iter().copied());
        for name in &self.names {
            made = made.bytes(3, name.as_bytes());
        }
        if self.kind == super::types::DECIMAL {
            made = made.number(5, self.precision).number(6, self.scale);
        }
        match &self.spark {
            Some(spark) => made.message(7, &Message::default().bytes(1, SPARK_TYPE.as_bytes()).bytes(2, spark.as_bytes())),
            None => made,
        }
    }
}

impl StripePlace {
    fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let mut made = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, value) => made.offset = value.number()?,
                (2, value) => made.index_bytes = value.number()?,
                (3, value) => made.data_bytes = value.number()?,
                (4, value) => made.footer_bytes = value.number()?,
                (5, value) => made.rows = value.number()?,
                _ => {}
            }
        }
        Ok(made)
    }

    pub fn encode(&self) -> Message {
        let Self { offset, index_bytes, data_bytes, footer_bytes, rows } = *self;
        Message::default().number(1, offset).number(2, index_bytes).number(3, data_bytes).number(4, footer_bytes).number(5, rows)
    }

    /// Where the stripe's footer begins, if the stripe lies within a file of `size` bytes.
    pub fn footer_offset(&self, size: u64) -> Result<u64, Broken> {
        let before = self.offset.checked_add(self.index_bytes).and_then(|offset| offset.checked_add(self.data_bytes));
        let fits = |offset: &u64| offset.checked_add(self.footer_bytes).is_some_and(|end| end <= size);
        before.filter(fits).ok_or_else(|| Broken::new("a stripe reaches past the end of the file"))
    }
}

impl StripeFooter {
    pub fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let mut made = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, value) => {
                    let mut stream = (0, 0, 0);
                    for field in Fields(value.bytes()?) {
                        match field? {
                            (1, value) => stream.0 = value.number()?,
                            (2, value) => stream.1 = value.number()?,
                            (3, value) => stream.2 = value.number()?,
                            _ => {}
                        }
                    }
                    made.streams.push(stream);
                }
                (3, value) => made.zone = Some(value.text()?),
                _ => {}
            }
        }
        Ok(made)
    }

    /// The same footer without a time zone, which the decoder is not to apply.
    pub fn without_zone(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut kept = Message::default();
        for field in Fields(bytes) {
            kept = match field? {
                (3, _) => kept,
                (number, Value::Number(value)) => kept.number(number, value),
                (number, Value::Bytes(value)) => kept.bytes(number, value),
                (_, Value::Fixed(_)) => return Err(Broken::new("a stripe's footer has a field of an unknown kind")),
            };
        }
        Ok(kept.0)
    }
}
