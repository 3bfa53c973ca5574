//! Filters that can fail come behind those that cannot.
//!
//! ```text
//! Filter(a / b > 1)                                 (the optimizer merges stacked filters, upper ones first)
//!   Filter(b <> 0)      ─►  Filter(b <> 0 AND CASE WHEN b <> 0 THEN a / b > 1 ELSE false END)
//! ```
//!
//! The rows a lower filter takes away must not raise in an upper one. Conditions written as one are guarded when they are
//! resolved (`emberflow-functions`, `operators::logic`); this is for those that meet only when the plan is optimized.

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Filter, LogicalPlan};
use emberflow_functions::errors::to_datafusion;
use emberflow_functions::operators::logic;

/// `plan` with its filters put in order.
pub(super) fn guarded(plan: LogicalPlan) -> Result<LogicalPlan> {
    let guarded = plan.transform_down_with_subqueries(|plan| match plan {
        LogicalPlan::Filter(filter) => match logic::in_safe_order(&filter.predicate).map_err(to_datafusion)? {
            Some(predicate) => Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?))),
            None => Ok(Transformed::no(LogicalPlan::Filter(filter))),
        },
        other => Ok(Transformed::no(other)),
    });
    Ok(guarded?.data)
}
