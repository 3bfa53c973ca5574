//! JSON text into variants, and variants as JSON text.
//!
//! Reading keeps what the text says: whole numbers are integers, digits with a point decimals, anything larger or with an
//! exponent doubles. What follows the first value is not looked at, as in Spark. Begin at [`parse`] and [`write`].

use std::fmt::Write as _;

use emberflow_base::Result;

use super::decode::{Variant, View};
use super::encode::Encoder;
use crate::cast::{write_date, write_double, write_float, write_timestamp};
use crate::zones::Zone;

const DEPTH_MAX: usize = 1_000;

/// Why a text is no JSON.
pub enum Refusal {
    Malformed,
    DuplicateKey,
}

/// Reads a text into `encoder`.
pub fn parse(text: &str, encoder: &mut Encoder) -> std::result::Result<(), Refusal> {
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
    reader.value(encoder, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

type Read = std::result::Result<(), Refusal>;

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Read {
        if self.peek() != Some(wanted) {
            return Err(Refusal::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Read {
        if !self.text[self.at..].starts_with(word) {
            return Err(Refusal::Malformed);
        }
        self.at += word.len();
        match self.bytes.get(self.at) {
            Some(byte) if byte.is_ascii_alphanumeric() => Err(Refusal::Malformed),
            _ => Ok(()),
        }
    }

    fn value(&mut self, encoder: &mut Encoder, depth: usize) -> Read {
        if depth > DEPTH_MAX {
            return Err(Refusal::Malformed);
        }
        match self.peek() {
            Some(b'{') => self.object(encoder, depth),
            Some(b'[') => self.array(encoder, depth),
            Some(b'"') => {
                let text = self.string()?;
                encoder.text(&text);
                Ok(())
            }
            Some(b't') => self.word("true").map(|()| encoder.boolean(true)),
            Some(b'f') => self.word("false").map(|()| encoder.boolean(false)),
            Some(b'n') => self.word("null").map(|()| encoder.null()),
            Some(b'-' | b'0'..=b'9') => self.number(encoder),
            _ => Err(Refusal::Malformed),
        }
    }

    fn object(&mut self, encoder: &mut Encoder, depth: usize) -> Read {
        self.at += 1;
        let (start, mut fields) = (encoder.begin(), Vec::new());
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(Refusal::Malformed);
                }
                let key = self.string()?;
                self.expect(b':')?;
                fields.push(encoder.field(start, &key));
                self.value(encoder, depth + 1)?;
                if self.peek() == Some(b',') {
                    self.at += 1;
                } else {
                    self.expect(b'}')?;
                    break;
                }
            }
        }
        encoder.end_object(start, fields).map_err(|_| Refusal::DuplicateKey)
    }

    fn array(&mut self, encoder: &mut Encoder, depth: usize) -> Read {
        self.at += 1;
        let (start, mut offsets) = (encoder.begin(), Vec::new());
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                offsets.push(encoder.begin() - start);
                self.value(encoder, depth + 1)?;
                if self.peek() == Some(b',') {
                    self.at += 1;
                } else {
                    self.expect(b']')?;
                    break;
                }
            }
        }
        encoder.end_array(start, &offsets);
        Ok(())
    }

    /// A string; serde_json takes its escapes apart.
    fn string(&mut self) -> std::result::Result<String, Refusal> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(Refusal::Malformed),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let written = self.text.get(start..self.at).ok_or(Refusal::Malformed)?;
        serde_json::from_str(written).map_err(|_| Refusal::Malformed)
    }

    fn number(&mut self, encoder: &mut Encoder) -> Read {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let written = &self.text[start..self.at];
        if !is_number(written) {
            return Err(Refusal::Malformed);
        }
        if let Ok(long) = written.parse() {
            encoder.long(long);
        } else if let Some((unscaled, scale)) = as_decimal(written) {
            encoder.decimal(unscaled, scale);
        } else {
            encoder.double(written.parse().map_err(|_| Refusal::Malformed)?);
        }
        Ok(())
    }
}

/// JSON's grammar of numbers.
fn is_number(written: &str) -> bool {
    let rest = written.strip_prefix('-').unwrap_or(written);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// Digits and at most one point, of at most 38 digits.
fn as_decimal(written: &str) -> Option<(i128, u8)> {
    if written.contains(['e', 'E']) {
        return None;
    }
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let unscaled: i128 = format!("{whole}{fraction}").parse().ok()?;
    let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    (digits <= 38 && fraction.len() <= 38).then_some((unscaled, fraction.len() as u8))
}

/// A text in quotes, escaped as Jackson does.
pub fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a variant as JSON; instants on the wall clock of `zone`.
pub fn write(variant: Variant<'_>, zone: &Zone, out: &mut String) -> Result<()> {
    match variant.view()? {
        View::Null => out.push_str("null"),
        View::Boolean(flag) => out.push_str(if flag { "true" } else { "false" }),
        View::Long(number) => {
            let _ = write!(out, "{number}");
        }
        View::Double(number) => in_quotes_unless(number.is_finite(), out, |out| write_double(number, out)),
        View::Float(number) => in_quotes_unless(number.is_finite(), out, |out| write_float(number, out)),
        View::Decimal { unscaled, scale } => {
            let (unscaled, scale) = stripped(unscaled, scale);
            crate::cast::write_decimal(unscaled, i32::from(scale), out);
        }
        View::Text(text) => quoted(text, out),
        View::Binary(bytes) => quoted(&crate::strings::to_base64(bytes), out),
        View::Date(days) => in_quotes_unless(false, out, |out| write_date(i64::from(days), out)),
        View::Timestamp(micros) => in_quotes_unless(false, out, |out| {
            write_timestamp(zone.local(micros), out);
            let offset = zone.offset_at(micros);
            let sign = if offset < 0 { '-' } else { '+' };
            let _ = write!(out, "{sign}{:02}:{:02}", offset.abs() / 3600, offset.abs() / 60 % 60);
        }),
        View::TimestampNtz(micros) => in_quotes_unless(false, out, |out| write_timestamp(micros, out)),
        View::Uuid(bits) => in_quotes_unless(false, out, |out| {
            let _ = write!(
                out,
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                (bits >> 96) as u32,
                (bits >> 80) as u16,
                (bits >> 64) as u16,
                (bits >> 48) as u16,
                bits & 0xFFFF_FFFF_FFFF
            );
        }),
        View::Object(object) => {
            out.push('{');
            for at in 0..object.len() {
                let (key, value) = object.get(at)?;
                if at > 0 {
                    out.push(',');
                }
                quoted(key, out);
                out.push(':');
                write(value, zone, out)?;
            }
            out.push('}');
        }
        View::Array(array) => {
            out.push('[');
            for at in 0..array.len() {
                if at > 0 {
                    out.push(',');
                }
                write(array.get(at)?, zone, out)?;
            }
            out.push(']');
        }
    }
    Ok(())
}

fn in_quotes_unless(plain: bool, out: &mut String, write: impl FnOnce(&mut String)) {
    if !plain {
        out.push('"');
    }
    write(out);
    if !plain {
        out.push('"');
    }
}

/// A decimal without the zeros at its end.
pub fn stripped(mut unscaled: i128, mut scale: u8) -> (i128, u8) {
    while scale > 0 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    (unscaled, scale)
}
