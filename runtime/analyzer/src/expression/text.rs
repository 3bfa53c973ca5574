//! The SQL text Spark makes of an expression: default column names and the names in errors.

use emberflow_functions::registry::Function;
use emberflow_functions::zones::Zone;
use emberflow_plan::DataType;
use emberflow_plan::tree::{Frame, FrameBound, FrameUnit, Literal, NullOrder, SortDirection, SortOrder};

/// `(a + b)`, `sum(a)`, `CASE WHEN ... END`.
pub(crate) fn call(function: &Function, name: &str, arguments: &[String], is_distinct: bool) -> String {
    if let Some(display) = function.display {
        let said = display(arguments);
        return if is_distinct { said.replacen('(', "(DISTINCT ", 1) } else { said };
    }
    match (name, arguments) {
        ("==" | "=", [left, right]) => format!("({left} = {right})"),
        ("!=" | "<>", [left, right]) => format!("(NOT ({left} = {right}))"),
        ("+" | "-" | "*" | "/" | "%" | "<" | ">" | "<=" | ">=" | "<=>" | "&" | "|" | "^", [left, right]) => {
            format!("({left} {name} {right})")
        }
        ("div", [left, right]) => format!("({left} div {right})"),
        ("and", [left, right]) => format!("({left} AND {right})"),
        ("or", [left, right]) => format!("({left} OR {right})"),
        ("not" | "!", [child]) => format!("(NOT {child})"),
        ("-", [child]) => format!("(- {child})"),
        ("positive" | "+", [child]) => format!("(+ {child})"),
        ("~", [child]) => format!("~{child}"),
        ("isnull", [child]) => format!("({child} IS NULL)"),
        ("isnotnull", [child]) => format!("({child} IS NOT NULL)"),
        ("in", [value, list @ ..]) => format!("({value} IN ({}))", list.join(", ")),
        ("like", [value, pattern]) => format!("{value} LIKE {pattern}"),
        ("ilike", [value, pattern]) => format!("ilike({value}, {pattern})"),
        ("rlike" | "regexp" | "regexp_like", [value, pattern]) => format!("RLIKE({value}, {pattern})"),
        ("when", branches) => case(branches),
        _ if is_distinct => format!("{name}(DISTINCT {})", arguments.join(", ")),
        _ => format!("{name}({})", arguments.join(", ")),
    }
}

fn case(branches: &[String]) -> String {
    let mut said = String::from("CASE");
    for branch in branches.chunks(2) {
        match branch {
            [when, then] => said.push_str(&format!(" WHEN {when} THEN {then}")),
            rest => said.push_str(&format!(" ELSE {}", rest.join(""))),
        }
    }
    said + " END"
}

/// A constant as a cast to string writes it: the name a value of a pivot gives its column.
pub(crate) fn plain(value: &Literal, time_zone: &str) -> String {
    match value {
        Literal::Null(_) => "null".into(),
        Literal::Date(days) => date(*days),
        Literal::Timestamp(micros) => timestamp(*micros, Some(time_zone)),
        Literal::TimestampNtz(micros) => timestamp(*micros, None),
        Literal::Time { nanos, .. } => time(*nanos),
        other => literal(other, time_zone),
    }
}

/// A constant as it appears in a column's name: strings bare, everything else as SQL.
pub(crate) fn literal(value: &Literal, time_zone: &str) -> String {
    match value {
        Literal::Null(_) => "NULL".into(),
        Literal::Boolean(flag) => flag.to_string(),
        Literal::Byte(number) => number.to_string(),
        Literal::Short(number) => number.to_string(),
        Literal::Int(number) => number.to_string(),
        Literal::Long(number) => number.to_string(),
        Literal::Float(number) => java_double(f64::from(*number), &number.to_string()),
        Literal::Double(number) => java_double(*number, &number.to_string()),
        Literal::Decimal { value, scale, .. } => decimal(*value, *scale),
        Literal::String(text) => text.clone(),
        Literal::Binary(bytes) => format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
        Literal::Date(days) => format!("DATE '{}'", date(*days)),
        Literal::Timestamp(micros) => format!("TIMESTAMP '{}'", timestamp(*micros, Some(time_zone))),
        Literal::TimestampNtz(micros) => format!("TIMESTAMP_NTZ '{}'", timestamp(*micros, None)),
        Literal::Time { nanos, .. } => format!("TIME '{}'", time(*nanos)),
        Literal::CalendarInterval { months, days, micros } => calendar_interval(*months, *days, *micros),
        Literal::YearMonthInterval { months, data_type } => year_month(*months, data_type),
        Literal::DayTimeInterval { micros, data_type } => day_time(*micros, data_type),
        Literal::Array { values, .. } => {
            let inner: Vec<String> = values.iter().map(|value| quoted_literal(value, time_zone)).collect();
            format!("ARRAY({})", inner.join(", "))
        }
        Literal::Map { entries, .. } => {
            let inner: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}, {}", quoted_literal(key, time_zone), quoted_literal(value, time_zone)))
                .collect();
            format!("MAP({})", inner.join(", "))
        }
        Literal::Struct { data_type, values } => {
            let inner: Vec<String> = data_type
                .fields
                .iter()
                .zip(values)
                .map(|(field, value)| format!("'{}', {}", field.name, quoted_literal(value, time_zone)))
                .collect();
            format!("NAMED_STRUCT({})", inner.join(", "))
        }
    }
}

/// A constant inside another: strings in quotes.
fn quoted_literal(value: &Literal, time_zone: &str) -> String {
    match value {
        Literal::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        other => literal(other, time_zone),
    }
}

/// As Java prints a floating-point number; `short` is Rust's shortest text of it.
fn java_double(number: f64, short: &str) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = if mantissa.contains('.') { mantissa.to_owned() } else { format!("{mantissa}.0") };
        return format!("{mantissa}E{exponent}");
    }
    if short.contains('.') { short.to_owned() } else { format!("{short}.0") }
}

fn decimal(value: i128, scale: i8) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    let scale = usize::try_from(scale).unwrap_or(0);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    // As Java does where the point would stand far to the left.
    if digits.len() + 6 <= scale {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}E-{}", scale + 1 - digits.len());
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

fn date(days: i32) -> String {
    chrono::DateTime::from_timestamp(i64::from(days) * 86_400, 0).map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn timestamp(micros: i64, time_zone: Option<&str>) -> String {
    let local = match time_zone.map(Zone::parse) {
        Some(Ok(zone)) => zone.local(micros),
        _ => micros,
    };
    let Some(at) = chrono::DateTime::from_timestamp_micros(local) else { return String::new() };
    let text = at.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f").to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn time(nanos: i64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let text = format!("{:02}:{:02}:{:02}.{rest:09}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn calendar_interval(months: i32, days: i32, micros: i64) -> String {
    let mut parts = Vec::new();
    let mut add = |count: i64, unit: &str| {
        if count != 0 {
            parts.push(format!("{count} {unit}"));
        }
    };
    add(i64::from(months / 12), "years");
    add(i64::from(months % 12), "months");
    add(i64::from(days), "days");
    add(micros / 3_600_000_000, "hours");
    add(micros / 60_000_000 % 60, "minutes");
    let seconds = micros % 60_000_000;
    if seconds != 0 {
        let text =
            format!("{}{}.{:06}", if seconds < 0 { "-" } else { "" }, seconds.abs() / 1_000_000, seconds.abs() % 1_000_000);
        parts.push(format!("{} seconds", text.trim_end_matches('0').trim_end_matches('.')));
    }
    if parts.is_empty() { "INTERVAL '0 seconds'".into() } else { format!("INTERVAL '{}'", parts.join(" ")) }
}

fn year_month(months: i32, data_type: &DataType) -> String {
    use emberflow_plan::types::YearMonthField::{Month, Year};
    let sign = if months < 0 { "-" } else { "" };
    let size = months.unsigned_abs();
    match data_type {
        DataType::YearMonthInterval { start: Year, end: Year } => format!("INTERVAL '{sign}{}' YEAR", size / 12),
        DataType::YearMonthInterval { start: Month, .. } => format!("INTERVAL '{sign}{size}' MONTH"),
        _ => format!("INTERVAL '{sign}{}-{}' YEAR TO MONTH", size / 12, size % 12),
    }
}

fn day_time(micros: i64, data_type: &DataType) -> String {
    use emberflow_plan::types::DayTimeField::{Day, Hour, Minute, Second};
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    let (days, hours, minutes) = (size / 86_400_000_000, size / 3_600_000_000, size / 60_000_000);
    let second = |width: usize| {
        let text = format!("{:0width$}.{:06}", size / 1_000_000 % 60, size % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let DataType::DayTimeInterval { start, end } = data_type else { return String::new() };
    let value = match (start, end) {
        (Day, Day) => format!("{days}"),
        (Day, Hour) => format!("{days} {:02}", hours % 24),
        (Day, Minute) => format!("{days} {:02}:{:02}", hours % 24, minutes % 60),
        (Day, _) => format!("{days} {:02}:{:02}:{}", hours % 24, minutes % 60, second(2)),
        (Hour, Hour) => format!("{hours:02}"),
        (Hour, Minute) => format!("{hours:02}:{:02}", minutes % 60),
        (Hour, _) => format!("{hours:02}:{:02}:{}", minutes % 60, second(2)),
        (Minute, Minute) => format!("{minutes:02}"),
        (Minute, _) => format!("{minutes:02}:{}", second(2)),
        (Second, _) => {
            let text = format!("{:02}.{:06}", size / 1_000_000, size % 1_000_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    let unit =
        if start == end { start.word().to_uppercase() } else { format!("{} TO {}", start.word(), end.word()).to_uppercase() };
    format!("INTERVAL '{sign}{value}' {unit}")
}

pub(crate) fn order(text: &str, order: &SortOrder) -> String {
    let direction = match order.direction {
        SortDirection::Ascending => "ASC",
        SortDirection::Descending => "DESC",
    };
    let nulls = match order.nulls {
        NullOrder::First => "NULLS FIRST",
        NullOrder::Last => "NULLS LAST",
    };
    format!("{text} {direction} {nulls}")
}

/// `ROWS BETWEEN 1 PRECEDING AND CURRENT ROW`; `bounds` are the texts of the offsets.
pub(crate) fn frame(frame: &Frame, lower: Option<&str>, upper: Option<&str>) -> String {
    let unit = match frame.unit {
        FrameUnit::Rows => "ROWS",
        FrameUnit::Range => "RANGE",
    };
    format!("{unit} BETWEEN {} AND {}", bound(&frame.lower, lower), bound(&frame.upper, upper))
}

fn bound(bound: &FrameBound, offset: Option<&str>) -> String {
    match (bound, offset) {
        (FrameBound::CurrentRow, _) => "CURRENT ROW".into(),
        (FrameBound::UnboundedPreceding, _) => "UNBOUNDED PRECEDING".into(),
        (FrameBound::UnboundedFollowing, _) => "UNBOUNDED FOLLOWING".into(),
        // Only SQL says PRECEDING; what a DataFrame's frame counts backwards is a negative number that follows.
        (FrameBound::Offset(_), Some(offset)) => match offset.strip_prefix("negative(").and_then(|rest| rest.strip_suffix(')')) {
            Some(preceding) => format!("{preceding} PRECEDING"),
            None if offset.starts_with("INTERVAL '-") => format!("{} PRECEDING", offset.replacen("'-", "'", 1)),
            None => format!("{offset} FOLLOWING"),
        },
        (FrameBound::Offset(_), None) => String::new(),
    }
}
