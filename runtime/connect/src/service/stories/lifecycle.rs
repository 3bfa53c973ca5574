//! Sessions and interrupts.

use std::sync::atomic::Ordering;

use super::*;
use crate::proto::get_status_request::OperationStatusRequest;
use crate::proto::get_status_response::operation_status::OperationState;
use crate::proto::interrupt_request::{Interrupt, InterruptType};

fn ask(session_id: &str, observed: Option<&str>) -> proto::ConfigRequest {
    let all = proto::config_request::operation::OpType::GetAll(Default::default());
    proto::ConfigRequest {
        session_id: session_id.into(),
        client_observed_server_side_session_id: observed.map(str::to_owned),
        operation: Some(proto::config_request::Operation { op_type: Some(all) }),
        ..Default::default()
    }
}

async fn config(stage: &Stage, request: proto::ConfigRequest) -> Result<proto::ConfigResponse, Status> {
    stage.unary(Method::Config, request).await
}

async fn release_session(stage: &Stage, allow_reconnect: bool) -> proto::ReleaseSessionResponse {
    let request = proto::ReleaseSessionRequest { session_id: SESSION.into(), allow_reconnect, ..Default::default() };
    stage.unary(Method::ReleaseSession, request).await.unwrap()
}

async fn interrupt(stage: &Stage, kind: InterruptType, what: Option<Interrupt>) -> Vec<String> {
    let request = proto::InterruptRequest {
        session_id: SESSION.into(),
        interrupt_type: kind as i32,
        interrupt: what,
        ..Default::default()
    };
    stage.unary::<proto::InterruptResponse>(Method::Interrupt, request).await.unwrap().interrupted_ids
}

#[tokio::test]
async fn a_session_keeps_its_server_side_id() {
    let stage = Stage::new();
    let first = config(&stage, ask(SESSION, None)).await.unwrap();
    let again = config(&stage, ask(SESSION, Some(&first.server_side_session_id))).await.unwrap();
    assert_eq!(first.server_side_session_id, again.server_side_session_id);
    let wrong = config(&stage, ask(SESSION, Some("another"))).await.unwrap_err();
    assert_eq!(condition(&wrong), "INVALID_HANDLE.SESSION_CHANGED");
    assert_eq!(stage.fake.opened.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn session_ids_are_uuids() {
    let stage = Stage::new();
    for bad in ["", "mine", "00000000000000000000000000000000"] {
        let why = config(&stage, ask(bad, None)).await.unwrap_err();
        assert_eq!(condition(&why), "INVALID_HANDLE.FORMAT", "{bad}");
    }
}

#[tokio::test]
async fn users_do_not_share_sessions() {
    let stage = Stage::new();
    let first = config(&stage, ask(SESSION, None)).await.unwrap();
    let user = proto::UserContext { user_id: "another".into(), ..Default::default() };
    let other = config(&stage, proto::ConfigRequest { user_context: Some(user), ..ask(SESSION, None) }).await.unwrap();
    assert_ne!(first.server_side_session_id, other.server_side_session_id);
}

#[tokio::test]
async fn a_released_session_stays_closed() {
    let stage = Stage::new();
    let first = config(&stage, ask(SESSION, None)).await.unwrap();
    assert_eq!(release_session(&stage, false).await.server_side_session_id, first.server_side_session_id);
    release_session(&stage, false).await;
    let why = config(&stage, ask(SESSION, None)).await.unwrap_err();
    assert_eq!(condition(&why), "INVALID_HANDLE.SESSION_CLOSED");
    assert_eq!(stage.fake.closed.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_session_that_may_return_returns_empty() {
    let stage = Stage::new();
    let first = config(&stage, ask(SESSION, None)).await.unwrap();
    release_session(&stage, true).await;
    let stale = config(&stage, ask(SESSION, Some(&first.server_side_session_id))).await.unwrap_err();
    assert_eq!(condition(&stale), "INVALID_HANDLE.SESSION_CHANGED");
    let second = config(&stage, ask(SESSION, None)).await.unwrap();
    assert_ne!(first.server_side_session_id, second.server_side_session_id);
}

#[tokio::test]
async fn where_ids_may_return_a_client_goes_on_with_a_fresh_session() {
    let stage = Stage::with(|options| options.released_ids_may_return = true);
    let first = config(&stage, ask(SESSION, None)).await.unwrap();
    release_session(&stage, false).await;
    let second = config(&stage, ask(SESSION, Some(&first.server_side_session_id))).await.unwrap();
    assert_eq!(first.server_side_session_id, second.server_side_session_id);
    assert_eq!(stage.fake.opened.load(Ordering::Relaxed), 2);
    assert_eq!(stage.fake.closed.load(Ordering::Relaxed), 1);
    let wrong = config(&stage, ask(SESSION, Some("another"))).await.unwrap_err();
    assert_eq!(condition(&wrong), "INVALID_HANDLE.SESSION_CHANGED");
}

#[tokio::test]
async fn releasing_a_session_stops_what_runs_in_it() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("slow"))).await;
    stream.message().await;
    release_session(&stage, false).await;
    assert_eq!(failure(stream).await, "OPERATION_CANCELED");
}

#[tokio::test]
async fn sessions_expire_when_idle_but_not_while_something_runs() {
    let stage = Stage::new();
    let mut stream = stage.execute(query(table("slow"))).await;
    stream.message().await;
    stage.pass(Duration::from_secs(100));
    stage.pass(Duration::from_secs(100));
    config(&stage, ask(SESSION, None)).await.unwrap();
    stage.release_all().await;
    stage.pass(Duration::from_secs(3599));
    config(&stage, ask(SESSION, None)).await.unwrap();
    stage.pass(Duration::from_secs(3600));
    let why = config(&stage, ask(SESSION, None)).await.unwrap_err();
    assert_eq!(condition(&why), "INVALID_HANDLE.SESSION_CLOSED");
}

#[tokio::test]
async fn reattaching_makes_no_session() {
    let stage = Stage::new();
    assert_eq!(failure(stage.reattach(OPERATION, None).await).await, "INVALID_HANDLE.SESSION_NOT_FOUND");
    assert_eq!(stage.fake.opened.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_interrupt_stops_running_and_stuck_queries() {
    let stage = Stage::new();
    for name in ["slow", "stuck"] {
        let id = uuid::Uuid::new_v4().to_string();
        let stream = stage.execute(ExecutePlanRequest { operation_id: Some(id.clone()), ..query(table(name)) }).await;
        let mut stopped = Vec::new();
        while stopped.is_empty() {
            stopped = interrupt(&stage, InterruptType::OperationId, Some(Interrupt::OperationId(id.clone()))).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(stopped, [id]);
        assert_eq!(failure(stream).await, "OPERATION_CANCELED");
    }
}

#[tokio::test]
async fn tags_choose_what_is_interrupted() {
    let stage = Stage::new();
    let tagged = |id: &str, tag: &str| ExecutePlanRequest {
        operation_id: Some(id.into()),
        tags: vec![tag.into()],
        ..query(table("slow"))
    };
    let (one, two) = ("00000000-0000-0000-0000-0000000000b1", "00000000-0000-0000-0000-0000000000b2");
    let mut first = stage.execute(tagged(one, "x")).await;
    let mut second = stage.execute(tagged(two, "y")).await;
    first.message().await;
    second.message().await;
    assert_eq!(interrupt(&stage, InterruptType::Tag, Some(Interrupt::OperationTag("x".into()))).await, [one]);
    assert_eq!(failure(first).await, "OPERATION_CANCELED");
    assert_eq!(interrupt(&stage, InterruptType::All, None).await, [two]);
    assert_eq!(failure(second).await, "OPERATION_CANCELED");
    assert!(interrupt(&stage, InterruptType::All, None).await.is_empty());
}

#[tokio::test]
async fn a_clone_starts_with_the_settings_of_the_original() {
    let stage = Stage::new();
    let pair = proto::KeyValue { key: "my.key".into(), value: Some("7".into()) };
    let set = proto::config_request::operation::OpType::Set(proto::config_request::Set { pairs: vec![pair], silent: None });
    let operation = Some(proto::config_request::Operation { op_type: Some(set) });
    config(&stage, proto::ConfigRequest { operation, ..ask(SESSION, None) }).await.unwrap();
    let clone = |id: &str| proto::CloneSessionRequest {
        session_id: SESSION.into(),
        new_session_id: Some(id.into()),
        ..Default::default()
    };
    let new = "00000000-0000-0000-0000-00000000000c";
    let answer: proto::CloneSessionResponse = stage.unary(Method::CloneSession, clone(new)).await.unwrap();
    assert_eq!(answer.new_session_id, new);
    let settings = config(&stage, ask(new, Some(&answer.new_server_side_session_id))).await.unwrap();
    assert!(settings.pairs.iter().any(|pair| pair.key == "my.key"));
    for (id, why) in [(new, "TARGET_SESSION_ID_ALREADY_EXISTS"), ("x", "TARGET_SESSION_ID_FORMAT")] {
        let status = stage.unary::<proto::CloneSessionResponse>(Method::CloneSession, clone(id)).await.unwrap_err();
        assert_eq!(condition(&status), format!("INVALID_CLONE_SESSION_REQUEST.{why}"));
    }
}

#[tokio::test]
async fn status_tells_what_became_of_operations() {
    let stage = Stage::new();
    let state = async |id: &str| {
        let operation_status = Some(OperationStatusRequest { operation_ids: vec![id.into()], ..Default::default() });
        let request = proto::GetStatusRequest { session_id: SESSION.into(), operation_status, ..Default::default() };
        let answer: proto::GetStatusResponse = stage.unary(Method::GetStatus, request).await.unwrap();
        answer.operation_statuses[0].state()
    };
    let mut stream = stage.execute(query(table("slow"))).await;
    stream.message().await;
    assert_eq!(state(OPERATION).await, OperationState::Running);
    interrupt(&stage, InterruptType::All, None).await;
    assert_eq!(failure(stream).await, "OPERATION_CANCELED");
    assert_eq!(state(OPERATION).await, OperationState::Terminating);
    stage.release_all().await;
    assert_eq!(state(OPERATION).await, OperationState::Cancelled);
    assert_eq!(state("00000000-0000-0000-0000-0000000000ff").await, OperationState::Unknown);
}
