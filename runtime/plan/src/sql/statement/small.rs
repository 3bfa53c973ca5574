//! Statements of one line: DROP, USE, CACHE, UNCACHE, CLEAR CACHE, REFRESH, TRUNCATE.
//!
//! Begin at [`Parser::small_command`].

use emberflow_base::{Error, Result};

use super::super::cursor::Parser;
use super::super::lexer::Kind;
use crate::tree::Command;

const UNKNOWN: &[&str] = &["DROP FUNCTION", "DROP TEMPORARY FUNCTION", "DROP TEMP FUNCTION", "DROP INDEX", "REFRESH FUNCTION"];

impl Parser<'_> {
    /// The command here, if it is one of these.
    pub(super) fn small_command(&mut self) -> Result<Option<Command>> {
        if let Some(unknown) = self.unknown_statement(UNKNOWN) {
            return Ok(Some(unknown));
        }
        let word = self.take_one_of(&["DROP", "USE", "CACHE", "UNCACHE", "CLEAR", "REFRESH", "TRUNCATE"]);
        match word {
            Some("DROP") => self.drop_command(),
            Some("USE") => self.use_command(),
            Some("CACHE") => self.cache_command(),
            Some("UNCACHE") => {
                self.expect_word("TABLE")?;
                let if_exists = self.if_exists();
                Ok(Command::UncacheTable { name: self.table_name()?, if_exists })
            }
            Some("CLEAR") => self.expect_word("CACHE").map(|()| Command::ClearCache),
            Some("REFRESH") => self.refresh_command(),
            Some(_) => self.truncate_command(),
            None => return Ok(None),
        }
        .map(Some)
    }

    fn drop_command(&mut self) -> Result<Command> {
        if self.take_words(&["TEMPORARY", "VARIABLE"]) || self.take_words(&["TEMP", "VARIABLE"]) {
            return self.drop_variable();
        }
        match self.take_one_of(&["TABLE", "VIEW", "DATABASE", "SCHEMA", "NAMESPACE"]) {
            Some("TABLE") => {
                let if_exists = self.if_exists();
                let name = self.table_name()?;
                Ok(Command::DropTable { name, if_exists, purge: self.take_word("PURGE") })
            }
            Some("VIEW") => {
                let if_exists = self.if_exists();
                Ok(Command::DropView { name: self.table_name()?, if_exists })
            }
            Some(_) => {
                let if_exists = self.if_exists();
                let name = self.table_name()?;
                let cascade = self.take_one_of(&["RESTRICT", "CASCADE"]) == Some("CASCADE");
                Ok(Command::DropDatabase { name, if_exists, cascade })
            }
            None => Err(self.error_here()),
        }
    }

    fn use_command(&mut self) -> Result<Command> {
        if self.is_identifier(1) {
            self.take_one_of(&["DATABASE", "SCHEMA", "NAMESPACE"]);
        }
        Ok(Command::Use { name: self.table_name()? })
    }

    /// `CACHE [LAZY] TABLE t [OPTIONS (..)] [[AS] query]`
    fn cache_command(&mut self) -> Result<Command> {
        let lazy = self.take_word("LAZY");
        self.expect_word("TABLE")?;
        let name = self.table_name()?;
        let options = if self.take_word("OPTIONS") { self.properties()? } else { Vec::new() };
        let has_query = self.take_word("AS") || self.begins_query(0);
        let query = if has_query { Some(self.query()?) } else { None };
        Ok(Command::CacheTable { name, query, lazy, options })
    }

    /// `REFRESH TABLE t`, `REFRESH 'path'`, `REFRESH /a/path`
    fn refresh_command(&mut self) -> Result<Command> {
        if self.is_word("TABLE") && self.is_identifier(1) {
            self.advance();
            return Ok(Command::RefreshTable { name: self.table_name()? });
        }
        if self.is_end() {
            let text = "Resource paths cannot be empty in REFRESH statements. Use / to match everything";
            return Err(self.error_since(self.at - 1, Error::new("_LEGACY_ERROR_TEMP_0064").with("msg", text).text(text)));
        }
        if *self.kind(1) == Kind::End
            && let Some(path) = self.take_string()
        {
            return Ok(Command::RefreshPath { path });
        }
        Ok(Command::RefreshPath { path: self.rest_of_text().to_owned() })
    }

    fn truncate_command(&mut self) -> Result<Command> {
        if !self.take_word("TABLE") {
            return Err(self.error_missing("'TABLE'"));
        }
        let name = self.table_name()?;
        let partition = self.partition_spec()?;
        Ok(Command::TruncateTable { name, partition })
    }
}
