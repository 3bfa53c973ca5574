//! Arrow batches as R vectors.
//!
//!     batches ─► one R vector per column, filled chunk by chunk ─► list with names
//!
//!     tinyint..int ─► integer     bigint, float, double, decimal ─► numeric     string ─► character (UTF-8)
//!     date ─► Date                timestamp ─► POSIXct                          time, day-time interval ─► difftime
//!     binary, array, map, struct ─► list columns (`to_r_nested`)                NULL ─► typed NA
//!
//! A column of no rows keeps its type. Runs on R's thread. Begin at [`data_columns`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
};
use emberflow_plan::{DataType, StructType};
use extendr_api::prelude::*;
use extendr_ffi::{INTEGER, LOGICAL, R_NaInt, R_NaReal, R_NaString, REAL, SET_STRING_ELT, SEXP, SEXPTYPE};

use crate::failure::{Failure, Result};
use crate::r_api::{allocate, charsxp};
use crate::to_r_nested::list_column;

const MICROS: f64 = 1e6;
const NANOS: f64 = 1e9;
const EXACT_MAX: i128 = 1 << 53;
const EXACT_SCALE_MAX: i8 = 22;

/// All columns of a result: a list with names, which may repeat.
pub fn data_columns(schema: &StructType, batches: &[RecordBatch]) -> Result<Robj> {
    let columns = schema.fields.iter().enumerate().map(|(at, field)| {
        let chunks = batches.iter().map(|batch| canonical(batch.column(at), &field.data_type));
        let chunks: Vec<ArrayRef> = chunks.collect::<Result<_>>()?;
        vector(&chunks, &field.data_type).map_err(|failure| in_column(failure, &field.name))
    });
    let columns: Vec<Robj> = columns.collect::<Result<_>>()?;
    let mut list: Robj = List::from_values(columns).into();
    list.set_names(schema.fields.iter().map(|field| field.name.as_str()))?;
    Ok(list)
}

fn in_column(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Usage(text) => Failure::Usage(format!("column `{name}`: {text}")),
        other => other,
    }
}

/// One column.
pub fn vector(chunks: &[ArrayRef], data_type: &DataType) -> Result<Robj> {
    let mut vector = match data_type {
        DataType::Null | DataType::Boolean => logicals(chunks)?,
        DataType::Byte => integers::<Int8Type>(chunks, i32::from)?,
        DataType::Short => integers::<Int16Type>(chunks, i32::from)?,
        DataType::Int => integers::<Int32Type>(chunks, |value| value)?,
        DataType::YearMonthInterval { .. } => integers::<IntervalYearMonthType>(chunks, |value| value)?,
        DataType::Long => doubles::<Int64Type>(chunks, |value| value as f64)?,
        DataType::Float => doubles::<Float32Type>(chunks, f64::from)?,
        DataType::Double => doubles::<Float64Type>(chunks, |value| value)?,
        DataType::Decimal { scale, .. } => doubles::<Decimal128Type>(chunks, |value| decimal_number(value, *scale))?,
        DataType::Date => doubles::<Date32Type>(chunks, f64::from)?,
        DataType::Timestamp | DataType::TimestampNtz => {
            doubles::<TimestampMicrosecondType>(chunks, |value| value as f64 / MICROS)?
        }
        DataType::DayTimeInterval { .. } => doubles::<DurationMicrosecondType>(chunks, |value| value as f64 / MICROS)?,
        DataType::Time(_) => doubles::<Time64NanosecondType>(chunks, |value| value as f64 / NANOS)?,
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => strings(chunks)?,
        DataType::Binary | DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) => list_column(chunks, data_type)?,
        other => return Err(without_form(other)),
    };
    dress(&mut vector, data_type)?;
    Ok(vector)
}

/// A decimal as the nearest double.
pub fn decimal_number(value: i128, scale: i8) -> f64 {
    if value.abs() <= EXACT_MAX && (0..=EXACT_SCALE_MAX).contains(&scale) {
        return value as f64 / 10f64.powi(i32::from(scale));
    }
    // Both steps of a division would round; reading the digits rounds once.
    format!("{value}e{}", -i32::from(scale)).parse().unwrap_or(f64::NAN)
}

/// Sets the class R knows a type by.
pub fn dress(vector: &mut Robj, data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Date => {
            vector.set_class(["Date"])?;
        }
        DataType::Timestamp => {
            vector.set_class(["POSIXct", "POSIXt"])?;
        }
        // Without a zone of its own the wall clock would be shifted into R's.
        DataType::TimestampNtz => {
            vector.set_class(["POSIXct", "POSIXt"])?;
            vector.set_attrib("tzone", "UTC")?;
        }
        DataType::DayTimeInterval { .. } | DataType::Time(_) => {
            vector.set_class(["difftime"])?;
            vector.set_attrib("units", "secs")?;
        }
        _ => {}
    }
    Ok(())
}

/// The error for a type that R cannot hold, with a way out.
pub fn without_form(data_type: &DataType) -> Failure {
    let way_out = match data_type {
        DataType::Variant => "turn it into text with to_json() or extract parts with SQL's variant_get()",
        _ => "cast it to string first",
    };
    Failure::usage(format!("type {} has no form in R; {way_out}", data_type.simple_string()))
}

fn rows(chunks: &[ArrayRef]) -> usize {
    chunks.iter().map(|chunk| chunk.len()).sum()
}

fn doubles<T: ArrowPrimitiveType>(chunks: &[ArrayRef], convert: impl Fn(T::Native) -> f64) -> Result<Robj> {
    let vector = allocate(SEXPTYPE::REALSXP, rows(chunks))?;
    let slots = unsafe { slice_of(REAL(vector.get()), rows(chunks)) };
    fill(chunks, slots, unsafe { R_NaReal }, |chunk, slots| convert_all::<T, f64>(chunk, slots, &convert));
    Ok(vector)
}

fn integers<T: ArrowPrimitiveType>(chunks: &[ArrayRef], convert: impl Fn(T::Native) -> i32) -> Result<Robj> {
    let vector = allocate(SEXPTYPE::INTSXP, rows(chunks))?;
    let slots = unsafe { slice_of(INTEGER(vector.get()), rows(chunks)) };
    fill(chunks, slots, unsafe { R_NaInt }, |chunk, slots| convert_all::<T, i32>(chunk, slots, &convert));
    Ok(vector)
}

fn logicals(chunks: &[ArrayRef]) -> Result<Robj> {
    let vector = allocate(SEXPTYPE::LGLSXP, rows(chunks))?;
    let slots = unsafe { slice_of(LOGICAL(vector.get()), rows(chunks)) };
    fill(chunks, slots, unsafe { R_NaInt }, |chunk, slots| {
        for (slot, value) in slots.iter_mut().zip(chunk.as_boolean().values()) {
            *slot = i32::from(value);
        }
    });
    Ok(vector)
}

/// The memory of a fresh R vector. R gives a dangling pointer for an empty one.
unsafe fn slice_of<'a, T>(start: *mut T, length: usize) -> &'a mut [T] {
    if length == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(start, length) } }
}

/// Fills chunk by chunk: all values first, whatever stands at the nulls, then the nulls.
fn fill<T: Copy>(chunks: &[ArrayRef], mut slots: &mut [T], missing: T, values: impl Fn(&ArrayRef, &mut [T])) {
    for chunk in chunks {
        let (now, rest) = std::mem::take(&mut slots).split_at_mut(chunk.len());
        // A Null array has no values to read at all.
        if chunk.data_type() == &ArrowType::Null {
            now.fill(missing);
        } else {
            values(chunk, now);
            if let Some(nulls) = chunk.nulls().filter(|nulls| nulls.null_count() > 0) {
                for row in (!nulls.inner()).set_indices() {
                    now[row] = missing;
                }
            }
        }
        slots = rest;
    }
}

fn convert_all<T: ArrowPrimitiveType, U>(chunk: &ArrayRef, slots: &mut [U], convert: &impl Fn(T::Native) -> U) {
    for (slot, &value) in slots.iter_mut().zip(chunk.as_primitive::<T>().values()) {
        *slot = convert(value);
    }
}

fn strings(chunks: &[ArrayRef]) -> Result<Robj> {
    let vector = allocate(SEXPTYPE::STRSXP, rows(chunks))?;
    let mut cache = Repeats::new();
    let mut at = 0;
    for chunk in chunks {
        let array = chunk.as_string::<i32>();
        for row in 0..array.len() {
            unsafe {
                let value = if array.is_null(row) { R_NaString } else { cache.charsxp(array.value(row)) };
                SET_STRING_ELT(vector.get(), at, value);
            }
            at += 1;
        }
    }
    Ok(vector)
}

/// Remembers recent strings: R's own table of strings costs a hash and a walk per value, and columns repeat themselves.
/// What it holds stays alive because the vector being filled holds it too.
struct Repeats<'a> {
    slots: Vec<Option<(&'a str, SEXP)>>,
}

impl<'a> Repeats<'a> {
    const SLOTS: usize = 256;
    const LENGTH_MAX: usize = 64;

    fn new() -> Self {
        Self { slots: vec![None; Self::SLOTS] }
    }

    unsafe fn charsxp(&mut self, value: &'a str) -> SEXP {
        if value.len() > Self::LENGTH_MAX {
            return unsafe { charsxp(value) };
        }
        let slot = &mut self.slots[Self::slot(value.as_bytes())];
        match slot {
            Some((known, made)) if *known == value => *made,
            _ => {
                let made = unsafe { charsxp(value) };
                *slot = Some((value, made));
                made
            }
        }
    }

    fn slot(bytes: &[u8]) -> usize {
        let hash = bytes.iter().fold(bytes.len() as u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        (hash ^ (hash >> 15)) as usize % Self::SLOTS
    }
}

/// The one Arrow form this file reads for each type; engines may use others (views, dictionaries, other time units).
pub fn canonical(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if array.data_type() == &ArrowType::Null {
        return Ok(array.clone());
    }
    let wanted = match data_type {
        DataType::Null => return Ok(arrow::array::new_null_array(&ArrowType::Null, array.len())),
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => ArrowType::Utf8,
        DataType::Binary => ArrowType::Binary,
        DataType::Timestamp | DataType::TimestampNtz => match array.data_type() {
            ArrowType::Timestamp(TimeUnit::Microsecond, _) => return Ok(array.clone()),
            ArrowType::Timestamp(_, zone) => ArrowType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            _ => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        },
        DataType::Byte => ArrowType::Int8,
        DataType::Short => ArrowType::Int16,
        DataType::Int => ArrowType::Int32,
        DataType::Long => ArrowType::Int64,
        DataType::Float => ArrowType::Float32,
        DataType::Double => ArrowType::Float64,
        DataType::Date => ArrowType::Date32,
        DataType::Decimal { precision, scale } => match array.data_type() {
            ArrowType::Decimal128(_, found) if found == scale => return Ok(array.clone()),
            _ => ArrowType::Decimal128(*precision, *scale),
        },
        _ => return Ok(array.clone()),
    };
    if array.data_type() == &wanted { Ok(Arc::clone(array)) } else { Ok(cast(array, &wanted)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_once() {
        assert_eq!(decimal_number(7, 2), 0.07);
        assert_eq!(decimal_number(-12345, 3), -12.345);
        assert_eq!(decimal_number(123_456_789_012_345_678_901, 10), 12_345_678_901.234_568);
        assert_eq!(decimal_number(5, 30), 5e-30);
    }
}
