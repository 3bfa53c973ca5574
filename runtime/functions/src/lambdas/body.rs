//! A lambda's body, ready to be evaluated over columns of its variables.
//!
//! The body's own columns are its variables; every other column it mentions is captured and becomes an argument of the
//! kernel, so that the optimizer sees and renames it like any other. Begin at [`Body::new`].

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::errors::from_datafusion;
use crate::kernel::{Columns, from_arrow};
use crate::registry::LambdaBody;
use crate::types::to_arrow;
use crate::udf::can_raise;

/// A body over `variables`, then `captured`.
pub struct Body {
    expr: Expr,
    /// Spark's type of what it gives.
    pub data_type: DataType,
    pub nullable: bool,
    /// Arrow types of the variables it uses, in order.
    variables: Vec<Arrow>,
    captured: Vec<Expr>,
    compiled: OnceLock<Arc<dyn PhysicalExpr>>,
}

impl Body {
    /// Takes the resolved body apart; `types` are those its variables were resolved with.
    pub fn new(resolved: LambdaBody, types: &[(DataType, bool)]) -> Self {
        let variables = &resolved.variables;
        let mut captured: Vec<Column> = Vec::new();
        let renamed = resolved.body.expr.clone().transform_up(|node| {
            let Expr::Column(column) = &node else { return Ok(Transformed::no(node)) };
            if let Some(index) = variables.iter().position(|name| column.relation.is_none() && *name == column.name) {
                return Ok(Transformed::yes(slot(index)));
            }
            let index = captured.iter().position(|known| known == column).unwrap_or_else(|| {
                captured.push(column.clone());
                captured.len() - 1
            });
            Ok(Transformed::yes(slot(variables.len() + index)))
        });
        Self {
            expr: renamed.map(|done| done.data).unwrap_or(resolved.body.expr),
            data_type: resolved.body.data_type,
            nullable: resolved.body.nullable,
            variables: types.iter().take(variables.len()).map(|(kind, _)| to_arrow(kind)).collect(),
            captured: captured.into_iter().map(Expr::Column).collect(),
            compiled: OnceLock::new(),
        }
    }

    /// The outer columns it needs, to be given to the kernel as further arguments.
    pub fn captured(&self) -> Vec<Expr> {
        self.captured.clone()
    }

    /// What tells two bodies apart.
    pub fn identity(&self) -> String {
        format!("{} over {:?}", self.expr, self.variables)
    }

    /// Whether it can raise an error.
    pub fn can_raise(&self) -> bool {
        can_raise(&self.expr)
    }

    /// The body over `variables` (those it does not use are dropped) and the captured columns, which stand from
    /// `first_captured` on among the kernel's arguments, repeated so that element `i` sees row `rows[i]`.
    pub fn evaluate(
        &self,
        variables: Vec<ArrayRef>,
        columns: &Columns,
        first_captured: usize,
        rows: &UInt32Array,
    ) -> Result<ArrayRef> {
        let mut arrays: Vec<ArrayRef> = variables.into_iter().take(self.variables.len()).collect();
        for index in 0..self.captured.len() {
            let outer = columns.array(first_captured + index)?;
            arrays.push(take(&outer, rows, None).map_err(from_arrow)?);
        }
        let fields: Vec<Field> = arrays
            .iter()
            .enumerate()
            .map(|(index, array)| Field::new(slot_name(index), array.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let compiled = self.compiled(&schema)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(from_arrow)?;
        let value = compiled.evaluate(&batch).map_err(from_datafusion)?;
        value.into_array(rows.len()).map_err(from_datafusion)
    }

    fn compiled(&self, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(Arc::clone(compiled));
        }
        let frame = Arc::new(DFSchema::try_from(schema.clone()).map_err(from_datafusion)?);
        let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::clone(&frame)).build());
        let expr = simplifier.simplify(self.expr.clone()).map_err(from_datafusion)?;
        let compiled = create_physical_expr(&expr, &frame, &ExecutionProps::new(), &PhysicalPlanningContext::default());
        let compiled = compiled.map_err(from_datafusion)?;
        Ok(Arc::clone(self.compiled.get_or_init(|| compiled)))
    }
}

fn slot_name(index: usize) -> String {
    format!("v{index}")
}

fn slot(index: usize) -> Expr {
    Expr::Column(Column::new_unqualified(slot_name(index)))
}

/// The elements of all lists as one column, and which row and place each came from.
pub struct Elements {
    pub values: ArrayRef,
    pub rows: UInt32Array,
    pub places: ArrayRef,
    pub lengths: Vec<usize>,
    pub valid: Vec<bool>,
}

impl Elements {
    /// Takes a nested array apart, given its offsets, which rows are there and its children.
    pub fn of(offsets: &[i32], is_valid: impl Fn(usize) -> bool, child: &ArrayRef) -> Result<Self> {
        let count = offsets.len().saturating_sub(1);
        let (mut indices, mut rows, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let (mut lengths, mut valid) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for row in 0..count {
            let there = is_valid(row);
            let length = if there { (offsets[row + 1] - offsets[row]) as usize } else { 0 };
            indices.extend((0..length as u32).map(|place| offsets[row] as u32 + place));
            rows.extend(std::iter::repeat_n(row as u32, length));
            places.extend(0..length as i32);
            lengths.push(length);
            valid.push(there);
        }
        let values = take(child, &UInt32Array::from(indices), None).map_err(from_arrow)?;
        let places = Arc::new(arrow::array::Int32Array::from(places));
        Ok(Self { values, rows: UInt32Array::from(rows), places, lengths, valid })
    }

    /// The element range of each row.
    pub fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let mut end = 0;
        self.lengths.iter().map(move |length| {
            end += length;
            end - length..end
        })
    }

    /// Lists of other values, one per element.
    pub fn relist(&self, values: ArrayRef, returns: &Arrow) -> Result<ArrayRef> {
        let Arrow::List(field) = returns else { return Err(Error::internal("a list was expected")) };
        let values = crate::reshape::retype(&values, field.data_type())?;
        let nulls = self.valid.contains(&false).then(|| arrow::buffer::NullBuffer::from(self.valid.clone()));
        let offsets = arrow::buffer::OffsetBuffer::from_lengths(self.lengths.iter().copied());
        let list = arrow::array::ListArray::try_new(Arc::clone(field), offsets, values, nulls);
        Ok(Arc::new(list.map_err(from_arrow)?))
    }
}
