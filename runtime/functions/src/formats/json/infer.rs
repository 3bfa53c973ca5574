//! What columns JSON documents have, as Spark guesses: fields in alphabetical order, whole numbers as bigint.

use std::collections::BTreeMap;

use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::tape::{Kind, Node, Tape};
use crate::formats::{Clock, Options};

/// A type on its way; `Unknown` goes with everything.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    Unknown,
    Leaf(DataType),
    Array(Box<Seen>),
    Object(BTreeMap<String, Seen>),
}

/// How types are guessed.
#[derive(Debug)]
pub struct Guess {
    primitives_as_string: bool,
    prefers_decimal: bool,
    timestamps: Option<Clock>,
    drops_all_null: bool,
}

impl Guess {
    /// What options ask for.
    pub fn of(options: &Options, clock: &Clock) -> Result<Self> {
        Ok(Self {
            primitives_as_string: options.flag("primitivesasstring", false)?,
            prefers_decimal: options.flag("prefersdecimal", false)?,
            timestamps: options.flag("infertimestamp", false)?.then(|| clock.clone()),
            drops_all_null: options.flag("dropfieldifallnull", false)?,
        })
    }

    /// What one value is.
    pub fn see(&self, tape: &Tape, text: &str, at: u32) -> Seen {
        let node = tape.node(at);
        match node.kind {
            Kind::Null => Seen::Unknown,
            Kind::Object => {
                let mut fields = BTreeMap::new();
                for (name, value) in tape.fields(at) {
                    fields.insert(tape.string(text, tape.node(name)).into_owned(), self.see(tape, text, value));
                }
                Seen::Object(fields)
            }
            Kind::Array => {
                let elements = tape.elements(at).map(|element| self.see(tape, text, element));
                Seen::Array(Box::new(elements.reduce(together).unwrap_or(Seen::Unknown)))
            }
            Kind::Text | Kind::Escaped => self.string(&tape.string(text, node)),
            _ if self.primitives_as_string => Seen::Leaf(DataType::String),
            Kind::True | Kind::False => Seen::Leaf(DataType::Boolean),
            Kind::NonNumeric => Seen::Leaf(DataType::Double),
            Kind::Whole | Kind::Fraction => Seen::Leaf(self.number(&text[node.start as usize..node.stop as usize], node)),
        }
    }

    fn string(&self, text: &str) -> Seen {
        // An empty string may stand for anything that is missing.
        if text.is_empty() {
            return Seen::Unknown;
        }
        if self.prefers_decimal
            && let Some((precision, scale)) = digits_of(text)
        {
            return Seen::Leaf(DataType::decimal(precision, scale));
        }
        let timestamp = self.timestamps.as_ref().and_then(|clock| clock.guessed(text));
        Seen::Leaf(timestamp.unwrap_or(DataType::String))
    }

    fn number(&self, text: &str, node: Node) -> DataType {
        if node.kind == Kind::Whole && text.parse::<i64>().is_ok() {
            return DataType::Long;
        }
        match digits_of(text) {
            Some((precision, scale)) if node.kind == Kind::Whole || self.prefers_decimal => DataType::decimal(precision, scale),
            _ => DataType::Double,
        }
    }

    /// The schema of all documents; `None`: they are no objects.
    pub fn schema(&self, seen: Seen) -> Option<StructType> {
        match seen {
            Seen::Object(fields) => Some(self.fields(fields)),
            Seen::Array(element) => match *element {
                Seen::Object(fields) => Some(self.fields(fields)),
                _ => None,
            },
            _ => None,
        }
    }

    fn fields(&self, fields: BTreeMap<String, Seen>) -> StructType {
        let made = fields.into_iter().filter_map(|(name, seen)| Some(StructField::new(name, self.kind(seen)?, true)));
        StructType::new(made.collect())
    }

    /// The type that reads what was seen; an object without fields has none.
    pub fn kind(&self, seen: Seen) -> Option<DataType> {
        match seen {
            Seen::Unknown if self.drops_all_null => None,
            Seen::Unknown => Some(DataType::String),
            Seen::Leaf(kind) => Some(kind),
            Seen::Array(element) => Some(DataType::array(self.kind(*element)?, true)),
            Seen::Object(fields) => {
                let made = self.fields(fields);
                (!made.fields.is_empty()).then_some(DataType::Struct(made))
            }
        }
    }
}

/// Precision and scale of a number that a decimal can hold.
fn digits_of(text: &str) -> Option<(u8, i8)> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match bare.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (bare, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = format!("{whole}{fraction}").trim_start_matches('0').len().max(1) as i64;
    let scale = (fraction.len() as i64).checked_sub(exponent)?;
    let precision = significant.max(scale);
    (precision <= 38 && (0..=38).contains(&scale)).then_some((precision as u8, scale as i8))
}

/// What holds both; two that do not go together are strings.
pub fn together(one: Seen, two: Seen) -> Seen {
    match (one, two) {
        (Seen::Unknown, other) | (other, Seen::Unknown) => other,
        (Seen::Object(mut one), Seen::Object(two)) => {
            for (name, seen) in two {
                let known = one.remove(&name).unwrap_or(Seen::Unknown);
                one.insert(name, together(known, seen));
            }
            Seen::Object(one)
        }
        (Seen::Array(one), Seen::Array(two)) => Seen::Array(Box::new(together(*one, *two))),
        (Seen::Leaf(one), Seen::Leaf(two)) => Seen::Leaf(wider(one, two)),
        _ => Seen::Leaf(DataType::String),
    }
}

fn wider(one: DataType, two: DataType) -> DataType {
    use DataType::{Decimal, Double, Long, Timestamp, TimestampNtz};
    let decimal = |precision: u8, scale: i8, other: u8, other_scale: i8| {
        let scale_max = scale.max(other_scale);
        let whole = (precision as i16 - i16::from(scale)).max(other as i16 - i16::from(other_scale));
        let needed = whole + i16::from(scale_max);
        if needed > 38 { Double } else { DataType::decimal(needed as u8, scale_max) }
    };
    match (one, two) {
        (one, two) if one == two => one,
        (Long, Double) | (Double, Long) | (Double, Decimal { .. }) | (Decimal { .. }, Double) => Double,
        (Decimal { precision, scale }, Decimal { precision: other, scale: other_scale }) => {
            decimal(precision, scale, other, other_scale)
        }
        (Long, Decimal { precision, scale }) | (Decimal { precision, scale }, Long) => decimal(precision, scale, 20, 0),
        (Timestamp, TimestampNtz) | (TimestampNtz, Timestamp) => Timestamp,
        _ => DataType::String,
    }
}

/// Spark's error about a text that is no JSON while types are guessed.
pub fn malformed(corrupt: &str) -> Error {
    Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
        .with("badRecord", corrupt)
        .with("failFastMode", "FAILFAST")
        .exception_class(emberflow_base::Exception::Spark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        assert_eq!(digits_of("1.50"), Some((3, 2)));
        assert_eq!(digits_of("0.001"), Some((3, 3)));
        assert_eq!(digits_of("99999999999999999999"), Some((20, 0)));
        assert_eq!(digits_of("1e3"), None);
        assert_eq!(digits_of("x"), None);
    }
}
