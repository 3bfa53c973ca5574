//! Memory: one budget for everything that keeps rows, shared fairly, and the folder for what does not fit.
//!
//! ```text
//! RuntimeOptions::memory_limit ─► Budget ─┬─ job 1 ─ JobMemory (a DataFusion pool) ─► sorts, aggregates, joins, exchanges
//!                                         ├─ job 2 ─ ...
//!                                         └─ kept partitions (caches), which give way when told to
//! ```
//!
//! A refusal is never the end by itself: sorts, aggregates and joins go to disk, exchanges wait, kept partitions move or
//! are dropped. Only what can do none of that fails, with an error that says what to change.
//! Not here: when operators spill (DataFusion's own, `join`, `exchange`, `keep`). Begin at `rules`.

mod budget;
mod folder;
mod pool;
mod rules;
mod spill;
mod system;

pub use budget::{Budget, MemoryFigures};
pub use folder::SpillFolder;
pub(crate) use pool::JobMemory;
pub(crate) use spill::{SpillFile, SpillReader, Spilled};
pub(crate) use system::give_back;

/// Whether `error` says that memory was refused.
pub(crate) fn is_refusal(error: &datafusion::common::DataFusionError) -> bool {
    matches!(error.find_root(), datafusion::common::DataFusionError::ResourcesExhausted(_))
}
