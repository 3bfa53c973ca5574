//! DataFusion's expressions as filters that the store carries out itself.
//!
//! ```text
//! a > 5 AND s LIKE 'x%'  ─► [GreaterThan(a,5), StringStartsWith(s,x)]
//! ```
//!
//! An expression is taken as a whole or not at all: a part that nobody can push stays above the scan. Not here: what
//! filters mean, and what they leave to read (`emberflow_nosql::read_filter`).

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use emberflow_nosql::Value;
use emberflow_nosql::read_filter::{Comparison, Filter};

/// The filter that is true for the same items as `expression`, over columns of `schema`; none if there is none.
pub(super) fn filter(expression: &Expr, schema: &Schema) -> Option<Filter> {
    match expression {
        Expr::Alias(alias) => filter(&alias.expr, schema),
        Expr::Column(_) => {
            let column = column(expression, schema, |data_type| *data_type == DataType::Boolean)?;
            Some(Filter::Compare(column, Comparison::Equal, Some(Value::Bool(true))))
        }
        Expr::BinaryExpr(binary) => binary_filter(binary, schema),
        Expr::Not(inner) => Some(Filter::Not(Box::new(filter(inner, schema)?))),
        Expr::IsNull(inner) => Some(Filter::IsNull(column(inner, schema, |_| true)?)),
        Expr::IsNotNull(inner) => Some(Filter::IsNotNull(column(inner, schema, |_| true)?)),
        Expr::InList(list) => in_filter(list, schema),
        Expr::Between(between) => {
            let at_least = comparison(Operator::GtEq, &between.expr, &between.low, schema)?;
            let at_most = comparison(Operator::LtEq, &between.expr, &between.high, schema)?;
            Some(unless(between.negated, Filter::And(vec![at_least, at_most])))
        }
        Expr::Like(like) => Some(unless(like.negated, like_filter(like, schema)?)),
        Expr::ScalarFunction(call) => text_filter(call, schema),
        _ => None,
    }
}

fn unless(negated: bool, filter: Filter) -> Filter {
    if negated { Filter::Not(Box::new(filter)) } else { filter }
}

fn binary_filter(binary: &BinaryExpr, schema: &Schema) -> Option<Filter> {
    let BinaryExpr { left, op, right } = binary;
    match op {
        Operator::And => Some(Filter::And(vec![filter(left, schema)?, filter(right, schema)?])),
        Operator::Or => Some(Filter::Or(vec![filter(left, schema)?, filter(right, schema)?])),
        _ => comparison(*op, left, right, schema).or_else(|| comparison(op.swap()?, right, left, schema)),
    }
}

fn comparison(op: Operator, left: &Expr, right: &Expr, schema: &Schema) -> Option<Filter> {
    let column = column(left, schema, is_compared)?;
    let literal = literal(right)?;
    let compare = |comparison| Filter::Compare(column.clone(), comparison, literal.clone());
    Some(match op {
        Operator::Eq => compare(Comparison::Equal),
        Operator::NotEq => Filter::Not(Box::new(compare(Comparison::Equal))),
        Operator::Lt => compare(Comparison::Less),
        Operator::LtEq => compare(Comparison::LessOrEqual),
        Operator::Gt => compare(Comparison::Greater),
        Operator::GtEq => compare(Comparison::GreaterOrEqual),
        Operator::IsNotDistinctFrom => Filter::NullSafeEqual(column, literal),
        Operator::IsDistinctFrom => Filter::Not(Box::new(Filter::NullSafeEqual(column, literal))),
        _ => return None,
    })
}

fn in_filter(list: &InList, schema: &Schema) -> Option<Filter> {
    let column = column(&list.expr, schema, is_compared)?;
    let literals = list.list.iter().map(literal).collect::<Option<Vec<_>>>()?;
    Some(unless(list.negated, Filter::In(column, literals)))
}

/// A pattern that asks for a beginning, an end or a part, without other wildcards.
fn like_filter(like: &Like, schema: &Schema) -> Option<Filter> {
    if like.case_insensitive || like.escape_char.is_some_and(|escape| escape != '\\') {
        return None;
    }
    let column = column(&like.expr, schema, |data_type| *data_type == DataType::Utf8)?;
    let Some(Value::Str(pattern)) = literal(&like.pattern)? else { return None };
    let (mut text, mut opens, mut closes) = (String::new(), false, false);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if closes && character != '%' {
            return None; // a wildcard in the middle
        }
        match character {
            '_' => return None,
            '%' if text.is_empty() => opens = true,
            '%' => closes = true,
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
    Some(match (opens, closes) {
        (false, false) => Filter::Compare(column, Comparison::Equal, Some(Value::Str(text))),
        (false, true) => Filter::StartsWith(column, text),
        (true, false) if text.is_empty() => Filter::Contains(column, text),
        (true, false) => Filter::EndsWith(column, text),
        (true, true) => Filter::Contains(column, text),
    })
}

fn text_filter(call: &ScalarFunction, schema: &Schema) -> Option<Filter> {
    let make: fn(Arc<str>, String) -> Filter = match call.func.name() {
        "starts_with" => Filter::StartsWith,
        "ends_with" => Filter::EndsWith,
        "contains" => Filter::Contains,
        _ => return None,
    };
    let [value, part] = call.args.as_slice() else { return None };
    let column = column(value, schema, |data_type| *data_type == DataType::Utf8)?;
    match literal(part)? {
        Some(Value::Str(part)) => Some(make(column, part)),
        _ => None,
    }
}

/// A column of a suitable type, as the store has it.
fn column(expression: &Expr, schema: &Schema, suits: impl Fn(&DataType) -> bool) -> Option<Arc<str>> {
    let column = match expression {
        Expr::Column(column) => column,
        // One NaN and one zero: so filters compare anyway.
        Expr::ScalarFunction(call) if call.func.name().starts_with("normalized<") => match call.args.as_slice() {
            [Expr::Column(column)] => column,
            _ => return None,
        },
        _ => return None,
    };
    let field = schema.field_with_name(&column.name).ok()?;
    (is_exact(field.data_type()) && suits(field.data_type())).then(|| column.name.as_str().into())
}

/// Whether a filter means the same for the stored value and for what is read of it: not if it is read narrower.
fn is_exact(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Float32)
}

fn is_compared(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Binary | DataType::List(_) | DataType::Null)
}

/// `Some(None)` for a null.
fn literal(expression: &Expr) -> Option<Option<Value>> {
    let Expr::Literal(scalar, _) = expression else { return None };
    if scalar.is_null() {
        return Some(None);
    }
    Some(Some(match scalar {
        ScalarValue::Boolean(Some(truth)) => Value::Bool(*truth),
        ScalarValue::Int64(Some(number)) => Value::Int(*number),
        ScalarValue::Float64(Some(number)) => Value::Double(*number),
        ScalarValue::Utf8(Some(text)) => Value::Str(text.clone()),
        ScalarValue::TimestampMicrosecond(Some(micros), Some(_)) => {
            Value::Timestamp { secs: micros.div_euclid(1_000_000), nanos: (micros.rem_euclid(1_000_000) as u32) * 1000 }
        }
        _ => return None,
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::datatypes::Field;
    use datafusion::prelude::{col, lit};

    use super::*;

    fn said(expression: Expr) -> Option<String> {
        let field = |name, data_type| Field::new(name, data_type, true);
        let schema = Schema::new(vec![
            field("n", DataType::Int64),
            field("i", DataType::Int32),
            field("s", DataType::Utf8),
            field("b", DataType::Binary),
            field("f", DataType::Boolean),
        ]);
        filter(&expression, &schema).map(|filter| filter.to_string())
    }

    #[test]
    fn what_is_pushed() {
        let table = [
            (col("n").gt(lit(9_i64)), "GreaterThan(n,9)"),
            (lit(9_i64).lt(col("n")), "GreaterThan(n,9)"),
            (col("f"), "EqualTo(f,true)"),
            (col("b").is_null(), "IsNull(b)"),
            (col("s").in_list(vec![lit("a"), lit("b")], true), "Not(In(s, [a,b]))"),
            (col("s").like(lit("a\\%b%")), "StringStartsWith(s,a%b)"),
            (col("s").like(lit("%ab")), "StringEndsWith(s,ab)"),
            (col("s").like(lit("%ab%")), "StringContains(s,ab)"),
            (col("s").like(lit("ab")), "EqualTo(s,ab)"),
            (col("n").eq(lit(1_i64)).or(col("s").eq(lit("x"))), "Or(EqualTo(n,1),EqualTo(s,x))"),
        ];
        for (expression, text) in table {
            assert_eq!(said(expression.clone()).as_deref(), Some(text), "{expression}");
        }
    }

    #[test]
    fn what_is_not_pushed() {
        let table = [
            col("i").gt(lit(9_i32)), // read narrower than it is stored
            col("n").gt(col("n")),
            col("b").eq(lit(ScalarValue::Binary(Some(vec![1])))),
            col("s").like(lit("a%b")),
            col("s").like(lit("a_")),
            col("n").eq(lit(1_i64)).or(col("n").eq(col("i"))),
        ];
        for expression in table {
            assert_eq!(said(expression.clone()), None, "{expression}");
        }
    }
}
