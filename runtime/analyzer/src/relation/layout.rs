//! How rows lie in partitions: `repartition`, `coalesce`, `repartitionByRange`, and hints.
//!
//!     repartition(n)         each row gets the number of its partition as a column, by turns ──► Shuffle
//!     repartition(n, keys)   ... pmod(hash(keys), n), Spark's own hash                       ──► Shuffle
//!     repartitionByRange     ... the number of its range in a total order                    ──► Shuffle
//!     coalesce(n)            neighbouring partitions become one; nothing moves

use datafusion::logical_expr::Expr as Physical;
use datafusion::logical_expr::expr::Sort;
use emberflow_base::{Error, Result};
use emberflow_functions::partitioned::PartitionValue;
use emberflow_functions::{cast, collation};
use emberflow_plan::tree::{Expr, ExprKind, Literal, NullOrder, Relation, SortDirection, SortOrder};

use crate::expression::Item;
use crate::node::{JoinStrategy, Operation, PartitionNode};
use crate::resolved::{Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    pub(super) fn repartition(
        &self,
        input: &Relation,
        partitions: i32,
        shuffle: bool,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let partitions = partition_count(partitions)?;
        let resolved = self.relation(input, outer)?;
        if shuffle { self.dealt(resolved, partitions) } else { coalesced(resolved, partitions) }
    }

    pub(super) fn repartition_by(
        &self,
        input: &Relation,
        expressions: &[Expr],
        partitions: Option<i32>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let partitions = partitions.map_or(Ok(cores()), partition_count)?;
        let resolved = self.relation(input, outer)?;
        self.parted(resolved, expressions, partitions, outer)
    }

    fn parted(&self, resolved: Resolved, expressions: &[Expr], partitions: usize, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let orders: Vec<&SortOrder> = expressions
            .iter()
            .filter_map(|expression| match &expression.kind {
                ExprKind::SortOrder(order) => Some(&**order),
                _ => None,
            })
            .collect();
        match expressions {
            [] => self.dealt(resolved, partitions),
            _ if orders.is_empty() => self.hashed(resolved, expressions, partitions, outer),
            _ if orders.len() == expressions.len() => self.ranged(resolved, &orders, partitions, outer),
            _ => Err(Error::new("INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED")
                .text("Partitioning expressions are all ordered (by range), or none is (by hash).")),
        }
    }

    /// Rows in turn, as many to each partition.
    fn dealt(&self, resolved: Resolved, partitions: usize) -> Result<Resolved> {
        let column = self.fresh_column("turn");
        let turns = Operation::Values(vec![(column.clone(), PartitionValue::Turn(partitions))]);
        let plan = PartitionNode::plan(resolved.plan.clone(), turns)?;
        shuffled(resolved, plan, column, partitions)
    }

    /// Equal keys into one partition: the one Spark's hash says.
    fn hashed(&self, resolved: Resolved, keys: &[Expr], partitions: usize, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let number = {
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            let number = match keys {
                [Expr { kind: ExprKind::DirectPartition(number), .. }] => self.expression(number, &scope)?,
                keys => {
                    let keyed = |item: Item| Ok(Item { typed: collation::key(item.typed)?, ..item });
                    let keys = keys.iter().map(|key| self.expression(key, &scope).and_then(keyed));
                    self.operator("hash", keys.collect::<Result<_>>()?)?
                }
            };
            let constant = |number| self.expression(&Expr::literal(Literal::Int(number)), &scope);
            let number = self.operator("pmod", vec![number, constant(partitions as i32)?])?;
            let number = self.operator("coalesce", vec![number, constant(0)?])?;
            let context = self.context();
            cast::cast(number.typed, &emberflow_plan::DataType::Int, context.mode(), &context)?.expr
        };
        let column = self.fresh_column("partition");
        let (plan, number) = self.with_partition_values_of(resolved.plan.clone(), number)?;
        let mut columns: Vec<Physical> = resolved.plan.schema().columns().into_iter().map(Physical::Column).collect();
        columns.push(number.alias(&column));
        shuffled(resolved, project(plan, columns)?, column, partitions)
    }

    /// Every partition holds one range of a total order; equal keys stay together.
    fn ranged(
        &self,
        resolved: Resolved,
        orders: &[&SortOrder],
        partitions: usize,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let sorts = {
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            let sort = |order: &&SortOrder| {
                let key = collation::key(self.expression(&order.child, &scope)?.typed)?;
                Ok(crate::expression::sort(key.expr, order))
            };
            orders.iter().map(sort).collect::<Result<Vec<Sort>>>()?
        };
        let column = self.fresh_column("range");
        let (plan, orders) = self.sort_keys(resolved.plan.clone(), sorts)?;
        let plan = PartitionNode::plan(plan, Operation::Ranges { column: column.clone(), partitions, orders })?;
        shuffled(resolved, plan, column, partitions)
    }

    /// Hints about partitions are carried out; those about joins decide how the join above, or that of the relations they
    /// name, is done. Names nobody knows are warned about, as in Spark.
    pub(super) fn hint(&self, input: &Relation, name: &str, parameters: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        if let Some(strategy) = JoinStrategy::named(name) {
            if parameters.is_empty() {
                return joined_so(self.relation(input, outer)?, strategy);
            }
            let named = parameters.iter().map(as_column).filter_map(|parameter| match parameter.kind {
                ExprKind::Attribute { parts, .. } => Some((parts, strategy)),
                _ => None,
            });
            let hints = self.join_hints().into_iter().chain(named).collect();
            return self.with_join_hints(hints, || self.relation(input, outer));
        }
        let resolved = self.relation(input, outer)?;
        let wanted = || -> Result<(Option<usize>, Vec<Expr>)> {
            let (count, rest) = match parameters {
                [Expr { kind: ExprKind::Literal(count), .. }, rest @ ..] if !matches!(count, Literal::String(_)) => {
                    (Some(hint_count(count)?), rest)
                }
                rest => (None, rest),
            };
            if let Some(wrong) = rest.iter().find(|parameter| !is_column(parameter)) {
                let (hint, wrong) = (name.to_uppercase(), self.expression(wrong, &Scope::empty(outer, self.case_sensitive))?);
                return Err(Error::new("_LEGACY_ERROR_TEMP_1047")
                    .with("hintName", &hint)
                    .with("invalidParams", format!("\"{}\"", wrong.text))
                    .text(format!("{hint} Hint parameter should include columns, but \"{}\" found.", wrong.text)));
            }
            Ok((count, rest.iter().map(as_column).collect()))
        };
        match name.to_lowercase().as_str() {
            "coalesce" => match wanted()? {
                (Some(partitions), rest) if rest.is_empty() => coalesced(resolved, partitions),
                _ => Err(Error::new("_LEGACY_ERROR_TEMP_1048")
                    .with("hintName", "COALESCE")
                    .text("COALESCE Hint expects a partition number as a parameter")),
            },
            "repartition" => match wanted()? {
                (None, keys) if keys.is_empty() => {
                    Err(invalid_hint("REPARTITION Hint expects a partition number, or columns, or both"))
                }
                (count, keys) => self.parted(resolved, &keys, count.unwrap_or_else(cores), outer),
            },
            "repartition_by_range" => match wanted()? {
                (_, keys) if keys.is_empty() => Err(invalid_hint("REPARTITION_BY_RANGE Hint expects columns")),
                (count, keys) => {
                    let keys: Vec<Expr> = keys.into_iter().map(ascending).collect();
                    self.parted(resolved, &keys, count.unwrap_or_else(cores), outer)
                }
            },
            "rebalance" => {
                let (count, keys) = wanted()?;
                self.parted(resolved, &keys, count.unwrap_or_else(cores), outer)
            }
            _ => {
                tracing::warn!("Unrecognized hint: {name}");
                Ok(resolved)
            }
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `resolved`, whose join is done with `strategy`.
pub(super) fn joined_so(resolved: Resolved, strategy: JoinStrategy) -> Result<Resolved> {
    let plan = PartitionNode::plan(resolved.plan.clone(), Operation::Join(strategy))?;
    Ok(resolved.with_plan(plan))
}

/// Hints name columns as columns or as texts.
fn as_column(parameter: &Expr) -> Expr {
    match &parameter.kind {
        ExprKind::Literal(Literal::String(name)) => {
            let parts = emberflow_plan::sql::parse_identifier(name).unwrap_or_else(|_| vec![name.clone()]);
            Expr::attribute(parts).with_origin(parameter.origin.clone())
        }
        _ => parameter.clone(),
    }
}

fn is_column(parameter: &Expr) -> bool {
    matches!(
        parameter.kind,
        ExprKind::Attribute { .. }
            | ExprKind::Literal(Literal::String(_))
            | ExprKind::SortOrder(_)
            | ExprKind::ExtractValue { .. }
    )
}

fn ascending(child: Expr) -> Expr {
    match child.kind {
        ExprKind::SortOrder(_) => child,
        _ => Expr::new(ExprKind::SortOrder(Box::new(SortOrder {
            child,
            direction: SortDirection::Ascending,
            nulls: NullOrder::First,
        }))),
    }
}

fn hint_count(count: &Literal) -> Result<usize> {
    match count {
        Literal::Int(count) => partition_count(*count),
        Literal::Short(count) => partition_count(i32::from(*count)),
        Literal::Byte(count) => partition_count(i32::from(*count)),
        _ => Err(invalid_hint("Hints about partitions expect a number of partitions first")),
    }
}

fn invalid_hint(why: &str) -> Error {
    Error::new("INVALID_PARAMETER_VALUE").text(format!("{why}."))
}

fn partition_count(partitions: i32) -> Result<usize> {
    usize::try_from(partitions).ok().filter(|count| *count > 0).ok_or_else(|| {
        Error::new("INVALID_PARTITION_COUNT").text(format!("The number of partitions must be positive, not {partitions}."))
    })
}

fn coalesced(resolved: Resolved, partitions: usize) -> Result<Resolved> {
    let plan = PartitionNode::plan(resolved.plan.clone(), Operation::Coalesce { partitions })?;
    Ok(Resolved { plan, aggregated: None, ..resolved })
}

/// `resolved` from `plan`, whose rows go where `column` says.
fn shuffled(
    resolved: Resolved,
    plan: datafusion::logical_expr::LogicalPlan,
    column: String,
    partitions: usize,
) -> Result<Resolved> {
    let plan = PartitionNode::plan(plan, Operation::Shuffle { column, partitions })?;
    Ok(Resolved { plan, aggregated: None, ..resolved })
}
