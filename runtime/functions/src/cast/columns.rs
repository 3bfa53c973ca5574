//! A whole column cast to another type: the cast matrix.
//!
//!     column, from, to ──► text? truth? number? time? nested? ──► loop of that pair ──► column
//!
//! Every loop is chosen once; a row that cannot be cast raises, becomes NULL or wraps, as the mode says.
//! Not here: reading texts (`parse`), writing them (`text`). Begin at [`cast_column`].

use std::sync::Arc;

use arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64NanosecondType, TimestampMicrosecondType,
};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, ListArray, MapArray, PrimitiveArray, StructArray,
    new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType as Arrow;
use datafusion::logical_expr::ColumnarValue;
use emberflow_base::{Error, Exception};
use emberflow_plan::DataType;

use super::text::{Style, strings, unit_of, write_decimal, write_double, write_float};
use super::{EvalMode, intervals, parse};
use crate::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND, split_micros};
use crate::errors::to_datafusion;
use crate::kernels::{OnFailure, checked_unary, primitive};
use crate::operators::decimals::{drop_digits, out_of_range, power};
use crate::types::to_arrow;
use crate::udf::KernelResult;
use crate::zones::Zone;

/// What a cast needs to know beside its types.
#[derive(Debug, Clone)]
pub struct Casting {
    pub mode: EvalMode,
    pub zone: Zone,
    pub now_micros: i64,
}

impl Casting {
    fn on_failure(&self) -> OnFailure {
        if self.mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null }
    }

    fn wraps(&self) -> bool {
        self.mode == EvalMode::Legacy
    }
}

/// A column of Spark type `from` as Spark type `to`.
pub fn cast_column(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    use DataType::*;
    let returns = to_arrow(to);
    if *array.data_type() == returns && (from == to || !is_nested(to)) && same_meaning(from, to) {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (Null, _) => Ok(new_null_array(&returns, array.len())),
        (Udt { sql_type, .. }, to) => cast_column(array, sql_type, to, casting),
        (from, Udt { sql_type, .. }) => cast_column(array, from, sql_type, casting),
        (from, to) if from.is_string() && to.is_string() => Ok(Arc::clone(array)),
        (Variant, to) => {
            let variants = crate::variant::Variants::of(array).map_err(to_datafusion)?;
            let found: Vec<_> = (0..variants.len()).map(|row| variants.at(row)).collect();
            let forgiving = casting.mode == EvalMode::Try;
            crate::variant::to_column(&found, to, forgiving, &casting.zone, casting.now_micros).map_err(to_datafusion)
        }
        (from, Variant) => crate::variant::from_column(array, from).map_err(to_datafusion),
        (from, to) if to.is_string() => strings(array, from, &casting.zone, Style::Cast),
        (from, Boolean) => to_boolean(array, from, casting),
        (from, Byte) => to_integer::<Int8Type>(array, from, to, casting),
        (from, Short) => to_integer::<Int16Type>(array, from, to, casting),
        (from, Int) => to_integer::<Int32Type>(array, from, to, casting),
        (from, Long) => to_integer::<Int64Type>(array, from, to, casting),
        (from, Float) => to_float(array, from, casting),
        (from, Double) => to_double(array, from, casting),
        (from, Decimal { precision, scale }) => to_decimal(array, from, *precision, *scale, casting),
        (from, Date) => to_date(array, from, casting),
        (from, Timestamp | TimestampNtz) => to_timestamp(array, from, to, casting),
        (from, Time(_)) => to_time(array, from, to, casting),
        (from, Binary) => to_binary(array, from),
        (from, CalendarInterval | YearMonthInterval { .. } | DayTimeInterval { .. }) => {
            intervals::to_interval(array, from, to, casting)
        }
        (Array { element, .. }, Array { element: target, .. }) => list(array, element, target, returns, casting),
        (Map { key, value, .. }, Map { key: to_key, value: to_value, .. }) => {
            map(array, (key, value), (to_key, to_value), returns, casting)
        }
        (Struct(fields), Struct(targets)) => {
            let from: Vec<&DataType> = fields.fields.iter().map(|field| &field.data_type).collect();
            let to: Vec<&DataType> = targets.fields.iter().map(|field| &field.data_type).collect();
            structs(array, &from, &to, returns, casting)
        }
        _ => Err(impossible(from, to)),
    }
}

fn is_nested(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_))
}

/// Types that share an Arrow type need not mean the same: an interval may have to be cut.
fn same_meaning(from: &DataType, to: &DataType) -> bool {
    from == to || !to.is_interval()
}

fn impossible(from: &DataType, to: &DataType) -> datafusion::common::DataFusionError {
    to_datafusion(Error::internal(format!("no cast from {} to {}", from.sql(), to.sql())))
}

/// `CAST_INVALID_INPUT`; `shown` is the value as SQL writes it.
pub(super) fn invalid(shown: &str, from: &DataType, to: &DataType) -> Error {
    let error = Error::new("CAST_INVALID_INPUT")
        .with("expression", shown)
        .with("sourceType", from.quoted())
        .with("targetType", to.quoted())
        .with("ansiConfig", "\"spark.sql.ansi.enabled\"");
    let of_time = to.is_datetime() || matches!(to, DataType::Time(_));
    if of_time {
        error.exception_class(Exception::DateTime)
    } else if *to == DataType::Boolean {
        error.exception_class(Exception::Runtime)
    } else {
        error
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `CAST_OVERFLOW`; `shown` is the value as SQL writes it.
pub(super) fn overflow(shown: &str, from: &DataType, to: &DataType) -> Error {
    Error::new("CAST_OVERFLOW")
        .with("value", shown)
        .with("sourceType", from.quoted())
        .with("targetType", to.quoted())
        .with("ansiConfig", "\"spark.sql.ansi.enabled\"")
}

/// One primitive column to another; `op` answers a value and whether it failed.
pub(super) fn each<I: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    array: &ArrayRef,
    returns: &Arrow,
    on_failure: OnFailure,
    op: impl Fn(I::Native) -> (O::Native, bool),
    fail: impl Fn(I::Native) -> Error,
) -> KernelResult<ArrayRef> {
    match checked_unary::<I, O>(&[ColumnarValue::Array(Arc::clone(array))], returns, on_failure, op, fail)? {
        ColumnarValue::Array(made) => Ok(made),
        ColumnarValue::Scalar(made) => Ok(made.to_array()?),
    }
}

/// Strings to primitives; an unreadable one raises or becomes NULL.
pub(super) fn from_strings<O: ArrowPrimitiveType>(
    array: &ArrayRef,
    returns: &Arrow,
    casting: &Casting,
    read: impl Fn(&str) -> Option<O::Native>,
    fail: impl Fn(&str) -> Error,
) -> KernelResult<ArrayRef> {
    let texts = array.as_string::<i32>();
    let raises = casting.mode == EvalMode::Ansi;
    let mut out = PrimitiveArray::<O>::builder(texts.len()).with_data_type(returns.clone());
    for text in texts {
        let value = text.and_then(&read);
        if raises
            && value.is_none()
            && let Some(text) = text
        {
            return Err(to_datafusion(fail(text)));
        }
        out.append_option(value);
    }
    Ok(Arc::new(out.finish()))
}

fn to_boolean(array: &ArrayRef, from: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    fn nonzero<T: ArrowPrimitiveType>(array: &ArrayRef) -> KernelResult<ArrayRef>
    where
        T::Native: Default + PartialEq,
    {
        let array = primitive::<T>(array)?;
        let zero = T::Native::default();
        let bits = BooleanBuffer::collect_bool(array.len(), |row| array.values()[row] != zero);
        Ok(Arc::new(BooleanArray::new(bits, array.nulls().cloned())))
    }
    match from {
        from if from.is_string() => {
            let mut out = BooleanArray::builder(array.len());
            for text in array.as_string::<i32>() {
                let value = text.and_then(parse::boolean);
                if casting.mode == EvalMode::Ansi
                    && value.is_none()
                    && let Some(text) = text
                {
                    return Err(to_datafusion(invalid(&quoted(text), from, &DataType::Boolean)));
                }
                out.append_option(value);
            }
            Ok(Arc::new(out.finish()))
        }
        DataType::Byte => nonzero::<Int8Type>(array),
        DataType::Short => nonzero::<Int16Type>(array),
        DataType::Int => nonzero::<Int32Type>(array),
        DataType::Long => nonzero::<Int64Type>(array),
        DataType::Float => nonzero::<Float32Type>(array),
        DataType::Double => nonzero::<Float64Type>(array),
        DataType::Decimal { .. } => nonzero::<Decimal128Type>(array),
        DataType::Timestamp => nonzero::<TimestampMicrosecondType>(array),
        DataType::Date => Ok(new_null_array(&Arrow::Boolean, array.len())),
        _ => Err(impossible(from, &DataType::Boolean)),
    }
}

/// The four widths.
trait Whole: Copy + TryFrom<i64> + TryFrom<i128> {
    fn wrapped(value: i128) -> Self;
    /// Java's conversion of a double: saturating, then cut to the width.
    fn of_double(value: f64) -> Self;
    /// Whether a double lies between the ends, its fraction aside.
    fn holds(value: f64) -> bool;
}

macro_rules! whole {
    ($native:ty, $through:ty) => {
        impl Whole for $native {
            fn wrapped(value: i128) -> Self {
                value as Self
            }
            fn of_double(value: f64) -> Self {
                (value as $through) as Self
            }
            fn holds(value: f64) -> bool {
                value.floor() <= <$native>::MAX as f64 && value.ceil() >= <$native>::MIN as f64
            }
        }
    };
}

whole!(i8, i32);
whole!(i16, i32);
whole!(i32, i32);
whole!(i64, i64);

fn to_integer<T>(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: Whole,
{
    let returns = to_arrow(to);
    match from {
        from if from.is_string() => {
            let legacy = casting.mode == EvalMode::Legacy;
            // TRY reads as strictly as ANSI does.
            let read = |text: &str| parse::integer(text, legacy).and_then(|value| T::Native::try_from(value).ok());
            from_strings::<T>(array, &returns, casting, read, |text| invalid(&quoted(text), from, to))
        }
        DataType::Boolean => {
            let truths = array.as_boolean();
            let values: PrimitiveArray<T> =
                truths.iter().map(|truth| truth.map(|truth| T::Native::wrapped(i128::from(truth)))).collect();
            Ok(Arc::new(values))
        }
        DataType::Byte => narrow::<Int8Type, T>(array, from, to, casting),
        DataType::Short => narrow::<Int16Type, T>(array, from, to, casting),
        DataType::Int => narrow::<Int32Type, T>(array, from, to, casting),
        DataType::Long => narrow::<Int64Type, T>(array, from, to, casting),
        DataType::Float => {
            let op = |value: f32| real_to_whole::<T>(f64::from(value), casting);
            each::<Float32Type, T>(array, &returns, casting.on_failure(), op, |value| {
                let mut text = String::new();
                write_float(value, &mut text);
                overflow(&if value.is_finite() { format!("CAST({text} AS FLOAT)") } else { text }, from, to)
            })
        }
        DataType::Double => {
            let op = |value: f64| real_to_whole::<T>(value, casting);
            each::<Float64Type, T>(array, &returns, casting.on_failure(), op, |value| {
                let mut text = String::new();
                write_double(value, &mut text);
                overflow(&if value.is_finite() { text + "D" } else { text }, from, to)
            })
        }
        DataType::Decimal { scale, .. } => {
            let unit = power(u32::try_from(*scale).unwrap_or(0));
            let op = |value: i128| exact::<T>(value / unit, casting);
            each::<Decimal128Type, T>(array, &returns, casting.on_failure(), op, |value| {
                let mut text = String::new();
                write_decimal(value, i32::from(*scale), &mut text);
                overflow(&(text + "BD"), from, to)
            })
        }
        DataType::Timestamp => {
            let op = |micros: i64| match T::Native::try_from(micros.div_euclid(MICROS_PER_SECOND)) {
                Ok(seconds) => (seconds, false),
                Err(_) => (T::Native::wrapped(0), true),
            };
            each::<TimestampMicrosecondType, T>(array, &returns, casting.on_failure(), op, |micros| {
                let mut text = String::from("TIMESTAMP '");
                super::text::write_timestamp(casting.zone.local(micros), &mut text);
                overflow(&(text + "'"), from, to)
            })
        }
        DataType::Date => Ok(new_null_array(&returns, array.len())),
        DataType::Time(_) => {
            // What does not fit is NULL even where other numbers would wrap around.
            let strict = Casting { mode: EvalMode::Ansi, ..casting.clone() };
            let op = |nanos: i64| exact::<T>(i128::from(nanos / 1_000_000_000), &strict);
            let on_failure = if casting.mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null };
            each::<Time64NanosecondType, T>(array, &returns, on_failure, op, |nanos| {
                let mut text = String::from("TIME '");
                super::text::write_time(nanos / 1000, &mut text);
                overflow(&(text + "'"), from, to)
            })
        }
        DataType::DayTimeInterval { end, .. } => {
            let unit = unit_of(*end);
            let op = |micros: i64| exact::<T>(i128::from(micros / unit), &Casting { mode: EvalMode::Ansi, ..casting.clone() });
            each::<arrow::array::types::DurationMicrosecondType, T>(array, &returns, casting.on_failure(), op, |micros| {
                overflow(&micros.to_string(), from, to)
            })
        }
        DataType::YearMonthInterval { end, .. } => {
            let unit = if *end == emberflow_plan::types::YearMonthField::Year { 12 } else { 1 };
            let op = |months: i32| exact::<T>(i128::from(months / unit), &Casting { mode: EvalMode::Ansi, ..casting.clone() });
            each::<arrow::array::types::IntervalYearMonthType, T>(array, &returns, casting.on_failure(), op, |months| {
                overflow(&months.to_string(), from, to)
            })
        }
        _ => Err(impossible(from, to)),
    }
}

fn exact<T: ArrowPrimitiveType>(value: i128, casting: &Casting) -> (T::Native, bool)
where
    T::Native: Whole,
{
    match T::Native::try_from(value) {
        Ok(value) => (value, false),
        Err(_) => (T::Native::wrapped(value), !casting.wraps()),
    }
}

fn real_to_whole<T: ArrowPrimitiveType>(value: f64, casting: &Casting) -> (T::Native, bool)
where
    T::Native: Whole,
{
    (T::Native::of_double(value), !casting.wraps() && !T::Native::holds(value))
}

fn narrow<I, T>(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef>
where
    I: ArrowPrimitiveType,
    I::Native: Into<i64>,
    T: ArrowPrimitiveType,
    T::Native: Whole,
{
    let returns = to_arrow(to);
    let wraps = casting.wraps();
    let op = |value: I::Native| {
        let value: i64 = value.into();
        match T::Native::try_from(value) {
            Ok(value) => (value, false),
            Err(_) => (T::Native::wrapped(i128::from(value)), !wraps),
        }
    };
    each::<I, T>(array, &returns, casting.on_failure(), op, |value| {
        let value: i64 = value.into();
        let suffix = match from {
            DataType::Byte => "Y",
            DataType::Short => "S",
            DataType::Long => "L",
            _ => "",
        };
        overflow(&format!("{value}{suffix}"), from, to)
    })
}

fn to_double(array: &ArrayRef, from: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let returns = Arrow::Float64;
    match from {
        from if from.is_string() => from_strings::<Float64Type>(array, &returns, casting, parse::double, |text| {
            invalid(&quoted(text), from, &DataType::Double)
        }),
        DataType::Decimal { scale, .. } => {
            let scale = *scale;
            each::<Decimal128Type, Float64Type>(
                array,
                &returns,
                OnFailure::Null,
                |value| (decimal_as_double(value, scale), false),
                |_| Error::internal("decimals are doubles"),
            )
        }
        DataType::Timestamp => {
            let op = |micros: i64| (micros as f64 / 1_000_000.0, false);
            each::<TimestampMicrosecondType, Float64Type>(array, &returns, OnFailure::Null, op, |_| Error::internal("no failure"))
        }
        DataType::Date => Ok(new_null_array(&returns, array.len())),
        _ => Ok(arrow::compute::cast(array, &returns)?),
    }
}

fn to_float(array: &ArrayRef, from: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let returns = Arrow::Float32;
    match from {
        from if from.is_string() => from_strings::<Float32Type>(array, &returns, casting, parse::float, |text| {
            invalid(&quoted(text), from, &DataType::Float)
        }),
        DataType::Double => each::<Float64Type, Float32Type>(
            array,
            &returns,
            OnFailure::Null,
            |value| (value as f32, false),
            |_| Error::internal("doubles are floats"),
        ),
        DataType::Decimal { scale, .. } => {
            let scale = *scale;
            let op = |value: i128| (decimal_as_float(value, scale), false);
            each::<Decimal128Type, Float32Type>(array, &returns, OnFailure::Null, op, |_| Error::internal("decimals are floats"))
        }
        DataType::Timestamp => {
            let op = |micros: i64| ((micros as f64 / 1_000_000.0) as f32, false);
            each::<TimestampMicrosecondType, Float32Type>(array, &returns, OnFailure::Null, op, |_| Error::internal("no failure"))
        }
        DataType::Date => Ok(new_null_array(&returns, array.len())),
        _ => Ok(arrow::compute::cast(array, &returns)?),
    }
}

/// The nearest double: one correctly rounded division where both numbers are exact, otherwise by way of the text.
pub fn decimal_as_double(value: i128, scale: i8) -> f64 {
    if value.unsigned_abs() < 1 << 53 && (0..=22).contains(&scale) {
        return value as f64 / 10_f64.powi(i32::from(scale));
    }
    let mut text = String::new();
    write_decimal(value, i32::from(scale), &mut text);
    text.parse().unwrap_or(f64::NAN)
}

fn decimal_as_float(value: i128, scale: i8) -> f32 {
    if value.unsigned_abs() < 1 << 24 && (0..=10).contains(&scale) {
        return value as f32 / 10_f32.powi(i32::from(scale));
    }
    let mut text = String::new();
    write_decimal(value, i32::from(scale), &mut text);
    text.parse().unwrap_or(f32::NAN)
}

fn to_decimal(array: &ArrayRef, from: &DataType, precision: u8, scale: i8, casting: &Casting) -> KernelResult<ArrayRef> {
    let to = DataType::decimal(precision, scale);
    let returns = to_arrow(&to);
    let limit = power(u32::from(precision));
    let fits = move |value: i128| value.unsigned_abs() < limit.unsigned_abs();
    let on_failure = casting.on_failure();
    let unit = power(u32::try_from(scale).unwrap_or(0));
    let whole = move |value: i64| match i128::from(value).checked_mul(unit) {
        Some(value) => (value, !fits(value)),
        None => (0, true),
    };
    let too_large = |text: String| out_of_range(text, precision, scale);
    match from {
        from if from.is_string() => decimals_from_strings(array, from, precision, scale, casting),
        DataType::Byte => each::<Int8Type, Decimal128Type>(
            array,
            &returns,
            on_failure,
            |value| whole(i64::from(value)),
            |value| too_large(value.to_string()),
        ),
        DataType::Short => each::<Int16Type, Decimal128Type>(
            array,
            &returns,
            on_failure,
            |value| whole(i64::from(value)),
            |value| too_large(value.to_string()),
        ),
        DataType::Int => each::<Int32Type, Decimal128Type>(
            array,
            &returns,
            on_failure,
            |value| whole(i64::from(value)),
            |value| too_large(value.to_string()),
        ),
        DataType::Long => {
            each::<Int64Type, Decimal128Type>(array, &returns, on_failure, whole, |value| too_large(value.to_string()))
        }
        DataType::Boolean => {
            let numbers = to_integer::<Int32Type>(array, from, &DataType::Int, casting)?;
            to_decimal(&numbers, &DataType::Int, precision, scale, casting)
        }
        DataType::Float => {
            let doubles = arrow::compute::cast(array, &Arrow::Float64)?;
            to_decimal(&doubles, &DataType::Double, precision, scale, casting)
        }
        DataType::Double => decimals_from_doubles(array, precision, scale, casting),
        DataType::Decimal { scale: own, .. } => rescale(array, *own, precision, scale, on_failure),
        DataType::Timestamp => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            let exact: PrimitiveArray<Decimal128Type> = micros.unary(i128::from);
            let exact: ArrayRef = Arc::new(exact.with_data_type(Arrow::Decimal128(38, 6)));
            rescale(&exact, 6, precision, scale, on_failure)
        }
        DataType::Date => Ok(new_null_array(&returns, array.len())),
        DataType::Time(_) => {
            let nanos = array.as_primitive::<Time64NanosecondType>();
            let exact: PrimitiveArray<Decimal128Type> = nanos.unary(i128::from);
            let exact: ArrayRef = Arc::new(exact.with_data_type(Arrow::Decimal128(38, 9)));
            rescale(&exact, 9, precision, scale, on_failure)
        }
        DataType::DayTimeInterval { end, .. } => {
            let micros = array.as_primitive::<arrow::array::types::DurationMicrosecondType>();
            let end = *end;
            let own = if end == emberflow_plan::types::DayTimeField::Second { 6 } else { 0 };
            let unit = if own == 6 { 1 } else { unit_of(end) };
            let exact: PrimitiveArray<Decimal128Type> = micros.unary(|micros| i128::from(micros / unit));
            let exact: ArrayRef = Arc::new(exact.with_data_type(Arrow::Decimal128(38, own)));
            rescale(&exact, own, precision, scale, on_failure)
        }
        DataType::YearMonthInterval { .. } => {
            let numbers = to_integer::<Int32Type>(array, from, &DataType::Int, casting)?;
            to_decimal(&numbers, &DataType::Int, precision, scale, casting)
        }
        _ => Err(impossible(from, &to)),
    }
}

fn rescale(array: &ArrayRef, own: i8, precision: u8, scale: i8, on_failure: OnFailure) -> KernelResult<ArrayRef> {
    let returns = Arrow::Decimal128(precision, scale);
    let limit = power(u32::from(precision)).unsigned_abs();
    let shift = i32::from(scale) - i32::from(own);
    let up = power(u32::try_from(shift).unwrap_or(0));
    let down = u32::try_from(-shift).unwrap_or(0);
    let op = |value: i128| {
        let made = if down > 0 { Some(drop_digits(value, down)) } else { value.checked_mul(up) };
        made.map_or((0, true), |made| (made, made.unsigned_abs() >= limit))
    };
    each::<Decimal128Type, Decimal128Type>(array, &returns, on_failure, op, |value| {
        let mut text = String::new();
        write_decimal(value, i32::from(own), &mut text);
        out_of_range(text, precision, scale)
    })
}

fn decimals_from_strings(
    array: &ArrayRef,
    from: &DataType,
    precision: u8,
    scale: i8,
    casting: &Casting,
) -> KernelResult<ArrayRef> {
    let to = DataType::decimal(precision, scale);
    let limit = power(u32::from(precision)).unsigned_abs();
    let read = |text: &str| match parse::decimal(text, scale) {
        parse::Decimal::Value(value) if value.unsigned_abs() < limit => Some(value),
        _ => None,
    };
    from_strings::<Decimal128Type>(array, &to_arrow(&to), casting, read, |text| match parse::decimal(text, scale) {
        parse::Decimal::Invalid => invalid(&quoted(text), from, &to),
        parse::Decimal::Huge => Error::new("NUMERIC_OUT_OF_SUPPORTED_RANGE").with("value", parse::trimmed(text)),
        _ => out_of_range(parse::trimmed(text), precision, scale),
    })
}

/// By the shortest digits that mean the double. What is not finite becomes NULL, whatever the mode.
fn decimals_from_doubles(array: &ArrayRef, precision: u8, scale: i8, casting: &Casting) -> KernelResult<ArrayRef> {
    let doubles = array.as_primitive::<Float64Type>();
    let limit = power(u32::from(precision)).unsigned_abs();
    let mut out = PrimitiveArray::<Decimal128Type>::builder(doubles.len()).with_data_type(Arrow::Decimal128(precision, scale));
    let mut text = String::new();
    for double in doubles {
        let Some(double) = double.filter(|double| double.is_finite()) else {
            out.append_null();
            continue;
        };
        text.clear();
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{double:e}"));
        match parse::decimal(&text, scale) {
            parse::Decimal::Value(value) if value.unsigned_abs() < limit => out.append_value(value),
            _ if casting.mode == EvalMode::Ansi => {
                return Err(to_datafusion(out_of_range(format!("{double}"), precision, scale)));
            }
            _ => out.append_null(),
        }
    }
    Ok(Arc::new(out.finish()))
}

fn to_date(array: &ArrayRef, from: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let days = |local: i64| (split_micros(local).0 as i32, false);
    match from {
        from if from.is_string() => from_strings::<Date32Type>(array, &Arrow::Date32, casting, parse::date, |text| {
            invalid(&quoted(text), from, &DataType::Date)
        }),
        DataType::Timestamp => {
            let near = casting.zone.near();
            each::<TimestampMicrosecondType, Date32Type>(
                array,
                &Arrow::Date32,
                OnFailure::Null,
                |micros| days(near.local(micros)),
                |_| Error::internal("every instant has a day"),
            )
        }
        DataType::TimestampNtz => {
            each::<TimestampMicrosecondType, Date32Type>(array, &Arrow::Date32, OnFailure::Null, days, |_| {
                Error::internal("every time has a day")
            })
        }
        _ => Err(impossible(from, &DataType::Date)),
    }
}

fn to_timestamp(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    type T = TimestampMicrosecondType;
    let returns = to_arrow(to);
    let utc = Zone::Fixed(0);
    let zone = if *to == DataType::Timestamp { &casting.zone } else { &utc };
    let never = |what: &'static str| move |_| Error::internal(what);
    let raise = casting.on_failure();
    match from {
        from if from.is_string() => timestamps_from_strings(array, from, to, casting),
        DataType::Date => {
            let op = |days: i32| (zone.instant(i64::from(days).saturating_mul(MICROS_PER_DAY)), false);
            each::<Date32Type, T>(array, &returns, raise, op, |_| Error::internal("every day has a start"))
        }
        DataType::TimestampNtz => {
            each::<T, T>(array, &returns, raise, |local| (casting.zone.instant(local), false), never("every time has an instant"))
        }
        DataType::Timestamp => {
            let near = casting.zone.near();
            each::<T, T>(array, &returns, raise, |micros| (near.local(micros), false), never("every instant has a time"))
        }
        DataType::Boolean => {
            let truths = array.as_boolean();
            let values: PrimitiveArray<T> = truths.iter().map(|truth| truth.map(i64::from)).collect();
            Ok(Arc::new(values.with_data_type(returns)))
        }
        DataType::Float | DataType::Double => {
            let doubles = arrow::compute::cast(array, &Arrow::Float64)?;
            let op = |seconds: f64| ((seconds * 1_000_000.0) as i64, !seconds.is_finite());
            each::<Float64Type, T>(&doubles, &returns, raise, op, |seconds| {
                let mut text = String::new();
                write_double(seconds, &mut text);
                invalid(&text, from, to)
            })
        }
        DataType::Decimal { .. } => {
            let micros = rescale_down(array, from)?;
            each::<Decimal128Type, T>(
                &micros,
                &returns,
                raise,
                |micros| (micros as i64, false),
                |_| Error::internal("no failure"),
            )
        }
        from if from.is_integral() => {
            let seconds = arrow::compute::cast(array, &Arrow::Int64)?;
            let op = |seconds: i64| (seconds.saturating_mul(MICROS_PER_SECOND), false);
            each::<Int64Type, T>(&seconds, &returns, raise, op, |_| Error::internal("no failure"))
        }
        _ => Err(impossible(from, to)),
    }
}

/// Seconds as whole microseconds, further digits cut.
fn rescale_down(array: &ArrayRef, from: &DataType) -> KernelResult<ArrayRef> {
    let scale = if let DataType::Decimal { scale, .. } = from { i32::from(*scale) } else { 0 };
    let up = power(u32::try_from(6 - scale).unwrap_or(0));
    let down = power(u32::try_from(scale - 6).unwrap_or(0));
    let made: PrimitiveArray<Decimal128Type> =
        array.as_primitive::<Decimal128Type>().unary(|value| value.wrapping_mul(up) / down);
    Ok(Arc::new(made.with_data_type(Arrow::Decimal128(38, 0))))
}

fn timestamps_from_strings(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let is_instant = *to == DataType::Timestamp;
    let read = |text: &str| {
        let today = |zone: &Option<Zone>| {
            let zone = zone.as_ref().unwrap_or(&casting.zone);
            is_instant.then(|| split_micros(zone.local(casting.now_micros)).0)
        };
        let (local, zone) = parse::timestamp(text, today)?;
        Some(if is_instant { zone.as_ref().unwrap_or(&casting.zone).instant(local) } else { local })
    };
    from_strings::<TimestampMicrosecondType>(array, &to_arrow(to), casting, read, |text| invalid(&quoted(text), from, to))
}

fn to_time(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let returns = to_arrow(to);
    let never = |_| Error::internal("every instant has a time of day");
    let cut = match to {
        DataType::Time(precision) => 10_i64.pow(9 - u32::from(*precision).min(9)),
        _ => 1,
    };
    match from {
        from if from.is_string() => {
            let read = |text: &str| parse::time_of_day(text).map(|micros| micros * 1000 / cut * cut);
            from_strings::<Time64NanosecondType>(array, &returns, casting, read, |text| invalid(&quoted(text), from, to))
        }
        DataType::Time(_) => {
            let op = |nanos: i64| (nanos / cut * cut, false);
            each::<Time64NanosecondType, Time64NanosecondType>(array, &returns, OnFailure::Null, op, never)
        }
        _ => Err(impossible(from, to)),
    }
}

fn to_binary(array: &ArrayRef, from: &DataType) -> KernelResult<ArrayRef> {
    fn big_endian<T: ArrowPrimitiveType, const N: usize>(
        array: &ArrayRef,
        bytes: impl Fn(T::Native) -> [u8; N],
    ) -> KernelResult<ArrayRef> {
        let array = primitive::<T>(array)?;
        let mut out = BinaryBuilder::with_capacity(array.len(), array.len() * N);
        for value in array {
            out.append_option(value.map(&bytes));
        }
        Ok(Arc::new(out.finish()))
    }
    match from {
        from if from.is_string() => Ok(Arc::new(BinaryArray::from(array.as_string::<i32>().clone()))),
        DataType::Byte => big_endian::<Int8Type, 1>(array, i8::to_be_bytes),
        DataType::Short => big_endian::<Int16Type, 2>(array, i16::to_be_bytes),
        DataType::Int => big_endian::<Int32Type, 4>(array, i32::to_be_bytes),
        DataType::Long => big_endian::<Int64Type, 8>(array, i64::to_be_bytes),
        _ => Err(impossible(from, &DataType::Binary)),
    }
}

fn list(array: &ArrayRef, element: &DataType, target: &DataType, returns: Arrow, casting: &Casting) -> KernelResult<ArrayRef> {
    let (field, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
    let Arrow::List(to_field) = returns else { return Err(impossible(element, target)) };
    drop(field);
    let values = cast_column(&values, element, target, casting)?;
    Ok(Arc::new(ListArray::try_new(to_field, offsets, values, nulls)?))
}

type Pair<'a> = (&'a DataType, &'a DataType);

fn map(array: &ArrayRef, from: Pair<'_>, to: Pair<'_>, returns: Arrow, casting: &Casting) -> KernelResult<ArrayRef> {
    let map = array.as_map();
    let Arrow::Map(field, sorted) = returns else { return Err(impossible(from.1, to.1)) };
    let Arrow::Struct(fields) = field.data_type() else { return Err(impossible(from.1, to.1)) };
    let keys = cast_column(map.keys(), from.0, to.0, casting)?;
    let values = cast_column(map.values(), from.1, to.1, casting)?;
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned(), sorted)?))
}

fn structs(array: &ArrayRef, from: &[&DataType], to: &[&DataType], returns: Arrow, casting: &Casting) -> KernelResult<ArrayRef> {
    let own = array.as_struct();
    let Arrow::Struct(fields) = returns else { return Err(to_datafusion(Error::internal("not a struct"))) };
    let triples = own.columns().iter().zip(from).zip(to);
    let columns = triples.map(|((column, from), to)| cast_column(&visible(column, own), from, to, casting));
    let columns = columns.collect::<KernelResult<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new_with_length(fields, columns, own.nulls().cloned(), own.len())?))
}

/// A field under a NULL struct is NULL too, so that what lies there cannot fail.
fn visible(column: &ArrayRef, parent: &StructArray) -> ArrayRef {
    match parent.nulls() {
        Some(nulls) if nulls.null_count() > 0 => {
            let hidden = BooleanArray::new(!nulls.inner(), None);
            arrow::compute::nullif(column, &hidden).unwrap_or_else(|_| Arc::clone(column))
        }
        _ => Arc::clone(column),
    }
}
