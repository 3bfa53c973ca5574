//! ExecutePlan, ReattachExecute, ReleaseExecute.
//!
//!     ExecutePlan ──► same id and plan again? attach ──► else decode ──► Operation ──► run (task) + deliver
//!     ReattachExecute ─────────────────────────────────────────────────► attach ─────────────► deliver
//!     ReleaseExecute ──► until: forget responses; all: forget (and stop) the operation
//!
//! Not here: the life of an operation (`operation`).

use std::sync::Arc;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use emberflow_plan::{Command, Statement};
use prost::Message;
use sha2::{Digest, Sha256};

use super::Core;
use super::request::{bad_request, bytes, read};
use crate::decode::{self, Decoder};
use crate::deep;
use crate::operation::attach::{Attachment, Parting};
use crate::operation::run::{self, Expects, Job};
use crate::operation::{Identity, Operation};
use crate::proto::command::CommandType;
use crate::proto::execute_plan_request::request_option::RequestOption;
use crate::proto::execute_plan_response::{ResponseType, SqlCommandResult};
use crate::proto::release_execute_request::Release;
use crate::proto::{
    self, ExecutePlanRequest, ReattachExecuteRequest, ReleaseExecuteRequest, ReleaseExecuteResponse, ResultChunkingOptions, plan,
};
use crate::results;
use crate::rpc::{Peer, Status};
use crate::session::Session;
use crate::session::registry::{self, Unknown};

/// The field of an ExecutePlanRequest that holds the plan.
const PLAN_FIELD: u64 = 3;

/// A reader and where it belongs.
struct Reading {
    session: Arc<Session>,
    operation: Arc<Operation>,
    attachment: Attachment,
}

pub(super) async fn execute_plan(core: Arc<Core>, peer: Peer) {
    serve(core, peer, begin).await;
}

pub(super) async fn reattach_execute(core: Arc<Core>, peer: Peer) {
    serve(core, peer, come_back).await;
}

async fn serve(core: Arc<Core>, mut peer: Peer, open: impl FnOnce(&Core, Bytes) -> Result<Reading, Status>) {
    let Some(request) = peer.requests.recv().await else { return };
    match open(&core, request) {
        Ok(reading) => reading.deliver(&core, &peer).await,
        Err(status) => _ = peer.responses.send(Err(status)).await,
    }
}

impl Reading {
    async fn deliver(self, core: &Core, peer: &Peer) {
        let parting = self.attachment.deliver(&peer.responses).await;
        if !self.operation.identity.reattachable {
            // Nobody can come back: running or not, this was all.
            core.registry.forget(&self.session, self.operation.id(), false);
        }
        if let Parting::Failed(why) = parting {
            let _ = peer.responses.send(Err(self.session.status(&why))).await;
        }
    }
}

fn come_back(core: &Core, request: Bytes) -> Result<Reading, Status> {
    core.within(request, Unknown::Refuse, |session, request: ReattachExecuteRequest| {
        let operation = core.registry.operation(session, &request.operation_id)?;
        if !operation.identity.reattachable {
            return Err(Error::new("INVALID_CURSOR.NOT_REATTACHABLE"));
        }
        let last = request.last_response_id.as_deref().filter(|last| !last.is_empty());
        let attachment = operation.attach(last)?;
        Ok(Reading { session: session.clone(), operation, attachment })
    })
}

fn begin(core: &Core, request: Bytes) -> Result<Reading, Status> {
    let plan_digest = Sha256::digest(deep::raw_field(&request, PLAN_FIELD)).into();
    core.within(request, Unknown::Create, |session, request: ExecutePlanRequest| {
        let options = Options::of(&request);
        let operation_id = operation_id(&request)?;
        check_tags(&request.tags)?;
        if let Some(known) = session.operation(&operation_id) {
            return again(session, known, plan_digest);
        }
        core.registry.check_free(session, &operation_id)?;
        let job = job(session, &request, options.chunking)?;
        let identity = Identity {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            operation_id,
            tags: request.tags.clone(),
            reattachable: options.reattachable,
            plan_digest,
        };
        start(core, session, identity, job)
    })
}

fn start(core: &Core, session: &Arc<Session>, identity: Identity, job: Job) -> Result<Reading> {
    let operation = Operation::new(identity, core.options.world.clone());
    session.add(operation.clone())?;
    let attachment = operation.attach(None)?;
    core.runtime.spawn(run::run(operation.clone(), session.backend.clone(), job));
    Ok(Reading { session: session.clone(), operation, attachment })
}

/// The same request once more: the client did not see that the first had arrived.
fn again(session: &Arc<Session>, known: Arc<Operation>, plan_digest: [u8; 32]) -> Result<Reading> {
    if known.identity.plan_digest != plan_digest || !known.identity.reattachable {
        return Err(Error::new("INVALID_HANDLE.OPERATION_ALREADY_EXISTS").with("handle", known.id()));
    }
    let attachment = known.attach(None)?;
    Ok(Reading { session: session.clone(), operation: known, attachment })
}

#[derive(Default)]
struct Options {
    reattachable: bool,
    chunking: Option<ResultChunkingOptions>,
}

impl Options {
    fn of(request: &ExecutePlanRequest) -> Self {
        let mut options = Self::default();
        for option in request.request_options.iter().filter_map(|option| option.request_option.as_ref()) {
            match option {
                RequestOption::ReattachOptions(reattach) => options.reattachable = reattach.reattachable,
                RequestOption::ResultChunkingOptions(chunking) => options.chunking = Some(*chunking),
                RequestOption::Extension(_) => {}
            }
        }
        options
    }
}

pub(super) fn operation_id(request: &ExecutePlanRequest) -> Result<String> {
    match request.operation_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => registry::check_operation_id(id).map(|()| id.to_owned()),
        None => Ok(uuid::Uuid::new_v4().to_string()),
    }
}

fn check_tags(tags: &[String]) -> Result<()> {
    if tags.iter().any(|tag| tag.is_empty() || tag.contains(',')) {
        return Err(bad_request("a tag must not be empty and must not contain a comma"));
    }
    Ok(())
}

pub(super) fn job(session: &Session, request: &ExecutePlanRequest, chunking: Option<ResultChunkingOptions>) -> Result<Job> {
    let plan = request.plan.as_ref().ok_or_else(|| bad_request("the plan is not set"))?;
    decode::opened(plan, |plan| {
        let statement = Decoder::new(session).statement(plan)?;
        let expects = match (&statement, &plan.op_type) {
            (Statement::Query(_), _) => Expects::Relation,
            (Statement::Command(Command::MlCleanCache), _) => Expects::MlCleanCache,
            (Statement::Command(Command::Sql { .. }), Some(plan::OpType::Command(command))) => {
                Expects::Sql { echo: echo(command) }
            }
            (Statement::Command(_), _) => Expects::Command,
        };
        Ok(Job { statement, expects, chunking })
    })
}

/// The answer to a SQL text that is a query: the relation it came as. Serialized here, where the stack is deep enough.
fn echo(command: &proto::Command) -> Bytes {
    let Some(CommandType::SqlCommand(sql)) = &command.command_type else { return Bytes::new() };
    let relation = sql.input.clone().unwrap_or_else(|| flat(sql));
    let result = SqlCommandResult { relation: Some(relation) };
    results::message(ResponseType::SqlCommandResult(result)).encode_to_vec().into()
}

/// The relation of a SQL command as older clients write it.
#[allow(deprecated)]
fn flat(sql: &proto::SqlCommand) -> proto::Relation {
    let text = proto::Sql {
        query: sql.sql.clone(),
        args: sql.args.clone(),
        pos_args: sql.pos_args.clone(),
        named_arguments: sql.named_arguments.clone(),
        pos_arguments: sql.pos_arguments.clone(),
    };
    proto::Relation { common: None, rel_type: Some(proto::relation::RelType::Sql(text)) }
}

/// An operation nobody knows is released already. The session's observed id is not looked at: clients release late.
pub(super) fn release_execute(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    read(request, |mut request: ReleaseExecuteRequest| {
        request.client_observed_server_side_session_id = None;
        let session = core.enter(&request, Unknown::Refuse)?;
        let operation = session.operation(&request.operation_id);
        if let Some(operation) = &operation {
            release(core, &session, operation, &request).map_err(|why| session.status(&why))?;
        }
        Ok(bytes(&ReleaseExecuteResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            operation_id: operation.map(|operation| operation.id().to_owned()),
        }))
    })
}

fn release(core: &Core, session: &Session, operation: &Operation, request: &ReleaseExecuteRequest) -> Result<()> {
    if !operation.identity.reattachable {
        return Err(Error::new("INVALID_CURSOR.NOT_REATTACHABLE"));
    }
    match &request.release {
        Some(Release::ReleaseUntil(until)) => operation.release_until(&until.response_id),
        Some(Release::ReleaseAll(_)) => {
            core.registry.forget(session, operation.id(), false);
            Ok(())
        }
        None => Err(bad_request("neither release_all nor release_until is set")),
    }
}
