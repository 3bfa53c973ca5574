//! Numbers and values as text: `format_number`, `format_string`, `mask`, `quote`.

use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Decimal128Type, Field, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ScalarFunctionArgs, lit};
use datafusion_spark::function::string::format_string as spark_format_string;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use regex::Regex;

use super::text_to_text;
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, kernel, primitives, strings};
use crate::math::rounding::{Mode, round_decimal, round_double};

/// `format_number(number, digits)`: groups of three, half even.
pub fn format_number(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if call.type_of(1).is_string() {
        return by_pattern(&call);
    }
    let number = call.numeric(0)?;
    let kind = number.data_type.clone();
    let number = match kind {
        DataType::Byte | DataType::Short | DataType::Int => convert(number, &DataType::Long, &call.context)?,
        DataType::Float => convert(number, &DataType::Double, &call.context)?,
        _ => number,
    };
    let kind = number.data_type.clone();
    let arguments = vec![number, call.int(1)?];
    Ok(kernel("format_number", arguments, DataType::String, true, move |columns| {
        let digits = columns.numbers::<Int32Type>(1)?;
        let digits = |row| digits.at(row).filter(|digits| *digits >= 0).map(|digits| digits as usize);
        match kind {
            DataType::Long => {
                let numbers = columns.numbers::<Int64Type>(0)?;
                strings(columns.rows, |row| Ok(numbers.at(row).zip(digits(row)).map(|(n, d)| grouped(&format!("{n}"), d))))
            }
            DataType::Decimal { scale, .. } => {
                let numbers = columns.numbers::<Decimal128Type>(0)?;
                strings(columns.rows, |row| {
                    Ok(numbers.at(row).zip(digits(row)).map(|(n, d)| grouped(&plain_decimal(n, scale.max(0) as usize), d)))
                })
            }
            _ => {
                let numbers = columns.numbers::<Float64Type>(0)?;
                strings(columns.rows, |row| Ok(numbers.at(row).zip(digits(row)).map(|(n, d)| format_double(n, d))))
            }
        }
    }))
}

/// `format_number(number, '#,##0.##')`
fn by_pattern(call: &Call<'_>) -> Result<Typed> {
    let number = convert(call.numeric(0)?, &DataType::Double, &call.context)?;
    Ok(kernel("format_number", vec![number, call.text(1)?], DataType::String, true, |columns| {
        let (numbers, patterns) = (columns.numbers::<Float64Type>(0)?, columns.text(1)?);
        strings(columns.rows, |row| Ok(numbers.at(row).zip(patterns.at(row)).map(|(n, pattern)| patterned(n, pattern))))
    }))
}

/// Digits of `0` are always printed, those of `#` when they are not zero; `,` groups as far as it stands from the point.
fn patterned(number: f64, pattern: &str) -> String {
    let is_digit = |letter: char| matches!(letter, '#' | '0' | ',' | '.');
    let start = pattern.find(is_digit).unwrap_or(pattern.len());
    let end = pattern.rfind(is_digit).map_or(start, |place| place + 1);
    let (prefix, body, suffix) = (&pattern[..start], &pattern[start..end], &pattern[end..]);
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let (least_whole, least_fraction) = (whole.matches('0').count(), fraction.matches('0').count());
    let most = fraction.chars().filter(|letter| matches!(letter, '#' | '0')).count();
    let plain = format!("{:.most$}", number.abs());
    let (digits, rest) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = format!("{:0>least_whole$}", digits.trim_start_matches('0'));
    let kept = rest.trim_end_matches('0').len().max(least_fraction);
    let group = whole.rfind(',').map(|place| whole.len() - place - 1).filter(|group| *group > 0);
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && group.is_some_and(|group| (digits.len() - index) % group == 0) {
            out.push(',');
        }
        out.push(digit);
    }
    if digits.is_empty() && kept == 0 {
        out.push('0');
    }
    let fraction = if kept > 0 { format!(".{}", &rest[..kept]) } else { String::new() };
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{prefix}{out}{fraction}{suffix}")
}

fn format_double(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "\u{221e}".into() } else { "-\u{221e}".into() };
    }
    // Rust prints the exact value rounded half even, as Java's DecimalFormat does.
    grouped(&format!("{number:.digits$}"), digits)
}

fn plain_decimal(unscaled: i128, scale: usize) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A plain decimal number rounded half even to `digits`, its whole part in groups of three.
fn grouped(plain: &str, digits: usize) -> String {
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let (whole, fraction) = rounded(whole, fraction, digits);
    let mut out = String::new();
    for (index, letter) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(letter);
    }
    if digits > 0 {
        out.push('.');
        out.push_str(&fraction);
    }
    format!("{sign}{out}")
}

fn rounded(whole: &str, fraction: &str, digits: usize) -> (String, String) {
    if fraction.len() <= digits {
        return (whole.to_owned(), format!("{fraction:0<digits$}"));
    }
    let (kept, cut) = fraction.split_at(digits);
    let all: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    let half = cut.starts_with('5') && cut[1..].bytes().all(|digit| digit == b'0');
    let odd = all.last().is_some_and(|digit| digit % 2 == 1);
    let up = if half { odd } else { cut.as_bytes()[0] >= b'5' };
    let mut all = all;
    if up {
        let mut place = all.len();
        loop {
            if place == 0 {
                all.insert(0, b'1');
                break;
            }
            place -= 1;
            if all[place] == b'9' {
                all[place] = b'0';
            } else {
                all[place] += 1;
                break;
            }
        }
    }
    let text: String = all.into_iter().map(char::from).collect();
    let (whole, fraction) = text.split_at(text.len() - digits);
    (whole.to_owned(), fraction.to_owned())
}

/// `format_string(format, value, ...)`, after Java's Formatter.
pub fn format_string(call: Call<'_>) -> Result<Typed> {
    call.arity_at_least(1)?;
    let format = call.text(0)?;
    let nullable = format.nullable;
    let values: Vec<Typed> = call.arguments.iter().skip(1).cloned().collect();
    let planned = call.literal_text(0).and_then(|text| halves_up(&text, &values));
    let (format, values) = planned.unwrap_or((format, values));
    let arguments = [format].into_iter().chain(values).map(|argument| argument.expr).collect();
    let kernel = Kernel::new("format_string", &DataType::String, nullable, |columns| {
        let args = columns.values().to_vec();
        let field = |at: usize, kind: Arrow| Arc::new(Field::new(format!("a{at}"), kind, true));
        let asked = ScalarFunctionArgs {
            arg_fields: args.iter().enumerate().map(|(at, value)| field(at, value.data_type())).collect(),
            args,
            number_rows: columns.rows,
            return_field: field(0, Arrow::Utf8),
            config_options: Arc::new(ConfigOptions::default()),
        };
        let texts = spark_format_string().invoke_with_args(asked).and_then(|texts| texts.into_array(columns.rows));
        texts.map_err(|why| unformatted(&why))
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, nullable))
}

/// Java has no condition for a format that does not suit its values.
fn unformatted(why: &DataFusionError) -> Error {
    let reason = match why.find_root() {
        DataFusionError::Execution(text) | DataFusionError::Plan(text) => text.clone(),
        other => other.strip_backtrace(),
    };
    Error::new("INVALID_PARAMETER_VALUE.PATTERN")
        .with("functionName", "`format_string`")
        .with("parameter", "`strfmt`")
        .with("value", &reason)
        .text(format!("`format_string` cannot make a text of these values: {reason}."))
}

/// The format and its values in the order of their places, each number that `%.2f` cuts rounded before: Java rounds halves
/// up, by the shortest digits of a number. None where a place has no value.
fn halves_up(format: &str, values: &[Typed]) -> Option<(Typed, Vec<Typed>)> {
    let place = Regex::new(r"%(?:(\d+)\$|(<))?([-#+ 0,(]*\d*)(?:\.(\d+))?([a-zA-Z%])").ok()?;
    let (mut ordered, mut next, mut last) = (Vec::new(), 0_usize, None);
    let (mut text, mut done) = (String::new(), 0);
    for found in place.captures_iter(format) {
        let (whole, conversion) = (found.get(0)?, found.get(5)?.as_str());
        text.push_str(format.get(done..whole.start())?);
        done = whole.end();
        if matches!(conversion, "%" | "n") {
            text.push_str(whole.as_str());
            continue;
        }
        let at = match (found.get(1), found.get(2)) {
            (Some(position), _) => position.as_str().parse::<usize>().ok()?.checked_sub(1)?,
            (None, Some(_)) => last?,
            (None, None) => {
                next += 1;
                next - 1
            }
        };
        last = Some(at);
        let (value, digits) = (values.get(at)?.clone(), found.get(4).map(|digits| digits.as_str()));
        ordered.push(if conversion == "f" { half_up(value, digits.unwrap_or("6").parse().ok()?) } else { value });
        let precision = digits.map_or(String::new(), |digits| format!(".{digits}"));
        text.push_str(&format!("%{}{precision}{conversion}", found.get(3)?.as_str()));
    }
    text.push_str(format.get(done..)?);
    Some((Typed::new(lit(text), DataType::String, false), ordered))
}

fn half_up(value: Typed, digits: i32) -> Typed {
    match value.data_type.clone() {
        DataType::Decimal { precision, scale } => round_decimal(value, precision, scale, digits, Mode::HalfUp),
        kind @ (DataType::Double | DataType::Float) => {
            let kernel = Kernel::new("half_up", &DataType::Double, true, move |columns| {
                let rounded = |number: f64| round_double(number, digits, Mode::HalfUp);
                if kind == DataType::Float {
                    let numbers = columns.numbers::<Float32Type>(0)?;
                    return primitives::<Float64Type>(columns.rows, |row| Ok(numbers.at(row).map(f64::from).map(rounded)));
                }
                let numbers = columns.numbers::<Float64Type>(0)?;
                primitives::<Float64Type>(columns.rows, |row| Ok(numbers.at(row).map(rounded)))
            });
            Typed::new(kernel.identity(digits).call(vec![value.expr]), DataType::Double, true)
        }
        _ => value,
    }
}

/// `quote(text)`: single quotes around, those inside escaped.
pub fn quote(call: Call<'_>) -> Result<Typed> {
    let quoted = text_to_text(&call, |text| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")))?;
    Ok(Typed { nullable: true, ..quoted })
}

/// `mask(text [, upper, lower, digit, other])`; a null replacement keeps such characters.
pub fn mask(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2, 3, 4, 5])?;
    let letter = |index: usize, usual: Option<char>| -> Result<Option<char>> {
        match call.arguments.get(index) {
            None => Ok(usual),
            Some(given) if given.data_type == DataType::Null => Ok(None),
            Some(_) => match call.literal_text(index) {
                Some(text) => Ok(text.chars().next()),
                None => Ok(None),
            },
        }
    };
    let (upper, lower) = (letter(1, Some('X'))?, letter(2, Some('x'))?);
    let (digit, other) = (letter(3, Some('n'))?, letter(4, None)?);
    let text = call.text(0)?;
    let kernel = Kernel::new("mask", &DataType::String, true, move |columns| {
        let texts = columns.text(0)?;
        let masked = |letter: char| match letter {
            letter if letter.is_uppercase() => upper,
            letter if letter.is_lowercase() => lower,
            letter if letter.is_numeric() => digit,
            _ => other,
        };
        strings(columns.rows, |row| Ok(texts.at(row).map(|text| text.chars().map(|c| masked(c).unwrap_or(c)).collect())))
    });
    let kernel = kernel.identity(format!("{upper:?}{lower:?}{digit:?}{other:?}"));
    Ok(Typed::new(kernel.call(vec![text.expr]), DataType::String, true))
}
