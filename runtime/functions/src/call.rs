//! What goes into a function's builder and what comes out of it.

use datafusion::logical_expr::Expr;
use emberflow_base::Settings;
use emberflow_plan::DataType;
use emberflow_plan::sql::SqlOptions;

use crate::collation::Precedence;

/// A resolved expression: how to compute it and what Spark says it is.
#[derive(Debug, Clone)]
pub struct Typed {
    pub expr: Expr,
    /// Spark's type; the Arrow type of `expr` is always `types::to_arrow(&data_type)`.
    pub data_type: DataType,
    pub nullable: bool,
    /// What its collation weighs beside another one.
    pub precedence: Precedence,
}

impl Typed {
    pub fn new(expr: Expr, data_type: DataType, nullable: bool) -> Self {
        Self { expr, data_type, nullable, precedence: Precedence::default() }
    }
}

/// What a builder may know of the session.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub settings: &'a Settings,
    /// Overflow, bad casts, division by zero raise.
    pub ansi: bool,
    /// IANA name or offset of the session's zone.
    pub time_zone: &'a str,
    /// Microseconds since 1970 at which the query began: `current_timestamp()` is one value per query.
    pub now_micros: i64,
    pub user: &'a str,
    pub database: &'a str,
}

impl Context<'_> {
    /// What the session calls TIMESTAMP.
    pub fn timestamp_type(&self) -> DataType {
        if self.settings.local_timestamps() { DataType::TimestampNtz } else { DataType::Timestamp }
    }

    /// How the session reads SQL text.
    pub fn sql_options(&self) -> SqlOptions {
        SqlOptions::of(self.settings)
    }
}

/// One call to build: the name as looked up (lower case), its arguments and what surrounds them.
pub struct Call<'a> {
    pub name: &'a str,
    pub arguments: Vec<Typed>,
    /// Spark's SQL text of each argument, for error messages (`"(a + 1)"` without the quotes).
    pub texts: Vec<String>,
    pub is_distinct: bool,
    /// IGNORE NULLS, if said.
    pub ignore_nulls: Option<bool>,
    pub context: Context<'a>,
}
