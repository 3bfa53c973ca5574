//! KLL sketches: quantiles and ranks of bigints, floats and doubles.
//!
//! Not here: their description as text (`kll_sketch_to_string_*`).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, Float32Type, Float64Type, Int64Type};
use datasketches::common::SearchCriteria;
use datasketches::kll::{KllFloat, KllSketch, KllValue};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{Sketch, failed, sketched};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, from_arrow, primitives};
use crate::types::to_arrow;

/// A type of numbers that are sketched.
pub trait Number: Copy + Send + Sync + 'static {
    type Column: ArrowPrimitiveType<Native = Self>;
    type Item: KllValue + Ord + Send + Sync + 'static;
    const TYPE: DataType;
    /// None for what is no number.
    fn item(self) -> Option<Self::Item>;
    fn of(item: &Self::Item) -> Self;
}

impl Number for i64 {
    type Column = Int64Type;
    type Item = i64;
    const TYPE: DataType = DataType::Long;

    fn item(self) -> Option<i64> {
        Some(self)
    }

    fn of(item: &i64) -> Self {
        *item
    }
}

impl Number for f64 {
    type Column = Float64Type;
    type Item = KllFloat<f64>;
    const TYPE: DataType = DataType::Double;

    fn item(self) -> Option<Self::Item> {
        KllFloat::<f64>::new(self).ok()
    }

    fn of(item: &Self::Item) -> Self {
        item.into_inner()
    }
}

impl Number for f32 {
    type Column = Float32Type;
    type Item = KllFloat<f32>;
    const TYPE: DataType = DataType::Float;

    fn item(self) -> Option<Self::Item> {
        KllFloat::<f32>::new(self).ok()
    }

    fn of(item: &Self::Item) -> Self {
        item.into_inner()
    }
}

struct Ranked<N: Number> {
    sketch: KllSketch<N::Item>,
    function: String,
}

impl<N: Number> Sketch for Ranked<N> {
    fn take(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        if values[0].data_type() == &Arrow::Binary {
            return self.merge(values[0].as_binary::<i32>().value(row));
        }
        if let Some(item) = values[0].as_primitive::<N::Column>().value(row).item() {
            self.sketch.update(item);
        }
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        self.sketch.merge(&read::<N>(bytes, &self.function)?).map_err(failed)
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.sketch.serialize())
    }

    fn size(&self) -> usize {
        self.sketch.num_retained() * size_of::<N::Item>() + 64
    }
}

fn read<N: Number>(bytes: &[u8], function: &str) -> Result<KllSketch<N::Item>> {
    KllSketch::deserialize(bytes)
        .map_err(|_| Error::new("KLL_INVALID_INPUT_SKETCH_BUFFER").with("function", format!("`{function}`")))
}

fn size_argument(call: &Call<'_>) -> Result<u16> {
    if call.len() < 2 {
        return Ok(200);
    }
    let Some(k) = call.literal_long(1) else {
        return Err(Error::new("KLL_SKETCH_K_MUST_BE_CONSTANT").with("functionName", format!("`{}`", call.name)));
    };
    u16::try_from(k).ok().filter(|k| *k >= 8).ok_or_else(|| {
        Error::new("KLL_SKETCH_K_OUT_OF_RANGE").with("functionName", format!("`{}`", call.name)).with("k", k.to_string())
    })
}

fn ranked<N: Number>(call: &Call<'_>, argument: Typed) -> Result<Typed> {
    let (k, function) = (size_argument(call)?, call.name.to_owned());
    let empty = KllSketch::<N::Item>::new(k).map_err(failed)?;
    let make = move || Ranked::<N> { sketch: empty.clone(), function: function.clone() };
    Ok(sketched(call, argument, k.to_string(), make))
}

/// `kll_sketch_agg_*(x [, k])`
pub fn sketch<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let argument = call.as_type(0, &N::TYPE)?;
    ranked::<N>(&call, argument)
}

/// `kll_merge_agg_*(sketch [, k])`
pub fn merge_all<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let argument = call.binary(0)?;
    ranked::<N>(&call, argument)
}

/// `kll_sketch_get_n_*(sketch)`
pub fn count<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.binary(0)?;
    let (nullable, name) = (argument.nullable, call.name.to_owned());
    let kernel = Kernel::new(call.name, &DataType::Long, nullable, move |columns| {
        let sketches = columns.bytes(0)?;
        primitives::<Int64Type>(columns.rows, |row| {
            let sketch = sketches.at(row).map(|bytes| read::<N>(bytes, &name)).transpose()?;
            Ok(sketch.map(|sketch| sketch.n() as i64))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![argument.expr]), DataType::Long, nullable))
}

/// `kll_sketch_merge_*(a, b)`
pub fn merge<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (left, right) = (call.binary(0)?, call.binary(1)?);
    let (nullable, name) = (left.nullable || right.nullable, call.name.to_owned());
    let kernel = Kernel::new(call.name, &DataType::Binary, nullable, move |columns| {
        let (lefts, rights) = (columns.bytes(0)?, columns.bytes(1)?);
        binaries(columns.rows, |row| {
            let Some((left, right)) = lefts.at(row).zip(rights.at(row)) else { return Ok(None) };
            let mut made = read::<N>(left, &name)?;
            made.merge(&read::<N>(right, &name)?).map_err(failed)?;
            Ok(Some(made.serialize()))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![left.expr, right.expr]), DataType::Binary, nullable))
}

/// Applies `answer` to a sketch and each number beside it, which may be one or an array.
fn asked<N: Number, A: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    call: &Call<'_>,
    asked: &DataType,
    returns: &DataType,
    answer: impl Fn(&KllSketch<N::Item>, A::Native) -> Result<Option<R::Native>> + Send + Sync + 'static,
) -> Result<Typed> {
    let sketch = call.binary(0)?;
    let name = call.name.to_owned();
    let DataType::Array { contains_null, .. } = *call.type_of(1) else {
        let number = call.as_type(1, asked)?;
        let nullable = sketch.nullable || number.nullable;
        let kernel = Kernel::new(call.name, returns, nullable, move |columns| {
            let (sketches, numbers) = (columns.bytes(0)?, columns.numbers::<A>(1)?);
            primitives::<R>(columns.rows, |row| {
                let Some((bytes, number)) = sketches.at(row).zip(numbers.at(row)) else { return Ok(None) };
                answer(&read::<N>(bytes, &name)?, number)
            })
        });
        let expr = kernel.fallible_if(true).call(vec![sketch.expr, number.expr]);
        return Ok(Typed::new(expr, returns.clone(), nullable));
    };
    let numbers = crate::arguments::convert(call.argument(1)?, &DataType::array(asked.clone(), contains_null), &call.context)?;
    let nullable = sketch.nullable || numbers.nullable;
    let kind = DataType::array(returns.clone(), contains_null);
    let arrow = to_arrow(&kind);
    let kernel = Kernel::new(call.name, &kind, nullable, move |columns| {
        let (sketches, lists) = (columns.bytes(0)?, columns.list(1)?);
        let (mut answers, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..columns.rows {
            let there = sketches.at(row).filter(|_| lists.is_valid(row));
            valid.push(there.is_some());
            let Some(bytes) = there else {
                lengths.push(0);
                continue;
            };
            let (sketch, items) = (read::<N>(bytes, &name)?, lists.value(row));
            let items = items.as_primitive::<A>();
            lengths.push(items.len());
            for item in items {
                answers.push(item.map_or(Ok(None), |item| answer(&sketch, item))?);
            }
        }
        let Arrow::List(field) = &arrow else { return Err(Error::internal("a list was expected")) };
        let values = primitives::<R>(answers.len(), |at| Ok(answers[at]))?;
        let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
        let list = ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, nulls);
        Ok(Arc::new(list.map_err(from_arrow)?))
    });
    let expr = kernel.identity("list").fallible_if(true).call(vec![sketch.expr, numbers.expr]);
    Ok(Typed::new(expr, kind, nullable))
}

/// `kll_sketch_get_quantile_*(sketch, rank or ranks)`
pub fn quantile<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let name = call.name.to_owned();
    asked::<N, Float64Type, N::Column>(&call, &DataType::Double, &N::TYPE, move |sketch, rank| {
        let found = sketch
            .quantile(rank, SearchCriteria::Inclusive)
            .map_err(|_| Error::new("KLL_SKETCH_INVALID_QUANTILE_RANGE").with("functionName", format!("`{name}`")))?;
        Ok(found.as_ref().map(N::of))
    })
}

/// `kll_sketch_get_rank_*(sketch, value or values)`
pub fn rank<N: Number>(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    asked::<N, N::Column, Float64Type>(&call, &N::TYPE, &DataType::Double, |sketch, value| {
        Ok(value.item().and_then(|item| sketch.rank(&item, SearchCriteria::Inclusive)))
    })
}
