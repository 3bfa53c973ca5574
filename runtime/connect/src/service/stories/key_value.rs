//! The key-value service beside Spark Connect's.

use super::*;
use crate::kv;

#[tokio::test]
async fn a_request_reaches_the_backend_and_its_answer_comes_back() {
    let request = kv::Request { container: "shop".into(), ..kv::Request::default() };
    let answer: kv::Response = Stage::new().unary(Method::KeyValue, request).await.unwrap();
    assert_eq!(answer.answer, Some(kv::response::Answer::Json("shop".into())));
}

#[tokio::test]
async fn bytes_that_are_no_request_are_refused() {
    let stage = Stage::new();
    let (requests, mut responses) = stage.service.start(Method::KeyValue, Vec::new()).split();
    requests.send(Bytes::from_static(&[0xff; 4])).await.unwrap();
    assert_eq!(responses.recv().await.unwrap().unwrap_err().code, 3);
}

#[test]
fn methods_are_found_by_their_services() {
    assert_eq!(Method::named("/emberflow.kv.KeyValue/Execute"), Some(Method::KeyValue));
    assert_eq!(Method::named("Execute"), Some(Method::KeyValue));
    assert_eq!(Method::named("/spark.connect.SparkConnectService/Execute"), None);
    assert_eq!(Method::named("emberflow.kv.KeyValue/Config"), None);
    for method in Method::ALL {
        assert_eq!(Method::named(&method.path()), Some(method));
    }
}
