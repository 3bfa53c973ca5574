//! SQL text to tokens, by Spark's lexical rules.
//!
//!     text ──► [ skip blanks and comments ] ──► longest match ──► Token { kind, bytes, character position }
//!
//! Never fails but for a comment that is not closed: what is no token becomes `Unknown` and is refused by the parser
//! with its position, as Spark does. `>` is always one token, so `array<array<int>>` needs no special case; the
//! expression parser puts `>>` together again from neighbours.
//! Our own rather than sqlparser's: that one takes numbers for `1_000`-style words or refuses them (`1.0BD`, `2S`, `t.1a`),
//! knows prefixes Spark does not have (`N'..'`, `0x1F`), un-escapes by other rules, and gives lines instead of the
//! character positions that Spark's errors carry.
//! Not here: which words are keywords (`words`), what escapes in strings mean (`strings`). Begin at [`tokenize`].

use emberflow_base::{Error, Exception, Result};

use super::strings::{unescape, without_doubles};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// An identifier or keyword without quotes.
    Word,
    /// `` `name` ``, quotes removed.
    Quoted(String),
    /// A string constant, escapes resolved.
    String(String),
    /// `123`
    Integer,
    /// `1e3`, `1.5e3`
    Exponent,
    /// `1.5`
    Decimal,
    /// `1L`, `1S`, `1Y`, `1F`, `1.0D`, `1BD`; the suffix in upper case.
    Suffixed(&'static str),
    /// Signs and operators.
    Sign(&'static str),
    /// `/*+`
    HintStart,
    /// `*/`
    HintEnd,
    Unknown,
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub kind: Kind,
    /// Byte range in the text.
    pub start: usize,
    pub end: usize,
    /// Position in characters.
    pub position: usize,
}

/// Signs, longest first among those that begin alike.
const SIGNS: &[&str] = &[
    "<=>", "<>", "<=", "<<", "<", ">=", ">", "==", "=>", "=", "!=", "!<", "!>", "!", "||", "|>", "|", "->", "-", "::", ":=", ":",
    "+", "*", "/", "%", "~", "&", "^", "(", ")", "[", "]", "{", "}", ",", ";", ".", "?", "@",
];

/// Number suffixes, longest first.
const SUFFIXES: &[&str] = &["BD", "L", "S", "Y", "F", "D"];

/// All tokens of `text`; the last is `End`. With `double_quotes_name`, `"a"` is an identifier.
pub(crate) fn tokenize(text: &str, double_quotes_name: bool) -> Result<Vec<Token>> {
    let mut lexer = Lexer { text, at: 0, position: 0, double_quotes_name };
    let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
    loop {
        lexer.skip_blanks()?;
        let (start, position) = (lexer.at, lexer.position);
        let kind = lexer.next_kind();
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, start, end: lexer.at, position });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    position: usize,
    double_quotes_name: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Moves on by `bytes`, which must end between characters.
    fn advance(&mut self, bytes: usize) {
        self.position += self.text[self.at..self.at + bytes].chars().count();
        self.at += bytes;
    }

    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            if blank > 0 {
                self.advance(blank);
            } else if rest.starts_with("--") {
                self.advance(line_comment_length(rest));
            } else if rest.starts_with("/*") && !rest.starts_with("/*+") {
                let length = bracketed_comment_length(rest).ok_or_else(unclosed_comment)?;
                self.advance(length);
            } else {
                return Ok(());
            }
        }
    }

    fn next_kind(&mut self) -> Kind {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Kind::End };
        let (kind, length) = match first {
            '/' if rest.starts_with("/*+") => (Kind::HintStart, 3),
            '*' if rest.starts_with("*/") => (Kind::HintEnd, 2),
            '\'' => string(rest, 0),
            '"' if self.double_quotes_name => quoted_name(rest, '"'),
            '"' => string(rest, 0),
            'r' | 'R' if rest[1..].starts_with(['\'', '"']) => raw_string(rest),
            '`' => quoted_name(rest, '`'),
            '0'..='9' => number_or_word(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => fraction_or_dot(rest),
            c if is_word_part(c) => word(rest),
            _ => sign(rest).unwrap_or((Kind::Unknown, first.len_utf8())),
        };
        self.advance(length);
        kind
    }
}

fn is_word_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Length of a `--` comment; a backslash before the line's end continues it.
fn line_comment_length(rest: &str) -> usize {
    let mut from = 0;
    loop {
        match rest[from..].find('\n') {
            Some(at) if rest[..from + at].ends_with('\\') => from += at + 1,
            Some(at) => return from + at,
            None => return rest.len(),
        }
    }
}

/// Length of a bracketed comment with those nested in it, if it is closed.
fn bracketed_comment_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0usize, 0usize);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn unclosed_comment() -> Error {
    Error::new("UNCLOSED_BRACKETED_COMMENT")
        .text("A bracketed comment is not closed; it has to end with */.")
        .exception_class(Exception::Parse)
}

fn sign(rest: &str) -> Option<(Kind, usize)> {
    SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| (Kind::Sign(sign), sign.len()))
}

fn word(rest: &str) -> (Kind, usize) {
    (Kind::Word, word_length(rest))
}

fn word_length(rest: &str) -> usize {
    rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len())
}

/// A string in the quotes it begins with; a quote inside is doubled or escaped.
fn string(rest: &str, prefix: usize) -> (Kind, usize) {
    let quote = rest.as_bytes()[prefix];
    let bytes = rest.as_bytes();
    let mut at = prefix + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b if b == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            b if b == quote => return (Kind::String(unescape(&rest[prefix + 1..at], quote as char)), at + 1),
            _ => at += 1,
        }
    }
    (Kind::Unknown, prefix + 1)
}

/// `r'..'`: every character stands for itself.
fn raw_string(rest: &str) -> (Kind, usize) {
    let quote = rest.as_bytes()[1] as char;
    match rest[2..].find(quote) {
        Some(end) => (Kind::String(rest[2..2 + end].to_owned()), end + 3),
        None => (Kind::Word, 1),
    }
}

fn quoted_name(rest: &str, quote: char) -> (Kind, usize) {
    let mut from = 1;
    while let Some(found) = rest[from..].find(quote) {
        let end = from + found;
        if rest[end + 1..].starts_with(quote) {
            from = end + 2;
        } else {
            return (Kind::Quoted(without_doubles(&rest[1..end], quote)), end + 1);
        }
    }
    (Kind::Unknown, 1)
}

/// What begins with a digit: a number, or a word like `1a` where that is longer.
fn number_or_word(rest: &str) -> (Kind, usize) {
    let (kind, length) = number(rest);
    match word_length(rest) {
        longer if longer > length => (Kind::Word, longer),
        _ => (kind, length),
    }
}

fn fraction_or_dot(rest: &str) -> (Kind, usize) {
    let (kind, length) = number(rest);
    if length == 0 { (Kind::Sign("."), 1) } else { (kind, length) }
}

/// The longest number at the beginning. One with a dot does not count when a letter follows (`1.a` is `1` `.` `a`).
fn number(rest: &str) -> (Kind, usize) {
    let whole = digits(rest);
    let dotted = match rest[whole..].strip_prefix('.') {
        Some(fraction) if whole > 0 || fraction.starts_with(|c: char| c.is_ascii_digit()) => Some(whole + 1 + digits(fraction)),
        _ => None,
    };
    if let Some(length) = dotted
        && let Some(found) = suffixed(rest, length, Kind::Decimal).filter(|(_, end)| !rest[*end..].starts_with(is_word_part))
    {
        return found;
    }
    suffixed(rest, whole, Kind::Integer).unwrap_or((Kind::Integer, whole))
}

/// Exponent and suffix after `length` bytes of digits.
fn suffixed(rest: &str, length: usize, plain: Kind) -> Option<(Kind, usize)> {
    let exponent = exponent_length(&rest[length..]);
    let end = length + exponent;
    let is_whole = plain == Kind::Integer;
    for suffix in SUFFIXES {
        let fits = rest.get(end..end + suffix.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(suffix));
        let allowed = !matches!(*suffix, "L" | "S" | "Y") || (is_whole && exponent == 0);
        let tail_is_free = |tail: &str| !tail.starts_with(is_word_part);
        if fits && allowed && rest.get(end + suffix.len()..).is_some_and(tail_is_free) {
            return Some((Kind::Suffixed(suffix), end + suffix.len()));
        }
    }
    if length == 0 {
        return None;
    }
    Some(if exponent > 0 { (Kind::Exponent, end) } else { (plain, end) })
}

fn digits(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
}

fn exponent_length(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix(['e', 'E']) else { return 0 };
    let unsigned = after.strip_prefix(['+', '-']).unwrap_or(after);
    match digits(unsigned) {
        0 => 0,
        count => rest.len() - unsigned.len() + count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, String)> {
        let tokens = tokenize(text, false).unwrap();
        tokens.into_iter().filter(|t| t.kind != Kind::End).map(|t| (t.kind.clone(), text[t.start..t.end].to_owned())).collect()
    }

    fn texts(text: &str) -> Vec<String> {
        kinds(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_take_the_longest_match() {
        assert_eq!(texts("1.a t.1b 1.5e3 .5 5. 1e3x"), ["1", ".", "a", "t", ".", "1b", "1.5e3", ".5", "5.", "1e3x"]);
        assert_eq!(kinds("1e3x")[0].0, Kind::Word);
        assert_eq!(kinds("10L")[0].0, Kind::Suffixed("L"));
        assert_eq!(kinds("1.0bd")[0].0, Kind::Suffixed("BD"));
        assert_eq!(kinds("1e3f")[0].0, Kind::Suffixed("F"));
        assert_eq!(kinds("2y")[0].0, Kind::Suffixed("Y"));
        assert_eq!(texts("1-1"), ["1", "-", "1"]);
        assert_eq!(texts("a.1.5"), ["a", ".1", ".5"]);
    }

    #[test]
    fn comments_vanish_and_hints_stay() {
        assert_eq!(texts("a -- b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(texts("a -- b \\\n still\nc"), ["a", "c"]);
        assert_eq!(texts("/*+ x */ 1 * /2"), ["/*+", "x", "*/", "1", "*", "/", "2"]);
        assert_eq!(tokenize("a /* b", false).unwrap_err().condition(), "UNCLOSED_BRACKETED_COMMENT");
    }

    #[test]
    fn an_open_quote_is_an_unknown_sign() {
        assert_eq!(kinds("'abc")[0], (Kind::Unknown, "'".to_owned()));
        assert_eq!(kinds("'it''s'")[0].0, Kind::String("it's".into()));
        assert_eq!(kinds("r'a\\n'")[0].0, Kind::String("a\\n".into()));
        assert_eq!(kinds("`a``b`")[0].0, Kind::Quoted("a`b".into()));
    }

    #[test]
    fn positions_count_characters() {
        let tokens = tokenize("'é' x", false).unwrap();
        assert_eq!(tokens[1].position, 4);
        assert_eq!(tokens[1].start, 5);
    }
}
