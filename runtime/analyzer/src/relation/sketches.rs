//! `approxQuantile` and `freqItems`: one row of sketches over all rows, made partition by partition as Spark makes them.

use emberflow_base::{Error, Result};
use emberflow_functions::aggregates::{frequent_items, quantiles};
use emberflow_functions::{Typed, cast};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, Relation};

use super::project::selected;
use crate::aggregate::Aggregated;
use crate::expression::Item;
use crate::node::PartitionNode;
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    /// One row, one column: for each of `columns` the elements at these shares of its rows.
    pub(super) fn approx_quantile(
        &self,
        input: &Relation,
        columns: &[String],
        shares: &[f64],
        error: f64,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        if error < 0.0 {
            return Err(required(format!("Relative Error must be non-negative but got {error:?}")));
        }
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err(required("percentile should be in the range [0.0, 1.0]".to_owned()));
        }
        let resolved = self.relation(input, outer)?;
        let context = self.context();
        let of_column = DataType::array(DataType::Double, false);
        let mut lists = Vec::with_capacity(columns.len());
        for name in columns {
            let item = self.named_column(name, &resolved, outer)?;
            if !item.typed.data_type.is_numeric() {
                return Err(required(format!(
                    "Quantile calculation for column {name} with data type {} is not supported.",
                    item.typed.data_type.simple_string()
                )));
            }
            let value = cast::cast(item.typed, &DataType::Double, context.mode(), &context)?;
            let list = Typed::new(quantiles(value.expr, shares.to_vec(), error), of_column.clone(), false);
            lists.push(Item::new(list, name.clone()));
        }
        let all = self.operator("array", lists)?.typed;
        let row = Typed::new(all.expr, DataType::array(DataType::array(DataType::Double, true), true), true);
        self.one_row_of(resolved, vec![selected("approx_quantile", row)])
    }

    /// One row: for each of `columns` a list of the items that make up more than `support` of its rows, and maybe others.
    pub(super) fn freq_items(
        &self,
        input: &Relation,
        columns: &[String],
        support: Option<f64>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        const SUPPORT: f64 = 0.01;
        let support = support.unwrap_or(SUPPORT);
        if !(1e-4..=1.0).contains(&support) {
            return Err(required(format!("Support must be in [1e-4, 1], but got {support:?}.")));
        }
        let counters = (1.0 / support) as usize;
        let resolved = self.relation(input, outer)?;
        let mut lists = Vec::with_capacity(columns.len());
        for name in columns {
            let Item { typed, .. } = self.named_column(name, &resolved, outer)?;
            let items = frequent_items(typed.expr, &typed.data_type, typed.nullable, counters);
            let list = Typed::new(items, DataType::array(typed.data_type, typed.nullable), false);
            lists.push(selected(&format!("{name}_freqItems"), list));
        }
        self.one_row_of(resolved, lists)
    }

    fn named_column(&self, name: &str, resolved: &Resolved, outer: Option<&Scope<'_>>) -> Result<Item> {
        let parts = emberflow_plan::sql::parse_identifier(name).unwrap_or_else(|_| vec![name.to_owned()]);
        self.expression(&Expr::attribute(parts), &Scope::over(resolved, outer, self.case_sensitive))
    }

    fn one_row_of(&self, resolved: Resolved, columns: Vec<crate::expression::select::Selected>) -> Result<Resolved> {
        let plan = PartitionNode::pinned(resolved.plan.clone())?;
        let aggregated = Aggregated::new(Resolved { plan, ..resolved }, Vec::new(), None);
        Ok(Resolved { aggregated: None, ..self.finish_aggregate(aggregated, columns)? })
    }
}

/// What Scala's `require` raises.
pub(super) fn required(text: String) -> Error {
    Error::illegal_argument(format!("requirement failed: {text}"))
}
