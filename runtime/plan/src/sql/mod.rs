//! SQL text to tree.

use emberflow_base::{Error, Result};

use crate::tree::{Expr, Statement};

/// How text is read; from the session's settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqlOptions {
    pub double_quoted_identifiers: bool,
    pub ansi: bool,
}

/// One statement.
pub fn parse_statement(_text: &str, _options: SqlOptions) -> Result<Statement> {
    Err(Error::unsupported("SQL text"))
}

/// One scalar expression, possibly with an alias or `*` (`selectExpr`, `expr`).
pub fn parse_expression(_text: &str, _options: SqlOptions) -> Result<Expr> {
    Err(Error::unsupported("SQL text"))
}

/// A multi-part identifier: ``a.`b.c`.d``.
pub fn parse_identifier(_text: &str) -> Result<Vec<String>> {
    Err(Error::unsupported("SQL text"))
}
