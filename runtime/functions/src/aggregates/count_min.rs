//! `count_min_sketch`: how often values occur, from above, in Spark's own bytes.
//!
//!     value ──► one of `width` places in each of `depth` rows; a value's count is at most the least of its places
//!
//!     version 1 │ total, depth, width │ a multiplier a row │ counts row by row        (all big-endian)

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder};
use arrow::datatypes::{DataType as Arrow, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::common::ScalarValue;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::fold::{Fold, FoldAggregate};
use super::java_random::JavaRandom;
use crate::call::{Call, Typed};
use crate::hashes::{Hasher, Murmur3};

const PRIME: i64 = (1 << 31) - 1;
const CELLS_MAX: f64 = (1_u64 << 27) as f64;

/// `count_min_sketch(x, eps, confidence, seed)`
pub fn count_min_sketch(call: Call<'_>) -> Result<Typed> {
    call.arity(&[4])?;
    let kind = call.type_of(0).clone();
    if !kind.is_integral() && !kind.is_string() && !matches!(kind, DataType::Binary | DataType::Null) {
        return Err(call.wants(0, "(\"INTEGRAL\" or \"STRING\" or \"BINARY\")"));
    }
    let argument = if kind == DataType::Null { call.long(0)? } else { call.argument(0)? };
    let number = |index: usize, name: &str| -> Result<f64> {
        let typed = call.double(index)?;
        match crate::constant::fold(&typed.expr) {
            Some(ScalarValue::Float64(Some(number))) => Ok(number),
            _ => Err(call.not_constant(index, name, &DataType::Double)),
        }
    };
    let (eps, confidence) = (number(1, "eps")?, number(2, "confidence")?);
    let beyond = |name: &str, range: &str, value: f64| {
        let mut said = String::new();
        crate::cast::write_double(value, &mut said);
        Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", name)
            .with("valueRange", range)
            .with("currentValue", format!("{said}D"))
    };
    if eps <= 0.0 {
        return Err(beyond("eps", "(0.0, 1.7976931348623157E308]", eps));
    }
    if confidence <= 0.0 || confidence >= 1.0 {
        return Err(beyond("confidence", "(0.0, 1.0)", confidence));
    }
    let seed = call.literal_long(3).ok_or_else(|| call.not_constant(3, "seed", &DataType::Int))? as i32;
    let depth = (-(1.0 - confidence).ln() / 2_f64.ln()).ceil();
    let width = (2.0 / eps).ceil();
    if depth * width > CELLS_MAX {
        return Err(call.unsupported("with more than 134217728 counters"));
    }
    let (depth, width) = (depth as usize, width as usize);
    let mut random = JavaRandom::new(i64::from(seed));
    let multipliers: Arc<[i64]> = (0..depth).map(|_| i64::from(random.next_int(i32::MAX))).collect();
    let identity = format!("{depth} {width} {seed}");
    let function = FoldAggregate::new("count_min_sketch", identity, Arrow::Binary, vec![Arrow::Binary], move || {
        Box::new(CountMin { multipliers: Arc::clone(&multipliers), width, groups: Vec::new() })
    });
    Ok(Typed::new(function.call(vec![argument.expr], call.is_distinct), DataType::Binary, false))
}

struct Counts {
    total: i64,
    cells: Vec<i64>,
}

struct CountMin {
    multipliers: Arc<[i64]>,
    width: usize,
    groups: Vec<Counts>,
}

impl CountMin {
    fn add_long(&mut self, group: usize, item: i64) {
        let counts = &mut self.groups[group];
        counts.total += 1;
        for (row, multiplier) in self.multipliers.iter().enumerate() {
            let hash = multiplier.wrapping_mul(item);
            let hash = hash.wrapping_add(hash >> 32) & PRIME;
            counts.cells[row * self.width + hash as usize % self.width] += 1;
        }
    }

    fn add_bytes(&mut self, group: usize, bytes: &[u8]) {
        let first = Murmur3::bytes(bytes, 0);
        let second = Murmur3::bytes(bytes, first);
        let counts = &mut self.groups[group];
        counts.total += 1;
        for row in 0..self.multipliers.len() {
            let hash = first.wrapping_add((row as i32).wrapping_mul(second)) % self.width as i32;
            counts.cells[row * self.width + hash.unsigned_abs() as usize] += 1;
        }
    }

    fn bytes_of(&self, counts: &Counts) -> Vec<u8> {
        let mut out = Vec::with_capacity(20 + 8 * (self.multipliers.len() + counts.cells.len()));
        out.extend(1_i32.to_be_bytes());
        out.extend(counts.total.to_be_bytes());
        out.extend((self.multipliers.len() as i32).to_be_bytes());
        out.extend((self.width as i32).to_be_bytes());
        out.extend(self.multipliers.iter().flat_map(|one| one.to_be_bytes()));
        out.extend(counts.cells.iter().flat_map(|one| one.to_be_bytes()));
        out
    }
}

impl Fold for CountMin {
    fn grow(&mut self, groups: usize) {
        let cells = self.multipliers.len() * self.width;
        self.groups.resize_with(groups.max(self.groups.len()), || Counts { total: 0, cells: vec![0; cells] });
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let column = &values[0];
        for row in 0..column.len() {
            let Some(group) = group_of(row).filter(|_| column.is_valid(row)) else { continue };
            match column.data_type() {
                Arrow::Int8 => self.add_long(group, i64::from(column.as_primitive::<Int8Type>().value(row))),
                Arrow::Int16 => self.add_long(group, i64::from(column.as_primitive::<Int16Type>().value(row))),
                Arrow::Int32 => self.add_long(group, i64::from(column.as_primitive::<Int32Type>().value(row))),
                Arrow::Int64 => self.add_long(group, column.as_primitive::<Int64Type>().value(row)),
                Arrow::Utf8 => self.add_bytes(group, column.as_string::<i32>().value(row).as_bytes()),
                _ => self.add_bytes(group, column.as_binary::<i32>().value(row)),
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let mut numbers = states.value(row)[20 + 8 * self.multipliers.len()..].chunks_exact(8).map(long);
            let counts = &mut self.groups[*group];
            counts.total += long(&states.value(row)[4..12]);
            counts.cells.iter_mut().for_each(|cell| *cell += numbers.next().unwrap_or(0));
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.finish(count)?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let mut made = BinaryBuilder::new();
        self.groups[..count].iter().for_each(|counts| made.append_value(self.bytes_of(counts)));
        Ok(Arc::new(made.finish()))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.len() * (24 + 8 * self.multipliers.len() * self.width)
    }
}

fn long(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0, |value, byte| value << 8 | i64::from(*byte))
}
