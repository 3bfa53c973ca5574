//! A session as clients know it: ids, running operations, uploads, errors to be fetched.
//!
//! What a session *is* (settings, views, catalog) belongs to its [`SessionBackend`]. Not here: which sessions exist
//! (`registry`).

pub(crate) mod artifacts;
pub(crate) mod registry;
pub(crate) mod tombstones;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::{Error, Result, World};
use emberflow_plan::sql::SqlOptions;
use parking_lot::Mutex;

use crate::backend::{SessionBackend, SessionKey};
use crate::decode::Blocks;
use crate::errors::{self, ErrorShelf};
use crate::operation::Operation;
use crate::rpc::Status;
use artifacts::Artifacts;

pub(crate) struct Session {
    pub key: SessionKey,
    /// Chosen here, constant for the session's life.
    pub server_side_id: String,
    pub backend: Arc<dyn SessionBackend>,
    pub shelf: ErrorShelf,
    pub artifacts: Artifacts,
    operations: Mutex<BTreeMap<String, Arc<Operation>>>,
    last_used: Mutex<Duration>,
}

impl Session {
    pub(crate) fn new(key: SessionKey, backend: Arc<dyn SessionBackend>, artifacts: Artifacts, world: &dyn World) -> Arc<Self> {
        Self::returned(key, uuid::Uuid::new_v4().to_string(), backend, artifacts, world)
    }

    /// A new session under the server-side id of one that was released: its client takes it for the same.
    pub(crate) fn returned(
        key: SessionKey,
        server_side_id: String,
        backend: Arc<dyn SessionBackend>,
        artifacts: Artifacts,
        world: &dyn World,
    ) -> Arc<Self> {
        Arc::new(Self {
            key,
            server_side_id,
            backend,
            shelf: ErrorShelf::default(),
            artifacts,
            operations: Mutex::default(),
            last_used: Mutex::new(world.elapsed()),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.key.session_id
    }

    /// The status under which the client can ask for details.
    pub(crate) fn status(&self, error: &Error) -> Status {
        errors::status_of(error, &self.shelf, &self.backend.settings())
    }

    pub(crate) fn touch(&self, world: &dyn World) {
        *self.last_used.lock() = world.elapsed();
    }

    /// How long nothing has happened; an operation is always something.
    pub(crate) fn idle_for(&self, world: &dyn World) -> Duration {
        if !self.operations.lock().is_empty() {
            self.touch(world);
        }
        world.elapsed().saturating_sub(*self.last_used.lock())
    }

    /// Adds an operation, unless one of this id is there.
    pub(crate) fn add(&self, operation: Arc<Operation>) -> Result<()> {
        let mut operations = self.operations.lock();
        let id = operation.id().to_owned();
        if operations.contains_key(&id) {
            return Err(Error::new("INVALID_HANDLE.OPERATION_ALREADY_EXISTS").with("handle", id));
        }
        operations.insert(id, operation);
        Ok(())
    }

    pub(crate) fn operation(&self, id: &str) -> Option<Arc<Operation>> {
        self.operations.lock().get(id).cloned()
    }

    pub(crate) fn operations(&self) -> Vec<Arc<Operation>> {
        self.operations.lock().values().cloned().collect()
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Operation>> {
        self.operations.lock().remove(id)
    }
}

impl Blocks for Session {
    fn block(&self, hash: &str) -> Option<Bytes> {
        self.artifacts.block(hash)
    }

    fn session_id(&self) -> &str {
        self.id()
    }

    fn sql_options(&self) -> SqlOptions {
        SqlOptions::of(&self.backend.settings())
    }
}
