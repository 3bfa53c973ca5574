//! Paths as users write them: `file:/x`, relative ones, globs.
//!
//! Files and folders whose names start with `_` or `.` are Spark's own and are passed over.
//! Not here: which files lie below a path (`listing`).

use std::path::{Path, PathBuf};

use emberflow_base::{Error, Result};

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

/// How errors and `_metadata` show a file that is being read.
pub fn file_url(path: &Path) -> String {
    url::Url::from_file_path(path).map_or_else(|()| format!("file://{}", path.display()), String::from)
}

/// Whether a name matches a glob such as `*.csv` or `{a,b}*`.
pub(crate) fn glob_matcher(pattern: &str) -> Result<impl Fn(&str) -> bool + use<>> {
    let invalid = |error: glob::PatternError| {
        Error::new("INVALID_PARAMETER_VALUE").text(format!("`{pattern}` is not a pattern of file names: {error}"))
    };
    let patterns = alternatives(pattern).iter().map(|text| glob::Pattern::new(text)).collect::<std::result::Result<Vec<_>, _>>();
    let patterns = patterns.map_err(invalid)?;
    Ok(move |name: &str| patterns.iter().any(|pattern| pattern.matches(name)))
}

/// The path itself, or what it matches as a glob.
pub(crate) fn expand(path: &Path) -> Result<Vec<PathBuf>> {
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

/// Names Spark passes over.
pub(crate) fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
    })
}
