//! Rows for a host in the same process: what ExecutePlan does for a relation, without encoding what comes out.
//!
//!     ExecutePlanRequest (bytes) ─► session, statement ─► backend ─► Rows, batches as the backend made them
//!
//! There is no operation to reattach to or to interrupt: whoever drops the rows stops the query.
//! Not here: commands, whose answers are messages (`execute`).

use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use futures::FutureExt;

use super::Service;
use super::execute::{job, operation_id};
use super::request::Addressed;
use crate::backend::{Operation, Outcome, Rows};
use crate::deep;
use crate::operation::run::panicked;
use crate::proto::ExecutePlanRequest;
use crate::session::registry::Unknown;

impl Service {
    /// Runs a serialized ExecutePlanRequest whose plan is a relation.
    pub async fn rows(&self, request: Bytes) -> Result<Rows> {
        let (backend, statement, about) = deep::read(request, |request: ExecutePlanRequest| {
            let session = self.core.registry.enter(request.key(), request.observed(), Unknown::Create)?;
            let about = Operation { id: operation_id(&request)?, tags: request.tags.clone(), ..Default::default() };
            Ok((session.backend.clone(), job(&session, &request, None)?.statement, about))
        })?;
        let work = AssertUnwindSafe(backend.execute(statement, about));
        match work.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))? {
            Outcome::Rows(rows) => Ok(rows),
            _ => Err(Error::internal("a plan that should give rows gave none")),
        }
    }
}
