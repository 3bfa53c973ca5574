//! JSON files, one document a line or one a file.
//!
//!     lines ──► nodes ──► columns, or types
//!
//! Not here: what a text says and what becomes of it (`emberflow_functions::formats::json`), writing (`write`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use emberflow_base::{Error, Result};
use emberflow_functions::formats::Clock;
use emberflow_functions::formats::json::{Builder, Fit, Guess, Kind, Leniency, Seen, Tape, Value, malformed, together};
use emberflow_functions::types::to_arrow_schema;
use emberflow_plan::{DataType, StructField, StructType};

use crate::lines::{Block, Lines, Separator, is_plain, whole_text};
use crate::listing::DataFile;
use crate::options::{Sampling, refuse_encodings};
use crate::partitions::Partitions;
use crate::read::{Made, ReadRequest, all_nullable, empty};
use crate::rows::{FilePart, RowFormat, Rows, Wanted};
use crate::table::{Reader, table as files_table};
use crate::values::{Mode, records_of, refuse_corrupt_alone, settled};

/// Options of Spark's JSON source that would change what is read and are not there yet.
const NOT_YET: &[&str] = &["ignoreCorruptFiles", "singleVariantColumn", "locale", "enableDateTimeParsingFallback"];

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Made {
    let options = &request.options;
    options.refuse("JSON files", NOT_YET)?;
    refuse_encodings(options, "JSON")?;
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let clock = Clock::of(options, &request.context)?;
    let mut format = Json {
        leniency: Leniency::of(options)?,
        multi_line: options.flag("multiline", false)?,
        separator: Separator::of(options)?,
        ignores_missing: options.flag("ignoremissingfiles", false)?,
        mode: Mode::of(options),
        clock,
        corrupt: None,
        schema: StructType::default(),
    };
    let schema = match (request.schema, files.is_empty()) {
        (Some(schema), true) => return empty(schema),
        (None, true) => return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "JSON")),
        (Some(schema), false) => schema.clone(),
        (None, false) => format.inferred(
            &Guess::of(options, &format.clock)?,
            &files,
            options.corrupt_name(&request.context),
            Sampling::of(options)?,
        )?,
    };
    let schema = partitions.without(&schema);
    format.corrupt = options.corrupt_field(&request.context, &schema)?;
    format.schema = all_nullable(&schema);
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

#[derive(Debug)]
struct Json {
    leniency: Leniency,
    multi_line: bool,
    separator: Separator,
    ignores_missing: bool,
    mode: Mode,
    clock: Clock,
    /// Which column holds documents that did not fit.
    corrupt: Option<usize>,
    schema: StructType,
}

impl Json {
    fn blocks(&self, part: &FilePart) -> Result<Box<dyn Iterator<Item = Result<Block>> + Send>> {
        if self.multi_line {
            let text = whole_text(&part.path)?;
            let lines = vec![(0, text.len())];
            return Ok(Box::new(std::iter::once(Ok(Block { text, lines }))));
        }
        let mut lines = Lines::open(part, &self.separator)?;
        Ok(Box::new(std::iter::from_fn(move || lines.next_block().transpose())))
    }

    /// The schema of files nobody gave one for.
    fn inferred(&self, guess: &Guess, files: &[DataFile], corrupt_column: &str, mut sampling: Sampling) -> Result<StructType> {
        let (mut seen, mut has_corrupt) = (Seen::Unknown, false);
        let mut tape = Tape::default();
        for file in files {
            for block in self.blocks(&FilePart::whole(file.path.clone()))? {
                let block = block?;
                for (start, stop) in block.lines.iter().filter(|_| sampling.takes_next()) {
                    tape.nodes.clear();
                    let found = match tape.add(&block.text, *start, *stop, &self.leniency) {
                        Ok(None) => continue,
                        Ok(Some(root)) => document(guess.see(&tape, &block.text, root)),
                        Err(_) => None,
                    };
                    match found {
                        Some(found) => seen = together(seen, found),
                        None if self.mode == Mode::FailFast => return Err(malformed(corrupt_column)),
                        None => has_corrupt |= self.mode == Mode::Permissive,
                    }
                }
            }
        }
        let mut schema = guess.schema(seen).unwrap_or_default();
        if has_corrupt && !schema.fields.iter().any(|field| field.name == corrupt_column) {
            schema.fields.push(StructField::new(corrupt_column, DataType::String, true));
            schema.fields.sort_by(|one, two| one.name.cmp(&two.name));
        }
        Ok(schema)
    }
}

/// A document is an object, or an array of them.
fn document(seen: Seen) -> Option<Seen> {
    match seen {
        Seen::Object(_) => Some(seen),
        Seen::Array(element) => match *element {
            Seen::Object(_) => Some(*element),
            Seen::Unknown => Some(Seen::Unknown),
            _ => None,
        },
        _ => None,
    }
}

impl RowFormat for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn splits(&self, path: &Path) -> bool {
        !self.multi_line && is_plain(path)
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        let (columns, rows) = (wanted.columns, wanted.rows);
        refuse_corrupt_alone(self.corrupt, columns)?;
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        let arrow = to_arrow_schema(&self.schema);
        let fields: Vec<_> = columns.iter().map(|column| arrow.field(*column).clone()).collect();
        let reading = Arc::new(Reading {
            leniency: self.leniency.clone(),
            // Only reading nothing at all leaves documents unlooked at.
            mode: self.mode,
            clock: self.clock.clone(),
            corrupt: self.corrupt,
            columns: columns.to_vec(),
            table: self.schema.clone(),
            schema: Arc::new(Schema::new(fields)),
            path: part.path.clone(),
        });
        let batches = self.blocks(part)?.flat_map(move |block| -> Rows {
            match block {
                Err(error) => Box::new(std::iter::once(Err(error))),
                Ok(block) => batches_of(&reading, block, rows),
            }
        });
        Ok(Box::new(batches))
    }
}

/// What one task does with each document.
struct Reading {
    leniency: Leniency,
    mode: Mode,
    clock: Clock,
    corrupt: Option<usize>,
    columns: Vec<usize>,
    table: StructType,
    schema: SchemaRef,
    path: PathBuf,
}

fn batches_of(reading: &Arc<Reading>, block: Block, rows: usize) -> Rows {
    let (reading, mut first) = (Arc::clone(reading), 0);
    Box::new(std::iter::from_fn(move || {
        let until = (first + rows).min(block.lines.len());
        if first >= until {
            return None;
        }
        let made = reading.batch(&block, first..until);
        first = until;
        Some(made)
    }))
}

impl Reading {
    fn batch(&self, block: &Block, lines: std::ops::Range<usize>) -> Result<RecordBatch> {
        let mut tape = Tape::default();
        let (mut roots, mut from, mut bad): (Vec<Value>, Vec<usize>, Vec<bool>) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |root: Value, line: usize, is_bad: bool| {
            roots.push(root);
            from.push(line);
            bad.push(is_bad);
        };
        for line in lines {
            let (start, stop) = block.lines[line];
            match tape.add(&block.text, start, stop, &self.leniency) {
                Ok(None) => {}
                Err(_) => add(None, line, true),
                Ok(Some(root)) => match tape.node(root).kind {
                    Kind::Object => add(Some(root), line, false),
                    Kind::Array => {
                        let elements: Vec<u32> = tape.elements(root).collect();
                        if elements.iter().all(|element| matches!(tape.node(*element).kind, Kind::Object | Kind::Null)) {
                            elements.into_iter().for_each(|element| add(Some(element), line, false));
                        } else {
                            add(None, line, true);
                        }
                    }
                    _ => add(None, line, true),
                },
            }
        }
        let builder = Builder { tape: &tape, text: &block.text, clock: &self.clock, exact: true };
        let wanted: Vec<usize> = self.columns.iter().copied().filter(|column| Some(*column) != self.corrupt).collect();
        let mut made = Vec::with_capacity(wanted.len());
        for (column, values) in wanted.iter().zip(builder.fields(&roots, &self.table, &wanted)) {
            let mut fits = vec![Fit::Whole; values.len()];
            made.push(builder.column(&self.table.fields[*column].data_type, &values, &mut fits)?);
            bad.iter_mut().zip(fits).for_each(|(bad, fit)| *bad |= fit != Fit::Whole);
        }
        let record = |row: usize| block.line(from[row]).to_owned();
        let mut made = made.into_iter();
        let next = |column: &usize| match self.corrupt {
            Some(corrupt) if corrupt == *column => Some(records_of(&bad, record)),
            _ => made.next(),
        };
        let columns = self.columns.iter().filter_map(next).collect();
        settled(self.mode, &self.schema, columns, &bad, &self.path, record)
    }
}
