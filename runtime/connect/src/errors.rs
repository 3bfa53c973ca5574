//! Errors as Spark's clients expect them.
//!
//!     Error ──► Status { 13, "[CONDITION] sentence SQLSTATE: xxxxx", google.rpc.Status { ErrorInfo } }
//!       └─────► ErrorShelf (by errorId) ──FetchErrorDetails, once──► the whole chain of causes
//!
//! Trailers have room for a few kilobytes only, so the status is short and the rest waits on a shelf.
//! Not here: what went wrong (whoever raised it), sentences (`emberflow-base`).

use std::collections::{BTreeMap, VecDeque};

use emberflow_base::{Error, ErrorKind, Exception, QueryContext, Settings};
use parking_lot::Mutex;
use prost::Message;

use crate::proto::fetch_error_details_response as details;
use crate::rpc::Status;

const CODE_UNAVAILABLE: i32 = 14;
const CODE_INTERNAL: i32 = 13;
const CODE_INVALID_ARGUMENT: i32 = 3;

/// The status message is sent twice in the trailers.
const MESSAGE_BYTES_MAX: usize = 2048;
/// Condition and parameters are left out of the trailers above this.
const PARAMETERS_BYTES_MAX: usize = 1024;
const CAUSES_MAX: usize = 5;
const SHELF_ERRORS_MAX: usize = 200;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub reason: String,
    #[prost(string, tag = "2")]
    pub domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: BTreeMap<String, String>,
}

/// The errors of a session whose details nobody has read yet; the oldest give way.
#[derive(Default)]
pub(crate) struct ErrorShelf {
    errors: Mutex<VecDeque<(String, Error)>>,
}

impl ErrorShelf {
    fn keep(&self, id: String, error: Error) {
        let mut errors = self.errors.lock();
        if errors.len() == SHELF_ERRORS_MAX {
            errors.pop_front();
        }
        errors.push_back((id, error));
    }

    /// The error called `id`, once.
    pub(crate) fn take(&self, id: &str) -> Option<Error> {
        let mut errors = self.errors.lock();
        let at = errors.iter().position(|(known, _)| known == id)?;
        errors.remove(at).map(|(_, error)| error)
    }
}

/// The status of an error that belongs to a session: its details can be fetched.
pub(crate) fn status_of(error: &Error, shelf: &ErrorShelf, settings: &Settings) -> Status {
    let id = uuid::Uuid::new_v4().to_string();
    shelf.keep(id.clone(), error.clone());
    let with_stack = settings.flag("spark.sql.pyspark.jvmStacktrace.enabled");
    status(error, Some(id), with_stack)
}

/// The status of an error that belongs to no session.
pub(crate) fn status_without_session(error: &Error) -> Status {
    status(error, None, false)
}

pub(crate) fn invalid_argument(message: impl Into<String>) -> Status {
    Status { code: CODE_INVALID_ARGUMENT, message: message.into(), details: Default::default() }
}

fn status(error: &Error, id: Option<String>, with_stack: bool) -> Status {
    let code = if error.kind() == ErrorKind::Unavailable { CODE_UNAVAILABLE } else { CODE_INTERNAL };
    let message = cut(error.to_string(), MESSAGE_BYTES_MAX);
    let info = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
        value: error_info(error, id, with_stack).encode_to_vec(),
    };
    let details = RpcStatus { code, message: message.clone(), details: vec![info] }.encode_to_vec().into();
    Status { code, message, details }
}

fn error_info(error: &Error, id: Option<String>, with_stack: bool) -> ErrorInfo {
    let classes = classes(error);
    let reason = classes.first().copied().unwrap_or_default().to_owned();
    let mut metadata = BTreeMap::from([("classes".to_owned(), json_list(classes))]);
    if let Some(id) = id {
        metadata.insert("errorId".into(), id);
    }
    if let Some(sqlstate) = error.sqlstate() {
        metadata.insert("sqlState".into(), sqlstate.into());
    }
    if !error.condition().is_empty() {
        metadata.insert("errorClass".into(), error.condition().into());
        let parameters = json_object(&parameters(error));
        if parameters.len() <= PARAMETERS_BYTES_MAX {
            metadata.insert("messageParameters".into(), parameters);
        }
    }
    if with_stack {
        metadata.insert("stackTrace".into(), cut(format!("{}: {}", reason, error), PARAMETERS_BYTES_MAX));
    }
    ErrorInfo { reason, domain: "org.apache.spark".into(), metadata }
}

/// The chain of an error and its causes, flat, as FetchErrorDetails answers it.
pub(crate) fn chain(error: &Error) -> Vec<details::Error> {
    let causes = std::iter::successors(Some(error), |error| error.cause()).take(CAUSES_MAX);
    let mut chain: Vec<details::Error> = causes.map(one).collect();
    let last = chain.len() - 1;
    for (index, error) in chain.iter_mut().take(last).enumerate() {
        error.cause_idx = Some(index as i32 + 1);
    }
    chain
}

fn one(error: &Error) -> details::Error {
    let of_spark = || details::SparkThrowable {
        error_class: Some(error.condition().to_owned()),
        message_parameters: parameters(error).into_iter().collect(),
        query_contexts: error.contexts().iter().map(context).collect(),
        sql_state: error.sqlstate().map(str::to_owned),
        breaking_change_info: None,
    };
    details::Error {
        error_type_hierarchy: classes(error).iter().map(|class| (*class).to_owned()).collect(),
        message: error.to_string(),
        stack_trace: Vec::new(),
        cause_idx: None,
        spark_throwable: (!error.condition().is_empty()).then(of_spark),
    }
}

/// The exception the client raises. Spark's JVM client words most exceptions itself, from its own sentence for the condition,
/// and breaks down where it has none; `SparkException` alone keeps the message it is sent.
fn classes(error: &Error) -> &'static [&'static str] {
    let unlisted = error.condition().is_empty() || error.condition().starts_with("_LEGACY_ERROR_TEMP_");
    let tells_itself = unlisted || error.published_parameters().is_some();
    let exception = if tells_itself { error.exception() } else { Exception::Spark };
    exception.classes()
}

/// The parameters, and a mark for each that is missing: the JVM client cannot do without.
fn parameters(error: &Error) -> Vec<(String, String)> {
    let mut parameters = error.parameters().to_vec();
    for name in error.published_parameters().unwrap_or_default() {
        if error.parameter(name).is_none() {
            parameters.push(((*name).to_owned(), format!("<{name}>")));
        }
    }
    parameters
}

fn context(context: &QueryContext) -> details::QueryContext {
    use details::query_context::ContextType;
    match context {
        QueryContext::Sql { object_type, object_name, start, stop, fragment } => details::QueryContext {
            context_type: ContextType::Sql as i32,
            object_type: object_type.clone(),
            object_name: object_name.clone(),
            start_index: *start,
            stop_index: *stop,
            fragment: fragment.clone(),
            ..Default::default()
        },
        QueryContext::DataFrame { fragment, call_site } => details::QueryContext {
            context_type: ContextType::Dataframe as i32,
            fragment: fragment.clone(),
            call_site: call_site.clone(),
            ..Default::default()
        },
    }
}

/// At most `bytes_max` bytes, cut between characters.
fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let end = (0..=bytes_max - 3).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

fn json_list(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| json_text(item)).collect();
    format!("[{}]", items.join(","))
}

fn json_object(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}:{}", json_text(key), json_text(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn json_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => _ = write!(out, "\\u{:04x}", control as u32),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(status: &Status) -> ErrorInfo {
        let rpc = RpcStatus::decode(status.details.clone()).unwrap();
        assert_eq!((rpc.code, &rpc.message), (status.code, &status.message));
        ErrorInfo::decode(rpc.details[0].value.as_slice()).unwrap()
    }

    #[test]
    fn the_status_names_condition_class_and_state() {
        let shelf = ErrorShelf::default();
        let error = Error::new("DIVIDE_BY_ZERO").with("config", "\"spark.sql.ansi.enabled\"");
        let status = status_of(&error, &shelf, &Settings::new("UTC"));
        assert_eq!(status.code, 13);
        assert!(status.message.starts_with("[DIVIDE_BY_ZERO] "), "{}", status.message);
        let info = info(&status);
        assert_eq!(info.domain, "org.apache.spark");
        assert_eq!(info.reason, "org.apache.spark.SparkArithmeticException");
        assert_eq!(info.metadata["errorClass"], "DIVIDE_BY_ZERO");
        assert_eq!(info.metadata["sqlState"], "22012");
        assert_eq!(info.metadata["messageParameters"], r#"{"config":"\"spark.sql.ansi.enabled\""}"#);
        assert!(info.metadata["classes"].contains("\"java.lang.ArithmeticException\""));
        assert!(shelf.take(&info.metadata["errorId"]).is_some());
        assert!(shelf.take(&info.metadata["errorId"]).is_none(), "details can be read once");
    }

    #[test]
    fn long_messages_leave_room_in_the_trailers() {
        let error = Error::internal("ü".repeat(5000));
        let status = status_without_session(&error);
        assert!(status.message.len() <= MESSAGE_BYTES_MAX);
        assert!(!info(&status).metadata.contains_key("messageParameters"));
        assert!(status.details.len() < 6000);
    }

    #[test]
    fn the_jvm_client_can_word_every_error() {
        let family = info(&status_without_session(&Error::unsupported("LATERAL")));
        assert_eq!(family.reason, "org.apache.spark.SparkException");
        assert_eq!(family.metadata["errorClass"], "UNSUPPORTED_FEATURE");
        let incomplete = Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", "`a`");
        let incomplete = info(&status_without_session(&incomplete));
        assert_eq!(incomplete.reason, "org.apache.spark.sql.AnalysisException");
        assert_eq!(incomplete.metadata["messageParameters"], r#"{"objectName":"`a`","proposal":"<proposal>"}"#);
    }

    #[test]
    fn causes_are_linked_by_index() {
        let origin = QueryContext::DataFrame { fragment: "divide".into(), call_site: "script.py:3".into() };
        let error = Error::new("A").context(origin).caused_by(Error::new("B").caused_by(Error::new("C")));
        let chain = chain(&error);
        assert_eq!(chain.iter().map(|one| one.cause_idx).collect::<Vec<_>>(), [Some(1), Some(2), None]);
        let throwable = chain[0].spark_throwable.as_ref().unwrap();
        assert_eq!(throwable.query_contexts[0].call_site, "script.py:3");
    }
}
