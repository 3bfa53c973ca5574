//! HTTP/2 to calls: every method of the Spark Connect service and of the key-value service goes to the engine's `Rpc` as bytes.
//!
//!     request stream ─► Call ─► response stream          (a dropped response stream drops the call: it is cancelled)
//!
//! Not here: what the methods do (`emberflow-connect`).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use emberflow::connect::rpc::{KEY_VALUE_SERVICE_NAME, Metadata, Method, Rpc, SERVICE_NAME, Status as CallStatus};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::codec::BytesCodec;

/// The limit of Spark's clients, and room for their framing.
const MESSAGE_BYTES_MAX: usize = 129 * 1024 * 1024;

/// The service as tonic wants it.
#[derive(Clone)]
pub struct SparkConnect {
    rpc: Arc<dyn Rpc>,
    token: Option<Arc<str>>,
}

impl SparkConnect {
    pub fn new(rpc: Arc<dyn Rpc>, token: Option<String>) -> Self {
        Self { rpc, token: token.map(Into::into) }
    }
}

/// The same under the name of the key-value service; calls pass the same door.
#[derive(Clone)]
pub struct KeyValue(pub SparkConnect);

/// Whether a call brings the shared token, if one was asked for. Scala's client says `Authentication` where others say
/// `Authorization`.
fn admits(token: Option<&str>, headers: &http::HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let bearer =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let given = bearer("authorization").or_else(|| bearer("authentication"));
    given.is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
}

/// Compares without telling by its time where two secrets differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |seen, (one, two)| seen | (one ^ two)) == 0
}

impl NamedService for SparkConnect {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for SparkConnect {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if !admits(self.token.as_deref(), request.headers()) {
            let refused = Status::unauthenticated("This server wants a token: add `;token=...` to the URL.");
            return async move { Ok(refused.into_http()) }.boxed();
        }
        let Some(method) = Method::named(request.uri().path()) else {
            let unknown = Status::unimplemented(format!("There is no method {}.", request.uri().path()));
            return async move { Ok(unknown.into_http()) }.boxed();
        };
        let handler = Handler { rpc: Arc::clone(&self.rpc), method };
        async move {
            let mut grpc =
                Grpc::new(BytesCodec).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX);
            Ok(grpc.streaming(handler, request).await)
        }
        .boxed()
    }
}

impl NamedService for KeyValue {
    const NAME: &'static str = KEY_VALUE_SERVICE_NAME;
}

impl Service<http::Request<Body>> for KeyValue {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

struct Handler {
    rpc: Arc<dyn Rpc>,
    method: Method,
}

impl StreamingService<Bytes> for Handler {
    type Response = Bytes;
    type ResponseStream = Responses;
    type Future = BoxFuture<'static, Result<Response<Responses>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let call = self.rpc.start(self.method, metadata(request.metadata()));
        let (requests, responses) = call.split();
        tokio::spawn(forward(request.into_inner(), requests));
        async move { Ok(Response::new(Responses(responses))) }.boxed()
    }
}

/// Hands request messages on until the client half-closes or nobody listens.
async fn forward(mut messages: Streaming<Bytes>, requests: mpsc::Sender<Bytes>) {
    while let Some(Ok(message)) = messages.next().await {
        if requests.send(message).await.is_err() {
            return;
        }
    }
}

fn metadata(map: &MetadataMap) -> Metadata {
    map.iter()
        .filter_map(|entry| match entry {
            tonic::metadata::KeyAndValueRef::Ascii(key, value) => {
                value.to_str().ok().map(|value| (key.as_str().to_owned(), value.to_owned()))
            }
            tonic::metadata::KeyAndValueRef::Binary(..) => None,
        })
        .collect()
}

/// Response messages; dropping them cancels the call.
pub struct Responses(mpsc::Receiver<Result<Bytes, CallStatus>>);

impl Stream for Responses {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|next| next.map(|message| message.map_err(status)))
    }
}

fn status(status: CallStatus) -> Status {
    Status::with_details(Code::from_i32(status.code), status.message, status.details)
}

#[cfg(test)]
mod tests {
    use super::admits;

    #[test]
    fn a_token_is_asked_for() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            admits(Some("open"), &headers)
        };
        assert!(with("authorization", "Bearer open") && with("authentication", "Bearer open"));
        assert!(!with("authorization", "Bearer shut") && !with("authorization", "open") && !with("x", "y"));
        assert!(admits(None, &http::HeaderMap::new()));
    }
}
