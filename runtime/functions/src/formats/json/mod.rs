//! JSON texts as columns, in files and inside columns alike.
//!
//!     text ──► nodes (`tape`) ──► columns (`build`), or types (`infer`)
//!
//! Not here: where texts come from (`emberflow-sources` for files, `formats::reading` for `from_json`), writing.

mod build;
mod infer;
mod tape;

pub use build::{Builder, Fit, Value};
pub use infer::{Guess, Seen, malformed, together};
pub use tape::{Kind, Leniency, Malformed, Node, Tape};
