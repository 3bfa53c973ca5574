//! A text of several statements, cut at its semicolons; those in strings, quoted names and comments do not count.

/// The statements of `text`, without their semicolons; empty ones are left out.
///
/// ```
/// use emberflow_plan::sql::split_statements;
/// assert_eq!(split_statements("SELECT ';'; -- no;\nSELECT 2;"), ["SELECT ';'", "-- no;\nSELECT 2"]);
/// ```
pub fn split_statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at = match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => after_quoted(bytes, at, quote),
            b'-' if bytes[at..].starts_with(b"--") => after_line(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => after_comment(bytes, at),
            b';' => {
                statements.push(text[start..at].trim().to_owned());
                start = at + 1;
                start
            }
            _ => at + 1,
        };
    }
    statements.push(text[start..].trim().to_owned());
    statements.retain(|statement| has_text(statement));
    statements
}

fn after_quoted(bytes: &[u8], open: usize, quote: u8) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn after_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |line| at + line + 1)
}

fn after_comment(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0;
    let mut at = open;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Whether anything but comments is there.
fn has_text(statement: &str) -> bool {
    let bytes = statement.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"--") {
            at = after_line(bytes, at);
        } else if bytes[at..].starts_with(b"/*") {
            at = after_comment(bytes, at);
        } else if bytes[at].is_ascii_whitespace() {
            at += 1;
        } else {
            return true;
        }
    }
    false
}
