//! SQL text to tree, with a parser of our own.
//!
//!     text ─► lexer ─► tokens ─► cursor ─┬─► statement ─► query ─► select ─► from ─────► Relation, Command
//!                                        └─► expression ─► predicate, primary, call ─► Expr
//!
//! The design allows sqlparser behind a boundary of ours; this is the boundary without it. Read closely, sqlparser's
//! tokenizer differs from Spark's in what numbers, names and escapes are, and gives no character positions; its tree drops the
//! difference between `a.b` and a struct's field, has no LATERAL VIEW, SORT BY, hints or Spark's SHOW and DESCRIBE, and it
//! reserves words that Spark lets name a column. What would have been left of it was smaller than the code to bend it.
//!
//! Promises: never panics, whatever the text; linear in the length of the text but for deep nesting; nests as deep as
//! the stack can be freed again. Every expression and table knows where it was written.
//! Not here: what names mean (the analyzer). Begin at [`parse_statement`]; one more statement goes into `statement`.

mod call;
pub(crate) mod cursor;
mod data_type;
mod datetime;
mod expression;
mod from;
mod interval;
mod keywords;
mod lexer;
mod literal;
mod pipe;
mod predicate;
mod primary;
mod query;
mod select;
mod split;
mod statement;
mod strings;
mod window;
mod words;

#[cfg(test)]
mod printer;
#[cfg(test)]
mod tests;

pub use keywords::KEYWORDS;
pub use split::split_statements;

use emberflow_base::{Error, Exception, Result, Settings};

use crate::tree::{Expr, Statement};
use cursor::Parser;

/// How text is read; from the session's settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqlOptions {
    pub double_quoted_identifiers: bool,
    pub ansi: bool,
    /// Whether TIMESTAMP means TIMESTAMP_NTZ.
    pub local_timestamps: bool,
}

impl SqlOptions {
    pub fn of(settings: &Settings) -> Self {
        Self {
            double_quoted_identifiers: settings.flag("spark.sql.ansi.doubleQuotedIdentifiers"),
            ansi: settings.ansi(),
            local_timestamps: settings.local_timestamps(),
        }
    }
}

/// What the parameters of a text stand for.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// `:name`
    pub named: Vec<(String, Expr)>,
    /// `?`, in the order of the text
    pub positional: Vec<Expr>,
}

/// One statement whose parameters, if it has any, stay open.
pub fn parse_statement(text: &str, options: SqlOptions) -> Result<Statement> {
    statement_of(text, options, None)
}

/// One statement with values in place of its parameters.
pub fn parse_with_parameters(text: &str, options: SqlOptions, parameters: &Parameters) -> Result<Statement> {
    statement_of(text, options, Some(parameters))
}

fn statement_of(text: &str, options: SqlOptions, parameters: Option<&Parameters>) -> Result<Statement> {
    if text.trim().is_empty() {
        return Err(Error::new("PARSE_EMPTY_STATEMENT").text("The text holds no statement.").exception_class(Exception::Parse));
    }
    let mut parser = Parser::new(text, options)?;
    parser.bound = parameters;
    parser.whole(|parser| {
        let statement = parser.statement()?;
        while parser.take_sign(";") {}
        Ok(statement)
    })
}

/// One scalar expression, possibly with an alias or `*` (`selectExpr`, `expr`).
pub fn parse_expression(text: &str, options: SqlOptions) -> Result<Expr> {
    Parser::new(text, options)?.whole(Parser::named_expression)
}

/// What a clock on the wall shows at the timestamp `text`, in microseconds, and the region's zone written behind it. The
/// parser makes an ANSI cast of a timestamp constant that depends on a zone; who knows the zone makes it an instant.
pub fn wall_clock(text: &str) -> Option<(i64, Option<String>)> {
    let moment = datetime::parse_timestamp(text)?;
    match moment.zone {
        datetime::Zone::Absent => Some((moment.micros, None)),
        datetime::Zone::Region(name) => Some((moment.micros, Some(name))),
        datetime::Zone::Offset(_) => None,
    }
}

/// A multi-part identifier: ``a.`b.c`.d``.
pub fn parse_identifier(text: &str) -> Result<Vec<String>> {
    if text.trim().is_empty() {
        return Err(Error::new("PARSE_EMPTY_STATEMENT").text("The text holds no name.").exception_class(Exception::Parse));
    }
    Parser::new(text, SqlOptions::default())?.whole(Parser::multipart_identifier)
}
