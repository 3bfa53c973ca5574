//! One column's streams and statistics, and those of the columns within it.
//!
//!     array ─► nulls into a stream of bits ─► the rest, dense ─► streams by type ─► children of structs, lists, maps
//!
//! A column within another has values only where its parent has one. Not here: what streams look like (`runs`, `chunks`).

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::compute::filter;
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalYearMonthType, TimestampMicrosecondType,
};
use emberflow_functions::calendar::MICROS_PER_SECOND;
use emberflow_functions::zones::Zone;

use super::super::fit::EPOCH_MICROS;
use super::super::statistics::{Statistics, Values};
use super::super::tail::OrcType;
use super::super::types;
use super::WriteError;
use super::runs::{Bits, ByteRuns, Runs};

const PRESENT: u64 = 0;
const DATA: u64 = 1;
const LENGTH: u64 = 2;
const SECONDARY: u64 = 5;

/// How a stream is coded, which says what a position in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Bytes,
    Runs,
    Bits,
}

/// Where a row group ends in a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub offset: usize,
    pub bits: u64,
}

/// A stream of a finished stripe.
pub(super) struct Stream {
    pub kind: u64,
    pub coding: Coding,
    pub bytes: Vec<u8>,
    pub marks: Vec<Mark>,
}

/// What a column gives to a finished stripe.
pub(super) struct Taken {
    pub streams: Vec<Stream>,
    /// By row group.
    pub groups: Vec<Statistics>,
}

/// The number of a type's encoding in a stripe's footer.
pub(super) fn encoding(kind: u64) -> u64 {
    const DIRECT: u64 = 0;
    const DIRECT_V2: u64 = 2;
    match kind {
        types::BOOLEAN | types::BYTE | types::FLOAT | types::DOUBLE | types::STRUCT => DIRECT,
        _ => DIRECT_V2,
    }
}

pub(super) struct Column {
    present: Bits,
    present_marks: Vec<Mark>,
    has_null: bool,
    streams: Vec<Open>,
    /// Of the row group that is being gathered, and of those before.
    known: Statistics,
    groups: Vec<Statistics>,
    children: Vec<Column>,
    zone: Zone,
    /// Of decimals.
    scale: i64,
}

/// A stream that still grows.
struct Open {
    kind: u64,
    out: Out,
    marks: Vec<Mark>,
}

enum Out {
    Bytes(Vec<u8>),
    Numbers(Runs),
    ByteRuns(ByteRuns),
    Bits(Bits),
}

impl Open {
    fn new(kind: u64, out: Out) -> Self {
        Self { kind, out, marks: Vec::new() }
    }

    fn len(&self) -> usize {
        match &self.out {
            Out::Bytes(out) => out.len(),
            Out::Numbers(out) => out.len(),
            Out::ByteRuns(out) => out.len(),
            Out::Bits(out) => out.len(),
        }
    }

    fn mark(&mut self) {
        let (offset, bits) = match &mut self.out {
            Out::Bytes(out) => (out.len(), 0),
            Out::Numbers(out) => {
                out.flush();
                (out.len(), 0)
            }
            Out::ByteRuns(out) => {
                out.flush();
                (out.len(), 0)
            }
            Out::Bits(out) => out.mark(),
        };
        self.marks.push(Mark { offset, bits });
    }

    fn take(&mut self) -> Stream {
        let (coding, bytes) = match &mut self.out {
            Out::Bytes(out) => (Coding::Bytes, std::mem::take(out)),
            Out::Numbers(out) => (Coding::Runs, out.take()),
            Out::ByteRuns(out) => (Coding::Runs, out.take()),
            Out::Bits(out) => (Coding::Bits, out.take()),
        };
        Stream { kind: self.kind, coding, bytes, marks: std::mem::take(&mut self.marks) }
    }
}

fn numbers(kind: u64, is_signed: bool) -> Open {
    Open::new(kind, Out::Numbers(Runs::new(is_signed)))
}

impl Column {
    /// The column `at` of a footer's types, and those within it.
    pub fn new(all: &[OrcType], at: usize, zone: &Zone) -> Self {
        let own = &all[at];
        let streams = match own.kind {
            types::BOOLEAN => vec![Open::new(DATA, Out::Bits(Bits::default()))],
            types::BYTE => vec![Open::new(DATA, Out::ByteRuns(ByteRuns::default()))],
            types::FLOAT | types::DOUBLE => vec![Open::new(DATA, Out::Bytes(Vec::new()))],
            types::STRING | types::BINARY => vec![Open::new(DATA, Out::Bytes(Vec::new())), numbers(LENGTH, false)],
            types::DECIMAL => vec![Open::new(DATA, Out::Bytes(Vec::new())), numbers(SECONDARY, true)],
            types::TIMESTAMP => vec![numbers(DATA, true), numbers(SECONDARY, false)],
            types::LIST | types::MAP => vec![numbers(LENGTH, false)],
            types::STRUCT => Vec::new(),
            _ => vec![numbers(DATA, true)],
        };
        Self {
            present: Bits::default(),
            present_marks: Vec::new(),
            has_null: false,
            streams,
            known: Statistics::default(),
            groups: Vec::new(),
            children: own.children.iter().map(|child| Self::new(all, *child as usize, zone)).collect(),
            zone: zone.clone(),
            scale: own.scale as i64,
        }
    }

    /// Adds an array's values.
    pub fn add(&mut self, array: &dyn Array) -> Result<(), WriteError> {
        let dense: ArrayRef = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => {
                self.present.repeat(true, array.len());
                array.slice(0, array.len())
            }
            Some(nulls) => {
                nulls.iter().for_each(|is_valid| self.present.push(is_valid));
                self.has_null = true;
                self.known.has_null = true;
                filter(array, &BooleanArray::new(nulls.inner().clone(), None)).map_err(|error| value_error(&error.to_string()))?
            }
        };
        if dense.is_empty() {
            return Ok(());
        }
        let mut known = Statistics { count: dense.len() as u64, has_null: false, values: Values::Unknown };
        known.values = self.add_dense(&dense)?;
        self.known += &known;
        Ok(())
    }

    /// Adds values of which none is null, and says what they are like.
    fn add_dense(&mut self, array: &ArrayRef) -> Result<Values, WriteError> {
        match array.data_type() {
            Arrow::Boolean => Ok(self.add_booleans(array.as_boolean())),
            Arrow::Int8 => Ok(self.add_bytes(array.as_primitive())),
            Arrow::Int16 => Ok(self.add_integers::<Int16Type>(array)),
            Arrow::Int32 => Ok(self.add_integers::<Int32Type>(array)),
            Arrow::Int64 => Ok(self.add_integers::<Int64Type>(array)),
            Arrow::Interval(_) => Ok(self.add_integers::<IntervalYearMonthType>(array)),
            Arrow::Time64(_) => Ok(self.add_integers::<arrow::datatypes::Time64NanosecondType>(array)),
            Arrow::Duration(_) => Ok(self.add_integers::<DurationMicrosecondType>(array)),
            Arrow::Timestamp(_, None) => Ok(self.add_integers::<TimestampMicrosecondType>(array)),
            Arrow::Date32 => {
                let values = self.add_integers::<Date32Type>(array);
                let Values::Integer { bounds, .. } = values else { return Ok(Values::Unknown) };
                Ok(Values::Date { bounds: bounds.map(|(low, high)| (low as i32, high as i32)) })
            }
            Arrow::Timestamp(_, Some(_)) => self.add_moments(array.as_primitive()),
            Arrow::Float32 => {
                let values = array.as_primitive::<Float32Type>().values();
                if let [Open { out: Out::Bytes(out), .. }] = self.streams.as_mut_slice() {
                    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                }
                Ok(doubles(values.iter().map(|value| f64::from(*value))))
            }
            Arrow::Float64 => {
                let values = array.as_primitive::<Float64Type>().values();
                if let [Open { out: Out::Bytes(out), .. }] = self.streams.as_mut_slice() {
                    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                }
                Ok(doubles(values.iter().copied()))
            }
            Arrow::Utf8 => {
                let texts = array.as_string::<i32>();
                let bytes = self.add_pieces(texts.value_data(), texts.value_offsets());
                let texts = (0..texts.len()).map(|at| texts.value(at));
                let bounds = bounds(texts).map(|(low, high)| (low.to_owned(), high.to_owned()));
                Ok(Values::Text { bounds, bytes })
            }
            Arrow::Binary => {
                let pieces = array.as_binary::<i32>();
                let bytes = self.add_pieces(pieces.value_data(), pieces.value_offsets());
                Ok(Values::Binary { bytes })
            }
            Arrow::Decimal128(..) => Ok(self.add_decimals(array.as_primitive())),
            Arrow::Struct(_) => {
                let own = array.as_struct();
                for (child, array) in self.children.iter_mut().zip(own.columns()) {
                    child.add(array)?;
                }
                Ok(Values::Unknown)
            }
            Arrow::List(_) => {
                let own = array.as_list::<i32>();
                self.add_nested(own.value_offsets(), &[own.values()])
            }
            Arrow::Map(..) => {
                let own = array.as_map();
                self.add_nested(own.value_offsets(), &[own.keys(), own.values()])
            }
            other => Err(value_error(&format!("values of the Arrow type {other} have no place in ORC files"))),
        }
    }

    fn add_booleans(&mut self, values: &BooleanArray) -> Values {
        if let [Open { out: Out::Bits(out), .. }] = self.streams.as_mut_slice() {
            values.values().iter().for_each(|value| out.push(value));
        }
        Values::Boolean { trues: values.true_count() as u64 }
    }

    fn add_bytes(&mut self, values: &PrimitiveArray<Int8Type>) -> Values {
        if let [Open { out: Out::ByteRuns(out), .. }] = self.streams.as_mut_slice() {
            values.values().iter().for_each(|value| out.push(*value as u8));
        }
        integers(values.values().iter().map(|value| i64::from(*value)))
    }

    fn add_integers<T: ArrowPrimitiveType<Native: Into<i64>>>(&mut self, array: &ArrayRef) -> Values {
        let values = array.as_primitive::<T>().values().iter().map(|value| (*value).into());
        if let [Open { out: Out::Numbers(out), .. }] = self.streams.as_mut_slice() {
            out.extend(values.clone());
        }
        integers(values)
    }

    fn add_moments(&mut self, moments: &PrimitiveArray<TimestampMicrosecondType>) -> Result<Values, WriteError> {
        let epoch = self.zone.instant(EPOCH_MICROS) / MICROS_PER_SECOND;
        let near = self.zone.near();
        if let [Open { out: Out::Numbers(seconds), .. }, Open { out: Out::Numbers(nanos), .. }] = self.streams.as_mut_slice() {
            for micros in moments.values() {
                let (second, nano) = split_moment(*micros)?;
                seconds.push(second - epoch);
                nanos.push(nano);
            }
        }
        let clocks = bounds(moments.values().iter().map(|micros| near.local(*micros).div_euclid(1000)));
        Ok(Values::Timestamp { bounds: clocks })
    }

    /// Texts or bytes, that lie one after the other; says how many bytes they are.
    fn add_pieces(&mut self, data: &[u8], offsets: &[i32]) -> i64 {
        let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
        if let [Open { out: Out::Bytes(out), .. }, Open { out: Out::Numbers(lengths), .. }] = self.streams.as_mut_slice() {
            out.extend_from_slice(&data[first as usize..last as usize]);
            lengths.extend(offsets.windows(2).map(|pair| i64::from(pair[1] - pair[0])));
        }
        i64::from(last - first)
    }

    fn add_decimals(&mut self, decimals: &PrimitiveArray<Decimal128Type>) -> Values {
        let scale = self.scale;
        if let [Open { out: Out::Bytes(digits), .. }, Open { out: Out::Numbers(scales), .. }] = self.streams.as_mut_slice() {
            for value in decimals.values() {
                push_wide(*value, digits);
            }
            scales.repeat(scale, decimals.len());
        }
        let sum = decimals.values().iter().try_fold(0_i128, |sum, value| sum.checked_add(*value));
        Values::Decimal { scale: scale as u32, bounds: bounds(decimals.values().iter().copied()), sum }
    }

    /// Lists and maps: their lengths, and what is in them.
    fn add_nested(&mut self, offsets: &[i32], parts: &[&ArrayRef]) -> Result<Values, WriteError> {
        if let [Open { out: Out::Numbers(lengths), .. }] = self.streams.as_mut_slice() {
            lengths.extend(offsets.windows(2).map(|pair| i64::from(pair[1] - pair[0])));
        }
        let (first, last) = (offsets.first().copied().unwrap_or(0) as usize, offsets.last().copied().unwrap_or(0) as usize);
        for (child, part) in self.children.iter_mut().zip(parts) {
            child.add(&part.slice(first, last - first))?;
        }
        Ok(Values::Unknown)
    }

    /// Ends a row group.
    pub fn mark(&mut self) {
        let (offset, bits) = self.present.mark();
        self.present_marks.push(Mark { offset, bits });
        self.streams.iter_mut().for_each(Open::mark);
        self.groups.push(std::mem::take(&mut self.known));
        self.children.iter_mut().for_each(Self::mark);
    }

    /// How large the streams are by now.
    pub fn bytes(&self) -> usize {
        let own: usize = self.streams.iter().map(Open::len).sum();
        own + self.present.len() + self.children.iter().map(Self::bytes).sum::<usize>()
    }

    /// The streams of a stripe, parents before children; the next stripe begins empty.
    pub fn take(&mut self, into: &mut Vec<Taken>) {
        let present = self.present.take();
        let marks = std::mem::take(&mut self.present_marks);
        let mut streams = Vec::with_capacity(self.streams.len() + 1);
        // Where nothing is null, readers expect no such stream.
        if std::mem::take(&mut self.has_null) {
            streams.push(Stream { kind: PRESENT, coding: Coding::Bits, bytes: present, marks });
        }
        streams.extend(self.streams.iter_mut().map(Open::take));
        into.push(Taken { streams, groups: std::mem::take(&mut self.groups) });
        self.children.iter_mut().for_each(|child| child.take(into));
    }
}

fn value_error(text: &str) -> WriteError {
    WriteError::Value(text.to_owned())
}

/// The seconds since 1970 and the fraction as ORC stores them: before 1970, a moment with a fraction counts from the second
/// after it. That leaves no room for the last second before 1970.
fn split_moment(micros: i64) -> Result<(i64, i64), WriteError> {
    let (mut second, nanos) = (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND) * 1000);
    if second < 0 && nanos > 999_999 {
        if second == -1 {
            return Err(value_error("ORC files hold no timestamp between 1969-12-31 23:59:59.001 and 1970-01-01 00:00:00 UTC"));
        }
        second += 1;
    }
    if nanos == 0 {
        return Ok((second, 0));
    }
    // The last three bits say how many zeros more than one were cut off.
    let (mut digits, mut zeros) = (nanos / 100, 1);
    while digits % 10 == 0 && zeros < 7 {
        digits /= 10;
        zeros += 1;
    }
    Ok((second, digits << 3 | zeros))
}

/// The sign as the lowest bit, seven bits a byte, lowest first.
fn push_wide(value: i128, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 127)) as u128;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn bounds<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(None, |known, value| match known {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

fn integers(values: impl Iterator<Item = i64> + Clone) -> Values {
    let sum = values.clone().map(i128::from).sum::<i128>();
    Values::Integer { bounds: bounds(values), sum: i64::try_from(sum).ok() }
}

fn doubles(values: impl Iterator<Item = f64> + Clone) -> Values {
    let sum = values.clone().sum();
    let real = values.filter(|value| !value.is_nan());
    let bounds = real.fold(None, |known: Option<(f64, f64)>, value| match known {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    });
    Values::Double { bounds, sum: Some(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_stored_without_their_zeros() {
        assert_eq!(split_moment(1_000_000).unwrap(), (1, 0));
        assert_eq!(split_moment(1_500_000).unwrap(), (1, 5 << 3 | 7));
        assert_eq!(split_moment(1_000_001).unwrap(), (1, 1 << 3 | 2));
        assert_eq!(split_moment(-1_500_000).unwrap(), (-1, 5 << 3 | 7));
        assert!(split_moment(-500_000).is_err());
        assert_eq!(split_moment(-1_000_000 + 999).unwrap().0, -1);
    }

    #[test]
    fn wide_numbers_take_as_many_bytes_as_they_need() {
        let bytes = |value| {
            let mut out = Vec::new();
            push_wide(value, &mut out);
            out
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(-1), [1]);
        assert_eq!(bytes(64), [0x80, 1]);
        assert_eq!(bytes(i128::MAX).len(), 19);
    }
}
