//! Time zones as Spark names them: `Europe/Paris`, `+02:00`, `UTC+3`, `Z`.
//!
//!     instant (UTC microseconds) ──► [`Zone::local`] ──► wall-clock microseconds ──► [`Zone::instant`] ──► instant
//!
//! A wall-clock time that never was is moved forward by the gap; one that was twice means the earlier instant.
//! Not here: the calendar (`calendar`). Begin at [`Zone::parse`].

use std::cell::Cell;

use chrono::{MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use emberflow_base::{Error, Result};

use crate::calendar::MICROS_PER_SECOND;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// Always this many seconds ahead of UTC.
    Fixed(i32),
    Named(Tz),
}

impl Zone {
    /// The zone called `name`, or Spark's error.
    pub fn parse(name: &str) -> Result<Zone> {
        Self::find(name).ok_or_else(|| Error::new("INVALID_TIMEZONE").with("timeZone", name))
    }

    /// The zone called `name`, if there is one.
    pub fn find(name: &str) -> Option<Zone> {
        let name = name.trim();
        if name == "Z" {
            return Some(Zone::Fixed(0));
        }
        if name.starts_with(['+', '-']) {
            return offset(name).map(Zone::Fixed);
        }
        for prefix in ["UTC", "GMT", "UT"] {
            match name.strip_prefix(prefix) {
                Some("") => return Some(Zone::Fixed(0)),
                Some(rest) if rest.starts_with(['+', '-']) => return offset(rest).map(Zone::Fixed),
                _ => {}
            }
        }
        if let Some(known) = short_name(name) {
            return Self::find(known);
        }
        name.parse::<Tz>()
            .ok()
            .map(|zone| if matches!(zone, Tz::UTC | Tz::Etc__UTC) { Zone::Fixed(0) } else { Zone::Named(zone) })
    }

    /// Whether wall clock and instant are the same.
    pub fn is_utc(&self) -> bool {
        *self == Zone::Fixed(0)
    }

    /// How many seconds the wall clock is ahead of UTC at an instant.
    pub fn offset_at(&self, micros: i64) -> i32 {
        match self {
            Zone::Fixed(seconds) => *seconds,
            Zone::Named(zone) => match in_reach(micros) {
                Some(utc) => zone.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
                None => 0,
            },
        }
    }

    /// The wall clock at an instant.
    pub fn local(&self, micros: i64) -> i64 {
        micros.wrapping_add(i64::from(self.offset_at(micros)) * MICROS_PER_SECOND)
    }

    /// The instant at which the wall clock shows this.
    pub fn instant(&self, local: i64) -> i64 {
        let seconds = match self {
            Zone::Fixed(seconds) => *seconds,
            Zone::Named(zone) => self.offset_for_local(*zone, local),
        };
        local.wrapping_sub(i64::from(seconds) * MICROS_PER_SECOND)
    }

    fn offset_for_local(&self, zone: Tz, local: i64) -> i32 {
        let Some(clock) = in_reach(local) else { return 0 };
        match zone.offset_from_local_datetime(&clock) {
            MappedLocalTime::Single(offset) => offset.fix().local_minus_utc(),
            MappedLocalTime::Ambiguous(first, second) => first.fix().local_minus_utc().max(second.fix().local_minus_utc()),
            // In a gap the offset that held before it applies, which moves the clock forward.
            MappedLocalTime::None => {
                self.offset_at(local - i64::from(self.offset_at(local)) * MICROS_PER_SECOND - 3 * 3_600_000_000)
            }
        }
    }

    /// A converter that remembers the last offset's hour, for columns whose neighbours lie close together.
    pub fn near(&self) -> Near<'_> {
        Near { zone: self, hour: Cell::new(i64::MIN), offset: Cell::new(0) }
    }
}

/// See [`Zone::near`].
pub struct Near<'a> {
    zone: &'a Zone,
    hour: Cell<i64>,
    offset: Cell<i64>,
}

impl Near<'_> {
    /// The wall clock at an instant. Offsets change only at whole quarters of an hour.
    pub fn local(&self, micros: i64) -> i64 {
        if let Zone::Fixed(seconds) = self.zone {
            return micros + i64::from(*seconds) * MICROS_PER_SECOND;
        }
        let quarter = micros.div_euclid(900 * MICROS_PER_SECOND);
        // Before standard time zones changed at odd seconds.
        if quarter != self.hour.get() || micros < 0 {
            self.hour.set(quarter);
            self.offset.set(i64::from(self.zone.offset_at(micros)) * MICROS_PER_SECOND);
        }
        micros + self.offset.get()
    }
}

fn in_reach(micros: i64) -> Option<NaiveDateTime> {
    chrono::DateTime::from_timestamp_micros(micros).map(|instant| instant.naive_utc())
}

/// `+h`, `+hh`, `+h:mm`, `+hhmm`, `+hh:mm:ss`, at most 18 hours.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let parts: Vec<&str> = match digits.split(':').collect::<Vec<_>>().as_slice() {
        [whole] if whole.len() == 4 || whole.len() == 6 => {
            (0..whole.len()).step_by(2).map(|at| whole.get(at..at + 2)).collect::<Option<_>>()?
        }
        parts if parts.len() <= 3 => parts.to_vec(),
        _ => return None,
    };
    let mut seconds = 0;
    for (at, part) in parts.iter().enumerate() {
        let fits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let value: i32 = part.parse().ok().filter(|value| fits && (at == 0 || *value < 60))?;
        seconds += value * [3600, 60, 1].get(at)?;
    }
    (seconds <= 18 * 3600).then_some(sign * seconds)
}

/// Names the JDK keeps for old programs.
fn short_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "ACT" => "Australia/Darwin",
        "AET" => "Australia/Sydney",
        "AGT" => "America/Argentina/Buenos_Aires",
        "ART" => "Africa/Cairo",
        "AST" => "America/Anchorage",
        "BET" => "America/Sao_Paulo",
        "BST" => "Asia/Dhaka",
        "CAT" => "Africa/Harare",
        "CNT" => "America/St_Johns",
        "CST" => "America/Chicago",
        "CTT" => "Asia/Shanghai",
        "EAT" => "Africa/Addis_Ababa",
        "ECT" => "Europe/Paris",
        "IET" => "America/Indiana/Indianapolis",
        "IST" => "Asia/Kolkata",
        "JST" => "Asia/Tokyo",
        "MIT" => "Pacific/Apia",
        "NET" => "Asia/Yerevan",
        "NST" => "Pacific/Auckland",
        "PLT" => "Asia/Karachi",
        "PNT" => "America/Phoenix",
        "PRT" => "America/Puerto_Rico",
        "PST" => "America/Los_Angeles",
        "SST" => "Pacific/Guadalcanal",
        "VST" => "Asia/Ho_Chi_Minh",
        "EST" => "-05:00",
        "MST" => "-07:00",
        "HST" => "-10:00",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_are_found() {
        assert_eq!(Zone::find("UTC+3"), Some(Zone::Fixed(10_800)));
        assert_eq!(Zone::find("-03:30"), Some(Zone::Fixed(-12_600)));
        assert_eq!(Zone::find("+0230"), Some(Zone::Fixed(9_000)));
        assert!(matches!(Zone::find("Europe/Paris"), Some(Zone::Named(_))));
        assert_eq!(Zone::find("+19:00"), None);
        assert_eq!(Zone::parse("Mars/Olympus").unwrap_err().condition(), "INVALID_TIMEZONE");
    }

    #[test]
    fn gaps_move_forward_and_repeated_hours_mean_the_first() {
        let zone = Zone::find("America/New_York").unwrap();
        assert_eq!(zone.instant(1_583_634_600_000_000), 1_583_652_600_000_000); // 2020-03-08 02:30
        assert_eq!(zone.instant(1_604_194_200_000_000), 1_604_208_600_000_000); // 2020-11-01 01:30
    }
}
