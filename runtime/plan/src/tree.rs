//! The unresolved plan tree: plain enums that say what the user wrote and nothing about what it means.
//!
//! A [`Relation`] may carry the `plan_id` a client gave it, so that `df["c"]` can be traced to the exact DataFrame, and
//! every [`Expr`] may carry where it was written, so that errors can point at it. Trees may be thousands of nodes deep:
//! walk them with a growing stack.
//!
//! Not here: names resolved to columns, types, DataFusion. Begin at [`Relation`].

use std::sync::Arc;

use emberflow_base::QueryContext;

use crate::types::{DataType, StructType};

/// Where something was written.
pub type Origin = Option<Arc<QueryContext>>;

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

/// Options of sources and sinks; keys ignore case, the last of equal keys wins.
pub type Options = Vec<(String, String)>;

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
        all: Option<SortDirection>,
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
    /// Rows uploaded before, found by hash in the session.
    CachedLocalData {
        schema_hash: Option<String>,
        data_hashes: Vec<String>,
        /// one serialized LocalRelation (older clients)
        whole: bool,
    },
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

#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    pub input: Relation,
    pub grouping: Grouping,
    /// What comes out. From a DataFrame the groupings come first by themselves; in SQL only these come out.
    pub aggregates: Vec<Expr>,
    pub groupings_come_first: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Grouping {
    By(Vec<Expr>),
    Rollup(Vec<Expr>),
    Cube(Vec<Expr>),
    Sets {
        by: Vec<Expr>,
        sets: Vec<Vec<Expr>>,
    },
    Pivot {
        by: Vec<Expr>,
        column: Expr,
        values: Option<Vec<Expr>>,
    },
    /// SQL's GROUP BY with elements mixed: `GROUP BY a, ROLLUP(b, c), GROUPING SETS ((a), ())`.
    Mixed(Vec<GroupingElement>),
    /// `GROUP BY ALL`.
    All,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GroupingElement {
    Plain(Expr),
    /// Each inner list is one composite element.
    Rollup(Vec<Vec<Expr>>),
    Cube(Vec<Vec<Expr>>),
    Sets(Vec<GroupingElement>),
    /// `(a, b)` or `()` inside GROUPING SETS.
    Set(Vec<Expr>),
}

/// Rows that came with a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalData {
    /// Arrow IPC stream.
    pub arrow: Option<Arc<[u8]>>,
    pub schema: Option<StructType>,
}

/// A column added by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    pub name: String,
    pub expression: Expr,
    pub metadata: Option<String>,
}

/// A scalar expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub origin: Origin,
    pub kind: ExprKind,
}

impl Expr {
    pub fn new(kind: ExprKind) -> Self {
        Self { origin: None, kind }
    }

    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub fn literal(value: Literal) -> Self {
        Self::new(ExprKind::Literal(value))
    }

    /// A call of a function or operator by its lower-case name.
    pub fn call(name: &str, arguments: Vec<Expr>) -> Self {
        Self::new(ExprKind::Function(FunctionCall::named(name, arguments)))
    }

    /// A column by its name's parts.
    pub fn attribute<S: Into<String>>(parts: impl IntoIterator<Item = S>) -> Self {
        Self::new(ExprKind::Attribute {
            parts: parts.into_iter().map(Into::into).collect(),
            plan_id: None,
            is_metadata_column: false,
        })
    }

    pub fn alias(self, name: impl Into<String>) -> Self {
        Self::new(ExprKind::Alias { expression: Box::new(self), names: vec![name.into()], metadata: None })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    Literal(Literal),
    /// `a.b.c`, already taken apart at its dots.
    Attribute {
        parts: Vec<String>,
        plan_id: Option<i64>,
        is_metadata_column: bool,
    },
    /// `*`, `t.*`, `s.*`; SQL adds `EXCEPT (..)` and `REPLACE (..)`.
    Star {
        target: Vec<String>,
        plan_id: Option<i64>,
        except: Vec<Vec<String>>,
        replace: Vec<Alias>,
    },
    /// All columns whose name matches.
    Regex {
        pattern: String,
        plan_id: Option<i64>,
    },
    Function(FunctionCall),
    /// SQL text of an expression, parsed by whoever resolves it.
    Sql(String),
    Alias {
        expression: Box<Expr>,
        names: Vec<String>,
        metadata: Option<String>,
    },
    Cast {
        expression: Box<Expr>,
        target: DataType,
        mode: CastMode,
    },
    SortOrder(Box<SortOrder>),
    Window(Box<Window>),
    Lambda {
        body: Box<Expr>,
        arguments: Vec<String>,
    },
    /// A variable of an enclosing lambda.
    LambdaVariable {
        parts: Vec<String>,
    },
    /// `child[extraction]`, `child.field`.
    ExtractValue {
        child: Box<Expr>,
        extraction: Box<Expr>,
    },
    /// `withField` with a value, `dropFields` without.
    UpdateFields {
        child: Box<Expr>,
        field: String,
        value: Option<Box<Expr>>,
    },
    /// `CASE [operand] WHEN .. THEN .. ELSE .. END`.
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    NamedArgument {
        name: String,
        value: Box<Expr>,
    },
    Subquery(Box<Subquery>),
    /// A function from another language.
    Foreign {
        function: ForeignFunction,
        arguments: Vec<Expr>,
        is_distinct: bool,
    },
    /// `:name` or `?` of a text, by where it stands.
    Parameter {
        name: Option<String>,
        position: usize,
    },
    Unsupported {
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    /// Parts of a qualified name; the last is the function. Operators come by their sign: `+`, `and`, `<=>`.
    pub name: Vec<String>,
    pub arguments: Vec<Expr>,
    pub is_distinct: bool,
    /// Reaches functions that no user can name.
    pub is_internal: bool,
    /// `FILTER (WHERE ..)`.
    pub filter: Option<Box<Expr>>,
    /// `WITHIN GROUP (ORDER BY ..)`.
    pub within_group: Vec<SortOrder>,
    /// `IGNORE NULLS` or `RESPECT NULLS`.
    pub ignore_nulls: Option<bool>,
}

impl FunctionCall {
    pub fn named(name: &str, arguments: Vec<Expr>) -> Self {
        Self {
            name: vec![name.to_owned()],
            arguments,
            is_distinct: false,
            is_internal: false,
            filter: None,
            within_group: Vec::new(),
            ignore_nulls: None,
        }
    }

    /// The bare name in lower case.
    pub fn bare(&self) -> String {
        self.name.last().map(|name| name.to_lowercase()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastMode {
    /// As the session's ANSI setting says.
    Session,
    Legacy,
    Ansi,
    Try,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullOrder {
    First,
    Last,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SortOrder {
    pub child: Expr,
    pub direction: SortDirection,
    pub nulls: NullOrder,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub function: Expr,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<SortOrder>,
    /// Absent: the whole partition, or up to the current row's peers when ordered.
    pub frame: Option<Frame>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub unit: FrameUnit,
    pub lower: FrameBound,
    pub upper: FrameBound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    Rows,
    Range,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FrameBound {
    CurrentRow,
    UnboundedPreceding,
    UnboundedFollowing,
    /// Rows or values from the current row; negative: preceding.
    Offset(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    pub kind: SubqueryKind,
    pub relation: Relation,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SubqueryKind {
    Scalar,
    Exists,
    /// `(values) IN (subquery)`.
    In(Vec<Expr>),
    /// A table handed to a table function.
    TableArgument,
}

/// A function written in another language, carried but not understood.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignFunction {
    /// `python`, `scala`, `java`, or an engine's own.
    pub language: String,
    pub name: String,
    pub deterministic: bool,
    pub eval_type: i32,
    pub output: Option<DataType>,
    pub inputs: Vec<DataType>,
    pub payload: Arc<[u8]>,
    pub version: String,
}

impl ForeignFunction {
    /// What an error calls it: `functions written in Scala or Java (udf `f`)`.
    pub fn described(&self) -> String {
        let language = match self.language.as_str() {
            "scala" | "java" => "Scala or Java",
            "python" => "Python",
            other => other,
        };
        let which = if self.name.is_empty() { "lambdas and udf".to_owned() } else { format!("`{}`", self.name) };
        format!("functions written in {language} ({which})")
    }
}

/// A constant. Date in days, timestamps in microseconds since 1970-01-01.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null(DataType),
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Unscaled value.
    Decimal {
        value: i128,
        precision: u8,
        scale: i8,
    },
    String(String),
    Binary(Vec<u8>),
    Date(i32),
    Timestamp(i64),
    TimestampNtz(i64),
    /// Nanoseconds of the day.
    Time {
        nanos: i64,
        precision: u8,
    },
    CalendarInterval {
        months: i32,
        days: i32,
        micros: i64,
    },
    /// Months; the type says which fields are meant.
    YearMonthInterval {
        months: i32,
        data_type: DataType,
    },
    /// Microseconds.
    DayTimeInterval {
        micros: i64,
        data_type: DataType,
    },
    Array {
        element: DataType,
        values: Vec<Literal>,
    },
    Map {
        key: DataType,
        value: DataType,
        entries: Vec<(Literal, Literal)>,
    },
    Struct {
        data_type: StructType,
        values: Vec<Literal>,
    },
}

impl Literal {
    /// The type Spark gives this constant.
    pub fn data_type(&self) -> DataType {
        match self {
            Literal::Null(data_type) => data_type.clone(),
            Literal::Boolean(_) => DataType::Boolean,
            Literal::Byte(_) => DataType::Byte,
            Literal::Short(_) => DataType::Short,
            Literal::Int(_) => DataType::Int,
            Literal::Long(_) => DataType::Long,
            Literal::Float(_) => DataType::Float,
            Literal::Double(_) => DataType::Double,
            Literal::Decimal { precision, scale, .. } => DataType::decimal(*precision, *scale),
            Literal::String(_) => DataType::String,
            Literal::Binary(_) => DataType::Binary,
            Literal::Date(_) => DataType::Date,
            Literal::Timestamp(_) => DataType::Timestamp,
            Literal::TimestampNtz(_) => DataType::TimestampNtz,
            Literal::Time { precision, .. } => DataType::Time(*precision),
            Literal::CalendarInterval { .. } => DataType::CalendarInterval,
            Literal::YearMonthInterval { data_type, .. } | Literal::DayTimeInterval { data_type, .. } => data_type.clone(),
            Literal::Array { element, values } => {
                DataType::array(element.clone(), values.iter().any(|value| matches!(value, Literal::Null(_))))
            }
            Literal::Map { key, value, entries } => {
                let with_nulls = entries.iter().any(|(_, value)| matches!(value, Literal::Null(_)));
                DataType::map(key.clone(), value.clone(), with_nulls)
            }
            Literal::Struct { data_type, .. } => DataType::Struct(data_type.clone()),
        }
    }
}

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

/// Where kept rows may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    pub memory: bool,
    pub disk: bool,
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
    pub sort_by: Vec<String>,
    pub bucket_by: Option<(i32, Vec<String>)>,
    pub cluster_by: Vec<String>,
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

/// The catalog calls of a session (`spark.catalog`); each gives rows.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogOp {
    CurrentDatabase,
    SetCurrentDatabase {
        name: String,
    },
    ListDatabases {
        pattern: Option<String>,
    },
    ListTables {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListViews {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListFunctions {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListColumns {
        table: String,
        database: Option<String>,
    },
    GetDatabase {
        name: String,
    },
    GetTable {
        table: String,
        database: Option<String>,
    },
    GetFunction {
        function: String,
        database: Option<String>,
    },
    DatabaseExists {
        name: String,
    },
    TableExists {
        table: String,
        database: Option<String>,
    },
    FunctionExists {
        function: String,
        database: Option<String>,
    },
    CreateTable {
        table: String,
        path: Option<String>,
        source: Option<String>,
        description: Option<String>,
        schema: Option<StructType>,
        options: Options,
    },
    DropTempView {
        name: String,
    },
    DropGlobalTempView {
        name: String,
    },
    RecoverPartitions {
        table: String,
    },
    AnalyzeTable {
        table: String,
        scan: bool,
    },
    IsCached {
        table: String,
    },
    CacheTable {
        table: String,
    },
    UncacheTable {
        table: String,
    },
    ClearCache,
    RefreshTable {
        table: String,
    },
    RefreshByPath {
        path: String,
    },
    CurrentCatalog,
    SetCurrentCatalog {
        name: String,
    },
    ListCatalogs {
        pattern: Option<String>,
    },
    Unsupported {
        name: String,
    },
}
