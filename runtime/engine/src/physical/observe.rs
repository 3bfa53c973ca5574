//! `df.observe`: figures about the rows that pass.
//!
//! ```text
//! partition 0 ─► accumulators ─┐ state, at its end
//! partition 1 ─► accumulators ─┴─► Observed: merged ─► figures over the merged calls
//! ```
//!
//! Rows that nobody asked for (a limit above) are not counted, as in Spark. [`observations`] finds what a plan observes.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::Accumulator;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::aggregate::{AggregateFunctionExpr, LoweredAggregateBuilder};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::ExecutionPlan;
use emberflow_analyzer::Observation;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;
use emberflow_plan::tree::Literal;
use parking_lot::Mutex;

use super::partitionwise::{Partitionwise, PartitionwiseExec, Run};

/// `input`, observed.
pub(super) fn plan(
    input: Arc<dyn ExecutionPlan>,
    observation: &Observation,
    schema: &DFSchema,
    session: &dyn Session,
    context: &PhysicalPlanningContext,
) -> Result<Arc<dyn ExecutionPlan>> {
    let props = session.execution_props();
    let physical = input.schema();
    let mut calls = Vec::with_capacity(observation.calls.len());
    let mut fields = Vec::with_capacity(observation.calls.len());
    for (call, column) in &observation.calls {
        let lowered = LoweredAggregateBuilder::new(call, schema, &physical, props, context).build()?;
        fields.push(Field::new(column, lowered.aggregate.field().data_type().clone(), true));
        calls.push(lowered.aggregate);
    }
    let over = Arc::new(Schema::new(fields));
    let over_calls = DFSchema::try_from(over.as_ref().clone())?;
    let figures = observation
        .figures
        .iter()
        .map(|(name, expr, data_type)| {
            Ok((name.clone(), create_physical_expr(expr, &over_calls, props, context)?, data_type.clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    let observed =
        Observed { name: observation.name.clone(), plan_id: observation.plan_id, calls, over, figures, merged: Mutex::default() };
    Ok(PartitionwiseExec::plan(input, Observe(Arc::new(observed))))
}

/// Everything that `plan` observes.
pub(crate) fn observations(plan: &Arc<dyn ExecutionPlan>) -> Vec<Arc<Observed>> {
    let mut found: Vec<Arc<Observed>> = Vec::new();
    let mut left = vec![plan.clone()];
    while let Some(node) = left.pop() {
        if let Some(exec) = node.downcast_ref::<PartitionwiseExec>()
            && let Some(observe) = (exec.operator.as_ref() as &dyn std::any::Any).downcast_ref::<Observe>()
        {
            found.push(Arc::clone(&observe.0));
        }
        left.extend(node.children().into_iter().cloned());
    }
    found
}

/// One observation of a job, filled while it runs.
#[derive(Debug)]
pub(crate) struct Observed {
    pub name: String,
    pub plan_id: i64,
    calls: Vec<Arc<AggregateFunctionExpr>>,
    /// The columns of the calls.
    over: SchemaRef,
    figures: Vec<(String, Arc<dyn PhysicalExpr>, DataType)>,
    merged: Mutex<Option<emberflow_base::Result<Vec<Box<dyn Accumulator>>>>>,
}

impl Observed {
    fn accumulators(&self) -> Result<Vec<Box<dyn Accumulator>>> {
        self.calls.iter().map(|call| call.create_accumulator()).collect()
    }

    /// A partition has ended.
    fn merge(&self, part: &mut [Box<dyn Accumulator>]) {
        let mut merged = self.merged.lock();
        let mut all = match merged.take() {
            Some(all) => all,
            None => self.accumulators().map_err(from_datafusion),
        };
        if let Ok(accumulators) = &mut all {
            let outcome = accumulators.iter_mut().zip(part).try_for_each(|(all, part)| {
                let state = part.state()?.iter().map(|value| value.to_array()).collect::<Result<Vec<ArrayRef>>>()?;
                all.merge_batch(&state)
            });
            if let Err(error) = outcome {
                all = Err(from_datafusion(error));
            }
        }
        *merged = Some(all);
    }

    /// What came out, by name.
    pub fn figures(&self) -> emberflow_base::Result<Vec<(String, Literal)>> {
        let row = self.row()?;
        let figure = |(name, expr, data_type): &(String, Arc<dyn PhysicalExpr>, DataType)| {
            let value = expr.evaluate(&row).and_then(|value| value.into_array(1)).map_err(from_datafusion)?;
            Ok((name.clone(), emberflow_functions::literal::of_row(&value, 0, data_type)?))
        };
        self.figures.iter().map(figure).collect()
    }

    fn row(&self) -> emberflow_base::Result<RecordBatch> {
        let mut merged = self.merged.lock();
        let mut fresh = None;
        let accumulators = match merged.as_mut() {
            Some(Ok(accumulators)) => accumulators,
            Some(Err(error)) => return Err(error.clone()),
            None => fresh.insert(self.accumulators().map_err(from_datafusion)?),
        };
        let columns = accumulators.iter_mut().map(|accumulator| accumulator.evaluate()?.to_array()).collect::<Result<_>>();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        RecordBatch::try_new_with_options(Arc::clone(&self.over), columns.map_err(from_datafusion)?, &options)
            .map_err(|error| from_datafusion(error.into()))
    }
}

#[derive(Debug)]
struct Observe(Arc<Observed>);

impl Partitionwise for Observe {
    fn name(&self) -> &'static str {
        "ObserveExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.name)
    }

    fn open(&self, _: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        Ok(Box::new(Observing { accumulators: self.0.accumulators()?, observed: Arc::clone(&self.0) }))
    }
}

struct Observing {
    accumulators: Vec<Box<dyn Accumulator>>,
    observed: Arc<Observed>,
}

impl Run for Observing {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        for (accumulator, call) in self.accumulators.iter_mut().zip(&self.observed.calls) {
            let arguments = call
                .expressions()
                .iter()
                .map(|argument| argument.evaluate(&batch)?.into_array(batch.num_rows()))
                .collect::<Result<Vec<_>>>()?;
            accumulator.update_batch(&arguments)?;
        }
        Ok(batch)
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        self.observed.merge(&mut self.accumulators);
    }
}
