//! Evaluating an expression without columns while a plan is made (Spark's "foldable").

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::create_physical_expr;
use emberflow_base::Result;

use crate::errors::from_datafusion;

/// The value, if `expr` needs no columns and evaluates without an error.
pub fn fold(expr: &Expr) -> Option<ScalarValue> {
    evaluate(expr)?.ok()
}

/// The value or the error of an expression that needs no columns.
pub fn evaluate(expr: &Expr) -> Option<Result<ScalarValue>> {
    if let Expr::Literal(value, _) = expr {
        return Some(Ok(value.clone()));
    }
    if !expr.column_refs().is_empty() || expr.is_volatile() {
        return None;
    }
    Some(computed(expr).map_err(from_datafusion))
}

fn computed(expr: &Expr) -> datafusion::common::Result<ScalarValue> {
    let nothing = PhysicalPlanningContext::default();
    let physical = create_physical_expr(expr, &DFSchema::empty(), &ExecutionProps::new(), &nothing)?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    match physical.evaluate(&batch)? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0),
    }
}
