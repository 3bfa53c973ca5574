//! Where the parser stands in the tokens, and everything that asks about or moves over one token.
//!
//!     tokens:  SELECT  a  FROM  t  <end>
//!                      ▲ at
//!
//! The parser looks ahead and hardly ever goes back, so its time is linear in the text; what must look past a pair of
//! parentheses asks [`Parser::after_partner`]. The offending token of a syntax error is the one it stands on.
//! Not here: what the tokens mean. Begin at [`Parser::new`].

use std::sync::Arc;

use emberflow_base::{Error, Exception, QueryContext, Result};

use super::lexer::{Kind, Token, tokenize};
use super::window::NamedWindow;
use super::words;
use super::{Parameters, SqlOptions};
use crate::tree::Origin;

/// How deep expressions and queries may nest. Walkers grow their stack, but what frees a tree does not.
const MAX_DEPTH: usize = 2_500;

/// Longest piece of text kept with an expression for error messages.
const MAX_FRAGMENT: usize = 1_024;

pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    /// For each opening bracket the index of the token that closes it.
    partners: Vec<usize>,
    /// For each token the next one that is no opening parenthesis.
    opened: Vec<usize>,
    /// Indices of the `?` tokens.
    parameters: Vec<usize>,
    /// What parameters stand for, if that is known.
    pub(super) bound: Option<&'a Parameters>,
    /// Whether a `WINDOW` clause can be anywhere at all.
    pub(super) may_have_windows: bool,
    pub(super) at: usize,
    /// Whether TIMESTAMP means TIMESTAMP_NTZ.
    pub(super) local_timestamps: bool,
    depth: usize,
    /// `WINDOW` clauses of the queries around, innermost last.
    pub(super) windows: Vec<Vec<NamedWindow>>,
    /// Arguments of the lambdas around, innermost last.
    pub(super) lambdas: Vec<Vec<String>>,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, options: SqlOptions) -> Result<Self> {
        let tokens = tokenize(text, options.ansi && options.double_quoted_identifiers)?;
        let parameters = tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign("?"));
        let may_have_windows = tokens.iter().any(|token| text[token.start..token.end].eq_ignore_ascii_case("WINDOW"));
        Ok(Self {
            text,
            partners: partners(&tokens),
            opened: opened(&tokens),
            parameters: parameters.map(|(index, _)| index).collect(),
            bound: None,
            may_have_windows,
            tokens,
            at: 0,
            local_timestamps: options.local_timestamps,
            depth: 0,
            windows: Vec::new(),
            lambdas: Vec::new(),
        })
    }

    /// Runs `parse` and insists that nothing follows.
    pub fn whole<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let parsed = parse(self)?;
        self.expect_end()?;
        Ok(parsed)
    }

    pub fn expect_end(&self) -> Result<()> {
        let is_last = *self.kind(1) == Kind::End;
        let after_semicolon = self.at > 0 && self.tokens[self.at - 1].kind == Kind::Sign(";");
        match self.kind(0) {
            Kind::End => Ok(()),
            // A clause was begun whose BY is missing.
            _ if self.is_one_of(&["GROUP", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE"]) => Err(self.error_ahead(1, "")),
            _ if is_last || after_semicolon => Err(self.error_ahead(0, &format!(": extra input {}", self.quoted(0)))),
            _ => Err(self.error_here()),
        }
    }

    /// Runs `parse` one level deeper, on a stack that is large enough.
    pub fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check_depth(self.depth + 1)?;
        self.depth += 1;
        let parsed = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || parse(self));
        self.depth -= 1;
        parsed
    }

    /// Refuses what a chain of `links` operators at this depth would build.
    pub fn check_chain(&self, links: usize) -> Result<()> {
        self.check_depth(self.depth + links)
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        let text = format!("The text nests deeper than {MAX_DEPTH} levels; split it into smaller statements.");
        Err(Error::new("FAILED_TO_PARSE_TOO_COMPLEX").text(text).exception_class(Exception::Parse))
    }

    pub fn token(&self, ahead: usize) -> &Token {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    pub fn kind(&self, ahead: usize) -> &Kind {
        &self.token(ahead).kind
    }

    /// The text of a token as written.
    pub fn written(&self, ahead: usize) -> &'a str {
        let token = self.token(ahead);
        &self.text[token.start..token.end]
    }

    pub fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub fn is_end(&self) -> bool {
        *self.kind(0) == Kind::End
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        *self.kind(ahead) == Kind::Word && self.written(ahead).eq_ignore_ascii_case(word)
    }

    pub fn is_one_of(&self, words: &[&str]) -> bool {
        self.is_one_of_at(0, words)
    }

    pub fn is_one_of_at(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word_at(ahead, word))
    }

    /// Whether these words follow in this order.
    pub fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.is_word_at(ahead, word))
    }

    pub fn take_word(&mut self, word: &str) -> bool {
        self.take_words(&[word])
    }

    /// Takes all these words, or none.
    pub fn take_words(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            words.iter().for_each(|_| self.advance());
        }
        found
    }

    /// Takes one of these words and says which.
    pub fn take_one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        let found = words.iter().find(|word| self.is_word(word)).copied()?;
        self.advance();
        Some(found)
    }

    pub fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.error_unless_extra(self.is_word_at(1, word))) }
    }

    pub fn expect_words(&mut self, words: &[&str]) -> Result<()> {
        words.iter().try_for_each(|word| self.expect_word(word))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        self.is_sign_at(0, sign)
    }

    pub fn is_sign_at(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.kind(ahead), Kind::Sign(found) if *found == sign)
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect_sign(&mut self, sign: &str) -> Result<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.error_unless_extra(self.is_sign_at(1, sign))) }
    }

    /// Whether this token directly follows the one before it, without blanks.
    pub fn touches_previous(&self, ahead: usize) -> bool {
        let index = self.at + ahead;
        index > 0 && index < self.tokens.len() && self.tokens[index - 1].end == self.tokens[index].start
    }

    /// How far ahead the token behind the partner of the bracket `ahead` stands.
    pub fn after_partner(&self, ahead: usize) -> Option<usize> {
        let partner = *self.partners.get(self.at + ahead)?;
        (partner != usize::MAX).then(|| partner + 1 - self.at)
    }

    /// How many opening parentheses stand there in a row.
    pub fn opening_run(&self, ahead: usize) -> usize {
        let index = self.at + ahead;
        self.opened.get(index).map_or(0, |first| first - index)
    }

    pub fn is_identifier(&self, ahead: usize) -> bool {
        matches!(self.kind(ahead), Kind::Word | Kind::Quoted(_))
    }

    /// Any name; Spark's default mode reserves no word here.
    pub fn identifier(&mut self) -> Result<String> {
        let name = match self.kind(0) {
            Kind::Word if !self.written(0).is_ascii() => return Err(self.unquoted_name()),
            Kind::Word => self.written(0).to_owned(),
            Kind::Quoted(name) => name.clone(),
            _ => return Err(self.error_here()),
        };
        self.advance();
        Ok(name)
    }

    /// A name of a table; a few words that join tables cannot be one unless quoted.
    pub fn strict_identifier(&mut self) -> Result<String> {
        if *self.kind(0) == Kind::Word && words::is_strict(self.written(0)) {
            return Err(self.error_here());
        }
        self.identifier()
    }

    /// `a.b.c`
    pub fn multipart_identifier(&mut self) -> Result<Vec<String>> {
        let mut parts = vec![self.name_part()?];
        while self.is_sign(".") && self.is_identifier(1) {
            self.advance();
            parts.push(self.name_part()?);
        }
        Ok(parts)
    }

    /// One part of a table's name; says so when it was meant to hold a hyphen.
    fn name_part(&mut self) -> Result<String> {
        let start = self.at;
        let name = self.identifier()?;
        if self.is_sign("-") && self.touches_previous(0) && self.is_identifier(1) && self.touches_previous(1) {
            while self.is_sign("-") && self.is_identifier(1) {
                self.advance();
                self.advance();
            }
            return Err(self.error_since(start, must_be_quoted(self.written_since(start))));
        }
        Ok(name)
    }

    fn unquoted_name(&mut self) -> Error {
        let start = self.at;
        self.advance();
        self.error_since(start, must_be_quoted(self.written_since(start)))
    }

    /// A string constant, neighbours joined.
    pub fn take_string(&mut self) -> Option<String> {
        let mut joined: Option<String> = None;
        while let Kind::String(part) = self.kind(0) {
            joined.get_or_insert_default().push_str(part);
            self.advance();
        }
        joined
    }

    pub fn string(&mut self) -> Result<String> {
        self.take_string().ok_or_else(|| self.error_here())
    }

    /// One whole number.
    pub fn integer<T: std::str::FromStr>(&mut self) -> Result<T> {
        if *self.kind(0) != Kind::Integer {
            return Err(self.error_here());
        }
        let parsed = self.written(0).parse().map_err(|_| self.error_here())?;
        self.advance();
        Ok(parsed)
    }

    /// `item, item, ...`
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take_sign(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `(item, item, ...)`
    pub fn in_parentheses<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_sign("(")?;
        let items = self.list(item)?;
        self.expect_sign(")")?;
        Ok(items)
    }

    /// At which character the token `index` stands.
    pub fn position_of(&self, index: usize) -> usize {
        self.tokens[index].position
    }

    /// How many `?` stand before token `index`.
    pub fn parameters_before(&self, index: usize) -> usize {
        self.parameters.partition_point(|parameter| *parameter < index)
    }

    pub fn written_since(&self, start: usize) -> &'a str {
        let Some(last) = self.at.checked_sub(1).filter(|last| *last >= start) else { return "" };
        &self.text[self.tokens[start].start..self.tokens[last].end]
    }

    /// Where the tokens from `start` up to here were written.
    pub fn origin_since(&self, start: usize) -> Origin {
        Some(Arc::new(self.context_since(start)))
    }

    pub fn context_since(&self, start: usize) -> QueryContext {
        let first = &self.tokens[start];
        let last = &self.tokens[self.at.saturating_sub(1).max(start)];
        let written = &self.text[first.start..last.end];
        let length = self.text[last.start..last.end].chars().count();
        QueryContext::Sql {
            object_type: String::new(),
            object_name: String::new(),
            start: first.position as i32,
            stop: (last.position + length) as i32 - 1,
            fragment: shortened(written),
        }
    }

    /// `error` as a parse error about the tokens from `start` up to here.
    pub fn error_since(&self, start: usize, error: Error) -> Error {
        error.exception_class(Exception::Parse).context(self.context_since(start))
    }

    /// "The next token cannot stand here."
    pub fn error_here(&self) -> Error {
        self.error_ahead(0, "")
    }

    /// "This token is too many" where what was expected follows it, else "it cannot stand here".
    fn error_unless_extra(&self, is_extra: bool) -> Error {
        let hint = if is_extra { format!(": extra input {}", self.quoted(0)) } else { String::new() };
        self.error_ahead(0, &hint)
    }

    /// "`wanted` is missing here."
    pub fn error_missing(&self, wanted: &str) -> Error {
        self.error_ahead(0, &format!(": missing {wanted}"))
    }

    /// "The token `ahead` cannot stand there."
    pub fn error_ahead(&self, ahead: usize, hint: &str) -> Error {
        let near = self.quoted(ahead);
        let (line, column) = line_and_column(self.text, self.token(ahead).start);
        let text = format!("Syntax error at or near {near}{hint} (line {line}, position {column}).");
        Error::new("PARSE_SYNTAX_ERROR").with("error", near).with("hint", hint).text(text)
    }

    fn quoted(&self, ahead: usize) -> String {
        match self.kind(ahead) {
            Kind::End => "end of input".to_owned(),
            _ => format!("'{}'", self.written(ahead)),
        }
    }
}

fn must_be_quoted(written: &str) -> Error {
    let text = format!("`{written}` cannot be a name unless it stands in back quotes.");
    Error::new("INVALID_IDENTIFIER").with("ident", written).text(text)
}

/// Line from 1, character within it from 0, as Spark counts them.
pub(crate) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte];
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[line_start..].chars().count())
}

fn shortened(written: &str) -> String {
    match written.char_indices().nth(MAX_FRAGMENT) {
        Some((end, _)) => format!("{}...", &written[..end]),
        None => written.to_owned(),
    }
}

fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partners = vec![usize::MAX; tokens.len()];
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign("(" | "[") => open.push(index),
            Kind::Sign(")" | "]") => {
                if let Some(opening) = open.pop() {
                    partners[opening] = index;
                }
            }
            _ => {}
        }
    }
    partners
}

fn opened(tokens: &[Token]) -> Vec<usize> {
    let mut opened: Vec<usize> = (0..tokens.len()).collect();
    for index in (0..tokens.len().saturating_sub(1)).rev() {
        if tokens[index].kind == Kind::Sign("(") {
            opened[index] = opened[index + 1];
        }
    }
    opened
}
