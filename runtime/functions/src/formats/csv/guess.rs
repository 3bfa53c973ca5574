//! Which type a column of cells has, as Spark guesses: the narrowest that reads all of them.
//!
//! Not here: which cells are looked at.

use emberflow_base::Result;
use emberflow_plan::DataType;

use super::columns::{Specials, java_double};
use crate::datetime::pattern::Pattern;
use crate::formats::{Clock, Options};

/// What cells may be read as.
#[derive(Debug)]
pub struct Guess {
    clock: Clock,
    specials: Specials,
    prefers_date: bool,
    date: Pattern,
}

impl Guess {
    /// What options say.
    pub fn of(options: &Options, clock: &Clock) -> Result<Self> {
        let date = match &clock.date {
            Some(pattern) => pattern.clone(),
            None => Pattern::for_reading("yyyy-MM-dd")?,
        };
        let (clock, specials) = (clock.clone(), Specials::of(options));
        Ok(Self { clock, specials, prefers_date: options.flag("preferdate", true)?, date })
    }

    /// The type of a column whose cells so far were of the type `known`, and that has `cell`, too.
    pub fn see(&self, known: Option<DataType>, cell: &str) -> DataType {
        match known {
            None => self.from_int(cell),
            Some(before) => {
                let seen = self.from(&before, cell);
                together(before, seen)
            }
        }
    }

    fn from(&self, before: &DataType, cell: &str) -> DataType {
        match before {
            DataType::Int => self.from_int(cell),
            DataType::Long => self.from_long(cell),
            DataType::Decimal { .. } => self.from_decimal(cell),
            DataType::Double => self.from_double(cell),
            DataType::Date => self.from_date(cell),
            DataType::Timestamp | DataType::TimestampNtz => self.from_timestamp(cell),
            _ => from_boolean(cell),
        }
    }

    fn from_int(&self, cell: &str) -> DataType {
        if cell.parse::<i32>().is_ok() { DataType::Int } else { self.from_long(cell) }
    }

    fn from_long(&self, cell: &str) -> DataType {
        if cell.parse::<i64>().is_ok() { DataType::Long } else { self.from_decimal(cell) }
    }

    fn from_decimal(&self, cell: &str) -> DataType {
        let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.trim_start_matches('0').len() {
            count @ 1..=38 if is_whole => DataType::decimal(count as u8, 0),
            _ => self.from_double(cell),
        }
    }

    fn from_double(&self, cell: &str) -> DataType {
        if self.specials.named(cell).is_some() || java_double(cell).is_some() {
            DataType::Double
        } else if self.prefers_date {
            self.from_date(cell)
        } else {
            self.from_timestamp(cell)
        }
    }

    fn from_date(&self, cell: &str) -> DataType {
        if self.date.read(cell).is_some() { DataType::Date } else { self.from_timestamp(cell) }
    }

    fn from_timestamp(&self, cell: &str) -> DataType {
        self.clock.guessed(cell).unwrap_or_else(|| from_boolean(cell))
    }
}

fn from_boolean(cell: &str) -> DataType {
    let is = cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false");
    if is { DataType::Boolean } else { DataType::String }
}

fn together(one: DataType, two: DataType) -> DataType {
    use DataType::{Date, Decimal, Double, Int, Long, Timestamp, TimestampNtz};
    let decimals = |one: u8, two: u8| DataType::decimal(one.max(two), 0);
    match (one, two) {
        (one, two) if one == two => one,
        (Int, Long) | (Long, Int) => Long,
        (Int, Decimal { precision, .. }) | (Decimal { precision, .. }, Int) => decimals(precision, 10),
        (Long, Decimal { precision, .. }) | (Decimal { precision, .. }, Long) => decimals(precision, 20),
        (Decimal { precision, .. }, Decimal { precision: other, .. }) => decimals(precision, other),
        (Int | Long | Decimal { .. }, Double) | (Double, Int | Long | Decimal { .. }) => Double,
        (Date | TimestampNtz, Timestamp) | (Timestamp, Date | TimestampNtz) => Timestamp,
        (Date, TimestampNtz) | (TimestampNtz, Date) => TimestampNtz,
        _ => DataType::String,
    }
}
