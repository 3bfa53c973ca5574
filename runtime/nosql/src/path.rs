//! Where tables lie: `ember://<container>/<path>`.
//!
//! Not here: partition folders below a table (`partition`), what lies at a path (the store).

use std::fmt;

use crate::error::{Error, ErrorName, Result};
use crate::limits::Limits;

/// A table in a container. The path has no slash at its ends and no empty segment.
///
/// ```
/// use emberflow_nosql::path::TablePath;
/// let path = TablePath::parse("v3io://shop//eu/parts/", None)?;
/// assert_eq!((path.container(), path.path()), ("shop", "eu/parts"));
/// assert_eq!(path.to_string(), "ember://shop/eu/parts");
/// assert_eq!(TablePath::parse("/eu/parts", Some("shop"))?, path);
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TablePath {
    container: String,
    path: String,
}

impl TablePath {
    /// Reads a path as users write it. Without a scheme it lies in `default_container`. `InvalidPath`, or `LimitExceeded` if
    /// it is too long.
    pub fn parse(text: &str, default_container: Option<&str>) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let container =
                default_container.ok_or_else(|| invalid(text, "has no container, and there is no default container"))?;
            return Self::new(container, text);
        };
        if !scheme.eq_ignore_ascii_case("ember") && !scheme.eq_ignore_ascii_case("v3io") {
            return Err(invalid(text, "has another scheme than ember:// or v3io://"));
        }
        let (container, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self::new(container, path)
    }

    /// A table by its container and its path there, which may have slashes too many.
    pub fn new(container: &str, path: &str) -> Result<Self> {
        check_container(container)?;
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.is_empty() {
            return Err(invalid(path, "names a container, not a table in it"));
        }
        for segment in &segments {
            check_segment(path, segment)?;
        }
        Self { container: container.to_owned(), path: segments.join("/") }.checked()
    }

    /// A folder below, as partitions make them: `segment` is taken as it is.
    pub fn child(&self, segment: &str) -> Result<Self> {
        Self { container: self.container.clone(), path: format!("{}/{segment}", self.path) }.checked()
    }

    /// The container's name.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The path in the container, without slashes at its ends.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn checked(self) -> Result<Self> {
        let most = Limits::default().path_bytes;
        match self.path.len() {
            length if length > most => {
                Err(Error::new(ErrorName::LimitExceeded, format!("a path has at most {most} bytes, this one has {length}")))
            }
            _ => Ok(self),
        }
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ember://{}/{}", self.container, self.path)
    }
}

fn invalid(path: &str, why: &str) -> Error {
    let shown: String = path.chars().take(256).collect();
    Error::new(ErrorName::InvalidPath, format!("the path {shown:?} {why}"))
}

fn check_segment(path: &str, segment: &str) -> Result<()> {
    if matches!(segment, "." | ".." | ".#schema") {
        return Err(invalid(path, &format!("has the segment {segment:?}")));
    }
    if segment.contains(['*', '?', '[', ']', '{', '}']) {
        return Err(invalid(path, "has a wildcard"));
    }
    if segment.contains(char::is_control) {
        return Err(invalid(path, "has a control character"));
    }
    Ok(())
}

/// Checks a container's name: 1 to 128 of `a-z 0-9 - _`, ends alphanumeric, a letter in it, no doubled `-` or `_`.
pub fn check_container(name: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let ends = [name.bytes().next(), name.bytes().last()];
    let good = (1..=128).contains(&name.len())
        && name.bytes().all(known)
        && ends.iter().flatten().all(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.contains("__");
    if good {
        return Ok(());
    }
    let shown: String = name.chars().take(128).collect();
    let text = format!(
        "{shown:?} is no container name: one has 1 to 128 of a-z, 0-9, `-` and `_`, begins and ends with a letter or digit, \
         has a letter, and neither `--` nor `__`"
    );
    Err(Error::new(ErrorName::InvalidPath, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ErrorName {
        TablePath::parse(text, Some("shop")).expect_err(text).name()
    }

    #[test]
    fn paths() {
        for (text, expected) in [
            ("ember://c1/t", "ember://c1/t"),
            ("V3IO://c1//a///b/", "ember://c1/a/b"),
            ("/cars", "ember://shop/cars"),
            ("cars/", "ember://shop/cars"),
            ("ember://c1/t/year=2024", "ember://c1/t/year=2024"),
            ("/a b/ä", "ember://shop/a b/ä"),
        ] {
            assert_eq!(TablePath::parse(text, Some("shop")).unwrap().to_string(), expected);
        }
        for text in ["", "/", "ember://c1", "ember://c1/", "ember:///t", "s3://c1/t", "/a/../b", "/a/.", "/a*", "/a?", "/a[0]"] {
            assert_eq!(refused(text), ErrorName::InvalidPath, "{text}");
        }
        for text in ["/{a}", "/a\0b", "/t/.#schema", "ember://C1/t"] {
            assert_eq!(refused(text), ErrorName::InvalidPath, "{text}");
        }
        assert_eq!(TablePath::parse("/cars", None).unwrap_err().name(), ErrorName::InvalidPath);
        assert_eq!(refused(&"/x".repeat(3000)), ErrorName::LimitExceeded);
    }

    #[test]
    fn containers() {
        for name in ["a", "0a", "my-c_1", &"x".repeat(128)] {
            assert!(check_container(name).is_ok(), "{name}");
        }
        for name in ["", "1", "-a", "a-", "a--b", "a__b", "A", "a.b", "ä", &"x".repeat(129)] {
            assert_eq!(check_container(name).unwrap_err().name(), ErrorName::InvalidPath, "{name}");
        }
    }
}
