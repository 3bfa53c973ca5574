//! The plain core of a producer: which rows go into which lane.
//!
//! ```text
//! batch ─► split by key ─► per lane: small pieces collected to whole batches ─► (lane, batch)
//! ```
//!
//! Splits with DataFusion's own partitioner, so that two sides of a join that were split apart agree. Pieces of bounded
//! inputs are collected until they fill a batch; pieces of unbounded ones go at once.
//! Not here: credit (`outlet`).

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::physical_plan::Partitioning;
use datafusion::physical_plan::coalesce::LimitedBatchCoalescer;
use datafusion::physical_plan::metrics::Time;
use datafusion::physical_plan::repartition::BatchPartitioner;

/// See the module.
pub(crate) enum Router {
    /// All rows into one lane.
    Straight { lane: usize },
    /// Rows by key, or batches in turn.
    Spread(Box<Spread>),
}

pub(crate) struct Spread {
    first_lane: usize,
    partitioner: BatchPartitioner,
    collectors: Vec<LimitedBatchCoalescer>,
}

/// How a [`Router::Spread`] is made.
pub(crate) struct SpreadOptions {
    pub partitioning: Partitioning,
    pub first_lane: usize,
    pub producer: usize,
    pub producers: usize,
    pub schema: SchemaRef,
    /// Rows of a whole batch; `None` passes pieces on at once.
    pub batch_rows: Option<usize>,
    pub split_time: Time,
}

impl Router {
    pub fn spread(options: SpreadOptions) -> Result<Self> {
        let lanes = options.partitioning.partition_count();
        let collector = |rows| LimitedBatchCoalescer::new(options.schema.clone(), rows, None);
        let collectors = options.batch_rows.map(|rows| (0..lanes).map(|_| collector(rows)).collect()).unwrap_or_default();
        let partitioner =
            BatchPartitioner::try_new(options.partitioning, options.split_time, options.producer, options.producers)?;
        Ok(Self::Spread(Box::new(Spread { first_lane: options.first_lane, partitioner, collectors })))
    }

    /// What may go out now because of `batch`.
    pub fn route(&mut self, batch: RecordBatch) -> Result<Vec<(usize, RecordBatch)>> {
        match self {
            Self::Straight { lane } => Ok(vec![(*lane, batch)]),
            Self::Spread(spread) => spread.route(batch),
        }
    }

    /// What is left when no more comes.
    pub fn finish(&mut self) -> Result<Vec<(usize, RecordBatch)>> {
        match self {
            Self::Straight { .. } => Ok(Vec::new()),
            Self::Spread(spread) => spread.finish(),
        }
    }
}

impl Spread {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<(usize, RecordBatch)>> {
        let mut out = Vec::new();
        for piece in self.partitioner.partition_iter(batch)? {
            let (at, piece) = piece?;
            match self.collectors.get_mut(at) {
                None => out.push((self.first_lane + at, piece)),
                Some(collector) => {
                    collector.push_batch(piece)?;
                    drain(collector, self.first_lane + at, &mut out);
                }
            }
        }
        Ok(out)
    }

    fn finish(&mut self) -> Result<Vec<(usize, RecordBatch)>> {
        let mut out = Vec::new();
        for (at, collector) in self.collectors.iter_mut().enumerate() {
            collector.finish()?;
            drain(collector, self.first_lane + at, &mut out);
        }
        Ok(out)
    }
}

fn drain(collector: &mut LimitedBatchCoalescer, lane: usize, out: &mut Vec<(usize, RecordBatch)>) {
    while let Some(batch) = collector.next_completed_batch() {
        out.push((lane, batch));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::physical_expr::expressions::col;

    use super::*;

    fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    fn by_key(batch_rows: Option<usize>) -> Router {
        let schema = batch(0..1).schema();
        let partitioning = Partitioning::Hash(vec![col("a", &schema).unwrap()], 2);
        let split_time = Time::new();
        Router::spread(SpreadOptions { partitioning, first_lane: 4, producer: 0, producers: 1, schema, batch_rows, split_time })
            .unwrap()
    }

    #[test]
    fn small_pieces_are_collected_and_none_is_lost() {
        let mut router = by_key(Some(100));
        let mut rows = 0;
        for start in 0..50 {
            for (lane, piece) in router.route(batch(start * 10..start * 10 + 10)).unwrap() {
                assert!(lane == 4 || lane == 5);
                assert!(piece.num_rows() >= 50, "a piece of {} rows went out early", piece.num_rows());
                rows += piece.num_rows();
            }
        }
        rows += router.finish().unwrap().iter().map(|(_, piece)| piece.num_rows()).sum::<usize>();
        assert_eq!(rows, 500);
    }

    #[test]
    fn equal_keys_meet_in_one_lane() {
        let mut router = by_key(None);
        let first = router.route(batch(0..64)).unwrap();
        let again = router.route(batch(0..64)).unwrap();
        let rows =
            |pieces: &[(usize, RecordBatch)]| pieces.iter().map(|(lane, piece)| (*lane, piece.num_rows())).collect::<Vec<_>>();
        assert_eq!(rows(&first), rows(&again));
        assert_eq!(first.len(), 2);
    }
}
