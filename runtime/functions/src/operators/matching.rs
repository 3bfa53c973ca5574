//! `like ilike rlike regexp startswith endswith contains`.
//!
//! LIKE with a constant pattern is DataFusion's own, which scans can use to skip data; its escape is always a backslash,
//! so another one is rewritten. Begin at [`FUNCTIONS`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder};
use datafusion::common::ScalarValue;
use datafusion::functions::string::{contains, ends_with, starts_with};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{ColumnarValue, Expr, lit};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{call_text, two, wrong_number};
use crate::call::{Call, Typed};
use crate::coerce::{Expect, expect};
use crate::errors::to_datafusion;
use crate::java_regex::{Regex, compile};
use crate::kernels::argument;
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult};

pub static FUNCTIONS: &[Function] = &[
    Function { name: "like", kind: Kind::Scalar(|call| like(call, false)), display: Some(|texts| like_text(texts, "LIKE")) },
    Function { name: "ilike", kind: Kind::Scalar(|call| like(call, true)), display: None },
    Function { name: "rlike", kind: Kind::Scalar(rlike), display: Some(|texts| call_text("RLIKE", texts)) },
    Function { name: "regexp", kind: Kind::Scalar(rlike), display: Some(|texts| call_text("REGEXP", texts)) },
    Function { name: "regexp_like", kind: Kind::Scalar(rlike), display: Some(|texts| call_text("REGEXP_LIKE", texts)) },
    Function { name: "startswith", kind: Kind::Scalar(|call| part(call, Part::Start)), display: None },
    Function { name: "endswith", kind: Kind::Scalar(|call| part(call, Part::End)), display: None },
    Function { name: "contains", kind: Kind::Scalar(|call| part(call, Part::Any)), display: None },
];

fn like_text(texts: &[String], word: &str) -> String {
    match texts {
        [value, pattern] => format!("{value} {word} {pattern}"),
        [value, pattern, escape] => format!("{value} {word} {pattern} ESCAPE '{escape}'"),
        other => call_text(word, other),
    }
}

fn string_argument(value: Typed, at: usize, call: &Call<'_>, text: &str) -> Result<Typed> {
    let own = call.texts.get(at).map_or("", String::as_str);
    expect(value, &Expect::Type(DataType::String), at, own, text, &call.context)
}

fn constant_text(value: &Typed) -> Option<&str> {
    match &value.expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        _ => None,
    }
}

fn like(mut call: Call<'_>, ignore_case: bool) -> Result<Typed> {
    let text = like_text(&call.texts, if ignore_case { "ILIKE" } else { "LIKE" });
    let escape = match call.arguments.len() {
        3 => call.arguments.pop().as_ref().and_then(constant_text).and_then(|text| text.chars().next()).unwrap_or('\\'),
        2 => '\\',
        other => return Err(wrong_number(call.name, "[2, 3]", other)),
    };
    let (value, pattern) = two(&mut call)?;
    let value = string_argument(value, 0, &call, &text)?;
    let pattern = string_argument(pattern, 1, &call, &text)?;
    let nullable = value.nullable || pattern.nullable;
    let expr = match constant_text(&pattern).map(|text| with_backslashes(text, escape)) {
        Some(Ok(pattern)) => Expr::Like(Like::new(false, Box::new(value.expr), Box::new(lit(pattern)), None, ignore_case)),
        // A bad pattern is Spark's error at run time, where a guard may still avoid it.
        _ => like_kernel(value.expr, pattern.expr, escape, ignore_case, nullable),
    };
    Ok(Typed::new(expr, DataType::Boolean, nullable))
}

/// The pattern with a backslash as its escape, or Spark's error that it is malformed.
fn with_backslashes(pattern: &str, escape: char) -> Result<String> {
    let mut out = String::with_capacity(pattern.len());
    for token in tokens(pattern, escape)? {
        match token {
            Token::Many => out.push('%'),
            Token::One => out.push('_'),
            Token::Char(c @ ('%' | '_' | '\\')) => out.extend(['\\', c]),
            Token::Char(c) => out.push(c),
        }
    }
    Ok(out)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Char(char),
    One,
    Many,
}

fn tokens(pattern: &str, escape: char) -> Result<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            c if c == escape => match chars.next() {
                Some(next) if next == '%' || next == '_' || next == escape => Token::Char(next),
                Some(next) => {
                    return Err(Error::new("INVALID_FORMAT.ESC_IN_THE_MIDDLE")
                        .with("format", format!("'{pattern}'"))
                        .with("char", format!("'{next}'")));
                }
                None => return Err(Error::new("INVALID_FORMAT.ESC_AT_THE_END").with("format", format!("'{pattern}'"))),
            },
            '%' => Token::Many,
            '_' => Token::One,
            other => Token::Char(other),
        });
    }
    Ok(out)
}

fn like_kernel(value: Expr, pattern: Expr, escape: char, ignore_case: bool, nullable: bool) -> Expr {
    Kernel::new(if ignore_case { "ilike" } else { "like" }, to_arrow(&DataType::Boolean), nullable)
        .of(escape)
        .fallible()
        .run_arrays(move |arrays| {
            let (values, patterns) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
            let mut out = BooleanBuilder::with_capacity(values.len());
            let mut last: Option<(&str, Vec<Token>)> = None;
            for (value, pattern) in values.iter().zip(patterns) {
                let (Some(value), Some(pattern)) = (value, pattern) else {
                    out.append_null();
                    continue;
                };
                if last.as_ref().is_none_or(|(known, _)| *known != pattern) {
                    let text = if ignore_case { pattern.to_lowercase() } else { pattern.to_owned() };
                    last = Some((pattern, tokens(&text, escape).map_err(to_datafusion)?));
                }
                let pattern = last.as_ref().map_or(&[][..], |(_, tokens)| tokens);
                out.append_value(if ignore_case { matches(&value.to_lowercase(), pattern) } else { matches(value, pattern) });
            }
            Ok(Arc::new(out.finish()) as ArrayRef)
        })
        .call(vec![value, pattern])
}

/// Whether the whole text is matched: greedy, going back to the last `%` when stuck.
fn matches(text: &str, pattern: &[Token]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(token) {
            Some(Token::Many) => {
                retry = Some((at, token + 1));
                token += 1;
            }
            Some(Token::One) => (at, token) = (at + 1, token + 1),
            Some(Token::Char(c)) if *c == text[at] => (at, token) = (at + 1, token + 1),
            _ => match retry {
                Some((from, after)) => {
                    retry = Some((from + 1, after));
                    (at, token) = (from + 1, after);
                }
                None => return false,
            },
        }
    }
    pattern[token..].iter().all(|rest| *rest == Token::Many)
}

fn rlike(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text(&call.name.to_uppercase(), &call.texts);
    let (value, pattern) = two(&mut call)?;
    let value = string_argument(value, 0, &call, &text)?;
    let pattern = string_argument(pattern, 1, &call, &text)?;
    let nullable = value.nullable || pattern.nullable;
    let known = constant_text(&pattern).and_then(|pattern| compile(pattern, "rlike").ok());
    let key = constant_text(&pattern).map(str::to_owned).unwrap_or_default();
    let kernel = Kernel::new("rlike", to_arrow(&DataType::Boolean), nullable).of(key).fallible_if(known.is_none());
    let expr = match known {
        Some(regex) => kernel.run(move |arguments, rows| match argument(arguments, 0)? {
            ColumnarValue::Scalar(scalar) => {
                let found = scalar.try_as_str().flatten().map(|text| found_in(&regex, text)).transpose()?;
                Ok(ColumnarValue::Scalar(ScalarValue::Boolean(found)))
            }
            column => {
                let array = column.to_array(rows)?;
                let found = array.as_string::<i32>().iter().map(|text| text.map(|text| found_in(&regex, text)).transpose());
                Ok(ColumnarValue::Array(Arc::new(found.collect::<KernelResult<BooleanArray>>()?)))
            }
        }),
        None => kernel.run_arrays(|arrays| match_each(&arrays[0], &arrays[1])),
    };
    Ok(Typed::new(expr.call(vec![value.expr, pattern.expr]), DataType::Boolean, nullable))
}

fn found_in(regex: &Regex, text: &str) -> KernelResult<bool> {
    regex.is_match(text).map_err(to_datafusion)
}

fn match_each(values: &ArrayRef, patterns: &ArrayRef) -> KernelResult<ArrayRef> {
    let mut out = BooleanBuilder::with_capacity(values.len());
    let mut last: Option<(&str, Regex)> = None;
    for (value, pattern) in values.as_string::<i32>().iter().zip(patterns.as_string::<i32>()) {
        let (Some(value), Some(pattern)) = (value, pattern) else {
            out.append_null();
            continue;
        };
        if last.as_ref().is_none_or(|(known, _)| *known != pattern) {
            last = Some((pattern, compile(pattern, "rlike").map_err(to_datafusion)?));
        }
        out.append_option(last.as_ref().map(|(_, regex)| found_in(regex, value)).transpose()?);
    }
    Ok(Arc::new(out.finish()))
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Start,
    End,
    Any,
}

fn part(mut call: Call<'_>, part: Part) -> Result<Typed> {
    let text = call_text(call.name, &call.texts);
    let (value, piece) = two(&mut call)?;
    if value.data_type == DataType::Binary && piece.data_type == DataType::Binary {
        return Ok(binary_part(value, piece, part));
    }
    let value = string_argument(value, 0, &call, &text)?;
    let piece = string_argument(piece, 1, &call, &text)?;
    let nullable = value.nullable || piece.nullable;
    let function = match part {
        Part::Start => starts_with(),
        Part::End => ends_with(),
        Part::Any => contains(),
    };
    Ok(Typed::new(function.call(vec![value.expr, piece.expr]), DataType::Boolean, nullable))
}

fn binary_part(value: Typed, piece: Typed, part: Part) -> Typed {
    let expr = Kernel::new("binary_part", to_arrow(&DataType::Boolean), true)
        .of(format!("{part:?}"))
        .run_arrays(move |arrays| {
            let pairs = arrays[0].as_binary::<i32>().iter().zip(arrays[1].as_binary::<i32>());
            let found = pairs.map(|pair| match pair {
                (Some(value), Some(piece)) => Some(match part {
                    Part::Start => value.starts_with(piece),
                    Part::End => value.ends_with(piece),
                    Part::Any => piece.is_empty() || value.windows(piece.len()).any(|window| window == piece),
                }),
                _ => None,
            });
            Ok(Arc::new(found.collect::<BooleanArray>()) as ArrayRef)
        })
        .call(vec![value.expr, piece.expr]);
    Typed::new(expr, DataType::Boolean, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_like(text: &str, pattern: &str) -> bool {
        matches(text, &tokens(pattern, '\\').unwrap())
    }

    #[test]
    fn patterns_match_whole_texts() {
        assert!(is_like("abc", "a%"));
        assert!(is_like("abab", "%ab"));
        assert!(is_like("a\nb", "a_b"));
        assert!(!is_like("abc", "ab"));
        assert!(is_like("a%", "a\\%"));
        assert!(!is_like("ab", "a\\%"));
    }

    #[test]
    fn another_escape_becomes_a_backslash() {
        assert_eq!(with_backslashes("a/%c", '/').unwrap(), "a\\%c");
        assert_eq!(with_backslashes("a\\b", '/').unwrap(), "a\\\\b");
        assert_eq!(with_backslashes("a/b", '/').unwrap_err().condition(), "INVALID_FORMAT.ESC_IN_THE_MIDDLE");
        assert_eq!(with_backslashes("a/", '/').unwrap_err().condition(), "INVALID_FORMAT.ESC_AT_THE_END");
    }
}
