//! Functions that only make sense with OVER, and the window forms of `first`, `last` and `nth_value`.
//!
//! Ranks are ints in Spark and unsigned bigints in DataFusion: the answer is an `Expr::WindowFunction` or a cast of one.
//! Not here: partitions, orders and frames (the analyzer fills them in). Begin at [`FUNCTIONS`].

use std::sync::Arc;

use arrow::datatypes::DataType as Arrow;
use datafusion::common::ScalarValue;
use datafusion::functions_window::cume_dist::cume_dist_udwf;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::functions_window::nth_value::{first_value_udwf, last_value_udwf, nth_value_udwf};
use datafusion::functions_window::ntile::ntile_udwf;
use datafusion::functions_window::rank::{dense_rank_udwf, percent_rank_udwf, rank_udwf};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction};
use datafusion::logical_expr::{Expr, WindowUDF, cast, lit};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::aggregates::skips_nulls;
use crate::arguments::{convert, with_defaults};
use crate::call::{Call, Typed};
use crate::registry::{Function, Kind};

const fn window(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Window(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Window(build), display: Some(display) }
}

/// The functions that need OVER.
pub static FUNCTIONS: &[Function] = &[
    window("cume_dist", |call| share(call, cume_dist_udwf())),
    shown("dense_rank", |call| rank(call, dense_rank_udwf()), |_| "DENSE_RANK()".into()),
    shown("lag", |call| shifted(call, lag_udwf()), |args| with_defaults("lag", args, 3, &["1", "NULL"])),
    shown("lead", |call| shifted(call, lead_udwf()), |args| with_defaults("lead", args, 3, &["1", "NULL"])),
    shown("nth_value", nth_value, |args| with_defaults("nth_value", &args[..args.len().min(2)], 2, &[])),
    window("ntile", ntile),
    shown("percent_rank", |call| share(call, percent_rank_udwf()), |_| "PERCENT_RANK()".into()),
    shown("rank", |call| rank(call, rank_udwf()), |_| "RANK()".into()),
    window("row_number", |call| rank(call, row_number_udwf())),
];

/// What some aggregates become under OVER, where frames may move.
pub static OVER: &[Function] = &[
    shown(
        "any_value",
        |call| at_an_end(call, first_value_udwf()),
        |args| with_defaults("any_value", &args[..args.len().min(1)], 1, &[]),
    ),
    shown("first", |call| at_an_end(call, first_value_udwf()), |args| with_defaults("first", &args[..args.len().min(1)], 1, &[])),
    shown(
        "first_value",
        |call| at_an_end(call, first_value_udwf()),
        |args| with_defaults("first_value", &args[..args.len().min(1)], 1, &[]),
    ),
    shown("last", |call| at_an_end(call, last_value_udwf()), |args| with_defaults("last", &args[..args.len().min(1)], 1, &[])),
    shown(
        "last_value",
        |call| at_an_end(call, last_value_udwf()),
        |args| with_defaults("last_value", &args[..args.len().min(1)], 1, &[]),
    ),
];

fn windowed(function: Arc<WindowUDF>, arguments: Vec<Expr>, skip_nulls: bool) -> Expr {
    let mut call = WindowFunction::new(function, arguments);
    call.params.null_treatment = skip_nulls.then_some(NullTreatment::IgnoreNulls);
    Expr::from(call)
}

fn rank(call: Call<'_>, function: Arc<WindowUDF>) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(cast(windowed(function, vec![], false), Arrow::Int32), DataType::Int, false))
}

fn share(call: Call<'_>, function: Arc<WindowUDF>) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(windowed(function, vec![], false), DataType::Double, false))
}

fn ntile(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let buckets = match call.len() {
        0 => 1,
        _ if call.type_of(0) != &DataType::Int => return Err(call.mismatch(0, "INT")),
        _ => call.literal_long(0).ok_or_else(|| call.not_constant(0, "buckets", &DataType::Int))?,
    };
    if buckets <= 0 {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "buckets")
            .with("valueRange", format!("(0, {}]", i32::MAX))
            .with("currentValue", buckets.to_string()));
    }
    Ok(Typed::new(cast(windowed(ntile_udwf(), vec![lit(buckets)], false), Arrow::Int32), DataType::Int, false))
}

/// `lag(x [, offset [, default]])`, `lead` the same.
fn shifted(call: Call<'_>, function: Arc<WindowUDF>) -> Result<Typed> {
    call.arity(&[1, 2, 3])?;
    let value = call.argument(0)?;
    let offset = match call.len() {
        1 => 1,
        _ => call.literal_long(1).ok_or_else(|| call.not_constant(1, "offset", &DataType::Int))?,
    };
    let default = match call.len() {
        3 => shifted_default(&call, &value)?,
        _ => None,
    };
    let nullable = default.as_ref().is_none_or(|(_, nullable)| *nullable) || value.nullable;
    let mut arguments = vec![value.expr, lit(offset)];
    arguments.extend(default.map(|(default, _)| default));
    Ok(Typed::new(windowed(function, arguments, call.ignore_nulls == Some(true)), value.data_type, nullable))
}

fn shifted_default(call: &Call<'_>, value: &Typed) -> Result<Option<(Expr, bool)>> {
    let default = convert(call.argument(2)?, &value.data_type, &call.context)?;
    match crate::constant::evaluate(&default.expr).transpose()? {
        Some(ScalarValue::Null) => Ok(None),
        Some(folded) => Ok(Some((Expr::Literal(folded.clone(), None), folded.is_null()))),
        None => Err(call.unsupported("with a default that is not a constant")),
    }
}

fn nth_value(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let value = call.argument(0)?;
    let nth = call.literal_long(1).ok_or_else(|| call.not_constant(1, "offset", &DataType::Int))?;
    if nth <= 0 {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "offset")
            .with("valueRange", format!("(0, {}]", i64::MAX))
            .with("currentValue", format!("{nth}L")));
    }
    let skipping = call.ignore_nulls == Some(true) || call.literal_boolean(2) == Some(true);
    Ok(Typed::new(windowed(nth_value_udwf(), vec![value.expr, lit(nth)], skipping), value.data_type, true))
}

fn at_an_end(call: Call<'_>, function: Arc<WindowUDF>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let skipping = skips_nulls(&call)?;
    let value = call.argument(0)?;
    Ok(Typed::new(windowed(function, vec![value.expr], skipping), value.data_type, true))
}
