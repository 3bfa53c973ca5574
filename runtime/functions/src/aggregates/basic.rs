//! Counting, extremes, first and last, logic, bits and lists: DataFusion's aggregates under Spark's rules.

use datafusion::functions_aggregate::approx_distinct::approx_distinct_udaf;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::bit_and_or_xor::{bit_and_udaf, bit_or_udaf, bit_xor_udaf};
use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::first_last::{first_value_udaf, last_value_udaf};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::{AggregateUDF, Expr, lit, when};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use std::cmp::Ordering;
use std::sync::Arc;

use super::{aggregated, aggregated_skipping_nulls, by_value};
use crate::call::{Call, Typed};
use crate::errors::from_datafusion;
use crate::reshape::relabel;
use crate::types::to_arrow;

/// `count(*)`, `count(x, ...)`: rows in which no argument is null.
pub fn count(call: Call<'_>) -> Result<Typed> {
    if call.is_empty() {
        return Err(Error::new("WRONG_NUM_ARGS.WITH_SUGGESTION")
            .with("functionName", format!("`{}`", call.name))
            .with("expectedNum", "> 0")
            .with("actualNum", "0")
            .with("legacyConfKey", "\"spark.sql.legacy.allowParameterlessCount\"")
            .with("legacyConfValue", "\"true\""));
    }
    let distinct = call.is_distinct;
    counted(&call, distinct)
}

/// `count_distinct(x, ...)`
pub fn count_distinct(call: Call<'_>) -> Result<Typed> {
    call.arity_at_least(1)?;
    counted(&call, true)
}

fn counted(call: &Call<'_>, distinct: bool) -> Result<Typed> {
    let argument = match call.arguments.as_slice() {
        [only] if !only.nullable && !distinct => lit(1_i64),
        [only] => only.expr.clone(),
        several => all_there(several, distinct)?,
    };
    Ok(Typed::new(aggregated(count_udaf(), vec![argument], distinct), DataType::Long, false))
}

/// One value that is null as soon as one argument is; carries all of them when they must be told apart.
fn all_there(arguments: &[Typed], carry: bool) -> Result<Expr> {
    let there = arguments.iter().filter(|argument| argument.nullable).map(|argument| argument.expr.clone().is_not_null());
    let there = there.reduce(Expr::and);
    let value = if carry {
        datafusion::functions::core::r#struct().call(arguments.iter().map(|argument| argument.expr.clone()).collect())
    } else {
        lit(1_i64)
    };
    match there {
        None => Ok(value),
        Some(there) => when(there, value).end().map_err(from_datafusion),
    }
}

/// `count_if(x)`
pub fn count_if(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    if !matches!(call.type_of(0), DataType::Boolean | DataType::Null) {
        return Err(call.mismatch(0, "BOOLEAN"));
    }
    let condition = call.boolean(0)?.expr;
    if call.is_distinct {
        let kept = when(condition.clone(), condition).end().map_err(from_datafusion)?;
        return Ok(Typed::new(aggregated(count_udaf(), vec![kept], true), DataType::Long, false));
    }
    let one = when(condition, lit(1_i64)).end().map_err(from_datafusion)?;
    Ok(Typed::new(aggregated(count_udaf(), vec![one], false), DataType::Long, false))
}

/// `approx_count_distinct(x [, rsd])`
pub fn approx_count_distinct(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let deviation = call.literal(1).and_then(|said| said.to_string().parse::<f64>().ok()).unwrap_or(0.05);
    if deviation > 0.39 {
        if call.type_of(1).is_integral() {
            let text = "The second argument of approx_count_distinct is a double.";
            return Err(Error::new("_LEGACY_ERROR_TEMP_1104").text(text));
        }
        let text = "HyperLogLog estimates with a relative standard deviation of at most 0.39.";
        let error = Error::new("FAILED_FUNCTION_CALL").with("funcName", "`approx_count_distinct`");
        return Err(error.text(text));
    }
    let argument = call.argument(0)?;
    // What DataFusion does not count is counted by its hash.
    let counted = match argument.data_type {
        DataType::Boolean | DataType::Float | DataType::Double | DataType::Decimal { .. } | DataType::Time(_) => true,
        ref other => !other.is_integral() && !other.is_string() && !other.is_datetime() && *other != DataType::Null,
    };
    let argument = if counted {
        let present = argument.expr.clone().is_not_null();
        let hashed = crate::hashes::hash_of(argument, &call.context)?;
        when(present, hashed.expr).end().map_err(from_datafusion)?
    } else {
        argument.expr
    };
    let estimate = aggregated(approx_distinct_udaf(), vec![argument], false);
    let estimate = datafusion::logical_expr::cast(estimate, to_arrow(&DataType::Long));
    Ok(Typed::new(datafusion::functions::core::expr_fn::coalesce(vec![estimate, lit(0_i64)]), DataType::Long, false))
}

/// `min(x)`
pub fn min(call: Call<'_>) -> Result<Typed> {
    extreme(call, min_udaf(), Ordering::Greater)
}

/// `max(x)`
pub fn max(call: Call<'_>) -> Result<Typed> {
    extreme(call, max_udaf(), Ordering::Less)
}

fn extreme(call: Call<'_>, function: Arc<AggregateUDF>, worse: Ordering) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.argument(0)?;
    if !is_orderable(&argument.data_type) {
        return Err(not_orderable(&call, &argument.data_type));
    }
    if argument.data_type.is_collated() {
        return by_value::extreme(call.name, argument, worse);
    }
    Ok(Typed::new(aggregated(function, vec![argument.expr], false), argument.data_type, true))
}

pub(crate) fn not_orderable(call: &Call<'_>, kind: &DataType) -> Error {
    Error::new("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE")
        .with("sqlExpr", call.sql())
        .with("functionName", format!("`{}`", call.name))
        .with("dataType", kind.quoted())
}

/// Whether values of a type have an order.
pub(crate) fn is_orderable(kind: &DataType) -> bool {
    match kind {
        DataType::Map { .. } | DataType::Variant | DataType::CalendarInterval => false,
        DataType::Array { element, .. } => is_orderable(element),
        DataType::Struct(fields) => fields.fields.iter().all(|field| is_orderable(&field.data_type)),
        DataType::Udt { sql_type, .. } => is_orderable(sql_type),
        _ => true,
    }
}

/// `first(x [, ignoreNulls])`
pub fn first(call: Call<'_>) -> Result<Typed> {
    at_an_end(call, first_value_udaf())
}

/// `last(x [, ignoreNulls])`
pub fn last(call: Call<'_>) -> Result<Typed> {
    at_an_end(call, last_value_udaf())
}

/// `any_value(x [, ignoreNulls])`
pub fn any_value(call: Call<'_>) -> Result<Typed> {
    at_an_end(call, first_value_udaf())
}

fn at_an_end(call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let skipping = skips_nulls(&call)?;
    let argument = call.argument(0)?;
    let build = if skipping { aggregated_skipping_nulls } else { aggregated };
    Ok(Typed::new(build(function, vec![argument.expr], false), argument.data_type, true))
}

/// Whether IGNORE NULLS was said, as a clause or as the second argument.
pub(crate) fn skips_nulls(call: &Call<'_>) -> Result<bool> {
    if call.len() < 2 {
        return Ok(call.ignore_nulls.unwrap_or(false));
    }
    match (call.type_of(1), call.literal_boolean(1)) {
        (DataType::Boolean, Some(said)) => Ok(said || call.ignore_nulls.unwrap_or(false)),
        (DataType::Boolean, None) => Err(call.not_constant(1, "ignoreNulls", &DataType::Boolean)),
        _ => Err(call.mismatch(1, "BOOLEAN")),
    }
}

/// `every(x)`, `bool_and(x)`
pub fn all_true(call: Call<'_>) -> Result<Typed> {
    logical(call, bool_and_udaf())
}

/// `some(x)`, `any(x)`, `bool_or(x)`
pub fn any_true(call: Call<'_>) -> Result<Typed> {
    logical(call, bool_or_udaf())
}

fn logical(call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    call.arity(&[1])?;
    if !matches!(call.type_of(0), DataType::Boolean | DataType::Null | DataType::String) {
        return Err(call.mismatch(0, "BOOLEAN"));
    }
    Ok(Typed::new(aggregated(function, vec![call.boolean(0)?.expr], false), DataType::Boolean, true))
}

/// `bit_and(x)`
pub fn bit_and(call: Call<'_>) -> Result<Typed> {
    bits(call, bit_and_udaf())
}

/// `bit_or(x)`
pub fn bit_or(call: Call<'_>) -> Result<Typed> {
    bits(call, bit_or_udaf())
}

/// `bit_xor(x)`
pub fn bit_xor(call: Call<'_>) -> Result<Typed> {
    bits(call, bit_xor_udaf())
}

fn bits(call: Call<'_>, function: Arc<AggregateUDF>) -> Result<Typed> {
    call.arity(&[1])?;
    if !call.type_of(0).is_integral() {
        return Err(call.mismatch(0, "INTEGRAL"));
    }
    let argument = call.argument(0)?;
    Ok(Typed::new(aggregated(function, vec![argument.expr], call.is_distinct), argument.data_type, true))
}

/// `collect_list(x)`, `array_agg(x)`: nulls are left out; no rows give an empty array.
pub fn collect_list(call: Call<'_>) -> Result<Typed> {
    let distinct = call.is_distinct;
    collected(call, distinct)
}

/// `collect_set(x)`
pub fn collect_set(call: Call<'_>) -> Result<Typed> {
    if matches!(call.type_of(0), DataType::Map { .. }) {
        return Err(Error::new("DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE")
            .with("sqlExpr", call.sql())
            .with("functionName", "`collect_set`")
            .with("dataType", "\"MAP\""));
    }
    let set = collected(call, true)?;
    Ok(super::frequent::in_set_order(set))
}

fn collected(call: Call<'_>, distinct: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.argument(0)?;
    let kind = DataType::array(argument.data_type.clone(), false);
    let list = list_of_group(&argument, distinct);
    Ok(relabel(Typed::new(list, kind.clone(), true), kind, false))
}

/// The values of a group without nulls; null when there are none.
pub(crate) fn list_of_group(argument: &Typed, distinct: bool) -> Expr {
    aggregated_skipping_nulls(array_agg_udaf(), vec![argument.expr.clone()], distinct)
}
