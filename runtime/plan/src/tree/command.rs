//! Statements that do something: views, tables, writes, settings. Begin at [`Command`].

use super::{Cte, Expr, ForeignFunction, Options, Relation};
use crate::types::{DataType, StructType};

/// What a parsed text or a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    Query(Relation),
    Command(Command),
}

/// Something that is done rather than asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    CreateView(CreateView),
    Write(Write),
    WriteV2(WriteV2),
    /// SQL text run as a statement: queries come back as a relation, commands run at once.
    Sql {
        text: String,
        named: Vec<(String, Expr)>,
        positional: Vec<Expr>,
        /// tables known by alias only to this text
        references: Vec<Cte>,
    },
    CreateTable(CreateTable),
    DropTable {
        name: Vec<String>,
        if_exists: bool,
        purge: bool,
    },
    DropView {
        name: Vec<String>,
        if_exists: bool,
    },
    CreateDatabase {
        name: Vec<String>,
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
        properties: Options,
    },
    DropDatabase {
        name: Vec<String>,
        if_exists: bool,
        cascade: bool,
    },
    Use {
        name: Vec<String>,
    },
    Insert(Insert),
    TruncateTable {
        name: Vec<String>,
        partition: PartitionSpec,
    },
    AlterTable {
        name: Vec<String>,
        change: TableChange,
    },
    AlterView {
        name: Vec<String>,
        change: ViewChange,
    },
    AlterDatabase {
        name: Vec<String>,
        change: DatabaseChange,
    },
    /// `ANALYZE TABLE t COMPUTE STATISTICS [NOSCAN]`.
    AnalyzeTable {
        name: Vec<String>,
        scan: bool,
    },
    DeclareVariables {
        names: Vec<Vec<String>>,
        replace: bool,
        data_type: Option<DataType>,
        default: Option<Expr>,
    },
    SetVariables {
        /// Absent as a value: `DEFAULT`.
        assignments: VariableValues,
    },
    DropVariable {
        name: Vec<String>,
        if_exists: bool,
    },
    ExecuteImmediate {
        text: Expr,
        into: Vec<Vec<String>>,
        using: Vec<Expr>,
    },
    /// `SET key = value`, `SET key`, `SET`, `SET -v`.
    Set {
        key: Option<String>,
        value: Option<String>,
        verbose: bool,
    },
    Reset {
        key: Option<String>,
    },
    SetTimeZone {
        value: Expr,
    },
    ShowTables {
        namespace: Vec<String>,
        pattern: Option<String>,
    },
    ShowViews {
        namespace: Vec<String>,
        pattern: Option<String>,
    },
    ShowDatabases {
        pattern: Option<String>,
    },
    ShowColumns {
        table: Vec<String>,
    },
    ShowFunctions {
        pattern: Option<String>,
        scope: FunctionScope,
    },
    ShowCreateTable {
        table: Vec<String>,
    },
    ShowPartitions {
        table: Vec<String>,
        partition: PartitionSpec,
    },
    ShowTableExtended {
        namespace: Vec<String>,
        pattern: String,
    },
    ShowTableProperties {
        table: Vec<String>,
        key: Option<String>,
    },
    DescribeTable {
        table: Vec<String>,
        extended: bool,
        column: Vec<String>,
        partition: PartitionSpec,
    },
    DescribeQuery {
        query: Relation,
    },
    DescribeDatabase {
        name: Vec<String>,
        extended: bool,
    },
    DescribeFunction {
        name: Vec<String>,
        extended: bool,
    },
    Explain {
        statement: Box<Statement>,
        mode: ExplainMode,
    },
    CacheTable {
        name: Vec<String>,
        query: Option<Relation>,
        lazy: bool,
        options: Options,
    },
    UncacheTable {
        name: Vec<String>,
        if_exists: bool,
    },
    ClearCache,
    RefreshTable {
        name: Vec<String>,
    },
    RefreshPath {
        path: String,
    },
    Checkpoint {
        relation: Relation,
        local: bool,
        eager: bool,
        /// Where the rows may lie; `None`: in memory, and on disk where they do not fit.
        storage: Option<Storage>,
    },
    RemoveCachedRemote {
        id: String,
    },
    RegisterFunction {
        name: String,
        function: ForeignFunction,
    },
    /// `MlCommand.clean_cache`, which PySpark sends when it ends.
    MlCleanCache,
    /// Something Spark knows and we do not yet, by name.
    Unsupported {
        name: String,
    },
}

/// `PARTITION (a = 1, b)`: a column without a value is any.
pub type PartitionSpec = Vec<(String, Option<Expr>)>;

/// What `ALTER TABLE` and `COMMENT ON TABLE` change.
#[derive(Debug, Clone, PartialEq)]
pub enum TableChange {
    RenameTo(Vec<String>),
    AddColumns(StructType),
    SetProperties(Options),
    UnsetProperties {
        keys: Vec<String>,
        if_exists: bool,
    },
    SetLocation(String),
    Comment(Option<String>),
    ColumnComment {
        column: Vec<String>,
        comment: String,
    },
    AddPartitions {
        partitions: Vec<PartitionSpec>,
        if_not_exists: bool,
    },
    DropPartitions {
        partitions: Vec<PartitionSpec>,
        if_exists: bool,
    },
    RecoverPartitions,
    /// Something files cannot have done to them, by Spark's name for it.
    Refused(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum ViewChange {
    RenameTo(Vec<String>),
    SetProperties(Options),
    UnsetProperties { keys: Vec<String>, if_exists: bool },
    Query { query: Relation, text: String },
}

#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseChange {
    SetProperties(Options),
    Comment(Option<String>),
}

/// `SET VAR a = 1, b = DEFAULT` or `SET VAR (a, b) = (SELECT ..)`.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableValues {
    Each(Vec<(Vec<String>, Option<Expr>)>),
    Query { names: Vec<Vec<String>>, query: Relation },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionScope {
    All,
    User,
    System,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainMode {
    Simple,
    Extended,
    Codegen,
    Cost,
    Formatted,
    Analyze,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateView {
    pub name: Vec<String>,
    pub query: Relation,
    pub kind: ViewKind,
    pub replace: bool,
    pub if_not_exists: bool,
    pub columns: Vec<(String, Option<String>)>,
    pub comment: Option<String>,
    pub properties: Options,
    /// The SQL text behind a permanent view.
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    Temporary,
    GlobalTemporary,
    Permanent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveMode {
    ErrorIfExists,
    Append,
    Overwrite,
    Ignore,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub input: Relation,
    pub format: Option<String>,
    pub target: WriteTarget,
    pub mode: SaveMode,
    pub options: Options,
    pub partition_by: Vec<String>,
    /// Names without buckets are an error that only whoever writes can tell.
    pub sort_by: Vec<String>,
    pub bucket_by: Option<(i32, Vec<String>)>,
    pub cluster_by: Vec<String>,
}

/// Rows of a table dealt by a hash of some columns, `count` buckets in all, the files of each sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    pub count: i32,
    pub columns: Vec<String>,
    pub sort_by: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum WriteTarget {
    /// A path, or nothing: the source decides (`noop`).
    Path(Option<String>),
    SaveAsTable(Vec<String>),
    InsertInto(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteV2Mode {
    Create,
    Append,
    Overwrite,
    OverwritePartitions,
    Replace,
    CreateOrReplace,
}

#[derive(Debug, Clone, PartialEq)]
pub struct WriteV2 {
    pub input: Relation,
    pub table: Vec<String>,
    pub provider: Option<String>,
    pub mode: WriteV2Mode,
    pub options: Options,
    pub properties: Options,
    pub partition_by: Vec<Expr>,
    pub cluster_by: Vec<String>,
    pub overwrite_condition: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub name: Vec<String>,
    pub columns: Option<StructType>,
    pub provider: Option<String>,
    pub query: Option<Relation>,
    pub partition_by: Vec<String>,
    pub buckets: Option<Buckets>,
    /// Columns the rows should lie together by; only noted.
    pub cluster_by: Vec<String>,
    pub location: Option<String>,
    pub comment: Option<String>,
    pub options: Options,
    pub properties: Options,
    pub if_not_exists: bool,
    pub replace: bool,
    /// `REPLACE TABLE` without `CREATE OR`: there has to be one.
    pub must_exist: bool,
    pub is_external: bool,
    pub like: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub table: Vec<String>,
    pub columns: Vec<String>,
    pub by_name: bool,
    pub overwrite: bool,
    pub if_not_exists: bool,
    pub partition: PartitionSpec,
    pub query: Relation,
}

/// Where kept rows may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    pub memory: bool,
    pub disk: bool,
}
