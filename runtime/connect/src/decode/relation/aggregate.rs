//! Grouping and aggregating.

use emberflow_base::{Error, Result};
use emberflow_plan::Expr;
use emberflow_plan::tree::{Aggregate, Grouping, RelationKind};

use crate::decode::{Decoder, bad_enum, literal};
use crate::proto;
use crate::proto::aggregate::GroupType;

impl<'a> Decoder<'a> {
    pub(super) fn aggregate(&self, message: &'a proto::Aggregate) -> Result<RelationKind> {
        let Some(input) = message.input.as_deref() else {
            return Err(Error::new("CONNECT_INVALID_PLAN.AGGREGATE_NEEDS_PLAN_INPUT"));
        };
        Ok(RelationKind::Aggregate(Aggregate {
            input: self.relation(input)?,
            grouping: self.grouping(message)?,
            aggregates: self.expressions(&message.aggregate_expressions)?,
            groupings_come_first: true,
        }))
    }

    fn grouping(&self, message: &'a proto::Aggregate) -> Result<Grouping> {
        let by = self.expressions(&message.grouping_expressions)?;
        match message.group_type() {
            GroupType::Groupby => Ok(Grouping::By(by)),
            GroupType::Rollup => Ok(Grouping::Rollup(by)),
            GroupType::Cube => Ok(Grouping::Cube(by)),
            GroupType::Pivot => self.pivot(message.pivot.as_ref(), by),
            GroupType::GroupingSets => {
                let sets = message.grouping_sets.iter().map(|set| self.expressions(&set.grouping_set));
                Ok(Grouping::Sets { by, sets: sets.collect::<Result<_>>()? })
            }
            GroupType::Unspecified => Err(bad_enum("spark.connect.Aggregate", "group_type", message.group_type)),
        }
    }

    /// No values: all that occur.
    fn pivot(&self, pivot: Option<&'a proto::aggregate::Pivot>, by: Vec<Expr>) -> Result<Grouping> {
        let Some(pivot) = pivot else {
            return Err(Error::new("CONNECT_INVALID_PLAN.AGGREGATE_WITH_PIVOT_REQUIRES_PIVOT"));
        };
        let column = self.needed(pivot.col.as_ref(), "Aggregate.Pivot", "col")?;
        let values = pivot.values.iter().map(|value| Ok(Expr::literal(literal::literal(value)?)));
        let values: Vec<Expr> = values.collect::<Result<_>>()?;
        Ok(Grouping::Pivot { by, column, values: (!values.is_empty()).then_some(values) })
    }
}
