//! The plain core of a producer: which rows go into which lane.
//!
//! ```text
//! batch ─► split by key ─► per lane: small pieces collected to whole batches ─► (lane, batch)
//! ```
//!
//! Splits with DataFusion's own partitioner, so that two sides of a join that were split apart agree. Pieces of bounded
//! inputs are collected until they fill a batch; pieces of unbounded ones go at once.
//! Not here: credit (`outlet`).

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::cast::as_int32_array;
use datafusion::common::{Result, exec_err};
use datafusion::physical_plan::coalesce::LimitedBatchCoalescer;
use datafusion::physical_plan::metrics::Time;
use datafusion::physical_plan::repartition::BatchPartitioner;

use super::Routing;

/// See the module.
pub(crate) enum Router {
    /// All rows into one lane.
    Straight { lane: usize },
    /// Rows by key, or batches in turn.
    Spread(Box<Spread>),
}

pub(crate) struct Spread {
    first_lane: usize,
    split: Split,
    collectors: Vec<LimitedBatchCoalescer>,
}

/// How a [`Router::Spread`] is made.
pub(crate) struct SpreadOptions {
    pub routing: Routing,
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
        let lanes = options.routing.partition_count();
        let collector = |rows| LimitedBatchCoalescer::new(options.schema.clone(), rows, None);
        // Rows without columns are only a number: there is nothing to collect.
        let batch_rows = options.batch_rows.filter(|_| !options.schema.fields().is_empty());
        let collectors = batch_rows.map(|rows| (0..lanes).map(|_| collector(rows)).collect()).unwrap_or_default();
        let split = match options.routing {
            Routing::Planned(to) => {
                Split::Planned(Box::new(BatchPartitioner::try_new(to, options.split_time, options.producer, options.producers)?))
            }
            Routing::Numbered { column, lanes } => Split::Numbered { column, lanes, time: options.split_time },
        };
        Ok(Self::Spread(Box::new(Spread { first_lane: options.first_lane, split, collectors })))
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

/// How a batch is taken apart.
enum Split {
    Planned(Box<BatchPartitioner>),
    Numbered { column: usize, lanes: usize, time: Time },
}

impl Split {
    fn pieces(&mut self, batch: RecordBatch) -> Result<Vec<(usize, RecordBatch)>> {
        match self {
            Self::Planned(partitioner) => partitioner.partition_iter(batch)?.collect(),
            Self::Numbered { column, lanes, time } => {
                let timer = time.timer();
                let pieces = by_number(batch, *column, *lanes);
                timer.done();
                pieces
            }
        }
    }
}

/// Rows by the lane their number names, without the column of numbers.
fn by_number(mut batch: RecordBatch, column: usize, lanes: usize) -> Result<Vec<(usize, RecordBatch)>> {
    let numbers = batch.remove_column(column);
    let numbers = as_int32_array(&numbers)?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); lanes];
    for (row, lane) in numbers.values().iter().enumerate() {
        match rows.get_mut(*lane as usize) {
            Some(rows) => rows.push(row as u32),
            None => return exec_err!("row {row} is meant for partition {lane} of {lanes}"),
        }
    }
    let piece = |(lane, rows): (usize, Vec<u32>)| {
        let piece = match rows.len() == batch.num_rows() {
            true => batch.clone(),
            false if batch.num_columns() == 0 => batch.slice(0, rows.len()),
            false => take_record_batch(&batch, &UInt32Array::from(rows))?,
        };
        Ok((lane, piece))
    };
    rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).map(piece).collect()
}

impl Spread {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<(usize, RecordBatch)>> {
        let mut out = Vec::new();
        for (at, piece) in self.split.pieces(batch)? {
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
    use datafusion::physical_plan::Partitioning;

    use super::*;

    fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    fn by_key(batch_rows: Option<usize>) -> Router {
        let schema = batch(0..1).schema();
        let routing = Routing::Planned(Partitioning::Hash(vec![col("a", &schema).unwrap()], 2));
        let split_time = Time::new();
        Router::spread(SpreadOptions { routing, first_lane: 4, producer: 0, producers: 1, schema, batch_rows, split_time })
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
    fn rows_go_where_their_number_says() {
        let numbers: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![2, 0, 2, 1]));
        let numbered = RecordBatch::try_from_iter([("a", batch(0..4).column(0).clone()), ("at", numbers)]).unwrap();
        let pieces = by_number(numbered.clone(), 1, 3).unwrap();
        let rows: Vec<(usize, usize)> = pieces.iter().map(|(lane, piece)| (*lane, piece.num_rows())).collect();
        assert_eq!(rows, [(0, 1), (1, 1), (2, 2)]);
        assert!(pieces.iter().all(|(_, piece)| piece.num_columns() == 1));
        assert!(by_number(numbered, 1, 2).is_err());
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
