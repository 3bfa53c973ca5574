//! Hashes of rows: each column changes the hashes the columns before it left; NULL leaves them alone.
//!
//!     hashes = seed ──► column 1 ──► hashes ──► column 2 ──► hashes
//!
//! Begin at [`of_rows`].

use arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use arrow::array::{Array, ArrayRef, AsArray};
use emberflow_base::Error;
use emberflow_plan::DataType;

use crate::errors::to_datafusion;
use crate::kernels::primitive;
use crate::udf::KernelResult;

/// How the three shapes of values are mixed into a hash.
pub trait Hasher {
    type Hash: Copy;
    fn int(value: i32, seed: Self::Hash) -> Self::Hash;
    fn long(value: i64, seed: Self::Hash) -> Self::Hash;
    fn bytes(bytes: &[u8], seed: Self::Hash) -> Self::Hash;
}

/// The hash of every row over all columns.
pub fn of_rows<H: Hasher>(arrays: &[ArrayRef], types: &[DataType], seed: H::Hash) -> KernelResult<Vec<H::Hash>> {
    let mut hashes = vec![seed; arrays.first().map_or(0, |array| array.len())];
    for (array, data_type) in arrays.iter().zip(types) {
        update::<H>(array, data_type, &mut hashes)?;
    }
    Ok(hashes)
}

fn update<H: Hasher>(array: &ArrayRef, data_type: &DataType, hashes: &mut [H::Hash]) -> KernelResult<()> {
    match data_type {
        DataType::Null => Ok(()),
        DataType::Boolean => {
            let array = array.as_boolean();
            each::<H>(array, hashes, |row, hash| H::int(i32::from(array.value(row)), hash));
            Ok(())
        }
        DataType::Byte => mix::<H, Int8Type>(array, hashes, |value, hash| H::int(i32::from(value), hash)),
        DataType::Short => mix::<H, Int16Type>(array, hashes, |value, hash| H::int(i32::from(value), hash)),
        DataType::Int => mix::<H, Int32Type>(array, hashes, H::int),
        DataType::Long => mix::<H, Int64Type>(array, hashes, H::long),
        DataType::Float => mix::<H, Float32Type>(array, hashes, |value, hash| H::int(float_bits(value), hash)),
        DataType::Double => mix::<H, Float64Type>(array, hashes, |value, hash| H::long(double_bits(value), hash)),
        DataType::Decimal { precision, .. } if *precision <= 18 => {
            mix::<H, Decimal128Type>(array, hashes, |value, hash| H::long(value as i64, hash))
        }
        DataType::Decimal { .. } => mix::<H, Decimal128Type>(array, hashes, |value, hash| {
            let bytes = value.to_be_bytes();
            H::bytes(&bytes[sign_bytes(value)..], hash)
        }),
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            let array = array.as_string::<i32>();
            each::<H>(array, hashes, |row, hash| H::bytes(array.value(row).as_bytes(), hash));
            Ok(())
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            each::<H>(array, hashes, |row, hash| H::bytes(array.value(row), hash));
            Ok(())
        }
        DataType::Date => mix::<H, Date32Type>(array, hashes, H::int),
        DataType::Timestamp | DataType::TimestampNtz => mix::<H, TimestampMicrosecondType>(array, hashes, H::long),
        DataType::Time(_) => mix::<H, Time64NanosecondType>(array, hashes, H::long),
        DataType::YearMonthInterval { .. } => mix::<H, IntervalYearMonthType>(array, hashes, H::int),
        DataType::DayTimeInterval { .. } => mix::<H, DurationMicrosecondType>(array, hashes, H::long),
        DataType::CalendarInterval => mix::<H, IntervalMonthDayNanoType>(array, hashes, |value, hash| {
            H::int(value.months, H::int(value.days, H::long(value.nanoseconds / 1000, hash)))
        }),
        DataType::Array { element, .. } => lists::<H>(array, element, hashes),
        DataType::Struct(fields) => {
            let own = array.as_struct();
            let before = hashes.to_vec();
            for (column, field) in own.columns().iter().zip(&fields.fields) {
                update::<H>(column, &field.data_type, hashes)?;
            }
            (0..own.len()).filter(|row| own.is_null(*row)).for_each(|row| hashes[row] = before[row]);
            Ok(())
        }
        DataType::Udt { sql_type, .. } => update::<H>(array, sql_type, hashes),
        DataType::Map { .. } | DataType::Variant => Err(to_datafusion(Error::internal("maps have no hash"))),
    }
}

fn each<H: Hasher>(array: &dyn Array, hashes: &mut [H::Hash], mix: impl Fn(usize, H::Hash) -> H::Hash) {
    for (row, hash) in hashes.iter_mut().enumerate() {
        if array.is_valid(row) {
            *hash = mix(row, *hash);
        }
    }
}

fn mix<H: Hasher, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    hashes: &mut [H::Hash],
    mix: impl Fn(T::Native, H::Hash) -> H::Hash,
) -> KernelResult<()> {
    let array = primitive::<T>(array)?;
    each::<H>(array, hashes, |row, hash| mix(array.value(row), hash));
    Ok(())
}

/// The elements of a row one after the other.
fn lists<H: Hasher>(array: &ArrayRef, element: &DataType, hashes: &mut [H::Hash]) -> KernelResult<()> {
    let list = array.as_list::<i32>();
    for (row, hash) in hashes.iter_mut().enumerate().filter(|(row, _)| list.is_valid(*row)) {
        let values = list.value(row);
        for at in 0..values.len() {
            update::<H>(&values.slice(at, 1), element, std::slice::from_mut(hash))?;
        }
    }
    Ok(())
}

/// One zero, one NaN.
fn float_bits(value: f32) -> i32 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        0x7fc0_0000
    } else {
        value.to_bits() as i32
    }
}

fn double_bits(value: f64) -> i64 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        0x7ff8_0000_0000_0000
    } else {
        value.to_bits() as i64
    }
}

/// How many leading bytes only repeat the sign.
fn sign_bytes(value: i128) -> usize {
    let same = if value < 0 { value.leading_ones() } else { value.leading_zeros() };
    ((same.max(1) - 1) / 8).min(15) as usize
}
