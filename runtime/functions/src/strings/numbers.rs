//! `to_char`, `to_varchar`, `to_number`, `try_to_number`: numbers, dates and bytes written and read by patterns.
//!
//! Not here: what a pattern of a number means (`number_format`), patterns of dates (`datetime`).

use arrow::array::Decimal128Array;
use arrow::datatypes::Decimal128Type;
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use super::number_format::NumberFormat;
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::decimal_for;
use crate::kernel::{Kernel, kernel, strings};

fn pattern_of(call: &Call<'_>, index: usize) -> Result<Option<String>> {
    if call.type_of(index) == &DataType::Null {
        return Ok(None);
    }
    let text = call.literal_text(index);
    text.map(Some).ok_or_else(|| call.not_constant(index, "format", &DataType::String))
}

/// `to_number(text, format)`; forgiving: `try_to_number`.
pub fn to_number(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[2])?;
    let text = call.text(0)?;
    let Some(pattern) = pattern_of(&call, 1)? else { return crate::literal::null(&DataType::DECIMAL_DEFAULT) };
    let format = NumberFormat::parse(&pattern)?;
    let (precision, scale) = format.precision_and_scale();
    let kind = DataType::decimal(precision.min(38) as u8, scale.min(38) as i8);
    let nullable = forgiving || text.nullable;
    let shown = pattern.clone();
    let made = Kernel::new("to_number", &kind, nullable, move |columns| {
        let texts = columns.text(0)?;
        let mut numbers = Decimal128Array::builder(columns.rows);
        for row in 0..columns.rows {
            match texts.at(row).map(|text| (text, format.read(text))) {
                Some((text, None)) if !forgiving => return Err(mismatched(text, &shown)),
                found => numbers.append_option(found.and_then(|(_, number)| number)),
            }
        }
        let numbers = numbers.finish().with_precision_and_scale(precision.min(38) as u8, scale.min(38) as i8);
        Ok(std::sync::Arc::new(numbers.map_err(crate::kernel::from_arrow)?))
    });
    let made = made.identity(format!("{forgiving} {pattern}")).fallible_if(!forgiving);
    Ok(Typed::new(made.call(vec![text.expr]), kind, nullable))
}

fn mismatched(text: &str, format: &str) -> Error {
    Error::new("INVALID_FORMAT.MISMATCH_INPUT")
        .with("inputType", "\"STRING\"")
        .with("input", text)
        .with("format", format)
        .exception_class(Exception::IllegalArgument)
}

/// `to_char(number, format)`, `to_char(date, format)`, `to_char(bytes, 'base64' | 'hex' | 'utf-8')`
pub fn to_char(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let kind = call.type_of(0).clone();
    if kind.is_datetime() || matches!(kind, DataType::Time(_)) {
        return crate::datetime::date_format(call);
    }
    if kind == DataType::Binary {
        return of_bytes(&call);
    }
    let Some(pattern) = pattern_of(&call, 1)? else { return crate::literal::null(&DataType::String) };
    let format = NumberFormat::parse(&pattern)?;
    let (precision, scale) = decimal_for(&kind).unwrap_or((38, 18));
    let number = convert(call.argument(0)?, &DataType::decimal(precision, scale), &call.context)?;
    let nullable = number.nullable;
    let made = Kernel::new("to_char", &DataType::String, nullable, move |columns| {
        let numbers = columns.numbers::<Decimal128Type>(0)?;
        strings(columns.rows, |row| Ok(numbers.at(row).map(|number| format.write(number, scale.max(0) as usize))))
    });
    Ok(Typed::new(made.identity(pattern).call(vec![number.expr]), DataType::String, nullable))
}

fn of_bytes(call: &Call<'_>) -> Result<Typed> {
    let format = pattern_of(call, 1)?.unwrap_or_default().to_lowercase();
    let write: fn(&[u8]) -> Option<String> = match format.as_str() {
        "base64" => |bytes| Some(super::to_base64(bytes)),
        "hex" => |bytes| Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
        "utf-8" => |bytes| Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => {
            return Err(Error::new("INVALID_PARAMETER_VALUE.BINARY_FORMAT")
                .with("parameter", "`format`")
                .with("functionName", format!("`{}`", call.name))
                .with("invalidFormat", format!("'{format}'")));
        }
    };
    let bytes = call.binary(0)?;
    let nullable = bytes.nullable || format == "utf-8";
    Ok(kernel(&format!("to_char_{format}"), vec![bytes], DataType::String, nullable, move |columns| {
        let bytes = columns.bytes(0)?;
        strings(columns.rows, |row| Ok(bytes.at(row).and_then(write)))
    }))
}
