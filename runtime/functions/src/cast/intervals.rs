//! Casts to intervals: from text, from whole numbers, between fields.
//!
//! Begin at [`to_interval`].

use arrow::array::types::{
    DurationMicrosecondType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
};
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType as Arrow;
use emberflow_base::Error;
use emberflow_plan::DataType;
use emberflow_plan::types::{DayTimeField, YearMonthField};

use super::columns::{Casting, each, from_strings, overflow};
use super::parse::trimmed;
use super::text::unit_of;
use crate::calendar::MICROS_PER_SECOND;
use crate::errors::to_datafusion;
use crate::kernels::OnFailure;
use crate::types::to_arrow;
use crate::udf::KernelResult;

/// A column cast to one of the interval types.
pub fn to_interval(array: &ArrayRef, from: &DataType, to: &DataType, casting: &Casting) -> KernelResult<ArrayRef> {
    let returns = to_arrow(to);
    match (from, to) {
        (from, DataType::YearMonthInterval { start, end }) if from.is_string() => from_strings::<IntervalYearMonthType>(
            array,
            &returns,
            casting,
            |text| year_month(text, *start, *end),
            |text| malformed(text, "year-month", to),
        ),
        (from, DataType::DayTimeInterval { start, end }) if from.is_string() => from_strings::<DurationMicrosecondType>(
            array,
            &returns,
            casting,
            |text| day_time(text, *start, *end),
            |text| malformed(text, "day-time", to),
        ),
        (from, DataType::CalendarInterval) if from.is_string() => {
            from_strings::<IntervalMonthDayNanoType>(array, &returns, casting, calendar, |text| {
                Error::new("CAST_INVALID_INPUT")
                    .with("expression", format!("'{text}'"))
                    .with("sourceType", from.quoted())
                    .with("targetType", to.quoted())
                    .with("ansiConfig", "\"spark.sql.ansi.enabled\"")
            })
        }
        (DataType::YearMonthInterval { .. }, DataType::YearMonthInterval { end, .. }) => {
            let unit = if *end == YearMonthField::Year { 12 } else { 1 };
            each::<IntervalYearMonthType, IntervalYearMonthType>(
                array,
                &returns,
                OnFailure::Null,
                |months| (months - months % unit, false),
                never,
            )
        }
        (DataType::DayTimeInterval { .. }, DataType::DayTimeInterval { end, .. }) => {
            let unit = if *end == DayTimeField::Second { 1 } else { unit_of(*end) };
            each::<DurationMicrosecondType, DurationMicrosecondType>(
                array,
                &returns,
                OnFailure::Null,
                |micros| (micros - micros % unit, false),
                never,
            )
        }
        (from, to) if from.is_integral() => from_number(array, from, to, &returns),
        _ => Err(to_datafusion(Error::internal(format!("no cast from {} to {}", from.sql(), to.sql())))),
    }
}

fn never<T>(_: T) -> Error {
    Error::internal("this cast cannot fail")
}

fn from_number(array: &ArrayRef, from: &DataType, to: &DataType, returns: &Arrow) -> KernelResult<ArrayRef> {
    let numbers = arrow::compute::cast(array as &dyn Array, &Arrow::Int64)?;
    let fail = |number: i64| overflow(&number.to_string(), from, to);
    match to {
        DataType::DayTimeInterval { end, .. } => {
            let unit = unit_of(*end);
            each::<Int64Type, DurationMicrosecondType>(
                &numbers,
                returns,
                OnFailure::Raise,
                |number| number.overflowing_mul(unit),
                fail,
            )
        }
        DataType::YearMonthInterval { end, .. } => {
            let unit = if *end == YearMonthField::Year { 12 } else { 1 };
            let op = |number: i64| match number.checked_mul(unit).and_then(|months| i32::try_from(months).ok()) {
                Some(months) => (months, false),
                None => (0, true),
            };
            each::<Int64Type, IntervalYearMonthType>(&numbers, returns, OnFailure::Raise, op, fail)
        }
        _ => Err(to_datafusion(Error::internal("no interval of numbers"))),
    }
}

fn malformed(text: &str, family: &str, to: &DataType) -> Error {
    Error::new("INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE")
        .with("typeName", to.simple_string())
        .with("intervalStr", family)
        .with("supportedFormat", supported(to))
        .with("input", text)
}

fn supported(to: &DataType) -> String {
    let name = to.sql();
    let fields = name.trim_start_matches("INTERVAL ").to_owned();
    let shape = match to {
        DataType::YearMonthInterval { start, end } if start != end => "y-m".to_owned(),
        DataType::YearMonthInterval { start: YearMonthField::Year, .. } => "y".to_owned(),
        DataType::YearMonthInterval { .. } => "m".to_owned(),
        DataType::DayTimeInterval { start, end } => {
            let all =
                [(DayTimeField::Day, "d"), (DayTimeField::Hour, "h"), (DayTimeField::Minute, "m"), (DayTimeField::Second, "s.n")];
            let mut out = String::new();
            for (field, letter) in all.iter().filter(|(field, _)| (*start..=*end).contains(field)) {
                let separator = if out.is_empty() {
                    ""
                } else if *field == DayTimeField::Hour {
                    " "
                } else {
                    ":"
                };
                out.push_str(separator);
                out.push_str(letter);
            }
            out
        }
        _ => String::new(),
    };
    format!("`[+|-]{shape}`, `INTERVAL [+|-]'[+|-]{shape}' {fields}`")
}

/// Takes `INTERVAL -'...' DAY TO SECOND` apart into sign and what stands in quotes; a bare text is itself.
fn unwrapped<'a>(text: &'a str, fields: &str) -> Option<(bool, &'a str)> {
    let text = trimmed(text);
    let Some(start) = text.get(..8).filter(|start| start.eq_ignore_ascii_case("interval")) else { return Some((false, text)) };
    let rest = text[start.len()..].trim_start();
    let (negative, rest) = match rest.as_bytes().first()? {
        b'-' => (true, rest[1..].trim_start()),
        b'+' => (false, rest[1..].trim_start()),
        _ => (false, rest),
    };
    let (inner, tail) = rest.strip_prefix('\'')?.split_once('\'')?;
    tail.trim().eq_ignore_ascii_case(fields).then_some((negative, inner))
}

fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn digits(text: &str) -> Option<i64> {
    let fits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn words(start: &str, end: &str) -> String {
    if start == end { start.to_owned() } else { format!("{start} to {end}") }
}

fn year_month(text: &str, start: YearMonthField, end: YearMonthField) -> Option<i32> {
    let (outer, inner) = unwrapped(text, &words(start.word(), end.word()))?;
    let (sign, body) = signed(inner);
    let months = match (start, end) {
        (YearMonthField::Year, YearMonthField::Year) => digits(body)? * 12,
        (YearMonthField::Month, _) => digits(body)?,
        _ => {
            let (years, months) = body.split_once('-')?;
            digits(years)? * 12 + digits(months).filter(|months| *months < 12)?
        }
    };
    i32::try_from(if outer == sign { months } else { -months }).ok()
}

fn day_time(text: &str, start: DayTimeField, end: DayTimeField) -> Option<i64> {
    let (outer, inner) = unwrapped(text, &words(start.word(), end.word()))?;
    let (sign, mut rest) = signed(inner);
    let mut micros: i64 = 0;
    for field in [DayTimeField::Day, DayTimeField::Hour, DayTimeField::Minute, DayTimeField::Second] {
        if !(start..=end).contains(&field) {
            continue;
        }
        let part;
        (part, rest) =
            if field == end { (rest, "") } else { rest.split_once(if field == DayTimeField::Day { ' ' } else { ':' })? };
        let value = if field == DayTimeField::Second { seconds(part)? } else { digits(part)?.checked_mul(unit_of(field))? };
        let most = if field == DayTimeField::Hour { unit_of(DayTimeField::Day) } else { 60 * unit_of(field) };
        if field != start && value >= most {
            return None;
        }
        micros = micros.checked_add(value)?;
    }
    Some(if outer == sign { micros } else { -micros })
}

fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{fraction:0<6}");
    digits(whole)?.checked_mul(MICROS_PER_SECOND)?.checked_add(digits(&padded[..6])?)
}

/// `interval 1 year 2 days 3.5 seconds`, the first word left out or not.
pub fn calendar(text: &str) -> Option<IntervalMonthDayNano> {
    let text = trimmed(text).to_ascii_lowercase();
    let body = text.strip_prefix("interval").map_or(text.as_str(), str::trim_start);
    let mut words = body.split_ascii_whitespace();
    let (mut months, mut days, mut micros, mut any) = (0_i64, 0_i64, 0_i64, false);
    while let Some(mut number) = words.next() {
        let mut negative = false;
        if number == "-" || number == "+" {
            negative = number == "-";
            number = words.next()?;
        }
        let (sign, body) = signed(number);
        let negative = negative != sign;
        let unit = words.next()?;
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let whole = || digits(body).map(|value| if negative { -value } else { value });
        match unit {
            "year" => months = months.checked_add(whole()?.checked_mul(12)?)?,
            "month" => months = months.checked_add(whole()?)?,
            "week" => days = days.checked_add(whole()?.checked_mul(7)?)?,
            "day" => days = days.checked_add(whole()?)?,
            "hour" => micros = micros.checked_add(whole()?.checked_mul(unit_of(DayTimeField::Hour))?)?,
            "minute" => micros = micros.checked_add(whole()?.checked_mul(unit_of(DayTimeField::Minute))?)?,
            "second" => micros = micros.checked_add(seconds(body).map(|value| if negative { -value } else { value })?)?,
            "millisecond" => micros = micros.checked_add(whole()?.checked_mul(1000)?)?,
            "microsecond" => micros = micros.checked_add(whole()?)?,
            _ => return None,
        }
        any = true;
    }
    let nanos = micros.checked_mul(1000)?;
    let made = IntervalMonthDayNano::new(i32::try_from(months).ok()?, i32::try_from(days).ok()?, nanos);
    any.then_some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_intervals() {
        assert_eq!(year_month("1-2", YearMonthField::Year, YearMonthField::Month), Some(14));
        assert_eq!(year_month("INTERVAL '-1-2' YEAR TO MONTH", YearMonthField::Year, YearMonthField::Month), Some(-14));
        assert_eq!(day_time("1 02:03:04.5", DayTimeField::Day, DayTimeField::Second), Some(93_784_500_000));
        assert_eq!(day_time("10:11", DayTimeField::Hour, DayTimeField::Minute), Some(36_660_000_000));
        assert_eq!(day_time("x", DayTimeField::Day, DayTimeField::Second), None);
        assert_eq!(calendar("1 year 2 days"), Some(IntervalMonthDayNano::new(12, 2, 0)));
    }
}
