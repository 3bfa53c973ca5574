//! The plain core of a partition actor: one lane's batches in order, in memory or on disk.
//!
//! ```text
//! push ──► [ memory │ memory │ disk │ memory ] ──► take
//! ```
//!
//! Keeps the order of pushes. Knows neither actors nor credit. Begin at [`LaneCore::take`].

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use datafusion::common::Result;

use crate::memory::SpillFile;

/// A batch on its way, with what it was booked for.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub batch: RecordBatch,
    /// Bytes of credit to give back when it is taken.
    pub booked_bytes: usize,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Taken {
    /// At least one.
    Parcels(Vec<Parcel>),
    /// All producers are done and everything was taken.
    End,
    /// Nothing now; more may come.
    Nothing,
}

#[derive(Debug)]
enum Item {
    Memory(Parcel),
    Disk,
}

/// One lane.
#[derive(Debug)]
pub struct LaneCore {
    queue: VecDeque<Item>,
    producers_left: usize,
    spill: Option<SpillFile>,
}

impl LaneCore {
    /// A lane that ends after `producers` have finished.
    pub fn new(producers: usize) -> Self {
        Self { queue: VecDeque::new(), producers_left: producers, spill: None }
    }

    /// Appends a batch.
    pub fn push(&mut self, parcel: Parcel) {
        self.queue.push_back(Item::Memory(parcel));
    }

    /// Appends a batch to the lane's file, made by `create` when there is none yet.
    pub fn push_to_disk(&mut self, batch: &RecordBatch, create: impl FnOnce() -> Result<SpillFile>) -> Result<()> {
        if self.spill.is_none() {
            self.spill = Some(create()?);
        }
        if let Some(spill) = &mut self.spill {
            spill.write(batch)?;
        }
        self.queue.push_back(Item::Disk);
        Ok(())
    }

    /// One producer will push no more.
    pub fn finish_one(&mut self) {
        self.producers_left = self.producers_left.saturating_sub(1);
    }

    /// Everything in memory up to the first batch on disk, or one batch from disk.
    pub fn take(&mut self) -> Result<Taken> {
        let mut parcels = Vec::new();
        while let Some(Item::Memory(_)) = self.queue.front() {
            if let Some(Item::Memory(parcel)) = self.queue.pop_front() {
                parcels.push(parcel);
            }
        }
        if parcels.is_empty() && self.queue.pop_front().is_some() {
            parcels.extend(self.read_back()?);
        }
        Ok(match parcels.is_empty() {
            false => Taken::Parcels(parcels),
            true if self.producers_left == 0 => Taken::End,
            true => Taken::Nothing,
        })
    }

    /// Forgets everything; returns what was booked, batch by batch.
    pub fn clear(&mut self) -> Vec<usize> {
        self.spill = None;
        let booked = |item: Item| match item {
            Item::Memory(parcel) => parcel.booked_bytes,
            Item::Disk => 0,
        };
        self.queue.drain(..).map(booked).collect()
    }

    fn read_back(&mut self) -> Result<Option<Parcel>> {
        match &mut self.spill {
            Some(spill) => Ok(spill.read()?.map(|batch| Parcel { batch, booked_bytes: 0 })),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array};

    use super::*;

    fn parcel(value: i32) -> Parcel {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![value]));
        Parcel { batch: RecordBatch::try_from_iter([("a", column)]).unwrap(), booked_bytes: 4 }
    }

    fn values(taken: Taken) -> Vec<i32> {
        let Taken::Parcels(parcels) = taken else { return vec![] };
        let value = |parcel: &Parcel| parcel.batch.column(0).as_any().downcast_ref::<Int32Array>().unwrap().value(0);
        parcels.iter().map(value).collect()
    }

    fn temp() -> Result<SpillFile> {
        let disk = datafusion::execution::runtime_env::RuntimeEnv::default().disk_manager.clone();
        SpillFile::create(&disk, parcel(0).batch.schema(), "test")
    }

    #[test]
    fn ends_only_after_the_last_producer_and_the_last_batch() {
        let mut lane = LaneCore::new(2);
        lane.push(parcel(1));
        lane.finish_one();
        assert_eq!(values(lane.take().unwrap()), [1]);
        assert!(matches!(lane.take().unwrap(), Taken::Nothing));
        lane.push(parcel(2));
        lane.finish_one();
        assert_eq!(values(lane.take().unwrap()), [2]);
        assert!(matches!(lane.take().unwrap(), Taken::End));
    }

    #[test]
    fn disk_and_memory_keep_one_order() {
        let mut lane = LaneCore::new(1);
        lane.push(parcel(1));
        lane.push_to_disk(&parcel(2).batch, temp).unwrap();
        lane.push_to_disk(&parcel(3).batch, temp).unwrap();
        lane.push(parcel(4));
        let mut seen = vec![];
        while let taken @ Taken::Parcels(_) = lane.take().unwrap() {
            seen.extend(values(taken));
            if seen.len() == 2 {
                lane.push_to_disk(&parcel(5).batch, temp).unwrap();
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn clear_gives_back_what_was_booked() {
        let mut lane = LaneCore::new(1);
        lane.push(parcel(1));
        lane.push_to_disk(&parcel(2).batch, temp).unwrap();
        assert_eq!(lane.clear(), [4, 0]);
        assert!(lane.queue.is_empty());
    }
}
