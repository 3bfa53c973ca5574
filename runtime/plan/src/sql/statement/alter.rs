//! Changes to what is there: ALTER, COMMENT ON, MSCK REPAIR, ANALYZE.
//!
//!     ALTER TABLE t RENAME TO u    ALTER TABLE t ADD COLUMNS (a INT)    ALTER TABLE t ADD PARTITION (p = 1)
//!     ALTER VIEW v AS SELECT ..    ALTER DATABASE d SET DBPROPERTIES (k = 'v')    COMMENT ON TABLE t IS 'x'
//!
//! What Spark can do to other tables than files becomes `TableChange::Refused`. Begin at [`Parser::alter`].

use emberflow_base::{Error, Result};

use super::super::cursor::Parser;
use crate::tree::{Command, DatabaseChange, PartitionSpec, TableChange, ViewChange};
use crate::types::{StructField, StructType};

/// What Hive can do behind `ALTER TABLE t` and Spark refuses while it parses.
const HIVES: &[&str] = &[
    "ARCHIVE PARTITION",
    "CLUSTERED BY",
    "COMPACT",
    "CONCATENATE",
    "EXCHANGE PARTITION",
    "NOT CLUSTERED",
    "NOT SKEWED",
    "NOT SORTED",
    "NOT STORED AS DIRECTORIES",
    "SET FILEFORMAT",
    "SET SKEWED LOCATION",
    "SKEWED BY",
    "TOUCH",
    "UNARCHIVE PARTITION",
];

/// What Spark knows behind `ALTER TABLE t` and we do not.
const UNKNOWN: &[&str] =
    &["ADD CONSTRAINT", "CLUSTER BY", "DEFAULT COLLATION", "DROP CONSTRAINT", "SET SERDE", "SET SERDEPROPERTIES"];

impl Parser<'_> {
    /// The command here, if it changes something that is there.
    pub(super) fn change(&mut self) -> Result<Option<Command>> {
        if self.is_word("ALTER") {
            return self.alter().map(Some);
        }
        if self.are_words(&["COMMENT", "ON"]) {
            return self.comment_on().map(Some);
        }
        if self.is_word("MSCK") || self.are_words(&["REPAIR", "TABLE"]) {
            return self.repair().map(Some);
        }
        if self.are_words(&["ANALYZE", "TABLE"]) {
            return self.analyze().map(Some);
        }
        Ok(None)
    }

    fn alter(&mut self) -> Result<Command> {
        let start = self.at;
        self.expect_word("ALTER")?;
        match self.take_one_of(&["TABLE", "VIEW", "DATABASE", "SCHEMA", "NAMESPACE"]) {
            Some("TABLE") => {
                let name = self.table_name()?;
                self.alter_table(start, name)
            }
            Some("VIEW") => {
                let name = self.table_name()?;
                let change = self.view_change()?;
                Ok(Command::AlterView { name, change })
            }
            Some(_) => self.alter_database(),
            None => Err(self.error_here()),
        }
    }

    fn alter_table(&mut self, start: usize, name: Vec<String>) -> Result<Command> {
        if let Some(words) = HIVES.iter().find(|words| self.are_words(&words.split(' ').collect::<Vec<_>>())) {
            return Err(self.no_statement(start, &format!("ALTER TABLE {words}")));
        }
        if let Some(words) = UNKNOWN.iter().find(|words| self.are_words(&words.split(' ').collect::<Vec<_>>())) {
            self.skip_rest();
            return Ok(Command::Unsupported { name: format!("ALTER TABLE .. {words}") });
        }
        if self.is_word("PARTITION") {
            self.skip_rest();
            return Ok(Command::Unsupported { name: "ALTER TABLE .. PARTITION".into() });
        }
        let change = self.table_change()?;
        Ok(Command::AlterTable { name, change })
    }

    fn table_change(&mut self) -> Result<TableChange> {
        if self.take_words(&["RENAME", "TO"]) {
            return self.table_name().map(TableChange::RenameTo);
        }
        if self.take_words(&["RENAME", "COLUMN"]) {
            return Ok(self.refused("RENAME COLUMN"));
        }
        if self.take_words(&["SET", "TBLPROPERTIES"]) {
            return self.properties().map(TableChange::SetProperties);
        }
        if self.take_words(&["UNSET", "TBLPROPERTIES"]) {
            let if_exists = self.if_exists();
            return Ok(TableChange::UnsetProperties { keys: self.in_parentheses(Self::property_key)?, if_exists });
        }
        if self.take_words(&["SET", "LOCATION"]) {
            return self.string().map(TableChange::SetLocation);
        }
        if self.take_words(&["RECOVER", "PARTITIONS"]) {
            return Ok(TableChange::RecoverPartitions);
        }
        if self.take_words(&["REPLACE", "COLUMNS"]) {
            return Ok(self.refused("REPLACE COLUMNS"));
        }
        match self.take_one_of(&["ADD", "DROP", "ALTER", "CHANGE"]) {
            Some("ADD") => self.addition(),
            Some("DROP") => self.removal(),
            Some(_) => self.column_change(),
            None => Err(self.error_here()),
        }
    }

    fn refused(&mut self, operation: &str) -> TableChange {
        self.skip_rest();
        TableChange::Refused(operation.to_owned())
    }

    fn addition(&mut self) -> Result<TableChange> {
        let if_not_exists = self.if_not_exists();
        if self.is_word("PARTITION") {
            let partitions = self.partitions()?;
            return Ok(TableChange::AddPartitions { partitions, if_not_exists });
        }
        self.take_one_of(&["COLUMNS", "COLUMN"]).ok_or_else(|| self.error_here())?;
        let in_parentheses = self.take_sign("(");
        let columns = self.list(Self::added_column)?;
        if in_parentheses {
            self.expect_sign(")")?;
        }
        Ok(TableChange::AddColumns(StructType::new(columns)))
    }

    fn added_column(&mut self) -> Result<StructField> {
        let column = self.column()?;
        if self.is_sign(".") || self.is_one_of(&["FIRST", "AFTER"]) {
            return Err(Error::unsupported("ADD COLUMNS into structs or before other columns"));
        }
        Ok(column)
    }

    /// `PARTITION (a = 1) PARTITION (a = 2)`
    fn partitions(&mut self) -> Result<Vec<PartitionSpec>> {
        let mut partitions = Vec::new();
        while self.take_word("PARTITION") {
            partitions.push(self.in_parentheses(Self::partition_value)?);
            if self.is_word("LOCATION") {
                return Err(Error::unsupported("partitions with a LOCATION of their own"));
            }
            self.take_sign(",");
        }
        Ok(partitions)
    }

    fn removal(&mut self) -> Result<TableChange> {
        let if_exists = self.if_exists();
        if !self.is_word("PARTITION") {
            self.take_one_of(&["COLUMNS", "COLUMN"]).ok_or_else(|| self.error_here())?;
            return Ok(self.refused("DROP COLUMN"));
        }
        let partitions = self.partitions()?;
        self.take_word("PURGE");
        Ok(TableChange::DropPartitions { partitions, if_exists })
    }

    /// `[COLUMN] a COMMENT 'x'`, or Hive's `[COLUMN] a a INT COMMENT 'x'`.
    fn column_change(&mut self) -> Result<TableChange> {
        self.take_word("COLUMN");
        let column = self.multipart_identifier()?;
        if self.is_one_of(&["TYPE", "SET", "DROP", "FIRST", "AFTER"]) {
            let operation = format!("ALTER COLUMN .. {}", self.written(0).to_uppercase());
            return Ok(self.refused(&operation));
        }
        if !self.is_word("COMMENT") {
            let name = self.identifier()?;
            self.data_type()?;
            if !column.last().is_some_and(|last| last.eq_ignore_ascii_case(&name)) {
                return Ok(self.refused("RENAME COLUMN"));
            }
        }
        self.expect_word("COMMENT")?;
        Ok(TableChange::ColumnComment { column, comment: self.string()? })
    }

    fn view_change(&mut self) -> Result<ViewChange> {
        if self.take_words(&["RENAME", "TO"]) {
            return self.table_name().map(ViewChange::RenameTo);
        }
        if self.take_words(&["SET", "TBLPROPERTIES"]) {
            return self.properties().map(ViewChange::SetProperties);
        }
        if self.take_words(&["UNSET", "TBLPROPERTIES"]) {
            let if_exists = self.if_exists();
            return Ok(ViewChange::UnsetProperties { keys: self.in_parentheses(Self::property_key)?, if_exists });
        }
        if self.are_words(&["WITH", "SCHEMA"]) {
            return Err(Error::unsupported("ALTER VIEW .. WITH SCHEMA"));
        }
        self.take_word("AS");
        if !self.begins_query(0) {
            return Err(self.error_here());
        }
        let start = self.at;
        let query = self.query()?;
        Ok(ViewChange::Query { query, text: self.written_since(start).to_owned() })
    }

    fn alter_database(&mut self) -> Result<Command> {
        let name = self.table_name()?;
        self.expect_word("SET")?;
        if self.take_word("LOCATION") {
            self.skip_rest();
            return Ok(Command::Unsupported { name: "ALTER DATABASE .. SET LOCATION".into() });
        }
        self.take_one_of(&["DBPROPERTIES", "PROPERTIES"]).ok_or_else(|| self.error_here())?;
        let change = DatabaseChange::SetProperties(self.properties()?);
        Ok(Command::AlterDatabase { name, change })
    }

    /// `COMMENT ON TABLE t IS 'x'`, `.. IS NULL`
    fn comment_on(&mut self) -> Result<Command> {
        self.expect_words(&["COMMENT", "ON"])?;
        let kind = self.take_one_of(&["TABLE", "COLUMN", "DATABASE", "SCHEMA", "NAMESPACE"]).ok_or_else(|| self.error_here())?;
        let mut name = self.table_name()?;
        self.expect_word("IS")?;
        let comment = if self.take_word("NULL") { None } else { Some(self.string()?) };
        Ok(match kind {
            "TABLE" => Command::AlterTable { name, change: TableChange::Comment(comment) },
            "COLUMN" => {
                let column = name.pop().into_iter().collect();
                let comment = comment.unwrap_or_default();
                Command::AlterTable { name, change: TableChange::ColumnComment { column, comment } }
            }
            _ => Command::AlterDatabase { name, change: DatabaseChange::Comment(comment) },
        })
    }

    /// `MSCK REPAIR TABLE t [ADD | DROP | SYNC PARTITIONS]`
    fn repair(&mut self) -> Result<Command> {
        self.take_word("MSCK");
        self.take_word("REPAIR");
        self.expect_word("TABLE")?;
        let name = self.table_name()?;
        if self.take_one_of(&["ADD", "DROP", "SYNC"]).is_some() {
            self.expect_word("PARTITIONS")?;
        }
        Ok(Command::AlterTable { name, change: TableChange::RecoverPartitions })
    }

    /// `ANALYZE TABLE t COMPUTE STATISTICS [NOSCAN]`
    fn analyze(&mut self) -> Result<Command> {
        self.expect_words(&["ANALYZE", "TABLE"])?;
        let name = self.table_name()?;
        if self.is_word("PARTITION") {
            return Err(Error::unsupported("ANALYZE TABLE .. PARTITION"));
        }
        self.expect_words(&["COMPUTE", "STATISTICS"])?;
        if self.is_word("FOR") {
            return Err(Error::unsupported("ANALYZE TABLE .. FOR COLUMNS"));
        }
        let scan = !self.take_word("NOSCAN");
        Ok(Command::AnalyzeTable { name, scan })
    }
}
