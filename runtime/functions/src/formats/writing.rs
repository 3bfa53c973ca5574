//! `to_json(struct, array or map [, options])`. Null fields are left out.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use serde_json::Value;

use super::Options;
use crate::call::{Call, Typed};
use crate::datetime::pattern::Pattern;
use crate::kernel::{Kernel, strings};
use crate::zones::Zone;

/// How values are written.
pub(super) struct Style {
    date: Pattern,
    timestamp: Pattern,
    local: Pattern,
    zone: Zone,
    keeps_nulls: bool,
}

impl Style {
    pub(super) fn of(call: &Call<'_>, options: &Options) -> Result<Self> {
        let pattern = |key: &str, usual: &str| Pattern::parse(options.get(key).unwrap_or(usual));
        Ok(Self {
            date: pattern("dateFormat", "yyyy-MM-dd")?,
            timestamp: pattern("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]")?,
            local: pattern("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]")?,
            zone: Zone::parse(options.get("timeZone").unwrap_or(call.context.time_zone))?,
            keeps_nulls: options.get("ignoreNullFields").is_some_and(|value| value.eq_ignore_ascii_case("false")),
        })
    }
}

/// `to_json(value [, options])`
pub fn to_json(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let value = call.argument(0)?;
    if value.data_type == DataType::Variant {
        return crate::variant::to_json(&call);
    }
    if !matches!(value.data_type, DataType::Struct(_) | DataType::Array { .. } | DataType::Map { .. }) {
        return Err(Error::new("DATATYPE_MISMATCH.INVALID_JSON_SCHEMA")
            .with("sqlExpr", call.sql())
            .with("schema", value.data_type.quoted()));
    }
    let options = Options::of(&call, 1)?;
    options.refuse("to_json", &["locale", "pretty"])?;
    let (style, nullable) = (Style::of(&call, &options)?, true);
    let identity = format!("{options:?} {}", call.context.time_zone);
    let kernel = Kernel::new("to_json", &DataType::String, nullable, move |columns| {
        let array = columns.array(0)?;
        strings(columns.rows, |row| {
            if array.is_null(row) {
                return Ok(None);
            }
            let mut out = String::new();
            write(&array, row, &style, &mut out)?;
            Ok(Some(out))
        })
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![value.expr]), DataType::String, nullable))
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&Value::String(text.to_owned()).to_string());
}

/// Also says so of a column without type, which has no validity of its own.
pub(super) fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.is_null(row) || array.data_type() == &Arrow::Null
}

fn write(array: &ArrayRef, row: usize, style: &Style, out: &mut String) -> Result<()> {
    if is_null(array, row) {
        out.push_str("null");
        return Ok(());
    }
    match array.data_type() {
        Arrow::List(_) => {
            let values = array.as_list::<i32>().value(row);
            out.push('[');
            for index in 0..values.len() {
                if index > 0 {
                    out.push(',');
                }
                write(&values, index, style, out)?;
            }
            out.push(']');
        }
        Arrow::Struct(fields) if crate::types::is_variant(fields) => {
            let variants = crate::variant::Variants::of(array)?;
            if let Some(variant) = variants.at(row) {
                crate::variant::json::write(variant, &style.zone, out)?;
            }
        }
        Arrow::Struct(fields) => {
            let parts = array.as_struct();
            let named =
                fields.iter().map(|field| field.name().clone()).zip(parts.columns().iter().map(|part| (part.clone(), row)));
            write_object(named.collect(), style, style.keeps_nulls, out)?;
        }
        Arrow::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let named = (0..entries.len()).map(|index| Ok((bare(keys, index, style)?, (values.clone(), index))));
            write_object(named.collect::<Result<_>>()?, style, true, out)?;
        }
        Arrow::Utf8 | Arrow::Date32 | Arrow::Timestamp(_, _) | Arrow::Time64(_) | Arrow::Binary => {
            quoted(&bare(array, row, style)?, out)
        }
        Arrow::Float32 | Arrow::Float64 => {
            let text = bare(array, row, style)?;
            if text.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-' | 'E')) {
                out.push_str(&text);
            } else {
                quoted(&text, out);
            }
        }
        _ => out.push_str(&bare(array, row, style)?),
    }
    Ok(())
}

fn write_object(fields: Vec<(String, (ArrayRef, usize))>, style: &Style, keeps_nulls: bool, out: &mut String) -> Result<()> {
    out.push('{');
    let mut first = true;
    for (name, (array, row)) in fields {
        if is_null(&array, row) && !keeps_nulls {
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            out.push(',');
        }
        quoted(&name, out);
        out.push(':');
        write(&array, row, style, out)?;
    }
    out.push('}');
    Ok(())
}

/// A plain value's text without quotes.
pub(super) fn bare(array: &ArrayRef, row: usize, style: &Style) -> Result<String> {
    let mut out = String::new();
    match array.data_type() {
        Arrow::Boolean => return Ok(array.as_boolean().value(row).to_string()),
        Arrow::Int8 => return Ok(array.as_primitive::<Int8Type>().value(row).to_string()),
        Arrow::Int16 => return Ok(array.as_primitive::<Int16Type>().value(row).to_string()),
        Arrow::Int32 => return Ok(array.as_primitive::<Int32Type>().value(row).to_string()),
        Arrow::Int64 => return Ok(array.as_primitive::<Int64Type>().value(row).to_string()),
        Arrow::Float32 => {
            return Ok(java_float(
                &array.as_primitive::<Float32Type>().value(row).to_string(),
                f64::from(array.as_primitive::<Float32Type>().value(row)),
            ));
        }
        Arrow::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            return Ok(java_float(&value.to_string(), value));
        }
        Arrow::Decimal128(_, _) => return Ok(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        Arrow::Utf8 => return Ok(array.as_string::<i32>().value(row).to_owned()),
        Arrow::Binary => return Ok(crate::strings::to_base64(array.as_binary::<i32>().value(row))),
        Arrow::Date32 => {
            let days = i64::from(array.as_primitive::<Date32Type>().value(row));
            style.date.print(days * crate::calendar::MICROS_PER_DAY, &Zone::Fixed(0), &mut out);
        }
        Arrow::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            match zone {
                Some(_) => style.timestamp.print(style.zone.local(micros), &style.zone, &mut out),
                None => style.local.print(micros, &Zone::Fixed(0), &mut out),
            }
        }
        Arrow::Time64(_) => {
            let nanos = array.as_primitive::<arrow::datatypes::Time64NanosecondType>().value(row);
            crate::cast::write_time(nanos / 1000, &mut out);
        }
        other => return Err(Error::unsupported(format!("writing {other} as text"))),
    }
    Ok(out)
}

/// A double as Java prints it: `1.0`, `1.0E10`, `1.0E-5`.
fn java_float(shortest: &str, value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        let digits: String = shortest.trim_start_matches('-').chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').trim_end_matches('0');
        let (first, rest) = digits.split_at(1.min(digits.len()));
        let exponent = value.abs().log10().floor() as i32;
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{first}.{}E{exponent}", if rest.is_empty() { "0" } else { rest });
    }
    if shortest.contains('.') { shortest.to_owned() } else { format!("{shortest}.0") }
}
