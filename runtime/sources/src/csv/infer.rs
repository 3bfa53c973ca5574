//! What columns a CSV file has: names from the header, types from the values, as Spark guesses them.
//!
//!     int ─► bigint ─► decimal(n,0) ─► double ─► date ─► timestamp ─► boolean ─► string
//!
//! Each value starts at the type its column has so far; two types that do not go together make a string.

use emberflow_base::Result;
use emberflow_functions::formats::Clock;
use emberflow_functions::formats::csv::{Cell, Cells, Guess};
use emberflow_plan::{DataType, StructField, StructType};

use super::Layout;
use super::reader::{check_size, unix_lines};
use crate::lines::{Lines, whole_text};
use crate::listing::DataFile;
use crate::options::Sampling;
use crate::read::ReadRequest;
use crate::rows::FilePart;

/// The schema of files nobody gave one for.
pub(super) fn schema(request: &ReadRequest<'_>, layout: &Layout, clock: &Clock, files: &[DataFile]) -> Result<StructType> {
    let Some(first) = first_record(layout, files)? else { return Ok(StructType::default()) };
    let case_sensitive = request.context.settings.case_sensitive();
    let names = names(&first, layout, case_sensitive);
    let types = if request.options.flag("inferschema", false)? {
        let types = Types { layout, guess: Guess::of(&request.options, clock)? };
        types.of_columns(names.len(), files, Sampling::of(&request.options)?)?
    } else {
        vec![DataType::String; names.len()]
    };
    let fields = names.into_iter().zip(types);
    Ok(StructType::new(fields.map(|(name, data_type)| StructField::new(name, data_type, true)).collect()))
}

/// The cells of the first record of all.
fn first_record(layout: &Layout, files: &[DataFile]) -> Result<Option<Vec<Option<String>>>> {
    for file in files {
        let mut found = None;
        each_record(layout, file, WIDEST, |cells, text| {
            let count = (cells.counts[0] as usize).min(WIDEST);
            found = Some((0..count).map(|column| cells.text(text, cells.at(0, column)).map(str::to_owned)).collect());
            Ok(false)
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// As many columns as Spark reads by default.
const WIDEST: usize = 20480;

/// Records of a file, some at a time, until `visit` has seen enough.
fn each_record(
    layout: &Layout,
    file: &DataFile,
    width: usize,
    mut visit: impl FnMut(&Cells, &str) -> Result<bool>,
) -> Result<()> {
    const AT_ONCE: usize = 1024;
    let at_once = if width == WIDEST { 1 } else { AT_ONCE };
    let mut cells = Cells::new(width);
    if layout.multi_line {
        let text = unix_lines(whole_text(&file.path)?);
        check_size(text.len())?;
        let mut at = 0;
        while at < text.len() {
            let line = text[at..].split('\n').next().unwrap_or_default();
            if line.is_empty() || layout.comment.is_some_and(|comment| line.as_bytes()[0] == comment) {
                at += line.len() + 1;
                continue;
            }
            at = cells.cut(&layout.dialect, &text, at, text.len(), true);
            if cells.records() == at_once {
                if !visit(&cells, &text)? {
                    return Ok(());
                }
                cells.clear();
            }
        }
        return if cells.records() > 0 { visit(&cells, &text).map(|_| ()) } else { Ok(()) };
    }
    let mut lines = Lines::open(&FilePart::whole(file.path.clone()), &layout.separator)?;
    while let Some(block) = lines.next_block()? {
        for index in 0..block.lines.len() {
            if layout.passes_over(block.line(index)) {
                continue;
            }
            let (start, stop) = block.lines[index];
            cells.cut(&layout.dialect, &block.text, start, stop, false);
            if cells.records() == at_once {
                if !visit(&cells, &block.text)? {
                    return Ok(());
                }
                cells.clear();
            }
        }
        if cells.records() > 0 && !visit(&cells, &block.text)? {
            return Ok(());
        }
        cells.clear();
    }
    Ok(())
}

/// Names from the header, or `_c0`, `_c1`, ...; names that repeat get their position behind.
fn names(first: &[Option<String>], layout: &Layout, case_sensitive: bool) -> Vec<String> {
    let folded = |name: &str| if case_sensitive { name.to_owned() } else { name.to_lowercase() };
    let known: Vec<String> = first.iter().flatten().map(|name| folded(name)).collect();
    let repeats = |name: &str| known.iter().filter(|other| **other == folded(name)).count() > 1;
    let named = |(position, cell): (usize, &Option<String>)| match cell {
        Some(name) if layout.header && !name.is_empty() && *name != layout.placeholders.null => {
            if repeats(name) {
                format!("{name}{position}")
            } else {
                name.clone()
            }
        }
        _ => format!("_c{position}"),
    };
    first.iter().enumerate().map(named).collect()
}

struct Types<'a> {
    layout: &'a Layout,
    guess: Guess,
}

impl Types<'_> {
    fn of_columns(&self, width: usize, files: &[DataFile], mut sampling: Sampling) -> Result<Vec<DataType>> {
        let mut known: Vec<Option<DataType>> = vec![None; width];
        for file in files {
            let mut header = self.layout.header;
            each_record(self.layout, file, width, |cells, text| {
                for record in usize::from(std::mem::take(&mut header))..cells.records() {
                    if sampling.takes_next() {
                        self.widen(&mut known, cells, text, record);
                    }
                }
                Ok(known.iter().any(|kind| *kind != Some(DataType::String)))
            })?;
        }
        Ok(known.into_iter().map(|kind| kind.unwrap_or(DataType::String)).collect())
    }

    fn widen(&self, known: &mut [Option<DataType>], cells: &Cells, text: &str, record: usize) {
        let count = (cells.counts[record] as usize).min(known.len());
        for (column, known) in known.iter_mut().enumerate().take(count) {
            let cell = match cells.at(record, column) {
                Cell::Nothing => continue,
                cell => cells.text(text, cell).unwrap_or_default(),
            };
            if cell.is_empty() || cell == self.layout.placeholders.null || *known == Some(DataType::String) {
                continue;
            }
            *known = Some(self.guess.see(known.take(), cell));
        }
    }
}
