//! Expressions and what a real Apache Spark answers to them: type, nullability, value or error.
//!
//!     tests/facts/*.txt ──► SQL parser ──► registry, casts ──► DataFusion ──► cell ──► compared line by line
//!
//! `tests/facts/record.py` writes the answers. A line that is known to differ stands in `KNOWN` with its reason; one that
//! has come to agree must leave it. Begin at [`check`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::common::DFSchema;
use datafusion::prelude::SessionContext;
use emberflow_base::{Error, Result, Settings};
use emberflow_functions::cast::{self, EvalMode};
use emberflow_functions::registry::{Kind, lookup};
use emberflow_functions::{Call, Context, Typed, errors, literal, pretty};
use emberflow_plan::sql::{SqlOptions, parse_expression};
use emberflow_plan::tree::{CastMode, Expr, ExprKind, FunctionCall, Literal};

/// Differences that are understood: the start of a line and why.
const KNOWN: &[(&str, &str)] = &[
    ("CAST('now' AS DATE)", "the day the answers were recorded"),
    ("CAST(3.4028235E38F AS STRING)", "the parser's matter"),
    ("CAST(1.0E23D AS STRING)", "JDK 17 does not print the shortest digits; later ones do, as we do"),
    ("CAST('01:02:03' AS TIME)", "Spark 4.2 hides TIME behind a setting"),
    ("1.5 > 1", "nullability: Spark folds the comparison with a whole number before it casts"),
    ("'abc' LIKE ANY ('x%', 'a%')", "nullability: Spark has a function of its own here"),
    ("'abc' LIKE ALL ('a%', '%c')", "nullability: Spark has a function of its own here"),
    ("CASE WHEN true THEN 1 ELSE 'a' END", "nullability: Spark sees that the first condition always holds"),
    ("CASE WHEN true THEN 1 ELSE '7' END", "nullability: Spark sees that the first condition always holds"),
    ("INTERVAL '1' YEAR + INTERVAL '2' DAY", "Spark names its inner call in the error"),
];

struct Resolver<'a> {
    context: Context<'a>,
}

impl Resolver<'_> {
    fn expression(&self, expr: &Expr) -> Result<(Typed, String)> {
        match &expr.kind {
            ExprKind::Literal(value) => Ok((literal(value)?, text(value))),
            ExprKind::Function(call) => self.call(call),
            ExprKind::Alias { expression, .. } => self.expression(expression),
            ExprKind::Cast { expression, target, mode: CastMode::Ansi } if target.is_datetime() => {
                let ExprKind::Literal(Literal::String(text)) = &expression.kind else {
                    return Err(Error::unsupported("a typed literal of something else than text"));
                };
                Ok((cast::datetime_literal(text, target, &self.context)?, format!("{} '{text}'", target.sql())))
            }
            ExprKind::Cast { expression, target, mode } => {
                let (inner, inner_text) = self.expression(expression)?;
                let mode = match mode {
                    CastMode::Session => self.context.mode(),
                    CastMode::Ansi => EvalMode::Ansi,
                    CastMode::Legacy => EvalMode::Legacy,
                    CastMode::Try => EvalMode::Try,
                };
                cast::check_cast(&inner_text, &inner.data_type, target, mode)?;
                let word = if mode == EvalMode::Try { "TRY_CAST" } else { "CAST" };
                let text = format!("{word}({inner_text} AS {})", target.sql());
                Ok((cast::cast(inner, target, mode, &self.context)?, text))
            }
            ExprKind::Case { operand, branches, otherwise } => {
                let mut arguments = Vec::new();
                for (condition, value) in branches {
                    arguments.push(match operand {
                        Some(operand) => Expr::call("=", vec![operand.as_ref().clone(), condition.clone()]),
                        None => condition.clone(),
                    });
                    arguments.push(value.clone());
                }
                arguments.extend(otherwise.iter().map(|value| value.as_ref().clone()));
                self.call(&FunctionCall::named("when", arguments))
            }
            ExprKind::Attribute { parts, .. } => Err(Error::new("UNRESOLVED_COLUMN").with("objectName", parts.join("."))),
            other => Err(Error::unsupported(format!("{other:?}"))),
        }
    }

    fn call(&self, call: &FunctionCall) -> Result<(Typed, String)> {
        let name = call.bare();
        let function = lookup(&name).ok_or_else(|| Error::new("UNRESOLVED_ROUTINE").with("routineName", &name))?;
        let pairs = call.arguments.iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>>>()?;
        let (arguments, texts): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let text = function.display.map_or_else(|| format!("{name}({})", texts.join(", ")), |display| display(&texts));
        let Kind::Scalar(build) = function.kind else { return Err(Error::unsupported("only scalar functions here")) };
        let call = Call { name: &name, arguments, texts, is_distinct: false, ignore_nulls: None, context: self.context };
        Ok((build(call)?, text))
    }
}

fn text(value: &Literal) -> String {
    let typed = literal(value).unwrap();
    let shown = show(&typed, "UTC").unwrap_or_else(|error| error.to_string());
    match value {
        Literal::Date(_) => format!("DATE '{shown}'"),
        Literal::Timestamp(_) => format!("TIMESTAMP '{shown}'"),
        _ => shown,
    }
}

/// Runs an expression over one row, planned and simplified as in a query.
fn show(typed: &Typed, zone: &str) -> Result<String> {
    let session = SessionContext::new();
    let physical = session.create_physical_expr(typed.expr.clone(), &DFSchema::empty()).map_err(errors::from_datafusion)?;
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one_row).unwrap();
    let array = physical.evaluate(&batch).and_then(|value| value.into_array(1)).map_err(errors::from_datafusion)?;
    assert_eq!(
        *array.data_type(),
        emberflow_functions::types::to_arrow(&typed.data_type),
        "the Arrow type of {} is not that of its Spark type",
        typed.expr
    );
    Ok(pretty::pretty(&array, &typed.data_type, zone)?.value(0).to_owned())
}

fn answer(sql: &str, ansi: bool, zone: &str) -> String {
    let mut settings = Settings::new("UTC");
    settings.set("spark.sql.ansi.enabled", ansi.to_string()).unwrap();
    let context = Context {
        settings: &settings,
        ansi,
        time_zone: zone,
        now_micros: 1_764_000_000_000_000,
        user: "me",
        database: "default",
    };
    let resolver = Resolver { context };
    let options = SqlOptions { ansi, ..SqlOptions::default() };
    let resolved = parse_expression(sql, options).and_then(|expr| resolver.expression(&expr));
    let shown = resolved.and_then(|(typed, _)| {
        let shown = show(&typed, zone)?;
        let nullable = if typed.nullable { "null" } else { "not-null" };
        Ok(format!("{} {nullable} | {shown}", typed.data_type.simple_string()).trim_end().to_owned())
    });
    shown.unwrap_or_else(|error| {
        let parameters: BTreeMap<&str, &str> =
            error.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
        format!("! {} {{{}}}", error.condition(), parameters.join(", "))
    })
}

fn check(facts: &str) {
    let (mut ansi, mut zone) = (true, "UTC");
    let (mut wrong, mut right, mut healed) = (Vec::new(), 0, Vec::new());
    for line in facts.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(header) = line.strip_prefix("-- ") {
            let value = |key: &str| header.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            ansi = value("ansi").is_none_or(|value| value == "true");
            zone = value("zone").unwrap_or("UTC");
            continue;
        }
        let (sql, expected) = line.split_once(" => ").expect("a fact has an answer");
        let got = std::panic::catch_unwind(|| answer(sql, ansi, zone)).unwrap_or_else(|_| "panicked".into());
        let is_known = KNOWN.iter().any(|(start, _)| sql == *start);
        match (got == expected.trim_end(), is_known) {
            (true, false) => right += 1,
            (false, true) => {}
            (true, true) => healed.push(sql),
            (false, false) => wrong.push(format!("{sql}  (ansi={ansi} zone={zone})\n    spark: {expected}\n    ours:  {got}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), wrong.len() + right, wrong.join("\n"));
    assert!(healed.len() == KNOWN.len() || healed.is_empty() || right > 0, "these agree now: {healed:?}");
}

#[test]
fn casts_are_sparks() {
    check(include_str!("facts/cast.txt"));
}

#[test]
fn operators_are_sparks() {
    check(include_str!("facts/operators.txt"));
}
