//! `isnull isnotnull isnan in between`.
//!
//! Begin at [`FUNCTIONS`].

use arrow::array::types::{Float32Type, Float64Type};
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, Operator};
use emberflow_base::Result;
use emberflow_plan::DataType;
use std::sync::Arc;

use super::comparison::{compare, compare_same};
use super::logic::and;
use super::{call_text, data_types_differ, one, three, wrong_number};
use crate::call::{Call, Typed};
use crate::coerce::{Expect, expect, to_common_type};
use crate::collation::key;
use crate::kernels::primitive;
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult};

pub static FUNCTIONS: &[Function] = &[
    Function { name: "isnull", kind: Kind::Scalar(is_null), display: Some(|texts| format!("({} IS NULL)", texts.join(", "))) },
    Function {
        name: "isnotnull",
        kind: Kind::Scalar(is_not_null),
        display: Some(|texts| format!("({} IS NOT NULL)", texts.join(", "))),
    },
    Function { name: "isnan", kind: Kind::Scalar(isnan), display: None },
    Function { name: "in", kind: Kind::Scalar(is_in), display: Some(in_text) },
    Function { name: "between", kind: Kind::Scalar(between), display: Some(between_text) },
];

fn is_null(mut call: Call<'_>) -> Result<Typed> {
    Ok(Typed::new(one(&mut call)?.expr.is_null(), DataType::Boolean, false))
}

fn is_not_null(mut call: Call<'_>) -> Result<Typed> {
    Ok(Typed::new(one(&mut call)?.expr.is_not_null(), DataType::Boolean, false))
}

fn isnan(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("isnan", &call.texts);
    let argument = one(&mut call)?;
    let own = call.texts.first().map_or("", String::as_str);
    let expected = Expect::OneOf(vec![Expect::Type(DataType::Double), Expect::Type(DataType::Float)]);
    Ok(is_nan(expect(argument, &expected, 0, own, &text, &call.context)?))
}

/// Whether a floating-point value is NaN; NULL is not.
pub fn is_nan(argument: Typed) -> Typed {
    let float = argument.data_type == DataType::Float;
    let expr = Kernel::new("isnan", to_arrow(&DataType::Boolean), false)
        .of(argument.data_type.simple_string())
        .run_arrays(move |arrays| Ok(if float { float_nans(arrays)? } else { double_nans(arrays)? }))
        .call(vec![argument.expr]);
    Typed::new(expr, DataType::Boolean, false)
}

fn double_nans(arrays: &[ArrayRef]) -> KernelResult<ArrayRef> {
    let array = primitive::<Float64Type>(&arrays[0])?;
    let nans = BooleanBuffer::collect_bool(array.len(), |row| array.is_valid(row) && array.value(row).is_nan());
    Ok(Arc::new(BooleanArray::new(nans, None)))
}

fn float_nans(arrays: &[ArrayRef]) -> KernelResult<ArrayRef> {
    let array = primitive::<Float32Type>(&arrays[0])?;
    let nans = BooleanBuffer::collect_bool(array.len(), |row| array.is_valid(row) && array.value(row).is_nan());
    Ok(Arc::new(BooleanArray::new(nans, None)))
}

fn in_text(texts: &[String]) -> String {
    match texts {
        [value, list @ ..] => format!("({value} IN ({}))", list.join(", ")),
        [] => String::new(),
    }
}

fn is_in(call: Call<'_>) -> Result<Typed> {
    if call.arguments.is_empty() {
        return Err(wrong_number("in", "> 0", 0));
    }
    let text = in_text(&call.texts);
    let Some((values, common)) = to_common_type(call.arguments.clone(), &call.context)? else {
        return Err(data_types_differ(&call.arguments, "in", &text));
    };
    let nullable = values.iter().any(|value| value.nullable);
    let mut values = values.into_iter();
    let Some(value) = values.next() else { return Err(wrong_number("in", "> 0", 0)) };
    if by_comparison(&common) {
        return any_equal(value, values.collect(), nullable);
    }
    let value = key(value)?;
    let list = values.map(|value| key(value).map(|value| value.expr)).collect::<Result<Vec<_>>>()?;
    Ok(Typed::new(Expr::InList(InList::new(Box::new(value.expr), list, false)), DataType::Boolean, nullable))
}

/// Types whose equality is not that of their bits.
fn by_comparison(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Null | Float | Double | Array { .. } | Map { .. } | Struct(_) | Udt { .. } | Variant | CalendarInterval)
}

fn any_equal(value: Typed, list: Vec<Typed>, nullable: bool) -> Result<Typed> {
    let equals = list.into_iter().map(|one| compare_same(Operator::Eq, value.clone(), one).map(|equal| equal.expr));
    let any = equals.collect::<Result<Vec<_>>>()?.into_iter().reduce(Expr::or);
    Ok(Typed::new(any.unwrap_or_else(|| datafusion::logical_expr::lit(false)), DataType::Boolean, nullable))
}

fn between_text(texts: &[String]) -> String {
    match texts {
        [value, low, high] => format!("between({value}, {low}, {high})"),
        other => call_text("between", other),
    }
}

fn between(mut call: Call<'_>) -> Result<Typed> {
    let context = call.context;
    let text = |at: usize, sign: &str| {
        let part = |at: usize| call.texts.get(at).map_or("", String::as_str);
        format!("({} {sign} {})", part(0), part(at))
    };
    let (above, below) = (text(1, ">="), text(2, "<="));
    let (value, low, high) = three(&mut call)?;
    let above = compare(Operator::GtEq, value.clone(), low, ">=", &above, &context)?;
    let below = compare(Operator::LtEq, value, high, "<=", &below, &context)?;
    let nullable = above.nullable || below.nullable;
    Ok(Typed::new(and(above.expr, below.expr)?, DataType::Boolean, nullable))
}
