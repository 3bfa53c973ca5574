//! Strings: cutting, searching, padding, changing case, joining, encoding, patterns.
//!
//! Positions count characters (code points) from 1, as in Spark. Not here: LIKE and RLIKE (`operators`), hashes.
//! Begin at [`FUNCTIONS`].

mod aes;
mod encoding;
mod formatting;
mod joining;
mod number_format;
mod numbers;
pub(crate) mod regexp;
mod searching;
mod sentences;
mod slicing;
mod utf8;

pub(crate) use encoding::to_base64;
pub(crate) use regexp::{Patterns, parts_of, string_lists};
pub(crate) use slicing::{Side, character_range};

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use emberflow_base::{Error, Result};
use emberflow_plan::{Collation, DataType};

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::collation::Precedence;
use crate::kernel::{Texts, kernel, strings};
use crate::registry::{Function, Kind};

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Scalar(build), display: Some(display) }
}

/// `TRIM(BOTH x FROM text)`; with one argument the plain call.
fn trim_name(name: &str, side: &str, arguments: &[String]) -> String {
    match arguments {
        [set, text] => format!("TRIM({side} {set} FROM {text})"),
        other => format!("{name}({})", other.join(", ")),
    }
}

/// The functions of strings.
pub static FUNCTIONS: &[Function] = &[
    shown("aes_decrypt", |call| aes::decrypt(call, false), |args| with_defaults("aes_decrypt", args, 5, &["GCM", "DEFAULT", ""])),
    shown("aes_encrypt", aes::encrypt, |args| with_defaults("aes_encrypt", args, 6, &["GCM", "DEFAULT", "", ""])),
    scalar("collate", collate),
    scalar("collation", collation),
    shown(
        "try_aes_decrypt",
        |call| aes::decrypt(call, true),
        |args| with_defaults("try_aes_decrypt", args, 5, &["GCM", "DEFAULT", ""]),
    ),
    Function { name: "||", kind: Kind::Scalar(joining::concat), display: Some(|args| format!("concat({})", args.join(", "))) },
    scalar("ascii", encoding::ascii),
    scalar("base64", encoding::base64),
    scalar("bit_length", |call| slicing::length_of(call, |text| text.len() * 8, |bytes| bytes.len() * 8)),
    scalar("btrim", |call| slicing::trim(call, slicing::Side::Both, true)),
    scalar("char", encoding::chr),
    scalar("char_length", |call| slicing::length_of(call, slicing::characters, |bytes| bytes.len())),
    scalar("character_length", |call| slicing::length_of(call, slicing::characters, |bytes| bytes.len())),
    scalar("chr", encoding::chr),
    scalar("concat", joining::concat),
    scalar("concat_ws", joining::concat_ws),
    scalar("decode", encoding::decode),
    scalar("elt", joining::elt),
    scalar("encode", encoding::encode),
    scalar("find_in_set", searching::find_in_set),
    scalar("format_number", formatting::format_number),
    scalar("format_string", formatting::format_string),
    scalar("initcap", initcap),
    scalar("instr", searching::instr),
    scalar("is_valid_utf8", utf8::is_valid_utf8),
    scalar("lcase", lower),
    scalar("left", slicing::left),
    scalar("len", |call| slicing::length_of(call, slicing::characters, |bytes| bytes.len())),
    scalar("length", |call| slicing::length_of(call, slicing::characters, |bytes| bytes.len())),
    scalar("levenshtein", searching::levenshtein),
    shown("locate", searching::locate, |args| with_defaults("locate", args, 3, &["1"])),
    scalar("lower", lower),
    shown("lpad", |call| slicing::pad(call, true), |args| with_defaults("lpad", args, 3, &[" "])),
    shown("ltrim", |call| slicing::trim(call, slicing::Side::Left, false), |args| trim_name("ltrim", "LEADING", args)),
    scalar("luhn_check", encoding::luhn_check),
    scalar("make_valid_utf8", |call| utf8::valid(call, utf8::Invalid::Replace)),
    shown("mask", formatting::mask, |args| with_defaults("mask", args, 5, &["X", "x", "n", "NULL"])),
    scalar("octet_length", |call| slicing::length_of(call, str::len, |bytes| bytes.len())),
    scalar("overlay", slicing::overlay),
    shown("position", searching::locate, |args| with_defaults("position", args, 3, &["1"])),
    scalar("printf", formatting::format_string),
    scalar("parse_url", encoding::parse_url),
    scalar("quote", formatting::quote),
    scalar("regexp_count", regexp::regexp_count),
    shown("regexp_extract", regexp::regexp_extract, |args| with_defaults("regexp_extract", args, 3, &["1"])),
    shown("regexp_extract_all", regexp::regexp_extract_all, |args| with_defaults("regexp_extract_all", args, 3, &["1"])),
    shown("regexp_instr", regexp::regexp_instr, |args| with_defaults("regexp_instr", args, 3, &["0"])),
    shown("regexp_replace", regexp::regexp_replace, |args| with_defaults("regexp_replace", args, 4, &["1"])),
    scalar("regexp_substr", regexp::regexp_substr),
    scalar("repeat", slicing::repeat),
    shown("replace", searching::replace, |args| with_defaults("replace", args, 3, &[""])),
    scalar("right", slicing::right),
    shown("rpad", |call| slicing::pad(call, false), |args| with_defaults("rpad", args, 3, &[" "])),
    shown("rtrim", |call| slicing::trim(call, slicing::Side::Right, false), |args| trim_name("rtrim", "TRAILING", args)),
    shown("sentences", sentences::sentences, |args| with_defaults("sentences", args, 3, &["", ""])),
    scalar("soundex", soundex),
    scalar("space", slicing::space),
    shown("split", regexp::split, |args| with_defaults("split", args, 3, &["-1"])),
    scalar("split_part", searching::split_part),
    shown("substr", slicing::substring, |args| with_defaults("substr", args, 3, &["2147483647"])),
    shown("substring", slicing::substring, |args| with_defaults("substring", args, 3, &["2147483647"])),
    scalar("substring_index", searching::substring_index),
    scalar("to_char", numbers::to_char),
    scalar("to_number", |call| numbers::to_number(call, false)),
    shown("to_varchar", numbers::to_char, |args| format!("to_char({})", args.join(", "))),
    scalar("to_binary", |call| encoding::to_binary(call, false)),
    scalar("translate", searching::translate),
    shown("trim", |call| slicing::trim(call, slicing::Side::Both, false), |args| trim_name("trim", "BOTH", args)),
    scalar("try_parse_url", encoding::parse_url),
    scalar("try_to_binary", |call| encoding::to_binary(call, true)),
    scalar("try_to_number", |call| numbers::to_number(call, true)),
    scalar("try_url_decode", |call| encoding::url_decode(call, true)),
    scalar("try_validate_utf8", |call| utf8::valid(call, utf8::Invalid::Null)),
    scalar("ucase", upper),
    scalar("unbase64", encoding::unbase64),
    scalar("upper", upper),
    scalar("url_decode", |call| encoding::url_decode(call, false)),
    scalar("url_encode", encoding::url_encode),
    scalar("validate_utf8", |call| utf8::valid(call, utf8::Invalid::Raise)),
];

/// A function of DataFusion's or datafusion-spark's whose semantics and types agree.
pub(crate) fn lowered(function: Arc<ScalarUDF>, arguments: Vec<Typed>, kind: DataType, nullable: bool) -> Typed {
    Typed::new(function.call(arguments.into_iter().map(|argument| argument.expr).collect()), kind, nullable)
}

/// A function from one string to another.
fn text_to_text(call: &Call<'_>, change: impl Fn(&str) -> String + Send + Sync + 'static) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    let nullable = text.nullable;
    Ok(kernel(call.name, vec![text], DataType::String, nullable, move |columns| {
        let texts: Texts = columns.text(0)?;
        strings(columns.rows, |row| Ok(texts.at(row).map(&change)))
    }))
}

fn upper(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    let nullable = text.nullable;
    Ok(lowered(datafusion::functions::string::upper(), vec![text], DataType::String, nullable))
}

fn lower(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    let nullable = text.nullable;
    Ok(lowered(datafusion::functions::string::lower(), vec![text], DataType::String, nullable))
}

/// `collate(text, name)`
fn collate(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if !call.type_of(0).is_string() && call.type_of(0) != &DataType::Null {
        return Err(call.mismatch(0, "STRING"));
    }
    let text = call.text(0)?;
    if call.type_of(1) == &DataType::Null {
        return Err(Error::new("UNEXPECTED_INPUT_TYPE")
            .with("functionName", "`collate`")
            .with("paramIndex", "first")
            .with("inputSql", format!("\"{}\"", call.texts[1]))
            .with("inputType", "\"VOID\"")
            .with("requiredType", "\"STRING\""));
    }
    let name = call.literal_text(1).ok_or_else(|| {
        Error::new("NON_FOLDABLE_ARGUMENT")
            .with("funcName", "`collate`")
            .with("paramName", "`collationName`")
            .with("paramType", "\"STRING\"")
    })?;
    let data_type = DataType::text(Collation::named(&name)?);
    Ok(Typed { data_type, precedence: Precedence::Explicit, ..text })
}

/// `collation(text)`: its full name.
fn collation(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let name = match call.type_of(0) {
        DataType::Collated(collation) => Collation::full_name(Some(*collation)),
        text if text.is_string() || *text == DataType::Null => Collation::full_name(None),
        _ => return Err(call.mismatch(0, "STRING")),
    };
    Ok(Typed::new(datafusion::logical_expr::lit(name), DataType::String, false))
}

/// Words end at spaces only.
fn initcap(call: Call<'_>) -> Result<Typed> {
    text_to_text(&call, |text| {
        let mut result = String::with_capacity(text.len());
        let mut fresh = true;
        for letter in text.chars() {
            if fresh {
                result.extend(letter.to_uppercase());
            } else {
                result.extend(letter.to_lowercase());
            }
            fresh = letter == ' ';
        }
        result
    })
}

/// American Soundex; text that does not begin with a letter stays as it is.
fn soundex(call: Call<'_>) -> Result<Typed> {
    text_to_text(&call, |text| {
        let Some(first) = text.chars().next().filter(char::is_ascii_alphabetic) else { return text.to_owned() };
        let code = |letter: char| match letter.to_ascii_uppercase() {
            'B' | 'F' | 'P' | 'V' => b'1',
            'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => b'2',
            'D' | 'T' => b'3',
            'L' => b'4',
            'M' | 'N' => b'5',
            'R' => b'6',
            'H' | 'W' => b'7', // passes on the code before it
            _ => b'0',
        };
        let mut result = String::from(first.to_ascii_uppercase());
        let mut last = code(first);
        for letter in text.chars().skip(1) {
            let next = if letter.is_ascii_alphabetic() { code(letter) } else { b'0' };
            if next == b'7' {
                continue;
            }
            if next != b'0' && next != last {
                result.push(char::from(next));
                if result.len() == 4 {
                    break;
                }
            }
            last = next;
        }
        while result.len() < 4 {
            result.push('0');
        }
        result
    })
}
