//! How a column prints: `(age + 1.0)`, `max(age)`, `CASE WHEN (age > 3.0) THEN young END`.
//!
//! This is what R's `print(column)` shows before anything is resolved; result column names are the engine's.
//! Begin at [`spelled`].

use proto::Expression;
use proto::expression::literal::LiteralType;
use proto::expression::sort_order::{NullOrdering, SortDirection};
use proto::expression::window::window_frame::frame_boundary::Boundary;
use proto::expression::window::window_frame::{FrameBoundary, FrameType};
use proto::expression::{ExprType, SortOrder};
use spark_connect_proto as proto;

/// An expression as text.
pub fn spelled(expression: &Expression) -> String {
    let Some(kind) = &expression.expr_type else { return String::new() };
    match kind {
        ExprType::Literal(literal) => literal_text(literal),
        ExprType::UnresolvedAttribute(attribute) => attribute.unparsed_identifier.replace('`', ""),
        ExprType::UnresolvedFunction(function) => call_text(&function.function_name, &function.arguments, function.is_distinct),
        ExprType::CallFunction(function) => call_text(&function.function_name, &function.arguments, false),
        ExprType::ExpressionString(text) => text.expression.clone(),
        ExprType::UnresolvedStar(star) => star.unparsed_target.clone().unwrap_or_else(|| "*".to_owned()),
        ExprType::Alias(alias) => format!("{} AS {}", child(alias.expr.as_deref()), alias.name.join(", ")),
        ExprType::Cast(cast) => format!("CAST({} AS {})", child(cast.expr.as_deref()), cast_target(cast)),
        ExprType::SortOrder(order) => order_text(order),
        ExprType::UnresolvedExtractValue(extract) => extract_text(extract),
        ExprType::UpdateFields(update) => match &update.value_expression {
            Some(value) => {
                format!("update_fields({}, WithField({}))", child(update.struct_expression.as_deref()), spelled(value))
            }
            None => format!("update_fields({}, dropfield())", child(update.struct_expression.as_deref())),
        },
        ExprType::UnresolvedNamedLambdaVariable(variable) => variable.name_parts.join("."),
        ExprType::LambdaFunction(lambda) => {
            let names: Vec<String> = lambda.arguments.iter().map(|argument| argument.name_parts.join(".")).collect();
            format!("lambdafunction({}, {})", child(lambda.function.as_deref()), names.join(", "))
        }
        ExprType::Window(window) => window_text(window),
        _ => "?".to_owned(),
    }
}

fn child(expression: Option<&Expression>) -> String {
    expression.map(spelled).unwrap_or_default()
}

fn call_text(name: &str, arguments: &[Expression], distinct: bool) -> String {
    let parts: Vec<String> = arguments.iter().map(spelled).collect();
    match (name, parts.as_slice()) {
        ("+" | "-" | "*" | "/" | "%" | "==" | "<" | "<=" | ">" | ">=" | "<=>" | "&" | "|" | "^", [left, right]) => {
            let operator = if name == "==" { "=" } else { name };
            format!("({left} {operator} {right})")
        }
        ("and" | "or", [left, right]) => format!("({left} {} {right})", name.to_uppercase()),
        ("not", [only]) => format!("(NOT {only})"),
        ("negative", [only]) => format!("(- {only})"),
        ("isNull" | "isnull", [only]) => format!("({only} IS NULL)"),
        ("isNotNull" | "isnotnull", [only]) => format!("({only} IS NOT NULL)"),
        ("in", [value, list @ ..]) => format!("({value} IN ({}))", list.join(", ")),
        ("like" | "rlike" | "ilike", [value, pattern]) => format!("{value} {} {pattern}", name.to_uppercase()),
        ("when", parts) => case_text(parts),
        _ if distinct => format!("{name}(DISTINCT {})", parts.join(", ")),
        _ => format!("{name}({})", parts.join(", ")),
    }
}

fn case_text(parts: &[String]) -> String {
    let mut text = String::from("CASE");
    for pair in parts.chunks(2) {
        match pair {
            [condition, value] => text.push_str(&format!(" WHEN {condition} THEN {value}")),
            [otherwise] => text.push_str(&format!(" ELSE {otherwise}")),
            _ => {}
        }
    }
    text.push_str(" END");
    text
}

fn cast_target(cast: &proto::expression::Cast) -> String {
    use proto::expression::cast::CastToType;
    match &cast.cast_to_type {
        Some(CastToType::TypeStr(text)) => text.to_uppercase(),
        Some(CastToType::Type(kind)) => crate::schema::from_proto(kind).map(|kind| kind.sql()).unwrap_or_default(),
        None => String::new(),
    }
}

fn order_text(order: &SortOrder) -> String {
    let direction = if order.direction == i32::from(SortDirection::Descending) { "DESC" } else { "ASC" };
    let nulls = if order.null_ordering == i32::from(NullOrdering::SortNullsFirst) { "FIRST" } else { "LAST" };
    format!("{} {direction} NULLS {nulls}", child(order.child.as_deref()))
}

fn extract_text(extract: &proto::expression::UnresolvedExtractValue) -> String {
    format!("{}[{}]", child(extract.child.as_deref()), child(extract.extraction.as_deref()))
}

fn window_text(window: &proto::expression::Window) -> String {
    let mut parts = Vec::new();
    if !window.partition_spec.is_empty() {
        let columns: Vec<String> = window.partition_spec.iter().map(spelled).collect();
        parts.push(format!("PARTITION BY {}", columns.join(", ")));
    }
    if !window.order_spec.is_empty() {
        let orders: Vec<String> = window.order_spec.iter().map(order_text).collect();
        parts.push(format!("ORDER BY {}", orders.join(", ")));
    }
    if let Some(frame) = &window.frame_spec {
        let unit = if frame.frame_type == i32::from(FrameType::Row) { "ROWS" } else { "RANGE" };
        let lower = boundary_text(frame.lower.as_deref(), "PRECEDING");
        parts.push(format!("{unit} BETWEEN {lower} AND {}", boundary_text(frame.upper.as_deref(), "FOLLOWING")));
    }
    format!("{} OVER ({})", child(window.window_function.as_deref()), parts.join(" "))
}

fn boundary_text(boundary: Option<&FrameBoundary>, side: &str) -> String {
    match boundary.and_then(|boundary| boundary.boundary.as_ref()) {
        Some(Boundary::Unbounded(_)) => format!("UNBOUNDED {side}"),
        Some(Boundary::Value(value)) => match spelled(value).strip_prefix('-') {
            Some(before) => format!("{before} PRECEDING"),
            None => format!("{} FOLLOWING", spelled(value)),
        },
        _ => "CURRENT ROW".to_owned(),
    }
}

fn literal_text(literal: &proto::expression::Literal) -> String {
    match &literal.literal_type {
        Some(LiteralType::Null(_)) | None => "NULL".to_owned(),
        Some(LiteralType::Boolean(value)) => value.to_string(),
        Some(LiteralType::Byte(value) | LiteralType::Short(value) | LiteralType::Integer(value)) => value.to_string(),
        Some(LiteralType::Long(value)) => value.to_string(),
        Some(LiteralType::Float(value)) => double_text(f64::from(*value)),
        Some(LiteralType::Double(value)) => double_text(*value),
        Some(LiteralType::String(value)) => value.clone(),
        Some(LiteralType::Binary(bytes)) => format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
        Some(LiteralType::Date(days)) => format!("DATE '{}'", date_text(i64::from(*days))),
        Some(LiteralType::Timestamp(micros)) => format!("TIMESTAMP '{}'", instant_text(*micros)),
        Some(LiteralType::Decimal(value)) => value.value.clone(),
        Some(_) => "?".to_owned(),
    }
}

/// A double as Java prints it: always with a point, large and small ones with an exponent.
fn double_text(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
        let text = format!("{value:E}");
        match text.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => text,
        }
    } else {
        format!("{value:?}")
    }
}

/// Days since 1970 as `2024-02-29`, by the civil calendar.
fn date_text(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn instant_text(micros: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let of_day = micros.rem_euclid(DAY);
    let seconds = of_day / 1_000_000;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = of_day % 1_000_000;
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}").trim_end_matches('0').to_owned() };
    format!("{} {clock}{fraction}Z", date_text(micros.div_euclid(DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{attribute, call, expression};

    fn double(value: f64) -> Expression {
        let literal = proto::expression::Literal { literal_type: Some(LiteralType::Double(value)), ..Default::default() };
        expression(ExprType::Literal(literal))
    }

    #[track_caller]
    fn check(expression: Expression, text: &str) {
        assert_eq!(spelled(&expression), text);
    }

    #[test]
    fn operators_stand_between_their_operands() {
        check(call("+", vec![attribute("age", None), double(1.0)], false), "(age + 1.0)");
        check(call("==", vec![attribute("a", None), double(1e10)], false), "(a = 1.0E10)");
        check(call("not", vec![attribute("a", None)], false), "(NOT a)");
    }

    #[test]
    fn calls_and_cases_read_as_sql() {
        check(call("max", vec![attribute("age", None)], false), "max(age)");
        check(call("count", vec![attribute("a", None)], true), "count(DISTINCT a)");
        let case = call("when", vec![attribute("c", None), double(1.0), double(2.5)], false);
        check(case, "CASE WHEN c THEN 1.0 ELSE 2.5 END");
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(date_text(0), "1970-01-01");
        assert_eq!(date_text(19_782), "2024-02-29");
        assert_eq!(date_text(-1), "1969-12-31");
        assert_eq!(instant_text(1_500_000), "1970-01-01 00:00:01.5Z");
    }
}
