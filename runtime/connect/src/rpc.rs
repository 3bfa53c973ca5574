//! A gRPC call without gRPC: bytes in, bytes out, a status at the end.
//!
//!     door (JNI, gRPC listener) ──start──► Rpc ──► Call { send ►, ◄ next }
//!
//! Both doors speak through this, so neither the JVM binding nor the listener knows Spark, and the service knows no
//! transport. Responses travel through a channel of [`RESPONSES_BUFFERED_MAX`] messages: whoever does not read stops
//! the query. Dropping a [`Call`] cancels it.
//!
//! Not here: what the methods do (`service`), HTTP/2 (`emberflow-server`), JNI (`emberflow-jvm`).

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

/// How many responses may wait for a reader before the producer pauses.
pub const RESPONSES_BUFFERED_MAX: usize = 4;

/// The methods of `spark.connect.SparkConnectService`, and the one of `emberflow.kv.KeyValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    ExecutePlan,
    AnalyzePlan,
    Config,
    AddArtifacts,
    ArtifactStatus,
    Interrupt,
    ReattachExecute,
    ReleaseExecute,
    ReleaseSession,
    FetchErrorDetails,
    CloneSession,
    GetStatus,
    /// `Execute` of the key-value service.
    KeyValue,
}

/// The gRPC name of the service all methods but one belong to.
pub const SERVICE_NAME: &str = "spark.connect.SparkConnectService";
/// The gRPC name of the service of [`Method::KeyValue`].
pub const KEY_VALUE_SERVICE_NAME: &str = "emberflow.kv.KeyValue";

impl Method {
    /// Every method, in the order of the service definitions.
    pub const ALL: [Method; 13] = [
        Method::ExecutePlan,
        Method::AnalyzePlan,
        Method::Config,
        Method::AddArtifacts,
        Method::ArtifactStatus,
        Method::Interrupt,
        Method::ReattachExecute,
        Method::ReleaseExecute,
        Method::ReleaseSession,
        Method::FetchErrorDetails,
        Method::CloneSession,
        Method::GetStatus,
        Method::KeyValue,
    ];

    /// The bare name, as in the service definition.
    pub fn name(self) -> &'static str {
        match self {
            Method::ExecutePlan => "ExecutePlan",
            Method::AnalyzePlan => "AnalyzePlan",
            Method::Config => "Config",
            Method::AddArtifacts => "AddArtifacts",
            Method::ArtifactStatus => "ArtifactStatus",
            Method::Interrupt => "Interrupt",
            Method::ReattachExecute => "ReattachExecute",
            Method::ReleaseExecute => "ReleaseExecute",
            Method::ReleaseSession => "ReleaseSession",
            Method::FetchErrorDetails => "FetchErrorDetails",
            Method::CloneSession => "CloneSession",
            Method::GetStatus => "GetStatus",
            Method::KeyValue => "Execute",
        }
    }

    /// The service it belongs to.
    pub fn service(self) -> &'static str {
        match self {
            Method::KeyValue => KEY_VALUE_SERVICE_NAME,
            _ => SERVICE_NAME,
        }
    }

    /// Its path in HTTP: `/spark.connect.SparkConnectService/Config`.
    pub fn path(self) -> String {
        format!("/{}/{}", self.service(), self.name())
    }

    /// The method called `name`, bare (`Config`) or with its service (`spark.connect.SparkConnectService/Config`, with
    /// or without a leading slash).
    pub fn named(name: &str) -> Option<Method> {
        let (service, bare) = match name.trim_start_matches('/').rsplit_once('/') {
            Some((service, bare)) => (Some(service), bare),
            None => (None, name),
        };
        let is_meant = |method: &Method| method.name() == bare && service.is_none_or(|service| method.service() == service);
        Method::ALL.into_iter().find(is_meant)
    }
}

/// The end of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The gRPC code: 13 is INTERNAL.
    pub code: i32,
    pub message: String,
    /// A serialized `google.rpc.Status`, for the trailer `grpc-status-details-bin`; empty if there is none.
    pub details: Bytes,
}

/// What the caller sent besides messages: gRPC headers, names in lower case.
pub type Metadata = Vec<(String, String)>;

/// A call under way, seen from the door.
pub struct Call {
    requests: mpsc::Sender<Bytes>,
    responses: mpsc::Receiver<Result<Bytes, Status>>,
}

/// The same call, seen from the service.
pub struct Peer {
    /// The request messages; ends when the door has half-closed.
    pub requests: mpsc::Receiver<Bytes>,
    /// Where responses go; at most one `Err`, as the last. Closed when the door has gone.
    pub responses: mpsc::Sender<Result<Bytes, Status>>,
}

impl Call {
    /// Both ends of a new call.
    pub fn pair() -> (Call, Peer) {
        let (requests, requests_in) = mpsc::channel(RESPONSES_BUFFERED_MAX);
        let (responses_out, responses) = mpsc::channel(RESPONSES_BUFFERED_MAX);
        (Call { requests, responses }, Peer { requests: requests_in, responses: responses_out })
    }

    /// Splits the call, so that sending and reading can happen in different places. Dropping the sender is the
    /// half-close; dropping the receiver cancels the call.
    pub fn split(self) -> (mpsc::Sender<Bytes>, mpsc::Receiver<Result<Bytes, Status>>) {
        (self.requests, self.responses)
    }
}

/// Whoever answers calls. `start` returns at once and never blocks.
pub trait Rpc: Send + Sync + 'static {
    fn start(&self, method: Method, metadata: Metadata) -> Call;
}

impl<R: Rpc> Rpc for Arc<R> {
    fn start(&self, method: Method, metadata: Metadata) -> Call {
        (**self).start(method, metadata)
    }
}
