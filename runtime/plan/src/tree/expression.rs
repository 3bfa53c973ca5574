//! Expressions: calls, names, windows, sub-queries. Begin at [`ExprKind`]; constants stand in `literal`.

use std::sync::Arc;

use super::{Literal, Origin, Relation};
use crate::types::DataType;

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
    /// The number of the partition a row shall go to; only in `repartitionById`.
    DirectPartition(Box<Expr>),
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
    /// Where what stands behind OVER was written.
    pub specification: Origin,
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
