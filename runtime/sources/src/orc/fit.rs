//! What the decoders give, as the columns of the table: other types, other calendars, other zones.
//!
//!     decoded ─► instants, dates, texts as Spark means them ─► (cast, as ORC's own readers do: what does not fit is null)
//!             ─► fields of structs by name, missing ones null
//!
//! A timestamp is a wall clock in the zone of the file's writer, and means what that clock shows in the reader's zone.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int32Array, Int64Array, IntervalYearMonthArray, ListArray, MapArray, StringArray,
    StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Date32Type, Decimal128Type, FieldRef, Fields, Int32Type, Int64Type};
use arrow::error::ArrowError;
use emberflow_base::{Error, Result};
use emberflow_functions::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND, days_of};
use emberflow_functions::cast::{Casting, cast_column};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::types::to_arrow;
use emberflow_functions::zones::Zone;
use emberflow_plan::DataType;

use super::tail::{FileTail, OrcType};
use super::types::{self, spark_type, stored_type};

/// The first day that calendars count as today; days before it have other names in the calendar of their time.
pub(super) const GREGORIAN_DAY: i32 = -141_427;

/// How a column of a file becomes one of the table.
pub(super) struct Fit {
    returns: Arrow,
    kind: Kind,
}

enum Kind {
    Value { orc: OrcType, is_proleptic: bool, from: DataType, to: DataType, casting: Casting },
    Struct(Vec<Option<(usize, Fit)>>),
    List(Box<Fit>),
    Map(Box<(Fit, Fit)>),
}

impl Fit {
    /// The column `at` of a file as `wanted`; an error if its kind is another altogether.
    pub fn new(tail: &FileTail, at: usize, wanted: &DataType, case_sensitive: bool, casting: &Casting) -> Result<Self> {
        let own = &tail.types[at];
        let below = |child: usize, wanted: &DataType| {
            let place =
                own.children.get(child).and_then(|place| usize::try_from(*place).ok()).filter(|at| *at < tail.types.len());
            let place = place.ok_or_else(|| Error::internal("a type of an ORC file lacks its parts"))?;
            Self::new(tail, place, wanted, case_sensitive, casting)
        };
        let kind = match (own.kind, wanted) {
            (_, DataType::Udt { sql_type, .. }) => return Self::new(tail, at, sql_type, case_sensitive, casting),
            (types::STRUCT, DataType::Struct(fields)) => {
                let place = |name: &str| {
                    let same = |known: &String| if case_sensitive { known == name } else { known.eq_ignore_ascii_case(name) };
                    own.names.iter().position(same)
                };
                let field = |field: &emberflow_plan::StructField| {
                    place(&field.name).map(|child| Ok((child, below(child, &field.data_type)?))).transpose()
                };
                Kind::Struct(fields.fields.iter().map(field).collect::<Result<_>>()?)
            }
            (types::LIST, DataType::Array { element, .. }) => Kind::List(Box::new(below(0, element)?)),
            (types::MAP, DataType::Map { key, value, .. }) => Kind::Map(Box::new((below(0, key)?, below(1, value)?))),
            (kind, DataType::Struct(_) | DataType::Array { .. } | DataType::Map { .. }) => {
                return Err(no_cast(tail, at, kind, wanted));
            }
            (kind @ (types::STRUCT | types::LIST | types::MAP), _) => return Err(no_cast(tail, at, kind, wanted)),
            (_, wanted) => Kind::Value {
                orc: own.clone(),
                is_proleptic: tail.is_proleptic,
                from: stored_type(&tail.types, at)?,
                to: storage(wanted),
                casting: Casting { mode: casting.mode, zone: casting.zone.clone(), now_micros: casting.now_micros },
            },
        };
        Ok(Self { returns: to_arrow(wanted), kind })
    }

    /// `zone` is the one of the file's writer, `local` ours.
    pub fn apply(&self, array: &ArrayRef, zone: Option<&Zone>, local: &Zone) -> Result<ArrayRef> {
        let failed = |error: ArrowError| Error::internal(format!("a column of an ORC file cannot be made: {error}"));
        match (&self.kind, &self.returns) {
            (Kind::Value { orc, is_proleptic, from, to, casting }, returns) => {
                let value = meant(array, orc, *is_proleptic, zone, local)?;
                let value = match (from, to) {
                    (from, to) if from == to => value,
                    (DataType::Boolean | DataType::Decimal { .. }, DataType::String) => texts(&value, from, casting)?,
                    _ => cast_column(&value, from, to, casting).map_err(from_datafusion)?,
                };
                reinterpreted(value, returns).map_err(failed)
            }
            (Kind::Struct(children), Arrow::Struct(fields)) => {
                let own = array.as_struct_opt().ok_or_else(|| other_kind("a struct"))?;
                structs(own, children, fields, zone, local)
            }
            (Kind::List(item), Arrow::List(field)) => {
                let own = array.as_list_opt::<i32>().ok_or_else(|| other_kind("a list"))?;
                let values = item.apply(own.values(), zone, local)?;
                let made = ListArray::try_new(Arc::clone(field), own.offsets().clone(), values, own.nulls().cloned());
                made.map(|made| Arc::new(made) as ArrayRef).map_err(failed)
            }
            (Kind::Map(parts), Arrow::Map(entries, _)) => {
                let own = array.as_map_opt().ok_or_else(|| other_kind("a map"))?;
                let (keys, values) = (parts.0.apply(own.keys(), zone, local)?, parts.1.apply(own.values(), zone, local)?);
                let Arrow::Struct(fields) = entries.data_type() else { return Err(other_kind("a map")) };
                let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(failed)?;
                let entries: FieldRef = Arc::clone(entries);
                let made = MapArray::try_new(entries, own.offsets().clone(), pairs, own.nulls().cloned(), false);
                made.map(|made| Arc::new(made) as ArrayRef).map_err(failed)
            }
            _ => Err(other_kind("something else")),
        }
    }
}

fn structs(
    own: &StructArray,
    children: &[Option<(usize, Fit)>],
    fields: &Fields,
    zone: Option<&Zone>,
    local: &Zone,
) -> Result<ArrayRef> {
    let mut columns = Vec::with_capacity(children.len());
    for (child, field) in children.iter().zip(fields) {
        columns.push(match child {
            Some((at, fit)) => fit.apply(own.column(*at), zone, local)?,
            None => new_null_array(field.data_type(), own.len()),
        });
    }
    let made = StructArray::try_new_with_length(fields.clone(), columns, own.nulls().cloned(), own.len());
    made.map(|made| Arc::new(made) as ArrayRef).map_err(|error| Error::internal(error.to_string()))
}

fn no_cast(tail: &FileTail, at: usize, _kind: u64, wanted: &DataType) -> Error {
    let own = spark_type(&tail.types, at).map_or_else(|_| "another type".to_owned(), |own| own.quoted());
    Error::new("UNSUPPORTED_FEATURE.ORC_TYPE_CAST").with("orcType", own).with("toType", wanted.quoted())
}

fn other_kind(expected: &str) -> Error {
    Error::internal(format!("the decoder of an ORC file was to give {expected}"))
}

/// Where ORC's readers spell values otherwise than Spark: `TRUE`, and decimals without zeros at their ends.
fn texts(value: &ArrayRef, from: &DataType, casting: &Casting) -> Result<ArrayRef> {
    let spelled = cast_column(value, from, &DataType::String, casting).map_err(from_datafusion)?;
    let spelled = spelled.as_string_opt::<i32>().ok_or_else(|| other_kind("texts"))?;
    let respell = |text: &str| match from {
        DataType::Boolean => text.to_uppercase(),
        _ if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text.to_owned(),
    };
    Ok(Arc::new(spelled.iter().map(|text| text.map(respell)).collect::<StringArray>()))
}

/// The type under which ORC stores a Spark type.
fn storage(wanted: &DataType) -> DataType {
    match wanted {
        DataType::TimestampNtz | DataType::DayTimeInterval { .. } | DataType::Time(_) => DataType::Long,
        DataType::YearMonthInterval { .. } => DataType::Int,
        other => other.clone(),
    }
}

/// Numbers as the wall clocks and intervals they stand for.
fn reinterpreted(value: ArrayRef, returns: &Arrow) -> Result<ArrayRef, ArrowError> {
    match returns {
        own if value.data_type() == own => Ok(value),
        Arrow::Interval(_) => {
            let months: &Int32Array = value.as_primitive::<Int32Type>();
            Ok(Arc::new(IntervalYearMonthArray::new(months.values().clone(), months.nulls().cloned())))
        }
        Arrow::Duration(_) => {
            let micros: &Int64Array = value.as_primitive::<Int64Type>();
            Ok(Arc::new(micros.reinterpret_cast::<arrow::datatypes::DurationMicrosecondType>()))
        }
        Arrow::Time64(_) => {
            let nanos: &Int64Array = value.as_primitive::<Int64Type>();
            Ok(Arc::new(nanos.reinterpret_cast::<arrow::datatypes::Time64NanosecondType>()))
        }
        other => cast(&value, other),
    }
}

/// Values as Spark means them, whatever the file's zone and calendar.
fn meant(array: &ArrayRef, orc: &OrcType, is_proleptic: bool, zone: Option<&Zone>, local: &Zone) -> Result<ArrayRef> {
    Ok(match orc.kind {
        types::TIMESTAMP => Arc::new(moments(array, zone.unwrap_or(local), local, is_proleptic)?),
        types::INSTANT => Arc::new(moments(array, &Zone::Fixed(0), &Zone::Fixed(0), is_proleptic)?),
        types::DATE if !is_proleptic => {
            let days: &Date32Array = array.as_primitive::<Date32Type>();
            if days.values().iter().all(|day| *day >= GREGORIAN_DAY) {
                return Ok(Arc::clone(array));
            }
            Arc::new(days.unary::<_, Date32Type>(gregorian_days))
        }
        types::CHAR => {
            let texts = array.as_string_opt::<i32>().ok_or_else(|| other_kind("texts"))?;
            // Hive knows no longer ones.
            let width = orc.length_max.min(255) as usize;
            let padded = |text: &str| format!("{:width$}", text.trim_end_matches(' '));
            Arc::new(texts.iter().map(|text| text.map(padded)).collect::<StringArray>())
        }
        _ => Arc::clone(array),
    })
}

/// A day counted in the calendar of its time, as the day of the same name in today's.
pub(super) fn gregorian_days(days: i32) -> i32 {
    if days >= GREGORIAN_DAY {
        return days;
    }
    // Days from the first of March of the year -4800 on, whose leap days stand at the ends of its years.
    let from_start = i64::from(days) + 2_440_588 + 32_082;
    let year = (4 * from_start + 3).div_euclid(1461);
    let of_year = from_start - (1461 * year).div_euclid(4);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let named = days_of(year - 4800 + month / 10, (month + 3 - 12 * (month / 10)) as u32, day as u32);
    i32::try_from(named).unwrap_or(days)
}

/// From this moment ORC counts seconds, in the zone of the writer.
pub(super) const EPOCH_MICROS: i64 = 1_420_070_400 * MICROS_PER_SECOND;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Nanoseconds that were decoded as if the writer's zone were UTC, as instants.
fn moments(array: &ArrayRef, writer: &Zone, local: &Zone, is_proleptic: bool) -> Result<TimestampMicrosecondArray> {
    let nanos = array.as_primitive_opt::<Decimal128Type>().ok_or_else(|| other_kind("moments"))?;
    let shift = i128::from((writer.instant(EPOCH_MICROS) - EPOCH_MICROS) / MICROS_PER_SECOND);
    let near = writer.near();
    let convert = |value: i128| -> Option<i64> {
        let (mut second, fraction) = (value.div_euclid(NANOS_PER_SECOND), value.rem_euclid(NANOS_PER_SECOND));
        // Seconds before 1970 with a fraction are stored one too high; the decoder has put that right for UTC.
        let is_late = fraction > 999_999;
        if second < 0 && is_late {
            second += 1;
        }
        second += shift;
        if second < 0 && is_late {
            second -= 1;
        }
        let micros = i64::try_from(second * 1_000_000 + fraction / 1000).ok()?;
        let micros = if writer == local { micros } else { local.instant(near.local(micros)) };
        Some(if is_proleptic { micros } else { gregorian_micros(micros, local) })
    };
    let convert = |value: i128| {
        let too_far = || Error::new("DATETIME_OVERFLOW").with("operation", "read a timestamp of an ORC file");
        convert(value).ok_or_else(too_far)
    };
    let made: TimestampMicrosecondArray = nanos.try_unary(convert)?;
    Ok(made.with_timezone("UTC"))
}

fn gregorian_micros(micros: i64, local: &Zone) -> i64 {
    // A day's margin for the zone.
    if micros >= (i64::from(GREGORIAN_DAY) + 1) * MICROS_PER_DAY {
        return micros;
    }
    let clock = local.local(micros);
    let Ok(day) = i32::try_from(clock.div_euclid(MICROS_PER_DAY)) else { return micros };
    local.instant(clock + i64::from(gregorian_days(day) - day) * MICROS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_the_calendar_changed_keep_their_names() {
        let named = |year, month, day| days_of(year, month, day) as i32;
        // The fourth of October 1582 was followed by the fifteenth.
        assert_eq!(gregorian_days(GREGORIAN_DAY), named(1582, 10, 15));
        assert_eq!(gregorian_days(GREGORIAN_DAY - 1), named(1582, 10, 4));
        assert_eq!(gregorian_days(-719_164), named(1, 1, 1));
        assert_eq!(gregorian_days(0), 0);
    }
}
