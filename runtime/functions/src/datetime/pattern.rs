//! Spark's datetime patterns (`yyyy-MM-dd HH:mm:ss`), for printing and for reading.
//!
//!     "yyyy-MM-dd" ──► [`Pattern`] ──► print(moment) ──► text
//!                                 └──► read(text)    ──► Reading { fields } ──► days or microseconds
//!
//! Follows Java's DateTimeFormatter as Spark uses it: strict ranges, names in English, case ignored when reading,
//! fractions of any length up to the letters given, fields not in the text are those of 1970-01-01T00:00.
//! Not here: zones' rules (`zones`), the calendar (`calendar`). Begin at [`Pattern::parse`].

use std::fmt::Write as _;

use chrono::TimeZone as _;
use chrono_tz::OffsetName as _;
use emberflow_base::{Error, Result};

use crate::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND, date_of, days_of, is_date, is_leap};
use crate::zones::Zone;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Item {
    Text(String),
    Field(char, usize),
    Optional(Vec<Item>),
}

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How many letters in a row each field takes at most.
fn most_letters(letter: char) -> Option<usize> {
    Some(match letter {
        'G' | 'E' | 'Q' | 'q' | 'z' => 4,
        'M' | 'L' => 4,
        'y' => 6,
        'D' => 3,
        'd' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'V' => 2,
        'F' | 'a' => 1,
        'S' => 9,
        'O' => 4,
        'X' | 'x' | 'Z' => 5,
        _ => return None,
    })
}

impl Pattern {
    /// Compiles a pattern for printing, or raises Spark's error about it.
    pub fn parse(pattern: &str) -> Result<Pattern> {
        if let Some(letter) = unquoted(pattern).find(|letter| matches!(letter, 'Y' | 'W' | 'w' | 'u' | 'e' | 'c')) {
            return Err(refused(pattern, letter));
        }
        let mut letters = pattern.chars().peekable();
        let items = Self::items(&mut letters, pattern, false)?;
        Ok(Pattern { items })
    }

    /// Compiles a pattern for reading, where days of the week and quarters say nothing.
    pub fn for_reading(pattern: &str) -> Result<Pattern> {
        match unquoted(pattern).find(|letter| matches!(letter, 'E' | 'F' | 'q' | 'Q')) {
            Some(letter) => Err(refused(pattern, letter)),
            None => Self::parse(pattern),
        }
    }

    fn items(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, pattern: &str, nested: bool) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' => items.push(Item::Text(quoted(letters, pattern)?)),
                '[' => items.push(Item::Optional(Self::items(letters, pattern, true)?)),
                ']' if nested => return Ok(items),
                ']' | '{' | '}' | '#' => return Err(refused(pattern, letter)),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while letters.peek() == Some(&letter) {
                        letters.next();
                        count += 1;
                    }
                    items.push(field(letter, count, pattern)?);
                }
                other => items.push(Item::Text(other.to_string())),
            }
        }
        Ok(items)
    }

    /// Prints the wall clock `local`, `offset` seconds ahead of UTC.
    pub fn print(&self, local: i64, zone: &Zone, out: &mut String) {
        let moment = Moment::at(local);
        print_items(&self.items, &moment, zone, out);
    }

    /// Reads a text to its end.
    pub fn read(&self, text: &str) -> Option<Reading> {
        let mut reading = Reading::default();
        let rest = read_items(&self.items, text, &mut reading)?;
        (rest.is_empty() && reading.is_sound()).then_some(reading)
    }

    /// What Java says about a text that cannot be read.
    pub fn complaint(&self, text: &str) -> String {
        let mut reading = Reading { whole: text.len(), ..Reading::default() };
        let rest = read_items(&self.items, text, &mut reading);
        let said = format!("Text '{text}' could not be parsed");
        match (rest, reading.beyond.take()) {
            (_, Some((field, range, value))) => format!("{said}: Invalid value for {field} (valid values {range}): {value}"),
            (None, None) => format!("{said} at index {}", reading.at),
            (Some(rest), None) if !rest.is_empty() => {
                format!("{said}, unparsed text found at index {}", text.len() - rest.len())
            }
            (Some(_), None) => {
                let (month, day) = (reading.month.unwrap_or(1), reading.day.unwrap_or(1));
                match day {
                    29 => format!("{said}: Invalid date 'February 29' as '{}' is not a leap year", reading.year()),
                    _ => format!("{said}: Invalid date '{} {day}'", MONTHS[month as usize - 1].to_uppercase()),
                }
            }
        }
    }
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, pattern: &str) -> Result<String> {
    let mut text = String::new();
    if letters.peek() == Some(&'\'') {
        letters.next();
        return Ok("'".into());
    }
    loop {
        match letters.next() {
            Some('\'') if letters.peek() == Some(&'\'') => {
                letters.next();
                text.push('\'');
            }
            Some('\'') => return Ok(text),
            Some(letter) => text.push(letter),
            None => return Err(refused(pattern, '\'')),
        }
    }
}

fn field(letter: char, count: usize, pattern: &str) -> Result<Item> {
    match most_letters(letter) {
        Some(most) if count <= most && (letter != 'V' || count == 2) && (letter != 'O' || matches!(count, 1 | 4)) => {
            Ok(Item::Field(letter, count))
        }
        _ => Err(refused(pattern, letter)),
    }
}

/// The letters of a pattern that are not quoted.
fn unquoted(pattern: &str) -> impl Iterator<Item = char> {
    pattern.split('\'').step_by(2).flat_map(str::chars)
}

/// A pattern Spark 2 understood asks for care; others are plainly wrong.
fn refused(pattern: &str, letter: char) -> Error {
    let old = unquoted(pattern).all(|letter| !letter.is_ascii_alphabetic() || "GyYMLwWDdFEuaHkKhmsSzZX".contains(letter));
    if old && letter.is_ascii_alphabetic() {
        return Error::new("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION")
            .with("pattern", format!("'{pattern}'"))
            .with("config", "\"spark.sql.legacy.timeParserPolicy\"")
            .with("docroot", "https://spark.apache.org/docs/latest");
    }
    if matches!(letter, 'Y' | 'W' | 'w' | 'u' | 'e' | 'c') {
        return Error::new("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN").with("c", letter.to_string());
    }
    Error::new("INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER").with("c", letter.to_string()).with("pattern", pattern)
}

/// A wall clock taken apart.
struct Moment {
    local: i64,
    days: i64,
    year: i64,
    month: u32,
    day: u32,
    second_of_day: i64,
    nanos: i64,
}

impl Moment {
    fn at(local: i64) -> Self {
        let days = local.div_euclid(MICROS_PER_DAY);
        let micros = local.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = date_of(days);
        let second_of_day = micros / MICROS_PER_SECOND;
        Self { local, days, year, month, day, second_of_day, nanos: micros % MICROS_PER_SECOND * 1000 }
    }

    fn number(&self, letter: char) -> i64 {
        let hour = self.second_of_day / 3600;
        match letter {
            'D' => self.days - days_of(self.year, 1, 1) + 1,
            'M' | 'L' => i64::from(self.month),
            'd' => i64::from(self.day),
            'F' => i64::from((self.day - 1) % 7 + 1),
            'Q' | 'q' => i64::from((self.month - 1) / 3 + 1),
            'H' => hour,
            'k' => (hour + 23) % 24 + 1,
            'K' => hour % 12,
            'h' => (hour + 11) % 12 + 1,
            'm' => self.second_of_day / 60 % 60,
            _ => self.second_of_day % 60,
        }
    }

    fn weekday(&self) -> usize {
        (self.days + 3).rem_euclid(7) as usize
    }
}

fn print_items(items: &[Item], moment: &Moment, zone: &Zone, out: &mut String) {
    for item in items {
        match item {
            Item::Text(text) => out.push_str(text),
            Item::Optional(items) => print_items(items, moment, zone, out),
            Item::Field(letter, count) => print_field(*letter, *count, moment, zone, out),
        }
    }
}

fn print_field(letter: char, count: usize, moment: &Moment, zone: &Zone, out: &mut String) {
    let era_year = if moment.year > 0 { moment.year } else { 1 - moment.year };
    match (letter, count) {
        ('G', 4) => out.push_str(if moment.year > 0 { "Anno Domini" } else { "Before Christ" }),
        ('G', _) => out.push_str(if moment.year > 0 { "AD" } else { "BC" }),
        ('y', 2) => {
            let _ = write!(out, "{:02}", era_year % 100);
        }
        ('y', count) => {
            if count >= 4 && era_year.to_string().len() > count {
                out.push('+');
            }
            let _ = write!(out, "{era_year:0count$}");
        }
        ('M' | 'L', 3) => out.push_str(&MONTHS[moment.month as usize - 1][..3]),
        ('M' | 'L', 4) => out.push_str(MONTHS[moment.month as usize - 1]),
        ('Q' | 'q', 3) => {
            let _ = write!(out, "Q{}", moment.number('Q'));
        }
        ('Q' | 'q', 4) => {
            out.push_str(["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"][moment.number('Q') as usize - 1])
        }
        ('E', 4) => out.push_str(DAYS[moment.weekday()]),
        ('E', _) => out.push_str(&DAYS[moment.weekday()][..3]),
        ('a', _) => out.push_str(if moment.second_of_day < 43_200 { "AM" } else { "PM" }),
        ('S', count) => out.push_str(&format!("{:09}", moment.nanos)[..count]),
        ('V' | 'z' | 'O' | 'X' | 'x' | 'Z', count) => print_zone(letter, count, moment, zone, out),
        (letter, count) => {
            let _ = write!(out, "{:0count$}", moment.number(letter));
        }
    }
}

fn print_zone(letter: char, count: usize, moment: &Moment, zone: &Zone, out: &mut String) {
    let instant = zone.instant(moment.local);
    let offset = zone.offset_at(instant);
    match (letter, count) {
        ('V', _) => out.push_str(&zone_name(zone)),
        ('z', _) => out.push_str(&zone_short_name(zone, instant)),
        ('O', 1) => out.push_str(&gmt_offset(offset, false)),
        ('O', _) | ('Z', 4) => out.push_str(&gmt_offset(offset, true)),
        ('X', _) | ('Z', 5) if offset == 0 => out.push('Z'),
        ('X' | 'x', 1) => {
            let minutes = if offset % 3600 == 0 { String::new() } else { format!("{:02}", offset.abs() / 60 % 60) };
            let _ = write!(out, "{}{:02}{minutes}", sign(offset), offset.abs() / 3600);
        }
        ('X' | 'x', 2 | 4) | ('Z', 1..=3) => {
            let seconds = if count == 4 && offset % 60 != 0 { format!("{:02}", offset.abs() % 60) } else { String::new() };
            let _ = write!(out, "{}{:02}{:02}{seconds}", sign(offset), offset.abs() / 3600, offset.abs() / 60 % 60);
        }
        _ => out.push_str(&colon_offset(offset)),
    }
}

fn sign(offset: i32) -> char {
    if offset < 0 { '-' } else { '+' }
}

fn colon_offset(offset: i32) -> String {
    let seconds = if offset % 60 == 0 { String::new() } else { format!(":{:02}", offset.abs() % 60) };
    format!("{}{:02}:{:02}{seconds}", sign(offset), offset.abs() / 3600, offset.abs() / 60 % 60)
}

fn gmt_offset(offset: i32, full: bool) -> String {
    match (offset, full) {
        (0, _) => "GMT".into(),
        (offset, true) => format!("GMT{}", colon_offset(offset)),
        (offset, false) if offset % 3600 == 0 => format!("GMT{}{}", sign(offset), offset.abs() / 3600),
        (offset, false) => format!("GMT{}{}:{:02}", sign(offset), offset.abs() / 3600, offset.abs() / 60 % 60),
    }
}

fn zone_name(zone: &Zone) -> String {
    match zone {
        Zone::Fixed(0) => "UTC".into(),
        Zone::Fixed(offset) => colon_offset(*offset),
        Zone::Named(zone) => zone.name().to_owned(),
    }
}

fn zone_short_name(zone: &Zone, instant: i64) -> String {
    match (zone, chrono::DateTime::from_timestamp_micros(instant)) {
        (Zone::Named(named), Some(utc)) => {
            let offset = named.offset_from_utc_datetime(&utc.naive_utc());
            offset.abbreviation().map_or_else(|| zone_name(zone), str::to_owned)
        }
        _ => zone_name(zone),
    }
}

/// What a text said.
#[derive(Debug, Default, Clone)]
pub struct Reading {
    before_christ: bool,
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    weekday: Option<usize>,
    quarter: Option<u32>,
    hour: Option<i64>,
    half_day_hour: Option<i64>,
    is_afternoon: Option<bool>,
    minute: i64,
    second: i64,
    nanos: i64,
    zone: Option<Zone>,
    /// Where the item being read begins, in a text of `whole` bytes, and what lay outside its range: for complaints.
    at: usize,
    whole: usize,
    beyond: Option<(&'static str, &'static str, i64)>,
}

impl Reading {
    fn year(&self) -> i64 {
        let year = self.year.unwrap_or(1970);
        if self.before_christ { 1 - year } else { year }
    }

    fn hour(&self) -> i64 {
        match (self.hour, self.half_day_hour) {
            (Some(hour), _) => hour,
            (None, Some(hour)) => hour + if self.is_afternoon == Some(true) { 12 } else { 0 },
            (None, None) => {
                if self.is_afternoon == Some(true) {
                    12
                } else {
                    0
                }
            }
        }
    }

    /// Days since 1970.
    pub fn days(&self) -> i64 {
        match self.day_of_year {
            Some(day) if self.month.is_none() => days_of(self.year(), 1, 1) + i64::from(day) - 1,
            _ => days_of(self.year(), self.month.unwrap_or(1), self.day.unwrap_or(1)),
        }
    }

    /// Microseconds on the wall clock.
    pub fn local(&self) -> i64 {
        let seconds = (self.hour() * 60 + self.minute) * 60 + self.second;
        self.days() * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + self.nanos / 1000
    }

    /// Microseconds since 1970 in UTC; `zone` applies if the text names none.
    pub fn instant(&self, zone: &Zone) -> i64 {
        self.zone.as_ref().unwrap_or(zone).instant(self.local())
    }

    fn is_sound(&self) -> bool {
        let year = self.year();
        let date = is_date(year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let days = if is_leap(year) { 366 } else { 365 };
        date && (-999_999..=999_999).contains(&year)
            && self.day_of_year.is_none_or(|day| (1..=days).contains(&day))
            && self.weekday.is_none_or(|weekday| (self.days() + 3).rem_euclid(7) as usize == weekday)
            && self.quarter.is_none_or(|quarter| self.month.is_none_or(|month| (month - 1) / 3 + 1 == quarter))
    }
}

fn read_items<'a>(items: &[Item], mut text: &'a str, reading: &mut Reading) -> Option<&'a str> {
    for (index, item) in items.iter().enumerate() {
        reading.at = reading.whole.saturating_sub(text.len());
        match item {
            Item::Text(expected) => {
                let head = text.get(..expected.len())?;
                if !head.eq_ignore_ascii_case(expected) {
                    return None;
                }
                text = &text[expected.len()..];
            }
            Item::Optional(inner) => {
                let mut trial = reading.clone();
                if let Some(rest) = read_items(inner, text, &mut trial) {
                    *reading = trial;
                    text = rest;
                }
            }
            Item::Field(letter, count) => text = read_field(*letter, *count, &items[index + 1..], text, reading)?,
        }
    }
    Some(text)
}

/// Digits that neighbours of fixed width need, so that a wide field leaves them alone.
fn reserved(after: &[Item]) -> usize {
    let mut digits = 0;
    for item in after {
        match item {
            Item::Field('D' | 'd' | 'H' | 'k' | 'K' | 'h' | 'm' | 's', count) if *count >= 2 => digits += count,
            Item::Field('M' | 'L' | 'Q' | 'q' | 'y', 2) => digits += 2,
            Item::Field('S', _) => return digits + 1,
            _ => break,
        }
    }
    digits
}

fn digits(text: &str, least: usize, most: usize, reserved: usize) -> Option<(i64, &str)> {
    let there = text.bytes().take_while(u8::is_ascii_digit).count();
    let taken = there.saturating_sub(reserved).min(most).max(least);
    if taken > there || taken == 0 {
        return None;
    }
    Some((text[..taken].parse().ok()?, &text[taken..]))
}

fn read_field<'a>(letter: char, count: usize, after: &[Item], text: &'a str, reading: &mut Reading) -> Option<&'a str> {
    let number = |least: usize, most: usize| digits(text, least, most, reserved(after));
    let fixed = |most: usize| if count >= 2 { number(count, count) } else { number(1, most) };
    let within = |value: i64, range: std::ops::RangeInclusive<i64>| range.contains(&value).then_some(value);
    match (letter, count) {
        ('G', _) => return read_era(text, reading),
        ('y', 2) => {
            let (value, rest) = number(2, 2)?;
            reading.year = Some(2000 + value);
            return Some(rest);
        }
        ('y', count) => {
            let plus = if count >= 4 { text.strip_prefix('+').unwrap_or(text) } else { text };
            let (value, rest) = digits(plus, count, 6.max(count), reserved(after))?;
            reading.year = Some(within(value, 1..=999_999)?);
            return Some(rest);
        }
        ('M' | 'L', 3..) => {
            let (index, rest) = name(text, &MONTHS, count == 3)?;
            reading.month = Some(index as u32 + 1);
            return Some(rest);
        }
        ('E', count) => {
            let (index, rest) = name(text, &DAYS, count < 4)?;
            reading.weekday = Some(index);
            return Some(rest);
        }
        ('Q' | 'q', 3..) => {
            let rest = text.strip_prefix(['Q', 'q'])?;
            let (value, rest) = digits(rest, 1, 1, 0)?;
            reading.quarter = Some(within(value, 1..=4)? as u32);
            return Some(rest);
        }
        ('a', _) => {
            let head = text.get(..2)?.to_ascii_uppercase();
            reading.is_afternoon = Some(match head.as_str() {
                "AM" => false,
                "PM" => true,
                _ => return None,
            });
            return Some(&text[2..]);
        }
        ('S', most) => {
            let there = text.bytes().take_while(u8::is_ascii_digit).count().min(most);
            let value: i64 = text.get(..there).filter(|digits| !digits.is_empty())?.parse().ok()?;
            reading.nanos = value * 10_i64.pow(9 - there as u32);
            return Some(&text[there..]);
        }
        ('V' | 'z' | 'O' | 'X' | 'x' | 'Z', _) => return read_zone(text, reading),
        _ => {}
    }
    let (value, rest) = fixed(if letter == 'D' { 3 } else { 2 })?;
    if let Some((field, text, _)) = range_of(letter).filter(|(_, _, range)| !range.contains(&value)) {
        reading.beyond = Some((field, text, value));
        return None;
    }
    match letter {
        'M' | 'L' => reading.month = Some(within(value, 1..=12)? as u32),
        'd' => reading.day = Some(within(value, 1..=31)? as u32),
        'D' => reading.day_of_year = Some(within(value, 1..=366)? as u32),
        'Q' | 'q' => reading.quarter = Some(within(value, 1..=4)? as u32),
        'H' => reading.hour = Some(within(value, 0..=23)?),
        'k' => reading.hour = Some(within(value, 1..=24)? % 24),
        'K' => reading.half_day_hour = Some(within(value, 0..=11)?),
        'h' => reading.half_day_hour = Some(within(value, 1..=12)? % 12),
        'm' => reading.minute = within(value, 0..=59)?,
        's' => reading.second = within(value, 0..=59)?,
        _ => {}
    }
    Some(rest)
}

/// A field's name in Java, its range as Java prints it, and its range.
fn range_of(letter: char) -> Option<(&'static str, &'static str, std::ops::RangeInclusive<i64>)> {
    Some(match letter {
        'M' | 'L' => ("MonthOfYear", "1 - 12", 1..=12),
        'd' => ("DayOfMonth", "1 - 28/31", 1..=31),
        'D' => ("DayOfYear", "1 - 365/366", 1..=366),
        'H' => ("HourOfDay", "0 - 23", 0..=23),
        'k' => ("ClockHourOfDay", "1 - 24", 1..=24),
        'K' => ("HourOfAmPm", "0 - 11", 0..=11),
        'h' => ("ClockHourOfAmPm", "1 - 12", 1..=12),
        'm' => ("MinuteOfHour", "0 - 59", 0..=59),
        's' => ("SecondOfMinute", "0 - 59", 0..=59),
        _ => return None,
    })
}

fn read_era<'a>(text: &'a str, reading: &mut Reading) -> Option<&'a str> {
    let head = text.get(..2)?.to_ascii_uppercase();
    reading.before_christ = match head.as_str() {
        "AD" => false,
        "BC" => true,
        _ => return None,
    };
    Some(&text[2..])
}

fn name<'a>(text: &'a str, names: &[&str], short: bool) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let wanted = if short { &name[..3] } else { name };
        let head = text.get(..wanted.len())?;
        head.eq_ignore_ascii_case(wanted).then(|| (index, &text[wanted.len()..]))
    })
}

fn read_zone<'a>(text: &'a str, reading: &mut Reading) -> Option<&'a str> {
    let length =
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'-' | b':')).count();
    (1..=length).rev().find_map(|length| {
        let zone = Zone::find(text.get(..length)?)?;
        reading.zone = Some(zone);
        Some(&text[length..])
    })
}
