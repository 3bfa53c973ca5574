//! `md5 sha sha1 sha2 crc32` of bytes, as hexadecimal text.

use arrow::datatypes::DataType as Arrow;
use datafusion::functions::crypto;
use datafusion::logical_expr::{Expr, cast as arrow_cast};
use datafusion_spark::function::hash as spark;
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::coerce::{Expect, expect};
use crate::operators::{call_text, one, two};

fn bytes(argument: Typed, call: &Call<'_>, text: &str) -> Result<Typed> {
    let own = call.texts.first().map_or("", String::as_str);
    expect(argument, &Expect::Type(DataType::Binary), 0, own, text, &call.context)
}

fn of_one(mut call: Call<'_>, data_type: DataType, digest: fn(Expr) -> Expr) -> Result<Typed> {
    let text = call_text(call.name, &call.texts);
    let argument = one(&mut call)?;
    let argument = bytes(argument, &call, &text)?;
    Ok(Typed::new(digest(argument.expr), data_type, argument.nullable))
}

pub fn md5(call: Call<'_>) -> Result<Typed> {
    of_one(call, DataType::String, |bytes| arrow_cast(crypto::md5().call(vec![bytes]), Arrow::Utf8))
}

pub fn sha1(call: Call<'_>) -> Result<Typed> {
    of_one(call, DataType::String, |bytes| spark::sha1().call(vec![bytes]))
}

pub fn crc32(call: Call<'_>) -> Result<Typed> {
    of_one(call, DataType::Long, |bytes| spark::crc32().call(vec![bytes]))
}

pub fn sha2(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("sha2", &call.texts);
    let (argument, length) = two(&mut call)?;
    let argument = bytes(argument, &call, &text)?;
    let own = call.texts.get(1).map_or("", String::as_str);
    let length = expect(length, &Expect::Type(DataType::Int), 1, own, &text, &call.context)?;
    Ok(Typed::new(spark::sha2().call(vec![argument.expr, length.expr]), DataType::String, true))
}
