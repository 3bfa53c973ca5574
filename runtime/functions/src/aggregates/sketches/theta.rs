//! Theta sketches: counts of distinct values that can be united, intersected and subtracted. The bytes are those of a
//! compact, compressed sketch.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as Arrow, Float32Type, Float64Type, Int32Type, Int64Type};
use datasketches::hash::value::{canonical_float, raw_bytes};
use datasketches::theta::{
    CompactThetaSketch, ThetaANotB, ThetaIntersection, ThetaSketch, ThetaSketchBuilder, ThetaUnionBuilder,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{Sketch, constant_within, failed, sketched};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, primitives};

struct Counted {
    /// Made when the first value comes.
    sketch: Option<ThetaSketch>,
    merged: Vec<CompactThetaSketch>,
    k: u8,
    function: &'static str,
    /// Whether values are sketches.
    of_sketches: bool,
}

impl Sketch for Counted {
    fn take(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        let column = &values[0];
        if self.of_sketches {
            return self.merge(column.as_binary::<i32>().value(row));
        }
        let sketch = match &mut self.sketch {
            Some(sketch) => sketch,
            None => self.sketch.insert(empty(self.k)?),
        };
        match column.data_type() {
            Arrow::Int32 => sketch.update(i64::from(column.as_primitive::<Int32Type>().value(row))),
            Arrow::Int64 => sketch.update(column.as_primitive::<Int64Type>().value(row)),
            Arrow::Float32 => {
                sketch.update(canonical_float::from_f64(f64::from(column.as_primitive::<Float32Type>().value(row))));
            }
            Arrow::Float64 => sketch.update(canonical_float::from_f64(column.as_primitive::<Float64Type>().value(row))),
            Arrow::Utf8 => update_bytes(sketch, column.as_string::<i32>().value(row).as_bytes()),
            Arrow::List(_) => {
                let items = column.as_list::<i32>().value(row);
                let bytes: Vec<u8> = match items.data_type() {
                    Arrow::Int32 => {
                        items.as_primitive::<Int32Type>().values().iter().flat_map(|item| item.to_le_bytes()).collect()
                    }
                    _ => items.as_primitive::<Int64Type>().values().iter().flat_map(|item| item.to_le_bytes()).collect(),
                };
                update_bytes(sketch, &bytes);
            }
            _ => update_bytes(sketch, column.as_binary::<i32>().value(row)),
        }
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let mut union = ThetaUnionBuilder::default().lg_k(self.k).build().map_err(failed)?;
        for held in &self.merged {
            union.update(held).map_err(failed)?;
        }
        union.update(&read(bytes, self.function)?).map_err(failed)?;
        self.merged = vec![union.to_sketch(true)];
        Ok(())
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let own = match &self.sketch {
            Some(sketch) => sketch.compact(true),
            None => empty(self.k)?.compact(true),
        };
        let Some(merged) = self.merged.first() else { return Ok(own.serialize_compressed()) };
        let mut union = ThetaUnionBuilder::default().lg_k(self.k).build().map_err(failed)?;
        union.update(merged).map_err(failed)?;
        union.update(&own).map_err(failed)?;
        Ok(union.to_sketch(true).serialize_compressed())
    }

    fn size(&self) -> usize {
        self.sketch.as_ref().map_or(0, ThetaSketch::estimated_size)
            + self.merged.iter().map(CompactThetaSketch::estimated_size).sum::<usize>()
    }
}

fn empty(k: u8) -> Result<ThetaSketch> {
    ThetaSketchBuilder::default().lg_k(k).build().map_err(failed)
}

fn update_bytes(sketch: &mut ThetaSketch, bytes: &[u8]) {
    if !bytes.is_empty() {
        sketch.update(raw_bytes::from_slice(bytes));
    }
}

/// What all sketches of a group have in common; of none, nothing.
#[derive(Default)]
struct Common {
    held: Option<CompactThetaSketch>,
}

impl Sketch for Common {
    fn take(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        self.merge(values[0].as_binary::<i32>().value(row))
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let other = read(bytes, "theta_intersection_agg")?;
        self.held = Some(match &self.held {
            None => other,
            Some(held) => common(held, &other)?,
        });
        Ok(())
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.held.as_ref().map_or_else(Vec::new, CompactThetaSketch::serialize_compressed))
    }

    fn size(&self) -> usize {
        self.held.as_ref().map_or(0, CompactThetaSketch::estimated_size)
    }
}

fn common(left: &CompactThetaSketch, right: &CompactThetaSketch) -> Result<CompactThetaSketch> {
    let mut both = ThetaIntersection::with_seed(SEED).map_err(failed)?;
    both.update(left).map_err(failed)?;
    both.update(right).map_err(failed)?;
    both.to_sketch(true).ok_or_else(|| Error::internal("an intersection of two sketches has a result"))
}

/// The seed all sketches of Apache DataSketches have unless told otherwise.
const SEED: u64 = 9001;

fn read(bytes: &[u8], function: &str) -> Result<CompactThetaSketch> {
    CompactThetaSketch::deserialize(bytes)
        .map_err(|_| Error::new("THETA_INVALID_INPUT_SKETCH_BUFFER").with("function", format!("`{function}`")))
}

fn size_argument(call: &Call<'_>, index: usize) -> Result<u8> {
    let k = constant_within(call, index, 12)?;
    u8::try_from(k).ok().filter(|k| (4..=26).contains(k)).ok_or_else(|| {
        Error::new("SKETCH_INVALID_LG_NOM_ENTRIES")
            .with("function", format!("`{}`", call.name))
            .with("min", "4")
            .with("max", "26")
            .with("value", k.to_string())
    })
}

fn counting(call: &Call<'_>, argument: Typed, function: &'static str, of_sketches: bool) -> Result<Typed> {
    let k = size_argument(call, 1)?;
    let make = move || Counted { sketch: None, merged: Vec::new(), k, function, of_sketches };
    Ok(sketched(call, argument, k.to_string(), make))
}

/// `theta_sketch_agg(x [, lgNomEntries])`
pub fn sketch(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let fits = match call.type_of(0) {
        DataType::Array { element, .. } => matches!(**element, DataType::Int | DataType::Long),
        DataType::Int | DataType::Long | DataType::Float | DataType::Double | DataType::Binary | DataType::Null => true,
        other => other.is_string(),
    };
    if !fits && !matches!(call.type_of(0), DataType::Decimal { .. }) {
        let wanted = ["ARRAY<INT>", "ARRAY<BIGINT>", "BINARY", "DOUBLE", "FLOAT", "INT", "BIGINT", "STRING"];
        let wanted: Vec<String> = wanted.iter().map(|one| format!("\"{one}\"")).collect();
        return Err(call.wants(0, &format!("({})", wanted.join(" or "))));
    }
    let argument = if fits { call.argument(0)? } else { call.double(0)? };
    counting(&call, argument, "theta_sketch_agg", false)
}

/// `theta_union_agg(sketch [, lgNomEntries])`
pub fn union_all(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let argument = call.binary(0)?;
    counting(&call, argument, "theta_union_agg", true)
}

/// `theta_intersection_agg(sketch)`
pub fn intersect_all(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.binary(0)?;
    Ok(sketched(&call, argument, String::new(), Common::default))
}

/// `theta_sketch_estimate(sketch)`
pub fn estimate(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.binary(0)?;
    let nullable = argument.nullable;
    let kernel = Kernel::new("theta_sketch_estimate", &DataType::Long, nullable, |columns| {
        let sketches = columns.bytes(0)?;
        primitives::<Int64Type>(columns.rows, |row| {
            let sketch = sketches.at(row).map(|bytes| read(bytes, "theta_sketch_estimate")).transpose()?;
            Ok(sketch.map(|sketch| sketch.estimate().round() as i64))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![argument.expr]), DataType::Long, nullable))
}

/// What is made of two sketches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Combine {
    Union,
    Intersection,
    Difference,
}

/// `theta_union(a, b [, lgNomEntries])`, `theta_intersection(a, b)`, `theta_difference(a, b)`
pub fn combined(call: Call<'_>, way: Combine) -> Result<Typed> {
    call.arity(if way == Combine::Union { &[2, 3] } else { &[2] })?;
    let (left, right) = (call.binary(0)?, call.binary(1)?);
    let k = if way == Combine::Union { size_argument(&call, 2)? } else { 12 };
    let nullable = left.nullable || right.nullable;
    let name = call.name.to_owned();
    let kernel = Kernel::new(call.name, &DataType::Binary, nullable, move |columns| {
        let (lefts, rights) = (columns.bytes(0)?, columns.bytes(1)?);
        binaries(columns.rows, |row| {
            let Some((left, right)) = lefts.at(row).zip(rights.at(row)) else { return Ok(None) };
            let (left, right) = (read(left, &name)?, read(right, &name)?);
            let made = match way {
                Combine::Union => {
                    let mut union = ThetaUnionBuilder::default().lg_k(k).build().map_err(failed)?;
                    union.update(&left).map_err(failed)?;
                    union.update(&right).map_err(failed)?;
                    union.to_sketch(true)
                }
                Combine::Intersection => common(&left, &right)?,
                Combine::Difference => {
                    ThetaANotB::with_seed(SEED).and_then(|rest| rest.compute(&left, &right, true)).map_err(failed)?
                }
            };
            Ok(Some(made.serialize_compressed()))
        })
    });
    let kernel = kernel.identity(k).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![left.expr, right.expr]), DataType::Binary, nullable))
}
