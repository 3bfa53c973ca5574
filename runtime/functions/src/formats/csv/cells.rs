//! Lines cut into cells, as the parser in Spark cuts them.
//!
//!     a,"b ""c""",  "d\"e" ──► spans of the text; cells with escapes are written out beside it
//!
//! A quote in a quoted cell that is neither escaped nor followed by a separator makes the whole cell unquoted text up to the
//! next separator (`"say ""hi"""` stays as it is when the escape is a backslash). Not here: what cells mean (`columns`).

use emberflow_base::Result;

use crate::formats::Options;

/// The characters that cut.
#[derive(Debug, Clone)]
pub struct Dialect {
    pub separator: u8,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    /// What escapes the escape before a quote.
    pub escape_escape: Option<u8>,
    pub trims_start: bool,
    pub trims_end: bool,
}

impl Dialect {
    /// What options say.
    pub fn of(options: &Options) -> Result<Self> {
        let quote = options.byte(&["quote"], Some(b'"'))?;
        let escape = options.byte(&["escape"], Some(b'\\'))?;
        let usual = if escape == quote { None } else { escape };
        Ok(Self {
            separator: options.byte(&["sep", "delimiter"], Some(b','))?.unwrap_or(b','),
            quote,
            escape,
            escape_escape: options.byte(&["chartoescapequoteescaping"], usual)?,
            trims_start: options.flag("ignoreleadingwhitespace", false)?,
            trims_end: options.flag("ignoretrailingwhitespace", false)?,
        })
    }
}

/// What stands for null and for an empty text.
#[derive(Debug, Clone)]
pub struct Placeholders {
    pub null: String,
    pub empty: String,
}

impl Placeholders {
    /// What options say.
    pub fn of(options: &Options) -> Self {
        let said = |key: &str| options.get(key).unwrap_or_default().to_owned();
        Self { null: said("nullvalue"), empty: said("emptyvalue") }
    }

    /// A cell's text, unless it stands for null.
    pub fn text<'t>(&'t self, cells: &'t Cells, text: &'t str, record: usize, column: usize) -> Option<&'t str> {
        let value = match cells.at(record, column) {
            Cell::Nothing => return None,
            Cell::EmptyQuoted => self.empty.as_str(),
            other => cells.text(text, other)?,
        };
        (value != self.null).then_some(value)
    }
}

/// Where a cell's text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Nothing between two separators.
    Nothing,
    /// Two quotes and nothing between them.
    EmptyQuoted,
    /// In the text that was cut.
    Span(u32, u32),
    /// In [`Cells::written`].
    Written(u32, u32),
}

/// The cells of some records: `width` for each, those that the record does not have are [`Cell::Nothing`].
#[derive(Debug, Default)]
pub struct Cells {
    pub width: usize,
    cells: Vec<Cell>,
    /// How many cells each record has.
    pub counts: Vec<u32>,
    written: String,
}

impl Cells {
    /// Room for records of which the first `width` cells are kept.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    pub fn clear(&mut self) {
        self.cells.clear();
        self.counts.clear();
        self.written.clear();
    }

    pub fn records(&self) -> usize {
        self.counts.len()
    }

    pub fn at(&self, record: usize, column: usize) -> Cell {
        self.cells[record * self.width + column]
    }

    /// The text of a cell that has one.
    pub fn text<'t>(&'t self, text: &'t str, cell: Cell) -> Option<&'t str> {
        match cell {
            Cell::Nothing => None,
            Cell::EmptyQuoted => Some(""),
            Cell::Span(start, end) => text.get(start as usize..end as usize),
            Cell::Written(start, end) => self.written.get(start as usize..end as usize),
        }
    }

    /// Cuts the record that begins at `start`; gives where the next one begins. With `lines`, a line end outside of quotes
    /// ends the record, else only the end of the text does.
    pub fn cut(&mut self, dialect: &Dialect, text: &str, start: usize, stop: usize, lines: bool) -> usize {
        let mut cutter = Cutter { dialect, bytes: &text.as_bytes()[..stop], at: start, lines };
        let base = self.cells.len();
        let mut count = 0;
        loop {
            let cell = cutter.cell(text, &mut self.written);
            if count < self.width {
                self.cells.push(cell);
            }
            count += 1;
            if !cutter.eat_separator() {
                break;
            }
        }
        self.cells.resize(base + self.width, Cell::Nothing);
        self.counts.push(count as u32);
        cutter.after_line()
    }
}

struct Cutter<'t> {
    dialect: &'t Dialect,
    bytes: &'t [u8],
    at: usize,
    lines: bool,
}

impl Cutter<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn ends_line(&self, byte: u8) -> bool {
        self.lines && byte == b'\n'
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.dialect.separator || self.ends_line(byte)
    }

    fn eat_separator(&mut self) -> bool {
        let found = self.peek() == Some(self.dialect.separator);
        self.at += usize::from(found);
        found
    }

    fn after_line(&self) -> usize {
        if self.peek().is_some_and(|byte| self.ends_line(byte)) { self.at + 1 } else { self.at }
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|byte| byte <= b' ' && !self.ends_cell(byte)) {
            self.at += 1;
        }
    }

    /// To the next separator or line end.
    fn to_end_of_cell(&mut self) {
        let rest = &self.bytes[self.at..];
        let found = if self.lines {
            memchr::memchr2(self.dialect.separator, b'\n', rest)
        } else {
            memchr::memchr(self.dialect.separator, rest)
        };
        self.at += found.unwrap_or(rest.len());
    }

    fn cell(&mut self, text: &str, written: &mut String) -> Cell {
        if self.dialect.trims_start {
            self.skip_spaces();
        }
        if self.dialect.quote.is_some() && self.peek() == self.dialect.quote {
            return self.quoted(text, written);
        }
        let start = self.at;
        self.to_end_of_cell();
        let mut stop = self.at;
        if self.dialect.trims_end {
            while stop > start && self.bytes[stop - 1] <= b' ' {
                stop -= 1;
            }
        }
        if stop == start { Cell::Nothing } else { Cell::Span(start as u32, stop as u32) }
    }

    /// A cell that begins with a quote.
    fn quoted(&mut self, text: &str, written: &mut String) -> Cell {
        let quote = self.dialect.quote.unwrap_or(b'"');
        let open = self.at;
        // Nearly always the next quote ends the cell.
        let rest = &self.bytes[open + 1..];
        let stop = match self.dialect.escape {
            Some(escape) if escape != quote => memchr::memchr2(quote, escape, rest),
            _ => memchr::memchr(quote, rest),
        };
        if let Some(stop) = stop.map(|stop| open + 1 + stop)
            && self.bytes[stop] == quote
            && self.bytes.get(stop + 1).is_none_or(|byte| self.ends_cell(*byte))
        {
            self.at = stop + 1;
            return if stop == open + 1 { Cell::EmptyQuoted } else { Cell::Span(open as u32 + 1, stop as u32) };
        }
        let begin = written.len();
        self.at += 1;
        let is_raw = self.write_out(text, quote, written);
        if is_raw {
            written.insert(begin, quote as char);
            let from = self.at;
            self.to_end_of_cell();
            written.push_str(&text[from..self.at]);
        }
        if written.len() == begin { Cell::EmptyQuoted } else { Cell::Written(begin as u32, written.len() as u32) }
    }

    /// Writes out what stands between quotes. `true`: it turned out not to be quoted at all, the rest is still to come.
    fn write_out(&mut self, text: &str, quote: u8, written: &mut String) -> bool {
        let (escape, escape_escape) = (self.dialect.escape, self.dialect.escape_escape);
        let mut before: Option<u8> = None;
        loop {
            let Some(byte) = self.peek() else { return false };
            let after_quote = before == Some(quote) && escape != Some(quote);
            if (before == Some(quote)) && (byte <= b' ' || self.ends_cell(byte)) {
                return self.after_closing(quote, written);
            }
            if byte != quote && Some(byte) != escape {
                if before == Some(quote) {
                    written.push(quote as char);
                    return true;
                }
                if let Some(escape) = escape.filter(|escape| before == Some(*escape)) {
                    written.push(escape as char);
                }
                let from = self.at;
                let rest = &self.bytes[from..];
                let stop = memchr::memchr3(quote, escape.unwrap_or(quote), escape_escape.unwrap_or(quote), rest);
                self.at = from + stop.unwrap_or(rest.len());
                written.push_str(&text[from..self.at]);
                before = self.peek();
                self.at += usize::from(before.is_some());
                continue;
            }
            before = if Some(byte) == escape && before.is_some() && before == escape_escape {
                written.push(byte as char);
                None
            } else if before.is_some() && before == escape {
                if byte == quote {
                    written.push(quote as char);
                    None
                } else {
                    written.push(escape.map_or(' ', |escape| escape as char));
                    Some(byte)
                }
            } else if after_quote && byte == quote {
                written.push(quote as char);
                Some(byte)
            } else if after_quote {
                written.push(quote as char);
                return true;
            } else {
                Some(byte)
            };
            self.at += 1;
        }
    }

    /// Behind the closing quote: spaces up to the separator are dropped; anything else shows that it did not close.
    fn after_closing(&mut self, quote: u8, written: &mut String) -> bool {
        let from = self.at;
        self.skip_spaces();
        if self.peek().is_none_or(|byte| self.ends_cell(byte)) {
            return false;
        }
        written.push(quote as char);
        self.at = from;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, dialect: &Dialect) -> Vec<Option<String>> {
        let mut cells = Cells::new(8);
        cells.cut(dialect, text, 0, text.len(), false);
        let count = cells.counts[0] as usize;
        (0..count).map(|column| cells.text(text, cells.at(0, column)).map(str::to_owned)).collect()
    }

    fn usual() -> Dialect {
        Dialect {
            separator: b',',
            quote: Some(b'"'),
            escape: Some(b'\\'),
            escape_escape: Some(b'\\'),
            trims_start: false,
            trims_end: false,
        }
    }

    fn check(text: &str, expected: &[&str]) {
        let found = cut(text, &usual());
        assert_eq!(found, expected.iter().map(|cell| Some((*cell).to_owned())).collect::<Vec<_>>(), "{text}");
    }

    /// What real Spark answers to the same lines.
    #[test]
    fn quotes_as_spark_reads_them() {
        check(r#""a ""b"" c",1"#, &[r#""a ""b"" c""#, "1"]);
        check(r#""""x""",2"#, &[r#""""x""""#, "2"]);
        check(r#""x""",3"#, &[r#"x"""#, "3"]);
        check(r#""a \"b\" c",1"#, &[r#"a "b" c"#, "1"]);
        check(r#""a\\b",2"#, &[r"a\b", "2"]);
        check(r#""a\nb",3"#, &[r"a\nb", "3"]);
        check(r#""a\\",5"#, &[r"a\", "5"]);
        check(r#""a" ,1"#, &["a", "1"]);
        check(r#""a"b,2"#, &[r#""a"b"#, "2"]);
        check(r#""a" b,3"#, &[r#""a" b"#, "3"]);
        check(r#"a"b",4"#, &[r#"a"b""#, "4"]);
        check(r#"1,"two"#, &["1", "two"]);
        check(r#"lines""#, &[r#"lines""#]);
    }

    #[test]
    fn a_quote_may_escape_itself() {
        let dialect = Dialect { escape: Some(b'"'), escape_escape: None, ..usual() };
        let found = |text: &str| cut(text, &dialect).into_iter().map(Option::unwrap).collect::<Vec<_>>();
        assert_eq!(found(r#""a ""b"" c",1"#), [r#"a "b" c"#, "1"]);
        assert_eq!(found(r#""""x""",2"#), [r#""x""#, "2"]);
        assert_eq!(found(r#""x""",3"#), [r#"x""#, "3"]);
    }

    #[test]
    fn nothing_and_empty_are_told_apart() {
        assert_eq!(cut(r#","",a,"#, &usual()), [None, Some(String::new()), Some("a".into()), None]);
    }

    #[test]
    fn records_end_at_lines_outside_of_quotes() {
        let text = "1,\"a\nb\"\n2,c";
        let mut cells = Cells::new(2);
        let next = cells.cut(&usual(), text, 0, text.len(), true);
        assert_eq!((next, cells.text(text, cells.at(0, 1))), (8, Some("a\nb")));
        assert_eq!(cells.cut(&usual(), text, next, text.len(), true), text.len());
    }
}
