//! Where rows come from and go to outside the engine: files by format, ranges, data that came with a plan.
//!
//!     format + options + paths ──► [`read`] ──► TableProvider + Spark's schema
//!     batches + format + folder ─► [`write`] ─► files that appear whole or not at all
//!
//! Not here: names of tables (`emberflow`), what a plan means (`emberflow-analyzer`). Begin at [`read::read`].

pub mod csv;
pub mod local;
pub mod options;
pub mod parquet;
pub mod paths;
pub mod range;
pub mod read;
pub mod write;

pub use options::SourceOptions;
pub use read::{ReadRequest, SourceTable, read};
