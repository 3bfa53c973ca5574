//! The NoSQL store: tables of items in containers, conditional updates, expressions, range scans.
//!
//! ```text
//! Store, Kv, Table ─► owner of the slice ─► change::decide (pure) ─► committer ─► storage (fjall, memory, ...)
//!        │                                       ▲
//!        │                expression, name, limits: what texts, keys and values mean, without any I/O
//!        └─ get, scan ─► committed items ─► codec
//! ```
//!
//! The pure half knows neither files nor actors, so every rule can be tested alone. The other half is actors that own
//! slices, one thread that commits, and a trait for where bytes lie; `FORMAT.md` draws the bytes.
//! Not here: Spark's plans and sessions (`emberflow`), other formats (`emberflow-sources`).
//! Begin at [`Store`], [`Table`] and [`change::decide`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arbiters;
mod attribute_names;
pub mod bulk;
mod catalog;
mod cell;
pub mod change;
mod clock;
pub mod codec;
mod committer;
pub mod error;
pub mod expression;
pub mod kv;
pub mod limits;
pub mod name;
pub mod options;
pub mod overwrite;
mod owner;
pub mod partition;
pub mod path;
pub mod read_filter;
pub mod request;
pub mod rows;
pub mod scan;
pub mod schema;
mod slice;
pub mod slice_scan;
pub mod storage;
pub mod store;
pub mod table;
pub mod value;

pub use bulk::{RowChange, Writer, Written};
pub use catalog::EntryKind;
pub use codec::Version;
pub use committer::Sync;
pub use error::{Error, ErrorName, Result};
pub use kv::Kv;
pub use overwrite::Overwrite;
pub use owner::WriteOutcome;
pub use request::{Assigned, IfMissing, Operation, Select, Write, increment};
pub use scan::{NameRange, Page, ScanSpec};
pub use slice_scan::{Part, RawItem, RawValue, SliceScan, SliceSpec};
pub use store::{Store, StoreOptions};
pub use table::Table;
pub use value::{Item, Kind, Value};

/// An item for a test: `item! {a: 1, b: "x"}`.
#[cfg(test)]
macro_rules! item {
    ($($name:ident: $value:expr),* $(,)?) => {
        $crate::Item::from_iter([$((stringify!($name), $crate::Value::from($value))),*] as [(&str, $crate::Value); _])
    };
}
#[cfg(test)]
pub(crate) use item;
