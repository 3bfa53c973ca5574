//! Lengths, parts, padding and trimming.

use arrow::datatypes::Int32Type;
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{binaries, kernel, primitives, slices, strings};

/// How many characters.
pub fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// `length` and its kin, over strings or bytes.
pub fn length_of(call: Call<'_>, of_text: fn(&str) -> usize, of_bytes: fn(&[u8]) -> usize) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.text_or_binary(0)?;
    let (nullable, is_binary) = (argument.nullable, argument.data_type == DataType::Binary);
    Ok(kernel(call.name, vec![argument], DataType::Int, nullable, move |columns| {
        if is_binary {
            let bytes = columns.bytes(0)?;
            return primitives::<Int32Type>(columns.rows, |row| Ok(bytes.at(row).map(|bytes| of_bytes(bytes) as i32)));
        }
        let texts = columns.text(0)?;
        primitives::<Int32Type>(columns.rows, |row| Ok(texts.at(row).map(|text| of_text(text) as i32)))
    }))
}

/// The byte range of the characters from `start` up to `end`, both may lie outside.
pub(crate) fn character_range(text: &str, start: i64, end: i64) -> &str {
    if end <= start || end <= 0 {
        return "";
    }
    let start = start.max(0) as usize;
    let end = end as usize;
    if text.is_ascii() {
        return text.get(start.min(text.len())..end.min(text.len())).unwrap_or("");
    }
    let mut indices = text.char_indices().map(|(index, _)| index).chain(std::iter::once(text.len()));
    let Some(from) = indices.nth(start) else { return "" };
    let to = if end == start { from } else { indices.nth(end - start - 1).unwrap_or(text.len()) };
    &text[from..to]
}

/// Where SQL's position begins, 0-based, possibly negative.
fn start_of(position: i32, length: impl FnOnce() -> usize) -> i64 {
    match position {
        1.. => i64::from(position) - 1,
        0 => 0,
        _ => length() as i64 + i64::from(position),
    }
}

fn substring_of(text: &str, position: i32, length: i32) -> &str {
    let start = start_of(position, || characters(text));
    character_range(text, start, start.saturating_add(i64::from(length)))
}

fn bytes_of(bytes: &[u8], position: i32, length: i32) -> Vec<u8> {
    let start = start_of(position, || bytes.len());
    let end = start.saturating_add(i64::from(length)).clamp(0, bytes.len() as i64);
    let start = start.clamp(0, bytes.len() as i64);
    if end <= start { vec![] } else { bytes[start as usize..end as usize].to_vec() }
}

/// `substring(text, position [, length])`
pub fn substring(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let text = call.text_or_binary(0)?;
    let mut arguments = vec![text, call.int(1)?];
    if call.len() == 3 {
        arguments.push(call.int(2)?);
    }
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let (kind, has_length) = (arguments[0].data_type.clone(), call.len() == 3);
    let is_binary = kind == DataType::Binary;
    let kind = if is_binary { kind } else { DataType::String };
    Ok(kernel("substring", arguments, kind, nullable, move |columns| {
        let positions = columns.numbers::<Int32Type>(1)?;
        let lengths = if has_length { Some(columns.numbers::<Int32Type>(2)?) } else { None };
        let length = |row| lengths.as_ref().map_or(Some(i32::MAX), |lengths| lengths.at(row));
        if is_binary {
            let bytes = columns.bytes(0)?;
            return binaries(columns.rows, |row| {
                let there = bytes.at(row).zip(positions.at(row)).zip(length(row));
                Ok(there.map(|((bytes, position), length)| bytes_of(bytes, position, length)))
            });
        }
        let texts = columns.text(0)?;
        slices(columns.rows, |row| Some(substring_of(texts.at(row)?, positions.at(row)?, length(row)?)))
    }))
}

/// `left(text, count)`
pub fn left(call: Call<'_>) -> Result<Typed> {
    end_of(call, |text, count| character_range(text, 0, i64::from(count)))
}

/// `right(text, count)`
pub fn right(call: Call<'_>) -> Result<Typed> {
    end_of(call, |text, count| {
        let length = characters(text) as i64;
        if count <= 0 { "" } else { character_range(text, length - i64::from(count), length) }
    })
}

fn end_of(call: Call<'_>, cut: fn(&str, i32) -> &str) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?, call.int(1)?];
    // Spark writes `right` with IF, which it takes for nullable.
    let nullable = call.any_nullable() || call.name == "right";
    Ok(kernel(call.name, arguments, DataType::String, nullable, move |columns| {
        let (texts, counts) = (columns.text(0)?, columns.numbers::<Int32Type>(1)?);
        slices(columns.rows, |row| Some(cut(texts.at(row)?, counts.at(row)?)))
    }))
}

/// Which end to trim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    Both,
}

/// `trim(text)`, `trim(characters, text)`; `btrim` takes the text first.
pub fn trim(call: Call<'_>, side: Side, text_first: bool) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let arguments = match (call.len(), text_first) {
        (1, _) => vec![call.text(0)?],
        (_, true) => vec![call.text(0)?, call.text(1)?],
        (_, false) => vec![call.text(1)?, call.text(0)?],
    };
    let (nullable, given) = (call.any_nullable(), call.len() == 2);
    Ok(kernel(call.name, arguments, DataType::String, nullable, move |columns| {
        let texts = columns.text(0)?;
        if !given {
            return slices(columns.rows, |row| Some(trimmed(texts.at(row)?, side, |letter| letter == ' ')));
        }
        let sets = columns.text(1)?;
        slices(columns.rows, |row| {
            let set = sets.at(row)?;
            Some(trimmed(texts.at(row)?, side, |letter| set.contains(letter)))
        })
    }))
}

fn trimmed(text: &str, side: Side, away: impl Fn(char) -> bool) -> &str {
    let text = if side == Side::Right { text } else { text.trim_start_matches(&away) };
    if side == Side::Left { text } else { text.trim_end_matches(&away) }
}

/// `lpad(text, length [, pad])`, `rpad` the same.
pub fn pad(call: Call<'_>, on_left: bool) -> Result<Typed> {
    call.arity(&[2, 3])?;
    if call.type_of(0) == &DataType::Binary && (call.len() == 2 || call.type_of(2) == &DataType::Binary) {
        return padded_binary(&call, on_left);
    }
    let pad =
        if call.len() == 3 { call.text(2)? } else { Typed::new(datafusion::logical_expr::lit(" "), DataType::String, false) };
    let arguments = vec![call.text(0)?, call.int(1)?, pad];
    let nullable = call.any_nullable();
    Ok(kernel(call.name, arguments, DataType::String, nullable, move |columns| {
        let (texts, lengths, pads) = (columns.text(0)?, columns.numbers::<Int32Type>(1)?, columns.text(2)?);
        strings(columns.rows, |row| {
            let there = texts.at(row).zip(lengths.at(row)).zip(pads.at(row));
            Ok(there.map(|((text, length), pad)| padded(text, length, pad, on_left)))
        })
    }))
}

fn padded_binary(call: &Call<'_>, on_left: bool) -> Result<Typed> {
    let zero = datafusion::common::ScalarValue::Binary(Some(vec![0]));
    let pad =
        if call.len() == 3 { call.binary(2)? } else { Typed::new(datafusion::logical_expr::lit(zero), DataType::Binary, false) };
    let arguments = vec![call.binary(0)?, call.int(1)?, pad];
    let nullable = call.any_nullable();
    Ok(kernel(&format!("{}_binary", call.name), arguments, DataType::Binary, nullable, move |columns| {
        let (values, lengths, pads) = (columns.bytes(0)?, columns.numbers::<Int32Type>(1)?, columns.bytes(2)?);
        binaries(columns.rows, |row| {
            let there = values.at(row).zip(lengths.at(row)).zip(pads.at(row));
            Ok(there.map(|((bytes, length), pad)| {
                let wanted = length.max(0) as usize;
                if wanted <= bytes.len() || pad.is_empty() {
                    return bytes[..wanted.min(bytes.len())].to_vec();
                }
                let filling: Vec<u8> = pad.iter().copied().cycle().take(wanted - bytes.len()).collect();
                if on_left { [filling.as_slice(), bytes].concat() } else { [bytes, filling.as_slice()].concat() }
            }))
        })
    }))
}

fn padded(text: &str, length: i32, pad: &str, on_left: bool) -> String {
    let (held, wanted) = (characters(text), length.max(0) as usize);
    if wanted <= held || pad.is_empty() {
        return character_range(text, 0, wanted.min(held) as i64).to_owned();
    }
    let filling: String = pad.chars().cycle().take(wanted - held).collect();
    if on_left { filling + text } else { text.to_owned() + &filling }
}

/// `repeat(text, times)`
pub fn repeat(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?, call.int(1)?];
    let nullable = call.any_nullable();
    Ok(kernel("repeat", arguments, DataType::String, nullable, |columns| {
        let (texts, times) = (columns.text(0)?, columns.numbers::<Int32Type>(1)?);
        strings(columns.rows, |row| Ok(texts.at(row).zip(times.at(row)).map(|(text, times)| text.repeat(times.max(0) as usize))))
    }))
}

/// `space(count)`
pub fn space(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let count = call.int(0)?;
    let nullable = count.nullable;
    Ok(kernel("space", vec![count], DataType::String, nullable, |columns| {
        let counts = columns.numbers::<Int32Type>(0)?;
        strings(columns.rows, |row| Ok(counts.at(row).map(|count| " ".repeat(count.max(0) as usize))))
    }))
}

/// `overlay(text, replacement, position [, length])`
pub fn overlay(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3, 4])?;
    let length =
        if call.len() == 4 { call.int(3)? } else { Typed::new(datafusion::logical_expr::lit(-1_i32), DataType::Int, false) };
    let arguments = vec![call.text_or_binary(0)?, call.text_or_binary(1)?, call.int(2)?, length];
    let nullable = call.any_nullable();
    if arguments[0].data_type == DataType::Binary && arguments[1].data_type == DataType::Binary {
        return Ok(kernel("overlay_binary", arguments, DataType::Binary, nullable, |columns| {
            let (values, others) = (columns.bytes(0)?, columns.bytes(1)?);
            let (positions, lengths) = (columns.numbers::<Int32Type>(2)?, columns.numbers::<Int32Type>(3)?);
            binaries(columns.rows, |row| {
                let there = values.at(row).zip(others.at(row)).zip(positions.at(row).zip(lengths.at(row)));
                Ok(there.map(|((bytes, other), (position, length))| {
                    let length = if length >= 0 { length } else { other.len() as i32 };
                    let before = bytes_of(bytes, 1, position.saturating_sub(1));
                    let after = bytes_of(bytes, position.saturating_add(length), i32::MAX);
                    [before.as_slice(), other, after.as_slice()].concat()
                }))
            })
        }));
    }
    if arguments[0].data_type == DataType::Binary || arguments[1].data_type == DataType::Binary {
        return Err(call.unsupported("over a string and bytes"));
    }
    Ok(kernel("overlay", arguments, DataType::String, nullable, |columns| {
        let (texts, others) = (columns.text(0)?, columns.text(1)?);
        let (positions, lengths) = (columns.numbers::<Int32Type>(2)?, columns.numbers::<Int32Type>(3)?);
        strings(columns.rows, |row| {
            let there = texts.at(row).zip(others.at(row)).zip(positions.at(row).zip(lengths.at(row)));
            Ok(there.map(|((text, other), (position, length))| {
                let length = if length >= 0 { length } else { characters(other) as i32 };
                let before = substring_of(text, 1, position.saturating_sub(1));
                format!("{before}{other}{}", substring_of(text, position.saturating_add(length), i32::MAX))
            }))
        })
    }))
}
