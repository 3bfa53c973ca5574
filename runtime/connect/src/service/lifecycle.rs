//! What happens to sessions and operations from outside: interrupt, release, clone, status, details of errors.

use bytes::Bytes;
use emberflow_base::{Error, Result};

use super::Core;
use super::request::{bytes, read, session_key};
use crate::errors;
use crate::operation::{Operation, Phase};
use crate::proto::get_status_response::{OperationStatus, operation_status::OperationState};
use crate::proto::interrupt_request::{Interrupt, InterruptType};
use crate::proto::{
    CloneSessionRequest, CloneSessionResponse, FetchErrorDetailsRequest, FetchErrorDetailsResponse, GetStatusRequest,
    GetStatusResponse, InterruptRequest, InterruptResponse, ReleaseSessionRequest, ReleaseSessionResponse,
};
use crate::rpc::Status;
use crate::session::Session;
use crate::session::registry::{Fate, Leaves, Unknown};

pub(super) fn interrupt(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Create, |session, request: InterruptRequest| {
        let means = meant(&request)?;
        let operations = session.operations();
        let stopped = operations.iter().filter(|operation| means(operation)).filter(|operation| operation.cancel());
        Ok(bytes(&InterruptResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            interrupted_ids: stopped.map(|operation| operation.id().to_owned()).collect(),
        }))
    })
}

/// Whether an operation is meant.
type Choice<'a> = Box<dyn Fn(&Operation) -> bool + 'a>;

/// Which operations an interrupt means.
fn meant(request: &InterruptRequest) -> Result<Choice<'_>> {
    let incomplete = |what: &str| {
        let why = Error::new(format!("INVALID_PARAMETER_VALUE.{what}"));
        why.with("parameter", "`operation_tag`, `operation_id`").with("functionName", "`Interrupt`")
    };
    match (request.interrupt_type(), &request.interrupt) {
        (InterruptType::All, _) => Ok(Box::new(|_| true)),
        (InterruptType::Tag, Some(Interrupt::OperationTag(tag))) => {
            Ok(Box::new(move |operation| operation.identity.tags.contains(tag)))
        }
        (InterruptType::Tag, _) => Err(incomplete("INTERRUPT_TYPE_TAG_REQUIRES_TAG")),
        (InterruptType::OperationId, Some(Interrupt::OperationId(id))) => Ok(Box::new(move |operation| operation.id() == id)),
        (InterruptType::OperationId, _) => Err(incomplete("INTERRUPT_TYPE_OPERATION_ID_REQUIRES_ID")),
        (InterruptType::Unspecified, _) => {
            Err(Error::new("UNSUPPORTED_FEATURE.INTERRUPT_TYPE").with("interruptType", "UNSPECIFIED"))
        }
    }
}

/// Of an unknown session: nothing to do.
pub(super) fn release_session(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    read(request, |request: ReleaseSessionRequest| {
        let key = session_key(request.user_context.as_ref(), &request.session_id);
        let leaves = match (core.options.released_ids_may_return, request.allow_reconnect) {
            (true, _) => Leaves::ItsIds,
            (false, true) => Leaves::Nothing,
            (false, false) => Leaves::Tombstone,
        };
        let released = core.registry.release(&key, leaves).map_err(|why| errors::status_without_session(&why))?;
        Ok(bytes(&ReleaseSessionResponse {
            session_id: request.session_id,
            server_side_session_id: released.unwrap_or_default(),
        }))
    })
}

pub(super) fn clone_session(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Refuse, |session, request: CloneSessionRequest| {
        let clone = core.registry.clone_session(session, request.new_session_id.as_deref())?;
        Ok(bytes(&CloneSessionResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            new_session_id: clone.id().to_owned(),
            new_server_side_session_id: clone.server_side_id.clone(),
        }))
    })
}

/// Readable once; an unknown id gets an answer without errors.
pub(super) fn fetch_error_details(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Create, |session, request: FetchErrorDetailsRequest| {
        let found = session.shelf.take(&request.error_id);
        Ok(bytes(&FetchErrorDetailsResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            root_error_idx: found.as_ref().map(|_| 0),
            errors: found.as_ref().map(errors::chain).unwrap_or_default(),
        }))
    })
}

pub(super) fn get_status(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Refuse, |session, request: GetStatusRequest| {
        let asked = request.operation_status.map(|asked| asked.operation_ids);
        let operation_statuses = match asked {
            None => Vec::new(),
            Some(ids) if ids.is_empty() => all_statuses(core, session),
            Some(ids) => ids.iter().map(|id| status(id, state_of(core, session, id))).collect(),
        };
        Ok(bytes(&GetStatusResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            operation_statuses,
            ..Default::default()
        }))
    })
}

fn all_statuses(core: &Core, session: &Session) -> Vec<OperationStatus> {
    let gone = core.registry.fates(session);
    let gone = gone.into_iter().map(|(id, fate)| status(&id, ended(fate)));
    let here = session.operations();
    let here = here.iter().map(|operation| status(operation.id(), current(operation)));
    gone.chain(here).collect()
}

fn state_of(core: &Core, session: &Session, id: &str) -> OperationState {
    match (session.operation(id), core.registry.fate(session, id)) {
        (Some(operation), _) => current(&operation),
        (None, Some(fate)) => ended(fate),
        (None, None) => OperationState::Unknown,
    }
}

/// Ended, but its responses are still here: terminating.
fn current(operation: &Operation) -> OperationState {
    match operation.phase() {
        Phase::Running => OperationState::Running,
        Phase::Succeeded | Phase::Failed | Phase::Cancelled => OperationState::Terminating,
    }
}

fn ended(fate: Fate) -> OperationState {
    match fate.phase {
        Phase::Running | Phase::Cancelled => OperationState::Cancelled,
        Phase::Succeeded => OperationState::Succeeded,
        Phase::Failed => OperationState::Failed,
    }
}

fn status(id: &str, state: OperationState) -> OperationStatus {
    OperationStatus { operation_id: id.to_owned(), state: state as i32, ..Default::default() }
}
