//! Constants: numbers with their suffixes, typed strings, parameters.
//!
//!     1 → int or bigint or decimal    1.50 → decimal(3,2)    1e3 → double    1S 1L 1F 1D 1BD
//!     DATE '2020-01-01'    TIMESTAMP '...'    X'1F'    :name    ?
//!
//! A timestamp without a zone means the session's zone, which the parser does not know: it becomes a cast, which cannot
//! fail as the text is checked here. Not here: intervals (`interval`). Begin at [`Parser::take_constant`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::data_type::too_precise;
use super::datetime::{MICROS_PER_SECOND, Moment, Zone, parse_date, parse_time, parse_timestamp};
use super::lexer::Kind;
use crate::tree::{CastMode, Expr, ExprKind, Literal};
use crate::types::DataType;

impl Parser<'_> {
    /// A constant, if one stands here.
    pub fn take_constant(&mut self) -> Result<Option<Expr>> {
        let start = self.at;
        match self.kind(0) {
            Kind::Integer | Kind::Decimal | Kind::Exponent | Kind::Suffixed(_) => self.number(start, "").map(Some),
            Kind::String(_) => {
                let text = self.string()?;
                Ok(Some(Expr::literal(Literal::String(text)).with_origin(self.origin_since(start))))
            }
            Kind::Sign("?" | ":") => self.parameter().map(Some),
            Kind::Word => self.word_constant(start),
            _ => Ok(None),
        }
    }

    /// `NULL`, `TRUE`, `DATE '..'`, `INTERVAL ..`
    fn word_constant(&mut self, start: usize) -> Result<Option<Expr>> {
        if self.is_word("INTERVAL")
            && let Some(interval) = self.take_interval()?
        {
            return Ok(Some(interval));
        }
        if matches!(self.kind(1), Kind::String(_)) {
            return self.typed_text(start).map(Some);
        }
        let literal = match self.take_one_of(&["NULL", "TRUE", "FALSE"]) {
            Some("NULL") => Literal::Null(DataType::Null),
            Some(word) => Literal::Boolean(word == "TRUE"),
            None => return Ok(None),
        };
        Ok(Some(Expr::literal(literal).with_origin(self.origin_since(start))))
    }

    /// `:name`, `?`
    fn parameter(&mut self) -> Result<Expr> {
        let start = self.at;
        let number = self.parameters_before(start);
        let name = match self.take_sign("?") {
            true => None,
            false => {
                self.expect_sign(":")?;
                Some(self.identifier()?)
            }
        };
        let position = self.position_of(start);
        let Some(bound) = self.bound else {
            return Ok(Expr::new(ExprKind::Parameter { name, position }).with_origin(self.origin_since(start)));
        };
        if name.is_some() && self.parameters_before(usize::MAX) > 0 {
            return Err(Error::new("INVALID_QUERY_MIXED_QUERY_PARAMETERS"));
        }
        let value = match &name {
            Some(name) => bound.named.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            None => bound.positional.get(number),
        };
        if value.is_none() && (if name.is_some() { !bound.positional.is_empty() } else { !bound.named.is_empty() }) {
            return Err(Error::new("INVALID_QUERY_MIXED_QUERY_PARAMETERS"));
        }
        value.cloned().ok_or_else(|| {
            let name = name.unwrap_or_else(|| format!("_{position}"));
            Error::new("UNBOUND_SQL_PARAMETER").with("name", name).context(self.context_since(start))
        })
    }

    /// A number here, after `sign` (`-` or nothing) that stands at `start`.
    pub fn number(&mut self, start: usize, sign: &str) -> Result<Expr> {
        let written = format!("{sign}{}", self.written(0));
        let kind = self.kind(0).clone();
        self.advance();
        let literal = match kind {
            Kind::Integer => integer(&written)?,
            Kind::Decimal => decimal(&written)?,
            Kind::Exponent => self.double(start, &written)?,
            Kind::Suffixed(suffix) => {
                let number = &written[..written.len() - suffix.len()];
                self.suffixed_number(start, number, suffix)?
            }
            _ => return Err(self.error_here()),
        };
        Ok(Expr::literal(literal).with_origin(self.origin_since(start)))
    }

    fn suffixed_number(&self, start: usize, number: &str, suffix: &str) -> Result<Literal> {
        match suffix {
            "Y" => number.parse().map(Literal::Byte).map_err(|_| self.out_of_range(start, number, "tinyint", i8::MIN, i8::MAX)),
            "S" => {
                number.parse().map(Literal::Short).map_err(|_| self.out_of_range(start, number, "smallint", i16::MIN, i16::MAX))
            }
            "L" => number.parse().map(Literal::Long).map_err(|_| self.out_of_range(start, number, "bigint", i64::MIN, i64::MAX)),
            "F" => match number.parse::<f32>() {
                Ok(value) if value.is_finite() => Ok(Literal::Float(value)),
                _ => Err(self.out_of_range(start, number, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38")),
            },
            "D" => self.double(start, number),
            _ => decimal(number),
        }
    }

    fn double(&self, start: usize, number: &str) -> Result<Literal> {
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Literal::Double(value)),
            _ => Err(self.out_of_range(start, number, "double", "-1.7976931348623157E+308", "1.7976931348623157E+308")),
        }
    }

    fn out_of_range(&self, start: usize, number: &str, name: &str, least: impl ToString, most: impl ToString) -> Error {
        let (least, most) = (least.to_string(), most.to_string());
        let text = format!("The number {number} is no {name}, which lies between {least} and {most}.");
        let error = Error::new("INVALID_NUMERIC_LITERAL_RANGE").with("rawStrippedQualifier", number).with("typeName", name);
        self.error_since(start, error.with("minValue", least).with("maxValue", most).text(text))
    }

    /// `DATE '2020-01-01'`, `X'1F'`
    fn typed_text(&mut self, start: usize) -> Result<Expr> {
        let word = self.identifier()?.to_uppercase();
        let text = self.string()?;
        let trimmed = text.trim();
        let meant = match word.as_str() {
            "DATE" => special_date(trimmed).or_else(|| parse_date(trimmed).map(|days| Expr::literal(Literal::Date(days)))),
            "TIMESTAMP" if self.local_timestamps => special_wall_clock(trimmed).or_else(|| {
                // A text that names a zone means an instant all the same.
                parse_timestamp(trimmed).map(|at| if matches!(at.zone, Zone::Absent) { local(at) } else { instant(at, trimmed) })
            }),
            "TIMESTAMP" | "TIMESTAMP_LTZ" => {
                special_timestamp(trimmed).or_else(|| parse_timestamp(trimmed).map(|at| instant(at, trimmed)))
            }
            "TIMESTAMP_NTZ" => parse_timestamp(trimmed).map(local),
            "TIME" => parse_time(trimmed).map(|nanos| Expr::literal(Literal::Time { nanos, precision: 6 })),
            "X" => bytes(&text).map(|bytes| Expr::literal(Literal::Binary(bytes))),
            "INTERVAL" => Some(Expr::literal(self.interval_text(start, &text)?)),
            _ => return Err(self.unsupported_typed_text(start, &word)),
        };
        let meant = meant.ok_or_else(|| self.bad_typed_text(start, &word, &text))?;
        Ok(meant.with_origin(self.origin_since(start)))
    }

    pub(super) fn bad_typed_text(&self, start: usize, word: &str, text: &str) -> Error {
        let said = format!("'{text}' is not a value of the type {word}.");
        let error = Error::new("INVALID_TYPED_LITERAL").with("valueType", format!("\"{word}\""));
        self.error_since(start, error.with("value", format!("'{text}'")).text(said))
    }

    fn unsupported_typed_text(&self, start: usize, word: &str) -> Error {
        let supported = "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\"";
        let text = format!("There are no constants of the type \"{word}\"; there are of: {supported}.");
        let error = Error::new("UNSUPPORTED_TYPED_LITERAL").with("unsupportedType", format!("\"{word}\""));
        self.error_since(start, error.with("supportedTypes", supported).text(text))
    }
}

/// The narrowest of int, bigint and decimal.
fn integer(written: &str) -> Result<Literal> {
    if let Ok(value) = written.parse() {
        return Ok(Literal::Int(value));
    }
    written.parse().map(Literal::Long).or_else(|_| decimal(written))
}

/// A decimal with as many digits as written; leading zeros do not count.
fn decimal(written: &str) -> Result<Literal> {
    let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().unwrap_or(i64::from(i32::MAX));
    let mut scale = fraction.len() as i64 - exponent;
    let mut digits = format!("{}{fraction}", whole.trim_start_matches('-')).trim_start_matches('0').to_owned();
    if scale < 0 && scale > -40 {
        digits.push_str(&"0".repeat(if digits.is_empty() { 0 } else { -scale as usize }));
        scale = 0;
    }
    let precision = (digits.len() as i64).max(scale.abs()).max(1);
    if precision > 38 || scale < 0 {
        return Err(too_precise(u32::try_from(precision).unwrap_or(u32::MAX)));
    }
    let unsigned: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| too_precise(precision as u32))? };
    let value = if written.starts_with('-') { -unsigned } else { unsigned };
    Ok(Literal::Decimal { value, precision: precision as u8, scale: scale as i8 })
}

/// Two hexadecimal digits a byte; an odd number of them has a zero in front.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let even = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    (0..even.len()).step_by(2).map(|at| u8::from_str_radix(&even[at..at + 2], 16).ok()).collect()
}

fn instant(moment: Moment, text: &str) -> Expr {
    match moment.zone {
        Zone::Offset(seconds) => Expr::literal(Literal::Timestamp(moment.micros - seconds * MICROS_PER_SECOND)),
        Zone::Absent | Zone::Region(_) => cast(Expr::literal(Literal::String(text.to_owned())), DataType::Timestamp),
    }
}

fn local(moment: Moment) -> Expr {
    Expr::literal(Literal::TimestampNtz(moment.micros))
}

fn cast(expression: Expr, target: DataType) -> Expr {
    Expr::new(ExprKind::Cast { expression: Box::new(expression), target, mode: CastMode::Ansi })
}

/// Words for days that depend on when the query runs.
fn special_date(text: &str) -> Option<Expr> {
    let today = || Expr::call("current_date", Vec::new());
    let shifted = |days| Expr::call("date_add", vec![today(), Expr::literal(Literal::Int(days))]);
    match text.to_lowercase().as_str() {
        "epoch" => Some(Expr::literal(Literal::Date(0))),
        "now" | "today" => Some(today()),
        "tomorrow" => Some(shifted(1)),
        "yesterday" => Some(shifted(-1)),
        _ => None,
    }
}

fn special_wall_clock(text: &str) -> Option<Expr> {
    match text.to_lowercase().as_str() {
        "epoch" => Some(Expr::literal(Literal::TimestampNtz(0))),
        "now" => Some(Expr::call("localtimestamp", Vec::new())),
        "today" | "tomorrow" | "yesterday" => special_date(text).map(|day| cast(day, DataType::TimestampNtz)),
        _ => None,
    }
}

fn special_timestamp(text: &str) -> Option<Expr> {
    match text.to_lowercase().as_str() {
        "epoch" => Some(Expr::literal(Literal::Timestamp(0))),
        "now" => Some(Expr::call("current_timestamp", Vec::new())),
        "today" | "tomorrow" | "yesterday" => special_date(text).map(|day| cast(day, DataType::Timestamp)),
        _ => None,
    }
}
