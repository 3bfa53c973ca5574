//! Which sessions exist, which existed, and what became of their operations.
//!
//!     request ──► [format] ──► [closed?] ──► [known? make it, if this call may] ──► [observed id] ──► Session
//!
//! A session released or expired leaves a tombstone, so that a client with old ideas is told, not served anew. Where
//! released ids may return, the next call makes a fresh session that bears both of the old one's ids.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use emberflow_base::{Error, Result, World};
use parking_lot::Mutex;

use super::Session;
use super::artifacts::Artifacts;
use super::tombstones::Tombstones;
use crate::backend::{Backend, SessionKey};
use crate::operation::{Operation, Phase};

const SESSION_TOMBSTONES_MAX: usize = 1000;
const OPERATION_TOMBSTONES_MAX: usize = 10_000;
/// An operation nobody reads is dropped after this.
const ALONE_MAX: Duration = Duration::from_secs(300);
/// The id of an operation that ended less than this ago cannot be used again.
const ID_TAKEN_FOR: Duration = Duration::from_secs(1800);

/// Whether a call brings its session into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Create,
    Refuse,
}

/// What a released session leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// A tombstone: whoever asks for the session is told that it is closed.
    Tombstone,
    /// Nothing: the id may be used for a new session.
    Nothing,
    /// Its ids: the next call gets a fresh session that bears both.
    ItsIds,
}

/// What became of an operation that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub phase: Phase,
    pub abandoned: bool,
}

pub(crate) struct Registry {
    backend: Arc<dyn Backend>,
    world: Arc<dyn World>,
    idle_max: Duration,
    sessions: Mutex<HashMap<SessionKey, Arc<Session>>>,
    closed: Mutex<Tombstones<SessionKey, String>>,
    /// Server-side ids of released sessions that may come back.
    returning: Mutex<Tombstones<SessionKey, String>>,
    gone: Mutex<Tombstones<(SessionKey, String), Fate>>,
}

impl Registry {
    pub(crate) fn new(backend: Arc<dyn Backend>, world: Arc<dyn World>, idle_max: Duration) -> Self {
        Self {
            backend,
            world,
            idle_max,
            sessions: Mutex::default(),
            closed: Mutex::new(Tombstones::new(SESSION_TOMBSTONES_MAX)),
            returning: Mutex::new(Tombstones::new(SESSION_TOMBSTONES_MAX)),
            gone: Mutex::new(Tombstones::new(OPERATION_TOMBSTONES_MAX)),
        }
    }

    /// The session a request means. `observed` is the server's id the client has seen before.
    pub(crate) fn enter(&self, key: SessionKey, observed: Option<&str>, unknown: Unknown) -> Result<Arc<Session>> {
        check_uuid(&key.session_id)?;
        if self.closed.lock().get(&key).is_some() {
            return Err(handle("SESSION_CLOSED", &key.session_id));
        }
        let mut sessions = self.sessions.lock();
        let session = match (sessions.get(&key), unknown) {
            (Some(session), _) => session.clone(),
            (None, Unknown::Refuse) => return Err(handle("SESSION_NOT_FOUND", &key.session_id)),
            (None, Unknown::Create) => {
                let session = self.create(key.clone(), observed)?;
                sessions.insert(key, session.clone());
                session
            }
        };
        drop(sessions);
        if observed.is_some_and(|observed| observed != session.server_side_id) {
            return Err(handle("SESSION_CHANGED", session.id()));
        }
        session.touch(&*self.world);
        Ok(session)
    }

    /// The session of a key that has none, as a client expects it that has `observed` a server-side id before.
    fn create(&self, key: SessionKey, observed: Option<&str>) -> Result<Arc<Session>> {
        let returning = self.returning.lock().get(&key).cloned();
        if observed.is_some() && observed != returning.as_deref() {
            // The client saw a session that is gone: a new one would silently lack its state.
            return Err(handle("SESSION_CHANGED", &key.session_id));
        }
        let backend = self.backend.open(&key)?;
        Ok(match returning {
            Some(server_side_id) => Session::returned(key, server_side_id, backend, Artifacts::default(), &*self.world),
            None => Session::new(key, backend, Artifacts::default(), &*self.world),
        })
    }

    /// A session under a new id with a copy of the state of `of`.
    pub(crate) fn clone_session(&self, of: &Session, new_id: Option<&str>) -> Result<Arc<Session>> {
        let new_id = new_id.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        let refuse =
            |why: &str| Error::new(format!("INVALID_CLONE_SESSION_REQUEST.{why}")).with("targetSessionId", new_id.as_str());
        if check_uuid(&new_id).is_err() {
            return Err(refuse("TARGET_SESSION_ID_FORMAT"));
        }
        let key = SessionKey { user_id: of.key.user_id.clone(), session_id: new_id.clone() };
        if self.closed.lock().get(&key).is_some() {
            return Err(refuse("TARGET_SESSION_ID_ALREADY_CLOSED"));
        }
        let mut sessions = self.sessions.lock();
        if sessions.contains_key(&key) {
            return Err(refuse("TARGET_SESSION_ID_ALREADY_EXISTS"));
        }
        let backend = self.backend.open_clone(&*of.backend, &key)?;
        let session = Session::new(key.clone(), backend, of.artifacts.copy(), &*self.world);
        sessions.insert(key, session.clone());
        Ok(session)
    }

    /// Ends a session; its server-side id, if it is or was known.
    pub(crate) fn release(&self, key: &SessionKey, leaves: Leaves) -> Result<Option<String>> {
        check_uuid(&key.session_id)?;
        let session = self.sessions.lock().remove(key);
        let Some(session) = session else {
            return Ok(self.closed.lock().get(key).cloned());
        };
        match leaves {
            Leaves::Tombstone => self.closed.lock().lay(key.clone(), session.server_side_id.clone(), self.world.elapsed()),
            Leaves::ItsIds => self.returning.lock().lay(key.clone(), session.server_side_id.clone(), self.world.elapsed()),
            Leaves::Nothing => {}
        }
        for operation in session.operations() {
            operation.cancel();
            self.forget(&session, operation.id(), false);
        }
        session.backend.close();
        Ok(Some(session.server_side_id.clone()))
    }

    /// Drops an operation; its fate stays known.
    pub(crate) fn forget(&self, session: &Session, operation_id: &str, abandoned: bool) {
        let Some(operation) = session.remove(operation_id) else { return };
        operation.cancel();
        let phase = match operation.phase() {
            // Whoever drops a running operation ends it.
            Phase::Running => Phase::Cancelled,
            ended => ended,
        };
        let key = (session.key.clone(), operation_id.to_owned());
        self.gone.lock().lay(key, Fate { phase, abandoned }, self.world.elapsed());
    }

    /// What became of an operation that is gone.
    pub(crate) fn fate(&self, session: &Session, operation_id: &str) -> Option<Fate> {
        self.gone.lock().get(&(session.key.clone(), operation_id.to_owned())).copied()
    }

    /// The fates of all operations of a session that are gone.
    pub(crate) fn fates(&self, session: &Session) -> Vec<(String, Fate)> {
        let gone = self.gone.lock();
        let own = gone.iter().filter(|((key, _), _)| *key == session.key);
        own.map(|((_, id), fate)| (id.clone(), *fate)).collect()
    }

    /// Whether the id of a new operation is free.
    pub(crate) fn check_free(&self, session: &Session, operation_id: &str) -> Result<()> {
        let key = (session.key.clone(), operation_id.to_owned());
        let gone = self.gone.lock();
        match (gone.get(&key), gone.since(&key)) {
            (Some(fate), _) if fate.abandoned => Err(handle("OPERATION_ABANDONED", operation_id)),
            (Some(_), Some(since)) if self.world.elapsed().saturating_sub(since) < ID_TAKEN_FOR => {
                Err(handle("OPERATION_ALREADY_EXISTS", operation_id))
            }
            _ => Ok(()),
        }
    }

    /// The operation a client wants to go on reading.
    pub(crate) fn operation(&self, session: &Session, operation_id: &str) -> Result<Arc<Operation>> {
        if let Some(operation) = session.operation(operation_id) {
            return Ok(operation);
        }
        let abandoned = self.fate(session, operation_id).is_some_and(|fate| fate.abandoned);
        Err(handle(if abandoned { "OPERATION_ABANDONED" } else { "OPERATION_NOT_FOUND" }, operation_id))
    }

    /// Lets time have its effects: drops what nobody reads, expires what nobody uses, wakes readers to look at the clock.
    pub(crate) fn tick(&self) {
        let sessions: Vec<Arc<Session>> = self.sessions.lock().values().cloned().collect();
        for session in sessions {
            for operation in session.operations() {
                match operation.alone_for() {
                    Some(alone) if alone >= ALONE_MAX => self.forget(&session, operation.id(), true),
                    _ => operation.nudge(),
                }
            }
            if session.idle_for(&*self.world) >= self.idle_max {
                let _ = self.release(&session.key, Leaves::Tombstone);
            }
        }
    }
}

fn check_uuid(id: &str) -> Result<()> {
    match uuid::Uuid::try_parse(id) {
        // The canonical form only: with hyphens.
        Ok(_) if id.len() == 36 => Ok(()),
        _ => Err(handle("FORMAT", id)),
    }
}

/// An operation id as a client may choose it.
pub(crate) fn check_operation_id(id: &str) -> Result<()> {
    check_uuid(id)
}

fn handle(what: &str, id: &str) -> Error {
    Error::new(format!("INVALID_HANDLE.{what}")).with("handle", id)
}
