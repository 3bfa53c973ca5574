//! SET, RESET, SET TIME ZONE.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{Command, Expr, ExprKind, Literal};

use crate::session::Session;
use crate::tables::{self, Cells};

const TIME_ZONE: &str = "spark.sql.session.timeZone";
const MICROS_PER_HOUR: i64 = 3_600_000_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;
const OFFSET_HOURS_MAX: i64 = 18;

impl Session {
    pub(crate) fn settings_command(&self, command: Command) -> Result<Rows> {
        match command {
            Command::Set { key, value, verbose } => self.set_command(key, value, verbose),
            Command::Reset { key } => self.reset(key),
            Command::SetTimeZone { value } => self.set_time_zone(&value),
            other => Err(Error::internal(format!("no command about settings: {other:?}"))),
        }
    }

    fn set_command(&self, key: Option<String>, value: Option<String>, verbose: bool) -> Result<Rows> {
        let pairs: Vec<(String, String)> = match (key, value) {
            (Some(key), Some(value)) => {
                self.set(&key, &value)?;
                vec![(key, value)]
            }
            (Some(key), None) => {
                let value = self.settings().get(&key).map(str::to_owned).unwrap_or_else(|| "<undefined>".to_owned());
                vec![(key, value)]
            }
            (None, _) => self.settings().all().into_iter().collect(),
        };
        let meaning =
            |(key, _): &(String, String)| Some(emberflow_base::settings::known(key).map_or("", |known| known.doc).to_owned());
        let meanings: Vec<Option<String>> = pairs.iter().map(meaning).collect();
        let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(key, value)| (Some(key), Some(value))).unzip();
        let count = keys.len();
        let mut columns = vec![("key", false, Cells::Text(keys)), ("value", false, Cells::Text(values))];
        if verbose {
            columns.push(("meaning", false, Cells::Text(meanings)));
            columns.push(("Since version", false, Cells::Text(vec![Some("1.0.0".to_owned()); count])));
        }
        tables::table(columns)
    }

    fn reset(&self, key: Option<String>) -> Result<Rows> {
        self.change_settings(|settings| match key {
            Some(key) if emberflow_base::settings::known(&key).is_some_and(|known| known.is_static) => {
                Err(Error::new("CANNOT_MODIFY_STATIC_CONFIG").with("key", format!("\"{key}\"")))
            }
            Some(key) => {
                settings.unset(&key);
                Ok(())
            }
            None => {
                let mut keys: Vec<String> = settings.all().into_keys().collect();
                // The engine's own settings are not one session's to forget.
                keys.retain(|key| settings.is_modifiable(key) && key != crate::memory::LIMIT);
                keys.iter().for_each(|key| settings.unset(key));
                Ok(())
            }
        })?;
        Ok(tables::nothing())
    }

    fn set_time_zone(&self, value: &Expr) -> Result<Rows> {
        let zone = match &value.kind {
            ExprKind::Literal(Literal::String(zone)) => zone.clone(),
            ExprKind::Attribute { parts, .. } if parts.len() == 1 && parts[0].eq_ignore_ascii_case("local") => {
                self.shared.settings.write().unset(TIME_ZONE);
                self.settings().time_zone().to_owned()
            }
            ExprKind::Literal(Literal::DayTimeInterval { micros, .. }) => self.offset(*micros, value)?,
            ExprKind::Literal(Literal::CalendarInterval { months: 0, days, micros }) => {
                self.offset(*micros + i64::from(*days) * 24 * MICROS_PER_HOUR, value)?
            }
            _ => return Err(Error::unsupported("this form of SET TIME ZONE")),
        };
        emberflow_functions::zones::Zone::parse(&zone).map_err(|_| {
            Error::new("INVALID_CONF_VALUE.TIME_ZONE").with("confName", TIME_ZONE).with("confValue", zone.clone())
        })?;
        self.set(TIME_ZONE, &zone)?;
        tables::table(vec![
            ("key", false, Cells::Text(vec![Some(TIME_ZONE.into())])),
            ("value", false, Cells::Text(vec![Some(zone)])),
        ])
    }

    /// `+02:00`
    fn offset(&self, micros: i64, written: &Expr) -> Result<String> {
        if micros.abs() > OFFSET_HOURS_MAX * MICROS_PER_HOUR {
            let error = Error::new("INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE")
                .with("input", (micros / MICROS_PER_HOUR).to_string())
                .text("An offset of a time zone lies between -18 and +18 hours.")
                .exception_class(emberflow_base::Exception::Parse);
            return Err(match &written.origin {
                Some(origin) => error.context((**origin).clone()),
                None => error,
            });
        }
        let minutes = micros / MICROS_PER_MINUTE;
        Ok(format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60))
    }
}
