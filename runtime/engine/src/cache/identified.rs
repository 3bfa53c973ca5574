//! A table that knows what it is, so that two analyses of the same source can be told to read the same.
//!
//! Everything but that is the table inside.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{ScanArgs, ScanResult, Session, TableProvider};
use datafusion::common::{Constraints, Result, Statistics};
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use emberflow_plan::tree::LocalData;

/// What a source is.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// Files of a format, as they were asked for.
    Files { text: String, paths: Vec<String> },
    /// Rows that came with the plan.
    Local(LocalData),
    /// Anything its text says completely.
    Text(String),
}

/// See the module.
pub(crate) struct Identified {
    table: Arc<dyn TableProvider>,
    identity: Identity,
}

impl Identified {
    /// `table`, which is `identity`.
    pub fn wrap(table: Arc<dyn TableProvider>, identity: Identity) -> Arc<dyn TableProvider> {
        Arc::new(Self { table, identity })
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Files { text, paths } => ("files", text, paths).hash(state),
            Self::Local(data) => ("local", &data.arrow, format!("{:?}", data.schema)).hash(state),
            Self::Text(text) => ("text", text).hash(state),
        }
    }
}

impl fmt::Debug for Identified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

#[async_trait]
impl TableProvider for Identified {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.table.constraints()
    }

    fn table_type(&self) -> TableType {
        self.table.table_type()
    }

    fn get_logical_plan(&'_ self) -> Option<Cow<'_, LogicalPlan>> {
        self.table.get_logical_plan()
    }

    fn get_column_default(&self, column: &str) -> Option<&Expr> {
        self.table.get_column_default(column)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.table.scan(state, projection, filters, limit).await
    }

    async fn scan_with_args<'a>(&self, state: &dyn Session, args: ScanArgs<'a>) -> Result<ScanResult> {
        self.table.scan_with_args(state, args).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.table.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.table.statistics()
    }
}
