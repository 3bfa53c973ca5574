//! `max_by`, `min_by`: the value beside the extreme of another column.
//!
//! The pair (order, value) is compared as a struct and the value taken out of the winner.

use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::{AggregateUDF, lit, when};
use emberflow_base::Result;
use std::sync::Arc;

use super::aggregated;
use super::basic::{is_orderable, not_orderable};
use crate::call::{Call, Typed};
use crate::errors::from_datafusion;

/// `max_by(value, order)`
pub fn max_by(call: Call<'_>) -> Result<Typed> {
    beside(call, max_udaf())
}

/// `min_by(value, order)`
pub fn min_by(call: Call<'_>) -> Result<Typed> {
    beside(call, min_udaf())
}

fn beside(call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    call.arity(&[2])?;
    let (value, order) = (call.argument(0)?, call.argument(1)?);
    if !is_orderable(&order.data_type) {
        return Err(not_orderable(&call, &order.data_type));
    }
    if !is_orderable(&value.data_type) {
        return Err(call.unsupported("over values without an order"));
    }
    let pair = datafusion::functions::core::named_struct().call(vec![lit("order"), order.expr.clone(), lit("value"), value.expr]);
    let there = when(order.expr.is_not_null(), pair.clone()).end().map_err(from_datafusion)?;
    let winner = aggregated(function, vec![there], false);
    Ok(Typed::new(winner.field("value"), value.data_type, true))
}
