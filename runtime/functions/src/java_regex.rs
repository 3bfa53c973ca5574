//! Java's regular expressions as Spark's functions take them, on `fancy-regex`: linear time, and steps back only where a
//! pattern looks around, refers back or is possessive, or where `$` meets a text that ends with a line's end.
//!
//! Classes like `\d` mean ASCII, as in Java, and a line may end in more ways. Begin at [`compile`].

use emberflow_base::{Error, Result};
use fancy_regex::{Captures, CompileError, Match, RegexBuilder};

/// Steps back before a search gives up; Java has no bound, this is about a second.
const STEPS_MAX: usize = 20_000_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Regex {
    /// `$` is the end of the text.
    usual: fancy_regex::Regex,
    /// `$` is also what lies before a line's end that is the last thing there is; `None` if it makes no difference.
    at_line_end: Option<fancy_regex::Regex>,
}

/// The expression `pattern`, or Spark's error that `function` was given a bad one.
pub fn compile(pattern: &str, function: &str) -> Result<Regex> {
    let built = |text: &str| {
        let made = RegexBuilder::new(text).backtrack_limit(STEPS_MAX).build();
        made.map_err(|why| refusal(pattern, function, &why))
    };
    let (usual, at_line_end) = (translate(pattern, END), translate(pattern, LAST_LINE_END));
    let at_line_end = if at_line_end == usual { None } else { Some(built(&at_line_end)?) };
    Ok(Regex { usual: built(&usual)?, at_line_end })
}

impl Regex {
    /// The expression for one text.
    fn of(&self, text: &str) -> &fancy_regex::Regex {
        match &self.at_line_end {
            Some(other) if text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => other,
            _ => &self.usual,
        }
    }

    /// Whether it is anywhere in `text`.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        self.of(text).is_match(text).map_err(gave_up)
    }

    /// Its first place in `text`.
    pub fn find<'t>(&self, text: &'t str) -> Result<Option<Match<'t>>> {
        self.of(text).find(text).map_err(gave_up)
    }

    /// The same with its groups.
    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>> {
        self.of(text).captures(text).map_err(gave_up)
    }

    /// How many groups there are, the whole among them.
    pub fn captures_len(&self) -> usize {
        self.usual.captures_len()
    }

    /// Whether a group has this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.usual.capture_names().flatten().any(|known| known == name)
    }

    /// Nothing is written in it.
    pub fn is_empty(&self) -> bool {
        self.usual.as_str().is_empty()
    }
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
    let regex = regex.of(text);
    walk(text, move |from| Ok(regex.find_from_pos(text, from).map_err(gave_up)?.map(|found| (found, found.start(), found.end()))))
}

/// The same with their groups.
pub fn captures<'t>(regex: &Regex, text: &'t str) -> impl Iterator<Item = Result<Captures<'t, str>>> {
    let regex = regex.of(text);
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
fn gave_up(why: fancy_regex::Error) -> Error {
    Error::unsupported(format!("so much stepping back in a regular expression ({why}); write it with less repetition"))
}

/// The flags of a group that change what is written.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// `.` is any character (`s`), or only `\n` ends a line (`d`).
    any: bool,
    /// `$` is before every line's end.
    lines: bool,
}

/// Java's spelling to the engine's; `end` is what `$` is written as.
fn translate(pattern: &str, end: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut depth = 0_usize;
    let mut groups = vec![Flags::default()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let flags = groups.last().copied().unwrap_or_default();
        match c {
            '\\' => match chars.next() {
                Some('Q') => quote(&mut chars, &mut out),
                Some(kind @ ('p' | 'P')) => out.push_str(&property(kind == 'P', &mut chars, depth > 0)),
                Some('Z') if depth == 0 => out.push_str(end),
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
            '(' if depth == 0 => {
                out.push('(');
                open(&mut chars, &mut groups, &mut out);
            }
            ')' if depth == 0 => {
                if groups.len() > 1 {
                    groups.pop();
                }
                out.push(')');
            }
            '.' if depth == 0 && !flags.any => out.push_str(NO_LINE_END),
            '$' if depth == 0 && !flags.lines => out.push_str(end),
            other => out.push(other),
        }
    }
    out
}

/// What follows `(`: a group with the flags around it, one with flags of its own, or flags for the rest of the group around.
fn open(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, groups: &mut Vec<Flags>, out: &mut String) {
    let mut flags = groups.last().copied().unwrap_or_default();
    if chars.next_if_eq(&'?').is_none() {
        return groups.push(flags);
    }
    out.push('?');
    let mut set = true;
    while let Some(letter) = chars.next_if(|letter| letter.is_ascii_alphabetic() || *letter == '-') {
        match letter {
            '-' => set = false,
            's' | 'd' => flags.any = set,
            'm' => flags.lines = set,
            _ => {}
        }
        out.push(letter);
    }
    match chars.peek() {
        Some(')') => {
            // They hold to the end of the group around; the sign itself closes nothing.
            chars.next();
            out.push(')');
            if let Some(around) = groups.last_mut() {
                *around = flags;
            }
        }
        _ => groups.push(flags),
    }
}

/// What `.` stands for.
const NO_LINE_END: &str = "[^\\n\\r\\u{85}\\u{2028}\\u{2029}]";
/// What `$` stands for in a text that does not end with a line's end, and in one that does.
const END: &str = "\\z";
const LAST_LINE_END: &str = "(?=(?:\\r\\n|[\\n\\r\\u{85}\\u{2028}\\u{2029}])?\\z)";

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
        let many = "a".repeat(5000);
        assert!(compile(r"^(?=(a+)+$)\1b", "rlike").unwrap().is_match(&many[..20]).is_ok_and(|found| !found));
        assert!(!is_match(r"^\s+x|\s+$", &format!("a{}b", " ".repeat(5000))));
    }

    #[test]
    fn flags_hold_in_their_group() {
        assert!(is_match("(?s:a.)b", "a\nb") && !is_match("(?s:a)b.c", "ab\nc") && is_match("a(?s)b.c", "ab\nc"));
        assert!(!is_match(r"\(?s.x", "(?s\rx") && !is_match(r"\Q(?s)\E.x", "(?s)\rx"));
        assert!(is_match("c$", "abc\n") && is_match("(c$|d)", "abc\r\n") && !is_match("c$", "abc\nd"));
        assert!(is_match("(?m)c$", "abc\nd") && !is_match("(?m:^a)c$", "ac\nd"));
    }
}
