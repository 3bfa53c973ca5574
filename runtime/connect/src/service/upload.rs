//! AddArtifacts and ArtifactStatus. The upload itself is `session::artifacts`.

use std::sync::Arc;

use bytes::Bytes;
use emberflow_base::Result;
use tokio::sync::mpsc;

use super::Core;
use super::request::{bytes, read};
use crate::errors;
use crate::proto::artifact_statuses_response::ArtifactStatus;
use crate::proto::{AddArtifactsRequest, AddArtifactsResponse, ArtifactStatusesRequest, ArtifactStatusesResponse};
use crate::rpc::Status;
use crate::session::Session;
use crate::session::artifacts::Upload;
use crate::session::registry::Unknown;

/// Answers once, after the client has closed its side.
pub(super) async fn add_artifacts(core: &Core, requests: &mut mpsc::Receiver<Bytes>) -> Result<Bytes, Status> {
    let mut upload = Upload::default();
    let mut session: Option<Arc<Session>> = None;
    while let Some(request) = requests.recv().await {
        read(request, |request: AddArtifactsRequest| {
            let session = match &session {
                Some(session) => session,
                None => session.insert(core.enter(&request, Unknown::Create)?),
            };
            match request.payload {
                Some(payload) => upload.push(payload).map_err(|why| session.status(&why)),
                None => Ok(()),
            }
        })?;
    }
    let Some(session) = session else { return Err(errors::invalid_argument("the call has no request")) };
    let artifacts = upload.finish(&session.artifacts).map_err(|why| session.status(&why))?;
    Ok(bytes(&AddArtifactsResponse {
        session_id: session.id().to_owned(),
        server_side_session_id: session.server_side_id.clone(),
        artifacts,
    }))
}

pub(super) fn artifact_status(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Create, |session, request: ArtifactStatusesRequest| {
        let status = |name: String| {
            let exists = session.artifacts.exists(&name);
            (name, ArtifactStatus { exists })
        };
        Ok(bytes(&ArtifactStatusesResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            statuses: request.names.into_iter().map(status).collect(),
        }))
    })
}
