//! Dates and times: parts, arithmetic, patterns, zones, intervals.
//!
//! A date is days, an instant microseconds since 1970 in UTC; whatever looks at a clock does so in the session's zone.
//! Not here: `date + 1` and other operators (`operators`), casts (`cast`). Begin at [`FUNCTIONS`].

mod arithmetic;
mod current;
mod fields;
mod intervals;
mod making;
pub mod pattern;
mod patterned;
mod sessions;
mod times;
mod truncation;
mod units;

pub(crate) use patterned::date_format;
pub(crate) use sessions::usual_origin;
pub(crate) use times::NANOS_PER_DAY;

use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::registry::{Function, Kind};
use crate::zones::Zone;

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Scalar(build), display: Some(display) }
}

/// The functions of dates and times.
pub static FUNCTIONS: &[Function] = &[
    scalar("add_months", arithmetic::add_months),
    shown("convert_timezone", arithmetic::convert_timezone, |args| match args {
        [to, stamp] => format!("convert_timezone(current_timezone(), {to}, {stamp})"),
        args => format!("convert_timezone({})", args.join(", ")),
    }),
    shown("curdate", current::current_date, |_| "current_date()".into()),
    scalar("current_date", current::current_date),
    shown("current_time", times::current_time, |args| match args {
        [] => "current_time(6)".into(),
        args => format!("current_time({})", args.join(", ")),
    }),
    scalar("current_timestamp", current::current_timestamp),
    scalar("current_timezone", current::current_timezone),
    scalar("date_add", |call| arithmetic::date_add(call, 1)),
    scalar("date_diff", arithmetic::datediff),
    scalar("date_format", patterned::date_format),
    scalar("date_from_unix_date", arithmetic::date_from_unix_date),
    scalar("date_part", fields::date_part),
    scalar("date_sub", |call| arithmetic::date_add(call, -1)),
    scalar("date_trunc", truncation::date_trunc),
    shown("dateadd", |call| arithmetic::date_add(call, 1), |args| format!("date_add({})", args.join(", "))),
    scalar("datediff", arithmetic::datediff),
    scalar("datepart", fields::date_part),
    scalar("day", |call| fields::of_date(call, "day")),
    scalar("dayname", |call| patterned::name_of(call, "E")),
    scalar("dayofmonth", |call| fields::of_date(call, "day")),
    scalar("dayofweek", |call| fields::of_date(call, "dayofweek")),
    scalar("dayofyear", |call| fields::of_date(call, "doy")),
    shown("extract", fields::date_part, |args| format!("extract({})", args.join(" FROM "))),
    shown("from_unixtime", patterned::from_unixtime, |args| with_defaults("from_unixtime", args, 2, &["yyyy-MM-dd HH:mm:ss"])),
    scalar("from_utc_timestamp", |call| arithmetic::shifted(call, true)),
    scalar("hour", |call| fields::of_time(call, "hour")),
    scalar("last_day", arithmetic::last_day),
    scalar("localtimestamp", current::localtimestamp),
    scalar("make_date", making::make_date),
    shown("make_dt_interval", intervals::make_dt_interval, |args| {
        with_defaults("make_dt_interval", args, 4, &["0", "0", "0", "0.000000"])
    }),
    shown(
        "make_interval",
        |call| intervals::make_interval(call, false),
        |args| with_defaults("make_interval", args, 7, &["0", "0", "0", "0", "0", "0", "0.000000"]),
    ),
    scalar("make_time", times::make_time),
    scalar("make_timestamp", |call| making::make_timestamp_as_named(call, false)),
    scalar("make_timestamp_ltz", |call| making::make_timestamp(call, DataType::Timestamp, false)),
    scalar("make_timestamp_ntz", |call| making::make_timestamp(call, DataType::TimestampNtz, false)),
    shown("make_ym_interval", intervals::make_ym_interval, |args| with_defaults("make_ym_interval", args, 2, &["0", "0"])),
    scalar("minute", |call| fields::of_time(call, "minute")),
    scalar("month", |call| fields::of_date(call, "month")),
    scalar("monthname", |call| patterned::name_of(call, "MMM")),
    shown("months_between", arithmetic::months_between, |args| with_defaults("months_between", args, 3, &["true"])),
    scalar("next_day", arithmetic::next_day),
    scalar("now", current::current_timestamp),
    scalar("quarter", |call| fields::of_date(call, "quarter")),
    scalar("second", |call| fields::of_time(call, "second")),
    scalar("time_bucket", sessions::time_bucket),
    scalar("time_diff", times::time_diff),
    scalar("time_from_micros", |call| times::time_from(call, 1_000)),
    scalar("time_from_millis", |call| times::time_from(call, 1_000_000)),
    scalar("time_from_seconds", |call| times::time_from(call, 1_000_000_000)),
    scalar("time_to_micros", |call| times::time_to(call, 1_000)),
    scalar("time_to_millis", |call| times::time_to(call, 1_000_000)),
    scalar("time_to_seconds", times::time_to_seconds),
    scalar("time_trunc", times::time_trunc),
    scalar("time_windows", truncation::time_windows),   // only GROUP BY says so
    scalar("session_gap", sessions::session_gap),       // only GROUP BY says so
    scalar("session_moment", sessions::session_moment), // only GROUP BY says so
    shown("session_window", sessions::session_window, |_| "session_window".into()),
    scalar("timestamp_micros", |call| units::from_epoch(call, 1)),
    scalar("timestamp_millis", |call| units::from_epoch(call, 1_000)),
    scalar("timestamp_seconds", units::timestamp_seconds),
    scalar("timestampadd", arithmetic::timestampadd),
    scalar("timestampdiff", arithmetic::timestampdiff),
    scalar("to_date", |call| patterned::to_date(call, false)),
    scalar("to_time", |call| times::to_time(call, false)),
    scalar("to_timestamp", |call| patterned::to_timestamp_as_named(call, false)),
    scalar("to_timestamp_ltz", |call| patterned::to_timestamp(call, DataType::Timestamp, false)),
    scalar("to_timestamp_ntz", |call| patterned::to_timestamp(call, DataType::TimestampNtz, false)),
    shown("to_unix_timestamp", patterned::unix_timestamp, |args| {
        with_defaults("to_unix_timestamp", args, 2, &["yyyy-MM-dd HH:mm:ss"])
    }),
    scalar("to_utc_timestamp", |call| arithmetic::shifted(call, false)),
    scalar("trunc", truncation::trunc),
    shown(
        "try_make_interval",
        |call| intervals::make_interval(call, true),
        |args| with_defaults("try_make_interval", args, 7, &["0", "0", "0", "0", "0", "0", "0.000000"]),
    ),
    scalar("try_make_timestamp", |call| making::make_timestamp_as_named(call, true)),
    scalar("try_make_timestamp_ltz", |call| making::make_timestamp(call, DataType::Timestamp, true)),
    scalar("try_make_timestamp_ntz", |call| making::make_timestamp(call, DataType::TimestampNtz, true)),
    scalar("try_to_date", |call| patterned::to_date(call, true)),
    shown("try_to_time", |call| times::to_time(call, true), |args| format!("try_to_time(to_time({}))", args.join(", "))),
    scalar("try_to_timestamp", |call| patterned::to_timestamp_as_named(call, true)),
    scalar("unix_date", arithmetic::unix_date),
    scalar("unix_micros", |call| units::to_epoch(call, 1)),
    scalar("unix_millis", |call| units::to_epoch(call, 1_000)),
    scalar("unix_seconds", |call| units::to_epoch(call, 1_000_000)),
    shown("unix_timestamp", patterned::unix_timestamp, |args| match args {
        [] => "unix_timestamp(current_timestamp(), yyyy-MM-dd HH:mm:ss)".into(),
        args => with_defaults("unix_timestamp", args, 2, &["yyyy-MM-dd HH:mm:ss"]),
    }),
    scalar("weekday", |call| fields::of_date(call, "weekday")),
    scalar("weekofyear", |call| fields::of_date(call, "week")),
    shown("window", truncation::window, |_| "window".into()),
    scalar("window_time", truncation::window_time),
    scalar("year", |call| fields::of_date(call, "year")),
];

/// The zone in which a type's wall clock is read.
fn zone_for(call: &Call<'_>, kind: &DataType) -> Result<Zone> {
    if *kind == DataType::TimestampNtz { Ok(Zone::Fixed(0)) } else { Zone::parse(call.context.time_zone) }
}

/// An argument as a timestamp: kept without zone if it is, else an instant.
fn moment(call: &Call<'_>, index: usize) -> Result<Typed> {
    if call.type_of(index) == &DataType::TimestampNtz { call.argument(index) } else { call.timestamp(index) }
}
