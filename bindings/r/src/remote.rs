//! A Spark Connect server over gRPC, seen as an [`Rpc`].
//!
//!     Call ──bytes──► gRPC stream ──► server
//!          ◄─bytes── responses    ◄──
//!
//! Messages pass through unread: every method is one stream of bytes in and one out, which on the wire is the same as
//! its unary form. The connection is lazy and shared by all calls. Dropping a call resets its stream.
//! Not here: connection strings (`remote_url`), what is said (`client`). Begin at [`Remote::new`].

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use emberflow_connect::rpc::{Call, Metadata, Method, Peer, Rpc, Status};
use futures::StreamExt;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{MetadataKey, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::failure::{Failure, Result};
use crate::remote_url::RemoteUrl;
use crate::transport::Transport;
use crate::waiting::runtime;

const MESSAGE_SIZE_MAX: usize = 128 << 20;
const INTERNAL: i32 = 13;

/// A server somewhere else.
pub struct Remote {
    rpc: Arc<RemoteRpc>,
}

struct RemoteRpc {
    channel: Channel,
    message_size_max: usize,
    metadata: Metadata,
}

impl Remote {
    /// Prepares a connection; the first call dials.
    pub fn new(url: &RemoteUrl) -> Result<Self> {
        let scheme = if url.use_ssl { "https" } else { "http" };
        let address = format!("{scheme}://{}:{}", url.host, url.port);
        let mut endpoint = Endpoint::from_shared(address.clone()).map_err(|error| unreachable_address(&address, error))?;
        let agent = url.user_agent.clone().unwrap_or_else(|| format!("emberflow-r/{}", env!("CARGO_PKG_VERSION")));
        endpoint = endpoint.user_agent(agent).map_err(|error| unreachable_address(&address, error))?;
        if url.use_ssl {
            let tls = ClientTlsConfig::new().with_enabled_roots();
            endpoint = endpoint.tls_config(tls).map_err(|error| unreachable_address(&address, error))?;
        }
        let _inside = runtime()?.enter();
        let rpc = RemoteRpc {
            channel: endpoint.connect_lazy(),
            message_size_max: url.message_size_max.unwrap_or(MESSAGE_SIZE_MAX),
            metadata: headers(url),
        };
        Ok(Remote { rpc: Arc::new(rpc) })
    }
}

impl Transport for Remote {
    fn rpc(&self) -> Arc<dyn Rpc> {
        self.rpc.clone()
    }

    fn needs_interrupt(&self) -> bool {
        true
    }
}

fn headers(url: &RemoteUrl) -> Metadata {
    let bearer = url.token.iter().map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
    url.headers.iter().cloned().chain(bearer).collect()
}

fn unreachable_address(address: &str, error: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("no connection to {address} can be made: {error}"))
}

impl Rpc for RemoteRpc {
    fn start(&self, method: Method, metadata: Metadata) -> Call {
        let (call, peer) = Call::pair();
        let all: Metadata = self.metadata.iter().cloned().chain(metadata).collect();
        match runtime() {
            Ok(runtime) => {
                runtime.spawn(carry(self.channel.clone(), self.message_size_max, method, all, peer));
            }
            Err(_) => drop(peer),
        }
        call
    }
}

/// Carries one call until either side ends it.
async fn carry(channel: Channel, size_max: usize, method: Method, metadata: Metadata, peer: Peer) {
    let Peer { requests, responses } = peer;
    let talk = async {
        let mut answers = open(channel, size_max, method, metadata, requests).await?;
        while let Some(message) = answers.next().await {
            if responses.send(Ok(message?)).await.is_err() {
                break;
            }
        }
        Ok::<(), tonic::Status>(())
    };
    let ended = tokio::select! {
        ended = talk => ended,
        () = responses.closed() => return,
    };
    if let Err(status) = ended {
        let _ = responses.send(Err(plain_status(&status))).await;
    }
}

async fn open(
    channel: Channel,
    size_max: usize,
    method: Method,
    metadata: Metadata,
    mut requests: tokio::sync::mpsc::Receiver<Bytes>,
) -> Result<tonic::Streaming<Bytes>, tonic::Status> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(size_max).max_encoding_message_size(size_max);
    grpc.ready().await.map_err(|error| tonic::Status::unavailable(reason(&error)))?;
    let stream = futures::stream::poll_fn(move |context| requests.poll_recv(context));
    let mut request = tonic::Request::new(stream);
    for (name, value) in metadata {
        let name = MetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad_header(&name))?;
        let value = MetadataValue::try_from(value).map_err(|_| bad_header(name.as_str()))?;
        request.metadata_mut().insert(name, value);
    }
    let path = http::uri::PathAndQuery::try_from(method.path()).map_err(|error| tonic::Status::internal(error.to_string()))?;
    Ok(grpc.streaming(request, path, Plain).await?.into_inner())
}

fn bad_header(name: &str) -> tonic::Status {
    tonic::Status::invalid_argument(format!("`{name}` cannot be sent as a header"))
}

/// An error with what is behind it: tonic says `transport error` and keeps the reason in the source.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

fn plain_status(status: &tonic::Status) -> Status {
    let code = i32::from(status.code());
    let message = match std::error::Error::source(status) {
        Some(source) if code != INTERNAL => format!("{}: {}", status.message(), reason(source)),
        _ => status.message().to_owned(),
    };
    Status { code, message, details: Bytes::copy_from_slice(status.details()) }
}

/// A codec that leaves messages as they are.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Plain;
    type Decoder = Plain;

    fn encoder(&mut self) -> Plain {
        Plain
    }

    fn decoder(&mut self) -> Plain {
        Plain
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
