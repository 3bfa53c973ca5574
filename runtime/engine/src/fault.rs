//! A job made to fail, so that the tests of every door can see their host survive a panicking operator.
//!
//! Armed through [`crate::Engine::break_next_job`] only, which no statement, setting or client reaches.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::logical_expr::{Volatility, create_udf};
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use emberflow_base::Result;
use emberflow_functions::errors::from_datafusion;

#[derive(Default)]
pub(crate) struct Fault {
    armed: AtomicBool,
}

impl Fault {
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// The plan as it is, or once under a filter that panics at the first batch.
    pub(crate) fn over(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        if !self.armed.swap(false, Ordering::SeqCst) {
            return Ok(plan);
        }
        let panics = create_udf(
            "panics",
            Vec::new(),
            DataType::Boolean,
            Volatility::Volatile,
            Arc::new(|_| resume_unwind(Box::new("an operator was told to panic"))),
        );
        let answer = Arc::new(Field::new("panics", DataType::Boolean, true));
        let options = Arc::new(ConfigOptions::default());
        let condition = Arc::new(ScalarFunctionExpr::new("panics", Arc::new(panics), Vec::new(), answer, options));
        Ok(Arc::new(FilterExec::try_new(condition, plan).map_err(from_datafusion)?))
    }
}
