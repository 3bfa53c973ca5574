//! Config and AnalyzePlan.

use super::*;
use crate::proto::analyze_plan_request::Analyze;
use crate::proto::config_request::operation::OpType;
use crate::proto::config_request::{Get, GetAll, GetOption, GetWithDefault, IsModifiable, Operation, Set, Unset};
use crate::proto::{AnalyzePlanResponse, ConfigResponse, KeyValue, analyze_plan_request, analyze_plan_response};

async fn config(stage: &Stage, operation: OpType) -> Result<ConfigResponse, Status> {
    let operation = Some(Operation { op_type: Some(operation) });
    let request = proto::ConfigRequest { session_id: SESSION.into(), operation, ..Default::default() };
    stage.unary(Method::Config, request).await
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value.into()) }
}

fn set(key: &str, value: &str, silent: bool) -> OpType {
    OpType::Set(Set { pairs: vec![pair(key, value)], silent: Some(silent) })
}

fn get(keys: &[&str]) -> OpType {
    OpType::Get(Get { keys: keys.iter().map(|key| (*key).to_owned()).collect() })
}

fn values(response: &ConfigResponse) -> Vec<Option<&str>> {
    response.pairs.iter().map(|pair| pair.value.as_deref()).collect()
}

#[tokio::test]
async fn values_come_in_the_order_of_the_keys() {
    let stage = Stage::new();
    config(&stage, set("b.key", "2", false)).await.unwrap();
    let answer = config(&stage, get(&["spark.sql.ansi.enabled", "b.key", "spark.sql.shuffle.partitions"])).await.unwrap();
    assert_eq!(values(&answer), [Some("true"), Some("2"), Some("200")]);
    let why = config(&stage, get(&["b.key", "no.such.key"])).await.unwrap_err();
    assert_eq!(condition(&why), "SQL_CONF_NOT_FOUND");
    let answer = config(&stage, OpType::GetOption(GetOption { keys: vec!["no.such.key".into()] })).await.unwrap();
    assert_eq!(values(&answer), [None]);
}

#[tokio::test]
async fn what_create_data_frame_reads_exists() {
    let stage = Stage::new();
    let sizes = [
        "spark.sql.session.localRelationCacheThreshold",
        "spark.sql.session.localRelationSizeLimit",
        "spark.sql.session.localRelationChunkSizeRows",
        "spark.sql.session.localRelationChunkSizeBytes",
        "spark.sql.session.localRelationBatchOfChunksSizeBytes",
    ];
    let answer = config(&stage, get(&sizes)).await.unwrap();
    assert!(values(&answer).iter().all(|value| value.unwrap().parse::<i64>().is_ok()));
    let others = [
        "spark.sql.session.timeZone",
        "spark.sql.timestampType",
        "spark.sql.execution.pandas.convertToArrowArraySafely",
        "spark.sql.execution.pandas.inferPandasDictAsMap",
        "spark.sql.pyspark.inferNestedDictAsStruct.enabled",
        "spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled",
        "spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled",
        "spark.sql.execution.arrow.useLargeVarTypes",
        "spark.connect.session.planCompression.threshold",
        "spark.connect.session.planCompression.defaultAlgorithm",
    ];
    config(&stage, get(&others)).await.unwrap();
}

#[tokio::test]
async fn the_callers_default_wins_over_ours() {
    let stage = Stage::new();
    let ask =
        || OpType::GetWithDefault(GetWithDefault { pairs: vec![pair("spark.sql.shuffle.partitions", "9"), pair("x", "1")] });
    assert_eq!(values(&config(&stage, ask()).await.unwrap()), [Some("9"), Some("1")]);
    config(&stage, set("spark.sql.shuffle.partitions", "5", false)).await.unwrap();
    assert_eq!(values(&config(&stage, ask()).await.unwrap()), [Some("5"), Some("1")]);
}

#[tokio::test]
async fn static_keys_are_refused_or_warned_about() {
    let stage = Stage::new();
    let why = config(&stage, set("spark.sql.warehouse.dir", "/x", false)).await.unwrap_err();
    assert_eq!(condition(&why), "CANNOT_MODIFY_STATIC_CONFIG");
    let answer = config(&stage, set("spark.sql.warehouse.dir", "/x", true)).await.unwrap();
    assert_eq!(answer.warnings.len(), 1);
    let keys = vec!["spark.sql.warehouse.dir".into(), "spark.sql.ansi.enabled".into()];
    let answer = config(&stage, OpType::IsModifiable(IsModifiable { keys })).await.unwrap();
    assert_eq!(values(&answer), [Some("false"), Some("true")]);
}

#[tokio::test]
async fn unset_goes_back_to_the_default() {
    let stage = Stage::new();
    config(&stage, set("spark.sql.ansi.enabled", "false", false)).await.unwrap();
    config(&stage, OpType::Unset(Unset { keys: vec!["spark.sql.ansi.enabled".into()] })).await.unwrap();
    assert_eq!(values(&config(&stage, get(&["spark.sql.ansi.enabled"])).await.unwrap()), [Some("true")]);
}

#[tokio::test]
async fn a_prefix_filters_and_is_cut_off_and_secrets_are_not_shown() {
    let stage = Stage::new();
    config(&stage, set("my.password", "hunter2", false)).await.unwrap();
    config(&stage, set("my.name", "ember", false)).await.unwrap();
    let answer = config(&stage, OpType::GetAll(GetAll { prefix: Some("my.".into()) })).await.unwrap();
    let shown: Vec<(&str, &str)> = answer.pairs.iter().map(|pair| (pair.key.as_str(), pair.value())).collect();
    assert_eq!(shown, [("name", "ember"), ("password", "*********(redacted)")]);
}

#[tokio::test]
async fn deprecated_keys_give_warnings() {
    let stage = Stage::new();
    let answer = config(&stage, set("spark.sql.execution.arrow.enabled", "true", false)).await.unwrap();
    assert!(answer.warnings[0].contains("deprecated"), "{:?}", answer.warnings);
}

async fn analyze(stage: &Stage, analyze: Analyze) -> Result<analyze_plan_response::Result, Status> {
    let request = proto::AnalyzePlanRequest { session_id: SESSION.into(), analyze: Some(analyze), ..Default::default() };
    let answer: AnalyzePlanResponse = stage.unary(Method::AnalyzePlan, request).await?;
    assert_eq!(answer.session_id, SESSION);
    Ok(answer.result.unwrap())
}

#[tokio::test]
async fn questions_get_the_answer_of_their_kind() {
    let stage = Stage::new();
    let plan = || Some(proto::Plan { op_type: Some(plan::OpType::Root(megabytes(1))) });
    let version = analyze(&stage, Analyze::SparkVersion(Default::default())).await.unwrap();
    assert!(matches!(version, analyze_plan_response::Result::SparkVersion(version) if version.version == "4.2.0"));
    let schema = analyze(&stage, Analyze::Schema(analyze_plan_request::Schema { plan: plan() })).await.unwrap();
    assert!(matches!(schema, analyze_plan_response::Result::Schema(_)));
    let local = analyze(&stage, Analyze::IsLocal(analyze_plan_request::IsLocal { plan: plan() })).await.unwrap();
    assert!(matches!(local, analyze_plan_response::Result::IsLocal(local) if local.is_local));
    let persist = analyze_plan_request::Persist { relation: Some(megabytes(1)), storage_level: None };
    let persist = analyze(&stage, Analyze::Persist(persist)).await.unwrap();
    assert!(matches!(persist, analyze_plan_response::Result::Persist(_)));
    let tree = analyze_plan_request::TreeString { plan: plan(), level: None };
    let why = analyze(&stage, Analyze::TreeString(tree)).await.unwrap_err();
    assert_eq!(condition(&why), "TABLE_OR_VIEW_NOT_FOUND");
    assert_eq!(info(&why).metadata["sqlState"], "42P01");
}

#[tokio::test]
async fn garbage_is_an_error_and_not_the_end() {
    let stage = Stage::new();
    let (requests, mut responses) = stage.service.start(Method::Config, Vec::new()).split();
    requests.send(Bytes::from_static(b"\xff\xff\xff")).await.unwrap();
    let status = responses.recv().await.unwrap().unwrap_err();
    assert_eq!(condition(&status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
    assert!(config(&stage, get(&[])).await.is_ok());
}
