//! Rows as lines of CSV, quoted as Spark's writer quotes them.
//!
//!     column ──► writer of its type (chosen once a batch) ──► cell ──► quoted where it must be ──► line
//!
//! Not here: quoting (`emberflow_functions::formats::csv`).

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use emberflow_base::Result;
use emberflow_functions::Context;
use emberflow_functions::formats::csv::Quoting;
use emberflow_plan::StructType;

use super::format::Sink;
use super::output::Output;
use super::values::{Times, Write, writer};
use crate::options::SourceOptions;

#[derive(Debug)]
pub(super) struct CsvStyle {
    quoting: Quoting,
    header: bool,
    line_end: String,
    times: Times,
    columns: StructType,
}

impl CsvStyle {
    pub fn of(options: &SourceOptions, columns: &StructType, context: &Context<'_>) -> Result<Self> {
        Ok(Self {
            quoting: Quoting::of(options)?,
            header: options.flag("header", false)?,
            line_end: options.get("linesep").unwrap_or("\n").to_owned(),
            times: Times::of(options, context)?,
            columns: columns.clone(),
        })
    }

    fn header(&self) -> Vec<u8> {
        let mut line = Vec::new();
        for (at, field) in self.columns.fields.iter().enumerate() {
            if at > 0 {
                line.push(self.quoting.separator);
            }
            self.quoting.cell(&field.name, at == 0, &mut line);
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
                    out.push(self.quoting.separator);
                }
                if column.is_null(row) {
                    self.quoting.null(&mut out);
                } else {
                    text.clear();
                    write(row, &mut text);
                    self.quoting.cell(&text, at == 0, &mut out);
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
