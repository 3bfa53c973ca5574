//! Java's regular expressions as Spark's functions take them, on the `regex` crate.
//!
//! Classes like `\d` mean ASCII, as in Java; what the linear-time engine cannot do (look-around, back-references) is
//! refused by name. Begin at [`compile`].

use emberflow_base::{Error, Result};
use regex::Regex;

/// The expression `pattern`, or Spark's error that `function` was given a bad one.
pub fn compile(pattern: &str, function: &str) -> Result<Regex> {
    Regex::new(&translate(pattern)).map_err(|_| refusal(pattern, function))
}

fn refusal(pattern: &str, function: &str) -> Error {
    let beyond = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "\\1", "\\2", "\\3", "\\k<", "++", "*+", "?+"];
    if let Some(what) = beyond.iter().find(|what| pattern.contains(**what)) {
        return Error::unsupported(format!("`{what}` in regular expressions"));
    }
    Error::new("INVALID_PARAMETER_VALUE.PATTERN")
        .with("functionName", format!("`{function}`"))
        .with("parameter", "`regexp`")
        .with("value", format!("'{pattern}'"))
}

/// Java's spelling to the engine's.
pub fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut depth = 0_usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Q') => quote(&mut chars, &mut out),
                Some(escaped) => out.push_str(&escape(escaped, depth > 0)),
                None => out.push('\\'),
            },
            '[' => {
                depth += 1;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.push('^');
                    chars.next();
                }
                if chars.peek() == Some(&']') {
                    out.push_str("\\]");
                    chars.next();
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

fn quote(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut literal = String::new();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek() == Some(&'E') {
            chars.next();
            break;
        }
        literal.push(c);
    }
    out.push_str(&regex::escape(&literal));
}

fn escape(c: char, in_class: bool) -> String {
    let class = match c {
        'd' => "0-9",
        'w' => "A-Za-z0-9_",
        's' => " \\t\\n\\x0B\\x0C\\r",
        'D' => return "[^0-9]".into(),
        'W' => return "[^A-Za-z0-9_]".into(),
        'S' => return "[^ \\t\\n\\x0B\\x0C\\r]".into(),
        'h' => " \\t\\xA0\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}",
        'Z' => return "(?:\\n|\\r\\n)?\\z".into(),
        'R' => return "(?:\\r\\n|[\\n\\x0B\\x0C\\r\\u{85}\\u{2028}\\u{2029}])".into(),
        'e' => return "\\x1B".into(),
        '/' | '"' | '\'' | '<' | '>' | '%' | '@' | ',' | ';' | ':' | '=' | '!' | '`' | ' ' | '_' => return c.to_string(),
        other => return format!("\\{other}"),
    };
    if in_class { class.into() } else { format!("[{class}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_and_quotes_are_literal() {
        assert!(!compile(r"^\d$", "rlike").unwrap().is_match("\u{663}"));
        assert!(compile(r"^[\w-]+$", "rlike").unwrap().is_match("a-b_1"));
        assert!(compile(r"\Qa.b\E", "rlike").unwrap().is_match("xa.b"));
        assert!(!compile(r"\Qa.b\E", "rlike").unwrap().is_match("axb"));
        assert_eq!(compile("(", "rlike").unwrap_err().condition(), "INVALID_PARAMETER_VALUE.PATTERN");
        assert_eq!(compile("a(?=b)", "rlike").unwrap_err().condition(), "UNSUPPORTED_FEATURE");
    }
}
