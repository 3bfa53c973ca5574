//! Types as SQL and DDL write them, and lists of columns with types.
//!
//!     type     ARRAY<INT>   STRUCT<a: INT NOT NULL COMMENT 'x'>   DECIMAL(10, 2)   INTERVAL DAY TO SECOND
//!     columns  a INT NOT NULL, b STRING DEFAULT 'x' COMMENT 'y'
//!
//! Comments and defaults become the field's metadata, as in Spark.
//! Not here: the public faces (`crate::ddl`). Begin at [`Parser::data_type`].

use emberflow_base::{Error, Exception, Result};
use serde_json::{Map, Value};

use super::cursor::Parser;
use crate::collation::Collation;
use crate::types::{DataType, DayTimeField, StructField, StructType, YearMonthField};

impl Parser<'_> {
    pub fn data_type(&mut self) -> Result<DataType> {
        self.deeper(Self::data_type_here)
    }

    fn data_type_here(&mut self) -> Result<DataType> {
        let start = self.at;
        let word = self.identifier()?.to_uppercase();
        match word.as_str() {
            "ARRAY" | "MAP" | "STRUCT" => self.complex_type(start, &word),
            "INTERVAL" => self.interval_type(start),
            "TIMESTAMP" => self.timestamp_type(start),
            "TIME" => self.time_type(start),
            "STRING" => self.string_type(start),
            _ => self.plain_type(start, &word),
        }
    }

    fn complex_type(&mut self, start: usize, word: &str) -> Result<DataType> {
        if word == "STRUCT" && self.take_sign("<>") {
            return Ok(DataType::Struct(StructType::default()));
        }
        if self.is_sign("<>") {
            return Err(self.error_here());
        }
        if !self.take_sign("<") {
            return Err(self.incomplete_type(start, word));
        }
        let data_type = match word {
            "ARRAY" => DataType::array(self.data_type()?, true),
            "MAP" => {
                let key = self.data_type()?;
                self.expect_sign(",")?;
                DataType::map(key, self.data_type()?, true)
            }
            _ => self.struct_fields()?,
        };
        self.expect_sign(">")?;
        Ok(data_type)
    }

    fn struct_fields(&mut self) -> Result<DataType> {
        let fields = if self.is_sign(">") { Vec::new() } else { self.list(Self::struct_field)? };
        Ok(DataType::Struct(StructType::new(fields)))
    }

    fn struct_field(&mut self) -> Result<StructField> {
        let name = self.identifier()?;
        self.take_sign(":");
        let data_type = self.data_type()?;
        self.field_options(StructField::new(name, data_type, true))
    }

    /// `a INT NOT NULL DEFAULT 1 COMMENT 'x', ...` without parentheses.
    pub fn columns(&mut self) -> Result<StructType> {
        Ok(StructType::new(self.list(Self::column)?))
    }

    pub(super) fn column(&mut self) -> Result<StructField> {
        if self.are_words(&["PRIMARY", "KEY"]) || self.are_words(&["FOREIGN", "KEY"]) || self.is_check() {
            return Err(Error::unsupported("constraints of tables"));
        }
        let name = self.identifier()?;
        let data_type = self.data_type()?;
        self.field_options(StructField::new(name, data_type, true))
    }

    /// `CONSTRAINT c CHECK (..)`, `UNIQUE (..)`
    fn is_check(&self) -> bool {
        let at_name = if self.is_word("CONSTRAINT") { 2 } else { 0 };
        self.is_one_of_at(at_name, &["CHECK", "UNIQUE", "PRIMARY", "FOREIGN"]) && (at_name > 0 || self.is_sign_at(1, "("))
    }

    fn field_options(&mut self, mut field: StructField) -> Result<StructField> {
        let mut metadata = Map::new();
        loop {
            if self.take_words(&["NOT", "NULL"]) {
                field.nullable = false;
            } else if self.take_word("COMMENT") {
                metadata.insert("comment".into(), Value::String(self.string()?));
            } else if self.take_word("DEFAULT") {
                let default = self.written_expression()?;
                metadata.insert("CURRENT_DEFAULT".into(), Value::String(default.clone()));
                metadata.insert("EXISTS_DEFAULT".into(), Value::String(default));
            } else if self.is_word("GENERATED") {
                return Err(Error::unsupported("generated columns"));
            } else {
                break;
            }
        }
        field.metadata = (!metadata.is_empty()).then(|| Value::Object(metadata).to_string());
        Ok(field)
    }

    /// The text of an expression that is only checked to be one.
    fn written_expression(&mut self) -> Result<String> {
        let start = self.at;
        self.expression()?;
        Ok(self.written_since(start).to_owned())
    }

    fn interval_type(&mut self, start: usize) -> Result<DataType> {
        let Some(from) = self.take_one_of(&["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"]) else {
            return Ok(DataType::CalendarInterval);
        };
        let to = match self.take_word("TO") {
            true => self.take_one_of(&["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"]).ok_or_else(|| self.error_here())?,
            false => from,
        };
        interval_between(from, to).ok_or_else(|| {
            let written = self.written_since(start);
            let error = Error::new("INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION").with("input", written);
            self.error_since(start, error.with("from", from.to_lowercase()).with("to", to.to_lowercase()))
        })
    }

    fn timestamp_type(&mut self, start: usize) -> Result<DataType> {
        if self.take_words(&["WITHOUT", "TIME", "ZONE"]) {
            return Ok(DataType::TimestampNtz);
        }
        let names_zone = self.take_words(&["WITH", "LOCAL", "TIME", "ZONE"]);
        let is_local = self.local_timestamps && !names_zone;
        self.without_parameters(start, if is_local { DataType::TimestampNtz } else { DataType::Timestamp })
    }

    fn time_type(&mut self, start: usize) -> Result<DataType> {
        let precision = match self.type_parameters()? {
            None => 6,
            Some(parameters) => match parameters[..] {
                [precision @ 0..=6] => precision as u8,
                [precision] => {
                    return Err(Error::new("UNSUPPORTED_TIME_PRECISION")
                        .with("precision", precision.to_string())
                        .exception_class(Exception::Spark));
                }
                _ => return Err(self.unsupported_type(start)),
            },
        };
        self.take_words(&["WITHOUT", "TIME", "ZONE"]);
        Ok(DataType::Time(precision))
    }

    fn string_type(&mut self, start: usize) -> Result<DataType> {
        if self.take_word("COLLATE") {
            let name = self.multipart_identifier()?.join(".");
            return Ok(DataType::text(Collation::named(&name)?));
        }
        self.without_parameters(start, DataType::String)
    }

    fn plain_type(&mut self, start: usize, word: &str) -> Result<DataType> {
        let plain = match word {
            "BOOLEAN" => DataType::Boolean,
            "TINYINT" | "BYTE" => DataType::Byte,
            "SMALLINT" | "SHORT" => DataType::Short,
            "INT" | "INTEGER" => DataType::Int,
            "BIGINT" | "LONG" => DataType::Long,
            "FLOAT" | "REAL" => DataType::Float,
            "DOUBLE" => DataType::Double,
            "DATE" => DataType::Date,
            "TIMESTAMP_NTZ" => DataType::TimestampNtz,
            "TIMESTAMP_LTZ" => DataType::Timestamp,
            "BINARY" => DataType::Binary,
            "VOID" => DataType::Null,
            "VARIANT" => DataType::Variant,
            "DECIMAL" | "DEC" | "NUMERIC" => return self.decimal_type(start),
            "CHAR" | "CHARACTER" | "VARCHAR" => return self.sized_string_type(start, word),
            _ => {
                self.type_parameters()?;
                return Err(self.unsupported_type(start));
            }
        };
        self.without_parameters(start, plain)
    }

    fn without_parameters(&mut self, start: usize, data_type: DataType) -> Result<DataType> {
        match self.type_parameters()? {
            None => Ok(data_type),
            Some(_) => Err(self.unsupported_type(start)),
        }
    }

    fn decimal_type(&mut self, start: usize) -> Result<DataType> {
        let (precision, scale) = match self.type_parameters()?.as_deref() {
            None => (10, 0),
            Some([precision]) => (*precision, 0),
            Some([precision, scale]) => (*precision, *scale),
            Some(_) => return Err(self.unsupported_type(start)),
        };
        if precision > 38 {
            return Err(too_precise(precision));
        }
        if scale > precision {
            let text = format!("Decimal scale ({scale}) cannot be greater than precision ({precision}).");
            let error = Error::new("_LEGACY_ERROR_TEMP_1228").text(text).with("scale", scale.to_string());
            return Err(self.error_since(start, error.with("precision", precision.to_string())));
        }
        Ok(DataType::decimal(precision as u8, scale as i8))
    }

    fn sized_string_type(&mut self, start: usize, word: &str) -> Result<DataType> {
        match self.type_parameters()?.as_deref() {
            Some([length]) if *length > 0 && word == "VARCHAR" => Ok(DataType::Varchar(*length)),
            Some([length]) if *length > 0 => Ok(DataType::Char(*length)),
            Some(_) => Err(self.unsupported_type(start)),
            None => {
                let name = format!("\"{word}\"");
                let text = format!("The type {name} needs a length, for instance {word}(10).");
                Err(self.error_since(start, Error::new("DATATYPE_MISSING_SIZE").with("type", name).text(text)))
            }
        }
    }

    /// `(10, 2)`, if any.
    fn type_parameters(&mut self) -> Result<Option<Vec<u32>>> {
        if !self.is_sign("(") {
            return Ok(None);
        }
        self.in_parentheses(|parser| parser.integer()).map(Some)
    }

    fn unsupported_type(&self, start: usize) -> Error {
        let written: String = self.written_since(start).split_whitespace().collect();
        let name = format!("\"{}\"", written.to_uppercase());
        self.error_since(
            start,
            Error::new("UNSUPPORTED_DATATYPE").text(format!("There is no data type {name}.")).with("typeName", name),
        )
    }

    fn incomplete_type(&self, start: usize, word: &str) -> Error {
        let wanted = match word {
            "ARRAY" => "ARRAY<INT>",
            "MAP" => "MAP<STRING, INT>",
            _ => "STRUCT<a: INT>",
        };
        let text = format!("The type {word} is not complete; write for instance {wanted}.");
        let mut error = Error::new(format!("INCOMPLETE_TYPE_DEFINITION.{word}")).text(text);
        if word == "ARRAY" {
            error = error.with("elementType", "<INT>");
        }
        self.error_since(start, error)
    }
}

/// "No decimal has that many digits."
pub(super) fn too_precise(precision: u32) -> Error {
    Error::new("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION")
        .text(format!("A decimal of {precision} digits exceeds the most there can be, 38."))
        .with("precision", precision.to_string())
        .with("maxPrecision", "38")
}

/// The interval type between two fields in upper case, if there is one.
pub(super) fn interval_between(from: &str, to: &str) -> Option<DataType> {
    if let (Some(start), Some(end)) = (year_month_field(from), year_month_field(to)) {
        return (start <= end).then_some(DataType::YearMonthInterval { start, end });
    }
    let (start, end) = (day_time_field(from)?, day_time_field(to)?);
    (start <= end).then_some(DataType::DayTimeInterval { start, end })
}

fn year_month_field(word: &str) -> Option<YearMonthField> {
    match word {
        "YEAR" => Some(YearMonthField::Year),
        "MONTH" => Some(YearMonthField::Month),
        _ => None,
    }
}

fn day_time_field(word: &str) -> Option<DayTimeField> {
    match word {
        "DAY" => Some(DayTimeField::Day),
        "HOUR" => Some(DayTimeField::Hour),
        "MINUTE" => Some(DayTimeField::Minute),
        "SECOND" => Some(DayTimeField::Second),
        _ => None,
    }
}
