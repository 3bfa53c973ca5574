//! `and or not`.
//!
//! Spark looks at the right side only where the left does not already decide, and scripts rely on it to guard divisions
//! and casts; DataFusion may evaluate both. So a right side that can raise is put behind its left side.
//! Begin at [`and`].

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::{conjunction, disjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit, when};
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::{different_types, infix, one, two, wrong_type};
use crate::call::{Call, Context, Typed};
use crate::cast::cast;
use crate::coerce::{Expect, unexpected_type};
use crate::errors::from_datafusion;
use crate::registry::{Function, Kind};
use crate::udf::{Risk, risk};

pub static FUNCTIONS: &[Function] = &[
    Function { name: "and", kind: Kind::Scalar(|call| build(call, "AND", and)), display: Some(|texts| infix(texts, "AND")) },
    Function { name: "&&", kind: Kind::Scalar(|call| build(call, "AND", and)), display: Some(|texts| infix(texts, "AND")) },
    Function { name: "or", kind: Kind::Scalar(|call| build(call, "OR", or)), display: Some(|texts| infix(texts, "OR")) },
    Function { name: "not", kind: Kind::Scalar(not), display: Some(not_text) },
    Function { name: "!", kind: Kind::Scalar(not), display: Some(not_text) },
];

fn not_text(texts: &[String]) -> String {
    format!("(NOT {})", texts.join(", "))
}

fn build(mut call: Call<'_>, word: &str, op: fn(Expr, Expr) -> Result<Expr>) -> Result<Typed> {
    let text = infix(&call.texts, word);
    let (left, right) = two(&mut call)?;
    let (left, right) = truths(left, right, &text, &call.context)?;
    let nullable = left.nullable || right.nullable;
    Ok(Typed::new(op(left.expr, right.expr)?, DataType::Boolean, nullable))
}

fn truths(left: Typed, right: Typed, text: &str, context: &Context<'_>) -> Result<(Typed, Typed)> {
    let fits = |side: &Typed| {
        matches!(side.data_type, DataType::Boolean | DataType::Null) || (context.ansi && side.data_type.is_string())
    };
    let strings = left.data_type.is_string() && right.data_type.is_string();
    if !fits(&left) || !fits(&right) || strings {
        return Err(if left.data_type == right.data_type {
            wrong_type(&left.data_type, "BOOLEAN", text)
        } else {
            different_types(&left.data_type, &right.data_type, text)
        });
    }
    let mode = context.mode();
    Ok((cast(left, &DataType::Boolean, mode, context)?, cast(right, &DataType::Boolean, mode, context)?))
}

/// `left AND right`; `right` is not evaluated where `left` is false, if that could raise.
pub fn and(left: Expr, right: Expr) -> Result<Expr> {
    // A condition on another query stays a plain one: only such can be turned into a join.
    if !needs_guard(&right) || reaches_out(&right) {
        return Ok(left.and(right));
    }
    let guards = guards(split_conjunction(&left), &left);
    let Some(guard) = conjunction(guards) else { return Ok(left.and(right)) };
    let guarded = when(Expr::IsNotFalse(Box::new(guard)), right).otherwise(lit(false)).map_err(from_datafusion)?;
    Ok(left.and(guarded))
}

/// `left OR right`; `right` is not evaluated where `left` is true, if that could raise.
pub fn or(left: Expr, right: Expr) -> Result<Expr> {
    if !needs_guard(&right) || reaches_out(&right) {
        return Ok(left.or(right));
    }
    let guards = guards(split_disjunction(&left), &left);
    let Some(guard) = disjunction(guards) else { return Ok(left.or(right)) };
    let guarded = when(Expr::IsNotTrue(Box::new(guard)), right).otherwise(lit(true)).map_err(from_datafusion)?;
    Ok(left.or(guarded))
}

/// A conjunction with what can fail behind what cannot, or `None` if it may stand as it is. The optimizer joins the
/// conditions of stacked filters upper first, so of several that can fail the last one guards the others.
pub fn in_safe_order(condition: &Expr) -> Result<Option<Expr>> {
    let parts = split_conjunction(condition);
    if parts.len() < 2 {
        return Ok(None);
    }
    let (risky, safe): (Vec<&Expr>, Vec<&Expr>) = parts.into_iter().partition(|part| needs_guard(part) && !reaches_out(part));
    if risky.is_empty() {
        return Ok(None);
    }
    let mut ordered = conjunction(safe.into_iter().cloned());
    for part in risky.into_iter().rev() {
        ordered = Some(match ordered {
            Some(before) => and(before, part.clone())?,
            None => part.clone(),
        });
    }
    Ok(ordered)
}

/// Whether some row must not be evaluated unless the left side says so. An equation between columns may be a join's key,
/// which it can only be when it stands by itself, so for that the reading of texts goes unguarded.
fn needs_guard(right: &Expr) -> bool {
    match risk(right) {
        Risk::None | Risk::Overflow => false,
        Risk::Cast => !is_equation(right),
        Risk::Other => true,
    }
}

fn is_equation(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::IsNotDistinctFrom, right }) => {
            left.any_column_refs() && right.any_column_refs()
        }
        _ => false,
    }
}

fn split_disjunction(expr: &Expr) -> Vec<&Expr> {
    datafusion::logical_expr::utils::split_binary(expr, Operator::Or)
}

/// What decides whether the right side is looked at. A long left side would double at every step, so of that only the
/// parts that cannot raise themselves are repeated.
fn guards(parts: Vec<&Expr>, whole: &Expr) -> Vec<Expr> {
    let is_small = size_up_to(whole, 64) < 64;
    parts
        .into_iter()
        .filter(|part| !part.is_volatile() && !reaches_out(part) && (is_small || risk(part) <= Risk::Overflow))
        .cloned()
        .collect()
}

/// Whether a sub-query is asked, or this is part of one and asks the query around.
fn reaches_out(expr: &Expr) -> bool {
    let is_query =
        |node: &Expr| matches!(node, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_));
    expr.contains_outer() || expr.exists(|node| Ok(is_query(node))).unwrap_or(true)
}

fn size_up_to(expr: &Expr, most: usize) -> usize {
    let mut size = 0;
    let _ = expr.apply(|_| {
        size += 1;
        Ok(if size >= most { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    size
}

fn not(mut call: Call<'_>) -> Result<Typed> {
    let text = not_text(&call.texts);
    let argument = one(&mut call)?;
    let fits = matches!(argument.data_type, DataType::Boolean | DataType::Null) || argument.data_type.is_string();
    if !fits {
        let own = call.texts.first().map_or("", String::as_str);
        return Err(unexpected_type(&argument.data_type, &Expect::Type(DataType::Boolean), 0, own, &text));
    }
    let argument = cast(argument, &DataType::Boolean, call.context.mode(), &call.context)?;
    Ok(Typed::new(Expr::Not(Box::new(argument.expr)), DataType::Boolean, argument.nullable))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType as Arrow;
    use datafusion::logical_expr::col;

    use super::*;
    use crate::udf::Kernel;

    fn risky(risk: Risk, argument: &str) -> Expr {
        Kernel::new("risky", Arrow::Int32, true).risks(risk).call(vec![col(argument)])
    }

    #[test]
    fn what_can_fail_stands_behind_its_guard() {
        let guard = col("a").not_eq(lit(0));
        let guarded = and(guard.clone(), risky(Risk::Other, "a").gt(lit(1))).unwrap();
        assert!(guarded.to_string().contains("CASE WHEN a != Int32(0) IS NOT FALSE THEN"), "{guarded}");
        let plain = and(guard.clone(), risky(Risk::Overflow, "a").gt(lit(1))).unwrap();
        assert!(!plain.to_string().contains("CASE"), "{plain}");
        let other = or(guard, risky(Risk::Cast, "a").gt(lit(1))).unwrap();
        assert!(other.to_string().contains("IS NOT TRUE THEN"), "{other}");
    }

    #[test]
    fn of_merged_filters_the_lower_guards_the_upper() {
        let lower = col("a").not_eq(lit(0));
        let merged = risky(Risk::Other, "a").gt(lit(1)).and(lower.clone());
        let ordered = in_safe_order(&merged).unwrap().unwrap().to_string();
        assert!(ordered.starts_with("a != Int32(0) AND CASE WHEN a != Int32(0) IS NOT FALSE THEN"), "{ordered}");
        assert!(in_safe_order(&lower.clone().and(col("b").gt(lit(1)))).unwrap().is_none());
    }

    #[test]
    fn a_join_key_stands_by_itself() {
        let guard = col("a").not_eq(lit(0));
        let key = and(guard.clone(), col("a").eq(risky(Risk::Cast, "b"))).unwrap();
        assert!(!key.to_string().contains("CASE"), "{key}");
        let divided = and(guard, col("a").eq(risky(Risk::Other, "b"))).unwrap();
        assert!(divided.to_string().contains("CASE"), "{divided}");
    }
}
