//! Expressions that look up before they are evaluated: has the job ended?
//!
//! A join on an inequality may compare a batch with a million rows before it gives one back, or comes up for air at all.
//! Its condition is evaluated on a batch of pairs at a time, so that is where it can be stopped. A sort orders all batches
//! it holds, and a hash join puts all of its build side into a table, without a pause either: they are stopped where they
//! evaluate their keys, batch by batch.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder, NestedLoopJoinExec, NestedLoopJoinExecBuilder};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, PlanProperties, SendableRecordBatchStream};

use super::step::{At, Step, StepExec};
use crate::job::canceled_error;

/// `plan` with the expressions watched that it evaluates in a long loop.
pub(super) fn watched(plan: Arc<dyn ExecutionPlan>, over: &Arc<AtomicBool>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
        && let Some(filter) = join.filter()
    {
        let watched = Some(watch(filter, over));
        return Ok(Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(watched).build()?));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        let filter = join.filter().map(|filter| watch(filter, over));
        let on = join.on().iter().map(|(build, probe)| (watch_expression(build, over), probe.clone())).collect();
        return HashJoinExecBuilder::from(join).with_filter(filter).with_on(on).build_exec();
    }
    // One that wants only the first rows keeps few batches, and publishes what it has found by its keys.
    if let Some(sort) = plan.downcast_ref::<SortExec>()
        && sort.fetch().is_none()
    {
        let keys = sort.expr().iter().map(|key| PhysicalSortExpr::new(watch_expression(&key.expr, over), key.options));
        if let Some(keys) = LexOrdering::new(keys) {
            let watched = SortExec::new(keys, sort.input().clone());
            return Ok(Arc::new(watched.with_preserve_partitioning(sort.preserve_partitioning())));
        }
    }
    Ok(plan)
}

/// `plan`, whose keys are watched now, with the properties it had: a watched key is equal to no other, so the order of its
/// rows would not be recognised any more.
pub(super) fn as_before(plan: Arc<dyn ExecutionPlan>, properties: Arc<PlanProperties>) -> Arc<dyn ExecutionPlan> {
    match Arc::ptr_eq(plan.properties(), &properties) {
        true => plan,
        false => Arc::new(StepExec::passing_as(plan, AsBefore, properties)),
    }
}

#[derive(Debug)]
struct AsBefore;

impl Step for AsBefore {
    fn name(&self) -> &'static str {
        "AsBeforeExec"
    }

    fn run(&self, input: SendableRecordBatchStream, _: At<'_>) -> Result<SendableRecordBatchStream> {
        Ok(input)
    }
}

fn watch_expression(expression: &Arc<dyn PhysicalExpr>, over: &Arc<AtomicBool>) -> Arc<dyn PhysicalExpr> {
    Arc::new(WatchedExpr { inner: expression.clone(), over: over.clone() })
}

fn watch(filter: &JoinFilter, over: &Arc<AtomicBool>) -> JoinFilter {
    let expression = watch_expression(filter.expression(), over);
    JoinFilter::new(expression, filter.column_indices().to_vec(), filter.schema().clone())
}

/// See the module.
#[derive(Debug)]
struct WatchedExpr {
    inner: Arc<dyn PhysicalExpr>,
    over: Arc<AtomicBool>,
}

impl PartialEq for WatchedExpr {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for WatchedExpr {}

impl Hash for WatchedExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for WatchedExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for WatchedExpr {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.over.load(Ordering::Acquire) {
            return Err(canceled_error());
        }
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| self.inner.clone());
        Ok(Arc::new(Self { inner, over: self.over.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
