//! The engine in this process.
//!
//! Not here: sessions over it (`session`). Begin at [`open`].

use crate::failure::{Failure, Result};
use crate::session::Session;

/// Opens a session on the engine of this process.
pub fn open(_user_id: String) -> Result<Session> {
    Err(Failure::usage("this build of emberflow has no engine inside; give sparkR.session() a server: \"sc://host:port\""))
}
