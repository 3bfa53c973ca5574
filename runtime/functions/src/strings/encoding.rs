//! Characters and codes, base 64, character sets, URLs.

use arrow::datatypes::{Int32Type, Int64Type};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::text_to_text;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, booleans, kernel, primitives, strings};

/// `ascii(text)`: the code of the first character, 0 for none.
pub fn ascii(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    Ok(kernel("ascii", vec![text], DataType::Int, call.any_nullable(), |columns| {
        let texts = columns.text(0)?;
        primitives::<Int32Type>(columns.rows, |row| Ok(texts.at(row).map(|text| text.chars().next().map_or(0, |c| c as i32))))
    }))
}

/// `chr(code)`: codes count modulo 256; negative ones give nothing.
pub fn chr(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let code = call.long(0)?;
    Ok(kernel("chr", vec![code], DataType::String, call.any_nullable(), |columns| {
        let codes = columns.numbers::<Int64Type>(0)?;
        strings(columns.rows, |row| {
            Ok(codes.at(row).map(|code| if code < 0 { String::new() } else { char::from((code & 0xFF) as u8).to_string() }))
        })
    }))
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Characters outside the alphabet are skipped, as MIME says.
fn from_base64(text: &str) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for letter in text.bytes().take_while(|letter| *letter != b'=') {
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else { continue };
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    out
}

/// Whole groups of four letters of the alphabet, the last one padded; white space does not count.
fn is_base64(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(|letter| !letter.is_ascii_whitespace()).collect();
    let body = letters.iter().rposition(|letter| *letter != b'=').map_or(0, |last| last + 1);
    letters.len().is_multiple_of(4) && letters.len() - body <= 2 && letters[..body].iter().all(|letter| LETTERS.contains(letter))
}

/// `base64(bytes)`
pub fn base64(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let bytes = call.binary(0)?;
    Ok(kernel("base64", vec![bytes], DataType::String, call.any_nullable(), |columns| {
        let bytes = columns.bytes(0)?;
        strings(columns.rows, |row| Ok(bytes.at(row).map(to_base64)))
    }))
}

/// `unbase64(text)`
pub fn unbase64(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    Ok(kernel("unbase64", vec![text], DataType::Binary, call.any_nullable(), |columns| {
        let texts = columns.text(0)?;
        binaries(columns.rows, |row| Ok(texts.at(row).map(from_base64)))
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Ascii,
    Latin1,
    Utf16,
    Utf16Be,
    Utf16Le,
    Utf32,
}

fn charset(name: &str, function: &str) -> Result<Charset> {
    Ok(match name.to_ascii_uppercase().as_str() {
        "UTF-8" => Charset::Utf8,
        "US-ASCII" => Charset::Ascii,
        "ISO-8859-1" => Charset::Latin1,
        "UTF-16" => Charset::Utf16,
        "UTF-16BE" => Charset::Utf16Be,
        "UTF-16LE" => Charset::Utf16Le,
        "UTF-32" => Charset::Utf32,
        _ => {
            return Err(Error::new("INVALID_PARAMETER_VALUE.CHARSET")
                .with("parameter", "`charset`")
                .with("functionName", format!("`{function}`"))
                .with("charset", name)
                .with("charsets", "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8"));
        }
    })
}

fn malformed(function: &str, charset: &str) -> Error {
    Error::new("MALFORMED_CHARACTER_CODING").with("function", format!("`{function}`")).with("charset", charset)
}

/// `encode(text, charset)`
pub fn encode(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?.expr, call.text(1)?.expr];
    let nullable = true;
    let kernel = Kernel::new("encode", &DataType::Binary, nullable, |columns| {
        let (texts, names) = (columns.text(0)?, columns.text(1)?);
        binaries(columns.rows, |row| {
            let Some((text, name)) = texts.at(row).zip(names.at(row)) else { return Ok(None) };
            encoded(text, charset(name, "encode")?).map(Some).ok_or_else(|| malformed("encode", name))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::Binary, nullable))
}

fn encoded(text: &str, charset: Charset) -> Option<Vec<u8>> {
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    match charset {
        Charset::Utf8 => Some(text.as_bytes().to_vec()),
        Charset::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
        Charset::Latin1 => text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect(),
        Charset::Utf16 => Some([vec![0xFE, 0xFF], big(text)].concat()),
        Charset::Utf16Be => Some(big(text)),
        Charset::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Charset::Utf32 => Some(text.chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect()),
    }
}

/// `decode(bytes, charset)`, or `decode(value, search, result, ... [, default])`.
pub fn decode(call: Call<'_>) -> Result<Typed> {
    call.arity_at_least(2)?;
    if call.len() > 2 {
        return crate::operators::conditional::decode(call);
    }
    let arguments = vec![call.binary(0)?.expr, call.text(1)?.expr];
    let nullable = true;
    let kernel = Kernel::new("decode", &DataType::String, nullable, |columns| {
        let (bytes, names) = (columns.bytes(0)?, columns.text(1)?);
        strings(columns.rows, |row| {
            let Some((bytes, name)) = bytes.at(row).zip(names.at(row)) else { return Ok(None) };
            decoded(bytes, charset(name, "decode")?).map(Some).ok_or_else(|| malformed("decode", name))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::String, nullable))
}

fn decoded(bytes: &[u8], charset: Charset) -> Option<String> {
    let wide = |bytes: &[u8], big: bool| {
        let units = bytes.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        if bytes.len().is_multiple_of(2) { char::decode_utf16(units).collect::<Result<String, _>>().ok() } else { None }
    };
    match (charset, bytes) {
        (Charset::Utf8, bytes) => String::from_utf8(bytes.to_vec()).ok(),
        (Charset::Ascii, bytes) => bytes.is_ascii().then(|| bytes.iter().map(|byte| char::from(*byte)).collect()),
        (Charset::Latin1, bytes) => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        (Charset::Utf16, [0xFF, 0xFE, rest @ ..]) => wide(rest, false),
        (Charset::Utf16, [0xFE, 0xFF, rest @ ..]) => wide(rest, true),
        (Charset::Utf16 | Charset::Utf16Be, bytes) => wide(bytes, true),
        (Charset::Utf16Le, bytes) => wide(bytes, false),
        (Charset::Utf32, bytes) => {
            bytes.chunks(4).map(|four| char::from_u32(u32::from_be_bytes(four.try_into().ok()?))).collect()
        }
    }
}

/// `luhn_check(digits)`
pub fn luhn_check(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    Ok(kernel("luhn_check", vec![text], DataType::Boolean, true, |columns| {
        let texts = columns.text(0)?;
        booleans(columns.rows, |row| Ok(texts.at(row).map(passes_luhn)))
    }))
}

fn passes_luhn(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| !digits.is_empty()) else { return false };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let total: u32 =
        digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    total.is_multiple_of(10)
}

/// `url_encode(text)`: as HTML forms do it.
pub fn url_encode(call: Call<'_>) -> Result<Typed> {
    let encoded = text_to_text(&call, |text| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
                b' ' => out.push('+'),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
        out
    })?;
    Ok(Typed { nullable: true, ..encoded })
}

/// `url_decode(text)`; forgiving: `try_url_decode`.
pub fn url_decode(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let (argument, nullable) = (call.text(0)?.expr, true);
    let kernel = Kernel::new("url_decode", &DataType::String, nullable, move |columns| {
        let texts = columns.text(0)?;
        strings(columns.rows, |row| match texts.at(row).map(|text| (text, url_decoded(text))) {
            Some((text, None)) if !forgiving => Err(Error::new("CANNOT_DECODE_URL").with("url", text)),
            other => Ok(other.and_then(|(_, decoded)| decoded)),
        })
    });
    Ok(Typed::new(kernel.identity(forgiving).fallible_if(!forgiving).call(vec![argument]), DataType::String, nullable))
}

/// `to_binary(text [, format])`: `hex`, `utf-8` or `base64`; forgiving: `try_to_binary`.
pub fn to_binary(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let format = match call.len() {
        1 => "hex".to_owned(),
        _ => call.literal_text(1).ok_or_else(|| call.not_constant(1, "fmt", &DataType::String))?.to_ascii_lowercase(),
    };
    let read: fn(&str) -> Option<Vec<u8>> = match format.as_str() {
        "hex" => crate::math::unhexed,
        "utf-8" | "utf8" => |text| Some(text.as_bytes().to_vec()),
        "base64" => |text| is_base64(text).then(|| from_base64(text)),
        _ => {
            return Err(Error::new("DATATYPE_MISMATCH.INVALID_ARG_VALUE")
                .with("sqlExpr", call.sql())
                .with("inputName", "fmt")
                .with("requireType", "case-insensitive \"STRING\"")
                .with("validValues", "'hex', 'utf-8', 'utf8', or 'base64'")
                .with("inputValue", format!("'{format}'")));
        }
    };
    let text = call.text(0)?;
    // Only base 64 is known to give bytes whenever it is given text.
    let nullable = forgiving || text.nullable || format != "base64";
    let kernel = Kernel::new("to_binary", &DataType::Binary, nullable, move |columns| {
        let texts = columns.text(0)?;
        binaries(columns.rows, |row| match texts.at(row).map(|text| (text, read(text))) {
            Some((text, None)) if !forgiving => Err(Error::new("CONVERSION_INVALID_INPUT")
                .with("str", format!("'{text}'"))
                .with("fmt", format!("'{}'", format.to_uppercase()))
                .with("targetType", "\"BINARY\"")
                .with("suggestion", "`try_to_binary`")
                .exception_class(emberflow_base::Exception::IllegalArgument)),
            other => Ok(other.and_then(|(_, bytes)| bytes)),
        })
    });
    let identity = format!("{forgiving} {}", call.literal_text(1).unwrap_or_default());
    Ok(Typed::new(kernel.identity(identity).fallible_if(!forgiving).call(vec![text.expr]), DataType::Binary, nullable))
}

fn url_decoded(text: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let (high, low) = (char::from(bytes.next()?).to_digit(16)?, char::from(bytes.next()?).to_digit(16)?);
                out.push((high * 16 + low) as u8);
            }
            other => out.push(other),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// `parse_url(url, part [, key])`; what is no URL gives null.
pub fn parse_url(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let arguments = (0..call.len()).map(|index| call.text(index)).collect::<Result<Vec<_>>>()?;
    let has_key = call.len() == 3;
    Ok(crate::kernel::kernel(call.name, arguments, DataType::String, true, move |columns| {
        let (urls, parts) = (columns.text(0)?, columns.text(1)?);
        let keys = if has_key { Some(columns.text(2)?) } else { None };
        strings(columns.rows, |row| {
            let Some((url, part)) = urls.at(row).zip(parts.at(row)) else { return Ok(None) };
            let found = part_of_url(url, part);
            Ok(match keys.as_ref().map(|keys| keys.at(row)) {
                None => found,
                Some(Some(key)) if part == "QUERY" => found.and_then(|query| {
                    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    pairs.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).next()
                }),
                Some(_) => None,
            })
        })
    }))
}

fn part_of_url(url: &str, part: &str) -> Option<String> {
    if url.contains([' ', '\n', '\t', '<', '>', '"']) {
        return None;
    }
    let (rest, reference) = url.split_once('#').map_or((url, None), |(rest, reference)| (rest, Some(reference)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (scheme, rest) =
        rest.split_once(':').filter(|(scheme, _)| !scheme.contains('/')).map_or((None, rest), |(s, r)| (Some(s), r));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or((Some(rest), ""), |at| (Some(&rest[..at]), &rest[at..])),
        None => (None, rest),
    };
    let (user, host) = authority.map_or((None, None), |authority| match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), Some(host)),
        None => (None, Some(authority)),
    });
    let host = host.map(|host| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    });
    match part {
        "HOST" => host.map(str::to_owned),
        "PATH" => Some(path.to_owned()),
        "QUERY" => query.map(str::to_owned),
        "REF" => reference.map(str::to_owned),
        "PROTOCOL" => scheme.map(str::to_owned),
        "FILE" => Some(query.map_or(path.to_owned(), |query| format!("{path}?{query}"))),
        "AUTHORITY" => authority.map(str::to_owned),
        "USERINFO" => user.map(str::to_owned),
        _ => None,
    }
}
