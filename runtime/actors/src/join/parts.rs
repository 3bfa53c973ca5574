//! One side of a join in parts on disk, by the hash of its keys.
//!
//! DataFusion's own partitioner gives the hash, so both sides agree with each other and with the exchange before them.
//! A task's rows already share `hash % tasks`, and rows of a part share more of it, so each level looks at other bits:
//! `hash % (tasks * 16 ^ level)`, of which the part is what the levels above have not used.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_plan::coalesce::LimitedBatchCoalescer;
use datafusion::physical_plan::metrics::{SpillMetrics, Time};
use datafusion::physical_plan::repartition::BatchPartitioner;
use futures::StreamExt;

use super::tap::Rest;
use crate::memory::{SpillFile, Spilled};
use crate::task::TaskScope;

/// Parts of one side.
pub(super) const PARTS: usize = 16;
/// Rows of a batch on disk: sixteen unfinished ones must not weigh much.
const BATCH_ROWS: usize = 2048;

/// Where rows are parted: in one of `tasks`, for the `level`-th time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub tasks: usize,
    pub level: u32,
}

/// Writes parts.
pub(super) struct Parter {
    partitioner: BatchPartitioner,
    /// Of the hash, what the levels above have used.
    used: usize,
    parts: Vec<Part>,
    schema: SchemaRef,
    disk: Arc<DiskManager>,
}

struct Part {
    waiting: LimitedBatchCoalescer,
    file: Option<SpillFile>,
}

impl Parter {
    pub fn new(keys: Vec<PhysicalExprRef>, schema: SchemaRef, place: Place, context: &TaskContext) -> Result<Self> {
        let used = place.tasks * PARTS.pow(place.level - 1);
        let partitioner = BatchPartitioner::new_hash_partitioner(keys, used * PARTS, Time::new())?;
        let rows = BATCH_ROWS.min(context.session_config().batch_size());
        let part = |_| Part { waiting: LimitedBatchCoalescer::new(schema.clone(), rows, None), file: None };
        let parts = (0..PARTS).map(part).collect();
        Ok(Self { partitioner, used, parts, schema, disk: context.runtime_env().disk_manager.clone() })
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        for piece in self.partitioner.partition_iter(batch)? {
            let (at, piece) = piece?;
            let part = &mut self.parts[at / self.used];
            part.waiting.push_batch(piece)?;
            part.write(&self.schema, &self.disk)?;
        }
        Ok(())
    }

    /// The parts; `None` for one without rows.
    pub fn finish(self, spilled: &SpillMetrics) -> Result<Vec<Option<Spilled>>> {
        let Self { parts, schema, disk, .. } = self;
        let finish = |mut part: Part| {
            part.waiting.finish()?;
            part.write(&schema, &disk)?;
            part.file.map(SpillFile::finish).transpose()
        };
        let parts = parts.into_iter().map(finish).collect::<Result<Vec<_>>>()?;
        for part in parts.iter().flatten() {
            spilled.spill_file_count.add(1);
            spilled.spilled_bytes.add(part.bytes() as usize);
            spilled.spilled_rows.add(part.rows());
        }
        Ok(parts)
    }

    /// Writes what is left of a side, letting others run in between. May be dropped and called again.
    pub async fn drain(&mut self, rest: &mut Rest, scope: Option<&TaskScope>) -> Result<()> {
        // In the order they came.
        rest.seen.reverse();
        while let Some(batch) = rest.seen.pop() {
            self.push(batch)?;
            breathe(scope).await?;
        }
        while let Some(batch) = rest.input.next().await {
            self.push(batch?)?;
            breathe(scope).await?;
        }
        Ok(())
    }
}

async fn breathe(scope: Option<&TaskScope>) -> Result<()> {
    match scope {
        Some(scope) => scope.breathe().await,
        None => Ok(()),
    }
}

impl Part {
    fn write(&mut self, schema: &SchemaRef, disk: &Arc<DiskManager>) -> Result<()> {
        while let Some(batch) = self.waiting.next_completed_batch() {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(SpillFile::create(disk, schema.clone(), "part of a join")?),
            };
            file.append(&batch)?;
        }
        Ok(())
    }
}
