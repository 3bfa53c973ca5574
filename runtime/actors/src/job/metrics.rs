//! The metrics of every physical operator of a job, summed over its tasks, as a tree for the wire.
//!
//! The tree is that of the plan as it ran: exchanges stand where the planner put its repartitions.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;

use crate::stage::is_unseen;

/// One operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorMetrics {
    /// Position in the plan, the root being 0; children have greater numbers.
    pub plan_id: usize,
    pub parent: Option<usize>,
    pub name: String,
    pub figures: Vec<OperatorFigure>,
}

/// One number of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorFigure {
    pub name: String,
    pub value: u64,
    pub unit: Unit,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Bytes,
    Nanoseconds,
}

/// The operators of `plan`, root first.
pub(crate) fn metrics_of(plan: &Arc<dyn ExecutionPlan>) -> Vec<OperatorMetrics> {
    let mut found = Vec::new();
    let mut left = vec![(plan.clone(), None, Vec::new())];
    while let Some((node, parent, mut figures)) = left.pop() {
        figures.extend(figures_of(&node));
        if is_unseen(&node) {
            // What it counted belongs to what it stands above.
            left.extend(node.children().into_iter().map(|child| (child.clone(), parent, figures.clone())));
            continue;
        }
        let plan_id = found.len();
        found.push(OperatorMetrics { plan_id, parent, name: node.name().to_owned(), figures });
        left.extend(node.children().into_iter().rev().map(|child| (child.clone(), Some(plan_id), Vec::new())));
    }
    found
}

fn figures_of(node: &Arc<dyn ExecutionPlan>) -> Vec<OperatorFigure> {
    let Some(metrics) = node.metrics() else { return Vec::new() };
    let merged = metrics.aggregate_by_name().timestamps_removed();
    merged.iter().map(|metric| figure(metric.value())).collect()
}

fn figure(value: &MetricValue) -> OperatorFigure {
    OperatorFigure { name: value.name().to_owned(), value: value.as_usize() as u64, unit: unit(value) }
}

fn unit(value: &MetricValue) -> Unit {
    match value {
        MetricValue::ElapsedCompute(_) | MetricValue::Time { .. } => Unit::Nanoseconds,
        MetricValue::SpilledBytes(_) | MetricValue::OutputBytes(_) | MetricValue::CurrentMemoryUsage(_) => Unit::Bytes,
        MetricValue::PeakMemoryUsage { .. } => Unit::Bytes,
        named if named.name().contains("bytes") => Unit::Bytes,
        _ => Unit::Count,
    }
}
