//! The plain core of a kept partition: batches in order, first in memory, then in files.
//!
//! Knows neither actors nor who reads. Begin at [`PartitionCore::push`].

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};
use datafusion::common::Result;
use datafusion::execution::disk_manager::DiskManager;

use crate::exchange::batch_bytes;
use crate::memory::{Budget, SpillFile, Spilled, give_back};

/// Where a kept result may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    pub memory: bool,
    pub disk: bool,
}

/// A run of batches of a partition.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    Memory(Arc<Vec<RecordBatch>>),
    Disk(Spilled),
}

/// A partition's rows: its segments in order.
pub(super) type Rows = Arc<Vec<Segment>>;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    /// There is no room, and no disk to go to.
    NoRoom,
}

/// See the module.
pub(super) struct PartitionCore {
    storage: Storage,
    budget: Arc<Budget>,
    disk: Arc<DiskManager>,
    memory: Vec<RecordBatch>,
    memory_bytes: usize,
    file: Option<SpillFile>,
    spilled: Vec<Spilled>,
    rows: usize,
}

impl PartitionCore {
    pub fn new(storage: Storage, budget: Arc<Budget>, disk: Arc<DiskManager>) -> Self {
        Self { storage, budget, disk, memory: Vec::new(), memory_bytes: 0, file: None, spilled: Vec::new(), rows: 0 }
    }

    /// Appends a batch.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Stored> {
        if batch.num_rows() == 0 {
            return Ok(Stored::Yes);
        }
        self.rows += batch.num_rows();
        // What follows a file goes into it, or the order would be lost.
        if self.storage.memory && self.file.is_none() && self.spilled.is_empty() {
            let batch = compact(batch)?;
            let bytes = batch_bytes(&batch);
            if self.budget.keep(bytes) {
                self.memory_bytes += bytes;
                self.memory.push(batch);
                return Ok(Stored::Yes);
            }
            return self.push_to_disk(&batch);
        }
        self.push_to_disk(&batch)
    }

    fn push_to_disk(&mut self, batch: &RecordBatch) -> Result<Stored> {
        if !self.storage.disk {
            return Ok(Stored::NoRoom);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(SpillFile::create(&self.disk, batch.schema(), "kept partition")?),
        };
        file.append(batch)?;
        Ok(Stored::Yes)
    }

    /// No more comes.
    pub fn finish(&mut self) -> Result<()> {
        if let Some(file) = self.file.take() {
            self.spilled.push(file.finish()?);
        }
        Ok(())
    }

    /// All rows.
    pub fn rows(&self) -> Rows {
        let memory = (!self.memory.is_empty()).then(|| Segment::Memory(Arc::new(self.memory.clone())));
        Arc::new(memory.into_iter().chain(self.spilled.iter().cloned().map(Segment::Disk)).collect())
    }

    /// Moves what is in memory to disk; the rows keep their order.
    pub fn move_to_disk(&mut self) -> Result<()> {
        let Some(first) = self.memory.first() else { return Ok(()) };
        let mut file = SpillFile::create(&self.disk, first.schema(), "kept partition")?;
        for batch in &self.memory {
            file.append(batch)?;
        }
        self.spilled.insert(0, file.finish()?);
        self.free_memory();
        Ok(())
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.free_memory();
        self.file = None;
        self.spilled.clear();
        self.rows = 0;
    }

    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    pub fn disk_bytes(&self) -> u64 {
        self.spilled.iter().map(Spilled::bytes).sum()
    }

    pub fn row_count(&self) -> usize {
        self.rows
    }

    fn free_memory(&mut self) {
        const MUCH: usize = 8 << 20;
        let bytes = std::mem::take(&mut self.memory_bytes);
        self.memory = Vec::new();
        self.budget.unkeep(bytes);
        if bytes >= MUCH {
            give_back();
        }
    }
}

impl Drop for PartitionCore {
    fn drop(&mut self) {
        self.free_memory();
    }
}

/// A slice of large buffers would keep all of them: then the rows are copied out.
fn compact(batch: RecordBatch) -> Result<RecordBatch> {
    const SLACK: usize = 4096;
    if batch.get_array_memory_size() <= 2 * batch_bytes(&batch) + SLACK {
        return Ok(batch);
    }
    if batch.num_columns() == 0 {
        return Ok(concat_batches(batch.schema_ref(), [&batch])?);
    }
    let all = UInt32Array::from_iter_values(0..batch.num_rows() as u32);
    Ok(take_record_batch(&batch, &all)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use datafusion::execution::runtime_env::RuntimeEnv;

    use super::*;

    const MIB: usize = 1 << 20;

    fn core(storage: Storage, limit: usize) -> (PartitionCore, Arc<Budget>) {
        let budget = Budget::new(Some(limit));
        let disk = RuntimeEnv::default().disk_manager.clone();
        (PartitionCore::new(storage, budget.clone(), disk), budget)
    }

    fn batch(from: i64) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + 65536));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    fn firsts(core: &PartitionCore) -> Vec<i64> {
        let first = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().value(0);
        let of = |segment: &Segment| match segment {
            Segment::Memory(batches) => batches.iter().map(first).collect::<Vec<_>>(),
            Segment::Disk(file) => file.read().unwrap().map(|batch| first(&batch.unwrap())).collect(),
        };
        core.rows().iter().flat_map(of).collect()
    }

    #[test]
    fn what_does_not_fit_goes_on_in_a_file_and_keeps_its_order() {
        let (mut core, budget) = core(Storage { memory: true, disk: true }, 4 * MIB);
        (0..10).for_each(|at| assert_eq!(core.push(batch(at)).unwrap(), Stored::Yes));
        core.finish().unwrap();
        assert!(core.memory_bytes() > 0 && core.disk_bytes() > 0);
        assert_eq!(firsts(&core), (0..10).collect::<Vec<_>>());
        core.move_to_disk().unwrap();
        assert_eq!((core.memory_bytes(), budget.figures().kept), (0, 0));
        assert_eq!(firsts(&core), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn without_a_disk_there_is_an_end() {
        let (mut core, budget) = core(Storage { memory: true, disk: false }, 4 * MIB);
        let stored: Vec<Stored> = (0..10).map(|at| core.push(batch(at)).unwrap()).collect();
        assert_eq!((stored[0], stored[9]), (Stored::Yes, Stored::NoRoom));
        drop(core);
        assert_eq!(budget.figures().used, 0);
    }

    #[test]
    fn slices_are_copied_out_of_what_they_were_cut_from() {
        let small = compact(batch(0).slice(100, 10)).unwrap();
        assert!(small.get_array_memory_size() < 4096);
        assert_eq!(small, batch(0).slice(100, 10));
    }
}
