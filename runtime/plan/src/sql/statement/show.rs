//! SHOW and DESCRIBE.
//!
//!     SHOW TABLES IN d LIKE 'x*'    SHOW COLUMNS IN t    SHOW USER FUNCTIONS    SHOW CREATE TABLE t
//!     DESCRIBE EXTENDED t a.b       DESCRIBE QUERY SELECT ..    DESCRIBE FUNCTION f
//!
//! Begin at [`Parser::show`] and [`Parser::describe`].

use emberflow_base::{Error, Result};

use super::super::cursor::Parser;
use crate::tree::{CatalogOp, Command, Expr, FunctionScope, Literal, Relation, RelationKind, Statement};
use crate::types::quote;

const UNKNOWN: &[&str] = &["SHOW CACHED TABLES", "SHOW PROCEDURES"];

const DATABASE: &[&str] = &["DATABASE", "SCHEMA", "NAMESPACE"];

impl Parser<'_> {
    pub(super) fn show(&mut self) -> Result<Statement> {
        if let Some(unknown) = self.unknown_statement(UNKNOWN) {
            return Ok(Statement::Command(unknown));
        }
        self.expect_word("SHOW")?;
        if self.take_word("CATALOGS") {
            let pattern = self.pattern()?;
            return Ok(Statement::Query(catalogs(pattern)));
        }
        if self.take_word("COLLATIONS") {
            let pattern = self.pattern()?;
            return Ok(Statement::Query(collations(pattern)));
        }
        if self.is_word("CURRENT") && self.is_one_of_at(1, DATABASE) {
            self.advance();
            self.advance();
            return Ok(Statement::Query(current_namespace()));
        }
        self.show_command().map(Statement::Command)
    }

    fn show_command(&mut self) -> Result<Command> {
        if self.take_words(&["CREATE", "TABLE"]) {
            let table = self.table_name()?;
            self.take_words(&["AS", "SERDE"]);
            return Ok(Command::ShowCreateTable { table });
        }
        if self.is_word("FUNCTIONS") || self.is_word_at(1, "FUNCTIONS") {
            return self.show_functions();
        }
        if self.take_words(&["TABLE", "EXTENDED"]) {
            return self.show_table_extended();
        }
        match self.take_one_of(&[
            "TABLES",
            "VIEWS",
            "DATABASES",
            "SCHEMAS",
            "NAMESPACES",
            "COLUMNS",
            "PARTITIONS",
            "TBLPROPERTIES",
        ]) {
            Some("TABLES") => {
                let namespace = self.namespace()?;
                Ok(Command::ShowTables { namespace, pattern: self.pattern()? })
            }
            Some("VIEWS") => {
                let namespace = self.namespace()?;
                Ok(Command::ShowViews { namespace, pattern: self.pattern()? })
            }
            Some("COLUMNS") => self.show_columns(),
            Some("PARTITIONS") => self.show_partitions(),
            Some("TBLPROPERTIES") => self.show_properties(),
            Some(_) => {
                self.namespace()?;
                Ok(Command::ShowDatabases { pattern: self.pattern()? })
            }
            None if self.is_identifier(0) && self.is_end_at(1) => {
                self.advance();
                Err(self.error_missing("'FUNCTIONS'"))
            }
            None => Err(self.error_here()),
        }
    }

    /// `SHOW TABLE EXTENDED IN d LIKE 'x*'`
    fn show_table_extended(&mut self) -> Result<Command> {
        let namespace = self.namespace()?;
        self.expect_word("LIKE")?;
        let pattern = self.string()?;
        if self.is_word("PARTITION") {
            return Err(Error::unsupported("SHOW TABLE EXTENDED of a partition"));
        }
        Ok(Command::ShowTableExtended { namespace, pattern })
    }

    /// `[FROM | IN] a.b`
    fn namespace(&mut self) -> Result<Vec<String>> {
        match self.take_one_of(&["FROM", "IN"]) {
            Some(_) => self.multipart_identifier(),
            None => Ok(Vec::new()),
        }
    }

    /// `SHOW COLUMNS IN t [IN d]`
    fn show_columns(&mut self) -> Result<Command> {
        self.take_one_of(&["FROM", "IN"]).ok_or_else(|| self.error_here())?;
        let table = self.table_name()?;
        let namespace = self.namespace()?;
        let last = table.last().cloned().into_iter();
        Ok(Command::ShowColumns { table: if namespace.is_empty() { table } else { namespace.into_iter().chain(last).collect() } })
    }

    fn show_partitions(&mut self) -> Result<Command> {
        let table = self.table_name()?;
        let partition = self.partition_spec()?;
        Ok(Command::ShowPartitions { table, partition })
    }

    fn show_properties(&mut self) -> Result<Command> {
        let table = self.table_name()?;
        let key = if self.is_sign("(") { self.in_parentheses(Self::property_key)?.pop() } else { None };
        Ok(Command::ShowTableProperties { table, key })
    }

    /// `SHOW [USER | SYSTEM | ALL] FUNCTIONS [IN d] [LIKE] [name | 'pattern']`
    fn show_functions(&mut self) -> Result<Command> {
        let start = self.at;
        let scope = match self.take_one_of(&["USER", "SYSTEM", "ALL"]) {
            Some("USER") => FunctionScope::User,
            Some("SYSTEM") => FunctionScope::System,
            _ => FunctionScope::All,
        };
        if !self.is_word("FUNCTIONS") {
            let word = self.identifier()?;
            self.skip_rest();
            let error = Error::new("INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE").with("scope", quote(&word));
            return Err(
                self.error_since(start - 1, error.text(format!("SHOW knows USER, SYSTEM and ALL functions, not {word}.")))
            );
        }
        self.advance();
        self.namespace()?;
        self.take_word("LIKE");
        let pattern = match self.take_string() {
            Some(pattern) => Some(pattern),
            None if self.is_identifier(0) => Some(self.multipart_identifier()?.join(".")),
            None => None,
        };
        Ok(Command::ShowFunctions { pattern, scope })
    }

    pub(super) fn describe(&mut self) -> Result<Command> {
        self.advance();
        if self.is_word("FUNCTION") && !self.is_end_at(1) {
            self.advance();
            let extended = self.take_word("EXTENDED");
            let name = self.function_name()?;
            return Ok(Command::DescribeFunction { name, extended });
        }
        if self.is_one_of(DATABASE) && !self.is_end_at(1) {
            self.advance();
            let extended = self.take_word("EXTENDED");
            return Ok(Command::DescribeDatabase { name: self.table_name()?, extended });
        }
        if self.is_word("TABLE") && !self.is_end_at(1) {
            self.advance();
            return self.describe_table();
        }
        if (self.is_word("QUERY") && self.begins_query(1)) || self.begins_query(0) {
            if !self.begins_query(0) {
                self.advance();
            }
            return Ok(Command::DescribeQuery { query: self.query()? });
        }
        self.describe_table()
    }

    /// A function's name, or an operator's sign or a string.
    fn function_name(&mut self) -> Result<Vec<String>> {
        if self.is_identifier(0) {
            return self.multipart_identifier();
        }
        if let Some(name) = self.take_string() {
            return Ok(vec![name]);
        }
        let sign = self.written(0).to_owned();
        if self.is_end() {
            return Err(self.error_here());
        }
        self.advance();
        Ok(vec![sign])
    }

    fn describe_table(&mut self) -> Result<Command> {
        let extended = self.is_one_of(&["EXTENDED", "FORMATTED"]) && self.is_identifier(1);
        if extended {
            self.advance();
        }
        let table = self.table_name()?;
        let partition = self.partition_spec()?;
        if self.are_words(&["AS", "JSON"]) {
            return Err(Error::unsupported("DESCRIBE .. AS JSON"));
        }
        let column = if self.is_identifier(0) { self.multipart_identifier()? } else { Vec::new() };
        Ok(Command::DescribeTable { table, extended, column, partition })
    }
}

/// `SHOW CATALOGS` is the names of the catalogs.
fn catalogs(pattern: Option<String>) -> Relation {
    let input = Some(Relation::new(RelationKind::Catalog(CatalogOp::ListCatalogs { pattern })));
    Relation::new(RelationKind::Project { input, expressions: vec![Expr::attribute(["name"]).alias("catalog")] })
}

/// Those whose names match a pattern, in which `*` is any text and `|` separates several.
fn collations(pattern: Option<String>) -> Relation {
    let name = vec!["collations".to_owned()];
    let mut listed = Relation::new(RelationKind::TableFunction { name, arguments: Vec::new() });
    if let Some(pattern) = pattern {
        let matching: Vec<String> = pattern.split('|').map(|part| part.trim().replace('*', ".*")).collect();
        let wanted = Expr::literal(Literal::String(format!("(?i)^({})$", matching.join("|"))));
        let condition = Expr::call("rlike", vec![Expr::attribute(["NAME"]), wanted]);
        listed = Relation::new(RelationKind::Filter { input: listed, condition });
    }
    let columns = ["NAME", "LANGUAGE", "COUNTRY", "ACCENT_SENSITIVITY", "CASE_SENSITIVITY", "PAD_ATTRIBUTE", "ICU_VERSION"];
    let expressions = columns.map(|column| Expr::attribute([column])).to_vec();
    Relation::new(RelationKind::Project { input: Some(listed), expressions })
}

fn current_namespace() -> Relation {
    let expressions = vec![
        Expr::call("current_catalog", Vec::new()).alias("catalog"),
        Expr::call("current_schema", Vec::new()).alias("namespace"),
    ];
    Relation::new(RelationKind::Project { input: None, expressions })
}
