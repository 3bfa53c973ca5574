//! `when if coalesce nvl nvl2 ifnull nullif nullifzero zeroifnull nanvl greatest least`, and CASE.
//!
//! All become DataFusion's CASE or coalesce, which evaluate a branch only for the rows that reach it.
//! Begin at [`case`].

use std::sync::Arc;

use arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::functions::core::{greatest, least};
use datafusion::logical_expr::{Case, Expr, Operator, lit};
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::comparison::compare;
use super::predicates::is_nan;
use super::{call_text, data_types_differ, infix, one, three, two, wrong_number};
use crate::call::{Call, Context, Typed};
use crate::cast::cast;
use crate::coerce::{Expect, to_common_type, unexpected_type, wider_type_without_strings};
use crate::collation;
use crate::literal::null;
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::{Kernel, can_raise};

pub static FUNCTIONS: &[Function] = &[
    Function { name: "when", kind: Kind::Scalar(when), display: Some(case_text) },
    Function { name: "case", kind: Kind::Scalar(when), display: Some(case_text) },
    Function { name: "if", kind: Kind::Scalar(choose), display: Some(|texts| format!("(IF({}))", texts.join(", "))) },
    Function { name: "coalesce", kind: Kind::Scalar(coalesce), display: None },
    Function { name: "ifnull", kind: Kind::Scalar(coalesce_two), display: None },
    Function { name: "nvl", kind: Kind::Scalar(coalesce_two), display: None },
    Function { name: "nvl2", kind: Kind::Scalar(nvl2), display: None },
    Function { name: "nullif", kind: Kind::Scalar(nullif), display: None },
    Function { name: "nullifzero", kind: Kind::Scalar(nullifzero), display: None },
    Function { name: "zeroifnull", kind: Kind::Scalar(zeroifnull), display: None },
    Function { name: "nanvl", kind: Kind::Scalar(nanvl), display: None },
    Function { name: "greatest", kind: Kind::Scalar(|call| extreme(call, true)), display: None },
    Function { name: "least", kind: Kind::Scalar(|call| extreme(call, false)), display: None },
];

/// `CASE WHEN a THEN b ELSE c END` from `a, b, c`.
pub fn case_text(texts: &[String]) -> String {
    let mut out = String::from("CASE");
    let mut rest = texts;
    while let [condition, value, more @ ..] = rest {
        out.push_str(&format!(" WHEN {condition} THEN {value}"));
        rest = more;
    }
    if let [otherwise] = rest {
        out.push_str(&format!(" ELSE {otherwise}"));
    }
    out.push_str(" END");
    out
}

/// Conditions and values in turn, then perhaps what otherwise.
fn when(call: Call<'_>) -> Result<Typed> {
    if call.arguments.len() < 2 {
        return Err(wrong_number(call.name, "> 1", call.arguments.len()));
    }
    let text = case_text(&call.texts);
    let mut branches = Vec::new();
    let mut arguments = call.arguments.into_iter();
    let mut otherwise = None;
    while let Some(first) = arguments.next() {
        match arguments.next() {
            Some(value) => branches.push((first, value)),
            None => otherwise = Some(first),
        }
    }
    case(branches, otherwise, "casewhen", &text, &call.context)
}

/// `decode(value, search, result, ... [, default])`: the first search that equals, NULL being equal to NULL.
pub fn decode(call: Call<'_>) -> Result<Typed> {
    let text = call_text(call.name, &call.texts);
    let context = call.context;
    let mut arguments = call.arguments.into_iter();
    let Some(value) = arguments.next() else { return Err(wrong_number("decode", "> 1", 0)) };
    let (mut branches, mut otherwise) = (Vec::new(), None);
    while let Some(search) = arguments.next() {
        match arguments.next() {
            None => otherwise = Some(search),
            Some(result) => {
                let equal = compare(Operator::IsNotDistinctFrom, value.clone(), search, "<=>", &text, &context)?;
                branches.push((equal, result));
            }
        }
    }
    case(branches, otherwise, "decode", &text, &context)
}

/// CASE over conditions and values; `text` is its SQL text for errors.
pub fn case(
    branches: Vec<(Typed, Typed)>,
    otherwise: Option<Typed>,
    name: &str,
    text: &str,
    context: &Context<'_>,
) -> Result<Typed> {
    for (at, (condition, _)) in branches.iter().enumerate() {
        let is_truth = condition.data_type == DataType::Boolean || (name != "casewhen" && condition.data_type == DataType::Null);
        if !is_truth {
            let expected = Expect::Type(DataType::Boolean);
            let own = condition_text(text, at);
            return Err(unexpected_type(&condition.data_type, &expected, 2 * at, &own, text));
        }
    }
    let (conditions, mut values): (Vec<Typed>, Vec<Typed>) = branches.into_iter().unzip();
    let has_otherwise = otherwise.is_some();
    values.extend(otherwise);
    let Some((mut values, data_type)) = to_common_type(values.clone(), context)? else {
        return Err(data_types_differ(&values, name, text));
    };
    // Where the first condition is the constant TRUE, only its value counts.
    let first_always = name == "casewhen"
        && conditions.first().is_some_and(|one| matches!(one.expr, Expr::Literal(ScalarValue::Boolean(Some(true)), _)));
    let nullable = match first_always {
        true => values.first().is_none_or(|value| value.nullable),
        false => !has_otherwise || values.iter().any(|value| value.nullable),
    };
    let otherwise = if has_otherwise { values.pop() } else { None };
    let conditions = conditions.into_iter().map(|one| cast(one, &DataType::Boolean, context.mode(), context));
    let conditions = conditions.collect::<Result<Vec<_>>>()?;
    let when_then = conditions.into_iter().zip(values).map(|(one, value)| (Box::new(one.expr), Box::new(value.expr))).collect();
    let expr = Expr::Case(Case::new(None, when_then, otherwise.map(|value| Box::new(value.expr))));
    Ok(Typed::new(expr, data_type, nullable))
}

fn condition_text(text: &str, at: usize) -> String {
    let after = text.split(" WHEN ").nth(at + 1).or_else(|| text.split_once("IF(").map(|(_, rest)| rest));
    after.and_then(|rest| rest.split([',', ' ']).next()).unwrap_or_default().to_owned()
}

fn choose(mut call: Call<'_>) -> Result<Typed> {
    let text = format!("(IF({}))", call.texts.join(", "));
    let (condition, yes, no) = three(&mut call)?;
    case(vec![(condition, yes)], Some(no), "if", &text, &call.context)
}

fn coalesce_two(mut call: Call<'_>) -> Result<Typed> {
    if call.arguments.len() != 2 {
        return Err(wrong_number(call.name, "2", call.arguments.len()));
    }
    call.name = "coalesce";
    coalesce(call)
}

fn coalesce(call: Call<'_>) -> Result<Typed> {
    if call.arguments.is_empty() {
        return Err(wrong_number("coalesce", "> 0", 0));
    }
    let text = call_text("coalesce", &call.texts);
    let Some((values, data_type)) = to_common_type(call.arguments.clone(), &call.context)? else {
        return Err(data_types_differ(&call.arguments, "coalesce", &text));
    };
    Ok(first_of(values, data_type))
}

/// The first value that is not NULL; what follows one that never is, is left out.
fn first_of(mut values: Vec<Typed>, data_type: DataType) -> Typed {
    if let Some(last) = values.iter().position(|value| !value.nullable) {
        values.truncate(last + 1);
    }
    let nullable = values.iter().all(|value| value.nullable);
    if values.len() == 1
        && let Some(only) = values.pop()
    {
        return only;
    }
    if data_type == DataType::Null {
        return Typed::new(lit(ScalarValue::Null), data_type, true);
    }
    let is_plain = |value: &Typed| matches!(value.expr, Expr::Column(_) | Expr::Literal(..));
    let plain = values.iter().rev().skip(1).all(is_plain);
    let lazy = values.iter().skip(1).any(|value| can_raise(&value.expr));
    let values = values.into_iter().map(|value| value.expr).collect();
    let expr = if plain || lazy { first_by_case(values) } else { first_by_kernel(values, &data_type, nullable) };
    Typed::new(expr, data_type, nullable)
}

/// A branch is reached only where those before are NULL; each but the last is said twice.
fn first_by_case(mut values: Vec<Expr>) -> Expr {
    let last = values.pop().map(Box::new);
    let branch = |value: Expr| (Box::new(value.clone().is_not_null()), Box::new(value));
    Expr::Case(Case::new(None, values.into_iter().map(branch).collect(), last))
}

/// All are evaluated, each once.
fn first_by_kernel(values: Vec<Expr>, data_type: &DataType, nullable: bool) -> Expr {
    Kernel::new("coalesce", to_arrow(data_type), nullable)
        .of(data_type.simple_string())
        .run_arrays(|arrays| {
            let mut known = Arc::clone(&arrays[0]);
            for next in &arrays[1..] {
                if known.null_count() == 0 {
                    break;
                }
                let mask = arrow::compute::is_not_null(&known)?;
                known = arrow::compute::kernels::zip::zip(&mask, &known, next)?;
            }
            Ok(known)
        })
        .call(values)
}

fn nvl2(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("nvl2", &call.texts);
    let (value, known, unknown) = three(&mut call)?;
    let condition = Typed::new(value.expr.is_not_null(), DataType::Boolean, false);
    case(vec![(condition, known)], Some(unknown), "nvl2", &text, &call.context)
}

fn nullif(mut call: Call<'_>) -> Result<Typed> {
    let equal = infix(&call.texts, "=");
    let (value, other) = two(&mut call)?;
    null_when(value, other, &equal, &call.context)
}

fn null_when(value: Typed, other: Typed, text: &str, context: &Context<'_>) -> Result<Typed> {
    let condition = compare(Operator::Eq, value.clone(), other, "=", text, context)?;
    let nothing = null(&value.data_type)?;
    let data_type = value.data_type.clone();
    let when_then = vec![(Box::new(condition.expr), Box::new(nothing.expr))];
    Ok(Typed::new(Expr::Case(Case::new(None, when_then, Some(Box::new(value.expr)))), data_type, true))
}

fn zero() -> Typed {
    Typed::new(lit(0_i32), DataType::Int, false)
}

fn nullifzero(mut call: Call<'_>) -> Result<Typed> {
    let text = format!("({} = 0)", call.texts.join(", "));
    let value = one(&mut call)?;
    null_when(value, zero(), &text, &call.context)
}

fn zeroifnull(mut call: Call<'_>) -> Result<Typed> {
    call.arguments.push(zero());
    call.texts.push("0".into());
    coalesce_two(call)
}

fn nanvl(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("nanvl", &call.texts);
    let (left, right) = two(&mut call)?;
    let context = call.context;
    let floats = left.data_type == DataType::Float && right.data_type == DataType::Float;
    let target = if floats { DataType::Float } else { DataType::Double };
    let take = |side: Typed, at: usize| {
        let own = call.texts.get(at).map_or("", String::as_str);
        crate::coerce::expect(side, &Expect::Type(target.clone()), at, own, &text, &context)
    };
    let (left, right) = (take(left, 0)?, take(right, 1)?);
    let nullable = left.nullable;
    let condition = is_nan(left.clone());
    let when_then = vec![(Box::new(condition.expr), Box::new(right.expr))];
    let expr = Expr::Case(Case::new(None, when_then, Some(Box::new(left.expr))));
    Ok(Typed::new(expr, target, nullable || right.nullable))
}

fn extreme(call: Call<'_>, largest: bool) -> Result<Typed> {
    let Call { name, arguments, texts, context, .. } = call;
    if arguments.len() < 2 {
        return Err(wrong_number(name, "> 1", arguments.len()));
    }
    let mut types = arguments.iter().map(|value| &value.data_type);
    let common = types.try_fold(DataType::Null, |wide, next| wider_type_without_strings(&wide, next, context.ansi));
    let Some(common) = common else { return Err(data_types_differ(&arguments, name, &call_text(name, &texts))) };
    if common == DataType::Null {
        return null(&DataType::Null);
    }
    let nullable = arguments.iter().all(|value| value.nullable);
    let values = arguments.into_iter().map(|value| cast(value, &common, context.mode(), &context).map(|value| value.expr));
    let values = values.collect::<Result<Vec<_>>>()?;
    if common.is_collated() {
        let kernel = Kernel::new(name, to_arrow(&common), nullable).of(common.simple_string());
        let own = common.clone();
        let expr = kernel.run_arrays(move |columns| collation::pick(columns, &own, largest)).call(values);
        return Ok(Typed::new(expr, common, nullable));
    }
    let function = if largest { greatest() } else { least() };
    Ok(Typed::new(function.call(values), common, nullable))
}
