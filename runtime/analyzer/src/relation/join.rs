//! Joins of two relations.
//!
//! With USING (or NATURAL) the keys come out once: from the left, from the right for a right join, whichever is there for
//! a full one; the side's own keys stay reachable by their qualifier.

use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr as Physical, JoinConstraint, JoinType as Lowered, LogicalPlan, Operator};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::{Typed, cast, coerce, collation};
use emberflow_plan::tree::{Join, JoinCondition, JoinType, Origin, Relation};

use crate::attribute::{Attr, same_name};
use crate::expression::named_struct;
use crate::resolved::{Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::{self, quoted_name};

impl Resolver<'_> {
    pub(super) fn join(&self, join: &Join, origin: &Origin, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let left = self.relation(&join.left, outer)?;
        let right = self.relation(&join.right, outer)?;
        if let Some((left_struct, right_struct)) = join.joined_structs {
            let (left, left_ids) = self.packed(left, left_struct, "_1")?;
            let (right, right_ids) = self.packed(right, right_struct, "_2")?;
            return self.join_on(left, left_ids, right, right_ids, join, origin, outer);
        }
        match &join.condition {
            JoinCondition::Using(names) => self.join_using(left, right, join.join_type, names, &join.left, &join.right),
            JoinCondition::Natural => {
                let names: Vec<String> = left
                    .output
                    .iter()
                    .filter(|attribute| {
                        right.output.iter().any(|other| same_name(&attribute.name, &other.name, self.case_sensitive))
                    })
                    .map(|attribute| attribute.name.clone())
                    .collect();
                self.join_using(left, right, join.join_type, &names, &join.left, &join.right)
            }
            JoinCondition::On(_) | JoinCondition::None => self.join_on(left, None, right, None, join, origin, outer),
        }
    }

    /// `joinWith`: a side's row becomes one struct column; the condition still sees the row's own columns.
    fn packed(&self, side: Resolved, as_struct: bool, name: &str) -> Result<(Resolved, Option<Arc<[Attr]>>)> {
        let before = Arc::clone(&side.output);
        let typed = if as_struct || side.output.len() != 1 {
            named_struct(side.output.iter().map(|attribute| (attribute.name.clone(), attribute.typed())).collect(), None)?
        } else {
            side.output[0].typed()
        };
        let attribute = self.attribute_for(name, &typed, None);
        let mut columns: Vec<Physical> = side.plan.schema().columns().into_iter().map(Physical::Column).collect();
        columns.push(typed.expr.alias(&attribute.column));
        let plan = project(side.plan.clone(), columns)?;
        Ok((Resolved { plan, output: vec![attribute].into(), ..side }, Some(before)))
    }

    #[expect(clippy::too_many_arguments, reason = "what a join is made of")]
    fn join_on(
        &self,
        left: Resolved,
        left_columns: Option<Arc<[Attr]>>,
        right: Resolved,
        right_columns: Option<Arc<[Attr]>>,
        join: &Join,
        origin: &Origin,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let condition = match &join.condition {
            JoinCondition::On(condition) => {
                let mut scope = Scope::over_both(&left, &right, outer, self.case_sensitive);
                for columns in [&left_columns, &right_columns].into_iter().flatten() {
                    scope.columns.extend(columns.iter().cloned());
                }
                let place = if origin.is_some() { origin } else { &condition.origin };
                let item = self.expression(condition, &scope)?;
                let condition = self.as_condition(item, "JOIN").map_err(|error| suggest::at(error, place))?;
                if crate::aggregate::has_aggregate(&condition) {
                    let JoinCondition::On(written) = &join.condition else { return Err(Error::internal("a condition got lost")) };
                    let called = crate::expression::written_aggregates(written)
                        .into_iter()
                        .map(|call| Ok(format!("\"{}\"", self.expression(call, &scope)?.text)));
                    let called = called.collect::<Result<Vec<_>>>()?.join(", ");
                    return Err(Error::new("UNSUPPORTED_EXPR_FOR_OPERATOR").with("invalidExprSqls", called));
                }
                Some(condition)
            }
            _ => None,
        };
        let plan = self.lowered_join(&left, &right, join.join_type, condition)?;
        Ok(self.joined(left, right, join.join_type, plan))
    }

    /// The DataFusion join; equalities between the sides become its keys.
    pub(crate) fn lowered_join(
        &self,
        left: &Resolved,
        right: &Resolved,
        join_type: JoinType,
        condition: Option<Physical>,
    ) -> Result<LogicalPlan> {
        let kind = match join_type {
            JoinType::Inner | JoinType::Cross => Lowered::Inner,
            JoinType::FullOuter => Lowered::Full,
            JoinType::LeftOuter => Lowered::Left,
            JoinType::RightOuter => Lowered::Right,
            JoinType::LeftSemi => Lowered::LeftSemi,
            JoinType::LeftAnti => Lowered::LeftAnti,
        };
        let (mut on, mut rest) = (Vec::new(), Vec::new());
        for part in condition.map(split_conjunction_owned).unwrap_or_default() {
            match equality(part, left, right) {
                Ok(keys) => on.push(keys),
                Err(part) => rest.push(*part),
            }
        }
        datafusion::logical_expr::Join::try_new(
            Arc::new(left.plan.clone()),
            Arc::new(right.plan.clone()),
            on,
            conjunction(rest),
            kind,
            JoinConstraint::On,
            NullEquality::NullEqualsNothing,
            false,
        )
        .map(LogicalPlan::Join)
        .map_err(from_datafusion)
    }

    fn joined(&self, left: Resolved, right: Resolved, join_type: JoinType, plan: LogicalPlan) -> Resolved {
        let mut output: Vec<Attr> = Vec::with_capacity(left.output.len() + right.output.len());
        let (left_null, right_null) = outer_sides(join_type);
        output
            .extend(left.output.iter().map(|attribute| if left_null { attribute.as_nullable() } else { Arc::clone(attribute) }));
        let mut qualified_only = left.qualified_only;
        let mut plan_ids = left.plan_ids;
        if !matches!(join_type, JoinType::LeftSemi | JoinType::LeftAnti) {
            output.extend(
                right.output.iter().map(|attribute| if right_null { attribute.as_nullable() } else { Arc::clone(attribute) }),
            );
            qualified_only.extend(right.qualified_only);
        }
        for (plan_id, columns) in right.plan_ids {
            plan_ids.entry(plan_id).or_default().extend(columns);
        }
        let mut metadata = left.metadata;
        if !matches!(join_type, JoinType::LeftSemi | JoinType::LeftAnti) {
            metadata.extend(right.metadata);
        }
        // A join passes on what its sides have.
        metadata.retain(|attribute| plan.schema().has_column_with_unqualified_name(&attribute.column));
        Resolved { plan_ids, qualified_only, metadata, ..Resolved::new(plan, output) }
    }

    fn join_using(
        &self,
        left: Resolved,
        right: Resolved,
        join_type: JoinType,
        names: &[String],
        left_relation: &Relation,
        right_relation: &Relation,
    ) -> Result<Resolved> {
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            let left_key = self.using_key(&left, name, "left", left_relation)?;
            let right_key = self.using_key(&right, name, "right", right_relation)?;
            keys.push((left_key, right_key));
        }
        let context = self.context();
        let mut condition: Option<Physical> = None;
        for (left_key, right_key) in &keys {
            let said = format!("({} = {})", left_key.name, right_key.name);
            let (one, two) = collation::settled_pair(left_key.typed(), right_key.typed(), &said)?;
            let common = coerce::wider_type(&one.data_type, &two.data_type, context.ansi).ok_or_else(|| {
                Error::new("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES")
                    .with("sqlExpr", format!("\"{said}\""))
                    .with("left", left_key.data_type.quoted())
                    .with("right", right_key.data_type.quoted())
            })?;
            let key = |side| cast::cast(side, &common, context.mode(), &context).and_then(collation::key);
            let equal = Physical::BinaryExpr(BinaryExpr::new(Box::new(key(one)?.expr), Operator::Eq, Box::new(key(two)?.expr)));
            condition = Some(match condition {
                Some(before) => before.and(equal),
                None => equal,
            });
        }
        let plan = self.lowered_join(&left, &right, join_type, condition)?;
        let joined = self.joined(left.clone(), right.clone(), join_type, plan);
        if matches!(join_type, JoinType::LeftSemi | JoinType::LeftAnti) {
            let place = |attribute: &Attr| keys.iter().position(|(key, _)| key.column == attribute.column);
            let mut output = joined.output.to_vec();
            output.sort_by_key(|attribute| place(attribute).unwrap_or(keys.len()));
            return Ok(Resolved { output: output.into(), ..joined });
        }
        self.keys_once(joined, &left, &right, join_type, keys)
    }

    /// Moves the keys to the front, once each.
    fn keys_once(
        &self,
        joined: Resolved,
        left: &Resolved,
        right: &Resolved,
        join_type: JoinType,
        keys: Vec<(Attr, Attr)>,
    ) -> Result<Resolved> {
        let current = |wanted: &Attr| joined.output.iter().find(|attribute| attribute.column == wanted.column).cloned();
        let is_key =
            |attribute: &Attr| keys.iter().any(|(one, two)| one.column == attribute.column || two.column == attribute.column);
        let mut output: Vec<Attr> = Vec::new();
        let mut qualified_only = joined.qualified_only.clone();
        let mut plan = joined.plan.clone();
        for (left_key, right_key) in &keys {
            let (Some(one), Some(two)) = (current(left_key), current(right_key)) else {
                return Err(Error::internal("a join lost its key"));
            };
            match join_type {
                JoinType::RightOuter => {
                    qualified_only.push(one.only_qualified());
                    output.push(two);
                }
                JoinType::FullOuter => {
                    let (typed, attribute) = self.either(&one, &two)?;
                    let mut columns: Vec<Physical> = plan.schema().columns().into_iter().map(Physical::Column).collect();
                    columns.push(typed.expr.alias(&attribute.column));
                    plan = project(plan, columns)?;
                    qualified_only.push(one.only_qualified());
                    qualified_only.push(two.only_qualified());
                    output.push(attribute);
                }
                _ => {
                    output.push(one);
                    qualified_only.push(two.only_qualified());
                }
            }
        }
        for side in [left, right] {
            output.extend(side.output.iter().filter(|attribute| !is_key(attribute)).filter_map(current));
        }
        let metadata = joined.nameless_metadata();
        Ok(Resolved { plan, output: output.into(), qualified_only, metadata, ..joined })
    }

    /// Whichever of two keys is there.
    fn either(&self, one: &Attr, two: &Attr) -> Result<(Typed, Attr)> {
        let context = self.context();
        let values = vec![one.typed(), two.typed()];
        let Some((values, data_type)) = coerce::to_common_type(values, &context)? else {
            return Err(Error::internal("keys of a join have no common type"));
        };
        let expr = datafusion::functions::core::expr_fn::coalesce(values.into_iter().map(|typed| typed.expr).collect());
        let typed = Typed::new(expr, data_type, one.nullable && two.nullable);
        let attribute = self.attribute_for(&one.name, &typed, None);
        Ok((typed, attribute))
    }

    fn using_key(&self, side: &Resolved, name: &str, which: &str, relation: &Relation) -> Result<Attr> {
        let mut matching = side.output.iter().filter(|attribute| same_name(&attribute.name, name, self.case_sensitive));
        let Some(attribute) = matching.next() else {
            let mut known: Vec<String> =
                side.output.iter().map(|attribute| quoted_name(std::slice::from_ref(&attribute.name))).collect();
            known.sort();
            let error = Error::new("UNRESOLVED_USING_COLUMN_FOR_JOIN")
                .with("colName", quoted_name(&[name.to_owned()]))
                .with("side", which)
                .with("suggestion", known.join(", "));
            return Err(suggest::at(error, &relation.origin));
        };
        let others: Vec<Attr> = matching.cloned().collect();
        if others.iter().any(|other| other.column != attribute.column) {
            let mut all = vec![Arc::clone(attribute)];
            all.extend(others);
            return Err(suggest::ambiguous(&[name.to_owned()], &all, &None));
        }
        Ok(Arc::clone(attribute))
    }
}

/// Which sides of a join may come out null.
pub(crate) fn outer_sides(join_type: JoinType) -> (bool, bool) {
    match join_type {
        JoinType::FullOuter => (true, true),
        JoinType::LeftOuter => (false, true),
        JoinType::RightOuter => (true, false),
        _ => (false, false),
    }
}

/// `left expression = right expression` as a pair of join keys, or the condition back.
fn equality(part: Physical, left: &Resolved, right: &Resolved) -> std::result::Result<(Physical, Physical), Box<Physical>> {
    let belongs = |expr: &Physical, side: &Resolved| {
        let columns = expr.column_refs();
        !columns.is_empty() && columns.iter().all(|column| side.plan.schema().has_column(column))
    };
    match part {
        Physical::BinaryExpr(BinaryExpr { left: one, op: Operator::Eq, right: two }) => {
            if belongs(&one, left) && belongs(&two, right) {
                Ok((*one, *two))
            } else if belongs(&one, right) && belongs(&two, left) {
                Ok((*two, *one))
            } else {
                Err(Box::new(Physical::BinaryExpr(BinaryExpr { left: one, op: Operator::Eq, right: two })))
            }
        }
        other => Err(Box::new(other)),
    }
}
