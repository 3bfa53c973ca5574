//! What columns a CSV file has: names from the header, types from the values, as Spark guesses them.
//!
//!     int ─► bigint ─► decimal(n,0) ─► double ─► date ─► timestamp ─► boolean ─► string
//!
//! Each value starts at the type its column has so far; two types that do not go together make a string.

use emberflow_base::Result;
use emberflow_functions::formats::Clock;
use emberflow_functions::patterns::Pattern;
use emberflow_plan::{DataType, StructField, StructType};

use super::Layout;
use super::cells::{Cell, Cells};
use super::reader::{check_size, unix_lines};
use crate::lines::{Lines, whole_text};
use crate::listing::DataFile;
use crate::options::{Sampling, SourceOptions};
use crate::read::ReadRequest;
use crate::rows::FilePart;
use crate::values::{Specials, java_double};

/// The schema of files nobody gave one for.
pub(super) fn schema(
    request: &ReadRequest<'_>,
    layout: &Layout,
    clock: &Clock,
    specials: &Specials,
    files: &[DataFile],
) -> Result<StructType> {
    let Some(first) = first_record(layout, files)? else { return Ok(StructType::default()) };
    let case_sensitive = request.context.settings.case_sensitive();
    let names = names(&first, layout, case_sensitive);
    let types = if request.options.flag("inferschema", false)? {
        let guess = Guess::of(&request.options, layout, clock, specials)?;
        guess.types(names.len(), files, Sampling::of(&request.options)?)?
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
        Some(name) if layout.header && !name.is_empty() && *name != layout.null_value => {
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

struct Guess<'a> {
    layout: &'a Layout,
    clock: &'a Clock,
    specials: &'a Specials,
    prefers_date: bool,
    date: Pattern,
}

impl<'a> Guess<'a> {
    fn of(options: &SourceOptions, layout: &'a Layout, clock: &'a Clock, specials: &'a Specials) -> Result<Self> {
        let date = match &clock.date {
            Some(pattern) => pattern.clone(),
            None => Pattern::for_reading("yyyy-MM-dd")?,
        };
        Ok(Self { layout, clock, specials, prefers_date: options.flag("preferdate", true)?, date })
    }

    fn types(&self, width: usize, files: &[DataFile], mut sampling: Sampling) -> Result<Vec<DataType>> {
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
            if cell.is_empty() || cell == self.layout.null_value || *known == Some(DataType::String) {
                continue;
            }
            *known = Some(match known.take() {
                None => self.from_int(cell),
                Some(before) => {
                    let seen = self.from(&before, cell);
                    together(before, seen)
                }
            });
        }
    }

    fn from(&self, before: &DataType, cell: &str) -> DataType {
        match before {
            DataType::Int => self.from_int(cell),
            DataType::Long => self.from_long(cell),
            DataType::Decimal { .. } => self.from_decimal(cell),
            DataType::Double => self.from_double(cell),
            DataType::Date => self.from_date(cell),
            DataType::Timestamp | DataType::TimestampNtz => self.from_timestamp(cell),
            _ => from_boolean(cell),
        }
    }

    fn from_int(&self, cell: &str) -> DataType {
        if cell.parse::<i32>().is_ok() { DataType::Int } else { self.from_long(cell) }
    }

    fn from_long(&self, cell: &str) -> DataType {
        if cell.parse::<i64>().is_ok() { DataType::Long } else { self.from_decimal(cell) }
    }

    fn from_decimal(&self, cell: &str) -> DataType {
        let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.trim_start_matches('0').len() {
            count @ 1..=38 if is_whole => DataType::decimal(count as u8, 0),
            _ => self.from_double(cell),
        }
    }

    fn from_double(&self, cell: &str) -> DataType {
        if self.specials.named(cell).is_some() || java_double(cell).is_some() {
            DataType::Double
        } else if self.prefers_date {
            self.from_date(cell)
        } else {
            self.from_timestamp(cell)
        }
    }

    fn from_date(&self, cell: &str) -> DataType {
        if self.date.read(cell).is_some() { DataType::Date } else { self.from_timestamp(cell) }
    }

    fn from_timestamp(&self, cell: &str) -> DataType {
        self.clock.guessed(cell).unwrap_or_else(|| from_boolean(cell))
    }
}

fn from_boolean(cell: &str) -> DataType {
    let is = cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false");
    if is { DataType::Boolean } else { DataType::String }
}

fn together(one: DataType, two: DataType) -> DataType {
    use DataType::{Date, Decimal, Double, Int, Long, Timestamp, TimestampNtz};
    let decimals = |one: u8, two: u8| DataType::decimal(one.max(two), 0);
    match (one, two) {
        (one, two) if one == two => one,
        (Int, Long) | (Long, Int) => Long,
        (Int, Decimal { precision, .. }) | (Decimal { precision, .. }, Int) => decimals(precision, 10),
        (Long, Decimal { precision, .. }) | (Decimal { precision, .. }, Long) => decimals(precision, 20),
        (Decimal { precision, .. }, Decimal { precision: other, .. }) => decimals(precision, other),
        (Int | Long | Decimal { .. }, Double) | (Double, Int | Long | Decimal { .. }) => Double,
        (Date | TimestampNtz, Timestamp) | (Timestamp, Date | TimestampNtz) => Timestamp,
        (Date, TimestampNtz) | (TimestampNtz, Date) => TimestampNtz,
        _ => DataType::String,
    }
}
