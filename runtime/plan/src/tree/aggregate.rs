//! What an aggregate groups by, and the rows that came with a plan.

use std::sync::Arc;

use super::{Expr, Relation};
use crate::types::StructType;

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
