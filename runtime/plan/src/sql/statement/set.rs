//! SET and RESET, which take their rest as plain text.
//!
//!     SET    SET -v    SET key    SET key = any text    SET TIME ZONE 'x'    SET CATALOG c    RESET key
//!
//! Begin at [`Parser::set`].

use emberflow_base::{Error, Result};

use super::super::cursor::Parser;
use crate::tree::{CatalogOp, Command, Expr, Relation, RelationKind, Statement};

impl Parser<'_> {
    pub(super) fn set(&mut self) -> Result<Statement> {
        let start = self.at;
        self.expect_word("SET")?;
        if self.take_words(&["TIME", "ZONE"]) {
            let value = self.time_zone()?.with_origin(self.origin_since(start));
            return Ok(Statement::Command(Command::SetTimeZone { value }));
        }
        if self.is_word("CATALOG") && self.is_identifier(1) {
            self.advance();
            let name = self.identifier()?;
            let relation = Relation::new(RelationKind::Catalog(CatalogOp::SetCurrentCatalog { name }));
            return Ok(Statement::Query(relation));
        }
        if self.is_one_of(&["VARIABLE", "VAR"]) && (self.is_identifier(1) || self.is_sign_at(1, "(")) {
            self.advance();
            return self.set_variables().map(Statement::Command);
        }
        if self.is_one_of(&["ROLE", "PATH"]) && self.is_identifier(1) {
            let name = format!("SET {}", self.written(0).to_uppercase());
            self.skip_rest();
            return Ok(Statement::Command(Command::Unsupported { name }));
        }
        let set = self.set_key();
        match &set {
            Command::Set { key: Some(key), .. } if !is_key(key) && !self.text.contains('`') => {
                let text = "SET stands alone, or is followed by a key, or by key=value; quote unusual keys with back quotes.";
                Err(self.error_since(start, Error::new("INVALID_SET_SYNTAX").text(text)))
            }
            _ => Ok(Statement::Command(set)),
        }
    }

    /// `LOCAL` comes as a column of that name.
    fn time_zone(&mut self) -> Result<Expr> {
        if self.take_word("LOCAL") {
            return Ok(Expr::attribute(["LOCAL"]));
        }
        self.take_constant()?.ok_or_else(|| self.error_here())
    }

    fn set_key(&mut self) -> Command {
        let rest = self.rest_of_text();
        if rest.is_empty() || rest.eq_ignore_ascii_case("-v") {
            return Command::Set { key: None, value: None, verbose: !rest.is_empty() };
        }
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key, Some(without_back_quotes(value))),
            None => (rest, None),
        };
        Command::Set { key: Some(without_back_quotes(key)), value, verbose: false }
    }

    pub(super) fn reset(&mut self) -> Result<Command> {
        self.expect_word("RESET")?;
        let rest = self.rest_of_text();
        Ok(Command::Reset { key: (!rest.is_empty()).then(|| without_back_quotes(rest)) })
    }

    /// Everything up to the end as written, without the last semicolons; the cursor goes to the end.
    pub(super) fn rest_of_text(&mut self) -> &str {
        let from = self.token(0).start;
        self.skip_rest();
        self.text[from..].trim_end().trim_end_matches(';').trim()
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '-' | '\\'))
}

fn without_back_quotes(text: &str) -> String {
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    inside.map_or_else(|| trimmed.to_owned(), |inside| inside.replace("``", "`"))
}
