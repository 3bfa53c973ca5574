//! What all requests have in common: whom they mean, and how their answers and failures travel.

use std::sync::Arc;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use prost::Message;

use super::Core;
use crate::backend::SessionKey;
use crate::deep;
use crate::errors;
use crate::proto;
use crate::rpc::Status;
use crate::session::Session;
use crate::session::registry::Unknown;

/// A request that means a session.
pub(super) trait Addressed: Message + Default {
    fn key(&self) -> SessionKey;
    /// The server-side session id the client has seen.
    fn observed(&self) -> Option<&str>;
}

macro_rules! addressed {
    ($($request:ident),*) => {$(
        impl Addressed for proto::$request {
            fn key(&self) -> SessionKey {
                session_key(self.user_context.as_ref(), &self.session_id)
            }

            fn observed(&self) -> Option<&str> {
                self.client_observed_server_side_session_id.as_deref().filter(|id| !id.is_empty())
            }
        }
    )*};
}

addressed!(
    ExecutePlanRequest,
    ReattachExecuteRequest,
    ReleaseExecuteRequest,
    AnalyzePlanRequest,
    ConfigRequest,
    AddArtifactsRequest,
    ArtifactStatusesRequest,
    InterruptRequest,
    FetchErrorDetailsRequest,
    CloneSessionRequest,
    GetStatusRequest
);

pub(super) fn session_key(user: Option<&proto::UserContext>, session_id: &str) -> SessionKey {
    SessionKey { user_id: user.map(|user| user.user_id.clone()).unwrap_or_default(), session_id: session_id.to_owned() }
}

impl Core {
    /// The session of a request.
    pub(super) fn enter(&self, request: &impl Addressed, unknown: Unknown) -> Result<Arc<Session>, Status> {
        self.registry.enter(request.key(), request.observed(), unknown).map_err(|why| errors::status_without_session(&why))
    }

    /// Reads a request, enters its session and lets `then` answer; an error of `then` belongs to the session.
    pub(super) fn within<R: Addressed, T>(
        &self,
        request: Bytes,
        unknown: Unknown,
        then: impl FnOnce(&Arc<Session>, R) -> Result<T>,
    ) -> Result<T, Status> {
        read(request, |request: R| {
            let session = self.enter(&request, unknown)?;
            then(&session, request).map_err(|why| session.status(&why))
        })
    }
}

/// Reads a request and lets `then` answer.
pub(super) fn read<R: Message + Default, T>(request: Bytes, then: impl FnOnce(R) -> Result<T, Status>) -> Result<T, Status> {
    deep::read(request, |request| Ok(then(request))).unwrap_or_else(|why| Err(errors::status_without_session(&why)))
}

pub(super) fn bytes(response: &impl Message) -> Bytes {
    response.encode_to_vec().into()
}

/// A parameter of a call that is not what it has to be.
pub(super) fn bad_request(why: &str) -> Error {
    Error::new("CONNECT_INVALID_PLAN.ASSERTION_FAILURE").with("message", why)
}
