//! Intervals in all their spellings.
//!
//!     INTERVAL 3 MONTHS            INTERVAL '1' DAY '2' HOURS      INTERVAL '1 day 2 hours'
//!     INTERVAL '1-2' YEAR TO MONTH INTERVAL '1 2:3:4.5' DAY TO SECOND
//!
//! Units decide the type: years and months make a year-month interval, the rest a day-time interval; both at once is an
//! error. Not here: the types themselves (`data_type`). Begin at [`Parser::take_interval`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::data_type::interval_between;
use super::datetime::{MICROS_PER_DAY, MICROS_PER_SECOND};
use super::lexer::Kind;
use crate::tree::{Expr, Literal};
use crate::types::DataType;

/// Unit, the field it counts for, and how much of months or of microseconds it is.
const UNITS: &[(&str, &str, Scale)] = &[
    ("YEAR", "YEAR", Scale::Months(12)),
    ("MONTH", "MONTH", Scale::Months(1)),
    ("WEEK", "DAY", Scale::Micros(7 * MICROS_PER_DAY)),
    ("DAY", "DAY", Scale::Micros(MICROS_PER_DAY)),
    ("HOUR", "HOUR", Scale::Micros(3_600 * MICROS_PER_SECOND)),
    ("MINUTE", "MINUTE", Scale::Micros(60 * MICROS_PER_SECOND)),
    ("SECOND", "SECOND", Scale::Micros(MICROS_PER_SECOND)),
    ("MILLISECOND", "SECOND", Scale::Micros(1_000)),
    ("MICROSECOND", "SECOND", Scale::Micros(1)),
];

const FIELDS: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];

#[derive(Clone, Copy)]
enum Scale {
    Months(i64),
    Micros(i64),
}

type Unit = &'static (&'static str, &'static str, Scale);

fn unit(word: &str) -> Option<Unit> {
    let upper = word.to_uppercase();
    UNITS.iter().find(|(name, ..)| upper == *name || upper.strip_suffix('S') == Some(name))
}

/// What was added up so far, and the fields it came from.
#[derive(Default)]
struct Total {
    months: i64,
    micros: i64,
    fields: Vec<&'static str>,
}

impl Total {
    fn add(&mut self, number: &str, unit: Unit) -> Option<()> {
        self.fields.push(unit.1);
        match unit.2 {
            Scale::Months(each) => self.months = self.months.checked_add(whole(number)?.checked_mul(each)?)?,
            Scale::Micros(each) if unit.0 == "SECOND" => self.micros = self.micros.checked_add(scaled(number, each)?)?,
            Scale::Micros(each) => self.micros = self.micros.checked_add(whole(number)?.checked_mul(each)?)?,
        }
        Some(())
    }

    fn add_named(&mut self, number: &str, name: &str) -> Option<()> {
        let unit = unit(name)?;
        let is_fraction = number.contains('.') && unit.0 != "SECOND";
        if is_fraction { None } else { self.add(number, unit) }
    }

    /// The constant, unless months and days were mixed.
    fn literal(self) -> Option<Literal> {
        let ordered = |field: &&str| FIELDS.iter().position(|known| known == field);
        let first = self.fields.iter().min_by_key(|field| ordered(field))?;
        let last = self.fields.iter().max_by_key(|field| ordered(field))?;
        let data_type = interval_between(first, last)?;
        match data_type {
            DataType::YearMonthInterval { .. } => {
                Some(Literal::YearMonthInterval { months: i32::try_from(self.months).ok()?, data_type })
            }
            _ => Some(Literal::DayTimeInterval { micros: self.micros, data_type }),
        }
    }

    fn is_mixed(&self) -> bool {
        let months = self.fields.iter().filter(|field| matches!(**field, "YEAR" | "MONTH")).count();
        months > 0 && months < self.fields.len()
    }
}

fn whole(number: &str) -> Option<i64> {
    number.parse().ok()
}

/// `-1.5` times `each`, digits beyond it cut.
fn scaled(number: &str, each: i64) -> Option<i64> {
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = integer.starts_with('-');
    let integer = integer.trim_start_matches(['-', '+']);
    let integer: i64 = if integer.is_empty() { 0 } else { whole(integer)? };
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros = integer.checked_mul(each)?.checked_add(whole(&digits)? * each / MICROS_PER_SECOND)?;
    Some(if negative { -micros } else { micros })
}

impl Parser<'_> {
    /// An interval, if the word `INTERVAL` here begins one; it may as well be a column's name.
    pub fn take_interval(&mut self) -> Result<Option<Expr>> {
        let signed = usize::from(self.is_sign_at(1, "-") || self.is_sign_at(1, "+"));
        let is_text = matches!(self.kind(1 + signed), Kind::String(_));
        let is_number = matches!(self.kind(1 + signed), Kind::Integer | Kind::Decimal);
        let has_unit = *self.kind(2 + signed) == Kind::Word && unit(self.written(2 + signed)).is_some();
        if is_number && !has_unit && signed == 0 {
            return Err(self.error_ahead(2, ""));
        }
        let is_interval = if has_unit { is_text || is_number } else { is_text && signed == 0 };
        if !is_interval {
            return Ok(None);
        }
        let start = self.at;
        self.advance();
        let literal = match has_unit {
            true if is_text && self.is_word_at(signed + 2, "TO") => self.field_to_field(start)?,
            true => self.number_unit_pairs(start)?,
            false => {
                let text = self.string()?;
                self.interval_text(start, &text)?
            }
        };
        Ok(Some(Expr::literal(literal).with_origin(self.origin_since(start))))
    }

    /// `1 DAY '2' HOURS`
    fn number_unit_pairs(&mut self, start: usize) -> Result<Literal> {
        let mut total = Total::default();
        loop {
            let pair = self.at;
            let Some(number) = self.interval_value()? else { break };
            let Some(unit) = self.take_unit() else { return Err(self.error_here()) };
            if number.trim().parse::<f64>().is_err() {
                let text = format!("'{number}' is no number of an interval.");
                return Err(self.error_since(pair, Error::new("_LEGACY_ERROR_TEMP_0026").with("value", number).text(text)));
            }
            if number.contains('.') && unit.0 != "SECOND" {
                return Err(self.bad_interval(start, "INVALID_FRACTION", &[("unit", unit.0)]));
            }
            if total.add(number.trim(), unit).is_none() {
                return Err(self.bad_interval(start, "INVALID_VALUE", &[("value", &number)]));
            }
        }
        self.finish_interval(start, total)
    }

    fn take_unit(&mut self) -> Option<Unit> {
        let found = (*self.kind(0) == Kind::Word).then(|| unit(self.written(0)))??;
        self.advance();
        Some(found)
    }

    /// `5`, `-1.5`, `'3'`; nothing if no unit would follow it.
    fn interval_value(&mut self) -> Result<Option<String>> {
        let signed = usize::from(self.is_sign("-") || self.is_sign("+"));
        let is_value = matches!(self.kind(signed), Kind::String(_) | Kind::Integer | Kind::Decimal);
        let has_unit = *self.kind(signed + 1) == Kind::Word && unit(self.written(signed + 1)).is_some();
        if !is_value || !has_unit {
            return Ok(None);
        }
        let negative = self.take_sign("-");
        self.take_sign("+");
        let value = match self.kind(0) {
            Kind::String(text) => text.clone(),
            _ => self.written(0).to_owned(),
        };
        self.advance();
        Ok(Some(if negative { negated(&value) } else { value }))
    }

    fn finish_interval(&self, start: usize, total: Total) -> Result<Literal> {
        if total.is_mixed() {
            let written = self.written_since(start);
            let text = format!("Year-month and day-time fields cannot be mixed in one interval: {written}.");
            return Err(self.error_since(start, Error::new("_LEGACY_ERROR_TEMP_0029").with("literal", written).text(text)));
        }
        total.literal().ok_or_else(|| self.bad_interval(start, "ARITHMETIC_EXCEPTION", &[]))
    }

    /// `'1 day -2 hours'`, with or without `interval` in front.
    pub fn interval_text(&self, start: usize, text: &str) -> Result<Literal> {
        let lower = text.trim().to_lowercase();
        let body = lower.strip_prefix("interval ").unwrap_or(&lower);
        if body.is_empty() {
            return Err(self.bad_typed_text(start, "INTERVAL", text));
        }
        let mut total = Total::default();
        let mut words = spaced(body).into_iter();
        while let Some(number) = words.next() {
            words
                .next()
                .and_then(|name| total.add_named(&number, &name))
                .ok_or_else(|| self.bad_typed_text(start, "INTERVAL", text))?;
        }
        self.finish_interval(start, total)
    }

    /// `'1 2:3:4.5' DAY TO SECOND`
    fn field_to_field(&mut self, start: usize) -> Result<Literal> {
        let negative = self.take_sign("-");
        self.take_sign("+");
        let text = self.string()?;
        let from = self.take_one_of(FIELDS).ok_or_else(|| self.error_here())?;
        self.expect_word("TO")?;
        let to = self.take_one_of(FIELDS).ok_or_else(|| self.error_here())?;
        let data_type = interval_between(from, to).filter(|_| from != to).ok_or_else(|| {
            let fields = [("from", from.to_lowercase()), ("to", to.to_lowercase())];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.bad_interval(start, "UNSUPPORTED_FROM_TO_EXPRESSION", &fields)
        })?;
        let text = if negative { negated(&text) } else { text };
        fields_text(&text, from, to, &data_type).ok_or_else(|| self.unmatched_fields(start, &text, from, to, &data_type))
    }

    fn unmatched_fields(&self, start: usize, text: &str, from: &str, to: &str, data_type: &DataType) -> Error {
        let shape = shape(from, to);
        let supported = format!("`{shape}`, `INTERVAL [+|-]'{shape}' {from} TO {to}`");
        let (sub, family) = match data_type {
            DataType::YearMonthInterval { .. } => ("UNMATCHED_FORMAT_STRING", "year-month"),
            _ => ("UNMATCHED_FORMAT_STRING_WITH_NOTICE", "day-time"),
        };
        let error = Error::new(format!("INVALID_INTERVAL_FORMAT.{sub}")).with("input", text).with("intervalStr", family);
        let error = error.with("supportedFormat", &supported).with("typeName", data_type.simple_string());
        self.error_since(start, error.text(format!("'{text}' is not an interval from {from} to {to}; write {supported}.")))
    }

    fn bad_interval(&self, start: usize, sub: &str, parameters: &[(&str, &str)]) -> Error {
        let written = self.written_since(start);
        let error = Error::new(format!("INVALID_INTERVAL_FORMAT.{sub}")).with("input", written);
        let error = parameters.iter().fold(error, |error, (name, value)| error.with(*name, *value));
        let reason = sub.replace('_', " ").to_lowercase();
        self.error_since(start, error.text(format!("`{written}` is not an interval: {reason}.")))
    }
}

fn negated(value: &str) -> String {
    match value.trim().strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None => format!("-{}", value.trim().trim_start_matches('+')),
    }
}

/// Numbers and units, also where they touch (`1day`) or a sign stands apart (`- 1 day`).
fn spaced(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in text.split_whitespace() {
        let split = piece.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(piece.len());
        let (number, name) = piece.split_at(split);
        match words.last_mut() {
            Some(sign) if !number.is_empty() && (sign == "-" || sign == "+") => sign.push_str(number),
            _ if !number.is_empty() => words.push(number.to_owned()),
            _ => {}
        }
        if !name.is_empty() {
            words.push(name.to_owned());
        }
    }
    words
}

/// `1-2` or `1 2:3:4.5`, the fields between `from` and `to`.
fn fields_text(text: &str, from: &str, to: &str, data_type: &DataType) -> Option<Literal> {
    let text = text.trim();
    let negative = text.starts_with('-');
    let body = text.trim_start_matches(['-', '+']);
    let first = FIELDS.iter().position(|field| *field == from)?;
    let last = FIELDS.iter().position(|field| *field == to)?;
    let numbers: Vec<&str> = match from {
        "YEAR" => body.split('-').collect(),
        "DAY" => body.split_once(' ').map(|(day, time)| std::iter::once(day).chain(time.trim().split(':')).collect())?,
        _ => body.split(':').collect(),
    };
    if numbers.len() != last - first + 1 {
        return None;
    }
    let mut total = Total::default();
    for (index, (number, field)) in numbers.iter().zip(&FIELDS[first..=last]).enumerate() {
        let starts_with_digit = number.starts_with(|c: char| c.is_ascii_digit());
        if !starts_with_digit || (index > 0 && !is_below_limit(number, field)) {
            return None;
        }
        total.add(number, unit(field)?)?;
    }
    signed_literal(total, negative, data_type)
}

/// How the text of such an interval looks.
fn shape(from: &str, to: &str) -> String {
    let letters = [("YEAR", "y"), ("MONTH", "-m"), ("DAY", "d"), ("HOUR", " h"), ("MINUTE", ":m"), ("SECOND", ":s.n")];
    let first = letters.iter().position(|(field, _)| *field == from).unwrap_or(0);
    let last = letters.iter().position(|(field, _)| *field == to).unwrap_or(0);
    let joined: String = letters[first..=last.max(first)].iter().map(|(_, letter)| *letter).collect();
    format!("[+|-]{}", joined.trim_start_matches([' ', ':', '-']))
}

fn is_below_limit(number: &str, field: &str) -> bool {
    let limit = match field {
        "MONTH" => 12,
        "HOUR" => 24,
        _ => 60,
    };
    number.split('.').next().and_then(whole).is_some_and(|whole| whole < limit)
}

fn signed_literal(total: Total, negative: bool, data_type: &DataType) -> Option<Literal> {
    let sign = if negative { -1 } else { 1 };
    let data_type = data_type.clone();
    Some(match data_type {
        DataType::YearMonthInterval { .. } => {
            Literal::YearMonthInterval { months: i32::try_from(sign * total.months).ok()?, data_type }
        }
        _ => Literal::DayTimeInterval { micros: sign * total.micros, data_type },
    })
}
