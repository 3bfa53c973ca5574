//! `rand`, `randn`, `uuid`, `randstr`, `uniform`, and the ids of rows and partitions: calls that become columns made partition
//! by partition (`partitioned`).

use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::common_type;
use crate::kernel::{Columns, Kernel, primitives};
use crate::partitioned::PartitionValue;

/// How many calls drew a seed of their own: two calls in one query must differ.
static CALLS: AtomicU64 = AtomicU64::new(1);

fn own_seed(call: &Call<'_>) -> i64 {
    let count = CALLS.fetch_add(1, Ordering::Relaxed);
    call.context.now_micros.wrapping_add((count as i64).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))
}

fn seed_of(call: &Call<'_>, index: usize) -> Result<i64> {
    Ok(match call.arguments.get(index) {
        None => own_seed(call),
        Some(seed) if seed.data_type == DataType::Null => 0,
        Some(seed) if !seed.data_type.is_integral() => return Err(call.mismatch(index, "BIGINT")),
        Some(_) => call.literal_long(index).ok_or_else(|| call.not_constant(index, "seed", &DataType::Long))?,
    })
}

/// `rand([seed])`, `randn([seed])`
pub fn random(call: Call<'_>, value: fn(i64) -> PartitionValue) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = seed_of(&call, 0)?;
    Ok(Typed::new(value(seed).call(call.name), DataType::Double, false))
}

/// `uuid([seed])`
pub fn uuid(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = call.literal_long(0).unwrap_or_else(|| own_seed(&call));
    Ok(Typed::new(PartitionValue::Uuid(seed).call("uuid"), DataType::String, false))
}

/// `spark_partition_id()`, `monotonically_increasing_id()`
pub fn place(call: Call<'_>, value: PartitionValue, data_type: DataType) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(value.call(call.name), data_type, false))
}

/// `randstr(length [, seed])`: letters and digits.
pub fn randstr(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let length = call.literal_long(0).ok_or_else(|| call.not_constant(0, "length", &DataType::Int))?;
    let length = u32::try_from(length).map_err(|_| {
        Error::new("INVALID_PARAMETER_VALUE.LENGTH")
            .with("parameter", "`length`")
            .with("functionName", "`randstr`")
            .with("length", length.to_string())
    })?;
    let seed = seed_of(&call, 1)?;
    Ok(Typed::new(PartitionValue::Letters { seed, length }.call(call.name), DataType::String, false))
}

/// `uniform(least, most [, seed])`: of the numbers' common type.
pub fn between(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    for index in 0..2 {
        if !call.type_of(index).is_numeric() {
            return Err(call.mismatch(index, "NUMERIC"));
        }
    }
    let kind = common_type([call.type_of(0), call.type_of(1)], call.context.ansi).unwrap_or(DataType::Double);
    let bound = |index: usize| -> Result<f64> {
        let number = convert(call.argument(index)?, &DataType::Double, &call.context)?;
        match crate::arguments::literal_of(&number.expr) {
            Some(datafusion::common::ScalarValue::Float64(Some(number))) => Ok(number),
            _ => Err(call.not_constant(index, if index == 0 { "min" } else { "max" }, &kind)),
        }
    };
    let (least, most) = (bound(0)?, bound(1)?);
    let seed = seed_of(&call, 2)?;
    let returns = kind.clone();
    let kernel = Kernel::new("uniform", &kind, false, move |columns| {
        let drawn = columns.array(0)?;
        let mut drawn = drawn.as_primitive::<Float64Type>().values().iter();
        numbers_between(columns, &returns, || least + (most - least) * drawn.next().copied().unwrap_or_default())
    });
    let drawn = PartitionValue::Uniform(seed).call(call.name);
    Ok(Typed::new(kernel.identity(format!("{least} {most}")).call(vec![drawn]), kind, false))
}

fn numbers_between(columns: &Columns, kind: &DataType, mut next: impl FnMut() -> f64) -> Result<arrow::array::ArrayRef> {
    let rows = columns.rows;
    let whole = match kind {
        DataType::Float => return primitives::<Float32Type>(rows, |_| Ok(Some(next() as f32))),
        DataType::Double => return primitives::<Float64Type>(rows, |_| Ok(Some(next()))),
        DataType::Decimal { precision, scale } => {
            let unit = 10_f64.powi(i32::from(*scale));
            let drawn = primitives::<Decimal128Type>(rows, |_| Ok(Some((next() * unit).round() as i128)))?;
            let drawn = drawn.as_primitive::<Decimal128Type>().clone().with_precision_and_scale(*precision, *scale);
            return Ok(std::sync::Arc::new(drawn.map_err(crate::kernel::from_arrow)?));
        }
        DataType::Long => return primitives::<Int64Type>(rows, |_| Ok(Some(next() as i64))),
        _ => primitives::<Int32Type>(rows, |_| Ok(Some(next() as i32)))?,
    };
    arrow::compute::cast(&whole, &crate::types::to_arrow(kind)).map_err(crate::kernel::from_arrow)
}
