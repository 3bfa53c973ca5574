//! The ground every other room stands on: errors, settings, ids and the seam to the outside world.
//!
//! Not here: anything that knows Arrow, DataFusion, protobuf or actors.
//! Begin at [`Error`].

mod conditions;
mod error;
mod sentences;
pub mod settings;
pub mod world;

pub use conditions::{Condition, condition};
pub use error::{Error, ErrorKind, Exception, QueryContext, Result};
pub use settings::Settings;
pub use world::World;
