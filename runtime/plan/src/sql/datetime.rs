//! Dates and times inside typed constants.
//!
//!     '2020-1-5'  '2020-01-05 1:2:3.5'  '2020-01-05T01:02:03Z'  '12:34:56.7'
//!
//! Proleptic Gregorian, years of four to seven digits; a missing month or day is the first. Days and microseconds count
//! from 1970-01-01. A region's zone is only carried: its rules are the session's business.

use std::ops::Range;

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A local date and time, and the zone written behind it.
#[derive(Debug, PartialEq)]
pub(crate) struct Moment {
    pub micros: i64,
    pub zone: Zone,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Zone {
    Absent,
    /// Seconds east of Greenwich.
    Offset(i64),
    Region(String),
}

/// Days of a date; what follows it after a blank or `T` is ignored.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let mut reader = Reader { rest: text.trim() };
    let days = reader.date()?;
    (reader.rest.is_empty() || reader.rest.starts_with([' ', 'T'])).then_some(days).and_then(|days| i32::try_from(days).ok())
}

pub(crate) fn parse_timestamp(text: &str) -> Option<Moment> {
    let mut reader = Reader { rest: text.trim() };
    let days = reader.date()?;
    let mut time = 0;
    if reader.take([' ', 'T']) {
        time = reader.time(true)?;
    }
    let zone = zone(reader.rest.trim())?;
    let micros = days.checked_mul(MICROS_PER_DAY)?.checked_add(time)?;
    Some(Moment { micros, zone })
}

/// Nanoseconds of the day.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: text.trim() };
    reader.take(['T']);
    let micros = reader.time(false)?;
    const HALF_A_DAY: i64 = MICROS_PER_DAY / 2;
    let micros = match reader.rest.trim_start().to_ascii_uppercase().as_str() {
        "" => micros,
        // Clocks of twelve hours begin their halves at 12.
        half @ ("AM" | "PM") if (1..=12).contains(&(micros / (MICROS_PER_DAY / 24))) => {
            micros % HALF_A_DAY + if half == "PM" { HALF_A_DAY } else { 0 }
        }
        _ => return None,
    };
    Some(micros * 1_000)
}

/// Days from 1970-01-01, if there is such a day.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self, signs: [char; N]) -> bool {
        let stripped = self.rest.strip_prefix(signs);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }

    /// A number of so many digits.
    fn number(&mut self, digits: Range<usize>) -> Option<i64> {
        let count = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        if !digits.contains(&count) {
            return None;
        }
        let number = self.rest[..count].parse().ok();
        self.rest = &self.rest[count..];
        number
    }

    fn date(&mut self) -> Option<i64> {
        let sign = if self.rest.starts_with('-') { -1 } else { 1 };
        self.take(['-', '+']);
        let year = sign * self.number(4..8)?;
        let month = if self.take(['-']) { self.number(1..3)? } else { return days_of(year, 1, 1) };
        let day = if self.take(['-']) { self.number(1..3)? } else { 1 };
        days_of(year, month, day)
    }

    /// Microseconds of the day; `h` alone counts if `hour_alone`.
    fn time(&mut self, hour_alone: bool) -> Option<i64> {
        let hour = self.number(1..3).filter(|hour| *hour < 24)?;
        if !self.rest.starts_with(':') {
            return hour_alone.then_some(hour * 3_600 * MICROS_PER_SECOND);
        }
        let minute = self.after_colon()?;
        let second = self.after_colon()?;
        let fraction = if self.take(['.']) { self.fraction()? } else { 0 };
        Some(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + fraction)
    }

    fn after_colon(&mut self) -> Option<i64> {
        if !self.take([':']) {
            return Some(0);
        }
        self.number(1..3).filter(|number| *number < 60)
    }

    /// Microseconds; further digits are cut.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let digits: String = self.rest[..count].chars().chain("000000".chars()).take(6).collect();
        self.rest = &self.rest[count..];
        digits.parse().ok()
    }
}

fn zone(text: &str) -> Option<Zone> {
    if text.is_empty() {
        return Some(Zone::Absent);
    }
    let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    if offset.is_empty() || offset == "Z" {
        return Some(Zone::Offset(0));
    }
    if let Some(sign) = offset.strip_prefix('+').map(|_| 1).or_else(|| offset.strip_prefix('-').map(|_| -1)) {
        return offset_seconds(&offset[1..]).map(|seconds| Zone::Offset(sign * seconds));
    }
    let is_region = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    is_region.then(|| Zone::Region(text.to_owned()))
}

/// `1`, `01`, `0130`, `1:30`, `01:30:15`.
fn offset_seconds(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: text };
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        let hhmm: i64 = text.parse().ok()?;
        return (hhmm / 100 <= 18 && hhmm % 100 < 60).then_some((hhmm / 100 * 60 + hhmm % 100) * 60);
    }
    let hour = reader.number(1..3).filter(|hour| *hour <= 18)?;
    let minute = reader.after_colon()?;
    let second = reader.after_colon()?;
    reader.rest.is_empty().then_some((hour * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("2000-02-29"), Some(11_016));
        assert_eq!(parse_date("1900-02-29"), None);
        assert_eq!(parse_date("2020"), Some(18_262));
        assert_eq!(parse_date(" 2020-3 "), Some(18_322));
        assert_eq!(parse_date("1998-12-1 anything"), Some(10_561));
        assert_eq!(parse_date("-0001-01-01"), Some(-719_893));
        assert_eq!(parse_date("20-01-01"), None);
        assert_eq!(parse_date("2020-01-01x"), None);
    }

    #[test]
    fn timestamps() {
        let at = |text| parse_timestamp(text).map(|moment| (moment.micros, moment.zone));
        assert_eq!(at("1970-01-02"), Some((MICROS_PER_DAY, Zone::Absent)));
        assert_eq!(at("1970-01-01 00:00:01.5"), Some((1_500_000, Zone::Absent)));
        assert_eq!(at("1970-01-01T1:2:3.1234567Z"), Some((3_723_123_456, Zone::Offset(0))));
        assert_eq!(at("1970-01-01 00:00:00 +01:30"), Some((0, Zone::Offset(5_400))));
        assert_eq!(at("1970-01-01 00:00:00 UTC-2"), Some((0, Zone::Offset(-7_200))));
        assert_eq!(at("1970-01-01 00:00:00 Europe/Oslo"), Some((0, Zone::Region("Europe/Oslo".into()))));
        assert_eq!(at("1970-01-01 25:00:00"), None);
        assert_eq!(parse_time("12:34:56.7"), Some(45_296_700_000_000));
        assert_eq!(parse_time("12"), None);
    }
}
