//! CREATE of views, tables and databases.
//!
//!     CREATE OR REPLACE TEMP VIEW v (a COMMENT 'x') AS SELECT ..     CREATE TEMP VIEW v USING csv OPTIONS (path '..')
//!     CREATE TABLE t (a INT) USING parquet PARTITIONED BY (a) AS SELECT ..     CREATE DATABASE d LOCATION '..'
//!
//! Begin at [`Parser::create`].

use emberflow_base::{Error, Exception, Result};

use super::super::cursor::Parser;
use super::super::lexer::Kind;
use crate::tree::{Buckets, Command, CreateTable, CreateView, Relation, RelationKind, ViewKind};
use crate::types::{StructField, StructType, quote};

const UNKNOWN: &[&str] = &[
    "CREATE FUNCTION",
    "CREATE TEMPORARY FUNCTION",
    "CREATE TEMP FUNCTION",
    "CREATE INDEX",
    "CREATE MATERIALIZED VIEW",
    "CREATE STREAMING TABLE",
    "CREATE FLOW",
    "CREATE OR REPLACE FUNCTION",
    "CREATE OR REPLACE TEMPORARY FUNCTION",
    "CREATE OR REPLACE TEMP FUNCTION",
];

/// Clauses of CREATE TABLE that we do not know.
const UNKNOWN_CLAUSES: &[&str] = &["SKEWED BY", "STORED AS", "STORED BY", "ROW FORMAT", "DEFAULT COLLATION"];

/// What stands before the name of what is made.
struct Preamble {
    /// The token it begins with.
    start: usize,
    replace: bool,
    /// REPLACE without CREATE OR.
    must_exist: bool,
    is_external: bool,
    kind: ViewKind,
}

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Command> {
        if let Some(unknown) = self.unknown_statement(UNKNOWN) {
            return Ok(unknown);
        }
        let preamble = self.create_preamble()?;
        if self.take_word("VIEW") {
            return self.create_view(preamble);
        }
        if preamble.kind == ViewKind::Permanent && self.take_word("TABLE") {
            return self.create_table(preamble).map(Command::CreateTable);
        }
        let is_plain = preamble.kind == ViewKind::Permanent && !preamble.replace;
        if is_plain && self.take_one_of(&["DATABASE", "SCHEMA", "NAMESPACE"]).is_some() {
            return self.create_database();
        }
        // An old spelling of a temporary view of files.
        if preamble.kind == ViewKind::Temporary && self.take_word("TABLE") {
            let name = self.table_name()?;
            if !self.is_using_ahead() {
                let error = Error::new("INVALID_SQL_SYNTAX.CREATE_TEMP_TABLE_USING_PROVIDER");
                return Err(error.text("There are temporary views, but no temporary tables."));
            }
            return self.view_of_source(preamble, name);
        }
        Err(self.error_here())
    }

    fn create_preamble(&mut self) -> Result<Preamble> {
        let start = self.at;
        let must_exist = self.take_word("REPLACE");
        if !must_exist {
            self.expect_word("CREATE")?;
        }
        let replace = must_exist || self.take_words(&["OR", "REPLACE"]);
        let global = self.take_word("GLOBAL");
        let temporary = self.take_one_of(&["TEMPORARY", "TEMP"]).is_some();
        let is_external = self.take_word("EXTERNAL");
        let kind = match (global, temporary) {
            (true, true) => ViewKind::GlobalTemporary,
            (false, true) => ViewKind::Temporary,
            (false, false) => ViewKind::Permanent,
            (true, false) => return Err(self.error_here()),
        };
        Ok(Preamble { start, replace, must_exist, is_external, kind })
    }

    fn create_view(&mut self, preamble: Preamble) -> Result<Command> {
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        if let Some(error) = refused_view(&preamble, if_not_exists, &name) {
            self.skip_rest();
            return Err(self.error_since(preamble.start, error));
        }
        if preamble.kind != ViewKind::Permanent && self.is_using_ahead() {
            return self.view_of_source(preamble, name);
        }
        self.view_of_query(preamble, if_not_exists, name)
    }

    /// Whether `USING` follows, maybe behind a list of columns.
    fn is_using_ahead(&self) -> bool {
        let behind = if self.is_sign("(") { self.after_partner(0).unwrap_or(0) } else { 0 };
        self.is_word_at(behind, "USING")
    }

    /// A view of files: `USING csv OPTIONS (path 'x')`.
    fn view_of_source(&mut self, preamble: Preamble, name: Vec<String>) -> Result<Command> {
        let schema = if self.is_sign("(") { Some(self.column_definitions()?) } else { None };
        self.expect_word("USING")?;
        let format = Some(self.multipart_identifier()?.join("."));
        let options = if self.take_word("OPTIONS") { self.properties()? } else { Vec::new() };
        let source =
            RelationKind::DataSource { format, schema, options, paths: Vec::new(), predicates: Vec::new(), is_streaming: false };
        Ok(Command::CreateView(CreateView {
            name,
            query: Relation::new(source),
            kind: preamble.kind,
            replace: preamble.replace,
            if_not_exists: false,
            columns: Vec::new(),
            comment: None,
            properties: Vec::new(),
            text: None,
        }))
    }

    fn view_of_query(&mut self, preamble: Preamble, if_not_exists: bool, name: Vec<String>) -> Result<Command> {
        let columns = if self.is_sign("(") { self.in_parentheses(Self::view_column)? } else { Vec::new() };
        let (mut comment, mut properties) = (None, Vec::new());
        while !self.is_word("AS") {
            if self.take_word("COMMENT") {
                comment = Some(self.string()?);
            } else if self.take_word("TBLPROPERTIES") {
                properties = self.properties()?;
            } else if self.take_words(&["WITH", "SCHEMA"]) {
                if self.take_one_of(&["BINDING", "COMPENSATION"]).is_none() {
                    return Err(Error::unsupported("views WITH SCHEMA EVOLUTION"));
                }
            } else {
                return Err(self.error_here());
            }
        }
        self.expect_word("AS")?;
        let start = self.at;
        let query = self.query()?;
        let text = (preamble.kind == ViewKind::Permanent).then(|| self.written_since(start).to_owned());
        let Preamble { replace, kind, .. } = preamble;
        Ok(Command::CreateView(CreateView { name, query, kind, replace, if_not_exists, columns, comment, properties, text }))
    }

    fn view_column(&mut self) -> Result<(String, Option<String>)> {
        let name = self.identifier()?;
        let comment = if self.take_word("COMMENT") { Some(self.string()?) } else { None };
        Ok((name, comment))
    }

    fn create_table(&mut self, preamble: Preamble) -> Result<CreateTable> {
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let like = if self.take_word("LIKE") { Some(self.table_name()?) } else { None };
        let has_columns = self.is_sign("(") && !self.begins_query(1);
        let columns = if has_columns { Some(self.column_definitions()?) } else { None };
        let mut table = CreateTable {
            name,
            columns,
            provider: None,
            query: None,
            partition_by: Vec::new(),
            buckets: None,
            cluster_by: Vec::new(),
            location: None,
            comment: None,
            options: Vec::new(),
            properties: Vec::new(),
            if_not_exists,
            replace: preamble.replace,
            must_exist: preamble.must_exist,
            is_external: preamble.is_external,
            like,
        };
        while self.table_clause(&mut table)? {}
        if let Some(error) = refused_clustering(&table) {
            self.skip_rest();
            return Err(self.error_since(preamble.start, error));
        }
        let is_query = self.take_word("AS") || self.begins_query(0);
        table.query = if is_query { Some(self.query()?) } else { None };
        if table.query.is_some() && table.columns.is_some() {
            let text = "Schema may not be specified in a Create Table As Select (CTAS) statement";
            return Err(self.error_since(preamble.start, Error::new("_LEGACY_ERROR_TEMP_0035").with("message", text).text(text)));
        }
        Ok(table)
    }

    fn column_definitions(&mut self) -> Result<StructType> {
        self.expect_sign("(")?;
        let columns = self.columns()?;
        self.expect_sign(")")?;
        Ok(columns)
    }

    /// One clause behind the columns, if there is one; they come in any order.
    fn table_clause(&mut self, table: &mut CreateTable) -> Result<bool> {
        let start = self.at;
        if self.take_word("USING") {
            let provider = self.multipart_identifier()?.join(".");
            self.once(start, "USING", table.provider.replace(provider).is_some())?;
        } else if self.take_word("OPTIONS") {
            table.options = self.properties()?;
        } else if self.take_words(&["PARTITIONED", "BY"]) {
            self.partitioning(table)?;
        } else if self.take_words(&["CLUSTERED", "BY"]) {
            let buckets = self.buckets(start)?;
            self.once(start, "CLUSTERED BY", table.buckets.replace(buckets).is_some())?;
        } else if self.take_words(&["CLUSTER", "BY"]) {
            let columns = self.in_parentheses(|parser| Ok(parser.multipart_identifier()?.join(".")))?;
            self.once(start, "CLUSTER BY", !std::mem::replace(&mut table.cluster_by, columns).is_empty())?;
        } else if self.take_word("LOCATION") {
            let location = self.string()?;
            self.once(start, "LOCATION", table.location.replace(location).is_some())?;
        } else if table.like.is_none() && self.take_word("COMMENT") {
            let comment = self.string()?;
            self.once(start, "COMMENT", table.comment.replace(comment).is_some())?;
        } else if self.take_word("TBLPROPERTIES") {
            table.properties = self.properties()?;
        } else if let Some(clause) = UNKNOWN_CLAUSES.iter().find(|clause| self.are_words(&clause.split(' ').collect::<Vec<_>>()))
        {
            return Err(Error::unsupported(format!("{clause} in CREATE TABLE")));
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn once(&self, start: usize, clause: &str, was_there: bool) -> Result<()> {
        if !was_there {
            return Ok(());
        }
        let error = Error::new("DUPLICATE_CLAUSES").with("clauseName", clause);
        Err(self.error_since(start, error.text(format!("The clause {clause} stands there twice."))))
    }

    /// `(a) SORTED BY (b) INTO 4 BUCKETS`, behind CLUSTERED BY.
    fn buckets(&mut self, start: usize) -> Result<Buckets> {
        let columns = self.in_parentheses(Self::identifier)?;
        let sort_by = match self.take_words(&["SORTED", "BY"]) {
            true => self.in_parentheses(|parser| {
                let column = parser.identifier()?;
                let written = parser.written(0);
                let is_descending = parser.take_one_of(&["ASC", "DESC"]) == Some("DESC");
                Ok((column, is_descending.then_some(written)))
            })?,
            false => Vec::new(),
        };
        self.expect_word("INTO")?;
        let count: i64 = self.integer()?;
        self.expect_word("BUCKETS")?;
        if let Some(order) = sort_by.iter().find_map(|(_, descending)| *descending) {
            let text = format!("Column ordering must be ASC, was '{order}'");
            return Err(self.error_since(start, Error::new("_LEGACY_ERROR_TEMP_0035").with("message", &text).text(text)));
        }
        let count = checked_count(count)?;
        Ok(Buckets { count, columns, sort_by: sort_by.into_iter().map(|(column, _)| column).collect() })
    }

    /// `bucket(4, a)` among partition columns, if it stands here.
    fn bucket_transform(&mut self) -> Result<Option<Buckets>> {
        if !(self.is_word("BUCKET") && self.is_sign_at(1, "(")) {
            return Ok(None);
        }
        self.expect_word("BUCKET")?;
        self.expect_sign("(")?;
        let count = checked_count(self.integer()?)?;
        self.expect_sign(",")?;
        let columns = self.list(Self::identifier)?;
        self.expect_sign(")")?;
        Ok(Some(Buckets { count, columns, sort_by: Vec::new() }))
    }

    /// `(a, b)`, or `(a INT)` which adds the columns.
    fn partitioning(&mut self, table: &mut CreateTable) -> Result<()> {
        let buckets = &mut table.buckets;
        let entries = self.in_parentheses(|parser| {
            if let Some(found) = parser.bucket_transform()? {
                return match buckets.replace(found) {
                    None => Ok(None),
                    Some(_) => Err(Error::new("UNSUPPORTED_FEATURE.MULTIPLE_BUCKET_TRANSFORMS")),
                };
            }
            let name = parser.identifier()?;
            if parser.is_sign("(") || parser.is_sign(".") {
                return Err(Error::unsupported("partitioning by anything but columns"));
            }
            let is_bare = matches!(parser.kind(0), Kind::Sign("," | ")"));
            Ok(Some((name, if is_bare { None } else { Some(parser.data_type()?) })))
        })?;
        for (name, data_type) in entries.into_iter().flatten() {
            if let Some(data_type) = data_type {
                let columns = table.columns.get_or_insert_with(StructType::default);
                columns.fields.push(StructField::new(&name, data_type, true));
            }
            table.partition_by.push(name);
        }
        Ok(())
    }

    fn create_database(&mut self) -> Result<Command> {
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let (mut comment, mut location, mut properties) = (None, None, Vec::new());
        loop {
            if self.take_word("COMMENT") {
                comment = Some(self.string()?);
            } else if self.take_word("LOCATION") {
                location = Some(self.string()?);
            } else if self.take_words(&["WITH", "DBPROPERTIES"]) || self.take_words(&["WITH", "PROPERTIES"]) {
                properties = self.properties()?;
            } else {
                return Ok(Command::CreateDatabase { name, if_not_exists, comment, location, properties });
            }
        }
    }
}

/// Spark's own bounds.
fn checked_count(count: i64) -> Result<i32> {
    const MOST: i64 = 100_000;
    match i32::try_from(count) {
        Ok(buckets) if (1..=MOST).contains(&count) => Ok(buckets),
        _ => Err(Error::new("INVALID_BUCKET_COUNT")
            .with("bucketingMaxBuckets", MOST.to_string())
            .with("numBuckets", count.to_string())
            .exception_class(Exception::Parse)),
    }
}

/// A clustered table is neither partitioned nor bucketed.
fn refused_clustering(table: &CreateTable) -> Option<Error> {
    if table.cluster_by.is_empty() {
        return None;
    }
    if !table.partition_by.is_empty() {
        return Some(Error::new("SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED"));
    }
    table.buckets.as_ref().map(|_| Error::new("SPECIFY_CLUSTER_BY_WITH_BUCKETING_IS_NOT_ALLOWED"))
}

/// What is wrong with a view of this kind and name.
fn refused_view(preamble: &Preamble, if_not_exists: bool, name: &[String]) -> Option<Error> {
    let is_permanent = preamble.kind == ViewKind::Permanent;
    let shown = name.join(".");
    if if_not_exists && preamble.replace {
        let error = Error::new("CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE").with("viewName", &shown);
        return Some(error.text(format!("The view {shown} cannot be created with both IF NOT EXISTS and OR REPLACE.")));
    }
    if if_not_exists && !is_permanent {
        return Some(Error::new("_LEGACY_ERROR_TEMP_0053").text("A temporary view cannot be created with IF NOT EXISTS."));
    }
    let (last, qualifier) = name.split_last()?;
    let is_session = qualifier.last().is_some_and(|part| part.eq_ignore_ascii_case("session"));
    if is_permanent || qualifier.is_empty() || is_session {
        return None;
    }
    let quoted: Vec<String> = qualifier.iter().map(|part| quote(part)).collect();
    let (last, qualifier) = (quote(last), quoted.join("."));
    let error = Error::new("INVALID_TEMP_OBJ_QUALIFIER").with("objectType", "VIEW").with("objectName", &last);
    Some(error.with("qualifier", &qualifier).text(format!("The temporary view {last} cannot be qualified with {qualifier}.")))
}
