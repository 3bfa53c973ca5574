//! Column expressions: what R's operators and functions build.
//!
//!     R: Column@jc ──external pointer──► Column(proto::Expression)
//!
//! Nothing is resolved here; names and types are the engine's business. Every function makes a new expression.
//! Not here: how one prints (`column_text`), R scalars (`literal`). Begin at [`column_call`].

use extendr_api::prelude::*;
use proto::Expression;
use proto::expression::cast::CastToType;
use proto::expression::sort_order::{NullOrdering, SortDirection};
use proto::expression::window::WindowFrame;
use proto::expression::window::window_frame::frame_boundary::Boundary;
use proto::expression::window::window_frame::{FrameBoundary, FrameType};
use proto::expression::{ExprType, SortOrder, UnresolvedNamedLambdaVariable};
use spark_connect_proto as proto;

use crate::column_text::spelled;
use crate::failure::{Failure, Result, outcome};
use crate::frame::frame;
use crate::literal::literal;
use crate::r_api::{elements, flag, held, hold, number, text, text_or_none, texts};

/// One column expression.
pub struct Column(pub Expression);

/// The expression an R handle stands for.
pub fn column(value: &Robj) -> Result<Expression> {
    Ok(held::<Column>(value, "Column")?.0.clone())
}

/// The expressions of a list of handles.
pub fn columns(value: &Robj) -> Result<Vec<Expression>> {
    elements(value, "columns")?.iter().map(column).collect()
}

/// The orders of a list of handles; a plain column sorts ascending.
pub fn orders(value: &Robj) -> Result<Vec<SortOrder>> {
    Ok(columns(value)?.into_iter().map(order).collect())
}

fn order(expression: Expression) -> SortOrder {
    match expression.expr_type {
        Some(ExprType::SortOrder(order)) => *order,
        _ => sort_order(expression, SortDirection::Ascending, NullOrdering::SortNullsFirst),
    }
}

fn sort_order(child: Expression, direction: SortDirection, nulls: NullOrdering) -> SortOrder {
    SortOrder { child: Some(Box::new(child)), direction: direction.into(), null_ordering: nulls.into() }
}

/// An expression of this kind.
pub fn expression(kind: ExprType) -> Expression {
    Expression { common: None, expr_type: Some(kind) }
}

/// A column by name; `plan_id` binds it to a frame.
pub fn attribute(name: &str, plan_id: Option<i64>) -> Expression {
    if name == "*" || name.ends_with(".*") {
        let target = name.ends_with(".*").then(|| name.to_owned());
        return expression(ExprType::UnresolvedStar(proto::expression::UnresolvedStar {
            unparsed_target: target,
            plan_id: None,
        }));
    }
    let attribute =
        proto::expression::UnresolvedAttribute { unparsed_identifier: name.to_owned(), plan_id, is_metadata_column: None };
    expression(ExprType::UnresolvedAttribute(attribute))
}

/// A call of a function by name.
pub fn call(name: &str, arguments: Vec<Expression>, distinct: bool) -> Expression {
    let function = proto::expression::UnresolvedFunction {
        function_name: name.to_owned(),
        arguments,
        is_distinct: distinct,
        ..Default::default()
    };
    expression(ExprType::UnresolvedFunction(function))
}

/// An expression under another name.
pub fn alias(expr: Expression, name: &str) -> proto::expression::Alias {
    proto::expression::Alias { expr: Some(Box::new(expr)), name: vec![name.to_owned()], metadata: None }
}

fn made(build: impl FnOnce() -> Result<Expression>) -> Robj {
    outcome(|| Ok(hold(Column(build()?))))
}

/// A column by name, of no frame in particular.
#[extendr]
fn column_named(name: Robj) -> Robj {
    made(|| Ok(attribute(text(&name, "name")?, None)))
}

/// A column of a frame. A name that can only mean one column of the frame needs no question; any other is checked by
/// the engine, whose error says what is wrong.
#[extendr]
fn column_of(input: Robj, name: Robj) -> Robj {
    made(|| {
        let (frame, name) = (frame(&input)?, text(&name, "name")?);
        let bound = attribute(name, frame.plan_id());
        let matching = frame.names()?.iter().filter(|known| known.eq_ignore_ascii_case(name)).count();
        if matching != 1 || name.contains(['.', '`']) {
            // Unbound, so that the engine answers with names that exist.
            let expressions = vec![attribute(name, None)];
            let project = |input| proto::relation::RelType::Project(Box::new(proto::Project { input, expressions }));
            frame.derive(project).schema()?;
        }
        Ok(bound)
    })
}

/// An R scalar.
#[extendr]
fn column_literal(value: Robj) -> Robj {
    made(|| Ok(expression(ExprType::Literal(literal(&value)?))))
}

/// A function or operator over columns.
#[extendr]
fn column_call(name: Robj, arguments: Robj, distinct: Robj) -> Robj {
    made(|| Ok(call(text(&name, "function")?, columns(&arguments)?, flag(&distinct, "distinct")?)))
}

/// SQL text.
#[extendr]
fn column_sql(sql: Robj) -> Robj {
    made(|| {
        let expression_text = proto::expression::ExpressionString { expression: text(&sql, "expression")?.to_owned() };
        Ok(expression(ExprType::ExpressionString(expression_text)))
    })
}

/// Another name, or several for a generator.
#[extendr]
fn column_alias(child: Robj, names: Robj) -> Robj {
    made(|| {
        let alias =
            proto::expression::Alias { expr: Some(Box::new(column(&child)?)), name: texts(&names, "alias")?, metadata: None };
        Ok(expression(ExprType::Alias(Box::new(alias))))
    })
}

#[extendr]
fn column_cast(child: Robj, to: Robj) -> Robj {
    made(|| {
        let cast = proto::expression::Cast {
            expr: Some(Box::new(column(&child)?)),
            cast_to_type: Some(CastToType::TypeStr(text(&to, "dataType")?.to_owned())),
            ..Default::default()
        };
        Ok(expression(ExprType::Cast(Box::new(cast))))
    })
}

/// `nulls` is `first` or `last`.
#[extendr]
fn column_sort(child: Robj, descending: Robj, nulls: Robj) -> Robj {
    made(|| {
        let direction = if flag(&descending, "descending")? { SortDirection::Descending } else { SortDirection::Ascending };
        let nulls = match text(&nulls, "nulls")? {
            "first" => NullOrdering::SortNullsFirst,
            _ => NullOrdering::SortNullsLast,
        };
        Ok(expression(ExprType::SortOrder(Box::new(sort_order(column(&child)?, direction, nulls)))))
    })
}

/// A field of a struct, an element of an array, a value of a map.
#[extendr]
fn column_extract(child: Robj, key: Robj) -> Robj {
    made(|| {
        let extract = proto::expression::UnresolvedExtractValue {
            child: Some(Box::new(column(&child)?)),
            extraction: Some(Box::new(column(&key)?)),
        };
        Ok(expression(ExprType::UnresolvedExtractValue(Box::new(extract))))
    })
}

/// A struct with a field set, or dropped when `value` is NULL.
#[extendr]
fn column_update_field(child: Robj, field: Robj, value: Robj) -> Robj {
    made(|| {
        let value = if value.is_null() { None } else { Some(Box::new(column(&value)?)) };
        let update = proto::expression::UpdateFields {
            struct_expression: Some(Box::new(column(&child)?)),
            field_name: text(&field, "fieldName")?.to_owned(),
            value_expression: value,
        };
        Ok(expression(ExprType::UpdateFields(Box::new(update))))
    })
}

/// A window function over partitions, in an order, within a frame. `frame_type` is `rows`, `range` or NULL.
#[extendr]
fn column_over(function: Robj, partition: Robj, order: Robj, frame_type: Robj, lower: Robj, upper: Robj) -> Robj {
    made(|| {
        let window = proto::expression::Window {
            window_function: Some(Box::new(column(&function)?)),
            partition_spec: columns(&partition)?,
            order_spec: orders(&order)?,
            frame_spec: window_frame(text_or_none(&frame_type), &lower, &upper)?.map(Box::new),
        };
        Ok(expression(ExprType::Window(Box::new(window))))
    })
}

fn window_frame(kind: Option<String>, lower: &Robj, upper: &Robj) -> Result<Option<WindowFrame>> {
    let Some(kind) = kind else { return Ok(None) };
    let rows = kind == "rows";
    let frame_type = if rows { FrameType::Row } else { FrameType::Range };
    Ok(Some(WindowFrame {
        frame_type: frame_type.into(),
        lower: Some(Box::new(boundary(number(lower, "start")?, rows))),
        upper: Some(Box::new(boundary(number(upper, "end")?, rows))),
    }))
}

/// SparkR's boundaries are numbers; the far ends of the 64-bit range (and what R makes of them) mean no bound.
fn boundary(at: f64, rows: bool) -> FrameBoundary {
    let boundary = if at == 0.0 {
        Boundary::CurrentRow(true)
    } else if at.abs() >= 9.0e18 {
        Boundary::Unbounded(true)
    } else {
        Boundary::Value(Box::new(whole_literal(at, rows)))
    };
    FrameBoundary { boundary: Some(boundary) }
}

fn whole_literal(at: f64, rows: bool) -> Expression {
    use proto::expression::literal::LiteralType;
    let kind = if rows { LiteralType::Integer(at as i32) } else { LiteralType::Long(at as i64) };
    expression(ExprType::Literal(proto::expression::Literal { literal_type: Some(kind), ..Default::default() }))
}

/// A variable of a lambda.
#[extendr]
fn column_variable(name: Robj) -> Robj {
    made(|| {
        let variable = UnresolvedNamedLambdaVariable { name_parts: vec![text(&name, "variable")?.to_owned()] };
        Ok(expression(ExprType::UnresolvedNamedLambdaVariable(variable)))
    })
}

/// A lambda over variables.
#[extendr]
fn column_lambda(body: Robj, names: Robj) -> Robj {
    made(|| {
        let arguments = texts(&names, "variables")?;
        let lambda = proto::expression::LambdaFunction {
            function: Some(Box::new(column(&body)?)),
            arguments: arguments.into_iter().map(|name| UnresolvedNamedLambdaVariable { name_parts: vec![name] }).collect(),
        };
        Ok(expression(ExprType::LambdaFunction(Box::new(lambda))))
    })
}

/// Adds a condition and its value (or, without condition, the last value) to a chain of `when`.
#[extendr]
fn column_when(chain: Robj, condition: Robj, value: Robj) -> Robj {
    made(|| {
        let mut arguments = if chain.is_null() { Vec::new() } else { when_arguments(column(&chain)?)? };
        if !condition.is_null() {
            arguments.push(column(&condition)?);
        }
        arguments.push(column(&value)?);
        Ok(call("when", arguments, false))
    })
}

fn when_arguments(chain: Expression) -> Result<Vec<Expression>> {
    match chain.expr_type {
        Some(ExprType::UnresolvedFunction(function)) if function.function_name == "when" && function.arguments.len() % 2 == 0 => {
            Ok(function.arguments)
        }
        Some(ExprType::UnresolvedFunction(function)) if function.function_name == "when" => {
            Err(Failure::usage("otherwise() can only be applied once on a Column"))
        }
        _ => Err(Failure::usage("otherwise() can only be applied on a Column made by when()")),
    }
}

/// The name an expression was given by `alias`, else NULL.
#[extendr]
fn column_alias_name(child: Robj) -> Robj {
    outcome(|| match column(&child)?.expr_type {
        Some(ExprType::Alias(alias)) => Ok(alias.name.into_iter().next().into()),
        _ => Ok(().into()),
    })
}

/// How a column prints.
#[extendr]
fn column_spelled(child: Robj) -> Robj {
    outcome(|| Ok(spelled(&column(&child)?).into()))
}

extendr_module! {
    mod column;
    fn column_named;
    fn column_of;
    fn column_literal;
    fn column_call;
    fn column_sql;
    fn column_alias;
    fn column_cast;
    fn column_sort;
    fn column_extract;
    fn column_update_field;
    fn column_over;
    fn column_variable;
    fn column_lambda;
    fn column_when;
    fn column_alias_name;
    fn column_spelled;
}
