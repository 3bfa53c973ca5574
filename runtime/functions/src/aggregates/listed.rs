//! Aggregates that need all values of a group at once: percentiles, median, mode, joined strings.
//!
//!     x ──► array_agg(x) without nulls ──► a scalar function over the list
//!
//! Exact, at the price of holding the group. `percentile_approx` answers the exact rank, which is within any accuracy.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Float64Builder, ListArray, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType as Arrow, Field, Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::basic::{is_orderable, list_of_group, not_orderable};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::collation::key_column;
use crate::errors::from_datafusion;
use crate::kernel::{Kernel, from_arrow, strings};
use crate::types::to_arrow;

/// `median(x)`
pub fn median(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    continuous(&call, Fractions { values: vec![0.5], is_array: false, descending: false })
}

/// `percentile(x, fraction or array of them)`: linear between ranks.
pub fn percentile(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    if call.len() == 3 && call.literal_long(2) != Some(1) {
        return with_frequencies(&call);
    }
    let fractions = fractions(&call, 1)?;
    continuous(&call, fractions)
}

/// `percentile_cont(fraction) WITHIN GROUP (ORDER BY x)` reaches us as `percentile_cont(x, fraction, descending)`.
pub fn percentile_cont(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let mut fractions = fractions(&call, 1)?;
    if call.literal_boolean(2) == Some(true) {
        fractions.values.iter_mut().for_each(|fraction| *fraction = 1.0 - *fraction);
    }
    continuous(&call, fractions)
}

/// `percentile_disc(fraction) WITHIN GROUP (ORDER BY x)` reaches us as `percentile_disc(x, fraction, descending)`.
pub fn percentile_disc(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let fractions = Fractions { descending: call.literal_boolean(2) == Some(true), ..fractions(&call, 1)? };
    let argument = convert(call.numeric(0)?, &DataType::Double, &call.context)?;
    discrete(&call, argument, fractions)
}

/// `percentile_approx(x, fraction or array of them [, accuracy])`: an actual value, of x's type.
pub fn percentile_approx(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let argument = match call.type_of(0) {
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz => call.argument(0)?,
        kind if kind.is_interval() => call.argument(0)?,
        _ => call.numeric(0)?,
    };
    let fractions = fractions(&call, 1)?;
    discrete(&call, argument, fractions)
}

struct Fractions {
    values: Vec<f64>,
    is_array: bool,
    /// Ranks count from the greatest.
    descending: bool,
}

fn fractions(call: &Call<'_>, index: usize) -> Result<Fractions> {
    let wanted = DataType::Double;
    let not_constant = || call.not_constant(index, "percentage", &wanted);
    let value = match call.literal(index) {
        Some(value) => value,
        None => folded_array(call, index).ok_or_else(not_constant)?,
    };
    let (values, is_array) = match &value {
        ScalarValue::List(list) => (doubles_of(&list.value(0))?, true),
        scalar => (doubles_of(&scalar.to_array().map_err(crate::errors::from_datafusion)?)?, false),
    };
    match values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        None => Ok(Fractions { values, is_array, descending: false }),
        Some(bad) => Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "percentage")
            .with("valueRange", "[0.0, 1.0]")
            .with("currentValue", format!("{bad:?}D"))),
    }
}

/// `array(0.1, 0.2)` whose elements are literals.
fn folded_array(call: &Call<'_>, index: usize) -> Option<ScalarValue> {
    let argument = call.arguments.get(index)?;
    crate::constant::fold(&argument.expr)
}

fn doubles_of(array: &ArrayRef) -> Result<Vec<f64>> {
    let doubles = arrow::compute::cast(array, &Arrow::Float64).map_err(from_arrow)?;
    Ok(doubles.as_primitive::<Float64Type>().iter().flatten().collect())
}

fn continuous(call: &Call<'_>, fractions: Fractions) -> Result<Typed> {
    let argument = call.numeric(0)?;
    let argument = convert(argument, &DataType::Double, &call.context)?;
    let list = list_of_group(&argument, call.is_distinct);
    let kind = if fractions.is_array { DataType::array(DataType::Double, false) } else { DataType::Double };
    let identity = format!("{:?}", fractions.values);
    let kernel = Kernel::new(call.name, &kind, true, move |columns| {
        let lists = columns.list(0)?;
        per_group(&lists, &fractions, |sorted, fraction, out: &mut Float64Builder| out.append_value(between(sorted, fraction)))
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![list]), kind, true))
}

/// `percentile(x, fraction, frequency)`: a value counts as often as is said beside it.
fn with_frequencies(call: &Call<'_>) -> Result<Typed> {
    let fractions = fractions(call, 1)?;
    let value = convert(call.numeric(0)?, &DataType::Double, &call.context)?;
    let frequency = match call.type_of(2) {
        kind if kind.is_integral() => convert(call.argument(2)?, &DataType::Long, &call.context)?,
        _ => return Err(call.mismatch(2, "INTEGRAL")),
    };
    let fields = vec![StructField::new("value", DataType::Double, true), StructField::new("count", DataType::Long, true)];
    let pair = DataType::Struct(StructType::new(fields));
    let arrow = to_arrow(&pair);
    let pair = crate::kernel::kernel("value_and_count", vec![value, frequency], pair, true, move |columns| {
        let Arrow::Struct(fields) = arrow.clone() else { return Err(Error::internal("a pair is a struct")) };
        let (values, counts) = (columns.array(0)?, columns.array(1)?);
        let valid = NullBuffer::union(values.nulls(), counts.nulls());
        Ok(Arc::new(StructArray::try_new(fields, vec![values, counts], valid).map_err(from_arrow)?))
    });
    let list = list_of_group(&pair, call.is_distinct);
    let kind = if fractions.is_array { DataType::array(DataType::Double, false) } else { DataType::Double };
    let identity = format!("{:?}", fractions.values);
    let kernel = Kernel::new("percentile_of_counted", &kind, true, move |columns| {
        let lists = columns.list(0)?;
        let mut answers: Vec<Option<Vec<f64>>> = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            if lists.is_null(row) {
                answers.push(None);
                continue;
            }
            let pairs = lists.value(row);
            let pairs = pairs.as_struct();
            let (values, counts) = (pairs.column(0).as_primitive::<Float64Type>(), pairs.column(1).as_primitive::<Int64Type>());
            let mut counted: Vec<(f64, i64)> = Vec::with_capacity(pairs.len());
            for at in (0..pairs.len()).filter(|at| pairs.is_valid(*at)) {
                match counts.value(at) {
                    count if count < 0 => {
                        return Err(Error::new("NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION")
                            .with("frequencyExpression", "\"frequency\"")
                            .with("negativeValue", format!("{count}L")));
                    }
                    0 => {}
                    count => counted.push((values.value(at), count)),
                }
            }
            counted.sort_by(|one, other| one.0.total_cmp(&other.0));
            let answer = |fraction: &f64| between_counted(&counted, *fraction);
            answers.push((!counted.is_empty()).then(|| fractions.values.iter().map(answer).collect()));
        }
        answers_of(answers, fractions.is_array)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(vec![list]), kind, true))
}

fn between_counted(counted: &[(f64, i64)], fraction: f64) -> f64 {
    let total: i64 = counted.iter().map(|(_, count)| count).sum();
    let position = (total - 1) as f64 * fraction;
    let (lower, higher) = (position.floor(), position.ceil());
    let at = |rank: f64| {
        let mut passed = 0;
        let found = counted.iter().find(|(_, count)| {
            passed += count;
            passed as f64 > rank
        });
        found.map_or(f64::NAN, |(value, _)| *value)
    };
    let (low, high) = (at(lower), at(higher));
    if lower == higher || low == high { low } else { (higher - position) * low + (position - lower) * high }
}

/// One answer a row, or an array of them.
fn answers_of(answers: Vec<Option<Vec<f64>>>, is_array: bool) -> Result<ArrayRef> {
    if !is_array {
        let single = answers.iter().map(|answer| answer.as_ref().and_then(|answer| answer.first().copied()));
        return Ok(Arc::new(single.collect::<Float64Array>()));
    }
    let Arrow::List(field) = to_arrow(&DataType::array(DataType::Double, false)) else {
        return Err(Error::internal("a list was expected"));
    };
    let offsets = OffsetBuffer::from_lengths(answers.iter().map(|answer| answer.as_ref().map_or(0, Vec::len)));
    let valid = NullBuffer::from(answers.iter().map(Option::is_some).collect::<Vec<_>>());
    let values = Float64Array::from_iter_values(answers.into_iter().flatten().flatten());
    Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(values), Some(valid)).map_err(from_arrow)?))
}

fn per_group(
    lists: &ListArray,
    fractions: &Fractions,
    mut answer: impl FnMut(&[f64], f64, &mut Float64Builder),
) -> Result<ArrayRef> {
    let (mut out, mut ends, mut valid) = (Float64Builder::new(), vec![0_usize], Vec::new());
    for row in 0..lists.len() {
        let there = lists.is_valid(row) && !lists.value(row).is_empty();
        valid.push(there);
        if there {
            let mut sorted = doubles_of(&lists.value(row))?;
            sorted.sort_by(f64::total_cmp);
            fractions.values.iter().for_each(|fraction| answer(&sorted, *fraction, &mut out));
        } else if !fractions.is_array {
            out.append_null();
        }
        ends.push(ends.last().copied().unwrap_or(0) + if there { fractions.values.len() } else { 0 });
    }
    let values: Float64Array = out.finish();
    if !fractions.is_array {
        return Ok(Arc::new(values));
    }
    let lengths = ends.windows(2).map(|pair| pair[1] - pair[0]);
    let field = Arc::new(Field::new("element", Arrow::Float64, false));
    Ok(Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), Arc::new(values), Some(NullBuffer::from(valid)))))
}

/// The value at `fraction` of the way through sorted values, linear between neighbours.
fn between(sorted: &[f64], fraction: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * fraction;
    let (lower, higher) = (position.floor(), position.ceil());
    let (low, high) = (sorted[lower as usize], sorted[higher as usize]);
    if lower == higher || low == high { low } else { (higher - position) * low + (position - lower) * high }
}

fn discrete(call: &Call<'_>, argument: Typed, fractions: Fractions) -> Result<Typed> {
    let element = argument.data_type.clone();
    let list = list_of_group(&argument, call.is_distinct);
    let kind = if fractions.is_array { DataType::array(element.clone(), false) } else { element.clone() };
    let identity = format!("{:?} {}", fractions.values, fractions.descending);
    let arrow = to_arrow(&element);
    let kernel = Kernel::new(call.name, &kind, true, move |columns| {
        let lists = columns.list(0)?;
        pick(&lists, &fractions, &arrow)
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![list]), kind, true))
}

/// The smallest value such that at least `fraction` of the group is not above it.
fn pick(lists: &ListArray, fractions: &Fractions, element: &Arrow) -> Result<ArrayRef> {
    let (mut chosen, mut lengths, mut valid) = (Vec::<Option<u32>>::new(), Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let values = lists.is_valid(row).then(|| lists.value(row)).filter(|values| !values.is_empty());
        valid.push(values.is_some());
        lengths.push(if values.is_some() { fractions.values.len() } else { 0 });
        let start = lists.value_offsets()[row] as u32;
        match values {
            Some(values) => {
                let order = arrow::compute::sort_to_indices(&values, None, None).map_err(from_arrow)?;
                for fraction in &fractions.values {
                    let rank = ((fraction * values.len() as f64).ceil() as usize).clamp(1, values.len());
                    let place = if fractions.descending { values.len() - rank } else { rank - 1 };
                    chosen.push(Some(start + order.value(place)));
                }
            }
            None if !fractions.is_array => chosen.push(None),
            None => {}
        }
    }
    let values = take(lists.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)?;
    let values =
        if values.data_type() == element { values } else { arrow::compute::cast(&values, element).map_err(from_arrow)? };
    if !fractions.is_array {
        return Ok(values);
    }
    let field = Arc::new(Field::new("element", element.clone(), false));
    Ok(Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), values, Some(NullBuffer::from(valid)))))
}

/// `mode(x [, descending])`: the most frequent value, the smallest of several, or the greatest.
/// `mode() WITHIN GROUP (ORDER BY x)` reaches us in the second form.
pub fn mode(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let argument = call.argument(0)?;
    if !is_orderable(&argument.data_type) {
        return Err(not_orderable(&call, &argument.data_type));
    }
    let list = list_of_group(&argument, call.is_distinct);
    let kind = argument.data_type;
    let greatest = call.literal_boolean(1) == Some(true);
    let of = kind.clone();
    let kernel = Kernel::new("mode", &kind, true, move |columns| most_frequent(&columns.list(0)?, &of, greatest));
    Ok(Typed::new(kernel.identity(greatest).call(vec![list]), kind, true))
}

fn most_frequent(lists: &ListArray, of: &DataType, greatest: bool) -> Result<ArrayRef> {
    let keys = key_column(lists.values(), of).map_err(from_datafusion)?;
    let converter = RowConverter::new(vec![SortField::new(keys.data_type().clone())]).map_err(from_arrow)?;
    let rows = converter.convert_columns(&[keys]).map_err(from_arrow)?;
    let mut chosen = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
        let mut counts: HashMap<_, (usize, usize)> = HashMap::new();
        for index in range {
            counts.entry(rows.row(index)).or_insert((0, index)).0 += 1;
        }
        let best = counts.into_iter().max_by(|(a, (many, _)), (b, (more, _))| match many.cmp(more) {
            Ordering::Equal if greatest => a.cmp(b),
            Ordering::Equal => b.cmp(a),
            other => other,
        });
        chosen.push(best.filter(|_| lists.is_valid(row)).map(|(_, (_, index))| index as u32));
    }
    take(lists.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)
}

/// `listagg(x [, delimiter])`, `string_agg(x [, delimiter])`
pub fn listagg(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let argument = call.text(0)?;
    let delimiter = match call.len() {
        1 => String::new(),
        _ => call.literal_text(1).ok_or_else(|| call.not_constant(1, "delimiter", &DataType::String))?,
    };
    let list = list_of_group(&argument, call.is_distinct);
    let identity = delimiter.clone();
    let kernel = Kernel::new("listagg", &DataType::String, true, move |columns| joined(&columns.list(0)?, &delimiter));
    Ok(Typed::new(kernel.identity(identity).call(vec![list]), DataType::String, true))
}

fn joined(lists: &ListArray, delimiter: &str) -> Result<ArrayRef> {
    strings(lists.len(), |row| {
        if lists.is_null(row) {
            return Ok(None);
        }
        let values = lists.value(row);
        let parts: Vec<&str> = values.as_string::<i32>().iter().flatten().collect();
        Ok(Some(parts.join(delimiter)))
    })
}
