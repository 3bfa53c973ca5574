//! What looks on while rows pass: `df.observe(name, ...)` keeps figures about them, `df.withWatermark(..)` matters to streams
//! alone.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr as Physical;
use emberflow_base::{Error, Result};
use emberflow_functions::cast::calendar_interval;
use emberflow_plan::tree::{Expr, Relation};

use crate::aggregate::{Aggregated, has_window};
use crate::node::{Observation, Operation, PartitionNode};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    /// Rows of a batch are never late. Spark reads the delay and looks at nothing else, not even at the column.
    pub(super) fn with_watermark(&self, input: &Relation, delay: &str, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        const DAYS_OF_A_MONTH: i64 = 31;
        const NANOS_OF_A_DAY: i128 = 86_400_000_000_000;
        let interval = calendar_interval(delay)
            .ok_or_else(|| Error::new("CANNOT_PARSE_INTERVAL").with("intervalString", format!("'{delay}'")))?;
        let days = i64::from(interval.months) * DAYS_OF_A_MONTH + i64::from(interval.days);
        if i128::from(days) * NANOS_OF_A_DAY + i128::from(interval.nanoseconds) < 0 {
            let text = format!("requirement failed: delay threshold ({delay}) should not be negative.");
            return Err(Error::illegal_argument(text));
        }
        self.relation(input, outer)
    }

    pub(super) fn collect_metrics(
        &self,
        plan_id: Option<i64>,
        input: &Relation,
        name: &str,
        metrics: &[Expr],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        if name.is_empty() {
            return Err(Error::new("INVALID_OBSERVED_METRICS.MISSING_NAME").with("operator", "CollectMetrics"));
        }
        let resolved = self.relation(input, outer)?;
        let selected = {
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            self.plain_list(metrics, &scope)?
        };
        let mut aggregated = Aggregated::new(resolved.clone(), Vec::new(), None);
        let mut figures = Vec::with_capacity(selected.len());
        for selected in selected {
            let said = match selected.aliased {
                true => format!("\"{} AS {}\"", selected.item.text, selected.name),
                false => format!("\"{}\"", selected.item.text),
            };
            refuse(&selected.item.typed.expr, &said)?;
            let used: Vec<String> = selected.item.typed.expr.column_refs().iter().map(|column| column.name.clone()).collect();
            let figure = aggregated.rewrite(self, selected.item.typed.expr).map_err(|error| match error.condition() {
                "MISSING_GROUP_BY" => {
                    let column = resolved.output.iter().find(|attribute| used.contains(&attribute.column));
                    let name = column.map_or(selected.name.as_str(), |attribute| &attribute.name);
                    Error::new("INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE").with("expr", format!("\"{name}\""))
                }
                _ => error,
            })?;
            figures.push((selected.name, figure, selected.item.typed.data_type));
        }
        let names: Vec<String> = aggregated.calls.iter().map(|(_, attribute)| attribute.column.clone()).collect();
        let calls = aggregated.calls.into_iter().map(|(call, _)| call).collect();
        let (plan, calls) = self.with_partition_values(resolved.plan.clone(), calls)?;
        let observation = Observation {
            name: name.to_owned(),
            plan_id: plan_id.unwrap_or_default(),
            calls: calls.into_iter().zip(names).collect(),
            figures,
        };
        let plan = PartitionNode::plan(plan, Operation::Observe(observation))?;
        Ok(Resolved { plan, aggregated: None, ..resolved })
    }
}

fn refuse(expr: &Physical, text: &str) -> Result<()> {
    let refused = |condition: &str| Err(Error::new(format!("INVALID_OBSERVED_METRICS.{condition}")).with("expr", text));
    if has_window(expr) {
        return refused("WINDOW_EXPRESSIONS_UNSUPPORTED");
    }
    let mut why = None;
    let _ = expr.apply(|node| {
        if let Physical::AggregateFunction(call) = node {
            if call.params.distinct {
                why = Some("AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED");
            } else if call.params.filter.is_some() {
                why = Some("AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED");
            }
        }
        Ok(if why.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    why.map_or(Ok(()), refused)
}
