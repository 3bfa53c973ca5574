//! Spark's type coercion: which type several values share, and which casts happen by themselves.
//!
//!     tightest ──► decimals ──► strings ──► nested          `wider_type`: set operations, CASE, IN, coalesce
//!     accepted ──► null ──► string ──► storable             `implicit_type`: an argument against what a function expects
//!
//! ANSI reads a string as the other side's type; legacy makes the other side a string. Not here: doing the casts (`cast`),
//! operators' own rules (`operators`). Begin at [`wider_type`] and [`expect`].

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use crate::call::{Context, Typed};
use crate::cast::{StorePolicy, can_store_assign, cast};

pub const MAX_PRECISION: u8 = 38;
/// The decimal a string becomes when any decimal will do.
pub const DECIMAL_SYSTEM_DEFAULT: DataType = DataType::Decimal { precision: 38, scale: 18 };

/// Precision and scale of the decimal that stands for a numeric type.
pub fn decimal_for(data_type: &DataType) -> Option<(u8, i8)> {
    Some(match data_type {
        DataType::Byte => (3, 0),
        DataType::Short => (5, 0),
        DataType::Int => (10, 0),
        DataType::Long => (20, 0),
        DataType::Float => (14, 7),
        DataType::Double => (30, 15),
        DataType::Decimal { precision, scale } => (*precision, *scale),
        _ => return None,
    })
}

/// The narrowest decimal of an integer constant.
pub fn decimal_for_literal(expr: &Expr) -> Option<(u8, i8)> {
    let value = match expr {
        Expr::Literal(ScalarValue::Int8(Some(value)), _) => i64::from(*value),
        Expr::Literal(ScalarValue::Int16(Some(value)), _) => i64::from(*value),
        Expr::Literal(ScalarValue::Int32(Some(value)), _) => i64::from(*value),
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => *value,
        _ => return None,
    };
    let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    Some((u8::try_from(digits).unwrap_or(MAX_PRECISION), 0))
}

/// The decimal type an operand of a decimal operation takes part with.
pub fn decimal_operand(operand: &Typed) -> Option<(u8, i8)> {
    if operand.data_type.is_integral() {
        return decimal_for_literal(&operand.expr).or_else(|| decimal_for(&operand.data_type));
    }
    decimal_for(&operand.data_type)
}

/// A decimal that holds both, giving up digits of the fraction when there is no room.
pub fn wider_decimal((precision, scale): (u8, i8), (other_precision, other_scale): (u8, i8)) -> DataType {
    let scale_both = scale.max(other_scale);
    let whole = (i16::from(precision) - i16::from(scale)).max(i16::from(other_precision) - i16::from(other_scale));
    bounded_keeping_whole(whole + i16::from(scale_both), i16::from(scale_both))
}

/// At most 38 digits; digits of the whole part are kept first.
pub fn bounded_keeping_whole(precision: i16, scale: i16) -> DataType {
    let over = (precision - i16::from(MAX_PRECISION)).max(0);
    decimal_of(precision.min(i16::from(MAX_PRECISION)), (scale - over).max(0))
}

/// At most 38 digits; both parts are simply cut.
pub fn bounded(precision: i16, scale: i16) -> DataType {
    decimal_of(precision.min(i16::from(MAX_PRECISION)), scale.min(i16::from(MAX_PRECISION)))
}

/// At most 38 digits for the result of an operation: the scale gives way, but not below six digits.
pub fn adjusted(precision: i16, scale: i16) -> DataType {
    let most = i16::from(MAX_PRECISION);
    if precision <= most {
        return decimal_of(precision, scale);
    }
    if scale < 0 {
        return decimal_of(most, scale);
    }
    let whole = precision - scale;
    decimal_of(most, (most - whole).max(scale.min(6)))
}

fn decimal_of(precision: i16, scale: i16) -> DataType {
    DataType::decimal(u8::try_from(precision).unwrap_or(MAX_PRECISION), i8::try_from(scale).unwrap_or(0))
}

/// The type both convert to without any loss, strings apart.
pub fn tightest_common_type(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    tightest_atom(left, right, ansi)
        .or_else(|| common_nested(left, right, &|left, right| tightest_common_type(left, right, ansi)))
}

fn tightest_atom(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    use DataType::*;
    if left == right {
        return Some(left.clone());
    }
    match (left, right) {
        (Null, other) | (other, Null) => Some(other.clone()),
        // Strings that come together have one collation by then (`collation::settle`).
        (Collated(_), other) | (other, Collated(_)) if other.is_string() => None,
        (left, right) if left.is_string() && right.is_string() => Some(String),
        (Decimal { .. }, Decimal { .. }) => None,
        (decimal @ Decimal { precision, scale }, other) | (other, decimal @ Decimal { precision, scale }) => {
            let (digits, _) = decimal_for(other).filter(|_| other.is_integral())?;
            (precision.checked_add_signed(-*scale)? >= digits).then(|| decimal.clone())
        }
        (left, right) if left.is_numeric() && right.is_numeric() => Some(wider_number(left, right, ansi)),
        (left, right) if left.is_datetime() && right.is_datetime() => Some(wider_datetime(left, right)),
        (DayTimeInterval { start, end }, DayTimeInterval { start: other_start, end: other_end }) => {
            Some(DayTimeInterval { start: *start.min(other_start), end: *end.max(other_end) })
        }
        (YearMonthInterval { start, end }, YearMonthInterval { start: other_start, end: other_end }) => {
            Some(YearMonthInterval { start: *start.min(other_start), end: *end.max(other_end) })
        }
        _ => None,
    }
}

/// ANSI avoids the digits an integer loses in a float.
fn wider_number(left: &DataType, right: &DataType, ansi: bool) -> DataType {
    const ORDER: [DataType; 6] =
        [DataType::Byte, DataType::Short, DataType::Int, DataType::Long, DataType::Float, DataType::Double];
    let wider = ORDER.iter().rev().find(|one| *one == left || *one == right).cloned().unwrap_or(DataType::Double);
    if ansi && wider == DataType::Float { DataType::Double } else { wider }
}

fn wider_datetime(left: &DataType, right: &DataType) -> DataType {
    if *left == DataType::Timestamp || *right == DataType::Timestamp { DataType::Timestamp } else { DataType::TimestampNtz }
}

/// The type both become in a set operation, CASE, IN, coalesce; `None` if there is none.
pub fn wider_type(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    tightest_atom(left, right, ansi)
        .or_else(|| wider_with_decimal(left, right))
        .or_else(|| if ansi { string_read_as(left, right) } else { promoted_to_string(left, right) })
        .or_else(|| common_nested(left, right, &|left, right| wider_type(left, right, ansi)))
}

/// As [`wider_type`], but a string stays apart from everything else (`greatest`, `least`).
pub fn wider_type_without_strings(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    tightest_atom(left, right, ansi)
        .or_else(|| wider_with_decimal(left, right))
        .or_else(|| common_nested(left, right, &|left, right| wider_type_without_strings(left, right, ansi)))
}

fn wider_with_decimal(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    match (left, right) {
        (Decimal { .. }, Float | Double) | (Float | Double, Decimal { .. }) => Some(Double),
        (Decimal { .. }, other) | (other, Decimal { .. }) if other.is_integral() || matches!(other, Decimal { .. }) => {
            Some(wider_decimal(decimal_for(left)?, decimal_for(right)?))
        }
        _ => None,
    }
}

/// ANSI: what a string is read as beside the other type.
pub fn string_read_as(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    let other = match (left.is_string(), right.is_string()) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    match other {
        Null => Some(String),
        other if other.is_integral() => Some(Long),
        other if other.is_fractional() => Some(Double),
        YearMonthInterval { .. } | DayTimeInterval { .. } => None,
        Boolean | Binary | Date | Timestamp | TimestampNtz | Time(_) => Some(other.clone()),
        _ => None,
    }
}

/// Legacy: beside a string most things become strings.
fn promoted_to_string(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    let (text, other) = match (left.is_string(), right.is_string()) {
        (true, false) => (left, right),
        (false, true) => (right, left),
        _ => return None,
    };
    let promoted = other.is_numeric() || other.is_datetime() || other.is_interval() && *other != CalendarInterval;
    promoted.then(|| if let Collated(_) = text { text.clone() } else { String })
}

type Pick<'a> = &'a dyn Fn(&DataType, &DataType) -> Option<DataType>;

fn common_nested(left: &DataType, right: &DataType, pick: Pick<'_>) -> Option<DataType> {
    match (left, right) {
        (DataType::Array { element, contains_null }, DataType::Array { element: other, contains_null: other_null }) => {
            let common = pick(element, other)?;
            let nullable = *contains_null || *other_null || forced(element, &common) || forced(other, &common);
            Some(DataType::array(common, nullable))
        }
        (
            DataType::Map { key, value, value_contains_null },
            DataType::Map { key: other_key, value: other_value, value_contains_null: other_null },
        ) => {
            let common_key = pick(key, other_key)?;
            let common = pick(value, other_value)?;
            let nullable = *value_contains_null || *other_null || forced(value, &common) || forced(other_value, &common);
            (!forced(key, &common_key) && !forced(other_key, &common_key)).then(|| DataType::map(common_key, common, nullable))
        }
        (DataType::Struct(fields), DataType::Struct(others)) => common_struct(fields, others, pick),
        _ => None,
    }
}

fn common_struct(fields: &StructType, others: &StructType, pick: Pick<'_>) -> Option<DataType> {
    if fields.fields.len() != others.fields.len() {
        return None;
    }
    let pairs = fields.fields.iter().zip(&others.fields);
    let common = pairs.map(|(field, other)| {
        if !field.name.eq_ignore_ascii_case(&other.name) {
            return None;
        }
        let data_type = pick(&field.data_type, &other.data_type)?;
        let nullable =
            field.nullable || other.nullable || forced(&field.data_type, &data_type) || forced(&other.data_type, &data_type);
        Some(StructField::new(&field.name, data_type, nullable))
    });
    Some(DataType::Struct(StructType::new(common.collect::<Option<_>>()?)))
}

fn forced(from: &DataType, to: &DataType) -> bool {
    crate::cast::forces_null(from, to)
}

/// The type all share.
pub fn common_type<'a>(types: impl IntoIterator<Item = &'a DataType>, ansi: bool) -> Option<DataType> {
    let types: Vec<&DataType> = types.into_iter().collect();
    // Legacy promotion to string is not associative: strings, alone or inside arrays, are looked at first.
    let (strings, others): (Vec<&DataType>, Vec<&DataType>) =
        if ansi { (Vec::new(), types) } else { types.into_iter().partition(|one| has_string(one)) };
    strings.into_iter().chain(others).try_fold(DataType::Null, |wide, next| wider_type(&wide, next, ansi))
}

fn has_string(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array { element, .. } => has_string(element),
        other => other.is_string(),
    }
}

/// Casts all to the type they share; `None` if there is none.
pub fn to_common_type(values: Vec<Typed>, context: &Context<'_>) -> Result<Option<(Vec<Typed>, DataType)>> {
    let Some(common) = common_type(values.iter().map(|value| &value.data_type), context.ansi) else { return Ok(None) };
    let values = values.into_iter().map(|value| cast(value, &common, context.mode(), context)).collect::<Result<_>>()?;
    Ok(Some((values, common)))
}

/// As [`to_common_type`], but a string stays apart from everything else (VALUES).
pub fn to_common_type_without_strings(values: Vec<Typed>, context: &Context<'_>) -> Result<Option<(Vec<Typed>, DataType)>> {
    let mut types = values.iter().map(|value| &value.data_type);
    let wider = |wide: DataType, next| wider_type_without_strings(&wide, next, context.ansi);
    let Some(common) = types.try_fold(DataType::Null, wider) else { return Ok(None) };
    let values = values.into_iter().map(|value| cast(value, &common, context.mode(), context)).collect::<Result<_>>()?;
    Ok(Some((values, common)))
}

/// What a function takes as an argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// Exactly this type.
    Type(DataType),
    /// Any numeric type.
    Numeric,
    Integral,
    /// Any decimal.
    Decimal,
    /// Any interval of Spark's ANSI kind.
    AnsiInterval,
    /// Timestamp with or without zone.
    AnyTimestamp,
    Array,
    Map,
    Struct,
    /// Array of this type.
    ArrayOf(Box<Expect>),
    Anything,
    /// The first of these that fits.
    OneOf(Vec<Expect>),
}

impl Expect {
    /// As errors print it.
    pub fn text(&self) -> String {
        match self {
            Expect::Type(data_type) => data_type.quoted(),
            Expect::Numeric => "\"NUMERIC\"".into(),
            Expect::Integral => "\"INTEGRAL\"".into(),
            Expect::Decimal => "\"DECIMAL\"".into(),
            Expect::AnsiInterval => "(\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")".into(),
            Expect::AnyTimestamp => "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")".into(),
            Expect::Array => "\"ARRAY\"".into(),
            Expect::Map => "\"MAP\"".into(),
            Expect::Struct => "\"STRUCT\"".into(),
            Expect::ArrayOf(element) => format!("\"ARRAY<{}>\"", element.text().trim_matches('"')),
            Expect::Anything => "\"ANY\"".into(),
            Expect::OneOf(types) => {
                format!("({})", types.iter().map(Expect::text).collect::<Vec<_>>().join(" or "))
            }
        }
    }

    /// Whether a type is taken as it is.
    pub fn accepts(&self, data_type: &DataType) -> bool {
        use DataType as D;
        match self {
            Expect::Type(D::String) => data_type.is_string(),
            Expect::Type(expected) => expected == data_type,
            Expect::Numeric => data_type.is_numeric(),
            Expect::Integral => data_type.is_integral(),
            Expect::Decimal => matches!(data_type, D::Decimal { .. }),
            Expect::AnsiInterval => matches!(data_type, D::YearMonthInterval { .. } | D::DayTimeInterval { .. }),
            Expect::AnyTimestamp => matches!(data_type, D::Timestamp | D::TimestampNtz),
            Expect::Array => matches!(data_type, D::Array { .. }),
            Expect::Map => matches!(data_type, D::Map { .. }),
            Expect::Struct => matches!(data_type, D::Struct(_)),
            Expect::ArrayOf(expected) => matches!(data_type, D::Array { element, .. } if expected.accepts(element)),
            Expect::Anything => true,
            Expect::OneOf(types) => types.iter().any(|one| one.accepts(data_type)),
        }
    }

    fn default_type(&self) -> DataType {
        match self {
            Expect::Type(data_type) => data_type.clone(),
            Expect::Numeric => DataType::Double,
            Expect::Integral => DataType::Int,
            Expect::Decimal => DECIMAL_SYSTEM_DEFAULT,
            Expect::AnsiInterval => DataType::day_time(),
            Expect::AnyTimestamp => DataType::Timestamp,
            Expect::Array => DataType::array(DataType::Null, true),
            Expect::Map => DataType::map(DataType::Null, DataType::Null, true),
            Expect::Struct => DataType::Struct(StructType::default()),
            Expect::ArrayOf(element) => DataType::array(element.default_type(), true),
            Expect::Anything => DataType::Null,
            Expect::OneOf(types) => types.first().map_or(DataType::Null, Expect::default_type),
        }
    }
}

/// The type an argument is cast to by itself, itself included; `None`: there is no such cast.
pub fn implicit_type(from: &DataType, expected: &Expect, ansi: bool) -> Option<DataType> {
    if expected.accepts(from) {
        return Some(from.clone());
    }
    if *from == DataType::Null {
        return Some(expected.default_type());
    }
    match expected {
        Expect::OneOf(types) => types.iter().find_map(|one| implicit_type(from, one, ansi)),
        Expect::Numeric | Expect::Decimal if from.is_string() => Some(expected.default_type()),
        Expect::Integral if from.is_string() => Some(DataType::Long).filter(|_| ansi),
        Expect::Decimal if !ansi => decimal_for(from).map(|(precision, scale)| DataType::decimal(precision, scale)),
        Expect::AnyTimestamp if from.is_string() || *from == DataType::Date => Some(DataType::Timestamp),
        Expect::ArrayOf(element) => match from {
            DataType::Array { element: own, contains_null } => {
                implicit_type(own, element, ansi).map(|cast| DataType::array(cast, *contains_null))
            }
            _ => None,
        },
        Expect::Type(target) if ansi => implicit_ansi(from, target),
        Expect::Type(target) => implicit_legacy(from, target),
        _ => None,
    }
}

fn implicit_ansi(from: &DataType, target: &DataType) -> Option<DataType> {
    let nested =
        matches!(target, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::CalendarInterval);
    if from.is_string() && !nested {
        return Some(target.clone());
    }
    can_store_assign(from, target, StorePolicy::Ansi).then(|| target.clone())
}

fn implicit_legacy(from: &DataType, target: &DataType) -> Option<DataType> {
    use DataType::*;
    let fits = match (from, target) {
        (from, target) if from.is_numeric() && target.is_numeric() => true,
        (from, target) if from.is_datetime() && target.is_datetime() => true,
        (from, target) if from.is_string() => target.is_numeric() || target.is_datetime() || matches!(target, Binary),
        (from, target) if target.is_string() => !matches!(from, Array { .. } | Map { .. } | Struct(_) | CalendarInterval),
        (Array { element, .. }, Array { element: other, .. }) => return implicit_legacy(element, other).map(|_| target.clone()),
        (DayTimeInterval { .. }, DayTimeInterval { .. }) | (YearMonthInterval { .. }, YearMonthInterval { .. }) => true,
        _ => false,
    };
    fits.then(|| target.clone())
}

/// Takes argument number `at` (from 0) of `call_text` as `expected`, casting by Spark's rules, or raises Spark's error.
pub fn expect(
    argument: Typed,
    expected: &Expect,
    at: usize,
    argument_text: &str,
    call_text: &str,
    context: &Context<'_>,
) -> Result<Typed> {
    match implicit_type(&argument.data_type, expected, context.ansi) {
        Some(data_type) if data_type == argument.data_type => Ok(argument),
        Some(data_type) => cast(argument, &data_type, context.mode(), context),
        None => Err(unexpected_type(&argument.data_type, expected, at, argument_text, call_text)),
    }
}

/// `DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE`.
pub fn unexpected_type(from: &DataType, expected: &Expect, at: usize, argument_text: &str, call_text: &str) -> Error {
    Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
        .with("sqlExpr", format!("\"{call_text}\""))
        .with("paramIndex", ordinal(at))
        .with("inputSql", format!("\"{argument_text}\""))
        .with("inputType", from.quoted())
        .with("requiredType", expected.text())
}

/// `first`, `second`, ... as Spark counts parameters.
pub fn ordinal(at: usize) -> String {
    const WORDS: [&str; 10] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    WORDS.get(at).map_or_else(|| format!("{}th", at + 1), |word| (*word).to_owned())
}
