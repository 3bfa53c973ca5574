//! Values as the text formats write them: times by pattern, everything else as CAST to STRING gives it.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use base64::Engine as _;
use emberflow_base::Result;
use emberflow_functions::Context;
use emberflow_functions::calendar::MICROS_PER_DAY;
use emberflow_functions::cast::{Style, writer as cast_writer};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::patterns::Pattern;
use emberflow_functions::zones::Zone;
use emberflow_plan::DataType;

use crate::options::SourceOptions;

/// How dates and times are written.
#[derive(Debug)]
pub(super) struct Times {
    date: Pattern,
    timestamp: Pattern,
    local: Pattern,
    zone: Zone,
}

impl Times {
    pub fn of(options: &SourceOptions, context: &Context<'_>) -> Result<Self> {
        let pattern = |key: &str, usual: &str| Pattern::parse(options.get(key).unwrap_or(usual));
        Ok(Self {
            date: pattern("dateformat", "yyyy-MM-dd")?,
            timestamp: pattern("timestampformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]")?,
            local: pattern("timestampntzformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]")?,
            zone: Zone::parse(options.get("timezone").unwrap_or(context.time_zone))?,
        })
    }
}

/// What appends a row that is not null.
pub(super) type Write<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// The writer of a column that is not nested.
pub(super) fn writer<'a>(column: &'a ArrayRef, kind: &'a DataType, times: &'a Times) -> Result<Write<'a>> {
    Ok(match kind {
        DataType::Date => {
            let days = column.as_primitive::<Date32Type>();
            Box::new(move |row, out| times.date.print(i64::from(days.value(row)) * MICROS_PER_DAY, &Zone::Fixed(0), out))
        }
        DataType::Timestamp => {
            let micros = column.as_primitive::<TimestampMicrosecondType>();
            Box::new(move |row, out| times.timestamp.print(times.zone.local(micros.value(row)), &times.zone, out))
        }
        DataType::TimestampNtz => {
            let micros = column.as_primitive::<TimestampMicrosecondType>();
            Box::new(move |row, out| times.local.print(micros.value(row), &Zone::Fixed(0), out))
        }
        // Spark writes bytes as `show` prints them.
        DataType::Binary => cast_writer(column, kind, &times.zone, Style::Pretty).map_err(from_datafusion)?,
        _ => cast_writer(column, kind, &times.zone, Style::Cast).map_err(from_datafusion)?,
    })
}

/// Bytes as JSON holds them.
pub(super) fn base64_writer(column: &ArrayRef) -> Write<'_> {
    let bytes = column.as_binary::<i32>();
    Box::new(move |row, out| base64::engine::general_purpose::STANDARD.encode_string(bytes.value(row), out))
}
