//! Operators with two inputs.

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{AsOfJoin, Join, JoinCondition, JoinType, RelationKind, SetOpKind};

use crate::decode::{Decoder, bad_enum};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn join(&self, join: &'a proto::Join) -> Result<RelationKind> {
        let condition = match (&join.join_condition, join.using_columns.is_empty()) {
            (Some(_), false) => {
                return Err(Error::new("CONNECT_INVALID_PLAN.USING_COLUMNS_OR_JOIN_CONDITION_SET_IN_JOIN"));
            }
            (Some(condition), true) => JoinCondition::On(self.expression(condition)?),
            (None, false) => JoinCondition::Using(join.using_columns.clone()),
            (None, true) => JoinCondition::None,
        };
        Ok(RelationKind::Join(Join {
            left: self.input(join.left.as_deref(), "Join.left")?,
            right: self.input(join.right.as_deref(), "Join.right")?,
            join_type: join_type(join.join_type)?,
            condition,
            joined_structs: join.join_data_type.as_ref().map(|sides| (sides.is_left_struct, sides.is_right_struct)),
        }))
    }

    pub(super) fn lateral_join(&self, join: &'a proto::LateralJoin) -> Result<RelationKind> {
        Ok(RelationKind::LateralJoin {
            left: self.input(join.left.as_deref(), "LateralJoin.left")?,
            right: self.input(join.right.as_deref(), "LateralJoin.right")?,
            condition: self.optional(join.join_condition.as_ref())?,
            join_type: join_type(join.join_type)?,
        })
    }

    pub(super) fn as_of_join(&self, join: &'a proto::AsOfJoin) -> Result<RelationKind> {
        Ok(RelationKind::AsOfJoin(AsOfJoin {
            left: self.input(join.left.as_deref(), "AsOfJoin.left")?,
            right: self.input(join.right.as_deref(), "AsOfJoin.right")?,
            left_as_of: self.needed(join.left_as_of.as_ref(), "AsOfJoin", "left_as_of")?,
            right_as_of: self.needed(join.right_as_of.as_ref(), "AsOfJoin", "right_as_of")?,
            condition: self.optional(join.join_expr.as_ref())?,
            using: join.using_columns.clone(),
            join_type: join.join_type.clone(),
            tolerance: self.optional(join.tolerance.as_ref())?,
            allow_exact_matches: join.allow_exact_matches,
            direction: join.direction.clone(),
        }))
    }

    pub(super) fn set_op(&self, message: &'a proto::SetOperation) -> Result<RelationKind> {
        use proto::set_operation::SetOpType;
        let op = match message.set_op_type() {
            SetOpType::Union => SetOpKind::Union,
            SetOpType::Intersect => SetOpKind::Intersect,
            SetOpType::Except => SetOpKind::Except,
            SetOpType::Unspecified => {
                return Err(bad_enum("spark.connect.SetOperation", "set_op_type", message.set_op_type));
            }
        };
        let by_name = message.by_name();
        check_names(op, by_name, message.allow_missing_columns())?;
        let (Some(left), Some(right)) = (message.left_input.as_deref(), message.right_input.as_deref()) else {
            return Err(Error::new("CONNECT_INVALID_PLAN.SET_OPERATION_MUST_HAVE_TWO_INPUTS"));
        };
        Ok(RelationKind::SetOp {
            op,
            left: self.relation(left)?,
            right: self.relation(right)?,
            is_all: message.is_all(),
            by_name,
            allow_missing_columns: message.allow_missing_columns(),
        })
    }
}

fn check_names(op: SetOpKind, by_name: bool, allow_missing_columns: bool) -> Result<()> {
    let wrong = match (op, by_name) {
        (SetOpKind::Except, true) => "EXCEPT_DOES_NOT_SUPPORT_UNION_BY_NAME",
        (SetOpKind::Intersect, true) => "INTERSECT_DOES_NOT_SUPPORT_UNION_BY_NAME",
        (SetOpKind::Union, false) if allow_missing_columns => "UNION_BY_NAME_ALLOW_MISSING_COL_REQUIRES_BY_NAME",
        _ => return Ok(()),
    };
    Err(Error::new(format!("CONNECT_INVALID_PLAN.{wrong}")))
}

fn join_type(number: i32) -> Result<JoinType> {
    use proto::join::JoinType as Kind;
    match Kind::try_from(number) {
        Ok(Kind::Inner) => Ok(JoinType::Inner),
        Ok(Kind::FullOuter) => Ok(JoinType::FullOuter),
        Ok(Kind::LeftOuter) => Ok(JoinType::LeftOuter),
        Ok(Kind::RightOuter) => Ok(JoinType::RightOuter),
        Ok(Kind::LeftAnti) => Ok(JoinType::LeftAnti),
        Ok(Kind::LeftSemi) => Ok(JoinType::LeftSemi),
        Ok(Kind::Cross) => Ok(JoinType::Cross),
        Ok(Kind::Unspecified) | Err(_) => Err(bad_enum("spark.connect.Join", "join_type", number)),
    }
}
