//! The NoSQL store: tables of items in containers, conditional updates, expressions, range scans.
//!
//! ```text
//! request ─► change::decide (pure) ─► new item ─► the slice that owns the key
//!                 ▲
//!     expression, name, schema, read_filter: what texts, keys and filters mean, without any I/O
//! ```
//!
//! The pure half stands in the files named above; they know neither files nor actors, so every rule can be tested alone.
//! Not here: Spark's plans and sessions (`emberflow`), other formats (`emberflow-sources`).
//! Begin at [`value::Item`], [`name::Key`] and [`change::decide`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arbiters;
pub mod change;
mod clock;
pub mod codec;
mod committer;
pub mod error;
pub mod expression;
pub mod limits;
pub mod name;
pub mod partition;
pub mod path;
pub mod schema;
mod slice;
pub mod storage;
pub mod value;

pub use codec::Version;
pub use committer::Sync;
pub use error::{Error, ErrorName, Result};
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
