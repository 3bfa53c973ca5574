//! Takes calls whose value depends on the partition (`rand`, `spark_partition_id`) out of expressions: they become columns
//! of a node below the operator that uses them.
//!
//!     Project [rand(7) * 2]          Project [rand#9 * 2]
//!       input                   ─►     PartitionValues: rand#9
//!                                        input

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use emberflow_base::Result;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::partitioned::PartitionValue;

use crate::node::{Operation, PartitionNode};
use crate::resolver::Resolver;

impl Resolver<'_> {
    /// `plan` with a column for each such call in `expressions`, and the expressions over those columns. Equal calls share
    /// one: the same seed gives the same numbers.
    pub(crate) fn with_partition_values(&self, plan: LogicalPlan, expressions: Vec<Expr>) -> Result<(LogicalPlan, Vec<Expr>)> {
        if !expressions.iter().any(calls_any) {
            return Ok((plan, expressions));
        }
        let mut columns: Vec<(String, PartitionValue)> = Vec::new();
        let mut named = |value: PartitionValue| match columns.iter().find(|(_, known)| *known == value) {
            Some((name, _)) => name.clone(),
            None => {
                let name = self.fresh_column("partitioned");
                columns.push((name.clone(), value));
                name
            }
        };
        let expressions = expressions
            .into_iter()
            .map(|expression| {
                let replaced = expression.transform_down(|node| match PartitionValue::behind(&node) {
                    Some(value) => {
                        let column = Expr::Column(Column::new_unqualified(named(value)));
                        Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
                    }
                    None => Ok(Transformed::no(node)),
                });
                replaced.map(|replaced| replaced.data).map_err(from_datafusion)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((PartitionNode::plan(plan, Operation::Values(columns))?, expressions))
    }

    /// The same for one expression.
    pub(crate) fn with_partition_values_of(&self, plan: LogicalPlan, expression: Expr) -> Result<(LogicalPlan, Expr)> {
        let (plan, mut expressions) = self.with_partition_values(plan, vec![expression])?;
        let expression = expressions.pop().ok_or_else(|| emberflow_base::Error::internal("an expression got lost"))?;
        Ok((plan, expression))
    }
}

/// Whether a value in `expression` depends on the partition, so that it is not the same for equal rows.
pub(crate) fn calls_any(expression: &Expr) -> bool {
    expression.exists(|node| Ok(PartitionValue::behind(node).is_some())).unwrap_or(false)
}
