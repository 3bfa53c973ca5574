//! Printing and reading by Spark's datetime patterns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::pattern::Pattern;
use super::{moment, zone_for};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::cast::{EvalMode, cast};
use crate::kernel::{Kernel, Texts, primitives, strings, timestamps};
use crate::zones::Zone;

const USUAL: &str = "yyyy-MM-dd HH:mm:ss";

/// Compiled patterns of one batch.
struct Patterns {
    column: Texts,
    known: HashMap<String, Arc<Pattern>>,
    compile: fn(&str) -> Result<Pattern>,
}

impl Patterns {
    fn for_printing(column: Texts) -> Self {
        Self { column, known: HashMap::new(), compile: Pattern::parse }
    }

    fn for_reading(column: Texts) -> Self {
        Self { column, known: HashMap::new(), compile: Pattern::for_reading }
    }

    fn at(&mut self, row: usize) -> Result<Option<Arc<Pattern>>> {
        let Some(pattern) = self.column.at(row) else { return Ok(None) };
        if let Some(known) = self.known.get(pattern) {
            return Ok(Some(Arc::clone(known)));
        }
        let compiled = Arc::new((self.compile)(pattern)?);
        self.known.insert(pattern.to_owned(), Arc::clone(&compiled));
        Ok(Some(compiled))
    }
}

fn pattern_argument(call: &Call<'_>, index: usize) -> Result<Typed> {
    if call.len() > index { call.text(index) } else { Ok(Typed::new(lit(USUAL), DataType::String, false)) }
}

/// `date_format(timestamp, pattern)`
pub fn date_format(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if let DataType::Time(_) = call.type_of(0) {
        return Err(Error::new("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION")
            .with("sqlExpr", format!("\"{}\"", call.texts.first().map_or("", String::as_str)))
            .with("srcType", call.type_of(0).quoted())
            .with("targetType", DataType::Timestamp.quoted()));
    }
    let stamp = moment(&call, 0)?;
    printed(&call, stamp, call.text(1)?)
}

/// `monthname(date)`, `dayname(date)`
pub fn name_of(call: Call<'_>, pattern: &'static str) -> Result<Typed> {
    call.arity(&[1])?;
    let date = call.date(0)?;
    let nullable = date.nullable;
    let stamp = Typed { nullable, ..convert(date, &DataType::TimestampNtz, &call.context)? };
    printed(&call, stamp, Typed::new(lit(pattern), DataType::String, false))
}

fn printed(call: &Call<'_>, stamp: Typed, pattern: Typed) -> Result<Typed> {
    let zone = zone_for(call, &stamp.data_type)?;
    let nullable = stamp.nullable || pattern.nullable;
    let identity = format!("{} {}", stamp.data_type.simple_string(), call.context.time_zone);
    let kernel = Kernel::new("date_format", &DataType::String, nullable, move |columns| {
        let stamps = columns.numbers::<TimestampMicrosecondType>(0)?;
        let mut patterns = Patterns::for_printing(columns.text(1)?);
        strings(columns.rows, |row| {
            let Some((micros, pattern)) = stamps.at(row).zip(patterns.at(row)?) else { return Ok(None) };
            let mut out = String::new();
            pattern.print(zone.local(micros), &zone, &mut out);
            Ok(Some(out))
        })
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(vec![stamp.expr, pattern.expr]), DataType::String, nullable))
}

/// `from_unixtime(seconds [, pattern])`
pub fn from_unixtime(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (seconds, pattern) = (call.long(0)?, pattern_argument(&call, 1)?);
    let zone = zone_for(&call, &DataType::Timestamp)?;
    let nullable = true;
    let kernel = Kernel::new("from_unixtime", &DataType::String, nullable, move |columns| {
        let seconds = columns.numbers::<Int64Type>(0)?;
        let mut patterns = Patterns::for_printing(columns.text(1)?);
        strings(columns.rows, |row| {
            let Some((seconds, pattern)) = seconds.at(row).zip(patterns.at(row)?) else { return Ok(None) };
            let mut out = String::new();
            pattern.print(zone.local(seconds.wrapping_mul(1_000_000)), &zone, &mut out);
            Ok(Some(out))
        })
    });
    let kernel = kernel.identity(call.context.time_zone).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![seconds.expr, pattern.expr]), DataType::String, nullable))
}

/// What to make of a text that is read.
#[derive(Clone, Copy)]
enum Wanted {
    Days,
    Instant,
    Local,
    Seconds,
}

/// `to_date(value [, pattern])`; `forgiving`: null instead of an error.
pub fn to_date(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1, 2])?;
    if call.len() == 1 || !reads_text(&call) {
        return plain_cast(&call, DataType::Date, forgiving);
    }
    read(&call, Wanted::Days, DataType::Date, forgiving)
}

/// `to_timestamp(value [, pattern])`: what the session calls a timestamp.
pub fn to_timestamp_as_named(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    let kind = call.context.timestamp_type();
    to_timestamp(call, kind, forgiving)
}

/// `to_timestamp_ltz(value [, pattern])`, `to_timestamp_ntz(value [, pattern])`
pub fn to_timestamp(call: Call<'_>, kind: DataType, forgiving: bool) -> Result<Typed> {
    call.arity(&[1, 2])?;
    if call.len() == 1 || !reads_text(&call) {
        return plain_cast(&call, kind, forgiving);
    }
    let wanted = if kind == DataType::Timestamp { Wanted::Instant } else { Wanted::Local };
    read(&call, wanted, kind, forgiving)
}

fn reads_text(call: &Call<'_>) -> bool {
    call.type_of(0).is_string() || call.type_of(0) == &DataType::Null
}

fn plain_cast(call: &Call<'_>, kind: DataType, forgiving: bool) -> Result<Typed> {
    let from = call.type_of(0);
    let fits =
        from.is_string() || from.is_datetime() || *from == DataType::Null || (kind == DataType::Timestamp && from.is_numeric());
    if !fits {
        let expected = "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")";
        return Err(call.wants(0, expected));
    }
    let mode = if forgiving { EvalMode::Try } else { call.context.mode() };
    cast(call.argument(0)?, &kind, mode, &call.context)
}

fn read(call: &Call<'_>, wanted: Wanted, kind: DataType, forgiving: bool) -> Result<Typed> {
    let (text, pattern) = (call.text(0)?, pattern_argument(call, 1)?);
    let (ansi, zone) = (call.context.ansi && !forgiving, Zone::parse(call.context.time_zone)?);
    let nullable = !ansi || text.nullable || pattern.nullable;
    let function = if kind == DataType::Date { "`try_to_date`" } else { "`try_to_timestamp`" };
    let kernel = Kernel::new(call.name, &kind, nullable, move |columns| {
        let texts = columns.text(0)?;
        let mut patterns = Patterns::for_reading(columns.text(1)?);
        let mut reading = |row| {
            let Some((text, pattern)) = texts.at(row).zip(patterns.at(row)?) else { return Ok(None) };
            match pattern.read(text) {
                Some(reading) => Ok(Some(reading)),
                None if ansi => {
                    Err(Error::new("CANNOT_PARSE_TIMESTAMP").with("func", function).with("message", pattern.complaint(text)))
                }
                None => Ok(None),
            }
        };
        match wanted {
            Wanted::Days => primitives::<Date32Type>(columns.rows, |row| Ok(reading(row)?.map(|read| read.days() as i32))),
            Wanted::Instant => timestamps(columns.rows, |row| Ok(reading(row)?.map(|read| read.instant(&zone)))),
            Wanted::Local => {
                primitives::<TimestampMicrosecondType>(columns.rows, |row| Ok(reading(row)?.map(|read| read.local())))
            }
            Wanted::Seconds => primitives::<Int64Type>(columns.rows, |row| {
                Ok(reading(row)?.map(|read| read.instant(&zone).div_euclid(1_000_000)))
            }),
        }
    });
    let kernel = kernel.identity(format!("{ansi} {}", call.context.time_zone)).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![text.expr, pattern.expr]), kind, nullable))
}

/// `unix_timestamp([value [, pattern]])`, `to_unix_timestamp(value [, pattern])`
pub fn unix_timestamp(call: Call<'_>) -> Result<Typed> {
    call.arity(if call.name == "unix_timestamp" { &[0, 1, 2] } else { &[1, 2] })?;
    if call.is_empty() {
        let seconds = call.context.now_micros.div_euclid(1_000_000);
        return Ok(Typed::new(lit(seconds), DataType::Long, false));
    }
    if reads_text(&call) {
        return read(&call, Wanted::Seconds, DataType::Long, false);
    }
    let stamp = call.timestamp(0)?;
    let nullable = stamp.nullable;
    let kernel = Kernel::new("unix_timestamp", &DataType::Long, nullable, |columns| {
        let stamps = columns.numbers::<TimestampMicrosecondType>(0)?;
        primitives::<Int64Type>(columns.rows, |row| Ok(stamps.at(row).map(|micros| micros.div_euclid(1_000_000))))
    });
    Ok(Typed::new(kernel.call(vec![stamp.expr]), DataType::Long, nullable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_say_where_and_why() {
        let complain = |pattern: &str, text: &str| Pattern::for_reading(pattern).unwrap().complaint(text);
        assert_eq!(complain("yyyy", "x"), "Text 'x' could not be parsed at index 0");
        assert_eq!(
            complain("yyyy-MM-dd", "2024-13-01"),
            "Text '2024-13-01' could not be parsed: Invalid value for MonthOfYear (valid values 1 - 12): 13"
        );
        assert_eq!(complain("yyyy", "2024 a"), "Text '2024 a' could not be parsed, unparsed text found at index 4");
        assert_eq!(
            complain("yyyy-MM-dd", "2023-02-29"),
            "Text '2023-02-29' could not be parsed: Invalid date 'February 29' as '2023' is not a leap year"
        );
    }
}
