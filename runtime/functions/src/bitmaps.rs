//! Bitmaps that count distinct numbers: 32768 bits each, one bitmap for every bucket of numbers.
//!
//!     number ──► bucket and position ──► bitmap of a group ──► count
//!
//! Aggregates gather a group's values first (`aggregates::listed` does the same for percentiles). Begin at [`FUNCTIONS`].

use arrow::array::{Array, AsArray, ListArray};
use arrow::datatypes::Int64Type;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::aggregates::list_of_group;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, kernel, primitives};
use crate::registry::{Function, Kind};

const BITS: i64 = 8 * BYTES as i64;
const BYTES: usize = 4096;

/// The functions of bitmaps.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "bitmap_and_agg", kind: Kind::Aggregate(|call| merged(call, u8::MAX, |a, b| a & b)), display: None },
    Function { name: "bitmap_bit_position", kind: Kind::Scalar(|call| of_number(call, position)), display: None },
    Function { name: "bitmap_bucket_number", kind: Kind::Scalar(|call| of_number(call, bucket)), display: None },
    Function { name: "bitmap_construct_agg", kind: Kind::Aggregate(construct), display: None },
    Function { name: "bitmap_count", kind: Kind::Scalar(count), display: None },
    Function { name: "bitmap_or_agg", kind: Kind::Aggregate(|call| merged(call, 0, |a, b| a | b)), display: None },
];

/// Positive numbers count from bucket 1, others downwards from bucket 0.
fn bucket(number: i64) -> i64 {
    if number > 0 { 1 + (number - 1) / BITS } else { number / BITS }
}

fn position(number: i64) -> i64 {
    if number > 0 { (number - 1) % BITS } else { number.wrapping_neg() % BITS }
}

fn of_number(call: Call<'_>, answer: fn(i64) -> i64) -> Result<Typed> {
    call.arity(&[1])?;
    let number = call.long(0)?;
    let nullable = number.nullable;
    Ok(kernel(call.name, vec![number], DataType::Long, nullable, move |columns| {
        let numbers = columns.numbers::<Int64Type>(0)?;
        primitives::<Int64Type>(columns.rows, |row| Ok(numbers.at(row).map(answer)))
    }))
}

/// `bitmap_count(bitmap)`: how many bits are set.
fn count(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    if call.type_of(0) != &DataType::Binary {
        return Err(call.mismatch(0, "BINARY"));
    }
    let (bitmap, nullable) = (call.binary(0)?, call.any_nullable());
    Ok(kernel("bitmap_count", vec![bitmap], DataType::Long, nullable, |columns| {
        let bitmaps = columns.bytes(0)?;
        let ones = |bytes: &[u8]| bytes.iter().map(|byte| i64::from(byte.count_ones())).sum();
        primitives::<Int64Type>(columns.rows, |row| Ok(bitmaps.at(row).map(ones)))
    }))
}

/// `bitmap_construct_agg(position)`
fn construct(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let list = list_of_group(&call.long(0)?, call.is_distinct);
    let made = Kernel::new("bitmap_construct_agg", &DataType::Binary, false, |columns| {
        let lists = columns.list(0)?;
        binaries(columns.rows, |row| bitmap_of(&lists, row).map(Some))
    });
    Ok(Typed::new(made.fallible_if(true).call(vec![list]), DataType::Binary, false))
}

fn bitmap_of(lists: &ListArray, row: usize) -> Result<Vec<u8>> {
    let mut bitmap = vec![0; BYTES];
    if lists.is_null(row) {
        return Ok(bitmap);
    }
    for position in lists.value(row).as_primitive::<Int64Type>().iter().flatten() {
        if !(0..BITS).contains(&position) {
            return Err(Error::new("INVALID_BITMAP_POSITION")
                .with("bitPosition", position.to_string())
                .with("bitmapNumBytes", BYTES.to_string())
                .with("bitmapNumBits", BITS.to_string()));
        }
        bitmap[position as usize / 8] |= 1 << (position % 8);
    }
    Ok(bitmap)
}

/// `bitmap_or_agg(bitmap)`, `bitmap_and_agg(bitmap)`; bytes that a bitmap lacks are zero.
fn merged(call: Call<'_>, first: u8, merge: fn(u8, u8) -> u8) -> Result<Typed> {
    call.arity(&[1])?;
    if call.type_of(0) != &DataType::Binary {
        return Err(call.mismatch(0, "BINARY"));
    }
    let list = list_of_group(&call.binary(0)?, call.is_distinct);
    let made = Kernel::new(call.name, &DataType::Binary, false, move |columns| {
        let lists = columns.list(0)?;
        binaries(columns.rows, |row| {
            let mut all = vec![first; BYTES];
            let values = if lists.is_null(row) { lists.values().slice(0, 0) } else { lists.value(row) };
            for bitmap in values.as_binary::<i32>().iter().flatten() {
                let bytes = bitmap.iter().copied().chain(std::iter::repeat(0));
                all.iter_mut().zip(bytes).for_each(|(byte, other)| *byte = merge(*byte, other));
            }
            Ok(Some(all))
        })
    });
    Ok(Typed::new(made.call(vec![list]), DataType::Binary, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_bit() {
        assert_eq!((bucket(123), position(123)), (1, 122));
        assert_eq!((bucket(0), position(0)), (0, 0));
        assert_eq!((bucket(-1), position(-1)), (0, 1));
        assert_eq!((bucket(32769), position(32769)), (2, 0));
    }
}
