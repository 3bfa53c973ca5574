//! INSERT into tables and directories.
//!
//!     INSERT INTO t (a, b) VALUES (1, 2)      INSERT OVERWRITE t PARTITION (p = 1, q) BY NAME SELECT ..
//!     INSERT OVERWRITE DIRECTORY '/x' USING parquet SELECT ..
//!
//! Begin at [`Parser::insert`].

use emberflow_base::{Error, Result};

use super::super::cursor::Parser;
use crate::tree::{Command, Cte, Expr, Insert, PartitionSpec, Relation, RelationKind, SaveMode, Write, WriteTarget};

impl Parser<'_> {
    /// The INSERT here, with names given by a WITH before it.
    pub(super) fn insert(&mut self, ctes: Vec<Cte>, recursive: bool) -> Result<Command> {
        let start = self.at;
        self.expect_word("INSERT")?;
        let overwrite = self.take_word("OVERWRITE");
        if overwrite && (self.is_word("DIRECTORY") || self.is_word("LOCAL") && self.is_word_at(1, "DIRECTORY")) {
            return self.insert_directory(ctes, recursive);
        }
        if !overwrite {
            self.expect_word("INTO")?;
        }
        self.take_word("TABLE");
        let mut insert = self.insert_target(start, overwrite)?;
        if insert.if_not_exists && !insert.overwrite {
            let error = Error::new("INVALID_STATEMENT_OR_CLAUSE").with("operation", "INSERT INTO ... IF NOT EXISTS");
            return Err(self.error_since(start, error.text("IF NOT EXISTS goes with INSERT OVERWRITE only.")));
        }
        insert.query = named(ctes, recursive, self.query()?);
        Ok(Command::Insert(insert))
    }

    /// `PARTITION (a = 1, b)`, if it stands here.
    pub(super) fn partition_spec(&mut self) -> Result<PartitionSpec> {
        if self.take_word("PARTITION") { self.in_parentheses(Self::partition_value) } else { Ok(Vec::new()) }
    }

    /// The table and what is said of it; the query is still to come.
    fn insert_target(&mut self, start: usize, overwrite: bool) -> Result<Insert> {
        let table = self.table_name()?;
        if self.is_word("REPLACE") && self.is_one_of_at(1, &["WHERE", "USING", "ON"]) {
            return Err(Error::unsupported("INSERT .. REPLACE WHERE"));
        }
        let mut partition = self.partition_spec()?;
        let said = self.origin_since(start);
        // A value that does not fit is told of INSERT up to here.
        for value in partition.iter_mut().filter_map(|(_, value)| value.as_mut()) {
            value.origin = said.clone();
        }
        let if_not_exists = self.if_not_exists();
        let by_name = self.take_words(&["BY", "NAME"]);
        let has_columns = !by_name && self.is_sign("(") && !self.begins_query(1);
        let columns = if has_columns { self.in_parentheses(Self::identifier)? } else { Vec::new() };
        let query = Relation::new(RelationKind::Values { rows: Vec::new() });
        Ok(Insert { table, columns, by_name, overwrite, if_not_exists, partition, query })
    }

    /// `a = 1`, or `a` for a partition found in the rows.
    pub(super) fn partition_value(&mut self) -> Result<(String, Option<Expr>)> {
        let name = self.identifier()?;
        let value = if self.take_sign("=") || self.take_sign("==") { Some(self.value()?) } else { None };
        Ok((name, value))
    }

    fn insert_directory(&mut self, ctes: Vec<Cte>, recursive: bool) -> Result<Command> {
        self.take_word("LOCAL");
        self.expect_word("DIRECTORY")?;
        let path = self.take_string();
        if self.is_one_of(&["ROW", "STORED"]) {
            return Err(Error::unsupported("INSERT OVERWRITE DIRECTORY in Hive's formats"));
        }
        if !self.is_word("USING") {
            let error = Error::new("NOT_SUPPORTED_COMMAND_WITHOUT_HIVE_SUPPORT");
            return Err(error.with("cmd", "INSERT OVERWRITE DIRECTORY with the Hive format"));
        }
        self.expect_word("USING")?;
        let format = Some(self.multipart_identifier()?.join("."));
        let options = if self.take_word("OPTIONS") { self.properties()? } else { Vec::new() };
        let input = named(ctes, recursive, self.query()?);
        Ok(Command::Write(Write {
            input,
            format,
            target: WriteTarget::Path(path),
            mode: SaveMode::Overwrite,
            options,
            partition_by: Vec::new(),
            sort_by: Vec::new(),
            bucket_by: None,
            cluster_by: Vec::new(),
        }))
    }
}

fn named(ctes: Vec<Cte>, recursive: bool, input: Relation) -> Relation {
    if ctes.is_empty() { input } else { Relation::new(RelationKind::With { ctes, recursive, input }) }
}
