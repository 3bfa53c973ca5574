//! Dotted names with back quotes: ``a.`b.c`.d``.
//!
//! Clients send column names as one text; a dot separates parts unless it stands between back quotes, and a doubled back
//! quote inside quotes is one. Names of tables, views and functions are SQL, and read by `emberflow-plan::sql`.

use emberflow_base::{Error, Result};
use emberflow_plan::sql;

/// The parts of a column's name.
pub(crate) fn attribute(text: &str) -> Result<Vec<String>> {
    split(text).ok_or_else(|| Error::new("INVALID_ATTRIBUTE_NAME_SYNTAX").with("name", text))
}

/// The parts of a table's, view's or function's name, as SQL reads it.
pub(crate) fn identifier(text: &str) -> Result<Vec<String>> {
    sql::parse_identifier(text)
}

fn split(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = if rest.starts_with('`') { quoted(rest)? } else { plain(rest)? };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) if !more.is_empty() => rest = more,
            Some(_) => return None, // ends with a dot
            None => return after.is_empty().then_some(parts),
        }
    }
}

/// A part without back quotes; empty only if it is the whole name.
fn plain(text: &str) -> Option<(String, &str)> {
    let end = text.find('.').unwrap_or(text.len());
    let part = &text[..end];
    let lonely_dot = part.is_empty() && end < text.len();
    (!part.contains('`') && !lonely_dot).then(|| (part.to_owned(), &text[end..]))
}

/// A part in back quotes, which must be followed by a dot or the end.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find('`')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(more) => {
                part.push('`');
                rest = more;
            }
            None => return Some((part, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, parts: &[&str]) {
        assert_eq!(attribute(text).unwrap(), parts, "{text}");
    }

    #[test]
    fn dots_separate_and_back_quotes_protect() {
        check("a", &["a"]);
        check("a.b.c", &["a", "b", "c"]);
        check("`a.b`.c", &["a.b", "c"]);
        check("a.`b``c`", &["a", "b`c"]);
        check("count(1)", &["count(1)"]);
        check("größe.x y", &["größe", "x y"]);
        check("", &[""]);
        check("``", &[""]);
    }

    #[test]
    fn halves_of_names_are_refused() {
        for bad in ["a.", ".a", "a..b", "`a", "a`b", "`a`b", "a.`b`c", "."] {
            let why = attribute(bad).unwrap_err();
            assert_eq!(why.condition(), "INVALID_ATTRIBUTE_NAME_SYNTAX", "{bad}");
        }
        assert!(identifier("").is_err());
        assert!(identifier("a b").is_err());
        assert_eq!(identifier("parquet.`/tmp/a.b`").unwrap(), ["parquet", "/tmp/a.b"]);
    }
}
