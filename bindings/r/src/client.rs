//! Spark Connect, spoken: one request and its answer, an operation and its parts, an error and its details.
//!
//!     request message ─► bytes ─► Rpc ─► bytes ─► answer message, or Failure with Spark's condition
//!
//! Knows who speaks (user, session) and stamps it on every request. Operations are plain streams: whoever wants to
//! stop one drops it.
//! Not here: what transports do (`transport`), what R sees (`session`). Begin at [`Client::ask`].

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use bytes::Bytes;
use emberflow_base::ErrorKind;
use emberflow_connect::kv;
use emberflow_connect::rpc::{Method, Rpc, Status};
use futures::StreamExt;
use futures::stream::BoxStream;
use prost::Message;
use proto::execute_plan_response::ResponseType;
use spark_connect_proto as proto;
use tokio::sync::mpsc;

use crate::failure::{Failure, Report, Result};
use crate::schema::struct_from_proto;
use crate::transport::{Order, Part, Progress};

const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;
const UNIMPLEMENTED: i32 = 12;

/// One user's session, as the protocol knows it.
#[derive(Clone)]
pub struct Client {
    rpc: Arc<dyn Rpc>,
    pub user_id: String,
    pub session_id: String,
}

impl Client {
    pub fn new(rpc: Arc<dyn Rpc>, user_id: String, session_id: String) -> Self {
        Self { rpc, user_id, session_id }
    }

    /// Who asks, for a request's `user_context`.
    pub fn user(&self) -> Option<proto::UserContext> {
        let name = self.user_id.clone();
        Some(proto::UserContext { user_id: name.clone(), user_name: name, extensions: Vec::new() })
    }

    /// What asks, for a request's `client_type`.
    pub fn kind(&self) -> Option<String> {
        Some(format!("emberflow-r/{}", env!("CARGO_PKG_VERSION")))
    }

    /// One request, one answer.
    pub async fn ask<A: Message + Default>(&self, method: Method, request: impl Message) -> Result<A> {
        self.ask_all(method, vec![Bytes::from(request.encode_to_vec())]).await
    }

    /// A call of the key-value service, which only Emberflow's servers have.
    pub async fn ask_key_value(&self, request: kv::Request) -> Result<kv::Response> {
        let (sender, mut responses) = self.rpc.start(Method::KeyValue, Vec::new()).split();
        // A refused request shows as the response.
        let _ = sender.send(Bytes::from(request.encode_to_vec())).await;
        drop(sender);
        match responses.recv().await {
            Some(Ok(bytes)) => decode(bytes),
            Some(Err(status)) if status.code == UNIMPLEMENTED => {
                let text =
                    "The server of this session is no Emberflow: it has no key-value store. Start one with `emberflow serve`.";
                Err(emberflow_base::Error::new("UNSUPPORTED_FEATURE").text(text).into())
            }
            Some(Err(status)) => Err(self.explain(status).await),
            None => Err(Failure::internal("a call of the key-value service ended without an answer")),
        }
    }

    /// Many request messages, one answer.
    pub async fn ask_all<A: Message + Default>(&self, method: Method, requests: Vec<Bytes>) -> Result<A> {
        let (sender, mut responses) = self.rpc.start(method, Vec::new()).split();
        for request in requests {
            if sender.send(request).await.is_err() {
                break;
            }
        }
        drop(sender);
        match responses.recv().await {
            Some(Ok(bytes)) => decode(bytes),
            Some(Err(status)) => Err(self.explain(status).await),
            None => Err(Failure::internal(format!("{} ended without an answer", method.name()))),
        }
    }

    /// The request that runs a plan.
    pub fn execute_request(&self, order: Order) -> proto::ExecutePlanRequest {
        proto::ExecutePlanRequest {
            session_id: self.session_id.clone(),
            user_context: self.user(),
            client_type: self.kind(),
            operation_id: Some(order.id),
            plan: Some(order.plan),
            tags: order.tags,
            ..Default::default()
        }
    }

    /// Starts a plan; its messages come through the receiver.
    async fn execute(&self, order: Order) -> mpsc::Receiver<Result<Bytes, Status>> {
        let request = self.execute_request(order);
        let (sender, responses) = self.rpc.start(Method::ExecutePlan, Vec::new()).split();
        // A refused request shows as the first response.
        let _ = sender.send(Bytes::from(request.encode_to_vec())).await;
        responses
    }

    /// Turns the end of a failed call into what the user sees, asking the server for the long version.
    async fn explain(&self, status: Status) -> Failure {
        let info = error_info(&status);
        let id = info.as_ref().and_then(|info| info.metadata.get("errorId"));
        let details = match id {
            Some(id) => self.fetch_details(id).await,
            None => None,
        };
        match details {
            Some(report) => Failure::Spark(Box::new(report)),
            None => Failure::Spark(Box::new(short_report(status, info))),
        }
    }

    async fn fetch_details(&self, error_id: &str) -> Option<Report> {
        let request = proto::FetchErrorDetailsRequest {
            session_id: self.session_id.clone(),
            user_context: self.user(),
            client_type: self.kind(),
            error_id: error_id.to_owned(),
            ..Default::default()
        };
        let (sender, mut responses) = self.rpc.start(Method::FetchErrorDetails, Vec::new()).split();
        sender.send(Bytes::from(request.encode_to_vec())).await.ok()?;
        drop(sender);
        let bytes = responses.recv().await?.ok()?;
        long_report(proto::FetchErrorDetailsResponse::decode(bytes).ok()?)
    }
}

/// Runs a plan as the protocol does it: response messages, batches as IPC streams.
pub fn protocol_parts(client: Client, order: Order) -> BoxStream<'static, Result<Part>> {
    let messages = futures::stream::once(async move {
        let responses = client.execute(order).await;
        messages_of(client, responses)
    });
    let parts = messages.flatten().map(|message| message.and_then(parts_of));
    parts.flat_map(|parts| futures::stream::iter(parts_or_failure(parts))).boxed()
}

fn messages_of(
    client: Client,
    responses: mpsc::Receiver<Result<Bytes, Status>>,
) -> impl futures::Stream<Item = Result<proto::ExecutePlanResponse>> + Send {
    futures::stream::unfold((client, responses), |(client, mut responses)| async move {
        let message = match responses.recv().await? {
            Ok(bytes) => decode(bytes),
            Err(status) => Err(client.explain(status).await),
        };
        Some((message, (client, responses)))
    })
}

fn parts_or_failure(parts: Result<Vec<Part>>) -> Vec<Result<Part>> {
    match parts {
        Ok(parts) => parts.into_iter().map(Ok).collect(),
        Err(failure) => vec![Err(failure)],
    }
}

/// What one message carries; messages of no interest here (metrics, completion) carry nothing.
fn parts_of(message: proto::ExecutePlanResponse) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    if let Some(schema) = &message.schema {
        parts.push(Part::Schema(struct_from_proto(schema)?));
    }
    match message.response_type {
        Some(ResponseType::ArrowBatch(batch)) => parts.extend(batches_of(batch.data)?.into_iter().map(Part::Batch)),
        Some(ResponseType::SqlCommandResult(result)) => {
            parts.extend(result.relation.map(|relation| Part::Relation(Box::new(relation))));
        }
        Some(ResponseType::CheckpointCommandResult(result)) => {
            parts.extend(result.relation.map(|relation| Part::Checkpoint(relation.relation_id)));
        }
        Some(ResponseType::ExecutionProgress(progress)) => parts.push(Part::Progress(progress_of(&progress))),
        _ => {}
    }
    Ok(parts)
}

fn batches_of(data: Bytes) -> Result<Vec<RecordBatch>> {
    let reader = StreamReader::try_new(std::io::Cursor::new(data), None)?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}

fn progress_of(progress: &proto::execute_plan_response::ExecutionProgress) -> Progress {
    let sum =
        |count: fn(&proto::execute_plan_response::execution_progress::StageInfo) -> i64| progress.stages.iter().map(count).sum();
    Progress { tasks: sum(|stage| stage.num_tasks), completed: sum(|stage| stage.num_completed_tasks) }
}

fn decode<M: Message + Default>(bytes: Bytes) -> Result<M> {
    M::decode(bytes).map_err(|error| Failure::internal(format!("an answer cannot be read: {error}")))
}

/// `google.rpc.Status`, of which only the details matter here.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: std::collections::HashMap<String, String>,
}

fn error_info(status: &Status) -> Option<ErrorInfo> {
    let details = RpcStatus::decode(status.details.clone()).ok()?.details;
    let info = details.into_iter().find(|any| any.type_url.ends_with("google.rpc.ErrorInfo"))?;
    ErrorInfo::decode(info.value.as_slice()).ok()
}

/// All that a status alone can tell.
fn short_report(status: Status, info: Option<ErrorInfo>) -> Report {
    let metadata = info.map(|info| info.metadata).unwrap_or_default();
    let classes = metadata.get("classes").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let parameters: serde_json::Map<String, serde_json::Value> =
        metadata.get("messageParameters").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let condition = metadata.get("errorClass").cloned();
    Report {
        kind: kind_of(condition.as_deref(), status.code),
        message: status.message,
        sqlstate: metadata.get("sqlState").cloned(),
        condition,
        parameters: parameters.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect(),
        classes,
    }
}

/// The whole story; conditions of causes are taken when the error itself has none.
fn long_report(response: proto::FetchErrorDetailsResponse) -> Option<Report> {
    let root = response.errors.get(usize::try_from(response.root_error_idx?).ok()?)?.clone();
    let throwable = root.spark_throwable.unwrap_or_default();
    let mut parameters: Vec<(String, String)> = throwable.message_parameters.into_iter().collect();
    parameters.sort();
    Some(Report {
        kind: kind_of(throwable.error_class.as_deref(), 0),
        message: root.message,
        condition: throwable.error_class,
        sqlstate: throwable.sql_state,
        parameters,
        classes: root.error_type_hierarchy,
    })
}

fn kind_of(condition: Option<&str>, code: i32) -> ErrorKind {
    match (condition, code) {
        (Some(condition), _) => emberflow_base::Error::new(condition).kind(),
        (None, UNAVAILABLE) => ErrorKind::Unavailable,
        (None, UNAUTHENTICATED) => ErrorKind::Invalid,
        (None, _) => ErrorKind::Internal,
    }
}
