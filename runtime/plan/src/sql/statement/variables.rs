//! Session variables and statements made of text.
//!
//!     DECLARE OR REPLACE VARIABLE x INT DEFAULT 5    SET VAR x = 6, y = DEFAULT    SET VAR (x, y) = (SELECT 1, 2)
//!     DROP TEMPORARY VARIABLE IF EXISTS x            EXECUTE IMMEDIATE 'SELECT ?' INTO x USING 1
//!
//! Not here: where a variable is read, which looks like a column. Begin at [`Parser::declare`].

use emberflow_base::Result;

use super::super::cursor::Parser;
use crate::tree::{Command, Expr, ExprKind, VariableValues};

type Assignment = (Vec<String>, Option<Expr>);

impl Parser<'_> {
    pub(super) fn declare(&mut self) -> Result<Command> {
        self.expect_word("DECLARE")?;
        let replace = self.take_words(&["OR", "REPLACE"]);
        if self.is_one_of(&["VARIABLE", "VAR"]) && self.is_identifier(1) {
            self.advance();
        }
        let names = self.list(Self::table_name)?;
        let has_type = self.is_identifier(0) && (!self.is_word("DEFAULT") || self.is_end_at(1));
        let data_type = if has_type { Some(self.data_type()?) } else { None };
        let has_default = self.take_word("DEFAULT") || self.take_sign("=");
        let default = if has_default { Some(self.expression()?) } else { None };
        if data_type.is_none() && default.is_none() {
            return Err(self.error_here());
        }
        Ok(Command::DeclareVariables { names, replace, data_type, default })
    }

    /// What follows `SET VAR`.
    pub(super) fn set_variables(&mut self) -> Result<Command> {
        if !self.is_sign("(") {
            let mut assignments = self.list(Self::variable_assignment)?;
            // A value that does not fit is told of the whole statement.
            let whole = self.origin_since(0);
            for value in assignments.iter_mut().filter_map(|(_, value)| value.as_mut()) {
                if matches!(value.kind, ExprKind::Literal(_)) {
                    value.origin = whole.clone();
                }
            }
            let assignments = VariableValues::Each(assignments);
            return Ok(Command::SetVariables { assignments });
        }
        let names = self.in_parentheses(Self::table_name)?;
        self.expect_sign("=")?;
        let query = self.query_in_parentheses()?;
        Ok(Command::SetVariables { assignments: VariableValues::Query { names, query } })
    }

    /// `x = 1`, `x = DEFAULT`
    fn variable_assignment(&mut self) -> Result<Assignment> {
        let name = self.table_name()?;
        self.expect_sign("=")?;
        let is_default = self.is_word("DEFAULT") && (self.is_end_at(1) || self.is_sign_at(1, ","));
        if is_default {
            self.advance();
            return Ok((name, None));
        }
        Ok((name, Some(self.expression()?)))
    }

    /// What follows `DROP TEMPORARY VARIABLE`.
    pub(super) fn drop_variable(&mut self) -> Result<Command> {
        let if_exists = self.if_exists();
        Ok(Command::DropVariable { name: self.table_name()?, if_exists })
    }

    pub(super) fn execute_immediate(&mut self) -> Result<Command> {
        self.expect_words(&["EXECUTE", "IMMEDIATE"])?;
        let text = self.expression()?;
        let into = if self.take_word("INTO") { self.list(Self::table_name)? } else { Vec::new() };
        let using = match self.take_word("USING") {
            true if self.is_sign("(") => self.in_parentheses(Self::named_expression)?,
            true => self.list(Self::named_expression)?,
            false => Vec::new(),
        };
        Ok(Command::ExecuteImmediate { text, into, using })
    }
}
