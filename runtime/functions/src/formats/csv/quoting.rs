//! Texts as cells of CSV, quoted where they must be, as Spark's writer quotes them.
//!
//! Not here: values as texts.

use emberflow_base::Result;

use crate::formats::Options;

/// The characters that cut and quote, and what stands for nothing.
#[derive(Debug, Clone)]
pub struct Quoting {
    /// Between two cells.
    pub separator: u8,
    quote: u8,
    escape: Option<u8>,
    escape_escape: Option<u8>,
    comment: Option<u8>,
    quotes_all: bool,
    escapes_quotes: bool,
    trims_start: bool,
    trims_end: bool,
    null_value: String,
    empty_value: String,
}

impl Quoting {
    /// What options say.
    pub fn of(options: &Options) -> Result<Self> {
        let quote = options.byte(&["quote"], Some(b'"'))?.unwrap_or(0);
        let escape = options.byte(&["escape"], Some(b'\\'))?;
        let usual = if escape == Some(quote) { None } else { escape };
        Ok(Self {
            separator: options.byte(&["sep", "delimiter"], Some(b','))?.unwrap_or(b','),
            quote,
            escape,
            escape_escape: options.byte(&["chartoescapequoteescaping"], usual)?,
            comment: options.byte(&["comment"], None)?,
            quotes_all: options.flag("quoteall", false)?,
            escapes_quotes: options.flag("escapequotes", true)?,
            trims_start: options.flag("ignoreleadingwhitespace", true)?,
            trims_end: options.flag("ignoretrailingwhitespace", true)?,
            null_value: options.get("nullvalue").unwrap_or_default().to_owned(),
            empty_value: options.get("emptyvalue").unwrap_or("\"\"").to_owned(),
        })
    }

    /// Adds what stands for null.
    pub fn null(&self, out: &mut Vec<u8>) {
        self.stand_in(&self.null_value, out);
    }

    /// Adds a value.
    pub fn cell(&self, text: &str, is_first: bool, out: &mut Vec<u8>) {
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
}
