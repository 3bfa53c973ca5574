//! How much memory the engine may use, and where it spills: from options, settings, the environment, or the machine.

use std::path::PathBuf;

use emberflow_base::bytes::parse_bytes;
use emberflow_base::{Error, Result};

use crate::engine::EngineOptions;

/// The setting, also read from `EMBERFLOW_MEMORY_LIMIT`.
pub(crate) const LIMIT: &str = "emberflow.memory.limit";
const LIMIT_VARIABLE: &str = "EMBERFLOW_MEMORY_LIMIT";
/// Less is not enough for a batch per operator.
const LIMIT_MIN: usize = 16 << 20;
/// Where the machine does not say what it has.
const LIMIT_ELSEWHERE: usize = 4 << 30;

/// The limit in bytes.
pub(crate) fn limit(options: &EngineOptions) -> Result<usize> {
    if let Some(bytes) = options.memory_limit {
        return at_least_some(bytes, &bytes.to_string());
    }
    match options.setting(LIMIT).map(str::to_owned).or_else(|| std::env::var(LIMIT_VARIABLE).ok()) {
        Some(text) => parse_limit(&text),
        None => Ok(default_limit()),
    }
}

/// A limit as somebody wrote it.
pub(crate) fn parse_limit(text: &str) -> Result<usize> {
    at_least_some(parse_bytes(LIMIT, text)?, text)
}

fn at_least_some(bytes: usize, text: &str) -> Result<usize> {
    if bytes >= LIMIT_MIN {
        return Ok(bytes);
    }
    Err(Error::new("INVALID_CONF_VALUE.REQUIREMENT")
        .with("confName", LIMIT)
        .with("confValue", text)
        .with("confRequirement", "it must be at least 16m"))
}

/// The folder below which temporary files go.
pub(crate) fn temporary_folder(options: &EngineOptions) -> PathBuf {
    let first = |text: String| text.split(',').next().map(str::trim).filter(|path| !path.is_empty()).map(PathBuf::from);
    let set = options.setting("spark.local.dir").map(str::to_owned);
    set.or_else(|| std::env::var("SPARK_LOCAL_DIRS").ok()).and_then(first).unwrap_or_else(std::env::temp_dir)
}

/// Three fifths of what there is: the host's own objects, files in flight and the system want theirs.
fn default_limit() -> usize {
    let machine = read_kib("/proc/meminfo", "MemTotal:").map(|kib| kib << 10);
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let there_is = [machine, container].into_iter().flatten().min();
    there_is.map_or(LIMIT_ELSEWHERE, |bytes: usize| (bytes / 5 * 3).max(LIMIT_MIN))
}

fn read_kib(path: &str, key: &str) -> Option<usize> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)).and_then(|rest| rest.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_beat_settings_and_too_little_is_refused() {
        let set = |text: &str| EngineOptions { settings: vec![(LIMIT.into(), text.into())], ..Default::default() };
        assert_eq!(limit(&set("64m")).unwrap(), 64 << 20);
        assert_eq!(limit(&EngineOptions { memory_limit: Some(1 << 30), ..set("64m") }).unwrap(), 1 << 30);
        assert_eq!(limit(&set("1m")).unwrap_err().condition(), "INVALID_CONF_VALUE.REQUIREMENT");
        assert_eq!(limit(&set("lots")).unwrap_err().condition(), "INVALID_CONF_VALUE.TYPE_MISMATCH");
        assert!(default_limit() >= LIMIT_MIN);
    }
}
