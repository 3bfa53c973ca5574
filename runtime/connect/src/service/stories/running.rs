//! What an execution says, and in which order.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use arrow::ipc::reader::StreamReader;

use super::*;

fn batch_rows(response: &ExecutePlanResponse) -> i64 {
    match &response.response_type {
        Some(ResponseType::ArrowBatch(batch)) => batch.row_count,
        _ => panic!("a batch"),
    }
}

#[tokio::test]
async fn a_query_says_schema_rows_metrics_and_that_it_is_complete() {
    let stage = Stage::new();
    let all = stage.execute(query(megabytes(3))).await.all().await.unwrap();
    assert_eq!(words(&all), "schema batch batch batch metrics complete");
    let ids: HashSet<&str> = all.iter().map(|response| response.response_id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "response ids differ");
    let server_side = all[0].server_side_session_id.clone();
    for response in &all {
        assert_eq!(response.session_id, SESSION);
        assert_eq!(response.operation_id, OPERATION);
        assert_eq!(response.server_side_session_id, server_side);
    }
}

#[tokio::test]
async fn a_plain_stream_just_ends() {
    let stage = Stage::new();
    let all = stage.execute(once_only(query(megabytes(1)))).await.all().await.unwrap();
    assert_eq!(words(&all), "schema batch metrics");
}

#[tokio::test]
async fn an_empty_result_still_has_a_batch() {
    let stage = Stage::new();
    let all = stage.execute(query(table("empty"))).await.all().await.unwrap();
    assert_eq!(words(&all), "schema batch metrics complete");
    assert_eq!(batch_rows(&all[1]), 0);
}

#[tokio::test]
async fn observations_follow_the_metrics() {
    let stage = Stage::new();
    let all = stage.execute(query(table("observed"))).await.all().await.unwrap();
    assert_eq!(words(&all), "schema batch metrics observed complete");
    let [good, bad] = all[3].observed_metrics.as_slice() else { panic!("two") };
    assert_eq!((good.name.as_str(), good.plan_id, good.keys.as_slice()), ("good", 7, ["rows".to_owned()].as_slice()));
    assert_eq!((bad.root_error_idx, bad.errors.len()), (Some(0), 1));
}

#[tokio::test]
async fn a_query_in_sql_comes_back_as_the_relation_it_is() {
    let stage = Stage::new();
    let all = stage.execute(sql("SELECT")).await.all().await.unwrap();
    assert_eq!(words(&all), "sql complete");
    let Some(ResponseType::SqlCommandResult(result)) = &all[0].response_type else { panic!("sql") };
    assert_eq!(result.relation, Some(relation(RelType::Sql(proto::Sql { query: "SELECT".into(), ..Default::default() }))));
}

#[tokio::test]
async fn a_command_in_sql_comes_back_as_its_rows() {
    let stage = Stage::new();
    for (text, rows) in [("SHOW", 1), ("DROP", 0)] {
        let all = stage.execute(ExecutePlanRequest { operation_id: None, ..sql(text) }).await.all().await.unwrap();
        let Some(ResponseType::SqlCommandResult(result)) = &all[0].response_type else { panic!("sql") };
        let Some(RelType::LocalRelation(local)) = result.relation.clone().unwrap().rel_type else { panic!("local") };
        let data = local.data.unwrap();
        let found: usize = StreamReader::try_new(data.as_ref(), None).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(found, rows, "{text}");
    }
}

#[tokio::test]
async fn the_end_of_a_pyspark_program_is_answered() {
    let stage = Stage::new();
    let clean = proto::MlCommand { command: Some(proto::ml_command::Command::CleanCache(Default::default())) };
    let command = proto::Command { command_type: Some(proto::command::CommandType::MlCommand(clean)) };
    let all = stage.execute(request(plan::OpType::Command(command))).await.all().await.unwrap();
    assert_eq!(words(&all), "ml complete");
}

#[tokio::test]
async fn an_error_comes_after_the_rows_before_it_and_can_be_asked_about_once() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("fails"))).await;
    assert_eq!(word(&stream.message().await), "schema");
    assert_eq!(word(&stream.message().await), "batch");
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(condition(&status), "DIVIDE_BY_ZERO");
    let ask = proto::FetchErrorDetailsRequest {
        session_id: SESSION.into(),
        error_id: info(&status).metadata["errorId"].clone(),
        ..Default::default()
    };
    let first: proto::FetchErrorDetailsResponse = stage.unary(Method::FetchErrorDetails, ask.clone()).await.unwrap();
    assert_eq!(first.root_error_idx, Some(0));
    assert_eq!(first.errors[0].spark_throwable.as_ref().unwrap().sql_state.as_deref(), Some("22012"));
    let second: proto::FetchErrorDetailsResponse = stage.unary(Method::FetchErrorDetails, ask).await.unwrap();
    assert_eq!((second.root_error_idx, second.errors.len()), (None, 0));
}

#[tokio::test]
async fn a_panic_ends_its_query_and_nothing_else() {
    let stage = Stage::new();
    let status = stage.execute(query(table("panics"))).await.all().await.unwrap_err();
    assert_eq!(condition(&status), "INTERNAL_ERROR");
    assert!(status.message.contains("lost its mind"), "{}", status.message);
    let next = ExecutePlanRequest { operation_id: None, ..query(megabytes(1)) };
    assert!(stage.execute(next).await.all().await.is_ok());
}

#[tokio::test]
async fn bad_tags_and_bad_ids_are_refused() {
    let stage = Stage::new();
    for tag in ["", "a,b"] {
        let request = ExecutePlanRequest { tags: vec![tag.into()], ..query(megabytes(1)) };
        assert!(stage.execute(request).await.all().await.is_err());
    }
    let request = ExecutePlanRequest { operation_id: Some("mine".into()), ..query(megabytes(1)) };
    assert_eq!(failure(stage.execute(request).await).await, "INVALID_HANDLE.FORMAT");
    assert_eq!(stage.fake.executed.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn two_thousand_operators_on_top_of_each_other_run() {
    let stage = Stage::new();
    let mut plan = megabytes(1);
    for _ in 0..2000 {
        plan = relation(RelType::Limit(Box::new(proto::Limit { input: Some(Box::new(plan)), limit: 1 })));
    }
    let bytes = stacker::grow(64 << 20, || query(plan).encode_to_vec());
    let (requests, mut responses) = stage.service.start(Method::ExecutePlan, Vec::new()).split();
    requests.send(bytes.into()).await.unwrap();
    // The fake knows no limits; what matters is that it was asked.
    let status = responses.recv().await.unwrap().unwrap_err();
    assert_eq!(condition(&status), "UNSUPPORTED_FEATURE");
}
