//! Statements by their first words.
//!
//!     query  ── SELECT, WITH, VALUES, FROM, TABLE, (        create ── CREATE, REPLACE
//!     insert ── INSERT                                      show   ── SHOW, DESCRIBE
//!     set    ── SET, RESET                                  small  ── DROP, USE, CACHE, REFRESH, TRUNCATE ...
//!     alter  ── ALTER, COMMENT, MSCK, ANALYZE               variables ── DECLARE, EXECUTE IMMEDIATE
//!
//! A statement that Spark knows and we do not becomes `Command::Unsupported` with its name; what no one knows is a syntax
//! error. Begin at [`Parser::statement`].

mod alter;
mod create;
mod insert;
mod set;
mod show;
mod small;
mod variables;

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use crate::tree::{Command, ExplainMode, Options, Statement};

/// Statements of Spark that we do not know, by their first words; the longer of two comes first.
const UNKNOWN: &[&str] = &[
    "ADD ARCHIVE",
    "ADD FILE",
    "ADD FILES",
    "ADD JAR",
    "ADD JARS",
    "ANALYZE TABLES",
    "BEGIN",
    "CALL",
    "DELETE FROM",
    "LIST ARCHIVE",
    "LIST FILE",
    "LIST FILES",
    "LIST JAR",
    "LIST JARS",
    "LOAD DATA",
    "MERGE INTO",
    "MERGE WITH SCHEMA EVOLUTION INTO",
    "UPDATE",
];

/// Statements of Hive, which Spark refuses while it parses.
const HIVES: &[&str] = &[
    "ALTER INDEX",
    "COMMIT",
    "CREATE ROLE",
    "CREATE TEMPORARY MACRO",
    "DFS",
    "DROP ROLE",
    "DROP TEMPORARY MACRO",
    "EXPORT TABLE",
    "GRANT",
    "IMPORT TABLE",
    "LOCK DATABASE",
    "LOCK TABLE",
    "REVOKE",
    "ROLLBACK",
    "SHOW COMPACTIONS",
    "SHOW CURRENT ROLES",
    "SHOW GRANT",
    "SHOW INDEXES",
    "SHOW LOCKS",
    "SHOW PRINCIPALS",
    "SHOW ROLE GRANT",
    "SHOW ROLES",
    "SHOW TRANSACTIONS",
    "START TRANSACTION",
    "UNLOCK DATABASE",
    "UNLOCK TABLE",
];

impl Parser<'_> {
    pub fn statement(&mut self) -> Result<Statement> {
        self.deeper(Self::statement_here)
    }

    fn statement_here(&mut self) -> Result<Statement> {
        if self.is_sign("(") {
            return self.query().map(Statement::Query);
        }
        if *self.kind(0) != Kind::Word {
            return Err(self.error_here());
        }
        if let Some(words) = HIVES.iter().find(|words| self.are_words(&words.split(' ').collect::<Vec<_>>())) {
            return Err(self.no_statement(self.at, words));
        }
        if let Some(change) = self.change()? {
            return Ok(Statement::Command(change));
        }
        match self.written(0).to_uppercase().as_str() {
            "DECLARE" => self.declare().map(Statement::Command),
            "EXECUTE" => self.execute_immediate().map(Statement::Command),
            "SELECT" | "VALUES" | "FROM" | "TABLE" | "MAP" | "REDUCE" => self.query().map(Statement::Query),
            "WITH" => self.with_statement(),
            "EXPLAIN" => self.explain(),
            "INSERT" => self.insert(Vec::new(), false).map(Statement::Command),
            "CREATE" | "REPLACE" => self.create().map(Statement::Command),
            "SET" => self.set(),
            "RESET" => self.reset().map(Statement::Command),
            "SHOW" => self.show(),
            "DESCRIBE" | "DESC" => self.describe().map(Statement::Command),
            _ => match self.small_command()? {
                Some(command) => Ok(Statement::Command(command)),
                None => self.unknown_statement(UNKNOWN).map(Statement::Command).ok_or_else(|| self.error_here()),
            },
        }
    }

    /// `WITH a AS (..)` before a query or an INSERT.
    fn with_statement(&mut self) -> Result<Statement> {
        let start = self.at;
        let (ctes, recursive) = self.ctes()?;
        if self.is_word("INSERT") {
            return self.insert(ctes, recursive).map(Statement::Command);
        }
        self.at = start;
        self.query().map(Statement::Query)
    }

    /// `EXPLAIN EXTENDED SELECT ..`
    fn explain(&mut self) -> Result<Statement> {
        self.expect_word("EXPLAIN")?;
        let mode = match self.take_one_of(&["LOGICAL", "FORMATTED", "EXTENDED", "CODEGEN", "COST", "ANALYZE"]) {
            Some("FORMATTED") => ExplainMode::Formatted,
            Some("EXTENDED" | "LOGICAL") => ExplainMode::Extended,
            Some("CODEGEN") => ExplainMode::Codegen,
            Some("COST") => ExplainMode::Cost,
            Some(_) => ExplainMode::Analyze,
            None => ExplainMode::Simple,
        };
        let statement = Box::new(self.statement()?);
        Ok(Statement::Command(Command::Explain { statement, mode }))
    }

    /// One of `statements`, all of its text taken.
    fn unknown_statement(&mut self, statements: &[&str]) -> Option<Command> {
        let name = statements.iter().find(|name| self.are_words(&name.split(' ').collect::<Vec<_>>()))?;
        self.skip_rest();
        Some(Command::Unsupported { name: (*name).to_owned() })
    }

    /// Spark's refusal of a whole statement, which began at `start`.
    fn no_statement(&mut self, start: usize, operation: &str) -> Error {
        self.skip_rest();
        let error = Error::new("INVALID_STATEMENT_OR_CLAUSE").with("operation", operation);
        self.error_since(start, error.text(format!("The statement {operation} is not supported.")))
    }

    pub(super) fn is_end_at(&self, ahead: usize) -> bool {
        *self.kind(ahead) == Kind::End || self.is_sign_at(ahead, ";")
    }

    fn skip_rest(&mut self) {
        while !self.is_end() {
            self.advance();
        }
    }

    fn if_exists(&mut self) -> bool {
        self.take_words(&["IF", "EXISTS"])
    }

    fn if_not_exists(&mut self) -> bool {
        self.take_words(&["IF", "NOT", "EXISTS"])
    }

    /// `(a.b = 'c', 'd' 5, e true)`
    pub(super) fn properties(&mut self) -> Result<Options> {
        self.in_parentheses(|parser| {
            let key = parser.property_key()?;
            parser.take_sign("=");
            Ok((key, parser.property_value()?))
        })
    }

    fn property_key(&mut self) -> Result<String> {
        // One string only: the next may be the value.
        if let Kind::String(key) = self.kind(0).clone() {
            self.advance();
            return Ok(key);
        }
        self.multipart_identifier().map(|parts| parts.join("."))
    }

    fn property_value(&mut self) -> Result<String> {
        if let Some(text) = self.take_string() {
            return Ok(text);
        }
        let start = self.at;
        self.take_sign("-");
        let is_boolean = self.is_one_of(&["TRUE", "FALSE"]);
        if !is_boolean && !matches!(self.kind(0), Kind::Integer | Kind::Decimal | Kind::Exponent | Kind::Suffixed(_)) {
            return Err(self.error_here());
        }
        self.advance();
        Ok(self.written_since(start).to_lowercase())
    }

    /// `[LIKE] 'pattern'`
    fn pattern(&mut self) -> Result<Option<String>> {
        if self.take_word("LIKE") { self.string().map(Some) } else { Ok(self.take_string()) }
    }
}
