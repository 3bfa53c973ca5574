//! The leaf that reads a kept result.
//!
//! Where the rows may have been let go, the plan that made them is its input, for the case that they have: then all its
//! partitions come from there, so that no row is missing or doubled.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result, Statistics, internal_err, stats::Precision};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::OnceCell;

use super::core::{Rows, Segment};
use super::kept::Kept;
use crate::task::TaskScope;

/// See the module.
#[derive(Debug)]
pub(super) struct KeptScanExec {
    kept: Arc<Kept>,
    properties: Arc<PlanProperties>,
    again: Option<Arc<dyn ExecutionPlan>>,
    /// What all partitions of this scan read, once one has asked.
    whole: Arc<OnceCell<Option<Vec<Rows>>>>,
}

impl KeptScanExec {
    pub fn new(kept: Arc<Kept>, properties: Arc<PlanProperties>, again: Option<Arc<dyn ExecutionPlan>>) -> Self {
        Self { kept, properties, again, whole: Arc::default() }
    }
}

impl DisplayAs for KeptScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = self.kept.figures();
        write!(f, "InMemoryTableScan: partitions={}, complete={}", figures.partitions, figures.complete)
    }
}

impl ExecutionPlan for KeptScanExec {
    fn name(&self) -> &str {
        "InMemoryTableScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.again.iter().collect()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true; self.children().len()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.children().len()]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.children().len() {
            return internal_err!("a kept result has at most one input");
        }
        let (kept, properties) = (self.kept.clone(), self.properties.clone());
        Ok(Arc::new(Self { kept, properties, again: children.pop(), whole: self.whole.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reader = TaskScope::of(&context).map(|scope| scope.job.clone());
        let (kept, whole, again) = (self.kept.clone(), self.whole.clone(), self.again.clone());
        let schema = self.schema();
        let rows = async move {
            let rows = match again {
                None if !kept.may_be_lost() => kept.rows(partition, reader).await?,
                again => {
                    let whole = whole.get_or_try_init(|| kept.whole(reader)).await?;
                    match (whole, again) {
                        (Some(whole), _) => whole[partition].clone(),
                        (None, Some(again)) => return again.execute(partition, context),
                        (None, None) => return internal_err!("a kept result that may be lost has lost its plan"),
                    }
                }
            };
            read(rows, schema)
        };
        let rows = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let figures = self.kept.figures();
        if partition.is_some() || !self.kept.is_complete() {
            return Ok(Arc::new(Statistics::new_unknown(&self.schema())));
        }
        Ok(Arc::new(Statistics {
            num_rows: Precision::Exact(figures.rows),
            total_byte_size: Precision::Inexact(figures.memory_bytes + figures.disk_bytes as usize),
            column_statistics: vec![ColumnStatistics::new_unknown(); self.schema().fields().len()],
        }))
    }
}

fn read(rows: Rows, schema: SchemaRef) -> Result<SendableRecordBatchStream> {
    let mut segments = Vec::with_capacity(rows.len());
    for segment in rows.iter() {
        let batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send> = match segment {
            Segment::Memory(batches) => {
                let batches = batches.clone();
                Box::new((0..batches.len()).map(move |at| Ok(batches[at].clone())))
            }
            Segment::Disk(file) => Box::new(file.read()?),
        };
        segments.push(batches);
    }
    let batches = futures::stream::iter(segments.into_iter().flatten()).boxed();
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
}
