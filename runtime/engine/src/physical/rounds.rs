//! Rounds of a recursive query: counted, so that one without an end fails instead of running for ever.
//!
//! The recursive term is executed once for each round, in each of its partitions. Not here: the rounds themselves
//! (DataFusion's `RecursiveQueryExec`).

use std::collections::HashMap;
use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use emberflow_base::{Error, Exception};
use emberflow_functions::errors::to_datafusion;
use parking_lot::Mutex;

use super::partitionwise::{Partitionwise, Run};

#[derive(Debug)]
pub(super) struct Rounds {
    /// How many rounds may give rows, the first rows of all included.
    most: usize,
    /// How often each partition was opened.
    opened: Mutex<HashMap<usize, usize>>,
}

impl Rounds {
    pub fn new(most: usize) -> Self {
        Self { most, opened: Mutex::default() }
    }
}

impl Partitionwise for Rounds {
    fn name(&self) -> &'static str {
        "RoundExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "most={}", self.most)
    }

    fn open(&self, partition: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        let mut opened = self.opened.lock();
        let round = opened.entry(partition).or_default();
        *round += 1;
        Ok(Box::new(Round { is_too_late: *round >= self.most, most: self.most }))
    }
}

struct Round {
    is_too_late: bool,
    most: usize,
}

impl Run for Round {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.is_too_late && batch.num_rows() > 0 {
            let error = Error::new("RECURSION_LEVEL_LIMIT_EXCEEDED").with("levelLimit", self.most.to_string());
            return Err(to_datafusion(error.exception_class(Exception::Spark)));
        }
        Ok(batch)
    }
}
