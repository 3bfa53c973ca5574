//! Numbers sorted rows by range: as many ranges as asked for, of about equal size, equal keys together.
//!
//! ```text
//! input ─► count ─► sort, merge (planned by DataFusion) ─► number: bound after every total/n rows
//! ```
//!
//! A range ends at the first row that fills it, with all rows of the same key: where Spark draws its bounds when its
//! sample holds every row. The sort has read everything before it gives a row, so the count is complete by then.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::Result;
use datafusion::physical_expr::{LexOrdering, OrderingRequirements};
use datafusion::physical_plan::ExecutionPlan;

use super::partitionwise::{Partitionwise, PartitionwiseExec, Run};

/// `input` with the number of each row's range in a new column.
pub(super) fn plan(input: Arc<dyn ExecutionPlan>, column: &str, partitions: usize, order: LexOrdering) -> Arc<dyn ExecutionPlan> {
    let total = Arc::new(AtomicUsize::new(0));
    let counted = PartitionwiseExec::plan(input, Count(Arc::clone(&total)));
    PartitionwiseExec::plan(counted, Ranges { column: column.to_owned(), partitions, order, total })
}

#[derive(Debug)]
struct Count(Arc<AtomicUsize>);

impl Partitionwise for Count {
    fn name(&self) -> &'static str {
        "CountExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows")
    }

    /// Whatever order there is below: the sort above must stay, it is what waits for the count.
    fn tells_order(&self) -> bool {
        false
    }

    fn open(&self, _: usize, _: &SchemaRef) -> Result<Box<dyn Run>> {
        Ok(Box::new(Counting(Arc::clone(&self.0))))
    }
}

struct Counting(Arc<AtomicUsize>);

impl Run for Counting {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        self.0.fetch_add(batch.num_rows(), Ordering::Relaxed);
        Ok(batch)
    }
}

#[derive(Debug)]
struct Ranges {
    column: String,
    partitions: usize,
    order: LexOrdering,
    total: Arc<AtomicUsize>,
}

impl Partitionwise for Ranges {
    fn name(&self) -> &'static str {
        "RangesExec"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.partitions, self.order)
    }

    fn added(&self) -> Vec<Field> {
        vec![Field::new(&self.column, DataType::Int32, false)]
    }

    fn wants_order(&self) -> Option<OrderingRequirements> {
        Some(OrderingRequirements::from(self.order.clone()))
    }

    fn open(&self, _: usize, output: &SchemaRef) -> Result<Box<dyn Run>> {
        let fields = self.order.iter().map(|key| Ok(SortField::new_with_options(key.expr.data_type(output)?, key.options)));
        Ok(Box::new(Numbering {
            keys: RowConverter::new(fields.collect::<Result<_>>()?)?,
            order: self.order.clone(),
            total: Arc::clone(&self.total),
            partitions: self.partitions,
            seen: 0,
            bounds: Bounds::default(),
            schema: Arc::clone(output),
        }))
    }
}

struct Numbering {
    keys: RowConverter,
    order: LexOrdering,
    total: Arc<AtomicUsize>,
    partitions: usize,
    seen: usize,
    bounds: Bounds,
    schema: SchemaRef,
}

/// The bounds drawn so far, of which only the last matters.
#[derive(Default)]
struct Bounds {
    drawn: usize,
    last: Option<OwnedRow>,
}

impl Run for Numbering {
    fn batch(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let keys: Vec<ArrayRef> =
            self.order.iter().map(|key| key.expr.evaluate(&batch)?.into_array(rows)).collect::<Result<_>>()?;
        let keys = self.keys.convert_columns(&keys)?;
        let step = self.total.load(Ordering::Relaxed) as f64 / self.partitions as f64;
        let bounds = &mut self.bounds;
        let mut numbers = Vec::with_capacity(rows);
        for key in &keys {
            self.seen += 1;
            let mut in_last = bounds.last.as_ref().is_some_and(|last| last.row() == key);
            let is_full = self.seen as f64 >= step * (bounds.drawn + 1) as f64;
            if is_full && !in_last && bounds.drawn + 1 < self.partitions {
                bounds.drawn += 1;
                bounds.last = Some(key.owned());
                in_last = true;
            }
            numbers.push(if in_last { bounds.drawn - 1 } else { bounds.drawn } as i32);
        }
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Int32Array::from(numbers)));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
