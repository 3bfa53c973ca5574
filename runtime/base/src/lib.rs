//! The ground every other room stands on: errors, settings, ids and the seam to the outside world.
//!
//! Not here: anything that knows Arrow, DataFusion, protobuf or actors.
//! Begin at [`Error`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bytes;
mod conditions;
mod error;
mod exception;
mod sentences;
pub mod settings;
mod substitution;
pub mod world;

pub use conditions::{Condition, condition};
pub use error::{Error, ErrorKind, QueryContext, Result};
pub use exception::Exception;
pub use settings::Settings;
pub use substitution::substituted;
pub use world::World;
