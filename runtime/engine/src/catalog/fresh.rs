//! A table of the catalog inside a temporary view: its files are listed when they are read, not when the view was made, so
//! the view sees what was inserted since.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use emberflow_functions::errors::to_datafusion;

type Provider = Arc<dyn TableProvider>;

pub(crate) struct Fresh {
    /// The table when the view was made; says columns and what filters it takes.
    then: Provider,
    now: Box<dyn Fn() -> emberflow_base::Result<Provider> + Send + Sync>,
}

impl Fresh {
    pub fn new(then: Provider, now: impl Fn() -> emberflow_base::Result<Provider> + Send + Sync + 'static) -> Self {
        Self { then, now: Box::new(now) }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fresh").field(&self.then).finish()
    }
}

#[async_trait]
impl TableProvider for Fresh {
    fn schema(&self) -> SchemaRef {
        self.then.schema()
    }

    fn table_type(&self) -> TableType {
        self.then.table_type()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let now = (self.now)().map_err(to_datafusion)?;
        // A table whose columns changed is read as the view knew it.
        let provider = if now.schema() == self.then.schema() { &now } else { &self.then };
        provider.scan(state, projection, filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.then.supports_filters_pushdown(filters)
    }
}
