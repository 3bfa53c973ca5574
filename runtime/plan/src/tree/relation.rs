//! Relations: what gives rows, one variant a kind. Begin at [`RelationKind`].

use super::{
    Aggregate, Alias, CatalogOp, Command, Expr, ForeignFunction, Literal, LocalData, NullOrder, Options, Origin, SortDirection,
    SortOrder,
};
use crate::types::StructType;

/// Something that gives rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// The client's id of this DataFrame, unique in its process.
    pub plan_id: Option<i64>,
    pub origin: Origin,
    pub kind: Box<RelationKind>,
}

impl Relation {
    pub fn new(kind: RelationKind) -> Self {
        Self { plan_id: None, origin: None, kind: Box::new(kind) }
    }

    pub fn with_plan_id(mut self, plan_id: Option<i64>) -> Self {
        self.plan_id = plan_id;
        self
    }

    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum RelationKind {
    /// A table, view or `` format.`path` ``, by its name's parts.
    Table {
        name: Vec<String>,
        options: Options,
        is_streaming: bool,
        time_travel: Option<TimeTravel>,
    },
    /// Files or another source, by format.
    DataSource {
        format: Option<String>,
        schema: Option<StructType>,
        options: Options,
        paths: Vec<String>,
        predicates: Vec<String>,
        is_streaming: bool,
    },
    /// `None` as input: one row without columns.
    Project {
        input: Option<Relation>,
        expressions: Vec<Expr>,
    },
    Filter {
        input: Relation,
        condition: Expr,
    },
    Join(Join),
    SetOp {
        op: SetOpKind,
        left: Relation,
        right: Relation,
        is_all: bool,
        by_name: bool,
        allow_missing_columns: bool,
    },
    Sort {
        input: Relation,
        orders: Vec<SortOrder>,
        is_global: bool,
        /// ORDER BY ALL
        all: Option<(SortDirection, NullOrder)>,
    },
    Limit {
        input: Relation,
        limit: Expr,
    },
    Offset {
        input: Relation,
        offset: Expr,
    },
    Tail {
        input: Relation,
        limit: Expr,
    },
    Aggregate(Aggregate),
    /// SQL text with its arguments; parsed by whoever resolves it.
    Sql {
        text: String,
        named: Vec<(String, Expr)>,
        positional: Vec<Expr>,
    },
    /// Rows that came with the plan.
    LocalData(LocalData),
    Range {
        start: i64,
        end: i64,
        step: i64,
        partitions: Option<i32>,
    },
    SubqueryAlias {
        input: Relation,
        alias: String,
        qualifier: Vec<String>,
        /// `AS t(a, b)`
        columns: Vec<String>,
    },
    ToDf {
        input: Relation,
        names: Vec<String>,
    },
    /// Adds or replaces columns; all see the input's columns.
    WithColumns {
        input: Relation,
        columns: Vec<Alias>,
    },
    WithColumnsRenamed {
        input: Relation,
        renames: Vec<(String, String)>,
    },
    Drop {
        input: Relation,
        columns: Vec<Expr>,
        names: Vec<String>,
    },
    Deduplicate {
        input: Relation,
        keys: Vec<String>,
        all_columns: bool,
        within_watermark: bool,
    },
    /// Values: one for all columns, or one a column.
    FillNa {
        input: Relation,
        columns: Vec<String>,
        values: Vec<Literal>,
    },
    /// `min_non_nulls` absent: all must be non-null.
    DropNa {
        input: Relation,
        columns: Vec<String>,
        min_non_nulls: Option<i32>,
    },
    Replace {
        input: Relation,
        columns: Vec<String>,
        replacements: Vec<(Literal, Literal)>,
    },
    ShowString {
        input: Relation,
        rows: i32,
        truncate: i32,
        vertical: bool,
    },
    HtmlString {
        input: Relation,
        rows: i32,
        truncate: i32,
    },
    Repartition {
        input: Relation,
        partitions: i32,
        shuffle: bool,
    },
    RepartitionByExpression {
        input: Relation,
        expressions: Vec<Expr>,
        partitions: Option<i32>,
    },
    ToSchema {
        input: Relation,
        schema: StructType,
    },
    Hint {
        input: Relation,
        name: String,
        parameters: Vec<Expr>,
    },
    Summary {
        input: Relation,
        statistics: Vec<String>,
    },
    Describe {
        input: Relation,
        columns: Vec<String>,
    },
    /// Other relations under names (`WITH t AS (...)`); each sees those before it, or itself if recursive.
    With {
        ctes: Vec<Cte>,
        recursive: bool,
        input: Relation,
    },
    Catalog(CatalogOp),
    Sample {
        input: Relation,
        lower: f64,
        upper: f64,
        with_replacement: bool,
        seed: Option<i64>,
        deterministic_order: bool,
    },
    SampleBy {
        input: Relation,
        column: Expr,
        fractions: Vec<(Literal, f64)>,
        seed: Option<i64>,
    },
    Unpivot {
        input: Relation,
        ids: Vec<Expr>,
        values: Option<Vec<Expr>>,
        variable_name: String,
        value_name: String,
    },
    Transpose {
        input: Relation,
        index: Vec<Expr>,
    },
    ApproxQuantile {
        input: Relation,
        columns: Vec<String>,
        probabilities: Vec<f64>,
        relative_error: f64,
    },
    Crosstab {
        input: Relation,
        column1: String,
        column2: String,
    },
    FreqItems {
        input: Relation,
        columns: Vec<String>,
        support: Option<f64>,
    },
    Cov {
        input: Relation,
        column1: String,
        column2: String,
    },
    Corr {
        input: Relation,
        column1: String,
        column2: String,
        method: Option<String>,
    },
    CollectMetrics {
        input: Relation,
        name: String,
        metrics: Vec<Expr>,
    },
    /// A step of a pipe that may hold no aggregates (EXTEND, SET), or nothing but them (AGGREGATE).
    PipeStep {
        step: Relation,
        clause: &'static str,
    },
    Parse {
        input: Relation,
        format: ParseFormat,
        schema: Option<StructType>,
        options: Options,
    },
    LateralJoin {
        left: Relation,
        right: Relation,
        condition: Option<Expr>,
        join_type: JoinType,
    },
    /// `range(10)`, `explode(...)` in FROM.
    TableFunction {
        name: Vec<String>,
        arguments: Vec<Expr>,
    },
    /// `LATERAL VIEW [OUTER] generator table AS columns`.
    LateralView {
        input: Relation,
        generator: Expr,
        outer: bool,
        table: String,
        columns: Vec<String>,
    },
    /// `VALUES (1, 'a'), (2, 'b')`.
    Values {
        rows: Vec<Vec<Expr>>,
    },
    /// `HAVING` over an aggregate: its condition may call aggregate functions.
    Having {
        input: Relation,
        condition: Expr,
    },
    /// `PIVOT (aggregates FOR columns IN (values))` of SQL.
    SqlPivot {
        input: Relation,
        aggregates: Vec<Expr>,
        columns: Vec<Expr>,
        values: Vec<Expr>,
    },
    /// A result kept by checkpoint or by a stream's batch function.
    CachedRemote {
        id: String,
    },
    AsOfJoin(AsOfJoin),
    /// A function from another language over whole partitions or groups.
    MapPartitions {
        input: Relation,
        function: ForeignFunction,
        is_barrier: bool,
    },
    GroupMap {
        input: Relation,
        grouping: Vec<Expr>,
        function: ForeignFunction,
    },
    CoGroupMap {
        left: Relation,
        left_grouping: Vec<Expr>,
        right: Relation,
        right_grouping: Vec<Expr>,
        function: ForeignFunction,
    },
    WithWatermark {
        input: Relation,
        column: String,
        delay: String,
    },
    /// Rows as the columns of a table take them.
    IntoTable(IntoTable),
    /// The result of a command that ran when the relation was made.
    Command(Box<Command>),
    /// Something Spark knows and we do not yet, by name.
    Unsupported {
        name: String,
    },
}

/// Rows on their way into a table: checked, put in order and cast as its columns want them.
#[derive(Debug, Clone, PartialEq)]
pub struct IntoTable {
    pub input: Relation,
    /// The table's name, quoted, for errors.
    pub table: String,
    /// What comes out. Defaults of columns stand in their metadata.
    pub columns: StructType,
    /// The columns that the rows bring, in their order; empty: all but the constant ones.
    pub given: Vec<String>,
    /// The rows' columns are found by name rather than by position.
    pub by_name: bool,
    /// Columns whose value the statement says (`PARTITION (a = 1)`).
    pub constants: Vec<(String, Expr)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TimeTravel {
    pub timestamp: Option<Expr>,
    pub version: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub relation: Relation,
    /// How many rounds a recursive table may take, if the text says so.
    pub most_rounds: Option<i64>,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOpKind {
    Union,
    Intersect,
    Except,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseFormat {
    Csv,
    Json,
    Xml,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinType {
    Inner,
    Cross,
    FullOuter,
    LeftOuter,
    RightOuter,
    LeftSemi,
    LeftAnti,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub left: Relation,
    pub right: Relation,
    pub join_type: JoinType,
    pub condition: JoinCondition,
    /// Typed `joinWith`: the two sides become two struct columns (or plain columns): (left is struct, right is struct).
    pub joined_structs: Option<(bool, bool)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum JoinCondition {
    None,
    On(Expr),
    Using(Vec<String>),
    Natural,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AsOfJoin {
    pub left: Relation,
    pub right: Relation,
    pub left_as_of: Expr,
    pub right_as_of: Expr,
    pub condition: Option<Expr>,
    pub using: Vec<String>,
    pub join_type: String,
    pub tolerance: Option<Expr>,
    pub allow_exact_matches: bool,
    pub direction: String,
}
