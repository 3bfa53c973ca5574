//! Which casts exist: by CAST, by up-cast (nothing can be lost), by storing into a table.

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::EvalMode;

/// `spark.sql.storeAssignmentPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorePolicy {
    Ansi,
    Legacy,
    Strict,
}

impl StorePolicy {
    pub fn of(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "LEGACY" => Self::Legacy,
            "STRICT" => Self::Strict,
            _ => Self::Ansi,
        }
    }
}

/// Whether `CAST(from AS to)` is legal.
pub fn can_cast(from: &DataType, to: &DataType, mode: EvalMode) -> bool {
    use DataType::*;
    if from == to {
        return true;
    }
    match (from, to) {
        (Null, _) => true,
        (Udt { sql_type, .. }, Udt { sql_type: other, .. }) => sql_type == other,
        (Udt { .. }, String) => true,
        (Variant, to) => fits_variant(to),
        (from, Variant) => crate::variant::can_hold(from, false),
        (CalendarInterval, to) if !to.is_string() => matches!(to, CalendarInterval),
        (_, to) if to.is_string() => true,
        (Array { element, contains_null }, Array { element: target, contains_null: target_null }) => {
            can_cast(element, target, mode) && keeps_null(*contains_null, *target_null, element, target, mode)
        }
        (
            Map { key, value, value_contains_null },
            Map { key: target_key, value: target_value, value_contains_null: target_null },
        ) => {
            can_cast(key, target_key, mode)
                && (mode == EvalMode::Ansi || !forces_null(key, target_key))
                && can_cast(value, target_value, mode)
                && keeps_null(*value_contains_null, *target_null, value, target_value, mode)
        }
        (Struct(fields), Struct(targets)) => {
            fields.fields.len() == targets.fields.len()
                && fields.fields.iter().zip(&targets.fields).all(|(field, target)| {
                    can_cast(&field.data_type, &target.data_type, mode)
                        && keeps_null(field.nullable, target.nullable, &field.data_type, &target.data_type, mode)
                })
        }
        (from, to) => can_cast_atoms(from, to, mode),
    }
}

/// Whether a variant can be read as a type.
fn fits_variant(to: &DataType) -> bool {
    match to {
        DataType::Array { element, .. } => fits_variant(element),
        DataType::Map { key, value, .. } => key.is_string() && fits_variant(value),
        DataType::Struct(fields) => fields.fields.iter().all(|field| fits_variant(&field.data_type)),
        DataType::Time(_) | DataType::Udt { .. } | DataType::Null => false,
        other => !other.is_interval(),
    }
}

fn can_cast_atoms(from: &DataType, to: &DataType, mode: EvalMode) -> bool {
    use DataType::*;
    let legacy = mode == EvalMode::Legacy;
    match (from, to) {
        (from, Binary) if from.is_string() => true,
        (from, Binary) => legacy && from.is_integral(),
        (from, Boolean) if from.is_string() => true,
        (Timestamp | Date, Boolean) => legacy,
        (from, Boolean) => from.is_numeric(),
        (from, Timestamp) if from.is_string() => true,
        (Date | TimestampNtz, Timestamp) => true,
        (Boolean, Timestamp) => legacy,
        (from, Timestamp) => from.is_numeric(),
        (from, TimestampNtz) => from.is_string() || matches!(from, Date | Timestamp),
        (from, Date) => from.is_string() || matches!(from, Timestamp | TimestampNtz),
        (from, Time(_)) => from.is_string() || matches!(from, Time(_)),
        (from, CalendarInterval) => from.is_string(),
        (DayTimeInterval { .. }, DayTimeInterval { .. }) | (YearMonthInterval { .. }, YearMonthInterval { .. }) => true,
        (from, DayTimeInterval { .. } | YearMonthInterval { .. }) => from.is_string() || from.is_integral(),
        (DayTimeInterval { .. } | YearMonthInterval { .. }, to) => to.is_integral() || (matches!(to, Decimal { .. })),
        (from, to) if to.is_numeric() => match from {
            Boolean | Timestamp => true,
            Date => legacy,
            Time(_) => to.is_integral() || matches!(to, Decimal { .. }),
            from => from.is_string() || from.is_numeric(),
        },
        _ => false,
    }
}

fn keeps_null(from: bool, to: bool, from_type: &DataType, to_type: &DataType, mode: EvalMode) -> bool {
    to || !(from || (mode != EvalMode::Ansi && forces_null(from_type, to_type)))
}

/// Whether Spark counts on NULL from a cast of something that is not null, even where ANSI would raise.
pub(crate) fn forces_null(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    if from == to {
        return false;
    }
    match (from, to) {
        (Null, _) => false,
        (Variant, _) => true,
        (from, to) if from.is_string() => !(matches!(to, Binary) || to.is_string()),
        (_, to) if to.is_string() => false,
        (Timestamp, Byte | Short | Int) | (Time(_), Byte | Short) => true,
        (Float | Double, Timestamp) => true,
        (Timestamp, Date) | (Date, Timestamp) => false,
        (_, Date) | (Date, _) => true,
        (_, CalendarInterval) => true,
        (Boolean, Decimal { precision, scale }) => i32::from(*precision) - i32::from(*scale) < 1,
        // With a digit more before the point, rounding what is cut behind it cannot overflow.
        (Decimal { precision: own, scale: own_scale }, Decimal { precision, scale }) => {
            let (whole, own_whole) = (i32::from(*precision) - i32::from(*scale), i32::from(*own) - i32::from(*own_scale));
            whole < own_whole || (whole == own_whole && scale < own_scale)
        }
        (from, Decimal { precision, scale }) => !fits(from, *precision, *scale),
        (Float | Double | Decimal { .. }, to) => to.is_integral(),
        _ => false,
    }
}

/// Whether every value of `from` fits a decimal of this precision and scale.
fn fits(from: &DataType, precision: u8, scale: i8) -> bool {
    match crate::coerce::decimal_for(from) {
        Some((own_precision, own_scale)) if !matches!(from, DataType::Float | DataType::Double) => {
            i32::from(precision) - i32::from(scale) >= i32::from(own_precision) - i32::from(own_scale) && scale >= own_scale
        }
        _ => false,
    }
}

/// Whether casting can neither fail nor lose anything.
pub fn can_up_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    if from == to {
        return true;
    }
    match (from, to) {
        (Null, _) => true,
        (from, Decimal { precision, scale }) => fits(from, *precision, *scale),
        (Decimal { precision, scale: 0 }, to) if to.is_integral() => match to {
            Byte => *precision < 3,
            Short => *precision < 5,
            Int => *precision < 10,
            _ => *precision < 19,
        },
        (from, to) if numeric_rank(from).is_some() && numeric_rank(to).is_some() => numeric_rank(from) <= numeric_rank(to),
        (Date, Timestamp | TimestampNtz) | (Timestamp, TimestampNtz) | (TimestampNtz, Timestamp) => true,
        (from, to) if to.is_string() => {
            !matches!(from, Array { .. } | Map { .. } | Struct(_) | Binary | Variant | CalendarInterval)
        }
        (DayTimeInterval { .. }, DayTimeInterval { .. }) | (YearMonthInterval { .. }, YearMonthInterval { .. }) => true,
        (Array { element, contains_null }, Array { element: target, contains_null: target_null }) => {
            (*target_null || !*contains_null) && can_up_cast(element, target)
        }
        (
            Map { key, value, value_contains_null },
            Map { key: target_key, value: target_value, value_contains_null: target_null },
        ) => (*target_null || !*value_contains_null) && can_up_cast(key, target_key) && can_up_cast(value, target_value),
        (Struct(fields), Struct(targets)) => {
            fields.fields.len() == targets.fields.len()
                && fields.fields.iter().zip(&targets.fields).all(|(field, target)| {
                    (target.nullable || !field.nullable) && can_up_cast(&field.data_type, &target.data_type)
                })
        }
        _ => false,
    }
}

fn numeric_rank(data_type: &DataType) -> Option<u8> {
    Some(match data_type {
        DataType::Byte => 0,
        DataType::Short => 1,
        DataType::Int => 2,
        DataType::Long => 3,
        DataType::Float => 4,
        DataType::Double => 5,
        _ => return None,
    })
}

/// Whether a value of type `from` may be stored into a column of type `to`.
pub fn can_store_assign(from: &DataType, to: &DataType, policy: StorePolicy) -> bool {
    match policy {
        StorePolicy::Strict => can_up_cast(from, to),
        StorePolicy::Legacy => can_cast(from, to, EvalMode::Legacy),
        StorePolicy::Ansi => can_ansi_store(from, to),
    }
}

fn can_ansi_store(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    if from == to {
        return true;
    }
    match (from, to) {
        (Null, _) => true,
        (from, to) if from.is_numeric() && to.is_numeric() => true,
        (from, to) if to.is_string() => !matches!(from, Array { .. } | Map { .. } | Struct(_)),
        (from, to) if from.is_datetime() && to.is_datetime() => true,
        (DayTimeInterval { .. }, DayTimeInterval { .. }) | (YearMonthInterval { .. }, YearMonthInterval { .. }) => true,
        (Time(_), Time(_)) => true,
        (Array { element, contains_null }, Array { element: target, contains_null: target_null }) => {
            (*target_null || !*contains_null) && can_ansi_store(element, target)
        }
        (
            Map { key, value, value_contains_null },
            Map { key: target_key, value: target_value, value_contains_null: target_null },
        ) => (*target_null || !*value_contains_null) && can_ansi_store(key, target_key) && can_ansi_store(value, target_value),
        (Struct(fields), Struct(targets)) => {
            fields.fields.len() == targets.fields.len()
                && fields.fields.iter().zip(&targets.fields).all(|(field, target)| {
                    (target.nullable || !field.nullable) && can_ansi_store(&field.data_type, &target.data_type)
                })
        }
        _ => false,
    }
}

/// Spark's analysis error if `CAST(text AS to)` is not legal. `text` is the SQL text of what is cast.
pub fn check_cast(text: &str, from: &DataType, to: &DataType, mode: EvalMode) -> Result<()> {
    if can_cast(from, to, mode) {
        return Ok(());
    }
    let function = if mode == EvalMode::Try { "TRY_CAST" } else { "CAST" };
    let nested = matches!(to, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_));
    let shown = if nested { text.to_owned() } else { format!("{function}({text} AS {})", to.sql()) };
    let error = |name: &str| {
        Error::new(format!("DATATYPE_MISMATCH.{name}"))
            .with("sqlExpr", format!("\"{shown}\""))
            .with("srcType", from.quoted())
            .with("targetType", to.quoted())
    };
    if mode != EvalMode::Legacy
        && let Some(functions) = instead_of(from, to)
    {
        return Err(error("CAST_WITH_FUNC_SUGGESTION").with("functionNames", functions));
    }
    if mode == EvalMode::Ansi && can_cast(from, to, EvalMode::Legacy) {
        return Err(error("CAST_WITH_CONF_SUGGESTION").with("config", "\"spark.sql.ansi.enabled\"").with("configVal", "'false'"));
    }
    Err(error("CAST_WITHOUT_SUGGESTION"))
}

/// Functions that do what an illegal ANSI cast may have meant.
fn instead_of(from: &DataType, to: &DataType) -> Option<&'static str> {
    match (from, to) {
        (from, DataType::Timestamp) if from.is_numeric() => Some("`TIMESTAMP_SECONDS`/`TIMESTAMP_MILLIS`/`TIMESTAMP_MICROS`"),
        (DataType::Array { .. }, to) if to.is_string() => Some("`ARRAY_JOIN`"),
        (DataType::Date, to) if to.is_numeric() => Some("`UNIX_DATE`"),
        (DataType::Timestamp, to) if to.is_numeric() => Some("`UNIX_SECONDS`/`UNIX_MILLIS`/`UNIX_MICROS`"),
        (from, DataType::Date) if from.is_numeric() => Some("`DATE_FROM_UNIX_DATE`"),
        _ => None,
    }
}
