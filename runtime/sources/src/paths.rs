//! Paths as users write them (`file:/x`, folders, globs, several) to the data files they mean.
//!
//! Files and folders whose names start with `_` or `.` are Spark's own and are passed over.

use std::path::{Path, PathBuf};

use emberflow_base::{Error, Result};

/// A data file and the values of the partition folders above it (`country=fr`), outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: PathBuf,
    pub partition: Vec<(String, Option<String>)>,
}

/// What Spark writes for a null partition value.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A local path from a path or a `file:` URL.
pub fn local(path: &str) -> Result<PathBuf> {
    let bare = match path.split_once(':') {
        Some(("file", rest)) => {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            decoded(rest.strip_prefix("localhost").unwrap_or(rest))
        }
        Some((scheme, rest)) if rest.starts_with("//") => {
            return Err(Error::unsupported(format!("paths of the file system `{scheme}`")));
        }
        _ => path.to_owned(),
    };
    let bare = PathBuf::from(bare);
    if bare.is_absolute() {
        return Ok(bare);
    }
    std::env::current_dir()
        .map(|here| here.join(bare))
        .map_err(|error| Error::internal(format!("the working folder cannot be read: {error}")))
}

/// `/a b` from `/a%20b`.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |byte: &u8| (*byte as char).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                bytes.push((hex(high).unwrap_or(0) * 16 + hex(low).unwrap_or(0)) as u8);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How errors show a local path.
pub fn shown(path: &Path) -> String {
    format!("file:{}", path.display())
}

/// Every data file under `paths`, sorted within each path. A path that matches nothing is an error.
pub fn data_files(paths: &[String]) -> Result<Vec<DataFile>> {
    let mut files = Vec::new();
    for path in paths {
        let base = local(path)?;
        let matched = expand(&base)?;
        if matched.is_empty() {
            return Err(Error::new("PATH_NOT_FOUND").with("path", shown(&base)));
        }
        for path in matched {
            walk(&path, Vec::new(), &mut files)?;
        }
    }
    Ok(files)
}

/// The path itself, or what it matches as a glob.
fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    if path.exists() {
        return Ok(vec![path.to_owned()]);
    }
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[', '{']) {
        return Ok(Vec::new());
    }
    let mut matched = Vec::new();
    for pattern in alternatives(&text) {
        let found =
            glob::glob(&pattern).map_err(|error| Error::new("PATH_NOT_FOUND").with("path", format!("{pattern}: {error}")))?;
        matched.extend(found.filter_map(std::result::Result::ok));
    }
    matched.retain(|path| !hidden(path));
    matched.sort();
    matched.dedup();
    Ok(matched)
}

/// `{a,b}` spelled out.
fn alternatives(pattern: &str) -> Vec<String> {
    let (Some(open), Some(close)) = (pattern.find('{'), pattern.find('}')) else { return vec![pattern.to_owned()] };
    if close < open {
        return vec![pattern.to_owned()];
    }
    let (before, after) = (&pattern[..open], &pattern[close + 1..]);
    pattern[open + 1..close].split(',').flat_map(|choice| alternatives(&format!("{before}{choice}{after}"))).collect()
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
    })
}

fn walk(path: &Path, partition: Vec<(String, Option<String>)>, files: &mut Vec<DataFile>) -> Result<()> {
    if path.is_file() {
        files.push(DataFile { path: path.to_owned(), partition });
        return Ok(());
    }
    let failed = |error: std::io::Error| {
        Error::new("FAILED_READ_FILE.NO_HINT").with("path", shown(path)).text(format!("{}: {error}", shown(path)))
    };
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).map_err(failed)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    for entry in entries.into_iter().filter(|entry| !hidden(entry)) {
        let mut below = partition.clone();
        if entry.is_dir()
            && let Some((key, value)) = entry.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('='))
        {
            below.push((decoded(key), (value != NULL_PARTITION).then(|| decoded(value))));
        }
        walk(&entry, below, files)?;
    }
    Ok(())
}
