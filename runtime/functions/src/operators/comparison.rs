//! `= == != <> < <= > >= <=>`.
//!
//! DataFusion's own comparison wherever it agrees, so that joins find their keys and scans can skip data. Floating point
//! needs care: Spark has one NaN, above everything, and one zero; Arrow compares bits.
//! Not here: common types for CASE, IN and set operations (`coerce::wider_type`). Begin at [`compare`].

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::{different_types, floats, infix, two};
use crate::call::{Call, Context, Typed};
use crate::cast::cast;
use crate::coerce::{decimal_operand, string_read_as, tightest_common_type, wider_decimal};
use crate::collation::{differ_in_collation, key, undecided};
use crate::registry::{Function, Kind};

macro_rules! comparison {
    ($name:literal, $op:ident, $sign:literal) => {
        Function {
            name: $name,
            kind: Kind::Scalar(|call| build(call, Operator::$op, $sign)),
            display: Some(|texts| infix(texts, $sign)),
        }
    };
}

pub static FUNCTIONS: &[Function] = &[
    comparison!("=", Eq, "="),
    comparison!("==", Eq, "="),
    Function {
        name: "!=",
        kind: Kind::Scalar(|call| build(call, Operator::NotEq, "=")),
        display: Some(|texts| format!("(NOT {})", infix(texts, "="))),
    },
    Function {
        name: "<>",
        kind: Kind::Scalar(|call| build(call, Operator::NotEq, "=")),
        display: Some(|texts| format!("(NOT {})", infix(texts, "="))),
    },
    comparison!("<", Lt, "<"),
    comparison!("<=", LtEq, "<="),
    comparison!(">", Gt, ">"),
    comparison!(">=", GtEq, ">="),
    comparison!("<=>", IsNotDistinctFrom, "<=>"),
    Function { name: "equal_null", kind: Kind::Scalar(|call| build(call, Operator::IsNotDistinctFrom, "<=>")), display: None },
];

fn build(mut call: Call<'_>, op: Operator, sign: &str) -> Result<Typed> {
    let text = infix(&call.texts, sign);
    let (left, right) = two(&mut call)?;
    compare(op, left, right, sign, &text, &call.context)
}

/// `left op right` with Spark's coercion; `sign` and `text` are for errors.
pub fn compare(op: Operator, left: Typed, right: Typed, sign: &str, text: &str, context: &Context<'_>) -> Result<Typed> {
    let common = comparable_type(&left, &right, context).ok_or_else(|| match &left.data_type {
        DataType::Struct(_) if differ_in_collation(&left.data_type, &right.data_type) => undecided(text),
        other => different_types(other, &right.data_type, text),
    })?;
    if !is_orderable(&common) {
        return Err(Error::new("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE")
            .with("sqlExpr", format!("\"{text}\""))
            .with("functionName", format!("`{sign}`"))
            .with("dataType", common.quoted()));
    }
    let left = cast(left, &common, context.mode(), context)?;
    let right = cast(right, &common, context.mode(), context)?;
    compare_same(op, left, right)
}

/// `left op right` over two operands of one type; collated ones are compared by their keys.
pub fn compare_same(op: Operator, left: Typed, right: Typed) -> Result<Typed> {
    let (left, right) = (key(left)?, key(right)?);
    let nullable = op != Operator::IsNotDistinctFrom && (left.nullable || right.nullable);
    if left.data_type == DataType::Null {
        let value = (op == Operator::IsNotDistinctFrom).then_some(true);
        return Ok(Typed::new(lit(ScalarValue::Boolean(value)), DataType::Boolean, nullable));
    }
    let expr = match left.data_type {
        DataType::Float | DataType::Double => compare_floats(op, left, right),
        _ => native(op, left.expr, right.expr),
    };
    Ok(Typed::new(expr, DataType::Boolean, nullable))
}

fn native(op: Operator, left: Expr, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// The type both sides are compared in.
pub fn comparable_type(left: &Typed, right: &Typed, context: &Context<'_>) -> Option<DataType> {
    use DataType::*;
    let (l, r) = (&left.data_type, &right.data_type);
    if l == r {
        return Some(l.clone());
    }
    match (l, r) {
        (Decimal { .. }, Float | Double) | (Float | Double, Decimal { .. }) => Some(Double),
        (Decimal { .. }, other) | (other, Decimal { .. }) if other.is_integral() || matches!(other, Decimal { .. }) => {
            Some(wider_decimal(decimal_operand(left)?, decimal_operand(right)?))
        }
        (Boolean, number) | (number, Boolean) if number.is_numeric() && !context.ansi => Some(number.clone()),
        (l, r) if l.is_string() != r.is_string() && *l != Null && *r != Null => {
            if context.ansi {
                string_read_as(l, r)
            } else {
                string_beside(l, r)
            }
        }
        (Struct(fields), Struct(others)) if fields.fields.len() == others.fields.len() => {
            tightest_common_type(l, &renamed(others, fields), context.ansi)
        }
        _ => tightest_common_type(l, r, context.ansi),
    }
}

/// Structs are compared by position; the names of their fields do not matter.
fn renamed(fields: &StructType, names: &StructType) -> DataType {
    let pairs = fields.fields.iter().zip(&names.fields);
    let fields = pairs.map(|(field, named)| StructField::new(&named.name, field.data_type.clone(), field.nullable));
    DataType::Struct(StructType::new(fields.collect()))
}

/// Legacy: in a comparison the string becomes the other side's type.
fn string_beside(left: &DataType, right: &DataType) -> Option<DataType> {
    let other = if left.is_string() { right } else { left };
    let nested = matches!(other, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_));
    (!nested && !other.is_interval()).then(|| other.clone())
}

/// Whether values of a type have an order (and equality).
pub fn is_orderable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map { .. } | DataType::Variant | DataType::CalendarInterval => false,
        DataType::Array { element, .. } => is_orderable(element),
        DataType::Struct(fields) => fields.fields.iter().all(|field| is_orderable(&field.data_type)),
        DataType::Udt { sql_type, .. } => is_orderable(sql_type),
        _ => true,
    }
}

enum Constant {
    Zero,
    Other,
    No,
}

fn constant(side: &Typed) -> Constant {
    let zero = match &side.expr {
        Expr::Literal(ScalarValue::Float32(Some(value)), _) => *value == 0.0,
        Expr::Literal(ScalarValue::Float64(Some(value)), _) => *value == 0.0,
        _ => return Constant::No,
    };
    if zero { Constant::Zero } else { Constant::Other }
}

fn compare_floats(op: Operator, left: Typed, right: Typed) -> Expr {
    match (constant(&left), constant(&right)) {
        (Constant::No, Constant::Zero) => beside_zero(op, left),
        (Constant::Zero, Constant::No) => match op.swap() {
            Some(op) => beside_zero(op, right),
            None => native(op, normal(left), normal(right)),
        },
        (Constant::No, Constant::Other) | (Constant::Other, Constant::No) => native(op, left.expr, right.expr),
        _ => native(op, normal(left), normal(right)),
    }
}

/// One NaN and one zero; what keys of joins, groups and distinct need too.
pub fn normal(side: Typed) -> Expr {
    floats::normalized(&side.data_type, side.nullable, side.expr)
}

/// Both zeros lie between -0.0 and 0.0 in the order of bits.
fn beside_zero(op: Operator, side: Typed) -> Expr {
    let zero = |negative: bool| match (&side.data_type, negative) {
        (DataType::Float, false) => lit(0.0_f32),
        (DataType::Float, true) => lit(-0.0_f32),
        (_, false) => lit(0.0_f64),
        (_, true) => lit(-0.0_f64),
    };
    let beside = |op, negative| native(op, side.expr.clone(), zero(negative));
    match op {
        Operator::Lt | Operator::GtEq => beside(op, true),
        Operator::LtEq | Operator::Gt => beside(op, false),
        Operator::Eq => beside(Operator::GtEq, true).and(beside(Operator::LtEq, false)),
        Operator::NotEq => beside(Operator::Lt, true).or(beside(Operator::Gt, false)),
        _ => {
            let plain = zero(false);
            native(op, normal(side), plain)
        }
    }
}
