//! Text into tokens with their positions, which count characters from 0.
//!
//! A number ends where no grammar rule continues it, so `0..4` is two integers; `.5` and `5.` are errors. Operators of
//! other languages are refused with the one to write instead.

use crate::error::{Error, Result};

/// A piece of text that means something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// An integer without sign; up to 2^63, so that the smallest int64 can be written.
    Int(u64),
    Double(f64),
    Str(String),
    /// `secs:nanos`; seconds as an integer is.
    Timestamp(u64, u32),
    /// A word: attribute, function or keyword.
    Word(String),
    /// A name in backquotes.
    Quoted(String),
    /// `${name}`.
    Parameter(String),
    /// An operator or punctuation mark.
    Symbol(&'static str),
    End,
}

/// A token and where it begins, in characters.
#[derive(Debug, Clone)]
pub(super) struct Lexeme {
    pub token: Token,
    pub at: usize,
}

/// Longest first, so that `<<` is not two `<`.
const SYMBOLS: [&str; 26] = [
    "==", "!=", "<=", ">=", "<<", ">>", "..", "=", "<", ">", "(", ")", "[", "]", ",", ";", "+", "-", "*", "/", "&", "|", "^",
    "~", ":", ".",
];

/// What other languages write, and what is written here.
const FOREIGN: [(&str, &str); 6] = [
    ("<>", "`<>` is written `!=`"),
    ("&&", "`&&` is written `AND`"),
    ("||", "`||` is written `OR`"),
    ("!", "`!` is written `NOT`"),
    ("%", "there is no operator `%`"),
    ("\"", "text stands in single quotes, names in backquotes"),
];

/// All tokens of a text; the last is [`Token::End`].
pub(super) fn lexemes(text: &str) -> Result<Vec<Lexeme>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut all = Vec::new();
    let (mut characters, mut counted) = (0, 0);
    loop {
        lexer.skip_blanks();
        characters += text[counted..lexer.at].chars().count();
        counted = lexer.at;
        let token = lexer.next()?;
        let last = token == Token::End;
        all.push(Lexeme { token, at: characters });
        if last {
            return Ok(all);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    /// The next byte; always where a character begins.
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error<T>(&self, at: usize, why: impl Into<String>) -> Result<T> {
        Err(Error::parse(self.text[..at].chars().count(), why))
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn next(&mut self) -> Result<Token> {
        match self.rest().chars().next() {
            None => Ok(Token::End),
            Some('0'..='9') => self.number(),
            Some('A'..='Z' | 'a'..='z' | '_') => Ok(self.word()),
            Some('\'') => self.string(),
            Some('`') => self.quoted(),
            Some('$') => self.parameter(),
            Some(other) => self.symbol(other),
        }
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let digits = &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()];
        self.at += digits.len();
        digits
    }

    fn number(&mut self) -> Result<Token> {
        let start = self.at;
        let whole = self.digits();
        let token = if self.fraction() | self.exponent() {
            // Digits, a point between digits, an exponent: always a number to Rust.
            Token::Double(self.text[start..self.at].parse().unwrap_or(f64::NAN))
        } else {
            let whole = self.integer(start, whole)?;
            match self.nanos()? {
                Some(nanos) => Token::Timestamp(whole, nanos),
                None => Token::Int(whole),
            }
        };
        match self.rest().chars().next() {
            Some(letter) if letter.is_alphabetic() || letter == '_' => {
                self.error(start, "a number must not run into a name; put a blank between them")
            }
            Some('.') if !self.rest().starts_with("..") => self.error(start, "a number has digits on both sides of its point"),
            _ => Ok(token),
        }
    }

    fn integer(&self, at: usize, digits: &str) -> Result<u64> {
        let number = digits.parse::<u64>().ok().filter(|number| *number <= 1 << 63);
        number.map_or_else(|| self.error(at, "the integer does not fit 64 bits"), Ok)
    }

    /// Steps over `.digits`.
    fn fraction(&mut self) -> bool {
        let found = matches!(self.rest().as_bytes(), [b'.', b'0'..=b'9', ..]);
        if found {
            self.at += 1;
            self.digits();
        }
        found
    }

    /// Steps over `e digits`, with or without a sign.
    fn exponent(&mut self) -> bool {
        let sign = match self.rest().as_bytes() {
            [b'e' | b'E', b'0'..=b'9', ..] => 1,
            [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => 2,
            _ => return false,
        };
        self.at += sign;
        self.digits();
        true
    }

    /// The part of a timestamp behind its seconds: no blanks around the colon.
    fn nanos(&mut self) -> Result<Option<u32>> {
        let at = self.at;
        if !matches!(self.rest().as_bytes(), [b':', b'0'..=b'9', ..]) {
            return Ok(None);
        }
        self.at += 1;
        let nanos = self.digits().parse::<u32>().ok().filter(|nanos| *nanos < 1_000_000_000);
        nanos.map_or_else(|| self.error(at, "a timestamp has fewer than 1,000,000,000 nanoseconds"), |nanos| Ok(Some(nanos)))
    }

    fn word(&mut self) -> Token {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        self.at += length;
        Token::Word(rest[..length].to_owned())
    }

    fn string(&mut self) -> Result<Token> {
        let start = self.at;
        let mut said = String::new();
        loop {
            self.at += 1;
            match self.rest().split_once('\'') {
                None => return self.error(start, "the text in quotes has no end"),
                Some((piece, behind)) => {
                    said.push_str(piece);
                    self.at += piece.len() + 1;
                    if !behind.starts_with('\'') {
                        return Ok(Token::Str(said));
                    }
                    said.push('\''); // two quotes are one
                }
            }
        }
    }

    fn quoted(&mut self) -> Result<Token> {
        let start = self.at;
        match self.rest()[1..].split_once('`') {
            None => self.error(start, "the name in backquotes has no end"),
            Some((name, _)) => {
                self.at += name.len() + 2;
                Ok(Token::Quoted(name.to_owned()))
            }
        }
    }

    fn parameter(&mut self) -> Result<Token> {
        let start = self.at;
        let inner = self.rest().strip_prefix("${").and_then(|rest| rest.split_once('}'));
        match inner {
            Some((name, _)) if !name.is_empty() => {
                self.at += name.len() + 3;
                Ok(Token::Parameter(name.to_owned()))
            }
            _ => self.error(start, "a bound value is written `${name}`"),
        }
    }

    fn symbol(&mut self, first: char) -> Result<Token> {
        let rest = self.rest();
        // `!=` is ours, a lone `!` is not.
        let foreign = FOREIGN.iter().find(|(written, _)| rest.starts_with(written) && !rest.starts_with("!="));
        if let Some((_, hint)) = foreign {
            return self.error(self.at, *hint);
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(Token::Symbol(symbol))
            }
            None => self.error(self.at, format!("{first:?} does not belong into an expression")),
        }
    }
}
