//! Options of files and of functions that read or write texts: keys ignore case, the last of equal keys wins.

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructType};

use crate::call::{Call, Context};

/// Options as a format sees them.
#[derive(Debug, Clone, Default)]
pub struct Options(Vec<(String, String)>);

impl Options {
    /// Options as pairs of key and value.
    pub fn new(options: &[(String, String)]) -> Self {
        Self(options.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect())
    }

    /// The value of a key in any case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// The first key of several that is given.
    pub fn any(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// True or false.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key).map(str::to_lowercase).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(Error::new("INVALID_OPTION").text(format!("The option `{key}` is true or false, not `{other}`."))),
        }
    }

    /// A whole number that is not negative.
    pub fn number(&self, key: &str) -> Result<Option<u64>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let wrong = |_| Error::new("INVALID_OPTION").text(format!("The option `{key}` is a whole number, not `{text}`."));
        text.trim().parse().map(Some).map_err(wrong)
    }

    /// One byte: a separator, a quote.
    pub fn byte(&self, keys: &[&str], default: Option<u8>) -> Result<Option<u8>> {
        let Some(text) = self.any(keys) else { return Ok(default) };
        let text = match text {
            "\\t" => "\t",
            "\\n" => "\n",
            "\\r" => "\r",
            "\\u0000" => "\0",
            other => other,
        };
        match text.as_bytes() {
            [] | [0] => Ok(None),
            [b'\\', b'\\'] => Ok(Some(b'\\')),
            [byte] => Ok(Some(*byte)),
            _ => Err(Error::unsupported(format!("`{text}` as {}: it must be one ASCII character", keys[0]))),
        }
    }

    /// Refuses options that Spark honours and this source does not; `false` asks for nothing.
    pub fn refuse(&self, source: &str, keys: &[&str]) -> Result<()> {
        match keys.iter().find(|key| self.get(&key.to_lowercase()).is_some_and(|value| !value.eq_ignore_ascii_case("false"))) {
            Some(key) => Err(Error::unsupported(format!("the option {key} of {source}"))),
            None => Ok(()),
        }
    }

    /// The pairs, keys in lower case.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Options given to a function as a map of literals.
    pub(super) fn of(call: &Call<'_>, index: usize) -> Result<Self> {
        let Some(argument) = call.arguments.get(index) else { return Ok(Self::default()) };
        let wrong = || Error::new("INVALID_OPTIONS.NON_MAP_FUNCTION");
        let value = crate::constant::fold(&argument.expr).ok_or_else(wrong)?;
        let datafusion::common::ScalarValue::Map(map) = value else { return Err(wrong()) };
        use arrow::array::AsArray;
        let text = |array: &arrow::array::ArrayRef, row: usize| {
            array.as_string_opt::<i32>().map_or(String::new(), |texts| texts.value(row).to_owned())
        };
        let pairs = (0..map.keys().len()).map(|row| (text(map.keys(), row), text(map.values(), row)));
        Ok(Self::new(&pairs.collect::<Vec<_>>()))
    }

    /// Whether a record that does not fit is an error; the mode that drops records is none of a function's.
    pub(super) fn fails_fast(&self, function: &str) -> Result<bool> {
        let mode = self.get("mode").unwrap_or_default().to_uppercase();
        match mode.as_str() {
            "DROPMALFORMED" => {
                let error = Error::new("PARSE_MODE_UNSUPPORTED").exception_class(Exception::Analysis);
                Err(error.with("funcName", format!("`{function}`")).with("mode", mode))
            }
            _ => Ok(mode == "FAILFAST"),
        }
    }

    /// What the column of records that do not fit is called.
    pub fn corrupt_name<'o>(&'o self, context: &'o Context<'_>) -> &'o str {
        let named = self.get("columnnameofcorruptrecord");
        named.or_else(|| context.settings.get("spark.sql.columnNameOfCorruptRecord")).unwrap_or("_corrupt_record")
    }

    /// Where that column is among `fields`, if it is; it holds strings.
    pub fn corrupt_field(&self, context: &Context<'_>, fields: &StructType) -> Result<Option<usize>> {
        let name = self.corrupt_name(context);
        let Some(at) = fields.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name)) else { return Ok(None) };
        match &fields.fields[at] {
            field if field.data_type == DataType::String => Ok(Some(at)),
            field => Err(Error::new("INVALID_CORRUPT_RECORD_TYPE")
                .with("columnName", quote(&field.name))
                .with("actualType", field.data_type.quoted())),
        }
    }
}
