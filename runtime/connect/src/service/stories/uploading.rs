//! Artifacts, and local data that were uploaded before the plan.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::*;
use crate::proto::add_artifacts_request::{ArtifactChunk, Batch, BeginChunkedArtifact, Payload, SingleChunkArtifact};
use crate::proto::{AddArtifactsRequest, AddArtifactsResponse, ArtifactStatusesResponse};

fn chunk(data: &[u8]) -> ArtifactChunk {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    ArtifactChunk { data: Bytes::copy_from_slice(data), crc: i64::from(crc.sum()) }
}

fn single(name: &str, data: &[u8]) -> Payload {
    Payload::Batch(Batch { artifacts: vec![SingleChunkArtifact { name: name.into(), data: Some(chunk(data)) }] })
}

async fn upload(stage: &Stage, payloads: Vec<Payload>) -> Result<Vec<(String, bool)>, Status> {
    let (requests, mut responses) = stage.service.start(Method::AddArtifacts, Vec::new()).split();
    for payload in payloads {
        let request = AddArtifactsRequest { session_id: SESSION.into(), payload: Some(payload), ..Default::default() };
        let _ = requests.send(request.encode_to_vec().into()).await;
    }
    drop(requests);
    let answer = AddArtifactsResponse::decode(responses.recv().await.unwrap()?).unwrap();
    assert_eq!(answer.session_id, SESSION);
    Ok(answer.artifacts.into_iter().map(|summary| (summary.name, summary.is_crc_successful)).collect())
}

async fn exists(stage: &Stage, name: &str) -> bool {
    let request = proto::ArtifactStatusesRequest { session_id: SESSION.into(), names: vec![name.into()], ..Default::default() };
    let answer: ArtifactStatusesResponse = stage.unary(Method::ArtifactStatus, request).await.unwrap();
    answer.statuses[name].exists
}

fn stream_of(values: std::ops::Range<i64>) -> Vec<u8> {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn rows_seen(stage: &Stage) -> usize {
    let data = stage.fake.local.lock().take().unwrap();
    let reader = StreamReader::try_new(data.arrow.as_deref().unwrap(), None).unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

#[tokio::test]
async fn chunks_with_a_bad_checksum_are_reported_and_forgotten() {
    let stage = Stage::new();
    let begin = |name: &str| {
        let begin = BeginChunkedArtifact { name: name.into(), total_bytes: 6, num_chunks: 2, initial_chunk: Some(chunk(b"abc")) };
        Payload::BeginChunk(begin)
    };
    let broken = Payload::Chunk(ArtifactChunk { crc: 3, ..chunk(b"def") });
    let payloads = vec![begin("cache/bad"), broken, begin("cache/good"), Payload::Chunk(chunk(b"def"))];
    let summaries = upload(&stage, payloads).await.unwrap();
    assert_eq!(summaries, [("cache/bad".to_owned(), false), ("cache/good".to_owned(), true)]);
    assert!(!exists(&stage, "cache/bad").await);
    assert!(exists(&stage, "cache/good").await);
}

#[tokio::test]
async fn paths_out_of_the_session_are_refused() {
    let stage = Stage::new();
    let why = upload(&stage, vec![single("files/../../x", b"x")]).await.unwrap_err();
    assert_eq!(condition(&why), "INVALID_ARTIFACT_PATH");
}

#[tokio::test]
async fn a_cached_local_relation_arrives_as_its_rows() {
    let stage = Stage::new();
    let local = proto::LocalRelation { data: Some(stream_of(0..3).into()), schema: None };
    upload(&stage, vec![single("cache/abc", &local.encode_to_vec())]).await.unwrap();
    let cached = relation(RelType::CachedLocalRelation(proto::CachedLocalRelation { hash: "abc".into() }));
    stage.execute(query(cached)).await.all().await.unwrap();
    assert_eq!(rows_seen(&stage), 3);
}

#[tokio::test]
async fn chunked_local_data_arrive_as_one() {
    let stage = Stage::new();
    let payloads = vec![single("cache/one", &stream_of(0..3)), single("cache/two", &stream_of(3..10))];
    upload(&stage, payloads).await.unwrap();
    let hashes = |names: &[&str]| proto::ChunkedCachedLocalRelation {
        data_hashes: names.iter().map(|name| (*name).to_owned()).collect(),
        schema_hash: None,
    };
    let chunked = relation(RelType::ChunkedCachedLocalRelation(hashes(&["one", "two"])));
    stage.execute(query(chunked)).await.all().await.unwrap();
    assert_eq!(rows_seen(&stage), 10);
    let missing = relation(RelType::ChunkedCachedLocalRelation(hashes(&["one", "three"])));
    let request = ExecutePlanRequest { operation_id: None, ..query(missing) };
    let why = failure(stage.execute(request).await).await;
    assert_eq!(why, "CONNECT_INVALID_PLAN.NOT_FOUND_CHUNKED_CACHED_LOCAL_RELATION");
}
