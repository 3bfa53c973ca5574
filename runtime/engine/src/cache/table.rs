//! A kept plan as a table: planned when it is first scanned, filled when it is first read.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session as Planner, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use emberflow_actors::Kept;
use emberflow_functions::errors::to_datafusion;

use super::Entry;
use crate::session::Session;

/// See the module.
pub(crate) struct KeptTable {
    session: Session,
    entry: Arc<Entry>,
}

impl KeptTable {
    pub fn new(session: Session, entry: Arc<Entry>) -> Self {
        Self { session, entry }
    }

    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

impl fmt::Debug for KeptTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptTable")
    }
}

#[async_trait]
impl TableProvider for KeptTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.entry.resolved.plan.schema().inner())
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn Planner,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let kept = self.session.kept(&self.entry).await.map_err(to_datafusion)?;
        self.projected(&kept, projection)
    }
}

impl KeptTable {
    /// The scan of `kept` with this table's names for its columns, and only some of them.
    fn projected(&self, kept: &Arc<Kept>, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let (scan, schema, given) = (kept.scan()?, self.schema(), kept.schema());
        let same = schema.fields().iter().zip(given.fields()).all(|(named, given)| named.name() == given.name());
        if projection.is_none() && same {
            return Ok(scan);
        }
        let all: Vec<usize> = (0..schema.fields().len()).collect();
        let columns = projection.unwrap_or(&all).iter().map(|at| {
            let column = Arc::new(Column::new(given.field(*at).name(), *at)) as Arc<dyn PhysicalExpr>;
            (column, schema.field(*at).name().clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), scan)?))
    }
}
