//! Execute of the key-value service: bytes to a request, a response to bytes.
//!
//! Not here: what a request does (`Backend`, through `kv::KeyValue`).

use bytes::Bytes;
use prost::Message;

use super::Core;
use crate::errors;
use crate::kv::Request;
use crate::rpc::Status;

pub(super) async fn execute(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    let request = Request::decode(request)
        .map_err(|why| errors::invalid_argument(format!("the request is no message of the key-value service: {why}")))?;
    Ok(core.backend.execute(request).await.encode_to_vec().into())
}
