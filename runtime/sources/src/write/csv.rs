//! Rows as lines of CSV, quoted as Spark's writer quotes them.
//!
//!     column ──► writer of its type (chosen once a batch) ──► cell ──► quoted where it must be ──► line

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use emberflow_base::Result;
use emberflow_functions::Context;
use emberflow_plan::StructType;

use super::format::Sink;
use super::output::Output;
use super::values::{Times, Write, writer};
use crate::options::SourceOptions;

#[derive(Debug)]
pub(super) struct CsvStyle {
    separator: u8,
    quote: u8,
    escape: Option<u8>,
    escape_escape: Option<u8>,
    comment: Option<u8>,
    header: bool,
    quotes_all: bool,
    escapes_quotes: bool,
    trims_start: bool,
    trims_end: bool,
    null_value: String,
    empty_value: String,
    line_end: String,
    times: Times,
    columns: StructType,
}

impl CsvStyle {
    pub fn of(options: &SourceOptions, columns: &StructType, context: &Context<'_>) -> Result<Self> {
        let quote = options.byte(&["quote"], Some(b'"'))?.unwrap_or(0);
        let escape = options.byte(&["escape"], Some(b'\\'))?;
        let usual = if escape == Some(quote) { None } else { escape };
        Ok(Self {
            separator: options.byte(&["sep", "delimiter"], Some(b','))?.unwrap_or(b','),
            quote,
            escape,
            escape_escape: options.byte(&["chartoescapequoteescaping"], usual)?,
            comment: options.byte(&["comment"], None)?,
            header: options.flag("header", false)?,
            quotes_all: options.flag("quoteall", false)?,
            escapes_quotes: options.flag("escapequotes", true)?,
            trims_start: options.flag("ignoreleadingwhitespace", true)?,
            trims_end: options.flag("ignoretrailingwhitespace", true)?,
            null_value: options.get("nullvalue").unwrap_or_default().to_owned(),
            empty_value: options.get("emptyvalue").unwrap_or("\"\"").to_owned(),
            line_end: options.get("linesep").unwrap_or("\n").to_owned(),
            times: Times::of(options, context)?,
            columns: columns.clone(),
        })
    }

    /// Adds a value.
    fn cell(&self, text: &str, is_first: bool, out: &mut Vec<u8>) {
        let mut text = text;
        if self.trims_start {
            text = text.trim_start_matches(|letter| letter <= ' ');
        }
        if self.trims_end {
            text = text.trim_end_matches(|letter| letter <= ' ');
        }
        if text.is_empty() {
            return self.stand_in(&self.empty_value, out);
        }
        if self.quotes_all || self.must_quote(text.as_bytes(), is_first) {
            self.quoted(text.as_bytes(), out);
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn must_quote(&self, text: &[u8], is_first: bool) -> bool {
        let starts = text.first().copied();
        starts == Some(self.quote)
            || (is_first && starts.is_some() && starts == self.comment)
            || text.iter().any(|byte| {
                *byte == self.separator || matches!(byte, b'\n' | b'\r') || (self.escapes_quotes && *byte == self.quote)
            })
    }

    fn quoted(&self, text: &[u8], out: &mut Vec<u8>) {
        out.push(self.quote);
        for byte in text {
            if *byte == self.quote {
                out.extend(self.escape);
            } else if Some(*byte) == self.escape {
                out.extend(self.escape_escape);
            }
            out.push(*byte);
        }
        out.push(self.quote);
    }

    /// Adds what stands for null or for an empty text.
    fn stand_in(&self, text: &str, out: &mut Vec<u8>) {
        let bytes = text.as_bytes();
        let is_quoted = bytes.len() >= 2 && bytes.first() == Some(&self.quote) && bytes.last() == Some(&self.quote);
        if self.quotes_all && !is_quoted { self.quoted(bytes, out) } else { out.extend_from_slice(bytes) }
    }

    fn header(&self) -> Vec<u8> {
        let mut line = Vec::new();
        for (at, field) in self.columns.fields.iter().enumerate() {
            if at > 0 {
                line.push(self.separator);
            }
            self.cell(&field.name, at == 0, &mut line);
        }
        line.extend_from_slice(self.line_end.as_bytes());
        line
    }

    fn rows(&self, batch: &RecordBatch) -> Result<Vec<u8>> {
        let typed = batch.columns().iter().zip(&self.columns.fields);
        let writers =
            typed.map(|(column, field)| writer(column, &field.data_type, &self.times)).collect::<Result<Vec<Write<'_>>>>()?;
        let mut out = Vec::with_capacity(batch.get_array_memory_size());
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let begin = out.len();
            for (at, (column, write)) in batch.columns().iter().zip(&writers).enumerate() {
                if at > 0 {
                    out.push(self.separator);
                }
                if column.is_null(row) {
                    self.stand_in(&self.null_value, &mut out);
                } else {
                    text.clear();
                    write(row, &mut text);
                    self.cell(&text, at == 0, &mut out);
                }
            }
            // A line with nothing on it would be no record.
            if out.len() > begin {
                out.extend_from_slice(self.line_end.as_bytes());
            }
        }
        Ok(out)
    }
}

struct CsvSink {
    style: Arc<CsvStyle>,
    output: Output,
}

pub(super) fn open(style: Arc<CsvStyle>, mut output: Output) -> Result<Box<dyn Sink>> {
    if style.header {
        output.write(&style.header())?;
    }
    Ok(Box::new(CsvSink { style, output }))
}

impl Sink for CsvSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = self.style.rows(batch)?;
        self.output.write(&rows)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.output.finish()
    }
}
