//! Java's regular expressions as Spark's functions take them, on `fancy-regex`: linear time, and steps back only where a
//! pattern looks around or refers back.
//!
//! Classes like `\d` mean ASCII, as in Java, and a line may end in more ways. Not here: look-behind of no fixed length,
//! refused by name. Begin at [`compile`].

use emberflow_base::{Error, Result};
use fancy_regex::{Captures, CompileError, Match, Regex};

/// The expression `pattern`, or Spark's error that `function` was given a bad one.
pub fn compile(pattern: &str, function: &str) -> Result<Regex> {
    Regex::new(&translate(pattern)).map_err(|why| refusal(pattern, function, &why))
}

fn refusal(pattern: &str, function: &str, why: &fancy_regex::Error) -> Error {
    if let fancy_regex::Error::CompileError(why) = why
        && let CompileError::LookBehindNotConst = **why
    {
        return Error::unsupported("such a look-behind in regular expressions");
    }
    Error::new("INVALID_PARAMETER_VALUE.PATTERN")
        .with("functionName", format!("`{function}`"))
        .with("parameter", "`regexp`")
        .with("value", format!("'{pattern}'"))
}

/// All places in `text`, one after another as Java finds them: an empty one may follow another at once.
pub fn places<'t>(regex: &Regex, text: &'t str) -> impl Iterator<Item = Result<Match<'t>>> {
    walk(text, move |from| Ok(regex.find_from_pos(text, from).map_err(gave_up)?.map(|found| (found, found.start(), found.end()))))
}

/// The same with their groups.
pub fn captures<'t>(regex: &Regex, text: &'t str) -> impl Iterator<Item = Result<Captures<'t, str>>> {
    walk(text, move |from| {
        let found = regex.captures_from_pos(text, from).map_err(gave_up)?;
        Ok(found.and_then(|found| found.get(0).map(|whole| (whole.start(), whole.end())).map(|(start, end)| (found, start, end))))
    })
}

fn walk<T>(text: &str, mut next: impl FnMut(usize) -> Result<Option<(T, usize, usize)>>) -> impl Iterator<Item = Result<T>> {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let found = next(from?).transpose()?;
        Some(found.map(|(found, start, end)| {
            let step = text[end..].chars().next().map(char::len_utf8);
            from = if start == end { step.map(|step| end + step) } else { Some(end) };
            found
        }))
    })
}

/// What goes wrong while a text is searched: a pattern that tries too many ways.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn gave_up(why: fancy_regex::Error) -> Error {
    Error::unsupported(format!("so much stepping back in a regular expression ({why}); write it with less repetition"))
}

/// Java's spelling to the engine's.
pub fn translate(pattern: &str) -> String {
    let flags = inline_flags(pattern);
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut depth = 0_usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Q') => quote(&mut chars, &mut out),
                Some(kind @ ('p' | 'P')) => out.push_str(&property(kind == 'P', &mut chars, depth > 0)),
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
            '.' if depth == 0 && !flags.contains(['s', 'd']) => out.push_str(NO_LINE_END),
            '$' if depth == 0 && !flags.contains('m') => out.push_str(LAST_LINE_END),
            other => out.push(other),
        }
    }
    out
}

/// What `.` stands for.
const NO_LINE_END: &str = "[^\\n\\r\\u{85}\\u{2028}\\u{2029}]";
/// The end, or what lies before a line's end that is the last thing there is.
const LAST_LINE_END: &str = "(?=(?:\\r\\n|[\\n\\r\\u{85}\\u{2028}\\u{2029}])?\\z)";

/// The letters of all flags a pattern sets inside, as `(?s)` or `(?i:..)`.
fn inline_flags(pattern: &str) -> String {
    let set = |rest: &str| {
        let letters = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
        letters.to_owned()
    };
    pattern.split("(?").skip(1).map(set).collect()
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
    out.push_str(&fancy_regex::escape(&literal));
}

/// `\p{..}`: a class of ASCII letters under one of POSIX's names, else a property of Unicode.
fn property(negated: bool, chars: &mut std::iter::Peekable<std::str::Chars<'_>>, in_class: bool) -> String {
    let mut name = String::new();
    match chars.next() {
        Some('{') => name.extend(chars.by_ref().take_while(|c| *c != '}')),
        Some(letter) => name.push(letter),
        None => {}
    }
    let posix = match name.as_str() {
        "Lower" | "Upper" | "ASCII" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Blank" | "Cntrl"
        | "XDigit" | "Space" => name.to_ascii_lowercase(),
        _ => {
            let unicode = match name.as_str() {
                "javaLowerCase" => "Lowercase",
                "javaUpperCase" => "Uppercase",
                "javaAlphabetic" => "Alphabetic",
                "javaLetter" => "L",
                "javaDigit" => "Nd",
                other => other.strip_prefix("Is").unwrap_or(other),
            };
            return format!("\\{}{{{unicode}}}", if negated { 'P' } else { 'p' });
        }
    };
    let class = format!("[:{}{posix}:]", if negated { "^" } else { "" });
    if in_class { class } else { format!("[{class}]") }
}

fn escape(c: char, in_class: bool) -> String {
    let class = match c {
        'd' => "0-9",
        'w' => "A-Za-z0-9_",
        's' => " \\t\\n\\x0B\\x0C\\r",
        'h' => " \\t\\xA0\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}",
        'v' => "\\n\\x0B\\x0C\\r\\u{85}\\u{2028}\\u{2029}",
        'D' | 'W' | 'S' | 'H' | 'V' => return escape(c.to_ascii_lowercase(), false).replacen('[', "[^", 1),
        'Z' => return LAST_LINE_END.into(),
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

    fn is_match(pattern: &str, text: &str) -> bool {
        compile(pattern, "rlike").unwrap().is_match(text).unwrap()
    }

    #[test]
    fn classes_are_ascii_and_quotes_are_literal() {
        assert!(!is_match(r"^\d$", "\u{663}"));
        assert!(is_match(r"^[\w-]+$", "a-b_1"));
        assert!(is_match(r"\Qa.b\E", "xa.b"));
        assert!(!is_match(r"\Qa.b\E", "axb"));
        assert_eq!(compile("(", "rlike").unwrap_err().condition(), "INVALID_PARAMETER_VALUE.PATTERN");
    }

    #[test]
    fn patterns_look_around_and_refer_back() {
        assert!(is_match("^a(?=b)", "ab") && !is_match("^a(?=b)", "ac"));
        assert!(is_match("(?<!x)y", "ay") && !is_match("(?<!x)y", "xy"));
        assert!(is_match(r"^(\w)\1$", "aa") && !is_match(r"^(\w)\1$", "ab"));
        assert!(!is_match("^(?>a+)ab", "aaab") && !is_match("^a++ab", "aaab"));
        assert!(is_match("(?<=xa{1,2})b", "xaab") && is_match("(?<=a+)b", "ab"));
        let steps = compile(r"^(?=(a+)+$)\1b", "rlike").unwrap().is_match(&format!("{}!", "a".repeat(40)));
        assert!(steps.map_err(gave_up).is_ok_and(|found| !found));
    }
}
