//! A column as Spark sees it: a name that may repeat over an internal column that does not.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::Expr;
use emberflow_functions::Typed;
use emberflow_plan::{DataType, StructField};

/// A resolved column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The name in the DataFusion plan, unique in the query.
    pub column: String,
    /// The name the user knows.
    pub name: String,
    /// What may stand before the name: `[catalog, database, table]`, or one alias.
    pub qualifier: Vec<String>,
    pub data_type: DataType,
    pub nullable: bool,
    pub metadata: Option<String>,
    /// Only a name with its qualifier finds it (a side's own key after a join with USING).
    pub qualified_only: bool,
}

/// Attributes are shared: a plan of a thousand steps passes the same ones along.
pub type Attr = Arc<Attribute>;

impl Attribute {
    pub fn expr(&self) -> Expr {
        Expr::Column(Column::new_unqualified(&self.column))
    }

    pub fn typed(&self) -> Typed {
        Typed::new(self.expr(), self.data_type.clone(), self.nullable)
    }

    pub fn field(&self) -> StructField {
        StructField {
            name: self.name.clone(),
            data_type: self.data_type.clone(),
            nullable: self.nullable,
            metadata: self.metadata.clone(),
        }
    }

    pub fn with_qualifier(&self, qualifier: Vec<String>) -> Attr {
        Arc::new(Self { qualifier, ..self.clone() })
    }

    /// The same column, found only with its qualifier.
    pub fn only_qualified(&self) -> Attr {
        Arc::new(Self { qualified_only: true, ..self.clone() })
    }

    /// The same column, found by no name.
    pub fn nameless(&self) -> Attr {
        Arc::new(Self { qualifier: Vec::new(), qualified_only: true, ..self.clone() })
    }

    pub fn with_name(&self, name: impl Into<String>) -> Attr {
        Arc::new(Self { name: name.into(), ..self.clone() })
    }

    /// The same column where it may be null (the outer side of a join).
    pub fn as_nullable(self: &Arc<Self>) -> Attr {
        if self.nullable { Arc::clone(self) } else { Arc::new(Self { nullable: true, ..(**self).clone() }) }
    }
}

/// Whether two names are the same to the session.
pub fn same_name(left: &str, right: &str, case_sensitive: bool) -> bool {
    if case_sensitive {
        return left == right;
    }
    left.eq_ignore_ascii_case(right) || (!(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase())
}
