//! JSON text as a list of nodes, checked once, with the leniency Spark's options give.
//!
//!     {"a": [1, "x"]}  ──►  Object(→5) Name(a) Array(→5) Number(1) Text(x)
//!
//! A node says where its text lies; a container also where the node after it is. Nothing is copied until a column is made.

use std::borrow::Cow;

use emberflow_base::Result;

use crate::cast::write_double;
use crate::formats::Options;
use crate::variant::write_quoted;

/// What is allowed beyond the standard.
#[derive(Debug, Clone)]
pub struct Leniency {
    comments: bool,
    unquoted_names: bool,
    single_quotes: bool,
    leading_zeros: bool,
    non_numeric_numbers: bool,
    any_escape: bool,
    control_characters: bool,
}

impl Leniency {
    /// What options allow.
    pub fn of(options: &Options) -> Result<Self> {
        Ok(Self {
            comments: options.flag("allowcomments", false)?,
            unquoted_names: options.flag("allowunquotedfieldnames", false)?,
            single_quotes: options.flag("allowsinglequotes", true)?,
            leading_zeros: options.flag("allownumericleadingzeros", false)?,
            non_numeric_numbers: options.flag("allownonnumericnumbers", true)?,
            any_escape: options.flag("allowbackslashescapinganycharacter", false)?,
            control_characters: options.flag("allowunquotedcontrolchars", false)?,
        })
    }

    /// What functions that look into JSON allow, as Hive's did.
    pub fn of_lookups() -> Self {
        Self {
            comments: false,
            unquoted_names: false,
            single_quotes: true,
            leading_zeros: false,
            non_numeric_numbers: false,
            any_escape: false,
            control_characters: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    True,
    False,
    Whole,
    Fraction,
    /// `NaN`, `Infinity` and their like, without quotes.
    NonNumeric,
    /// A string without escapes; the text is between the quotes.
    Text,
    /// A string with escapes.
    Escaped,
    Object,
    Array,
}

#[derive(Debug, Clone, Copy)]
pub struct Node {
    pub kind: Kind,
    pub start: u32,
    pub stop: u32,
    /// The node after this value.
    pub next: u32,
}

/// The nodes of any number of documents.
#[derive(Debug, Default)]
pub struct Tape {
    pub nodes: Vec<Node>,
}

/// A text that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

type Parsed<T> = std::result::Result<T, Malformed>;

/// Deeper nesting is taken as malformed, as Jackson does.
const DEPTH_MAX: usize = 1000;

impl Tape {
    /// Adds the first value in `text[start..stop]`; `None` if there is nothing. What follows the value is not looked at.
    pub fn add(&mut self, text: &str, start: usize, stop: usize, leniency: &Leniency) -> Parsed<Option<u32>> {
        let before = self.nodes.len();
        let mut parser = Parser { bytes: &text.as_bytes()[..stop], at: start, nodes: &mut self.nodes, leniency };
        let added = parser.skip().and_then(|()| match parser.peek() {
            None => Ok(None),
            Some(_) => stacker::maybe_grow(256 << 10, 4 << 20, || parser.value(0)).map(|()| Some(before as u32)),
        });
        if added.is_err() {
            self.nodes.truncate(before);
        }
        added
    }

    pub fn node(&self, at: u32) -> Node {
        self.nodes[at as usize]
    }

    /// The values of an array.
    pub fn elements(&self, array: u32) -> Elements<'_> {
        Elements { tape: self, at: array + 1, stop: self.node(array).next }
    }

    /// Names and values of an object: the nodes of both.
    pub fn fields(&self, object: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut nodes = self.elements(object);
        std::iter::from_fn(move || Some((nodes.next()?, nodes.next()?)))
    }

    /// What a string says; another value as it stands in the text.
    pub fn string<'t>(&self, text: &'t str, node: Node) -> Cow<'t, str> {
        let raw = &text[node.start as usize..node.stop as usize];
        if node.kind == Kind::Escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) }
    }

    /// A value written anew, without what does not matter; of a string what it says.
    pub fn compact<'t>(&self, text: &'t str, at: u32) -> Cow<'t, str> {
        let node = self.node(at);
        match node.kind {
            Kind::Text | Kind::Escaped => self.string(text, node),
            _ => {
                let mut out = String::new();
                self.write(text, at, false, &mut out);
                Cow::Owned(out)
            }
        }
    }

    /// Writes a value without what does not matter; fractions as doubles are written, or as they were (`exact`).
    pub fn write(&self, text: &str, at: u32, exact: bool, out: &mut String) {
        let node = self.node(at);
        let raw = || &text[node.start as usize..node.stop as usize];
        match node.kind {
            Kind::Null => out.push_str("null"),
            Kind::True => out.push_str("true"),
            Kind::False => out.push_str("false"),
            Kind::Whole => out.push_str(raw()),
            Kind::Fraction => match raw().parse() {
                Ok(value) if !exact => write_double(value, out),
                _ => out.push_str(raw()),
            },
            Kind::NonNumeric => write_quoted(raw(), out),
            Kind::Text | Kind::Escaped => write_quoted(&self.string(text, node), out),
            Kind::Array => {
                out.push('[');
                for (position, element) in self.elements(at).enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    self.write(text, element, exact, out);
                }
                out.push(']');
            }
            Kind::Object => {
                out.push('{');
                for (position, (name, value)) in self.fields(at).enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    write_quoted(&self.string(text, self.node(name)), out);
                    out.push(':');
                    self.write(text, value, exact, out);
                }
                out.push('}');
            }
        }
    }
}

pub struct Elements<'t> {
    tape: &'t Tape,
    at: u32,
    stop: u32,
}

impl Iterator for Elements<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.at >= self.stop {
            return None;
        }
        let found = self.at;
        self.at = self.tape.node(found).next;
        Some(found)
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Node>,
    leniency: &'a Leniency,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// White space and comments.
    fn skip(&mut self) -> Parsed<()> {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if self.peek() != Some(b'/') || !self.leniency.comments {
                return Ok(());
            }
            let rest = &self.bytes[self.at..];
            self.at += match rest.get(1) {
                Some(b'/') => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                Some(b'*') => memchr::memmem::find(&rest[2..], b"*/").ok_or(Malformed)? + 4,
                _ => return Err(Malformed),
            };
        }
    }

    fn value(&mut self, depth: usize) -> Parsed<()> {
        if depth > DEPTH_MAX {
            return Err(Malformed);
        }
        self.skip()?;
        match self.peek().ok_or(Malformed)? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(b'"'),
            b'\'' if self.leniency.single_quotes => self.string(b'\''),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn open(&mut self, kind: Kind) -> usize {
        self.nodes.push(Node { kind, start: self.at as u32, stop: 0, next: 0 });
        self.at += 1;
        self.nodes.len() - 1
    }

    fn close(&mut self, node: usize) {
        let next = self.nodes.len() as u32;
        self.nodes[node].stop = self.at as u32;
        self.nodes[node].next = next;
    }

    fn leaf(&mut self, kind: Kind, start: usize, stop: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, stop: stop as u32, next });
    }

    fn object(&mut self, depth: usize) -> Parsed<()> {
        let node = self.open(Kind::Object);
        self.skip()?;
        if !self.eat(b'}') {
            loop {
                self.skip()?;
                self.name()?;
                self.skip()?;
                if !self.eat(b':') {
                    return Err(Malformed);
                }
                self.value(depth + 1)?;
                self.skip()?;
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(Malformed);
                }
            }
        }
        self.close(node);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Parsed<()> {
        let node = self.open(Kind::Array);
        self.skip()?;
        if !self.eat(b']') {
            loop {
                self.value(depth + 1)?;
                self.skip()?;
                if self.eat(b']') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(Malformed);
                }
            }
        }
        self.close(node);
        Ok(())
    }

    fn name(&mut self) -> Parsed<()> {
        match self.peek().ok_or(Malformed)? {
            b'"' => self.string(b'"'),
            b'\'' if self.leniency.single_quotes => self.string(b'\''),
            byte if self.leniency.unquoted_names && is_name(byte) => {
                let start = self.at;
                while self.peek().is_some_and(is_name) {
                    self.at += 1;
                }
                self.leaf(Kind::Text, start, self.at);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn string(&mut self, quote: u8) -> Parsed<()> {
        self.at += 1;
        let start = self.at;
        let mut kind = Kind::Text;
        loop {
            let rest = &self.bytes[self.at..];
            let stop = memchr::memchr2(quote, b'\\', rest).ok_or(Malformed)?;
            if !self.leniency.control_characters && rest[..stop].iter().any(|byte| *byte < b' ') {
                return Err(Malformed);
            }
            self.at += stop;
            if self.bytes[self.at] == quote {
                break;
            }
            kind = Kind::Escaped;
            self.escape()?;
        }
        self.leaf(kind, start, self.at);
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Parsed<()> {
        let letter = *self.bytes.get(self.at + 1).ok_or(Malformed)?;
        match letter {
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).ok_or(Malformed)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Malformed);
                }
                self.at += 6;
            }
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'\'' if self.leniency.single_quotes => self.at += 2,
            _ if self.leniency.any_escape => self.at += 2,
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Parsed<()> {
        let mut start = self.at;
        let negative = self.eat(b'-');
        if negative && self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.at = start;
            return self.word();
        }
        let first = self.at;
        let whole = self.digits();
        if whole == 0 {
            return Err(Malformed);
        }
        if whole > 1 && self.bytes[first] == b'0' {
            if !self.leniency.leading_zeros {
                return Err(Malformed);
            }
            if !negative {
                start = first + self.bytes[first..self.at - 1].iter().take_while(|byte| **byte == b'0').count();
            }
        }
        let mut kind = Kind::Whole;
        if self.eat(b'.') {
            kind = Kind::Fraction;
            if self.digits() == 0 {
                return Err(Malformed);
            }
        }
        if self.eat(b'e') || self.eat(b'E') {
            kind = Kind::Fraction;
            let _ = self.eat(b'-') || self.eat(b'+');
            if self.digits() == 0 {
                return Err(Malformed);
            }
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Malformed);
        }
        self.leaf(kind, start, self.at);
        Ok(())
    }

    fn word(&mut self) -> Parsed<()> {
        let start = self.at;
        let _ = self.eat(b'-') || self.eat(b'+');
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        let kind = match &self.bytes[start..self.at] {
            b"null" => Kind::Null,
            b"true" => Kind::True,
            b"false" => Kind::False,
            b"NaN" | b"Infinity" | b"-Infinity" | b"+Infinity" | b"INF" | b"-INF" | b"+INF"
                if self.leniency.non_numeric_numbers =>
            {
                Kind::NonNumeric
            }
            _ => return Err(Malformed),
        };
        self.leaf(kind, start, self.at);
        Ok(())
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'@' | b'#' | b'*' | b'+') || !byte.is_ascii()
}

/// The text of a string whose escapes are known to be sound.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => out.push(unicode(&mut letters)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// `\ud83d\ude00` is one letter; half of one is U+FFFD.
fn unicode(letters: &mut std::str::Chars<'_>) -> char {
    let hex = |text: &str| u16::from_str_radix(text, 16).ok();
    let Some(first) = letters.as_str().get(..4).and_then(hex) else { return char::REPLACEMENT_CHARACTER };
    *letters = letters.as_str()[4..].chars();
    let mut units = vec![first];
    let rest = letters.as_str();
    if (0xD800..0xDC00).contains(&first)
        && rest.starts_with("\\u")
        && let Some(second) = rest.get(2..6).and_then(hex)
        && (0xDC00..0xE000).contains(&second)
    {
        units.push(second);
        *letters = rest[6..].chars();
    }
    char::decode_utf16(units).next().and_then(std::result::Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, options: &[(&str, &str)]) -> Parsed<Vec<(Kind, String)>> {
        let pairs: Vec<(String, String)> = options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let leniency = Leniency::of(&Options::new(&pairs)).unwrap();
        let mut tape = Tape::default();
        tape.add(text, 0, text.len(), &leniency)?;
        Ok(tape.nodes.iter().map(|node| (node.kind, tape.string(text, *node).into_owned())).collect())
    }

    #[test]
    fn nodes_of_a_document() {
        let found = parse(r#" {"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00"], "b": null} trailing"#, &[]).unwrap();
        let kinds: Vec<Kind> = found.iter().map(|(kind, _)| *kind).collect();
        use Kind::*;
        assert_eq!(kinds, [Object, Text, Array, Whole, Fraction, Escaped, Text, Null]);
        assert_eq!(found[5].1, "x\né😀");
        assert_eq!(found[2].1, r#"[1, -2.5e3, "x\n\u00e9\ud83d\ude00"]"#);
    }

    #[test]
    fn what_is_no_json() {
        for text in ["{", "{\"a\":}", "[1,]", "nope", "{a: 1}", "007", "\"x\ty\"", "\"\\q\"", "1x", "{\"a\" 1}", "\"open"] {
            assert_eq!(parse(text, &[]), Err(Malformed), "{text}");
        }
        assert_eq!(parse("  ", &[]), Ok(vec![]));
    }

    #[test]
    fn what_options_allow() {
        assert!(parse("{'a': \"it's\"}", &[]).is_ok());
        assert!(parse("{'a': 1}", &[("allowSingleQuotes", "false")]).is_err());
        assert!(parse("{a: 1, /* x */ b: NaN} // y", &[("allowUnquotedFieldNames", "true"), ("allowComments", "true")]).is_ok());
        assert_eq!(parse("007", &[("allowNumericLeadingZeros", "true")]).unwrap()[0].1, "7");
        assert_eq!(parse("\"\\q\"", &[("allowBackslashEscapingAnyCharacter", "true")]).unwrap()[0].1, "q");
        assert!(parse("NaN", &[("allowNonNumericNumbers", "false")]).is_err());
    }
}
