//! Marks: what travels between batches without being rows.
//!
//! A watermark says that no row with an earlier event time will follow from one producer. Operators hand each other
//! nothing but batches, so a mark is a batch without rows whose schema metadata tell; an exchange passes it to all the
//! lanes of its producer, behind the rows that came before it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

const WATERMARK: &str = "emberflow.watermark";
const PRODUCER: &str = "emberflow.producer";

/// A watermark of one producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub watermark: i64,
    pub producer: usize,
}

impl Mark {
    /// A mark inside a task; the exchange puts in whose it is.
    pub fn at(watermark: i64) -> Self {
        Self { watermark, producer: 0 }
    }

    /// The mark as it travels among batches of `schema`.
    pub fn to_batch(self, schema: &SchemaRef) -> RecordBatch {
        let said =
            HashMap::from([(WATERMARK.to_owned(), self.watermark.to_string()), (PRODUCER.to_owned(), self.producer.to_string())]);
        RecordBatch::new_empty(Arc::new(Schema::new_with_metadata(schema.fields().clone(), said)))
    }

    /// The mark a batch is, if it is one.
    pub fn of(batch: &RecordBatch) -> Option<Self> {
        if batch.num_rows() > 0 {
            return None;
        }
        let said = batch.schema_ref().metadata();
        Some(Self { watermark: said.get(WATERMARK)?.parse().ok()?, producer: said.get(PRODUCER)?.parse().ok()? })
    }
}

/// The watermark of a reader: the earliest of its producers', once each has spoken.
#[derive(Debug, Clone)]
pub(crate) struct Watermarks {
    by_producer: Vec<Option<i64>>,
    reached: Option<i64>,
}

impl Watermarks {
    pub fn new(producers: usize) -> Self {
        Self { by_producer: vec![None; producers], reached: None }
    }

    /// Takes a mark in; the reader's watermark if that moved it.
    pub fn on(&mut self, mark: Mark) -> Option<i64> {
        let of = self.by_producer.get_mut(mark.producer)?;
        *of = (*of).max(Some(mark.watermark));
        let reached = self.by_producer.iter().copied().min().flatten();
        if reached <= self.reached {
            return None;
        }
        self.reached = reached;
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(producer: usize, watermark: i64) -> Mark {
        Mark { watermark, producer }
    }

    #[test]
    fn a_mark_survives_its_travel() {
        let schema: SchemaRef = Arc::new(Schema::empty());
        assert_eq!(Mark::of(&mark(3, -7).to_batch(&schema)), Some(mark(3, -7)));
        assert_eq!(Mark::of(&RecordBatch::new_empty(schema)), None);
    }

    #[test]
    fn the_slowest_producer_holds_the_watermark_and_it_never_goes_back() {
        let mut watermarks = Watermarks::new(2);
        assert_eq!(watermarks.on(mark(0, 10)), None);
        assert_eq!(watermarks.on(mark(1, 5)), Some(5));
        assert_eq!(watermarks.on(mark(1, 3)), None);
        assert_eq!(watermarks.on(mark(1, 20)), Some(10));
        assert_eq!(watermarks.on(mark(0, 12)), Some(12));
    }
}
