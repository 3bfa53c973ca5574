//! Evaluates SQL expressions without columns through the registry, for tests.
//!
//!     "upper('a')" ──► parse ──► builders ──► DataFusion ──► value twice: from constants, and from columns
//!
//! The values real Spark gave stand in `tests/expressions.tsv`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, DurationMicrosecondType, Field, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalYearMonthType, Schema, TimestampMicrosecondType,
};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as Fusion, col};
use datafusion::physical_expr::create_physical_expr;
use emberflow_base::{Error, Result, Settings};
use emberflow_plan::DataType;
use emberflow_plan::sql::{SqlOptions, parse_expression};
use emberflow_plan::tree::{Expr, ExprKind};

use crate::call::{Call, Context, Typed};
use crate::cast::{cast, check_cast};
use crate::errors::from_datafusion;
use crate::registry::{Argument, HigherOrderCall, Kind, LambdaBody, lookup};
use crate::types::to_arrow;

/// The context of a fresh session in UTC.
pub fn context(settings: &Settings) -> Context<'_> {
    Context { settings, ansi: true, time_zone: "UTC", now_micros: 1_700_000_000_000_000, user: "me", database: "default" }
}

struct Resolver<'a> {
    context: Context<'a>,
    variables: Vec<(String, Typed)>,
    count: usize,
}

impl Resolver<'_> {
    fn resolve(&mut self, expr: &Expr) -> Result<(Typed, String)> {
        match &expr.kind {
            ExprKind::Literal(literal) => {
                let typed = crate::literal::literal(literal)?;
                let text = format!("{literal:?}");
                Ok((typed, text))
            }
            ExprKind::Attribute { parts, .. } | ExprKind::LambdaVariable { parts } => {
                let name = parts.join(".");
                let found = self.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, typed)| typed.clone());
                found.map(|typed| (typed, name.clone())).ok_or_else(|| Error::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"))
            }
            ExprKind::Alias { expression, names, .. } => {
                let (typed, text) = self.resolve(expression)?;
                Ok((typed, format!("{text} AS {}", names.join(","))))
            }
            ExprKind::Cast { expression, target, .. } => {
                let (typed, text) = self.resolve(expression)?;
                check_cast(&text, &typed.data_type, target, self.context.mode())?;
                Ok((cast(typed, target, self.context.mode(), &self.context)?, text))
            }
            ExprKind::Case { operand: None, branches, otherwise } => {
                let mut arguments = Vec::new();
                for (condition, value) in branches {
                    arguments.push(self.resolve(condition)?);
                    arguments.push(self.resolve(value)?);
                }
                if let Some(otherwise) = otherwise {
                    arguments.push(self.resolve(otherwise)?);
                }
                self.build("when", arguments)
            }
            ExprKind::ExtractValue { child, extraction } => {
                let child = self.resolve(child)?;
                match &child.0.data_type {
                    DataType::Map { .. } => {
                        let key = self.resolve(extraction)?;
                        self.build("get_map_value", vec![child, key])
                    }
                    DataType::Array { .. } => {
                        let key = self.resolve(extraction)?;
                        self.build("get_array_item", vec![child, key])
                    }
                    _ => Err(Error::unsupported("fields of structs in tests")),
                }
            }
            ExprKind::Function(call) => {
                let name = call.bare();
                if call.arguments.iter().any(|argument| matches!(argument.kind, ExprKind::Lambda { .. })) {
                    return self.higher_order(&name, &call.arguments);
                }
                let arguments = call.arguments.iter().map(|argument| self.resolve(argument)).collect::<Result<_>>()?;
                self.build(&name, arguments)
            }
            other => Err(Error::unsupported(format!("{other:?} in tests"))),
        }
    }

    fn build(&mut self, name: &str, arguments: Vec<(Typed, String)>) -> Result<(Typed, String)> {
        let (arguments, texts): (Vec<Typed>, Vec<String>) = arguments.into_iter().unzip();
        let said = format!("{name}({})", texts.join(", "));
        let function = lookup(name).ok_or_else(|| crate::registry::missing(name))?;
        let context = self.context;
        let typed = match &function.kind {
            Kind::Scalar(build) => build(Call { name, arguments, texts, is_distinct: false, ignore_nulls: None, context })?,
            Kind::HigherOrder(build) => {
                let arguments = arguments.into_iter().map(Argument::Value).collect();
                build(HigherOrderCall { name, arguments, texts, context })?
            }
            _ => return Err(Error::unsupported(format!("{name} in tests"))),
        };
        Ok((typed, said))
    }

    fn higher_order(&mut self, name: &str, arguments: &[Expr]) -> Result<(Typed, String)> {
        let function = lookup(name).ok_or_else(|| crate::registry::missing(name))?;
        let Kind::HigherOrder(build) = &function.kind else { return Err(Error::internal("lambda given to a plain function")) };
        let context = self.context;
        let shared = std::cell::RefCell::new(self);
        let mut given = Vec::new();
        for argument in arguments {
            given.push(match &argument.kind {
                ExprKind::Lambda { body, arguments: names } => {
                    let shared = &shared;
                    Argument::Lambda(Box::new(move |types| shared.borrow_mut().lambda(body, names, types)))
                }
                _ => Argument::Value(shared.borrow_mut().resolve(argument)?.0),
            });
        }
        let texts = vec![String::new(); arguments.len()];
        Ok((build(HigherOrderCall { name, arguments: given, texts, context })?, name.to_owned()))
    }

    fn lambda(&mut self, body: &Expr, names: &[String], types: &[(DataType, bool)]) -> Result<LambdaBody> {
        let before = self.variables.len();
        let mut columns = Vec::new();
        for (name, (kind, nullable)) in names.iter().zip(types) {
            self.count += 1;
            let column = format!("{name}#{}", self.count);
            self.variables.push((
                name.clone(),
                Typed::new(Fusion::Column(datafusion::common::Column::new_unqualified(&column)), kind.clone(), *nullable),
            ));
            columns.push(column);
        }
        let body = self.resolve(body);
        self.variables.truncate(before);
        Ok(LambdaBody { body: body?.0, variables: columns })
    }
}

/// The type and value of an expression, or Spark's error.
pub fn evaluate(text: &str) -> Result<(String, String)> {
    let settings = Settings::new("UTC");
    let parsed = parse_expression(text, SqlOptions { double_quoted_identifiers: false, ansi: true })?;
    let mut resolver = Resolver { context: context(&settings), variables: vec![], count: 0 };
    let (typed, _) = resolver.resolve(&parsed)?;
    let value = value_of(&typed.expr, &HashMap::new(), 1)?;
    assert_eq!(value.data_type(), &to_arrow(&typed.data_type), "type of {text}");
    assert!(typed.nullable || !value.is_null(0) || typed.data_type == DataType::Null, "{text} is null but must not be");
    let (lifted, columns) = lift_constants(typed.expr.clone());
    let again = value_of(&lifted, &columns, 3)?;
    assert_eq!(cell(&value, 0), cell(&again, 2), "{text}: from constants and from columns");
    Ok((typed.data_type.simple_string(), cell(&value, 0)))
}

/// Every literal becomes a column of its own, unless a function looks at it while it is planned.
fn lift_constants(expr: Fusion) -> (Fusion, HashMap<String, ScalarValue>) {
    let mut columns = HashMap::new();
    let plain = |expr: &Fusion| !expr.to_string().contains('(');
    if plain(&expr) || expr.to_string().contains("format_string") {
        return (expr, columns);
    }
    let lifted = expr.transform_up(|node| match node {
        Fusion::Literal(value, _) if !value.is_null() => {
            let name = format!("c{}", columns.len());
            columns.insert(name.clone(), value);
            Ok(Transformed::yes(col(name)))
        }
        other => Ok(Transformed::no(other)),
    });
    (lifted.unwrap().data, columns)
}

fn value_of(expr: &Fusion, columns: &HashMap<String, ScalarValue>, rows: usize) -> Result<ArrayRef> {
    let fields: Vec<Field> = columns.iter().map(|(name, value)| Field::new(name, value.data_type(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let frame = DFSchema::try_from(schema.as_ref().clone()).map_err(from_datafusion)?;
    let physical = create_physical_expr(expr, &frame, &ExecutionProps::new(), &PhysicalPlanningContext::default());
    let arrays = columns.values().map(|value| value.to_array_of_size(rows).unwrap()).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(schema, arrays, &options).unwrap();
    let value = physical.map_err(from_datafusion)?.evaluate(&batch).map_err(from_datafusion)?;
    value.into_array(rows).map_err(from_datafusion)
}

/// A value as `tests/record.py` writes it.
pub fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".into();
    }
    let join = |values: &ArrayRef| (0..values.len()).map(|row| cell(values, row)).collect::<Vec<_>>().join(", ");
    match array.data_type() {
        Arrow::Null => "NULL".into(),
        Arrow::Boolean => array.as_boolean().value(row).to_string(),
        Arrow::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        Arrow::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        Arrow::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        Arrow::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        Arrow::Float32 => python_float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        Arrow::Float64 => python_float(array.as_primitive::<Float64Type>().value(row)),
        Arrow::Decimal128(_, scale) => {
            let scale = *scale as usize;
            let value = array.as_primitive::<Decimal128Type>().value(row);
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            let sign = if value < 0 { "-" } else { "" };
            if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        }
        Arrow::Utf8 => array
            .as_string::<i32>()
            .value(row)
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
            .replace('\0', "\\0"),
        Arrow::Binary => {
            let hex: String = array.as_binary::<i32>().value(row).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x{hex}")
        }
        Arrow::Date32 => {
            let (year, month, day) = crate::calendar::date_of(i64::from(array.as_primitive::<Date32Type>().value(row)));
            format!("{year:04}-{month:02}-{day:02}")
        }
        Arrow::Timestamp(_, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let mut out = String::new();
            let pattern = crate::datetime::pattern::Pattern::parse("yyyy-MM-dd HH:mm:ss.SSSSSS").unwrap();
            pattern.print(micros, &crate::zones::Zone::Fixed(0), &mut out);
            out
        }
        Arrow::Duration(_) => format!("{}us", array.as_primitive::<DurationMicrosecondType>().value(row)),
        Arrow::Interval(arrow::datatypes::IntervalUnit::YearMonth) => {
            format!("{}", array.as_primitive::<IntervalYearMonthType>().value(row))
        }
        Arrow::List(_) => format!("[{}]", join(&array.as_list::<i32>().value(row))),
        Arrow::Struct(_) => {
            let parts: Vec<String> = array.as_struct().columns().iter().map(|part| cell(part, row)).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Arrow::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let pairs: Vec<String> =
                (0..entries.len()).map(|row| format!("{}: {}", cell(keys, row), cell(values, row))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => format!("?{other}"),
    }
}

fn python_float(value: f64) -> String {
    match value {
        value if value.is_nan() => "nan".into(),
        value if value.is_infinite() => {
            if value > 0.0 {
                "inf".into()
            } else {
                "-inf".into()
            }
        }
        value if value != 0.0 && (value.abs() >= 1e16 || value.abs() < 1e-4) => {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        value => format!("{value:?}"),
    }
}

/// Whether two cells agree; doubles may differ in their last digits, as Java's and C's mathematics do.
fn agree(kind: &str, ours: &str, theirs: &str) -> bool {
    match (kind, ours.parse::<f64>(), theirs.parse::<f64>()) {
        _ if ours == theirs => true,
        ("double", Ok(ours), Ok(theirs)) => (ours - theirs).abs() <= theirs.abs() * 1e-14,
        _ => false,
    }
}

#[test]
fn expressions_give_what_spark_gives() {
    let recorded = include_str!("../tests/expressions.tsv");
    let missing = include_str!("../tests/missing.txt");
    let missing: Vec<&str> = missing.lines().filter(|line| !line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for line in recorded.lines() {
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        let [text, kind, value] = parts[..] else { panic!("bad line {line}") };
        let ours = std::panic::catch_unwind(|| evaluate(text));
        let (our_kind, our_value) = match ours {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => (
                "!".to_owned(),
                error.condition().to_owned()
                    + if error.condition().contains("INTERNAL") || error.condition().starts_with("UNSUPPORTED_F") {
                        " "
                    } else {
                        ""
                    }
                    + &if error.condition().contains("INTERNAL") { error.to_string() } else { String::new() },
            ),
            Err(_) => ("panic".into(), String::new()),
        };
        let same = our_kind == kind && agree(kind, &our_value, value);
        if same == missing.contains(&text) {
            wrong.push(format!("{text}\n    spark {kind} {value}\n    ours  {our_kind} {our_value}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} expressions differ (or are in missing.txt and no longer differ):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
