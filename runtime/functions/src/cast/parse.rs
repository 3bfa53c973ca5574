//! Text to values, as Spark reads it: white space around is ignored, anything else that does not belong makes it invalid.
//!
//! Pure functions, one a type. Not here: what an invalid text leads to (`columns`).

use crate::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, days_of, is_date, split_micros};
use crate::operators::decimals::{drop_digits, power};
use crate::zones::Zone;

/// Without white space and control characters at both ends.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || ('\u{7f}'..='\u{9f}').contains(&c))
}

/// A whole number; with `fraction`, digits after a point are read over.
pub fn integer(text: &str, fraction: bool) -> Option<i64> {
    let text = trimmed(text);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text.as_bytes()[1..]),
        b'+' => (false, &text.as_bytes()[1..]),
        _ => (false, text.as_bytes()),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    let mut at = 0;
    while let Some(byte) = digits.get(at) {
        if fraction && *byte == b'.' {
            let all = digits[at + 1..].iter().all(u8::is_ascii_digit);
            return if !all {
                None
            } else if negative {
                Some(value)
            } else {
                value.checked_neg()
            };
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        // Counting downwards reaches the smallest number too.
        value = value.checked_mul(10)?.checked_sub(i64::from(byte - b'0'))?;
        at += 1;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// A double as `Double.parseDouble` reads it, and Spark's names of what is not finite.
pub fn double(text: &str) -> Option<f64> {
    floating(text)?.parse().ok()
}

/// A float; rounded once.
pub fn float(text: &str) -> Option<f32> {
    floating(text)?.parse().ok()
}

fn floating(text: &str) -> Option<&str> {
    let text = trimmed(text);
    for (name, known) in [
        ("inf", "inf"),
        ("+inf", "inf"),
        ("infinity", "inf"),
        ("+infinity", "inf"),
        ("-inf", "-inf"),
        ("-infinity", "-inf"),
        ("nan", "nan"),
    ] {
        if text.eq_ignore_ascii_case(name) {
            return Some(known);
        }
    }
    let text = match text.as_bytes() {
        [.., before, b'd' | b'D' | b'f' | b'F'] if before.is_ascii_digit() || *before == b'.' => &text[..text.len() - 1],
        _ => text,
    };
    let fits = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    fits.then_some(text)
}

/// What a text means as a decimal of some scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    Invalid,
    /// More than 38 digits before the point.
    Huge,
    /// Unscaled, at the scale asked for; may need more digits than the type has.
    Value(i128),
    /// More digits than 128 bits hold at this scale.
    Overflow,
}

/// A decimal, rounded half up to `scale`.
pub fn decimal(text: &str, scale: i8) -> Decimal {
    let Some((negative, mantissa, exponent, whole_digits)) = mantissa(trimmed(text)) else { return Decimal::Invalid };
    if mantissa != 0 && whole_digits > 38 {
        return Decimal::Huge;
    }
    let shift = exponent + i64::from(scale);
    let value = if mantissa == 0 {
        Some(0)
    } else if shift >= 0 {
        u32::try_from(shift).ok().filter(|shift| *shift <= 38).and_then(|shift| mantissa.checked_mul(power(shift)))
    } else {
        Some(drop_digits(mantissa, u32::try_from(-shift).unwrap_or(u32::MAX)))
    };
    match value {
        Some(value) => Decimal::Value(if negative { -value } else { value }),
        None => Decimal::Overflow,
    }
}

/// Sign, up to 38 significant digits, the exponent they have, and the number of digits before the point.
fn mantissa(text: &str) -> Option<(bool, i128, i64, i64)> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, power) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
        None => (rest, 0),
    };
    let mut value: i128 = 0;
    let (mut kept, mut dropped, mut fraction, mut any) = (0_i64, 0_i64, 0_i64, false);
    let mut after_point = false;
    for byte in digits.bytes() {
        if byte == b'.' && !after_point {
            after_point = true;
            continue;
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        any = true;
        fraction += i64::from(after_point);
        if kept == 38 {
            dropped += 1;
        } else if value != 0 || byte != b'0' {
            value = value * 10 + i128::from(byte - b'0');
            kept += 1;
        }
    }
    let exponent = power - fraction + dropped;
    any.then_some((negative, value, exponent, kept + exponent))
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.len() < 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.strip_prefix('+').unwrap_or(text).parse().ok()).flatten()
}

pub fn boolean(text: &str) -> Option<bool> {
    let text = trimmed(text);
    let is = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["t", "true", "y", "yes", "1"]) {
        return Some(true);
    }
    is(["f", "false", "n", "no", "0"]).then_some(false)
}

/// Reads digits off the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length < least || length > most {
            return None;
        }
        let value = self.rest[..length].iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
        self.rest = &self.rest[length..];
        Some(value)
    }

    fn eat(&mut self, expected: u8) -> bool {
        let found = self.rest.first() == Some(&expected);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }
}

/// `yyyy`, `yyyy-m` or `yyyy-m-d`: the day number, and whether the day was given.
fn day(reader: &mut Reader<'_>, year_digits: usize) -> Option<(i64, bool)> {
    let negative = reader.rest.first() == Some(&b'-');
    if negative || reader.rest.first() == Some(&b'+') {
        reader.rest = &reader.rest[1..];
    }
    let year = reader.number(4, year_digits)?;
    let year = if negative { -year } else { year };
    let month = if reader.eat(b'-') { Some(reader.number(1, 2)?) } else { None };
    let day = if month.is_some() && reader.eat(b'-') { Some(reader.number(1, 2)?) } else { None };
    let (month, of_month) = (u32::try_from(month.unwrap_or(1)).ok()?, u32::try_from(day.unwrap_or(1)).ok()?);
    is_date(year, month, of_month).then(|| (days_of(year, month, of_month), day.is_some()))
}

/// A date; what follows the day after a space or `T` is ignored.
pub fn date(text: &str) -> Option<i32> {
    let mut reader = Reader { rest: trimmed(text).as_bytes() };
    let (days, with_day) = day(&mut reader, 7)?;
    let ends = reader.rest.is_empty() || (with_day && matches!(reader.rest[0], b' ' | b'T'));
    ends.then(|| i32::try_from(days).ok()).flatten()
}

/// A timestamp's wall clock and the zone written behind it, if any; `today` gives the day when there is only a time.
pub fn timestamp(text: &str, today: impl Fn(&Option<Zone>) -> Option<i64>) -> Option<(i64, Option<Zone>)> {
    let text = trimmed(text);
    let mut reader = Reader { rest: text.as_bytes() };
    let only_time =
        reader.eat(b'T') || text.find(':').is_some_and(|at| at <= 2 && text.as_bytes()[..at].iter().all(u8::is_ascii_digit));
    if only_time {
        let of_day = time(&mut reader)?;
        let zone = zone(reader.rest)?;
        let days = today(&zone)?;
        return Some((days * MICROS_PER_DAY + of_day, zone));
    }
    let (days, with_day) = day(&mut reader, 6)?;
    if reader.rest.is_empty() {
        return Some((days.checked_mul(MICROS_PER_DAY)?, None));
    }
    if !with_day || !(reader.eat(b' ') || reader.eat(b'T')) {
        return None;
    }
    let of_day = time(&mut reader)?;
    let zone = zone(reader.rest)?;
    Some((days.checked_mul(MICROS_PER_DAY)?.checked_add(of_day)?, zone))
}

/// `h`, `h:m`, `h:m:s`, `h:m:s.f`.
fn time(reader: &mut Reader<'_>) -> Option<i64> {
    let hour = reader.number(1, 2).filter(|hour| *hour < 24)?;
    let minute = if reader.eat(b':') { Some(reader.number(1, 2)?) } else { None };
    let second = if minute.is_some() && reader.eat(b':') { Some(reader.number(1, 2)?) } else { None };
    let fraction = if second.is_some() && reader.eat(b'.') { fraction(reader) } else { 0 };
    let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
    (minute < 60 && second < 60)
        .then(|| hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + fraction)
}

fn fraction(reader: &mut Reader<'_>) -> i64 {
    let mut value = 0;
    let mut digits = 0;
    while let Some(byte) = reader.rest.first().filter(|byte| byte.is_ascii_digit()) {
        if digits < 6 {
            value = value * 10 + i64::from(byte - b'0');
            digits += 1;
        }
        reader.rest = &reader.rest[1..];
    }
    value * 10_i64.pow(6 - digits)
}

/// Nothing, or a zone, perhaps after a space.
fn zone(rest: &[u8]) -> Option<Option<Zone>> {
    let text = std::str::from_utf8(rest).ok()?;
    if text.is_empty() { Some(None) } else { Zone::find(text).map(Some) }
}

/// A time of day in microseconds.
pub fn time_of_day(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: trimmed(text).as_bytes() };
    let _ = reader.eat(b'T');
    time(&mut reader).filter(|_| reader.rest.is_empty())
}

/// The instants and days that have names; `now` in UTC microseconds.
pub fn named_instant(text: &str, now: i64, zone: &Zone) -> Option<i64> {
    let start = |shift: i64| {
        let (day, _) = split_micros(zone.local(now));
        zone.instant((day + shift) * MICROS_PER_DAY)
    };
    match trimmed(text).to_ascii_lowercase().as_str() {
        "epoch" => Some(0),
        "now" => Some(now),
        "today" => Some(start(0)),
        "yesterday" => Some(start(-1)),
        "tomorrow" => Some(start(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        assert_eq!(integer(" +12 ", false), Some(12));
        assert_eq!(integer("12.9", false), None);
        assert_eq!(integer("-12.9", true), Some(-12));
        assert_eq!(integer(".", true), Some(0));
        assert_eq!(integer("1.x", true), None);
        assert_eq!(integer("-9223372036854775808", false), Some(i64::MIN));
        assert_eq!(integer("9223372036854775808", false), None);
        assert_eq!(integer("-", false), None);
    }

    #[test]
    fn decimals_round_half_up() {
        assert_eq!(decimal("1.25", 1), Decimal::Value(13));
        assert_eq!(decimal("-1.25", 1), Decimal::Value(-13));
        assert_eq!(decimal("1e2", 1), Decimal::Value(1000));
        assert_eq!(decimal("x", 1), Decimal::Invalid);
        assert_eq!(decimal(&"1".repeat(39), 0), Decimal::Huge);
        assert_eq!(decimal("0.00000000000000000000000000000000000000000000000001", 10), Decimal::Value(0));
        assert_eq!(decimal(".", 1), Decimal::Invalid);
    }

    #[test]
    fn dates_and_timestamps() {
        assert_eq!(date("2020-2-3 foo"), Some(18295));
        assert_eq!(date("2020-02-30"), None);
        assert_eq!(date("2020 foo"), None);
        assert_eq!(date("20200203"), None);
        let at = |text| timestamp(text, |_| None).map(|(local, zone)| (local, zone.is_some()));
        assert_eq!(at("1970-01-01 00:00:01.5"), Some((1_500_000, false)));
        assert_eq!(at("1970-01-01T0:0:1 +2:30"), Some((1_000_000, true)));
        assert_eq!(at("1970-01-01 25:00"), None);
        assert_eq!(at("1970-01"), Some((0, false)));
    }

    #[test]
    fn truths() {
        assert_eq!(boolean(" T "), Some(true));
        assert_eq!(boolean("NO"), Some(false));
        assert_eq!(boolean("off"), None);
    }
}
