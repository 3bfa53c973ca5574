//! Rows as lines of JSON.
//!
//!     column + type ──► writer of its type, nested ones out of those of their parts ──► line
//!
//! Fields that are null are left out, unless `ignoreNullFields` is false.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use emberflow_base::{Error, Result};
use emberflow_functions::Context;
use emberflow_plan::{DataType, StructField, StructType};

use super::format::Sink;
use super::output::Output;
use super::values::{Times, Write, base64_writer, writer};
use crate::options::SourceOptions;

#[derive(Debug)]
pub(super) struct JsonStyle {
    keeps_nulls: bool,
    line_end: String,
    times: Times,
    columns: StructType,
}

impl JsonStyle {
    pub fn of(options: &SourceOptions, columns: &StructType, context: &Context<'_>) -> Result<Self> {
        options.refuse("JSON files", &["pretty", "writeNonAsciiCharacterAsCodePoint"])?;
        let ignores = context.settings.get("spark.sql.jsonGenerator.ignoreNullFields");
        let ignores = ignores.is_none_or(|value| !value.eq_ignore_ascii_case("false"));
        if let Some(field) = columns.fields.iter().find(|field| !is_writable(&field.data_type)) {
            return Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
                .with("columnName", emberflow_plan::types::quote(&field.name))
                .with("columnType", field.data_type.quoted())
                .with("format", "JSON"));
        }
        Ok(Self {
            keeps_nulls: !options.flag("ignorenullfields", ignores)?,
            line_end: options.get("linesep").unwrap_or("\n").to_owned(),
            times: Times::of(options, context)?,
            columns: columns.clone(),
        })
    }

    fn rows(&self, batch: &RecordBatch) -> Result<String> {
        let write = self.object(batch.columns(), &self.columns.fields)?;
        let mut out = String::with_capacity(batch.get_array_memory_size() * 2);
        for row in 0..batch.num_rows() {
            write(row, &mut out);
            out.push_str(&self.line_end);
        }
        Ok(out)
    }

    fn object<'a>(&'a self, columns: &'a [ArrayRef], fields: &'a [StructField]) -> Result<Write<'a>> {
        let mut parts = Vec::with_capacity(columns.len());
        for (column, field) in columns.iter().zip(fields) {
            let mut name = String::new();
            quoted(&field.name, &mut name);
            name.push(':');
            parts.push((column, name, self.value(column, &field.data_type)?));
        }
        let keeps_nulls = self.keeps_nulls;
        Ok(Box::new(move |row, out| {
            out.push('{');
            let mut first = true;
            for (column, name, write) in &parts {
                let is_null = is_null(column, row);
                if is_null && !keeps_nulls {
                    continue;
                }
                if !std::mem::replace(&mut first, false) {
                    out.push(',');
                }
                out.push_str(name);
                if is_null { out.push_str("null") } else { write(row, out) }
            }
            out.push('}');
        }))
    }

    fn value<'a>(&'a self, column: &'a ArrayRef, kind: &'a DataType) -> Result<Write<'a>> {
        Ok(match kind {
            DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
                let texts = column.as_string::<i32>();
                Box::new(move |row, out| quoted(texts.value(row), out))
            }
            DataType::Boolean
            | DataType::Byte
            | DataType::Short
            | DataType::Int
            | DataType::Long
            | DataType::Decimal { .. }
            | DataType::Variant => writer(column, kind, &self.times)?,
            DataType::Float | DataType::Double => {
                let write = writer(column, kind, &self.times)?;
                Box::new(move |row, out| {
                    let begin = out.len();
                    write(row, out);
                    // NaN and infinities are no numbers of JSON.
                    if out[begin..].contains(['N', 'I']) {
                        out.insert(begin, '"');
                        out.push('"');
                    }
                })
            }
            DataType::Binary => in_quotes(base64_writer(column)),
            DataType::Array { element, .. } => {
                let list = column.as_list::<i32>();
                let (values, offsets) = (list.values(), list.value_offsets());
                let write = self.value(values, element)?;
                Box::new(move |row, out| {
                    out.push('[');
                    for at in offsets[row] as usize..offsets[row + 1] as usize {
                        if at > offsets[row] as usize {
                            out.push(',');
                        }
                        if is_null(values, at) { out.push_str("null") } else { write(at, out) }
                    }
                    out.push(']');
                })
            }
            DataType::Map { key, value, .. } => {
                let map = column.as_map();
                let (values, offsets) = (map.values(), map.value_offsets());
                let (write_key, write) = (self.key(map.keys(), key)?, self.value(values, value)?);
                Box::new(move |row, out| {
                    out.push('{');
                    for at in offsets[row] as usize..offsets[row + 1] as usize {
                        if at > offsets[row] as usize {
                            out.push(',');
                        }
                        write_key(at, out);
                        out.push(':');
                        if is_null(values, at) { out.push_str("null") } else { write(at, out) }
                    }
                    out.push('}');
                })
            }
            DataType::Struct(fields) => self.object(column.as_struct().columns(), &fields.fields)?,
            DataType::Null => Box::new(|_, out| out.push_str("null")),
            _ => in_quotes(writer(column, kind, &self.times)?),
        })
    }

    fn key<'a>(&'a self, keys: &'a ArrayRef, kind: &'a DataType) -> Result<Write<'a>> {
        if kind.is_string() { self.value(keys, kind) } else { Ok(in_quotes(writer(keys, kind, &self.times)?)) }
    }
}

fn is_writable(kind: &DataType) -> bool {
    match kind {
        DataType::Array { element, .. } => is_writable(element),
        DataType::Map { key, value, .. } => is_writable(key) && is_writable(value),
        DataType::Struct(fields) => fields.fields.iter().all(|field| is_writable(&field.data_type)),
        DataType::Udt { .. } => false,
        _ => true,
    }
}

/// Also says so of a column without type, which has no validity of its own.
fn is_null(column: &ArrayRef, row: usize) -> bool {
    column.is_null(row) || column.data_type() == &arrow::datatypes::DataType::Null
}

fn in_quotes(write: Write<'_>) -> Write<'_> {
    Box::new(move |row, out| {
        out.push('"');
        write(row, out);
        out.push('"');
    })
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            other => {
                let _ = write!(out, "\\u{other:04X}");
            }
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}

struct JsonSink {
    style: Arc<JsonStyle>,
    output: Output,
}

pub(super) fn open(style: Arc<JsonStyle>, output: Output) -> Box<dyn Sink> {
    Box::new(JsonSink { style, output })
}

impl Sink for JsonSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = self.style.rows(batch)?;
        self.output.write(rows.as_bytes())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.output.finish()
    }
}
