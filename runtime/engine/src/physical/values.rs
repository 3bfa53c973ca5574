//! Rows written into the plan, in as many partitions as Spark would make of them.
//!
//! Only where a query can tell: everything else reads them as one partition.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{LogicalPlan, Union, Values};

/// `plan` with its VALUES cut into at most `most` even slices, none empty.
pub(super) fn sliced(plan: LogicalPlan, most: usize) -> Result<LogicalPlan> {
    let sliced = plan.transform_up_with_subqueries(|plan| {
        Ok(match plan {
            LogicalPlan::Values(values) if most > 1 && values.values.len() > 1 => Transformed::yes(slices(values, most)),
            other => Transformed::no(other),
        })
    });
    Ok(sliced?.data)
}

fn slices(values: Values, most: usize) -> LogicalPlan {
    let Values { schema, values } = values;
    let (rows, count) = (values.len(), values.len().min(most));
    let slice = |at: usize| {
        let values = values[at * rows / count..(at + 1) * rows / count].to_vec();
        Arc::new(LogicalPlan::Values(Values { schema: Arc::clone(&schema), values }))
    };
    LogicalPlan::Union(Union { inputs: (0..count).map(slice).collect(), schema: Arc::clone(&schema) })
}
