//! Finding, replacing and comparing.

use std::collections::HashMap;

use arrow::datatypes::Int32Type;
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::slicing::characters;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, kernel, primitives, slices, strings};

/// The 1-based character position of `part` in `text` from character `from` (1-based) on; 0 if it is not there.
fn position_of(text: &str, part: &str, from: i32) -> i32 {
    if from < 1 {
        return 0;
    }
    if part.is_empty() {
        return 1;
    }
    let Some((start, _)) = text.char_indices().chain(std::iter::once((text.len(), ' '))).nth(from as usize - 1) else { return 0 };
    match text[start..].find(part) {
        Some(found) => from + characters(&text[start..start + found]) as i32,
        None => 0,
    }
}

/// `instr(text, part)`
pub fn instr(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    located(vec![call.text(0)?, call.text(1)?, Typed::new(lit(1_i32), DataType::Int, false)], call.any_nullable())
}

/// `locate(part, text [, from])`
pub fn locate(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let from = if call.len() == 3 { call.int(2)? } else { Typed::new(lit(1_i32), DataType::Int, false) };
    located(vec![call.text(1)?, call.text(0)?, from], call.any_nullable())
}

fn located(arguments: Vec<Typed>, nullable: bool) -> Result<Typed> {
    Ok(kernel("locate", arguments, DataType::Int, nullable, |columns| {
        let (texts, parts, starts) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
        primitives::<Int32Type>(columns.rows, |row| {
            let Some(from) = starts.at(row) else { return Ok(Some(0)) };
            Ok(texts.at(row).zip(parts.at(row)).map(|(text, part)| position_of(text, part, from)))
        })
    }))
}

/// `find_in_set(word, list)`: the list is separated by commas.
pub fn find_in_set(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?, call.text(1)?];
    Ok(kernel("find_in_set", arguments, DataType::Int, call.any_nullable(), |columns| {
        let (words, lists) = (columns.text(0)?, columns.text(1)?);
        primitives::<Int32Type>(columns.rows, |row| {
            Ok(words.at(row).zip(lists.at(row)).map(|(word, list)| {
                let found = if word.contains(',') { None } else { list.split(',').position(|entry| entry == word) };
                found.map_or(0, |index| index as i32 + 1)
            }))
        })
    }))
}

/// `replace(text, search [, replacement])`
pub fn replace(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let replacement = if call.len() == 3 { call.text(2)? } else { Typed::new(lit(""), DataType::String, false) };
    let arguments = vec![call.text(0)?, call.text(1)?, replacement];
    Ok(kernel("replace", arguments, DataType::String, call.any_nullable(), |columns| {
        let (texts, searches, replacements) = (columns.text(0)?, columns.text(1)?, columns.text(2)?);
        strings(columns.rows, |row| {
            let there = texts.at(row).zip(searches.at(row)).zip(replacements.at(row));
            Ok(there.map(
                |((text, search), replacement)| {
                    if search.is_empty() { text.to_owned() } else { text.replace(search, replacement) }
                },
            ))
        })
    }))
}

/// `translate(text, from, to)`: a character without a partner disappears.
pub fn translate(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.text(0)?, call.text(1)?, call.text(2)?];
    Ok(kernel("translate", arguments, DataType::String, call.any_nullable(), |columns| {
        let (texts, sources, targets) = (columns.text(0)?, columns.text(1)?, columns.text(2)?);
        strings(columns.rows, |row| {
            let there = texts.at(row).zip(sources.at(row)).zip(targets.at(row));
            Ok(there.map(|((text, source), target)| {
                let mut partners: HashMap<char, Option<char>> = HashMap::new();
                let mut target = target.chars();
                for letter in source.chars() {
                    let partner = target.next();
                    partners.entry(letter).or_insert(partner);
                }
                text.chars().filter_map(|letter| partners.get(&letter).copied().unwrap_or(Some(letter))).collect()
            }))
        })
    }))
}

/// `substring_index(text, delimiter, count)`
pub fn substring_index(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.text(0)?, call.text(1)?, call.int(2)?];
    Ok(kernel("substring_index", arguments, DataType::String, call.any_nullable(), |columns| {
        let (texts, delimiters, counts) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
        slices(columns.rows, |row| Some(before_or_after(texts.at(row)?, delimiters.at(row)?, counts.at(row)?)))
    }))
}

fn before_or_after<'a>(text: &'a str, delimiter: &str, count: i32) -> &'a str {
    if delimiter.is_empty() || count == 0 {
        return "";
    }
    if count > 0 {
        let end = text.match_indices(delimiter).nth(count as usize - 1);
        return end.map_or(text, |(index, _)| &text[..index]);
    }
    // From the right, matches may overlap with those found from the left.
    let mut end = text.len();
    for _ in 0..count.unsigned_abs() {
        match text[..end].rfind(delimiter) {
            Some(index) => end = index,
            None => return text,
        }
    }
    &text[end + delimiter.len()..]
}

/// `split_part(text, delimiter, number)`: number 0 is an error, negative counts from the end.
pub fn split_part(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr, call.int(2)?.expr];
    let nullable = true;
    let kernel = Kernel::new("split_part", &DataType::String, nullable, |columns| {
        let (texts, delimiters, numbers) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
        strings(columns.rows, |row| match (texts.at(row), delimiters.at(row), numbers.at(row)) {
            (Some(_), Some(_), Some(0)) => Err(Error::new("INVALID_INDEX_OF_ZERO")),
            (Some(text), Some(delimiter), Some(number)) => Ok(Some(part_of(text, delimiter, number).to_owned())),
            _ => Ok(None),
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, nullable))
}

fn part_of<'a>(text: &'a str, delimiter: &str, number: i32) -> &'a str {
    let parts: Vec<&str> = if delimiter.is_empty() { vec![text] } else { text.split(delimiter).collect() };
    let index = if number > 0 { i64::from(number) - 1 } else { parts.len() as i64 + i64::from(number) };
    usize::try_from(index).ok().and_then(|index| parts.get(index)).copied().unwrap_or("")
}

/// `levenshtein(a, b [, threshold])`: -1 beyond the threshold.
pub fn levenshtein(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let mut arguments = vec![call.text(0)?, call.text(1)?];
    if call.len() == 3 {
        arguments.push(call.int(2)?);
    }
    let limited = call.len() == 3;
    Ok(kernel("levenshtein", arguments, DataType::Int, call.any_nullable(), move |columns| {
        let (left, right) = (columns.text(0)?, columns.text(1)?);
        let limits = if limited { Some(columns.numbers::<Int32Type>(2)?) } else { None };
        primitives::<Int32Type>(columns.rows, |row| {
            let limit = match &limits {
                None => i32::MAX,
                Some(limits) => match limits.at(row) {
                    Some(limit) => limit,
                    None => return Ok(None),
                },
            };
            Ok(left.at(row).zip(right.at(row)).map(|(left, right)| {
                let distance = distance(left, right);
                if distance > limit { -1 } else { distance }
            }))
        })
    }))
}

fn distance(left: &str, right: &str) -> i32 {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<i32> = (0..=right.len() as i32).collect();
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row as i32 + 1];
        for (column, other) in right.iter().enumerate() {
            let change = before[column] + i32::from(letter != *other);
            current.push(change.min(before[column + 1] + 1).min(current[column] + 1));
        }
        before = current;
    }
    before.last().copied().unwrap_or(0)
}
