//! Config: reading and changing a session's settings.
//!
//! Pairs come back in the order they were asked for, since clients index them. Values that look like secrets are not
//! shown. Which keys exist is `emberflow_base::settings`.

use std::sync::LazyLock;

use bytes::Bytes;
use emberflow_base::{Error, Result, Settings, settings};
use regex::Regex;

use super::Core;
use super::request::{bad_request, bytes};
use crate::proto::config_request::operation::OpType;
use crate::proto::{ConfigRequest, ConfigResponse, KeyValue, config_request};
use crate::rpc::Status;
use crate::session::Session;
use crate::session::registry::Unknown;

const REDACTED: &str = "*********(redacted)";

/// Keys that still work and should not be used, with what to use.
const DEPRECATED: &[(&str, &str)] = &[
    ("spark.sql.execution.arrow.enabled", "use 'spark.sql.execution.arrow.pyspark.enabled'"),
    ("spark.sql.execution.arrow.fallback.enabled", "use 'spark.sql.execution.arrow.pyspark.fallback.enabled'"),
    ("spark.sql.execution.pandas.respectSessionTimeZone", "the session's time zone is always respected"),
    ("spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName", "columns are assigned by name"),
    ("spark.sql.parquet.int64AsTimestampMillis", "use 'spark.sql.parquet.outputTimestampType'"),
    ("spark.sql.hive.verifyPartitionPath", "use 'spark.files.ignoreMissingFiles'"),
    ("spark.sql.optimizer.metadataOnly", "it may give wrong results"),
    ("spark.sql.adaptive.shuffle.targetPostShuffleInputSize", "use 'spark.sql.adaptive.advisoryPartitionSizeInBytes'"),
    ("spark.sql.adaptive.skewJoin.skewedPartitionMaxSplits", "it has no effect"),
];

pub(super) fn config(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    core.within(request, Unknown::Create, |session, request: ConfigRequest| {
        let operation = request.operation.and_then(|operation| operation.op_type);
        let Some(operation) = operation else { return Err(bad_request("the operation of Config is not set")) };
        let answer = perform(session, operation)?;
        Ok(bytes(&ConfigResponse {
            session_id: session.id().to_owned(),
            server_side_session_id: session.server_side_id.clone(),
            ..answer
        }))
    })
}

fn perform(session: &Session, operation: OpType) -> Result<ConfigResponse> {
    let now = session.backend.settings();
    match operation {
        OpType::Set(set) => change(session, &set),
        OpType::Unset(unset) => reset(session, &unset.keys),
        OpType::Get(get) => pairs(&get.keys, |key| Ok(Some(now.require(key)?.to_owned()))),
        OpType::GetOption(get) => pairs(&get.keys, |key| Ok(now.get(key).map(str::to_owned))),
        OpType::GetWithDefault(get) => Ok(with_defaults(&get, &now)),
        OpType::GetAll(get) => Ok(all(get.prefix.as_deref().unwrap_or_default(), &now)),
        OpType::IsModifiable(ask) => pairs(&ask.keys, |key| Ok(Some(now.is_modifiable(key).to_string()))),
    }
}

/// One pair per key, in the order of the request.
fn pairs(keys: &[String], value: impl Fn(&str) -> Result<Option<String>>) -> Result<ConfigResponse> {
    let pair = |key: &String| Ok(shown(key, value(key)?));
    let pairs = keys.iter().map(pair).collect::<Result<_>>()?;
    Ok(ConfigResponse { pairs, warnings: deprecations(keys.iter().map(String::as_str)), ..Default::default() })
}

fn with_defaults(get: &config_request::GetWithDefault, now: &Settings) -> ConfigResponse {
    let pair = |pair: &KeyValue| shown(&pair.key, set_value(now, &pair.key).or_else(|| pair.value.clone()));
    ConfigResponse { pairs: get.pairs.iter().map(pair).collect(), ..Default::default() }
}

/// The value of a key that is set; the caller's default is better than ours.
fn set_value(now: &Settings, key: &str) -> Option<String> {
    let value = now.get(key)?;
    let is_default = settings::known(key).is_some_and(|known| known.default == Some(value));
    (!is_default).then(|| value.to_owned())
}

fn all(prefix: &str, now: &Settings) -> ConfigResponse {
    let pair = |(key, value): (String, String)| {
        let rest = key.strip_prefix(prefix)?.to_owned();
        Some(KeyValue { key: rest, ..shown(&key, Some(value)) })
    };
    ConfigResponse { pairs: now.all().into_iter().filter_map(pair).collect(), ..Default::default() }
}

fn change(session: &Session, set: &config_request::Set) -> Result<ConfigResponse> {
    let mut warnings = deprecations(set.pairs.iter().map(|pair| pair.key.as_str()));
    for pair in &set.pairs {
        let value = pair.value.clone().unwrap_or_default();
        let done = session.backend.change_settings(&mut |settings| settings.set(&pair.key, value.clone()));
        match done {
            Err(why) if set.silent() => warnings.push(why.to_string()),
            done => done?,
        }
    }
    Ok(ConfigResponse { warnings, ..Default::default() })
}

fn reset(session: &Session, keys: &[String]) -> Result<ConfigResponse> {
    for key in keys {
        if settings::known(key).is_some_and(|known| known.is_static) {
            return Err(Error::new("CANNOT_MODIFY_STATIC_CONFIG").with("key", format!("\"{key}\"")));
        }
        session.backend.change_settings(&mut |settings| {
            settings.unset(key);
            Ok(())
        })?;
    }
    Ok(ConfigResponse { warnings: deprecations(keys.iter().map(String::as_str)), ..Default::default() })
}

fn deprecations<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let note = |key: &str| DEPRECATED.iter().find(|(deprecated, _)| *deprecated == key);
    keys.filter_map(note).map(|(key, instead)| format!("The SQL config '{key}' has been deprecated: {instead}.")).collect()
}

/// The pair as a client may see it.
fn shown(key: &str, value: Option<String>) -> KeyValue {
    let value = value.map(|value| if is_secret(key) || is_secret(&value) { REDACTED.to_owned() } else { value });
    KeyValue { key: key.to_owned(), value }
}

fn is_secret(text: &str) -> bool {
    // Spark's default of `spark.redaction.regex`.
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?i)secret|password|token|access[.]?key").ok());
    PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(text))
}
