//! Reading again, late, slowly, or not at all.

use std::sync::atomic::Ordering;

use super::*;
use crate::proto::release_execute_request::{Release, ReleaseUntil};

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_cut() {
    let stage = Stage::new();
    let whole = stage.execute(query(megabytes(6))).await.all().await.unwrap();
    let mut again = stage.reattach(OPERATION, Some(&whole[2].response_id)).await;
    assert_eq!(again.message().await, whole[3]);
    let rest = again.all().await.unwrap();
    assert_eq!(rest, whole[4..]);
    assert_eq!(stage.fake.executed.load(Ordering::Relaxed), 1, "it ran once");
}

#[tokio::test]
async fn without_a_last_response_it_starts_over() {
    let stage = Stage::new();
    let mut first = stage.execute(query(megabytes(2))).await;
    first.message().await;
    drop(first);
    let all = stage.reattach(OPERATION, None).await.all().await.unwrap();
    assert_eq!(words(&all), "schema batch batch metrics complete");
}

#[tokio::test]
async fn the_same_request_twice_is_one_operation() {
    let stage = Stage::new();
    let first = stage.execute(query(megabytes(2))).await.all().await.unwrap();
    let second = stage.execute(query(megabytes(2))).await.all().await.unwrap();
    assert_eq!(first, second);
    let other = stage.execute(query(megabytes(3))).await;
    assert_eq!(failure(other).await, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
}

#[tokio::test]
async fn a_second_reader_sends_the_first_away() {
    let stage = Stage::new();
    let mut first = stage.execute(query(table("slow"))).await;
    first.message().await;
    first.message().await;
    let mut second = stage.reattach(OPERATION, None).await;
    assert_eq!(word(&second.message().await), "schema");
    let status = first.next().await.unwrap().unwrap_err();
    assert_eq!(condition(&status), "INVALID_CURSOR.DISCONNECTED");
}

#[tokio::test]
async fn what_was_released_cannot_be_read_again() {
    let stage = Stage::new();
    let whole = stage.execute(query(megabytes(4))).await.all().await.unwrap();
    let until = Release::ReleaseUntil(ReleaseUntil { response_id: whole[2].response_id.clone() });
    assert_eq!(stage.release(until).await.unwrap().as_deref(), Some(OPERATION));
    let early = stage.reattach(OPERATION, Some(&whole[1].response_id)).await;
    assert_eq!(failure(early).await, "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
    let nonsense = stage.reattach(OPERATION, Some("00000000-0000-0000-0000-000000000000")).await;
    assert_eq!(failure(nonsense).await, "INVALID_CURSOR.POSITION_NOT_FOUND");
    let rest = stage.reattach(OPERATION, Some(&whole[2].response_id)).await.all().await.unwrap();
    assert_eq!(rest, whole[3..]);
}

#[tokio::test]
async fn released_operations_are_gone_and_their_ids_taken() {
    let stage = Stage::new();
    stage.execute(query(megabytes(1))).await.all().await.unwrap();
    assert_eq!(stage.release_all().await.as_deref(), Some(OPERATION));
    assert_eq!(stage.release_all().await, None, "releasing again is no error");
    assert_eq!(failure(stage.reattach(OPERATION, None).await).await, "INVALID_HANDLE.OPERATION_NOT_FOUND");
    let again = stage.execute(query(megabytes(1))).await;
    assert_eq!(failure(again).await, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
    stage.pass(Duration::from_secs(1801));
    assert!(stage.execute(query(megabytes(1))).await.all().await.is_ok(), "after half an hour the id is free");
}

#[tokio::test]
async fn releasing_a_running_operation_stops_it() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("slow"))).await;
    stream.message().await;
    stream.message().await;
    assert_eq!(stage.release_all().await.as_deref(), Some(OPERATION));
    assert_eq!(failure(stream).await, "OPERATION_CANCELED");
    assert_eq!(stage.fake.dropped.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_plain_stream_that_is_dropped_stops_its_query() {
    let stage = Stage::new();
    let mut stream = stage.execute(once_only(query(table("slow")))).await;
    stream.message().await;
    stream.message().await;
    drop(stream);
    until(|| stage.fake.dropped.load(Ordering::Relaxed) == 1).await;
    assert_eq!(failure(stage.reattach(OPERATION, None).await).await, "INVALID_HANDLE.OPERATION_NOT_FOUND");
}

#[tokio::test]
async fn a_plain_operation_cannot_be_reattached() {
    let stage = Stage::new();
    let mut stream = stage.execute(once_only(query(table("slow")))).await;
    stream.message().await;
    assert_eq!(failure(stage.reattach(OPERATION, None).await).await, "INVALID_CURSOR.NOT_REATTACHABLE");
}

#[tokio::test]
async fn nobody_reading_for_five_minutes_ends_it() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("slow"))).await;
    stream.message().await;
    stage.pass(Duration::from_secs(400));
    // The stream is older than two minutes: it ends, and the client is to come back.
    while let Some(response) = stream.next().await {
        response.unwrap();
    }
    stage.pass(Duration::from_secs(299));
    let mut back = stage.reattach(OPERATION, None).await;
    back.message().await;
    drop(back);
    until_unread(&stage).await;
    stage.pass(Duration::from_secs(301));
    assert_eq!(failure(stage.reattach(OPERATION, None).await).await, "INVALID_HANDLE.OPERATION_ABANDONED");
    until(|| stage.fake.dropped.load(Ordering::Relaxed) == 1).await;
}

#[tokio::test]
async fn a_long_stream_ends_without_being_complete() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("slow"))).await;
    let schema = stream.message().await;
    let batch = stream.message().await;
    stage.pass(Duration::from_secs(121));
    assert!(stream.next().await.is_none(), "it pauses without an error");
    let mut back = stage.reattach(OPERATION, Some(&schema.response_id)).await;
    assert_eq!(back.message().await, batch);
}

#[tokio::test]
async fn a_slow_reader_pauses_the_query() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(megabytes(500))).await;
    for _ in 0..20 {
        stream.message().await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Read, waiting in the log (8 MiB), in the channel, in the hands of the producer: far from all.
    let pulled = stage.fake.pulled.load(Ordering::Relaxed);
    assert!(pulled <= 20 + 8 + 4 + 3, "{pulled} batches were pulled");
    let rest = stream.all().await.unwrap();
    assert_eq!(rest.len(), 500 - 19 + 2);
    // And what was sent is kept for replay, but not all of it.
    let early = stage.reattach(OPERATION, None).await;
    assert_eq!(failure(early).await, "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
}

async fn until(holds: impl Fn() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

/// Until the service has noticed that the reader is gone.
async fn until_unread(stage: &Stage) {
    stage.service.tick();
    tokio::time::sleep(Duration::from_millis(50)).await;
}
