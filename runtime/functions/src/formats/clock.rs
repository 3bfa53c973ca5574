//! How texts in files and in columns become dates and timestamps: by the patterns that options give, else as casts read them.
//!
//! Not here: the patterns themselves (`datetime::pattern`). Begin at [`Clock::of`].

use emberflow_base::Result;
use emberflow_plan::DataType;

use super::Options;
use crate::calendar::split_micros;
use crate::call::Context;
use crate::cast::{parse_date, parse_timestamp};
use crate::datetime::pattern::Pattern;
use crate::zones::Zone;

/// See the module.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Option `dateFormat`.
    pub date: Option<Pattern>,
    /// Option `timestampFormat`.
    pub timestamp: Option<Pattern>,
    /// Option `timestampNTZFormat`.
    pub local: Option<Pattern>,
    /// Option `timeZone`, else the session's.
    pub zone: Zone,
    /// Whether a guessed timestamp is one without a zone where its text names none.
    prefers_local: bool,
    today: i64,
}

impl Clock {
    /// What options say, and the session where they are silent.
    pub fn of(options: &Options, context: &Context<'_>) -> Result<Self> {
        let pattern = |key: &str| options.get(key).map(Pattern::for_reading).transpose();
        let zone = Zone::parse(options.get("timezone").unwrap_or(context.time_zone))?;
        let (today, _) = split_micros(zone.local(context.now_micros));
        Ok(Self {
            date: pattern("dateformat")?,
            timestamp: pattern("timestampformat")?,
            local: pattern("timestampntzformat")?,
            zone,
            prefers_local: context.settings.local_timestamps(),
            today,
        })
    }

    /// Which timestamp a text is, if any.
    pub fn guessed(&self, text: &str) -> Option<DataType> {
        if self.prefers_local && self.wall(text).is_some() {
            return Some(DataType::TimestampNtz);
        }
        self.instant(text).map(|_| DataType::Timestamp)
    }

    /// Days since 1970.
    pub fn days(&self, text: &str) -> Option<i32> {
        match &self.date {
            Some(pattern) => i32::try_from(pattern.read(text)?.days()).ok(),
            None => parse_date(text),
        }
    }

    /// Microseconds since 1970 in UTC.
    pub fn instant(&self, text: &str) -> Option<i64> {
        match &self.timestamp {
            Some(pattern) => Some(pattern.read(text)?.instant(&self.zone)),
            None => {
                let (local, zone) = parse_timestamp(text, |_| Some(self.today))?;
                Some(zone.as_ref().unwrap_or(&self.zone).instant(local))
            }
        }
    }

    /// Microseconds on a wall clock; a text that names a zone is none.
    pub fn wall(&self, text: &str) -> Option<i64> {
        match &self.local {
            Some(pattern) => Some(pattern.read(text)?.local()),
            None => parse_timestamp(text, |_| None).filter(|(_, zone)| zone.is_none()).map(|(local, _)| local),
        }
    }
}
