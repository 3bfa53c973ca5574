//! `sample`, `randomSplit`, `sampleBy`: the rows Spark would take for the same seed and the same partitions.

use datafusion::logical_expr::expr::Sort;
use emberflow_base::Result;
use emberflow_functions::partitioned::Sampling;
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, ExprKind, Literal, Relation, RelationKind};

use crate::node::{Operation, PartitionNode};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

/// What `sample` asks for.
pub(super) struct Sample {
    pub lower: f64,
    pub upper: f64,
    pub with_replacement: bool,
    pub seed: Option<i64>,
    /// Partitions are sorted first, so that several samples of one split agree about who is where.
    pub deterministic_order: bool,
}

impl Resolver<'_> {
    pub(super) fn sample(&self, input: &Relation, sample: &Sample, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let Sample { lower, upper, with_replacement, seed, deterministic_order } = *sample;
        const ROUNDING: f64 = 1e-6;
        let fraction = upper - lower;
        if fraction < -ROUNDING || (!with_replacement && fraction > 1.0 + ROUNDING) {
            return Err(super::sketches::required(match with_replacement {
                true => format!("Sampling fraction ({fraction:?}) must be nonnegative with replacement"),
                false => format!("Sampling fraction ({fraction:?}) must be on interval [0, 1] without replacement"),
            }));
        }
        let resolved = self.relation(input, outer)?;
        let mut plan = resolved.plan.clone();
        if deterministic_order {
            let orders: Vec<Sort> = resolved
                .output
                .iter()
                .filter(|attribute| is_orderable(&attribute.data_type))
                .map(|attribute| Sort::new(attribute.expr(), true, true))
                .collect();
            if !orders.is_empty() {
                plan = PartitionNode::plan(plan, Operation::SortWithin(orders))?;
            }
        }
        let seed = seed.unwrap_or_else(|| self.environment.now_micros());
        let sampling = Sampling { lower, upper, with_replacement, seed };
        let plan = PartitionNode::plan(plan, Operation::Sample(sampling))?;
        Ok(Resolved { plan, aggregated: None, ..resolved })
    }

    /// Each stratum has a fraction of its own; those not named have none.
    pub(super) fn sample_by(
        &self,
        input: &Relation,
        column: &Expr,
        fractions: &[(Literal, f64)],
        seed: Option<i64>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let seed = seed.unwrap_or_else(|| self.environment.now_micros());
        let branches = fractions.iter().map(|(stratum, fraction)| {
            let is_it = Expr::call("<=>", vec![column.clone(), Expr::literal(stratum.clone())]);
            (is_it, Expr::literal(Literal::Double(*fraction)))
        });
        let fraction = match fractions.is_empty() {
            true => Expr::literal(Literal::Double(0.0)),
            false => Expr::new(ExprKind::Case {
                operand: None,
                branches: branches.collect(),
                otherwise: Some(Box::new(Expr::literal(Literal::Double(0.0)))),
            }),
        };
        let drawn = Expr::call("rand", vec![Expr::literal(Literal::Long(seed))]);
        let condition = Expr::call("<", vec![drawn, fraction]);
        self.relation(&Relation::new(RelationKind::Filter { input: input.clone(), condition }), outer)
    }
}

/// Maps, and what holds one, have no order.
pub(super) fn is_orderable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map { .. } | DataType::Variant | DataType::CalendarInterval => false,
        DataType::Array { element, .. } => is_orderable(element),
        DataType::Struct(schema) => schema.fields.iter().all(|field| is_orderable(&field.data_type)),
        DataType::Udt { sql_type, .. } => is_orderable(sql_type),
        _ => true,
    }
}
