//! `describe`, `summary`, `cov`, `corr`: statistics as small relations of their own.

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Aggregate, CastMode, Expr, ExprKind, Grouping, Literal, Relation, RelationKind, SetOpKind};

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
        let mut described: Vec<(String, bool)> = Vec::new();
        if columns.is_empty() {
            for attribute in resolved.output.iter() {
                if attribute.data_type.is_numeric() || attribute.data_type.is_string() {
                    described.push((attribute.name.clone(), attribute.data_type.is_numeric()));
                }
            }
        } else {
            for name in columns {
                let item = self.expression(&Expr::attribute([name.clone()]), &scope)?;
                described.push((name.clone(), item.typed.data_type.is_numeric()));
            }
        }
        drop(scope);
        let rows = statistics
            .iter()
            .map(|statistic| {
                let mut cells = vec![text(Expr::literal(Literal::String(statistic.clone()))).alias("summary")];
                for (name, numeric) in &described {
                    cells.push(text(cell(statistic, name, *numeric)?).alias(name.clone()));
                }
                Ok(cells)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut relation: Option<Relation> = None;
        for cells in rows {
            let row = Relation::new(RelationKind::Aggregate(Aggregate {
                input: input.clone(),
                grouping: Grouping::By(Vec::new()),
                aggregates: cells,
                groupings_come_first: false,
            }));
            relation = Some(match relation {
                None => row,
                Some(before) => Relation::new(RelationKind::SetOp {
                    op: SetOpKind::Union,
                    left: before,
                    right: row,
                    is_all: true,
                    by_name: false,
                    allow_missing_columns: false,
                }),
            });
        }
        match relation {
            Some(relation) => {
                let resolved = self.relation(&relation, outer)?;
                let output = resolved.output.iter().map(|attribute| attribute.as_nullable()).collect();
                Ok(Resolved { output, ..resolved })
            }
            None => Err(Error::new("INVALID_PARAMETER_VALUE").text("summary needs at least one statistic.")),
        }
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
        self.relation(&Relation::new(filled), outer)
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

fn cell(statistic: &str, name: &str, numeric: bool) -> Result<Expr> {
    let column = Expr::attribute([name.to_owned()]);
    let number = || {
        let mode = CastMode::Try;
        if numeric {
            column.clone()
        } else {
            Expr::new(ExprKind::Cast { expression: Box::new(column.clone()), target: DataType::Double, mode })
        }
    };
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
                return Err(Error::new("INVALID_PARAMETER_VALUE").text(format!("{percent} is not between 0% and 100%.")));
            }
            Expr::call("percentile_approx", vec![number(), Expr::literal(Literal::Double(share / 100.0))])
        }
        _ => return Err(unknown(statistic)),
    })
}

fn unknown(statistic: &str) -> Error {
    Error::new("INVALID_PARAMETER_VALUE").text(format!("`{statistic}` is not a statistic that summary knows."))
}
