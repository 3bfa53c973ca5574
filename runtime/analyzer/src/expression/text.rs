//! The SQL text Spark makes of an expression: default column names and the names in errors.

use emberflow_functions::registry::Function;
use emberflow_plan::tree::{Frame, FrameBound, FrameUnit, Literal, NullOrder, SortDirection, SortOrder};

/// `(a + b)`, `sum(a)`, `CASE WHEN ... END`.
pub(crate) fn call(function: &Function, name: &str, arguments: &[String], is_distinct: bool) -> String {
    if let Some(display) = function.display {
        return display(arguments);
    }
    match (name, arguments) {
        ("==" | "=", [left, right]) => format!("({left} = {right})"),
        ("!=" | "<>", [left, right]) => format!("(NOT ({left} = {right}))"),
        ("+" | "-" | "*" | "/" | "%" | "<" | ">" | "<=" | ">=" | "<=>" | "&" | "|" | "^", [left, right]) => {
            format!("({left} {name} {right})")
        }
        ("div", [left, right]) => format!("({left} div {right})"),
        ("and", [left, right]) => format!("({left} AND {right})"),
        ("or", [left, right]) => format!("({left} OR {right})"),
        ("not" | "!", [child]) => format!("(NOT {child})"),
        ("negative" | "-", [child]) => format!("(- {child})"),
        ("positive" | "+", [child]) => format!("(+ {child})"),
        ("~", [child]) => format!("~{child}"),
        ("isnull", [child]) => format!("({child} IS NULL)"),
        ("isnotnull", [child]) => format!("({child} IS NOT NULL)"),
        ("in", [value, list @ ..]) => format!("({value} IN ({}))", list.join(", ")),
        ("like", [value, pattern]) => format!("{value} LIKE {pattern}"),
        ("ilike", [value, pattern]) => format!("ilike({value}, {pattern})"),
        ("rlike" | "regexp" | "regexp_like", [value, pattern]) => format!("RLIKE({value}, {pattern})"),
        ("when", branches) => case(branches),
        _ if is_distinct => format!("{name}(DISTINCT {})", arguments.join(", ")),
        _ => format!("{name}({})", arguments.join(", ")),
    }
}

fn case(branches: &[String]) -> String {
    let mut said = String::from("CASE");
    for branch in branches.chunks(2) {
        match branch {
            [when, then] => said.push_str(&format!(" WHEN {when} THEN {then}")),
            rest => said.push_str(&format!(" ELSE {}", rest.join(""))),
        }
    }
    said + " END"
}

/// A constant as it appears in a column's name: strings bare, everything else as SQL.
pub(crate) fn literal(value: &Literal, time_zone: &str) -> String {
    emberflow_functions::literal::text(value, time_zone)
}

pub(crate) fn order(text: &str, order: &SortOrder) -> String {
    let direction = match order.direction {
        SortDirection::Ascending => "ASC",
        SortDirection::Descending => "DESC",
    };
    let nulls = match order.nulls {
        NullOrder::First => "NULLS FIRST",
        NullOrder::Last => "NULLS LAST",
    };
    format!("{text} {direction} {nulls}")
}

/// `ROWS BETWEEN 1 PRECEDING AND CURRENT ROW`; `bounds` are the texts of the offsets.
pub(crate) fn frame(frame: &Frame, lower: Option<&str>, upper: Option<&str>) -> String {
    let unit = match frame.unit {
        FrameUnit::Rows => "ROWS",
        FrameUnit::Range => "RANGE",
    };
    format!("{unit} BETWEEN {} AND {}", bound(&frame.lower, lower), bound(&frame.upper, upper))
}

fn bound(bound: &FrameBound, offset: Option<&str>) -> String {
    match (bound, offset) {
        (FrameBound::CurrentRow, _) => "CURRENT ROW".into(),
        (FrameBound::UnboundedPreceding, _) => "UNBOUNDED PRECEDING".into(),
        (FrameBound::UnboundedFollowing, _) => "UNBOUNDED FOLLOWING".into(),
        (FrameBound::Offset(_), Some(offset)) => match offset.strip_prefix('-') {
            Some(preceding) => format!("{preceding} PRECEDING"),
            None => format!("{offset} FOLLOWING"),
        },
        (FrameBound::Offset(_), None) => String::new(),
    }
}
