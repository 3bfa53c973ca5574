//! Columns that stand in the names of folders: their types, their values, and how names are escaped.
//!
//!     a=1/b=x%3Ay ──► values of all files, by column ──► narrowest type ──► one row of values per file
//!
//! Types are guessed as Spark guesses them (`PartitioningUtils`): int, bigint, decimal, double, timestamp, date, string.

use arrow::array::{ArrayRef, StringArray};
use emberflow_base::{Error, Result};
use emberflow_functions::Context;
use emberflow_functions::EvalMode;
use emberflow_functions::cast::{Casting, cast_column, parse_date, parse_timestamp};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::zones::Zone;
use emberflow_plan::{DataType, StructField, StructType};
use std::sync::Arc;

use crate::listing::DataFile;

/// The partition columns of files, each with the value of every file.
pub(crate) struct Partitions {
    pub fields: Vec<StructField>,
    pub values: Vec<ArrayRef>,
}

impl Partitions {
    /// Types come from `schema` where it names the column, else they are guessed.
    pub fn of(files: &[DataFile], schema: Option<&StructType>, context: &Context<'_>) -> Result<Self> {
        let guesses = !context.settings.get(INFERENCE).is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        let names = files.first().map(|file| file.partition.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        for (position, name) in names.unwrap_or_default().into_iter().enumerate() {
            let texts: StringArray =
                files.iter().map(|file| file.partition.get(position).and_then(|(_, value)| value.as_deref())).collect();
            let given = schema.and_then(|schema| schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(&name)));
            let data_type = match given {
                Some(field) => field.data_type.clone(),
                None if guesses => guessed(texts.iter().flatten(), context.settings.local_timestamps()),
                None => DataType::String,
            };
            let zone = Zone::parse(context.time_zone)?;
            let casting = Casting { mode: EvalMode::Ansi, zone, now_micros: context.now_micros };
            let texts: ArrayRef = Arc::new(texts);
            let typed = cast_column(&texts, &DataType::String, &data_type, &casting).map_err(from_datafusion)?;
            fields.push(StructField::new(given.map_or(name, |field| field.name.clone()), data_type, true));
            values.push(typed);
        }
        Ok(Self { fields, values })
    }

    /// `schema` without the columns that stand in folders.
    pub fn without(&self, schema: &StructType) -> StructType {
        let is_data = |field: &&StructField| !self.fields.iter().any(|own| own.name.eq_ignore_ascii_case(&field.name));
        StructType::new(schema.fields.iter().filter(is_data).cloned().collect())
    }
}

const INFERENCE: &str = "spark.sql.sources.partitionColumnTypeInference.enabled";

fn guessed<'v>(values: impl Iterator<Item = &'v str>, local_timestamps: bool) -> DataType {
    values.map(|value| type_of(value, local_timestamps)).reduce(wider).unwrap_or(DataType::String)
}

fn type_of(text: &str, local_timestamps: bool) -> DataType {
    if text.parse::<i32>().is_ok() {
        DataType::Int
    } else if text.parse::<i64>().is_ok() {
        DataType::Long
    } else if let Some(digits) = whole_number_digits(text) {
        DataType::decimal(digits, 0)
    } else if is_double(text) {
        DataType::Double
    } else if is_timestamp(text) {
        if local_timestamps { DataType::TimestampNtz } else { DataType::Timestamp }
    } else if text.len() == 10 && parse_date(text).is_some() {
        DataType::Date
    } else {
        DataType::String
    }
}

/// How many digits a whole number has that a decimal can hold.
fn whole_number_digits(text: &str) -> Option<u8> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let significant = digits.trim_start_matches('0').len().max(1);
    (fits && significant <= 38).then_some(significant as u8)
}

fn is_double(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) && text.parse::<f64>().is_ok()
        || matches!(text, "NaN" | "Infinity" | "-Infinity" | "+Infinity")
}

/// `yyyy-MM-dd HH:mm:ss[.S]`
fn is_timestamp(text: &str) -> bool {
    text.len() >= 19 && text.as_bytes()[10] == b' ' && parse_timestamp(text, |_| None).is_some_and(|(_, zone)| zone.is_none())
}

fn wider(one: DataType, two: DataType) -> DataType {
    use DataType::{Date, Decimal, Double, Int, Long, Timestamp, TimestampNtz};
    match (one, two) {
        (one, two) if one == two => one,
        (Int, Long) | (Long, Int) => Long,
        (Int, Double) | (Double, Int) => Double,
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        (Date, TimestampNtz) | (TimestampNtz, Date) => TimestampNtz,
        (Int, Decimal { precision, .. }) | (Decimal { precision, .. }, Int) => DataType::decimal(precision.max(10), 0),
        (Long, Decimal { precision, .. }) | (Decimal { precision, .. }, Long) => DataType::decimal(precision.max(20), 0),
        (Decimal { precision, .. }, Decimal { precision: other, .. }) => DataType::decimal(precision.max(other), 0),
        _ => DataType::String,
    }
}

/// `a%3Ab` from `a:b`: the characters Hive does not allow in names of folders.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let escape =
            matches!(letter, '\u{1}'..='\u{1f}' | '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '\u{7f}')
                || matches!(letter, '{' | '[' | ']' | '^');
        if escape {
            out.push_str(&format!("%{:02X}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Spark's error about a column that cannot stand in folders.
pub fn check_partition_type(field: &StructField) -> Result<()> {
    match field.data_type {
        DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::Variant | DataType::Collated(_) => {
            Err(Error::new("INVALID_PARTITION_COLUMN_DATA_TYPE").with("type", field.data_type.quoted()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_guessed_as_spark_guesses() {
        let of = |texts: &[&str]| guessed(texts.iter().copied(), false).simple_string();
        assert_eq!(of(&["1", "2"]), "int");
        assert_eq!(of(&["1", "3000000000"]), "bigint");
        assert_eq!(of(&["99999999999999999999"]), "decimal(20,0)");
        assert_eq!(of(&["1", "2.5"]), "double");
        assert_eq!(of(&["3000000000", "2.5"]), "string");
        assert_eq!(of(&["2024-01-01"]), "date");
        assert_eq!(of(&["2024-01-01", "2024-01-01 10:00:00"]), "timestamp");
        assert_eq!(of(&["1", "2024-01-01"]), "string");
        assert_eq!(of(&["01"]), "int");
        assert_eq!(of(&[]), "string");
        assert_eq!(guessed(["2024-01-01 10:00:00"].into_iter(), true).simple_string(), "timestamp_ntz");
    }

    #[test]
    fn names_of_folders_are_escaped_as_hive_does() {
        assert_eq!(escaped("a b/c:d=e%"), "a b%2Fc%3Ad%3De%25");
        assert_eq!(crate::paths::decoded(&escaped("ü[1]")), "ü[1]");
    }
}
