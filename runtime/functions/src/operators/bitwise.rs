//! `& | ^ ~`, shifts and single bits, with Java's rules (a shift distance is taken modulo the width).
//!
//! Begin at [`FUNCTIONS`].

use arrow::array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{call_text, different_types, infix, one, two, wrong_type};
use crate::call::{Call, Context, Typed};
use crate::cast::cast;
use crate::coerce::{Expect, decimal_for_literal, expect, string_read_as, tightest_common_type, unexpected_type};
use crate::kernels::{OnFailure, binary, checked_binary, unary};
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::Kernel;

pub static FUNCTIONS: &[Function] = &[
    Function {
        name: "&",
        kind: Kind::Scalar(|call| bits(call, Operator::BitwiseAnd, "&")),
        display: Some(|texts| infix(texts, "&")),
    },
    Function {
        name: "|",
        kind: Kind::Scalar(|call| bits(call, Operator::BitwiseOr, "|")),
        display: Some(|texts| infix(texts, "|")),
    },
    Function {
        name: "^",
        kind: Kind::Scalar(|call| bits(call, Operator::BitwiseXor, "^")),
        display: Some(|texts| infix(texts, "^")),
    },
    Function { name: "~", kind: Kind::Scalar(flip), display: Some(|texts| format!("~{}", texts.join(", "))) },
    Function { name: "shiftleft", kind: Kind::Scalar(|call| shift(call, Shift::Left)), display: None },
    Function { name: "shiftright", kind: Kind::Scalar(|call| shift(call, Shift::Right)), display: None },
    Function { name: "shiftrightunsigned", kind: Kind::Scalar(|call| shift(call, Shift::RightUnsigned)), display: None },
    Function { name: "<<", kind: Kind::Scalar(|call| shift(call, Shift::Left)), display: Some(|texts| infix(texts, "<<")) },
    Function { name: ">>", kind: Kind::Scalar(|call| shift(call, Shift::Right)), display: Some(|texts| infix(texts, ">>")) },
    Function {
        name: ">>>",
        kind: Kind::Scalar(|call| shift(call, Shift::RightUnsigned)),
        display: Some(|texts| infix(texts, ">>>")),
    },
    Function { name: "bit_count", kind: Kind::Scalar(bit_count), display: None },
    Function { name: "bit_get", kind: Kind::Scalar(bit_get), display: None },
    Function { name: "getbit", kind: Kind::Scalar(bit_get), display: None },
];

fn bits(mut call: Call<'_>, op: Operator, sign: &str) -> Result<Typed> {
    let text = infix(&call.texts, sign);
    let (left, right) = two(&mut call)?;
    let common = common_integer(&left, &right, &text, &call.context)?;
    let left = cast(left, &common, call.context.mode(), &call.context)?;
    let right = cast(right, &common, call.context.mode(), &call.context)?;
    let nullable = left.nullable || right.nullable;
    let expr = Expr::BinaryExpr(BinaryExpr::new(Box::new(left.expr), op, Box::new(right.expr)));
    Ok(Typed::new(expr, common, nullable))
}

fn common_integer(left: &Typed, right: &Typed, text: &str, context: &Context<'_>) -> Result<DataType> {
    let (l, r) = (&left.data_type, &right.data_type);
    let common = if context.ansi && l.is_string() != r.is_string() {
        string_read_as(l, r)
    } else {
        tightest_common_type(l, r, context.ansi)
    };
    match common {
        Some(common) if common.is_integral() => Ok(common),
        Some(DataType::Null) => Ok(DataType::Int),
        Some(common) if l == r => Err(wrong_type(&common, "INTEGRAL", text)),
        _ => Err(different_types(&as_decimal(left, right), &as_decimal(right, left), text)),
    }
}

/// An integer beside a decimal has become one when the mismatch is found.
fn as_decimal(side: &Typed, other: &Typed) -> DataType {
    match (decimal_for_literal(&side.expr), &other.data_type) {
        (Some((precision, scale)), DataType::Decimal { .. }) => DataType::decimal(precision, scale),
        _ => side.data_type.clone(),
    }
}

fn flip(mut call: Call<'_>) -> Result<Typed> {
    let text = format!("~{}", call.texts.join(", "));
    let argument = one(&mut call)?;
    let own = call.texts.first().map_or("", String::as_str);
    let argument = expect(argument, &Expect::Integral, 0, own, &text, &call.context)?;
    let Typed { expr, data_type, nullable, .. } = argument;
    let returns = to_arrow(&data_type);
    let kernel = Kernel::new("bitwise_not", returns.clone(), nullable).of(data_type.simple_string());
    let kernel = match data_type {
        DataType::Byte => kernel.run(move |arguments, _| unary::<Int8Type, Int8Type>(arguments, &returns, |bits| !bits)),
        DataType::Short => kernel.run(move |arguments, _| unary::<Int16Type, Int16Type>(arguments, &returns, |bits| !bits)),
        DataType::Int => kernel.run(move |arguments, _| unary::<Int32Type, Int32Type>(arguments, &returns, |bits| !bits)),
        _ => kernel.run(move |arguments, _| unary::<Int64Type, Int64Type>(arguments, &returns, |bits| !bits)),
    };
    Ok(Typed::new(kernel.call(vec![expr]), data_type, nullable))
}

#[derive(Debug, Clone, Copy)]
enum Shift {
    Left,
    Right,
    RightUnsigned,
}

fn shift(mut call: Call<'_>, direction: Shift) -> Result<Typed> {
    let text = call_text(call.name, &call.texts);
    let (value, by) = two(&mut call)?;
    let own = |at: usize| call.texts.get(at).map_or("", String::as_str);
    let wide = value.data_type == DataType::Long;
    let target = if wide { DataType::Long } else { DataType::Int };
    let value = expect(value, &Expect::Type(target.clone()), 0, own(0), &text, &call.context)?;
    let by = expect(by, &Expect::Type(DataType::Int), 1, own(1), &text, &call.context)?;
    let nullable = value.nullable || by.nullable;
    let returns = to_arrow(&target);
    let kernel = Kernel::new("shift", returns.clone(), nullable).of(format!("{direction:?},{wide}"));
    let kernel = if wide {
        kernel.run(move |arguments, _| {
            binary::<Int64Type, Int32Type, Int64Type>(arguments, &returns, |value, by| match direction {
                Shift::Left => value.wrapping_shl(by as u32),
                Shift::Right => value.wrapping_shr(by as u32),
                Shift::RightUnsigned => (value as u64).wrapping_shr(by as u32) as i64,
            })
        })
    } else {
        kernel.run(move |arguments, _| {
            binary::<Int32Type, Int32Type, Int32Type>(arguments, &returns, |value, by| match direction {
                Shift::Left => value.wrapping_shl(by as u32),
                Shift::Right => value.wrapping_shr(by as u32),
                Shift::RightUnsigned => (value as u32).wrapping_shr(by as u32) as i32,
            })
        })
    };
    Ok(Typed::new(kernel.call(vec![value.expr, by.expr]), target, nullable))
}

fn bit_count(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("bit_count", &call.texts);
    let argument = one(&mut call)?;
    let whole = argument.data_type.is_integral() || matches!(argument.data_type, DataType::Boolean | DataType::Null);
    if !whole {
        let expected = Expect::OneOf(vec![Expect::Integral, Expect::Type(DataType::Boolean)]);
        let own = call.texts.first().map_or("", String::as_str);
        return Err(unexpected_type(&argument.data_type, &expected, 0, own, &text));
    }
    let argument = cast(argument, &DataType::Long, call.context.mode(), &call.context)?;
    let nullable = argument.nullable;
    let returns = to_arrow(&DataType::Int);
    let expr = Kernel::new("bit_count", returns.clone(), nullable)
        .run(move |arguments, _| unary::<Int64Type, Int32Type>(arguments, &returns, |bits| bits.count_ones() as i32))
        .call(vec![argument.expr]);
    Ok(Typed::new(expr, DataType::Int, nullable))
}

fn bit_get(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text(call.name, &call.texts);
    let (value, at) = two(&mut call)?;
    let own = |at: usize| call.texts.get(at).map_or("", String::as_str);
    let width = match value.data_type {
        DataType::Byte => 8,
        DataType::Short => 16,
        DataType::Long => 64,
        _ => 32,
    };
    let value = expect(value, &Expect::Integral, 0, own(0), &text, &call.context)?;
    let value = cast(value, &DataType::Long, call.context.mode(), &call.context)?;
    let at = expect(at, &Expect::Type(DataType::Int), 1, own(1), &text, &call.context)?;
    let nullable = value.nullable || at.nullable;
    let returns = to_arrow(&DataType::Byte);
    let outside = move |_, at: i32| {
        Error::new("INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE")
            .with("functionName", "`bit_get`")
            .with("parameter", "`pos`")
            .with("upper", width.to_string())
            .with("invalidValue", at.to_string())
    };
    let expr = Kernel::new("bit_get", returns.clone(), nullable)
        .of(width)
        .fallible()
        .run(move |arguments, _| {
            let op = |value: i64, at: i32| (((value >> at.clamp(0, 63)) & 1) as i8, at < 0 || at >= width);
            checked_binary::<Int64Type, Int32Type, Int8Type>(arguments, &returns, OnFailure::Raise, op, outside)
        })
        .call(vec![value.expr, at.expr]);
    Ok(Typed::new(expr, DataType::Byte, nullable))
}
