//! R's scalars as Spark literals.
//!
//!     1L ─► INT    1 ─► DOUBLE    "a" ─► STRING    TRUE ─► BOOLEAN    Date, POSIXct, raw ─► their kin    NA, NULL ─► NULL
//!
//! Not here: columns of data (`from_r`). Begin at [`literal`].

use extendr_api::prelude::*;
use proto::data_type::Kind;
use proto::expression::Literal;
use proto::expression::literal::LiteralType;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result};

const MICROS: f64 = 1e6;

/// The literal for a vector of length one, or NULL.
pub fn literal(value: &Robj) -> Result<Literal> {
    Ok(Literal { literal_type: Some(literal_type(value)?), ..Default::default() })
}

fn literal_type(value: &Robj) -> Result<LiteralType> {
    if let Some(bytes) = value.as_raw_slice() {
        return Ok(LiteralType::Binary(bytes::Bytes::copy_from_slice(bytes)));
    }
    if value.is_null() {
        return Ok(null());
    }
    if value.len() != 1 || value.is_list() {
        return Err(Failure::usage("a literal should be a value of length one"));
    }
    if value.is_na() {
        return Ok(null());
    }
    if value.inherits("Date") {
        return Ok(LiteralType::Date(number(value)?.floor() as i32));
    }
    if value.inherits("POSIXct") {
        return Ok(LiteralType::Timestamp((number(value)? * MICROS).round() as i64));
    }
    if let Some(factor) = factor_label(value) {
        return Ok(LiteralType::String(factor));
    }
    match value.rtype() {
        Rtype::Logicals => Ok(value.as_bool().map_or_else(null, LiteralType::Boolean)),
        Rtype::Integers => Ok(value.as_integer().map_or_else(null, LiteralType::Integer)),
        Rtype::Doubles => Ok(value.as_real().map_or_else(null, LiteralType::Double)),
        Rtype::Strings => Ok(value.as_str().map_or_else(null, |text| LiteralType::String(text.to_owned()))),
        _ => Err(Failure::usage("a literal should be logical, numeric, character, Date, POSIXct or raw")),
    }
}

fn null() -> LiteralType {
    LiteralType::Null(proto::DataType { kind: Some(Kind::Null(Default::default())) })
}

fn number(value: &Robj) -> Result<f64> {
    value.as_real().or_else(|| value.as_integer().map(f64::from)).ok_or_else(|| Failure::usage("a date or time without a value"))
}

fn factor_label(value: &Robj) -> Option<String> {
    if !value.inherits("factor") {
        return None;
    }
    let levels = value.get_attrib("levels")?.as_string_vector()?;
    let code = usize::try_from(value.as_integer()?).ok()?;
    levels.into_iter().nth(code.checked_sub(1)?)
}
