//! Functions over regular expressions. Replacements use Java's `$1` and `\` rules.
//!
//! Not here: what a pattern means (`java_regex`), RLIKE (`operators`).

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;
use fancy_regex::Captures;

use crate::call::{Call, Typed};
use crate::java_regex::{Regex, captures, compile, places};
use crate::kernel::{Kernel, Texts, primitives, strings};

/// Compiled patterns of one batch.
pub(crate) struct Patterns {
    column: Texts,
    known: HashMap<String, Rc<Regex>>,
    function: &'static str,
}

impl Patterns {
    pub(crate) fn new(column: Texts, function: &'static str) -> Self {
        Self { column, known: HashMap::new(), function }
    }

    /// The pattern of a row.
    pub(crate) fn at(&mut self, row: usize) -> Result<Option<Rc<Regex>>> {
        let Some(pattern) = self.column.at(row) else { return Ok(None) };
        if let Some(known) = self.known.get(pattern) {
            return Ok(Some(Rc::clone(known)));
        }
        let compiled = Rc::new(compile(pattern, self.function)?);
        self.known.insert(pattern.to_owned(), Rc::clone(&compiled));
        Ok(Some(compiled))
    }
}

fn group_argument(call: &Call<'_>) -> Result<Typed> {
    if call.len() == 3 { call.int(2) } else { Ok(Typed::new(lit(1_i32), DataType::Int, false)) }
}

fn check_group(function: &str, group: i32, pattern: &Regex) -> Result<usize> {
    let most = pattern.captures_len() as i32 - 1;
    if (0..=most).contains(&group) {
        return Ok(group as usize);
    }
    Err(Error::new("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX")
        .with("parameter", "`idx`")
        .with("functionName", format!("`{function}`"))
        .with("groupCount", most.to_string())
        .with("groupIndex", group.to_string()))
}

/// `regexp_extract(text, pattern [, group])`: empty where nothing matches.
pub fn regexp_extract(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr, group_argument(&call)?.expr];
    let nullable = call.any_nullable();
    let kernel = Kernel::new("regexp_extract", &DataType::String, nullable, |columns| {
        let (texts, groups) = (columns.text(0)?, columns.numbers::<Int32Type>(2)?);
        let mut patterns = Patterns::new(columns.text(1)?, "regexp_extract");
        strings(columns.rows, |row| {
            let (Some(text), Some(group), Some(pattern)) = (texts.at(row), groups.at(row), patterns.at(row)?) else {
                return Ok(None);
            };
            let group = check_group("regexp_extract", group, &pattern)?;
            let found = pattern.captures(text)?.and_then(|captures| captures.get(group));
            Ok(Some(found.map_or(String::new(), |found| found.as_str().to_owned())))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, nullable))
}

/// `regexp_extract_all(text, pattern [, group])`
pub fn regexp_extract_all(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr, group_argument(&call)?.expr];
    let (kind, nullable) = (DataType::array(DataType::String, true), call.any_nullable());
    let kernel = Kernel::new("regexp_extract_all", &kind, nullable, |columns| {
        let (texts, groups) = (columns.text(0)?, columns.numbers::<Int32Type>(2)?);
        let mut patterns = Patterns::new(columns.text(1)?, "regexp_extract_all");
        string_lists(columns.rows, true, |row| {
            let (Some(text), Some(group), Some(pattern)) = (texts.at(row), groups.at(row), patterns.at(row)?) else {
                return Ok(None);
            };
            let group = check_group("regexp_extract_all", group, &pattern)?;
            let part = |found: Captures<'_, str>| found.get(group).map_or(String::new(), |part| part.as_str().to_owned());
            Ok(Some(captures(&pattern, text).map(|found| found.map(part)).collect::<Result<_>>()?))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

/// `regexp_replace(text, pattern, replacement [, position])`
pub fn regexp_replace(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3, 4])?;
    let position = if call.len() == 4 { call.int(3)? } else { Typed::new(lit(1_i32), DataType::Int, false) };
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr, call.text(2)?.expr, position.expr];
    if let Some(position) = call.literal_long(3).filter(|position| *position < 1 && call.len() == 4) {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "position")
            .with("valueRange", format!("(0, {}]", i32::MAX))
            .with("currentValue", position.to_string()));
    }
    let nullable = call.any_nullable();
    let kernel = Kernel::new("regexp_replace", &DataType::String, nullable, |columns| {
        let (texts, replacements, positions) = (columns.text(0)?, columns.text(2)?, columns.numbers::<Int32Type>(3)?);
        let (written, mut patterns) = (columns.text(1)?, Patterns::new(columns.text(1)?, "regexp_replace"));
        strings(columns.rows, |row| {
            let (Some(text), Some(replacement), Some(position)) = (texts.at(row), replacements.at(row), positions.at(row)) else {
                return Ok(None);
            };
            let Some((written, pattern)) = written.at(row).zip(patterns.at(row)?) else { return Ok(None) };
            Ok(Some(replaced(written, &pattern, text, replacement, position)?))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, nullable))
}

fn replaced(written: &str, pattern: &Regex, text: &str, replacement: &str, position: i32) -> Result<String> {
    let start = text.char_indices().nth(position.max(1) as usize - 1).map_or(text.len(), |(index, _)| index);
    let (kept, rest) = text.split_at(start);
    let (mut out, mut done) = (kept.to_owned(), 0);
    for captures in captures(pattern, rest) {
        let captures = captures?;
        let Some(found) = captures.get(0) else { continue };
        out.push_str(&rest[done..found.start()]);
        let text = expanded(replacement, pattern, &captures).ok_or_else(|| {
            Error::new("INVALID_REGEXP_REPLACE")
                .exception_class(Exception::Runtime)
                .with("source", text)
                .with("pattern", written)
                .with("replacement", replacement)
                .with("position", position.to_string())
        })?;
        out.push_str(&text);
        done = found.end();
    }
    out.push_str(&rest[done..]);
    Ok(out)
}

/// Java's replacement text: `$1` is a group, `\` takes the next character as it is. `None`: it names a group there is not.
fn expanded(replacement: &str, pattern: &Regex, captures: &Captures<'_, str>) -> Option<String> {
    let mut out = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.push(letters.next()?),
            '$' => {
                let mut group: Option<usize> = None;
                while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
                    let wider = group.unwrap_or(0) * 10 + digit as usize;
                    if group.is_some() && wider >= captures.len() {
                        break;
                    }
                    group = Some(wider);
                    letters.next();
                }
                match group {
                    Some(group) if group < captures.len() => {
                        out.push_str(captures.get(group).map_or("", |found| found.as_str()));
                    }
                    None if letters.peek() == Some(&'{') => {
                        letters.next();
                        let name: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                        if !pattern.has_group(&name) {
                            return None;
                        }
                        out.push_str(captures.name(&name).map_or("", |found| found.as_str()));
                    }
                    _ => return None,
                }
            }
            other => out.push(other),
        }
    }
    Some(out)
}

/// `regexp_count(text, pattern)`
pub fn regexp_count(call: Call<'_>) -> Result<Typed> {
    counted(call, "regexp_count", |pattern, text| places(pattern, text).try_fold(0, |count, found| found.map(|_| count + 1)))
}

/// `regexp_instr(text, pattern)`
pub fn regexp_instr(call: Call<'_>) -> Result<Typed> {
    if call.len() == 3 {
        let shorter = Call { arguments: call.arguments[..2].to_vec(), texts: call.texts, ..call };
        return regexp_instr(shorter); // the group does not change where the match begins
    }
    counted(call, "regexp_instr", |pattern, text| {
        Ok(pattern.find(text)?.map_or(0, |found| text[..found.start()].chars().count() as i32 + 1))
    })
}

fn counted(call: Call<'_>, name: &'static str, count: fn(&Regex, &str) -> Result<i32>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr];
    let nullable = call.any_nullable();
    let kernel = Kernel::new(name, &DataType::Int, nullable, move |columns| {
        let texts = columns.text(0)?;
        let mut patterns = Patterns::new(columns.text(1)?, name);
        primitives::<Int32Type>(columns.rows, |row| {
            let there = texts.at(row).zip(patterns.at(row)?);
            there.map(|(text, pattern)| count(&pattern, text)).transpose()
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::Int, nullable))
}

/// `regexp_substr(text, pattern)`: null where nothing matches.
pub fn regexp_substr(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr];
    let kernel = Kernel::new("regexp_substr", &DataType::String, true, |columns| {
        let texts = columns.text(0)?;
        let mut patterns = Patterns::new(columns.text(1)?, "regexp_substr");
        strings(columns.rows, |row| {
            let there = texts.at(row).zip(patterns.at(row)?);
            let Some((text, pattern)) = there else { return Ok(None) };
            Ok(pattern.find(text)?.map(|found| found.as_str().to_owned()))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, true))
}

/// `split(text, pattern [, limit])`
pub fn split(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let limit = if call.len() == 3 { call.int(2)? } else { Typed::new(lit(-1_i32), DataType::Int, false) };
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr, limit.expr];
    let (kind, nullable) = (DataType::array(DataType::String, false), call.any_nullable());
    let kernel = Kernel::new("split", &kind, nullable, |columns| {
        let (texts, limits) = (columns.text(0)?, columns.numbers::<Int32Type>(2)?);
        let mut patterns = Patterns::new(columns.text(1)?, "split");
        string_lists(columns.rows, false, |row| {
            let (Some(text), Some(limit), Some(pattern)) = (texts.at(row), limits.at(row), patterns.at(row)?) else {
                return Ok(None);
            };
            Ok(Some(parts_of(text, &pattern, limit)?))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

/// An empty match at the very beginning cuts nothing off, nor does an empty pattern at the end.
pub(crate) fn parts_of(text: &str, pattern: &Regex, limit: i32) -> Result<Vec<String>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for found in places(pattern, text) {
        let found = found?;
        if limit > 0 && parts.len() as i32 == limit - 1 {
            break;
        }
        let at_end = found.end() == text.len() && pattern.is_empty();
        if found.start() == found.end() && (found.end() == 0 || at_end) {
            continue;
        }
        parts.push(text[start..found.start()].to_owned());
        start = found.end();
    }
    parts.push(text[start..].to_owned());
    Ok(parts)
}

/// Lists of strings from one optional answer per row.
pub(crate) fn string_lists(
    rows: usize,
    contains_null: bool,
    mut answer: impl FnMut(usize) -> Result<Option<Vec<String>>>,
) -> Result<ArrayRef> {
    let field = Field::new("element", Arrow::Utf8, contains_null);
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(field);
    for row in 0..rows {
        match answer(row)? {
            Some(parts) => {
                parts.iter().for_each(|part| builder.values().append_value(part));
                builder.append(true);
            }
            None => builder.append(false),
        }
    }
    Ok(Arc::new(builder.finish()))
}
