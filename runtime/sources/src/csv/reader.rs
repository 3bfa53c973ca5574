//! Records of a part of a CSV file as batches.
//!
//!     block of lines ──► cells of up to a batch of records ──► one column after the other
//!
//! What counts as malformed depends on what is read, as in Spark: where all columns are read, a record with too few or
//! too many cells is malformed; where only some are, only their own cells are looked at.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use emberflow_base::{Error, Result};
use emberflow_functions::formats::Clock;
use emberflow_functions::formats::csv::{Cells, Specials, column};
use emberflow_functions::types::to_arrow_schema;
use emberflow_plan::{DataType, StructType};

use super::Layout;
use crate::lines::{Block, Lines, is_plain, unreadable, whole_text};
use crate::read::all_nullable;
use crate::rows::{FilePart, RowFormat, Rows, Wanted};
use crate::values::{Mode, records_of, refuse_corrupt_alone, settled};

#[derive(Debug)]
pub(crate) struct Csv {
    pub layout: Layout,
    pub checks_header: bool,
    pub prunes: bool,
    pub ignores_missing: bool,
    pub mode: Mode,
    pub clock: Clock,
    pub specials: Specials,
    /// Which column holds records that did not fit.
    pub corrupt: Option<usize>,
    pub schema: StructType,
}

impl RowFormat for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn splits(&self, path: &std::path::Path) -> bool {
        !self.layout.multi_line && is_plain(path)
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        let (columns, rows) = (wanted.columns, wanted.rows);
        refuse_corrupt_alone(self.corrupt, columns)?;
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        let plan = Arc::new(self.reading(part, columns));
        let mut header = self.layout.header && part.start == 0;
        if self.layout.multi_line {
            let text = unix_lines(whole_text(&part.path)?);
            check_size(text.len())?;
            return Ok(Box::new(MultiLine { plan, text, at: 0, header, rows }));
        }
        let mut lines = Lines::open(part, &self.layout.separator)?;
        let blocks = std::iter::from_fn(move || lines.next_block().transpose());
        let batches = blocks.flat_map(move |block| -> Box<dyn Iterator<Item = Result<RecordBatch>> + Send> {
            match block {
                Err(error) => Box::new(std::iter::once(Err(error))),
                Ok(block) => batches_of(&plan, block, &mut header, rows),
            }
        });
        Ok(Box::new(batches))
    }
}

/// Line ends inside of quotes are read as `\n`.
pub(super) fn unix_lines(text: String) -> String {
    if text.contains("\r\n") {
        text.replace("\r\n", "\n")
    } else if !text.contains('\n') {
        text.replace('\r', "\n")
    } else {
        text
    }
}

/// What one task does with each record.
struct Reading {
    layout: Layout,
    mode: Mode,
    clock: Clock,
    specials: Specials,
    path: PathBuf,
    /// The wanted columns: which cell, or the record itself, and of what type.
    columns: Vec<(Option<usize>, DataType)>,
    schema: SchemaRef,
    /// How many cells a record should have, if that matters.
    cells_expected: Option<usize>,
    /// How many leading cells are kept.
    width: usize,
    header_names: Option<Vec<String>>,
}

impl Csv {
    fn reading(&self, part: &FilePart, columns: &[usize]) -> Reading {
        let cell_of = |column: usize| match self.corrupt {
            Some(corrupt) if corrupt == column => None,
            Some(corrupt) => Some(column - usize::from(column > corrupt)),
            None => Some(column),
        };
        let wanted: Vec<(Option<usize>, DataType)> =
            columns.iter().map(|column| (cell_of(*column), self.schema.fields[*column].data_type.clone())).collect();
        let own = self.schema.fields.len() - usize::from(self.corrupt.is_some());
        let reads_records = wanted.iter().any(|(cell, _)| cell.is_none());
        let reads_all = wanted.iter().filter(|(cell, _)| cell.is_some()).count() == own;
        let counts = reads_records || reads_all || !self.prunes;
        let width = wanted.iter().filter_map(|(cell, _)| *cell).max().map_or(0, |last| last + 1);
        let arrow = to_arrow_schema(&all_nullable(&self.schema));
        let fields: Vec<_> = columns.iter().map(|column| arrow.field(*column).clone()).collect();
        let names = self.schema.fields.iter().enumerate().filter(|(at, _)| Some(*at) != self.corrupt);
        Reading {
            layout: self.layout.clone(),
            mode: self.mode,
            clock: self.clock.clone(),
            specials: self.specials.clone(),
            path: part.path.clone(),
            columns: wanted,
            schema: Arc::new(Schema::new(fields)),
            cells_expected: (counts && !columns.is_empty()).then_some(own),
            width,
            header_names: self.checks_header.then(|| names.map(|(_, field)| field.name.clone()).collect()),
        }
    }
}

impl Reading {
    fn batch(&self, cells: &Cells, text: &str, record: impl Fn(usize) -> String) -> Result<RecordBatch> {
        let rows = cells.records();
        let mut bad = match self.cells_expected {
            Some(expected) => cells.counts.iter().map(|count| *count as usize != expected).collect(),
            None => vec![false; rows],
        };
        let mut columns: Vec<Option<ArrayRef>> = Vec::with_capacity(self.columns.len());
        for (cell, kind) in &self.columns {
            columns.push(match cell {
                Some(cell) => {
                    let at = |row| self.layout.placeholders.text(cells, text, row, *cell);
                    Some(column(kind, rows, at, &mut bad, &self.clock, &self.specials)?)
                }
                None => None,
            });
        }
        let columns = columns.into_iter().map(|column| column.unwrap_or_else(|| records_of(&bad, &record))).collect();
        settled(self.mode, &self.schema, columns, &bad, &self.path, record)
    }

    /// Spark looks at the header only when told that the schema is not to be enforced.
    fn check_header(&self, cells: &Cells, text: &str) -> Result<()> {
        let Some(names) = &self.header_names else { return Ok(()) };
        let found = |column| cells.text(text, cells.at(0, column)).unwrap_or_default();
        match (0..names.len().min(cells.width)).find(|column| !found(*column).eq_ignore_ascii_case(&names[*column])) {
            None => Ok(()),
            Some(column) => Err(unreadable(
                &self.path,
                &format!("the header names column {} `{}`, the schema `{}`", column + 1, found(column), names[column]),
            )),
        }
    }

    fn header(&self, line: &str) -> Result<()> {
        let mut cells = Cells::new(self.header_names.as_ref().map_or(0, Vec::len));
        cells.cut(&self.layout.dialect, line, 0, line.len(), false);
        self.check_header(&cells, line)
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

fn batches_of(plan: &Arc<Reading>, mut block: Block, header: &mut bool, rows: usize) -> Batches {
    block.lines = block
        .lines
        .iter()
        .enumerate()
        .filter(|(index, _)| !plan.layout.passes_over(block.line(*index)))
        .map(|(_, line)| *line)
        .collect();
    let mut first = 0;
    if *header && !block.lines.is_empty() {
        *header = false;
        first = 1;
        if let Err(error) = plan.header(block.line(0)) {
            return Box::new(std::iter::once(Err(error)));
        }
    }
    let plan = Arc::clone(plan);
    let mut cells = Cells::new(plan.width);
    Box::new(std::iter::from_fn(move || {
        let until = (first + rows).min(block.lines.len());
        if first >= until {
            return None;
        }
        cells.clear();
        for (start, stop) in &block.lines[first..until] {
            cells.cut(&plan.layout.dialect, &block.text, *start, *stop, false);
        }
        let begin = first;
        first = until;
        Some(plan.batch(&cells, &block.text, |row| block.line(begin + row).to_owned()))
    }))
}

/// Records that may go over several lines.
struct MultiLine {
    plan: Arc<Reading>,
    text: String,
    at: usize,
    header: bool,
    rows: usize,
}

impl MultiLine {
    /// Past empty lines and comments, to where a record begins.
    fn seek(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let line = rest.split('\n').next().unwrap_or(rest);
            let comment = self.plan.layout.comment;
            if !line.is_empty() && comment.is_none_or(|comment| line.as_bytes()[0] != comment) {
                return;
            }
            self.at = (self.at + line.len() + 1).min(self.text.len());
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let dialect = &self.plan.layout.dialect.clone();
        if std::mem::take(&mut self.header) {
            self.seek();
            let mut cells = Cells::new(self.plan.header_names.as_ref().map_or(0, Vec::len));
            self.at = cells.cut(dialect, &self.text, self.at, self.text.len(), true);
            self.plan.check_header(&cells, &self.text)?;
        }
        let mut cells = Cells::new(self.plan.width);
        let mut places = Vec::new();
        while places.len() < self.rows {
            self.seek();
            if self.at >= self.text.len() {
                break;
            }
            let next = cells.cut(dialect, &self.text, self.at, self.text.len(), true);
            places.push((self.at, next));
            self.at = next;
        }
        if places.is_empty() {
            return Ok(None);
        }
        let record = |row: usize| self.text[places[row].0..places[row].1].trim_end_matches('\n').to_owned();
        self.plan.batch(&cells, &self.text, record).map(Some)
    }
}

impl Iterator for MultiLine {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// Cells of at most `u32::MAX` bytes are told apart by 32-bit positions.
pub(super) fn check_size(bytes: usize) -> Result<()> {
    if u32::try_from(bytes).is_ok() { Ok(()) } else { Err(Error::unsupported("CSV files of more than 4 GB with multiLine")) }
}
