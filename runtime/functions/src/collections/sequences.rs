//! `sequence(start, stop [, step])` of whole numbers, dates and timestamps.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast as arrow_cast;
use arrow::datatypes::{DataType as Arrow, DurationMicrosecondType, Int64Type, IntervalMonthDayNanoType, IntervalYearMonthType};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::calendar::{self, MICROS_PER_DAY};
use crate::call::{Call, Typed};
use crate::coerce::common_type;
use crate::kernel::{Kernel, from_arrow};
use crate::types::to_arrow;
use crate::zones::Zone;

/// The longest array.
const MOST: usize = 2_147_483_632;

/// `sequence(start, stop [, step])`
pub fn sequence(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let is_whole = |kind: &DataType| kind.is_integral() || kind == &DataType::Null;
    let whole = is_whole(call.type_of(0)) && is_whole(call.type_of(1));
    if whole { of_numbers(call) } else { of_times(call) }
}

fn of_numbers(call: Call<'_>) -> Result<Typed> {
    let kinds: Vec<DataType> = call.arguments.iter().map(|argument| argument.data_type.clone()).collect();
    let element = common_type(&kinds, call.context.ansi).filter(DataType::is_integral).ok_or_else(|| wrong_types(&call))?;
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        let narrow = convert(argument.clone(), &element, &call.context)?;
        arguments.push(convert(narrow, &DataType::Long, &call.context)?.expr);
    }
    let (kind, nullable) = (DataType::array(element.clone(), false), call.any_nullable());
    let arrow = to_arrow(&element);
    let kernel = Kernel::new("sequence", &kind, nullable, move |columns| {
        let numbers = (0..columns.len()).map(|index| columns.numbers::<Int64Type>(index)).collect::<Result<Vec<_>>>()?;
        lists(columns.rows, &arrow, |row, out| {
            let values: Option<Vec<i64>> = numbers.iter().map(|column| column.at(row)).collect();
            let Some(values) = values else { return Ok(false) };
            let (start, stop) = (values[0], values[1]);
            let step = values.get(2).copied().unwrap_or(if start <= stop { 1 } else { -1 });
            check(start, stop, step)?;
            count_up(start, stop, step, out)
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

fn count_up(start: i64, stop: i64, step: i64, out: &mut Vec<i64>) -> Result<bool> {
    if step == 0 {
        out.push(start);
        return Ok(true);
    }
    let count = (i128::from(stop) - i128::from(start)) / i128::from(step) + 1;
    if count > MOST as i128 {
        return Err(Error::new("COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER")
            .with("numberOfElements", count.to_string())
            .with("maxRoundedArrayLength", MOST.to_string())
            .with("functionName", "`sequence`")
            .with("parameter", "`count`"));
    }
    out.extend((0..count).map(|place| (i128::from(start) + place * i128::from(step)) as i64));
    Ok(true)
}

fn check(start: i64, stop: i64, step: i64) -> Result<()> {
    let fits = step > 0 && start <= stop || step < 0 && start >= stop || step == 0 && start == stop;
    if fits {
        return Ok(());
    }
    Err(Error::illegal_argument(format!("Illegal sequence boundaries: {start} to {stop} by {step}")))
}

fn lists(rows: usize, element: &Arrow, mut fill: impl FnMut(usize, &mut Vec<i64>) -> Result<bool>) -> Result<ArrayRef> {
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::with_capacity(rows), Vec::with_capacity(rows));
    for row in 0..rows {
        let before = values.len();
        valid.push(fill(row, &mut values)?);
        lengths.push(values.len() - before);
    }
    let values: ArrayRef = Arc::new(Int64Array::from(values));
    let values = match element {
        Arrow::Date32 => arrow_cast(&arrow_cast(&values, &Arrow::Int32).map_err(from_arrow)?, element),
        other => arrow_cast(&values, other),
    };
    let field = super::picking::list_field(element);
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values.map_err(from_arrow)?, nulls);
    Ok(Arc::new(list.map_err(from_arrow)?))
}

fn wrong_types(call: &Call<'_>) -> Error {
    Error::new("DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES")
        .with("sqlExpr", call.sql())
        .with("functionName", "`sequence`")
        .with("startType", "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\")")
        .with("stepType", "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")")
        .with("otherStartType", "\"INTEGRAL\"")
}

/// One step through time.
struct Step {
    months: i64,
    days: i64,
    micros: i64,
}

fn of_times(call: Call<'_>) -> Result<Typed> {
    let kinds = [call.type_of(0).clone(), call.type_of(1).clone()];
    let element = common_type(&kinds, call.context.ansi).filter(DataType::is_datetime).ok_or_else(|| wrong_types(&call))?;
    let is_date = element == DataType::Date;
    let step = match call.len() {
        3 if call.type_of(2).is_interval() => call.argument(2)?,
        3 => return Err(wrong_types(&call)),
        _ => {
            let day = datafusion::common::ScalarValue::DurationMicrosecond(Some(MICROS_PER_DAY));
            Typed::new(lit(day), DataType::day_time(), false)
        }
    };
    let has_step = call.len() == 3;
    let mut arguments = vec![];
    for index in 0..2 {
        let bound = convert(call.argument(index)?, &element, &call.context)?;
        arguments.push(if is_date { convert(bound, &DataType::TimestampNtz, &call.context)?.expr } else { bound.expr });
    }
    arguments.push(step.expr);
    let zone = if element == DataType::Timestamp { Zone::parse(call.context.time_zone)? } else { Zone::Fixed(0) };
    let (kind, nullable) = (DataType::array(element.clone(), false), call.any_nullable());
    let arrow = to_arrow(&element);
    let kernel = Kernel::new("sequence", &kind, nullable, move |columns| {
        let bound = |index| columns.numbers::<arrow::datatypes::TimestampMicrosecondType>(index);
        let (starts, stops, steps) = (bound(0)?, bound(1)?, columns.array(2)?);
        lists(columns.rows, &arrow, |row, out| {
            let (Some((start, stop)), Some(step)) = (starts.at(row).zip(stops.at(row)), step_of(&steps, row)) else {
                return Ok(false);
            };
            let back = !has_step && start > stop;
            let step = if back { Step { months: -step.months, days: -step.days, micros: -step.micros } } else { step };
            walk(start, stop, &step, &zone, is_date, out)
        })
    });
    let kernel = kernel.identity(format!("{} {}", call.context.time_zone, element.simple_string())).fallible_if(true);
    Ok(Typed::new(kernel.call(arguments), kind, nullable))
}

fn step_of(steps: &ArrayRef, row: usize) -> Option<Step> {
    if steps.is_null(row) {
        return None;
    }
    if let Some(spans) = steps.as_primitive_opt::<DurationMicrosecondType>() {
        let micros = spans.value(row);
        return Some(Step { months: 0, days: micros / MICROS_PER_DAY, micros: micros % MICROS_PER_DAY });
    }
    if let Some(spans) = steps.as_primitive_opt::<IntervalYearMonthType>() {
        return Some(Step { months: i64::from(spans.value(row)), days: 0, micros: 0 });
    }
    let span = steps.as_primitive_opt::<IntervalMonthDayNanoType>()?.value(row);
    Some(Step { months: i64::from(span.months), days: i64::from(span.days), micros: span.nanoseconds / 1000 })
}

fn walk(start: i64, stop: i64, step: &Step, zone: &Zone, is_date: bool, out: &mut Vec<i64>) -> Result<bool> {
    let rough = step.months * 28 * MICROS_PER_DAY + step.days * MICROS_PER_DAY + step.micros;
    check(start, stop, rough)?;
    let local = zone.local(start);
    let (day, time) = (local.div_euclid(MICROS_PER_DAY), local.rem_euclid(MICROS_PER_DAY));
    for place in 0..MOST as i64 {
        let days = calendar::add_months(day, step.months * place) + step.days * place;
        let at = zone.instant(days * MICROS_PER_DAY + time) + step.micros * place;
        if rough >= 0 && at > stop || rough <= 0 && at < stop {
            break;
        }
        out.push(if is_date { at.div_euclid(MICROS_PER_DAY) } else { at });
        if rough == 0 {
            break;
        }
    }
    Ok(true)
}
