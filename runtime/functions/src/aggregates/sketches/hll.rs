//! HyperLogLog sketches: `hll_sketch_agg` and what is made of them. The bytes are those of an updatable HLL_8 sketch.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as Arrow, Int32Type, Int64Type};
use datasketches::hash::value::raw_bytes;
use datasketches::hll::{HllSketch, HllType, HllUnion};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{Sketch, constant_within, failed, sketched};
use crate::call::{Call, Typed};
use crate::coerce::Expect;
use crate::kernel::{Kernel, binaries, primitives};

const K_MIN: i64 = 4;
const K_MAX: i64 = 21;

struct Hll {
    sketch: HllSketch,
    union: Option<HllUnion>,
    /// Sketches of different sizes may be put together.
    lenient: bool,
    /// Whether the size is the first merged sketch's.
    open: bool,
    function: &'static str,
}

impl Sketch for Hll {
    fn take(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        let column = &values[0];
        match column.data_type() {
            Arrow::Int32 => self.sketch.update(i64::from(column.as_primitive::<Int32Type>().value(row))),
            Arrow::Int64 => self.sketch.update(column.as_primitive::<Int64Type>().value(row)),
            Arrow::Utf8 => self.update_bytes(column.as_string::<i32>().value(row).as_bytes()),
            _ if self.open => return self.merge(column.as_binary::<i32>().value(row)),
            _ => self.update_bytes(column.as_binary::<i32>().value(row)),
        }
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let other = read(bytes, self.function)?;
        let own = match &self.union {
            Some(union) => union.lg_config_k(),
            None if self.open => other.lg_config_k(),
            None => self.sketch.lg_config_k(),
        };
        if own != other.lg_config_k() && !self.lenient {
            return Err(different(own, other.lg_config_k(), self.function));
        }
        let union = match &mut self.union {
            Some(union) => union,
            None => {
                let mut union = HllUnion::new(own).map_err(failed)?;
                union.update(&self.sketch);
                self.union.insert(union)
            }
        };
        union.update(&other);
        Ok(())
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(match &self.union {
            Some(union) => updatable(union.to_sketch(HllType::Hll8).serialize()),
            None => updatable(self.sketch.serialize()),
        })
    }

    fn size(&self) -> usize {
        self.sketch.estimated_size() + self.union.as_ref().map_or(0, HllUnion::estimated_size)
    }
}

impl Hll {
    fn update_bytes(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.sketch.update(raw_bytes::from_slice(bytes));
        }
    }
}

fn read(bytes: &[u8], function: &str) -> Result<HllSketch> {
    HllSketch::deserialize(bytes)
        .map_err(|_| Error::new("HLL_INVALID_INPUT_SKETCH_BUFFER").with("function", format!("`{function}`")))
}

fn different(left: u8, right: u8, function: &str) -> Error {
    Error::new("HLL_UNION_DIFFERENT_LG_K")
        .with("left", left.to_string())
        .with("right", right.to_string())
        .with("function", format!("`{function}`"))
}

/// A sketch's compact bytes with room for updates, as Spark stores it.
fn updatable(mut bytes: Vec<u8>) -> Vec<u8> {
    const COMPACT: u8 = 8;
    const KEY_BITS: u32 = (1 << 26) - 1;
    let (Some(flags), Some(slots), Some(mode)) = (bytes.get(5).copied(), bytes.get(4).copied(), bytes.get(7).copied()) else {
        return bytes;
    };
    if flags & COMPACT == 0 || slots > 26 {
        return bytes;
    }
    bytes[5] &= !COMPACT;
    let slots = 1_usize << slots;
    match mode & 3 {
        // A list of values' coupons, then zeros.
        0 => bytes.resize(8 + slots * 4, 0),
        // A hash set of them with open addresses.
        1 => {
            let mut table = vec![0_u32; slots];
            for coupon in bytes[12..].chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])) {
                let stride = ((coupon & KEY_BITS) >> slots.trailing_zeros()) as usize | 1;
                let mut at = coupon as usize & (slots - 1);
                while table[at] != 0 {
                    at = (at + stride) & (slots - 1);
                }
                table[at] = coupon;
            }
            bytes.truncate(12);
            bytes.extend(table.iter().flat_map(|coupon| coupon.to_le_bytes()));
        }
        _ => {}
    }
    bytes
}

/// `hll_sketch_agg(x [, lgConfigK])`
pub fn sketch(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let kinds = [DataType::Int, DataType::Long, DataType::String, DataType::Binary].map(Expect::Type).to_vec();
    if !matches!(call.type_of(0), DataType::Null) && !Expect::OneOf(kinds.clone()).accepts(call.type_of(0)) {
        return Err(call.wants(0, &Expect::OneOf(kinds).text()));
    }
    let argument = call.argument(0)?;
    let k = constant_within(&call, 1, 12)?;
    let Some(k) = u8::try_from(k).ok().filter(|_| (K_MIN..=K_MAX).contains(&k)) else {
        return Err(Error::new("HLL_INVALID_LG_K")
            .with("function", "`hll_sketch_agg`")
            .with("min", K_MIN.to_string())
            .with("max", K_MAX.to_string())
            .with("value", k.to_string()));
    };
    let empty = HllSketch::new(k, HllType::Hll8).map_err(failed)?;
    let make = move || Hll { sketch: empty.clone(), union: None, lenient: false, open: false, function: "hll_sketch_agg" };
    Ok(sketched(&call, argument, k.to_string(), make))
}

/// `hll_union_agg(sketch [, allowDifferentLgConfigK])`
pub fn union_all(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let lenient = call.literal_boolean(1).unwrap_or(false);
    let argument = call.binary(0)?;
    let empty = HllSketch::new(12, HllType::Hll8).map_err(failed)?;
    let make = move || Hll { sketch: empty.clone(), union: None, lenient, open: true, function: "hll_union_agg" };
    Ok(sketched(&call, argument, lenient.to_string(), make))
}

/// `hll_sketch_estimate(sketch)`
pub fn estimate(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.binary(0)?;
    let nullable = argument.nullable;
    let kernel = Kernel::new("hll_sketch_estimate", &DataType::Long, nullable, |columns| {
        let sketches = columns.bytes(0)?;
        primitives::<Int64Type>(columns.rows, |row| {
            let sketch = sketches.at(row).map(|bytes| read(bytes, "hll_sketch_estimate")).transpose()?;
            Ok(sketch.map(|sketch| sketch.estimate().round() as i64))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![argument.expr]), DataType::Long, nullable))
}

/// `hll_union(sketch, sketch [, allowDifferentLgConfigK])`
pub fn union(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (left, right) = (call.binary(0)?, call.binary(1)?);
    let lenient = call.literal_boolean(2).unwrap_or(false);
    let nullable = left.nullable || right.nullable;
    let kernel = Kernel::new("hll_union", &DataType::Binary, nullable, move |columns| {
        let (lefts, rights) = (columns.bytes(0)?, columns.bytes(1)?);
        binaries(columns.rows, |row| {
            let Some((left, right)) = lefts.at(row).zip(rights.at(row)) else { return Ok(None) };
            let (left, right) = (read(left, "hll_union")?, read(right, "hll_union")?);
            if left.lg_config_k() != right.lg_config_k() && !lenient {
                return Err(different(left.lg_config_k(), right.lg_config_k(), "hll_union"));
            }
            let mut union = HllUnion::new(left.lg_config_k().min(right.lg_config_k())).map_err(failed)?;
            union.update(&left);
            union.update(&right);
            Ok(Some(updatable(union.to_sketch(HllType::Hll8).serialize())))
        })
    });
    let kernel = kernel.identity(lenient).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![left.expr, right.expr]), DataType::Binary, nullable))
}
