//! The engine in this process, as a transport.
//!
//! One engine serves every session of the process; it starts with the first one.
//! Not here: sessions over it (`session`). Begin at [`open`].

use std::sync::Arc;

use emberflow::Engine;
use emberflow_connect::rpc::Rpc;

use crate::failure::Result;
use crate::session::Session;
use crate::transport::Transport;

struct Embedded {
    engine: Arc<Engine>,
}

impl Transport for Embedded {
    fn rpc(&self) -> Arc<dyn Rpc> {
        self.engine.rpc()
    }

    fn needs_interrupt(&self) -> bool {
        false
    }
}

/// Opens a session on the engine of this process.
pub fn open(user_id: String) -> Result<Session> {
    let embedded = Arc::new(Embedded { engine: Engine::embedded()? });
    Ok(Session::over(embedded, user_id, uuid::Uuid::new_v4().to_string()))
}
