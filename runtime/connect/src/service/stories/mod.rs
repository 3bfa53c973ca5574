//! The protocol told as stories: a client of few lines against the service over a backend made by hand.

mod fake;
mod key_value;
mod lifecycle;
mod reading;
mod running;
mod settings;
mod uploading;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::world::Seeded;
use prost::Message;
use tokio::sync::mpsc;

use super::{Service, ServiceOptions};
use crate::errors::{ErrorInfo, RpcStatus};
use crate::proto::execute_plan_request::{RequestOption, request_option};
use crate::proto::execute_plan_response::ResponseType;
use crate::proto::relation::RelType;
use crate::proto::{self, ExecutePlanRequest, ExecutePlanResponse, plan};
use crate::rpc::{Method, Rpc, Status};
use fake::Fake;

const SESSION: &str = "00000000-0000-0000-0000-00000000000a";
const OPERATION: &str = "00000000-0000-0000-0000-0000000000a1";

/// A service, its world, and a client of one session.
struct Stage {
    service: Arc<Service>,
    fake: Arc<Fake>,
    world: Arc<Seeded>,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(choose: impl FnOnce(&mut ServiceOptions)) -> Self {
        let (fake, world) = (Arc::new(Fake::default()), Seeded::new(1));
        let mut options = ServiceOptions { world: world.clone(), ..ServiceOptions::default() };
        choose(&mut options);
        let service = Service::new(fake.clone(), tokio::runtime::Handle::current(), options);
        Self { service, fake, world }
    }

    fn pass(&self, time: Duration) {
        self.world.advance(time);
        self.service.tick();
    }

    async fn unary<R: Message + Default>(&self, method: Method, request: impl Message) -> Result<R, Status> {
        let (requests, mut responses) = self.service.start(method, Vec::new()).split();
        requests.send(request.encode_to_vec().into()).await.unwrap();
        drop(requests);
        let answer = responses.recv().await.unwrap()?;
        assert!(responses.recv().await.is_none(), "one answer");
        Ok(R::decode(answer).unwrap())
    }

    async fn stream(&self, method: Method, request: impl Message) -> Stream {
        let (requests, responses) = self.service.start(method, Vec::new()).split();
        requests.send(request.encode_to_vec().into()).await.unwrap();
        Stream { responses }
    }

    async fn execute(&self, request: ExecutePlanRequest) -> Stream {
        self.stream(Method::ExecutePlan, request).await
    }

    async fn reattach(&self, operation_id: &str, last: Option<&str>) -> Stream {
        let request = proto::ReattachExecuteRequest {
            session_id: SESSION.into(),
            operation_id: operation_id.into(),
            last_response_id: last.map(str::to_owned),
            ..Default::default()
        };
        self.stream(Method::ReattachExecute, request).await
    }

    async fn release(&self, release: proto::release_execute_request::Release) -> Result<Option<String>, Status> {
        let request = proto::ReleaseExecuteRequest {
            session_id: SESSION.into(),
            operation_id: OPERATION.into(),
            release: Some(release),
            ..Default::default()
        };
        let answer: proto::ReleaseExecuteResponse = self.unary(Method::ReleaseExecute, request).await?;
        Ok(answer.operation_id)
    }

    async fn release_all(&self) -> Option<String> {
        let all = proto::release_execute_request::Release::ReleaseAll(Default::default());
        self.release(all).await.unwrap()
    }
}

/// The responses of a call.
struct Stream {
    responses: mpsc::Receiver<Result<Bytes, Status>>,
}

impl Stream {
    async fn next(&mut self) -> Option<Result<ExecutePlanResponse, Status>> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.responses.recv()).await.expect("an answer in time");
        next.map(|response| response.map(|bytes| ExecutePlanResponse::decode(bytes).unwrap()))
    }

    async fn message(&mut self) -> ExecutePlanResponse {
        self.next().await.expect("a response").expect("no error")
    }

    async fn all(mut self) -> Result<Vec<ExecutePlanResponse>, Status> {
        let mut all = Vec::new();
        while let Some(response) = self.next().await {
            all.push(response?);
        }
        Ok(all)
    }
}

fn relation(kind: RelType) -> proto::Relation {
    proto::Relation { common: None, rel_type: Some(kind) }
}

/// What the fake backend knows by name: `slow`, `panics`, `fails`, ...
fn table(name: &str) -> proto::Relation {
    let named = proto::read::NamedTable { unparsed_identifier: name.into(), options: Default::default() };
    relation(RelType::Read(proto::Read { is_streaming: false, read_type: Some(proto::read::ReadType::NamedTable(named)) }))
}

/// As many batches as rows are asked for; each takes a megabyte.
fn megabytes(count: i64) -> proto::Relation {
    relation(RelType::Range(proto::Range { start: Some(0), end: count, step: 1, num_partitions: None }))
}

fn query(relation: proto::Relation) -> ExecutePlanRequest {
    request(plan::OpType::Root(relation))
}

fn sql(text: &str) -> ExecutePlanRequest {
    let text = proto::Sql { query: text.into(), ..Default::default() };
    let command = proto::SqlCommand { input: Some(relation(RelType::Sql(text))), ..Default::default() };
    let command = proto::Command { command_type: Some(proto::command::CommandType::SqlCommand(command)) };
    request(plan::OpType::Command(command))
}

fn request(plan: plan::OpType) -> ExecutePlanRequest {
    let reattach = request_option::RequestOption::ReattachOptions(proto::ReattachOptions { reattachable: true });
    ExecutePlanRequest {
        session_id: SESSION.into(),
        operation_id: Some(OPERATION.into()),
        plan: Some(proto::Plan { op_type: Some(plan) }),
        request_options: vec![RequestOption { request_option: Some(reattach) }],
        ..Default::default()
    }
}

fn once_only(request: ExecutePlanRequest) -> ExecutePlanRequest {
    ExecutePlanRequest { request_options: Vec::new(), ..request }
}

/// What a response is about, in a word.
fn word(response: &ExecutePlanResponse) -> &'static str {
    match &response.response_type {
        Some(ResponseType::ArrowBatch(_)) => "batch",
        Some(ResponseType::ResultComplete(_)) => "complete",
        Some(ResponseType::SqlCommandResult(_)) => "sql",
        Some(ResponseType::ExecutionProgress(_)) => "progress",
        Some(ResponseType::CheckpointCommandResult(_)) => "checkpoint",
        Some(ResponseType::MlCommandResult(_)) => "ml",
        Some(_) => "other",
        None if response.schema.is_some() => "schema",
        None if response.metrics.is_some() => "metrics",
        None if !response.observed_metrics.is_empty() => "observed",
        None => "nothing",
    }
}

fn words(responses: &[ExecutePlanResponse]) -> String {
    responses.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn info(status: &Status) -> ErrorInfo {
    let rpc = RpcStatus::decode(status.details.clone()).unwrap();
    ErrorInfo::decode(rpc.details[0].value.as_slice()).unwrap()
}

/// The condition of a failed call.
fn condition(status: &Status) -> String {
    info(status).metadata["errorClass"].clone()
}

async fn failure(stream: Stream) -> String {
    condition(&stream.all().await.expect_err("an error"))
}
