//! `describe`, `summary`, `cov`, `corr`: statistics as small relations of their own.

use std::sync::Arc;

use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::logical_expr::LogicalPlanBuilder;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;
use emberflow_plan::tree::{Aggregate, CastMode, Expr, ExprKind, Grouping, Literal, Relation, RelationKind};

use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

const DESCRIBED: &[&str] = &["count", "mean", "stddev", "min", "max"];
const SUMMARISED: &[&str] = &["count", "mean", "stddev", "min", "25%", "50%", "75%", "max"];

impl Resolver<'_> {
    pub(super) fn describe(&self, input: &Relation, columns: &[String], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let statistics: Vec<String> = DESCRIBED.iter().map(|name| (*name).to_owned()).collect();
        self.statistics(input, columns, &statistics, outer)
    }

    pub(super) fn summary(&self, input: &Relation, statistics: &[String], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let statistics: Vec<String> =
            if statistics.is_empty() { SUMMARISED.iter().map(|name| (*name).to_owned()).collect() } else { statistics.to_vec() };
        self.statistics(input, &[], &statistics, outer)
    }

    /// One row per statistic, every column as text; the whole input is read once.
    fn statistics(
        &self,
        input: &Relation,
        columns: &[String],
        statistics: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let scope = Scope::over(&resolved, outer, self.case_sensitive);
        let mut described: Vec<(String, DataType)> = Vec::new();
        if columns.is_empty() {
            for attribute in resolved.output.iter() {
                if attribute.data_type.is_numeric() || attribute.data_type.is_string() {
                    described.push((attribute.name.clone(), attribute.data_type.clone()));
                }
            }
        } else {
            for name in columns {
                let item = self.expression(&Expr::attribute([name.clone()]), &scope)?;
                described.push((name.clone(), item.typed.data_type));
            }
        }
        drop(scope);
        if statistics.is_empty() {
            return Err(Error::new("INVALID_PARAMETER_VALUE").text("summary needs at least one statistic."));
        }
        let list = |cells: Vec<Expr>| Expr::call("array", cells);
        let names = statistics.iter().map(|statistic| Expr::literal(Literal::String(statistic.clone()))).collect();
        let mut lists = vec![list(names).alias("summary")];
        for (name, data_type) in &described {
            let cells = statistics.iter().map(|statistic| Ok(text(cell(statistic, name, data_type)?)));
            lists.push(list(cells.collect::<Result<_>>()?).alias(name.clone()));
        }
        let one_row = Relation::new(RelationKind::Aggregate(Aggregate {
            input: input.clone(),
            grouping: Grouping::By(Vec::new()),
            aggregates: lists,
            groupings_come_first: false,
        }));
        self.spread_out(self.relation(&one_row, outer)?)
    }

    /// One row of lists of texts, all of one length, as rows of texts.
    fn spread_out(&self, lists: Resolved) -> Result<Resolved> {
        let lists = self.unique(&lists)?;
        let columns: Vec<Column> = lists.output.iter().map(|list| Column::new_unqualified(&list.column)).collect();
        let options = UnnestOptions::new().with_null_handling(NullHandling::Drop);
        let plan = LogicalPlanBuilder::from(lists.exact()?)
            .unnest_columns_with_options(columns, options)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let output = lists.output.iter().map(|list| {
            Arc::new(crate::attribute::Attribute { data_type: DataType::String, nullable: true, ..(**list).clone() })
        });
        Ok(Resolved::new(plan, output.collect()))
    }

    /// How often each pair of values occurs: a row per value of the first column, a column per value of the second.
    pub(super) fn crosstab(&self, input: &Relation, column1: &str, column2: &str, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let shown = |name: &str| {
            let parts = emberflow_plan::sql::parse_identifier(name).unwrap_or_else(|_| vec![name.to_owned()]);
            let null = Expr::literal(Literal::String("null".into()));
            Expr::call("coalesce", vec![text(Expr::attribute(parts)), null])
        };
        let (corner, header) = (format!("{column1}_{column2}"), "header".to_owned());
        let pairs = Relation::new(RelationKind::Project {
            input: Some(input.clone()),
            expressions: vec![shown(column1).alias(corner.clone()), shown(column2).alias(header.clone())],
        });
        let counts = Relation::new(RelationKind::Aggregate(Aggregate {
            input: pairs,
            grouping: Grouping::Pivot { by: vec![Expr::attribute([corner])], column: Expr::attribute([header]), values: None },
            aggregates: vec![Expr::call("count", vec![Expr::literal(Literal::Int(1))])],
            groupings_come_first: true,
        }));
        let filled = RelationKind::FillNa { input: counts, columns: Vec::new(), values: vec![Literal::Long(0)] };
        let resolved = self.relation(&Relation::new(filled), outer)?;
        let mut output = resolved.output.to_vec();
        if let Some(corner) = output.first_mut() {
            *corner = corner.as_nullable();
        }
        Ok(Resolved { output: output.into(), ..resolved })
    }

    pub(super) fn pair_statistic(
        &self,
        function: &str,
        name: &str,
        input: &Relation,
        column1: &str,
        column2: &str,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let column =
            |name: &str| Expr::attribute(emberflow_plan::sql::parse_identifier(name).unwrap_or_else(|_| vec![name.to_owned()]));
        let resolved = self.relation(input, outer)?;
        for side in [column1, column2] {
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            let data_type = self.expression(&column(side), &scope)?.typed.data_type;
            if !data_type.is_numeric() {
                return Err(super::sketches::required(format!(
                    "Currently {name} calculation for columns with dataType {} not supported.",
                    data_type.simple_string()
                )));
            }
        }
        let value = Expr::call(function, vec![column(column1), column(column2)]).alias(name);
        let relation = Relation::new(RelationKind::Aggregate(Aggregate {
            input: input.clone(),
            grouping: Grouping::By(Vec::new()),
            aggregates: vec![value],
            groupings_come_first: false,
        }));
        self.relation(&relation, outer)
    }
}

fn text(expr: Expr) -> Expr {
    Expr::new(ExprKind::Cast { expression: Box::new(expr), target: DataType::String, mode: CastMode::Session })
}

fn as_double(expr: Expr, mode: CastMode) -> Expr {
    Expr::new(ExprKind::Cast { expression: Box::new(expr), target: DataType::Double, mode })
}

fn cell(statistic: &str, name: &str, data_type: &DataType) -> Result<Expr> {
    let column = Expr::attribute([name.to_owned()]);
    let (numeric, is_decimal) = (data_type.is_numeric(), matches!(data_type, DataType::Decimal { .. }));
    let number = || if numeric { column.clone() } else { as_double(column.clone(), CastMode::Try) };
    let call = |function: &str, argument: Expr| Expr::call(function, vec![argument]);
    Ok(match statistic.to_lowercase().as_str() {
        "count" => call("count", column),
        "count_distinct" => {
            let mut call = emberflow_plan::tree::FunctionCall::named("count", vec![column]);
            call.is_distinct = true;
            Expr::new(ExprKind::Function(call))
        }
        "approx_count_distinct" => call("approx_count_distinct", column),
        "mean" => call("avg", number()),
        "stddev" => call("stddev", number()),
        "min" => call("min", column),
        "max" => call("max", column),
        percent if percent.ends_with('%') => {
            let share: f64 = percent[..percent.len() - 1].parse().map_err(|_| unknown(statistic))?;
            if !(0.0..=100.0).contains(&share) {
                return Err(super::sketches::required("Percentiles must be in the range [0, 1]".to_owned()));
            }
            // An element of decimals is told without the zeros of its scale, as doubles are.
            let measured = if is_decimal { as_double(column, CastMode::Session) } else { number() };
            Expr::call("percentile_approx", vec![measured, Expr::literal(Literal::Double(share / 100.0))])
        }
        _ => return Err(unknown(statistic)),
    })
}

fn unknown(statistic: &str) -> Error {
    Error::new("UNRECOGNIZED_STATISTIC")
        .with("stats", format!("'{statistic}'"))
        .exception_class(emberflow_base::Exception::IllegalArgument)
}
