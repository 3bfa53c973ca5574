//! `round`, `bround`, `ceil`, `floor`.
//!
//! Doubles round on their shortest decimal text, as Spark does: `round(1.005, 2)` is 1.01.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType as Arrow, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::decimal_for;
use crate::kernel::{Columns, Kernel, primitives};

/// Where a number between two goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    HalfUp,
    HalfEven,
    Up,
    Down,
}

impl Mode {
    /// `value / unit` as a whole number.
    fn divide(self, value: i128, unit: i128) -> i128 {
        let (whole, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
        let up = match self {
            Mode::Down => false,
            Mode::Up => rest != 0,
            Mode::HalfUp if value < 0 => rest * 2 > unit,
            Mode::HalfUp => rest * 2 >= unit,
            Mode::HalfEven => rest * 2 > unit || rest * 2 == unit && whole % 2 != 0,
        };
        whole + i128::from(up)
    }
}

/// The default name: capitals with one argument, small letters with two.
pub fn upper(one: &str, two: &str, arguments: &[String]) -> String {
    format!("{}({})", if arguments.len() == 1 { one } else { two }, arguments.join(", "))
}

fn scale_of(call: &Call<'_>) -> Result<i32> {
    if call.len() == 1 {
        return Ok(0);
    }
    match call
        .literal_long(1)
        .or_else(|| crate::arguments::literal_of(&call.int(1).ok()?.expr).and_then(|v| v.to_string().parse().ok()))
    {
        Some(scale) => Ok(scale.clamp(-400, 400) as i32),
        None if call.type_of(1) == &DataType::Null => Ok(0),
        None => Err(call.not_constant(1, "scale", &DataType::Int)),
    }
}

/// `round(x [, scale])`, `bround` the same.
pub fn round(call: Call<'_>, mode: Mode) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (number, scale) = (call.numeric(0)?, scale_of(&call)?);
    if call.type_of(1) == &DataType::Null && call.len() == 2 {
        return crate::literal::null(&number.data_type);
    }
    match number.data_type.clone() {
        DataType::Decimal { precision, scale: digits } => Ok(round_decimal(number, precision, digits, scale, mode)),
        kind if kind.is_integral() && scale >= 0 => Ok(Typed::new(number.expr, kind, true)),
        kind => Ok(round_other(&call, number, kind, scale, mode)),
    }
}

/// A decimal rounded to `scale` digits behind the point; its precision leaves room for a carry.
pub fn round_decimal(number: Typed, precision: u8, digits: i8, scale: i32, mode: Mode) -> Typed {
    let whole = i32::from(precision) - i32::from(digits) + 1;
    let (to_precision, to_digits) = if scale < 0 {
        (whole.max(1 - scale).min(38) as u8, 0)
    } else {
        let digits = i32::from(digits).min(scale);
        ((whole + digits).min(38) as u8, digits as i8)
    };
    let (kind, nullable) = (DataType::decimal(to_precision, to_digits), true);
    let kernel = Kernel::new("round", &kind, nullable, move |columns| {
        let array = columns.array(0)?;
        let drop = i32::from(digits) - scale.min(i32::from(digits));
        let result = array.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(|value| {
            let Some(unit) = 10_i128.checked_pow(drop.min(39) as u32) else { return 0 };
            let kept = mode.divide(value, unit);
            if scale < 0 { kept.wrapping_mul(10_i128.pow(scale.unsigned_abs().min(38))) } else { kept }
        });
        Ok(Arc::new(result.with_data_type(Arrow::Decimal128(to_precision, to_digits))))
    });
    Typed::new(kernel.identity(format!("{mode:?} {digits} {scale}")).call(vec![number.expr]), kind, nullable)
}

fn round_other(call: &Call<'_>, number: Typed, kind: DataType, scale: i32, mode: Mode) -> Typed {
    let (ansi, nullable) = (call.context.ansi, true);
    let returns = kind.clone();
    let kernel = Kernel::new(call.name, &returns, nullable, move |columns| round_column(columns, &kind, scale, mode, ansi));
    let kernel = kernel.identity(format!("{mode:?} {scale} {ansi}")).fallible_if(ansi && returns.is_integral());
    Typed::new(kernel.call(vec![number.expr]), returns, nullable)
}

fn round_column(columns: &Columns, kind: &DataType, scale: i32, mode: Mode, ansi: bool) -> Result<ArrayRef> {
    macro_rules! whole {
        ($kind:ty, $native:ty) => {{
            let numbers = columns.numbers::<$kind>(0)?;
            primitives::<$kind>(columns.rows, |row| match numbers.at(row) {
                None => Ok(None),
                Some(n) => {
                    let wide = round_whole(i128::from(n), scale, mode);
                    match <$native>::try_from(wide) {
                        Ok(n) => Ok(Some(n)),
                        Err(_) if ansi => Err(overflow()),
                        Err(_) => Ok(Some(wide as $native)),
                    }
                }
            })
        }};
    }
    match kind {
        DataType::Byte => whole!(Int8Type, i8),
        DataType::Short => whole!(Int16Type, i16),
        DataType::Int => whole!(Int32Type, i32),
        DataType::Long => whole!(Int64Type, i64),
        DataType::Float => {
            let numbers = columns.numbers::<Float32Type>(0)?;
            primitives::<Float32Type>(columns.rows, |row| {
                Ok(numbers.at(row).map(|n| round_double(f64::from(n), scale, mode) as f32))
            })
        }
        _ => {
            let numbers = columns.numbers::<Float64Type>(0)?;
            primitives::<Float64Type>(columns.rows, |row| Ok(numbers.at(row).map(|n| round_double(n, scale, mode))))
        }
    }
}

fn round_whole(value: i128, scale: i32, mode: Mode) -> i128 {
    match 10_i128.checked_pow(scale.unsigned_abs()) {
        Some(unit) if scale < 0 => mode.divide(value, unit) * unit,
        Some(_) => value,
        None => 0,
    }
}

fn overflow() -> Error {
    Error::new("ARITHMETIC_OVERFLOW")
        .with("message", "Overflow")
        .with("alternative", "")
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// A double rounded on its shortest decimal text.
pub fn round_double(value: f64, scale: i32, mode: Mode) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return value };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
    let unscaled: i128 = digits.replace('.', "").parse().unwrap_or(0);
    let places = fraction - exponent; // value = unscaled / 10^places
    if places <= scale {
        return value;
    }
    let kept = match 10_i128.checked_pow((places - scale).unsigned_abs()) {
        Some(unit) => mode.divide(unscaled, unit),
        None => mode.divide(unscaled.signum(), 1 << 100),
    };
    format!("{kept}e{}", -scale).parse().unwrap_or(value)
}

/// `ceil(x [, scale])`, `floor` the same.
pub fn ceil_or_floor(call: Call<'_>, mode: Mode) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let number = call.numeric(0)?;
    if call.len() == 2 {
        return to_scale(&call, number, mode);
    }
    match number.data_type.clone() {
        DataType::Decimal { precision, scale } => Ok(whole_decimal(number, precision, scale, mode)),
        kind if kind.is_integral() => {
            convert(number, &DataType::Long, &call.context).map(|whole| Typed { nullable: true, ..whole })
        }
        _ => {
            let number = convert(number, &DataType::Double, &call.context)?;
            let kernel = Kernel::new(call.name, &DataType::Long, true, move |columns| {
                let numbers = columns.numbers::<Float64Type>(0)?;
                let whole = |x: f64| if mode == Mode::Up { x.ceil() } else { x.floor() };
                primitives::<Int64Type>(columns.rows, |row| Ok(numbers.at(row).map(|x| whole(x) as i64)))
            });
            Ok(Typed::new(kernel.call(vec![number.expr]), DataType::Long, true))
        }
    }
}

fn whole_decimal(number: Typed, precision: u8, scale: i8, mode: Mode) -> Typed {
    let to_precision = (i32::from(precision) - i32::from(scale) + 1).clamp(1, 38) as u8;
    let (kind, nullable) = (DataType::decimal(to_precision, 0), true);
    let kernel = Kernel::new("ceil or floor", &kind, nullable, move |columns| {
        let array = columns.array(0)?;
        let unit = 10_i128.pow(scale.max(0) as u32);
        let result = array.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(|value| mode.divide(value, unit));
        Ok(Arc::new(result.with_data_type(Arrow::Decimal128(to_precision, 0))))
    });
    Typed::new(kernel.identity(format!("{mode:?} {scale}")).call(vec![number.expr]), kind, nullable)
}

fn to_scale(call: &Call<'_>, number: Typed, mode: Mode) -> Result<Typed> {
    let scale = scale_of(call)?;
    let (precision, digits) = decimal_for(&number.data_type).unwrap_or((38, 18));
    let number = convert(number, &DataType::decimal(precision, digits), &call.context)?;
    Ok(round_decimal(number, precision, digits, scale, mode))
}
