//! Where rows come from and go to outside the engine: files by format, ranges, data that came with a plan.
//!
//!     format + options + paths ──► [`read`] ──► TableProvider + Spark's schema
//!     plan + format + folder ────► [`write`] ─► files that appear whole or not at all
//!
//! | to read, begin at            | to write, begin at             |
//! |------------------------------|--------------------------------|
//! | [`read::read`]: by format    | [`write::FolderWriter`]        |
//! | `listing`: which files       | `write/commit`: how they come  |
//! | `table`: the scan around all | `write/task`: one task's files |
//! | `rows`: all but Parquet        | `write/format`: formats        |
//!
//! Not here: names of tables (`emberflow`), what a plan means (`emberflow-analyzer`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod avro;
pub mod csv;
pub mod json;
mod lines;
pub mod listing;
pub mod local;
pub mod options;
mod orc;
pub mod parquet;
mod partitions;
pub mod paths;
pub mod range;
pub mod read;
mod rows;
mod table;
pub mod text;
mod values;
pub mod write;

pub use options::SourceOptions;
pub use partitions::{check_partition_type, escaped as folder_name};
pub use read::{ReadRequest, SourceTable, read};
pub use write::{FolderWriter, WriteRequest};
