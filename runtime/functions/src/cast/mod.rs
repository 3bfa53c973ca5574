//! Spark's casts.
//!
//!     Typed + target type + mode ──► nothing | Arrow's own cast (where it agrees exactly) | a kernel of ours ──► Typed
//!
//! Arrow's own is used only where nothing can be lost, because then DataFusion may look through it to skip data.
//! Not here: which casts are inserted by themselves (`coerce`). Begin at [`cast`]; what may be cast at all is in `rules`.

mod columns;
mod intervals;
mod parse;
mod rules;
mod text;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast as arrow_cast, lit};
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use crate::calendar::split_micros;
use crate::call::{Context, Typed};
use crate::errors::from_datafusion;
use crate::literal::null;
use crate::types::to_arrow;
use crate::udf::{Kernel, Risk};
use crate::zones::Zone;

pub use columns::{Casting, cast_column};
pub use intervals::calendar as calendar_interval;
pub use parse::{
    Decimal as ParsedDecimal, date as parse_date, decimal as parse_decimal, double as parse_double, float as parse_float,
    named_instant, time_of_day as parse_time_of_day, timestamp as parse_timestamp, trimmed,
};
pub(crate) use rules::forces_null;
pub use rules::{StorePolicy, can_cast, can_store_assign, can_up_cast, check_cast};
pub use text::{Style, strings, write_date, write_decimal, write_double, write_float, write_time, write_timestamp, writer};

/// What a failing evaluation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvalMode {
    /// It raises.
    Ansi,
    /// It wraps around, or gives NULL.
    Legacy,
    /// It gives NULL.
    Try,
}

impl Context<'_> {
    /// The mode of everything that does not choose its own.
    pub fn mode(&self) -> EvalMode {
        if self.ansi { EvalMode::Ansi } else { EvalMode::Legacy }
    }
}

/// `CAST(input AS to)`. The caller has checked that the cast exists ([`check_cast`]).
pub fn cast(input: Typed, to: &DataType, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    // Lengths of char and varchar bind columns of tables, not values.
    let to = if let DataType::Char(_) | DataType::Varchar(_) = to { &DataType::String } else { to };
    let from = input.data_type.clone();
    if from == *to {
        return Ok(input);
    }
    // An expression without a type may still be there to raise an error.
    if from == DataType::Null && matches!(input.expr, Expr::Literal(..)) {
        return null(to);
    }
    let nullable = input.nullable || (if mode == EvalMode::Try { !can_up_cast(&from, to) } else { forces_null(&from, to) });
    if from.is_string() && to.is_string() {
        return Ok(Typed { data_type: to.clone(), nullable, ..input });
    }
    if let Some(known) = named_constant(&input, to, context)? {
        return Ok(Typed::new(known, to.clone(), nullable));
    }
    if is_exact(&from, to) {
        return Ok(Typed::new(arrow_cast(input.expr, to_arrow(to)), to.clone(), nullable));
    }
    Ok(Typed::new(kernel(input.expr, &from, to, mode, nullable, context)?, to.clone(), nullable))
}

fn kernel(input: Expr, from: &DataType, to: &DataType, mode: EvalMode, nullable: bool, context: &Context<'_>) -> Result<Expr> {
    let zone = if touches_zone(from) || touches_zone(to) { context.time_zone } else { "UTC" };
    let casting = Casting { mode, zone: Zone::parse(zone)?, now_micros: context.now_micros };
    let key = format!("{} as {},{mode:?},{zone}", from.simple_string(), to.simple_string());
    let (own, target) = (from.clone(), to.clone());
    Ok(Kernel::new("cast", to_arrow(to), nullable)
        .of(key)
        .risks(match (mode, can_fail(from, to)) {
            (EvalMode::Ansi, true) if has_text(from) => Risk::Cast,
            (EvalMode::Ansi, true) => Risk::Overflow,
            _ => Risk::None,
        })
        .run_arrays(move |arrays| cast_column(&arrays[0], &own, &target, &casting))
        .call(vec![input]))
}

fn has_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array { element, .. } => has_text(element),
        DataType::Map { key, value, .. } => has_text(key) || has_text(value),
        DataType::Struct(fields) => fields.fields.iter().any(|field| has_text(&field.data_type)),
        other => other.is_string(),
    }
}

fn touches_zone(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp | DataType::Variant => true,
        DataType::Array { element, .. } => touches_zone(element),
        DataType::Map { key, value, .. } => touches_zone(key) || touches_zone(value),
        DataType::Struct(fields) => fields.fields.iter().any(|field| touches_zone(&field.data_type)),
        _ => false,
    }
}

/// `TIMESTAMP '2020-01-01'` and its like: a constant, read in the session's zone; malformed, it is an error of the text.
pub fn datetime_literal(text: &str, to: &DataType, context: &Context<'_>) -> Result<Typed> {
    let input = Typed::new(lit(text), DataType::String, false);
    if let Some(known) = named_constant(&input, to, context)? {
        return Ok(Typed::new(known, to.clone(), false));
    }
    let casting = Casting { mode: EvalMode::Try, zone: Zone::parse(context.time_zone)?, now_micros: context.now_micros };
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let made = cast_column(&column, &DataType::String, to, &casting).map_err(from_datafusion)?;
    if made.is_null(0) {
        return Err(Error::new("INVALID_TYPED_LITERAL")
            .with("valueType", to.quoted())
            .with("value", format!("'{text}'"))
            .exception_class(Exception::Parse));
    }
    let value = ScalarValue::try_from_array(&made, 0).map_err(from_datafusion)?;
    Ok(Typed::new(lit(value), to.clone(), false))
}

/// `CAST('now' AS TIMESTAMP)` and its like: only constants have such names.
fn named_constant(input: &Typed, to: &DataType, context: &Context<'_>) -> Result<Option<Expr>> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &input.expr else { return Ok(None) };
    if !to.is_datetime() {
        return Ok(None);
    }
    let zone = Zone::parse(context.time_zone)?;
    let Some(instant) = named_instant(text, context.now_micros, &zone) else { return Ok(None) };
    let is_epoch = instant == 0;
    let local = if is_epoch { 0 } else { zone.local(instant) };
    Ok(Some(lit(match to {
        DataType::Date => ScalarValue::Date32(i32::try_from(split_micros(local).0).ok()),
        DataType::TimestampNtz => ScalarValue::TimestampMicrosecond(Some(local), None),
        _ => ScalarValue::TimestampMicrosecond(Some(instant), Some("UTC".into())),
    })))
}

/// Whether Arrow's own cast gives exactly Spark's value for every input.
fn is_exact(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (Byte | Short | Int | Long, Byte | Short | Int | Long | Decimal { .. }) => can_up_cast(from, to),
        (Byte | Short | Int | Long, Float | Double) | (Float, Double) => true,
        (Boolean, Byte | Short | Int | Long | Float | Double) => true,
        (Decimal { .. }, Decimal { .. }) => can_up_cast(from, to),
        (from, Binary) => from.is_string(),
        _ => false,
    }
}

/// Whether some value makes the cast fail under ANSI.
fn can_fail(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    if from == to || to.is_string() || matches!((from, to), (Null, _)) || can_up_cast(from, to) {
        return false;
    }
    match (from, to) {
        (Variant, _) => true,
        (from, Boolean | Float | Double) => from.is_string(),
        (Boolean, other) if other.is_integral() => false,
        (Date | Timestamp | TimestampNtz, Date | Timestamp | TimestampNtz) => false,
        (from, Timestamp) if from.is_integral() || matches!(from, Decimal { .. }) => false,
        (Timestamp, Long) => false,
        (Array { element, .. }, Array { element: target, .. }) => can_fail(element, target),
        (Map { key, value, .. }, Map { key: to_key, value: to_value, .. }) => can_fail(key, to_key) || can_fail(value, to_value),
        (Struct(fields), Struct(targets)) => {
            fields.fields.iter().zip(&targets.fields).any(|(field, target)| can_fail(&field.data_type, &target.data_type))
        }
        _ => true,
    }
}
