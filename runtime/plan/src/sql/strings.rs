//! What is between the quotes of a string: escapes, as Spark reads them.
//!
//! `\%` and `\_` keep their backslash, for LIKE patterns. A backslash before any other character vanishes.

/// The text meant by the inside of a string in `quote`s.
pub(crate) fn unescape(inside: &str, quote: char) -> String {
    if !inside.contains(['\\', quote]) {
        return inside.to_owned();
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '\\' => escape(rest, &mut out),
            _ => {
                out.push(first);
                let doubled = first == quote && rest[1..].starts_with(quote);
                if doubled { 2 } else { first.len_utf8() }
            }
        };
        rest = &rest[used..];
    }
    out
}

/// `` a``b `` without the doubling.
pub(crate) fn without_doubles(inside: &str, quote: char) -> String {
    let mut doubled = String::new();
    doubled.push(quote);
    doubled.push(quote);
    inside.replace(&doubled, &quote.to_string())
}

/// Resolves the escape at the beginning of `rest`; says how many bytes it took.
fn escape(rest: &str, out: &mut String) -> usize {
    let Some(named) = rest[1..].chars().next() else {
        out.push('\\');
        return 1;
    };
    if let Some((c, used)) = coded(rest) {
        out.push(c);
        return used;
    }
    match named {
        '0' => out.push('\0'),
        'b' => out.push('\u{8}'),
        'n' => out.push('\n'),
        'r' => out.push('\r'),
        't' => out.push('\t'),
        'Z' => out.push('\u{1a}'),
        '%' => out.push_str("\\%"),
        '_' => out.push_str("\\_"),
        other => out.push(other),
    }
    1 + named.len_utf8()
}

/// `\101`, `\u0041`, `\U00000041`.
fn coded(rest: &str) -> Option<(char, usize)> {
    let bytes = rest.as_bytes();
    match bytes.get(1)? {
        b'u' => hex(rest, 4),
        b'U' => hex(rest, 8),
        b'0' | b'1' => {
            let digits = rest.get(1..4)?;
            let code = digits.bytes().all(|b| (b'0'..=b'7').contains(&b)).then(|| u32::from_str_radix(digits, 8).ok())??;
            Some((char::from_u32(code)?, 4))
        }
        _ => None,
    }
}

fn hex(rest: &str, digits: usize) -> Option<(char, usize)> {
    let code = rest.get(2..2 + digits)?;
    let all_hex = code.bytes().all(|b| b.is_ascii_hexdigit());
    let code = all_hex.then(|| u32::from_str_radix(code, 16).ok())??;
    if let Some(c) = char::from_u32(code) {
        return Some((c, 2 + digits));
    }
    surrogates(rest, code)
}

/// Two `\u` escapes that are one character.
fn surrogates(rest: &str, high: u32) -> Option<(char, usize)> {
    let second = rest.get(6..12)?.strip_prefix("\\u")?;
    let low = u32::from_str_radix(second, 16).ok()?;
    let both = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
    let code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
    both.then(|| char::from_u32(code)).flatten().map(|c| (c, 12))
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_mean_what_spark_says() {
        for (inside, meant) in [
            (r"a\nb", "a\nb"),
            (r"\\", "\\"),
            (r"\'", "'"),
            ("it''s", "it's"),
            (r"10\%", r"10\%"),
            (r"\q", "q"),
            (r"\101\0", "A\0"),
            (r"\u00e9", "é"),
            (r"\U0001F600", "😀"),
            (r"\uD83D\uDE00", "😀"),
            (r"\u12", "u12"),
            (r"é\", "é\\"),
        ] {
            assert_eq!(unescape(inside, '\''), meant, "{inside}");
        }
    }
}
