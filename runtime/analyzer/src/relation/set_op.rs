//! UNION, INTERSECT, EXCEPT: by position or by name, types widened, names of the first input.
//!
//! A set operation is a boundary: its columns are new, so `a["c"]` is out of reach above `a.union(b)`.

use std::sync::Arc;

use datafusion::common::{Column, NullEquality};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{
    Expr as Physical, ExprFunctionExt, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, Union,
};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::{Typed, cast, coerce, collation, literal};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Relation, RelationKind, SetOpKind};

use super::distinct::distinct;
use crate::attribute::{Attr, same_name};
use crate::resolved::{PlanIds, Resolved, project};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::quoted_name;

impl Resolver<'_> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn set_op(
        &self,
        op: SetOpKind,
        left: &Relation,
        right: &Relation,
        is_all: bool,
        by_name: bool,
        allow_missing: bool,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        if op == SetOpKind::Union && is_all && !by_name {
            return self.union_chain(left, right, outer);
        }
        let left = self.relation(left, outer)?;
        let right = self.relation(right, outer)?;
        let (left, right) = if by_name { self.matched_by_name(left, right, allow_missing)? } else { (left, right) };
        let (left, right, output) = self.widened(op, left, right)?;
        if !(op == SetOpKind::Union && is_all) {
            super::distinct::refuse_maps(&output, |_| true)?;
        }
        let is_collated = output.iter().any(|attribute| attribute.data_type.is_collated());
        let plan = match (op, is_all) {
            (SetOpKind::Union, true) => union(left, right)?,
            (SetOpKind::Union, false) => distinct(union(left, right)?, &output)?,
            (SetOpKind::Intersect, false) if is_collated => self.matched(left, right, JoinType::LeftSemi, &output)?,
            (SetOpKind::Except, false) if is_collated => self.matched(left, right, JoinType::LeftAnti, &output)?,
            (SetOpKind::Intersect, false) => LogicalPlanBuilder::intersect(left, right, false).map_err(from_datafusion)?,
            (SetOpKind::Except, false) => LogicalPlanBuilder::except(left, right, false).map_err(from_datafusion)?,
            (SetOpKind::Intersect, true) => self.counted(left, right, JoinType::LeftSemi, &output)?,
            (SetOpKind::Except, true) => self.counted(left, right, JoinType::LeftAnti, &output)?,
        };
        Ok(Resolved { plan_ids: PlanIds::new(), ..Resolved::new(plan, output) })
    }

    /// A chain of UNION ALL is one union: a thousand of them must not make a plan a thousand levels deep.
    fn union_chain(&self, left: &Relation, right: &Relation, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let mut inputs = vec![right];
        let mut first = left;
        while let RelationKind::SetOp { op: SetOpKind::Union, left, right, is_all: true, by_name: false, .. } = &*first.kind
            && !self.environment.reads_kept()
        {
            inputs.push(right);
            first = left;
        }
        inputs.push(first);
        inputs.reverse();
        let inputs = inputs.into_iter().map(|input| self.relation(input, outer)).collect::<Result<Vec<_>>>()?;
        let unified = self.unified(&inputs)?;
        let plans = inputs
            .iter()
            .enumerate()
            .map(|(at, input)| {
                let columns = input.output.iter().zip(&unified);
                let columns = columns.map(|(attribute, column)| self.widened_step_by_step(attribute, at, column));
                project(input.plan.clone(), columns.collect::<Result<_>>()?).map(Arc::new)
            })
            .collect::<Result<Vec<_>>>()?;
        let plan = Union::try_new(plans).map(LogicalPlan::Union).map_err(from_datafusion)?;
        let output = unified
            .into_iter()
            .map(|column| {
                Arc::new(crate::attribute::Attribute {
                    nullable: column.nullable,
                    data_type: column.data_type,
                    qualifier: Vec::new(),
                    qualified_only: false,
                    ..(*column.attribute).clone()
                })
            })
            .collect();
        Ok(Resolved { plan_ids: PlanIds::new(), ..Resolved::new(plan, output) })
    }

    /// The columns of a union of several inputs, each compared with what those before it gave.
    fn unified(&self, inputs: &[Resolved]) -> Result<Vec<Unified>> {
        let Some((first, rest)) = inputs.split_first() else { return Ok(Vec::new()) };
        let context = self.context();
        let mut columns: Vec<Unified> = first
            .output
            .iter()
            .map(|attribute| Unified {
                attribute: Arc::new(crate::attribute::Attribute {
                    column: self.fresh_column(&attribute.name),
                    ..(**attribute).clone()
                }),
                data_type: attribute.data_type.clone(),
                nullable: attribute.nullable,
                changes: Vec::new(),
            })
            .collect();
        for (at, input) in rest.iter().enumerate() {
            if columns.len() != input.output.len() {
                return Err(columns_mismatch("UNION", columns.len(), input.output.len()));
            }
            for (position, (column, attribute)) in columns.iter_mut().zip(input.output.iter()).enumerate() {
                column.nullable |= attribute.nullable;
                if column.data_type == attribute.data_type {
                    continue;
                }
                let common = coerce::wider_type(&column.data_type, &attribute.data_type, context.ansi)
                    .ok_or_else(|| types_mismatch("UNION", position, &column.data_type, &attribute.data_type))?;
                column.changes.push((at + 1, common.clone()));
                column.data_type = common;
            }
        }
        Ok(columns)
    }

    /// A column of the union's input `at`, cast as the unions one after the other would.
    fn widened_step_by_step(&self, attribute: &Attr, at: usize, column: &Unified) -> Result<Physical> {
        let context = self.context();
        let mut typed = attribute.typed();
        for (step, common) in &column.changes {
            if *step >= at {
                typed = cast::cast(typed, common, context.mode(), &context)?;
            }
        }
        // An input that fitted when it came still has to become what the column had become by then.
        if typed.data_type != column.data_type {
            typed = cast::cast(typed, &column.data_type, context.mode(), &context)?;
        }
        Ok(typed.expr.alias(&column.attribute.column))
    }

    /// INTERSECT and EXCEPT of rows that are compared by their keys.
    fn matched(&self, left: LogicalPlan, right: LogicalPlan, join_type: JoinType, columns: &[Attr]) -> Result<LogicalPlan> {
        let left = distinct(left, columns)?;
        let names: Vec<String> = columns.iter().map(|_| self.fresh_column("matched")).collect();
        let renamed = columns.iter().zip(&names).map(|(attribute, name)| attribute.expr().alias(name)).collect();
        let right = project(right, renamed)?;
        let on = columns.iter().zip(&names).map(|(attribute, name)| {
            // Either side may have nulls though the result has none.
            let one = Typed { nullable: true, ..attribute.typed() };
            let other = Typed { expr: Physical::Column(Column::new_unqualified(name)), ..one.clone() };
            Ok((collation::key(one)?.expr, collation::key(other)?.expr))
        });
        let on = on.collect::<Result<Vec<_>>>()?;
        let (left, right) = (Arc::new(left), Arc::new(right));
        let equality = NullEquality::NullEqualsNull;
        datafusion::logical_expr::Join::try_new(left, right, on, None, join_type, JoinConstraint::On, equality, false)
            .map(LogicalPlan::Join)
            .map_err(from_datafusion)
    }

    /// INTERSECT ALL and EXCEPT ALL: equal rows are numbered on both sides, so that the n-th meets the n-th.
    fn counted(&self, left: LogicalPlan, right: LogicalPlan, join_type: JoinType, output: &[Attr]) -> Result<LogicalPlan> {
        let columns: Vec<Physical> = left.schema().columns().into_iter().map(Physical::Column).collect();
        let (left, left_number, left_columns) = self.numbered(left, output)?;
        let (right, right_number, right_columns) = self.numbered(right, output)?;
        let keys = |columns: &[Physical]| keys(columns, output);
        let mut on: Vec<(Physical, Physical)> = keys(&left_columns)?.into_iter().zip(keys(&right_columns)?).collect();
        on.push((left_number, right_number));
        let join = datafusion::logical_expr::Join::try_new(
            Arc::new(left),
            Arc::new(right),
            on,
            None,
            join_type,
            JoinConstraint::On,
            NullEquality::NullEqualsNull,
            false,
        );
        let named = left_columns.into_iter().zip(columns).map(|(made, column)| match column {
            Physical::Column(column) => made.alias(column.name),
            other => other,
        });
        project(join.map(LogicalPlan::Join).map_err(from_datafusion)?, named.collect())
    }

    /// The plan with the number of each row among its equals, and names of its own for all columns.
    fn numbered(&self, plan: LogicalPlan, output: &[Attr]) -> Result<(LogicalPlan, Physical, Vec<Physical>)> {
        let columns: Vec<Physical> = plan.schema().columns().into_iter().map(Physical::Column).collect();
        let window = row_number().partition_by(keys(&columns, output)?).build().map_err(from_datafusion)?;
        let shown = window.schema_name().to_string();
        let plan = LogicalPlanBuilder::window_plan(plan, vec![window]).map_err(from_datafusion)?;
        let names: Vec<String> = columns.iter().map(|_| self.fresh_column("counted")).collect();
        let number = self.fresh_column("number");
        let mut made: Vec<Physical> = columns.into_iter().zip(&names).map(|(column, name)| column.alias(name)).collect();
        made.push(Physical::Column(Column::new_unqualified(shown)).alias(&number));
        let column = |name: &String| Physical::Column(Column::new_unqualified(name));
        Ok((project(plan, made)?, column(&number), names.iter().map(column).collect()))
    }

    /// Both inputs with the first one's columns (then, if allowed, the second one's others), missing ones null.
    fn matched_by_name(&self, left: Resolved, right: Resolved, allow_missing: bool) -> Result<(Resolved, Resolved)> {
        let find = |side: &Resolved, name: &str| -> Option<Attr> {
            side.output.iter().find(|attribute| same_name(&attribute.name, name, self.case_sensitive)).cloned()
        };
        for side in [&left, &right] {
            self.refuse_repeated(side)?;
        }
        let missing = |name: &str, side: &Resolved| {
            let known: Vec<&str> = side.output.iter().map(|attribute| attribute.name.as_str()).collect();
            Error::new("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES").with("colName", name).with("fieldNames", known.join(", "))
        };
        if !allow_missing && let Some(attribute) = left.output.iter().find(|attribute| find(&right, &attribute.name).is_none()) {
            return Err(missing(&attribute.name, &right));
        }
        let mut names: Vec<(String, DataType)> =
            left.output.iter().map(|attribute| (attribute.name.clone(), attribute.data_type.clone())).collect();
        for attribute in right.output.iter() {
            if find(&left, &attribute.name).is_none() {
                if !allow_missing {
                    return Err(missing(&attribute.name, &left));
                }
                names.push((attribute.name.clone(), attribute.data_type.clone()));
            }
        }
        let arranged = |side: &Resolved| -> Result<Resolved> {
            let mut columns = Vec::with_capacity(names.len());
            let mut output = Vec::with_capacity(names.len());
            for (name, data_type) in &names {
                match find(side, name) {
                    Some(attribute) => {
                        columns.push(attribute.expr());
                        output.push(attribute);
                    }
                    None if allow_missing => {
                        let typed = literal::null(data_type)?;
                        let attribute = self.attribute_for(name, &typed, None);
                        columns.push(typed.expr.alias(&attribute.column));
                        output.push(attribute);
                    }
                    None => return Err(missing(name, side)),
                }
            }
            Ok(Resolved::new(project(side.plan.clone(), columns)?, output))
        };
        Ok((arranged(&left)?, arranged(&right)?))
    }

    fn refuse_repeated(&self, side: &Resolved) -> Result<()> {
        for (position, attribute) in side.output.iter().enumerate() {
            if side.output[..position].iter().any(|other| same_name(&other.name, &attribute.name, self.case_sensitive)) {
                return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quoted_name(&[attribute.name.to_lowercase()])));
            }
        }
        Ok(())
    }

    /// Both plans with the same new column names and types.
    fn widened(&self, op: SetOpKind, left: Resolved, right: Resolved) -> Result<(LogicalPlan, LogicalPlan, Vec<Attr>)> {
        let operator = match op {
            SetOpKind::Union => "UNION",
            SetOpKind::Intersect => "INTERSECT",
            SetOpKind::Except => "EXCEPT",
        };
        if left.output.len() != right.output.len() {
            return Err(columns_mismatch(operator, left.output.len(), right.output.len()));
        }
        let context = self.context();
        let mut output = Vec::with_capacity(left.output.len());
        let (mut lefts, mut rights): (Vec<Physical>, Vec<Physical>) = (Vec::new(), Vec::new());
        for (position, (first, second)) in left.output.iter().zip(right.output.iter()).enumerate() {
            let common = coerce::wider_type(&first.data_type, &second.data_type, context.ansi)
                .ok_or_else(|| types_mismatch(operator, position, &first.data_type, &second.data_type))?;
            let nullable = match op {
                SetOpKind::Except => first.nullable,
                SetOpKind::Intersect => first.nullable && second.nullable,
                SetOpKind::Union => first.nullable || second.nullable,
            };
            let attribute = Arc::new(crate::attribute::Attribute {
                column: self.fresh_column(&first.name),
                name: first.name.clone(),
                qualifier: Vec::new(),
                data_type: common.clone(),
                nullable,
                metadata: first.metadata.clone(),
                qualified_only: false,
            });
            lefts.push(cast::cast(first.typed(), &common, context.mode(), &context)?.expr.alias(&attribute.column));
            rights.push(cast::cast(second.typed(), &common, context.mode(), &context)?.expr.alias(&attribute.column));
            output.push(attribute);
        }
        Ok((project(left.plan, lefts)?, project(right.plan, rights)?, output))
    }
}

/// A column of a union under way.
struct Unified {
    attribute: Attr,
    /// The common type of the inputs so far.
    data_type: DataType,
    nullable: bool,
    /// At which input the type became another one.
    changes: Vec<(usize, DataType)>,
}

fn columns_mismatch(operator: &str, first: usize, second: usize) -> Error {
    Error::new("NUM_COLUMNS_MISMATCH")
        .with("operator", operator)
        .with("firstNumColumns", first.to_string())
        .with("invalidOrdinalNum", "second")
        .with("invalidNumColumns", second.to_string())
}

fn types_mismatch(operator: &str, position: usize, first: &DataType, second: &DataType) -> Error {
    Error::new("INCOMPATIBLE_COLUMN_TYPE")
        .with("tableOrdinalNumber", "second")
        .with("columnOrdinalNumber", coerce::ordinal(position))
        .with("dataType2", first.quoted())
        .with("operator", operator)
        .with("hint", "")
        .with("dataType1", second.quoted())
}

fn union(left: LogicalPlan, right: LogicalPlan) -> Result<LogicalPlan> {
    Union::try_new(vec![Arc::new(left), Arc::new(right)]).map(LogicalPlan::Union).map_err(from_datafusion)
}

/// What the columns of `attributes`' types are compared by.
fn keys(columns: &[Physical], attributes: &[Attr]) -> Result<Vec<Physical>> {
    // A set operation's sides may have nulls though its result has none.
    let columns = columns.iter().zip(attributes);
    let key = |(column, attribute): (&Physical, &Attr)| {
        collation::key(Typed { expr: column.clone(), nullable: true, ..attribute.typed() }).map(|key| key.expr)
    };
    columns.map(key).collect()
}
