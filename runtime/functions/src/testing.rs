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
    let parsed = parse_expression(text, SqlOptions { ansi: true, ..SqlOptions::default() })?;
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
        ("double", _, _) if theirs.contains(" | ") => {
            let (ours, theirs): (Vec<_>, Vec<_>) = (ours.split(" | ").collect(), theirs.split(" | ").collect());
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agree(kind, ours, theirs))
        }
        _ => false,
    }
}

/// Compares every recorded answer with ours; `missing` lists those known to differ, which must then indeed differ.
fn compare(recorded: &str, missing: &str, evaluate: impl Fn(&str) -> Result<(String, String)> + std::panic::RefUnwindSafe) {
    let missing: Vec<&str> = missing.lines().filter(|line| !line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for line in recorded.lines() {
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        let [text, kind, value] = parts[..] else { panic!("bad line {line}") };
        let (our_kind, our_value) = match std::panic::catch_unwind(|| evaluate(text)) {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => ("!".to_owned(), error.condition().to_owned()),
            Err(_) => ("panic".into(), String::new()),
        };
        let same = our_kind == kind && agree(kind, &our_value, value);
        if same == missing.contains(&text) {
            wrong.push(format!("{text}\n    spark {kind} {value}\n    ours  {our_kind} {our_value}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ (or are said to, but do not):\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn expressions_give_what_spark_gives() {
    compare(include_str!("../tests/expressions.tsv"), include_str!("../tests/missing.txt"), evaluate);
}

#[test]
fn aggregates_give_what_spark_gives() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runtime = std::panic::AssertUnwindSafe(runtime);
    compare(include_str!("../tests/aggregates.tsv"), include_str!("../tests/missing.txt"), |text| {
        runtime.block_on(aggregate(text))
    });
}

/// The rows `tests/record.py` calls `t`.
fn rows_of_t() -> RecordBatch {
    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array, StringArray,
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("g", Arc::new(StringArray::from(vec!["a", "a", "a", "a", "b", "c"]))),
        ("i", Arc::new(Int32Array::from(vec![Some(1), Some(2), Some(2), None, Some(7), None]))),
        ("l", Arc::new(Int64Array::from(vec![Some(10), Some(20), Some(20), None, Some(9_000_000_000), None]))),
        ("d", Arc::new(Float64Array::from(vec![Some(1.5), Some(2.5), Some(4.0), None, Some(-1.0), None]))),
        (
            "m",
            Arc::new(
                Decimal128Array::from(vec![Some(125), Some(250), Some(250), None, Some(10_033), None])
                    .with_precision_and_scale(5, 2)
                    .unwrap(),
            ),
        ),
        ("f", Arc::new(Float32Array::from(vec![Some(0.5), Some(1.5), None, None, Some(2.5), None]))),
        ("s", Arc::new(StringArray::from(vec![Some("x"), Some("y"), Some("y"), None, Some("z"), None]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), Some(true), None, Some(true), None]))),
        ("dt", Arc::new(Date32Array::from(vec![Some(18_262), Some(18_263), None, None, Some(18_261), None]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// An aggregate over `t`: of all rows, then per group.
async fn aggregate(text: &str) -> Result<(String, String)> {
    let settings = Settings::new("UTC");
    let parsed = parse_expression(text, SqlOptions { ansi: true, ..SqlOptions::default() })?;
    let ExprKind::Function(call) = &parsed.kind else { panic!("{text} is no call") };
    let batch = rows_of_t();
    let schema = batch.schema();
    let variables = schema.fields().iter().map(|field| {
        let kind = crate::types::from_arrow(field.data_type()).unwrap();
        (field.name().clone(), Typed::new(col(field.name()), kind, true))
    });
    let mut resolver = Resolver { context: context(&settings), variables: variables.collect(), count: 0 };
    let name = call.bare();
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        arguments.push(match &argument.kind {
            ExprKind::Star { .. } => crate::literal::literal(&emberflow_plan::tree::Literal::Int(1))?,
            _ => resolver.resolve(argument)?.0,
        });
    }
    let function = lookup(&name).ok_or_else(|| crate::registry::missing(&name))?;
    let Kind::Aggregate(build) = &function.kind else { panic!("{name} is no aggregate") };
    let texts = vec![String::new(); arguments.len()];
    let typed = build(Call {
        name: &name,
        arguments,
        texts,
        is_distinct: call.is_distinct,
        ignore_nulls: None,
        context: context(&settings),
    })?;
    let whole = run_aggregate(&batch, vec![], &typed).await?;
    let groups = run_aggregate(&batch, vec![col("g")], &typed).await?;
    assert_eq!(whole[0].1.data_type(), &to_arrow(&typed.data_type), "type of {text}");
    let cells: Vec<String> = whole.iter().chain(&groups).map(|(_, value)| cell(value, 0)).collect();
    Ok((typed.data_type.simple_string(), cells.join(" | ")))
}

async fn run_aggregate(batch: &RecordBatch, groups: Vec<Fusion>, typed: &Typed) -> Result<Vec<(String, ArrayRef)>> {
    let frame = datafusion::prelude::SessionContext::new().read_batch(batch.clone()).map_err(from_datafusion)?;
    let mut aggregates: Vec<Fusion> = Vec::new();
    let outer = typed.expr.clone().transform_down(|node| match node {
        Fusion::AggregateFunction(_) => {
            let name = format!("a{}", aggregates.len());
            aggregates.push(node.alias(&name));
            Ok(Transformed::new(col(name), true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    let mut selected = groups.clone();
    selected.push(outer.map_err(from_datafusion)?.data.alias("v"));
    let frame = frame.aggregate(groups.clone(), aggregates).and_then(|frame| frame.select(selected)).map_err(from_datafusion)?;
    let batches = frame.collect().await.map_err(from_datafusion)?;
    let mut found = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let group = if groups.is_empty() { String::new() } else { cell(batch.column(0), row) };
            found.push((group, batch.column(batch.num_columns() - 1).slice(row, 1)));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
