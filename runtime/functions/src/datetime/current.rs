//! The moment of the query: one value per query, so literals.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::zone_for;
use crate::calendar::MICROS_PER_DAY;
use crate::call::{Call, Typed};

/// `current_date()`
pub fn current_date(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    let local = zone_for(&call, &DataType::Timestamp)?.local(call.context.now_micros);
    let days = local.div_euclid(MICROS_PER_DAY) as i32;
    Ok(Typed::new(Expr::Literal(ScalarValue::Date32(Some(days)), None), DataType::Date, false))
}

/// `current_timestamp()`, `now()`
pub fn current_timestamp(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    let value = ScalarValue::TimestampMicrosecond(Some(call.context.now_micros), Some("UTC".into()));
    Ok(Typed::new(Expr::Literal(value, None), DataType::Timestamp, false))
}

/// `localtimestamp()`
pub fn localtimestamp(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    let local = zone_for(&call, &DataType::Timestamp)?.local(call.context.now_micros);
    let value = ScalarValue::TimestampMicrosecond(Some(local), None);
    Ok(Typed::new(Expr::Literal(value, None), DataType::TimestampNtz, false))
}

/// `current_timezone()`
pub fn current_timezone(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(lit(call.context.time_zone.to_owned()), DataType::String, false))
}
