//! `Expression.Literal` to our constants.
//!
//! Since 4.1 the type of nested values stands once, at the root, in `data_type`; older clients put it into fields of the
//! array, map or struct. What says neither takes the type of its first value.

use emberflow_base::{Error, Result};
use emberflow_plan::tree::Literal;
use emberflow_plan::{DataType, StructField, StructType};

use super::types::data_type;
use crate::deep::deeper;
use crate::proto;
use crate::proto::expression::literal::{self, LiteralType, specialized_array::ValueType};

/// A constant.
pub fn literal(message: &proto::expression::Literal) -> Result<Literal> {
    let stated = message.data_type.as_ref().map(data_type).transpose()?;
    typed(message, stated.as_ref())
}

/// A constant whose type is already known, if it is.
fn typed(message: &proto::expression::Literal, stated: Option<&DataType>) -> Result<Literal> {
    let Some(value) = &message.literal_type else {
        return match stated {
            Some(stated) => Ok(Literal::Null(stated.clone())),
            None => Err(Error::new("CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET")
                .with("fullName", "spark.connect.Expression.Literal")
                .with("name", "literal_type")),
        };
    };
    deeper(|| of_value(value, stated))
}

fn of_value(value: &LiteralType, stated: Option<&DataType>) -> Result<Literal> {
    Ok(match value {
        LiteralType::Null(own) => Literal::Null(null_type(own, stated)?),
        LiteralType::Binary(bytes) => Literal::Binary(bytes.to_vec()),
        LiteralType::Boolean(value) => Literal::Boolean(*value),
        LiteralType::Byte(value) => Literal::Byte(*value as i8),
        LiteralType::Short(value) => Literal::Short(*value as i16),
        LiteralType::Integer(value) => Literal::Int(*value),
        LiteralType::Long(value) => Literal::Long(*value),
        LiteralType::Float(value) => Literal::Float(*value),
        LiteralType::Double(value) => Literal::Double(*value),
        LiteralType::Decimal(value) => decimal(value)?,
        LiteralType::String(value) => Literal::String(value.clone()),
        LiteralType::Date(days) => Literal::Date(*days),
        LiteralType::Timestamp(micros) => Literal::Timestamp(*micros),
        LiteralType::TimestampNtz(micros) => Literal::TimestampNtz(*micros),
        LiteralType::Time(time) => Literal::Time { nanos: time.nano, precision: time.precision.unwrap_or(6).clamp(0, 6) as u8 },
        LiteralType::CalendarInterval(interval) => {
            Literal::CalendarInterval { months: interval.months, days: interval.days, micros: interval.microseconds }
        }
        LiteralType::YearMonthInterval(months) => {
            let data_type = stated.cloned().unwrap_or_else(DataType::year_month);
            Literal::YearMonthInterval { months: *months, data_type }
        }
        LiteralType::DayTimeInterval(micros) => {
            let data_type = stated.cloned().unwrap_or_else(DataType::day_time);
            Literal::DayTimeInterval { micros: *micros, data_type }
        }
        LiteralType::Array(array) => array_of(array, stated)?,
        LiteralType::Map(map) => map_of(map, stated)?,
        LiteralType::Struct(fields) => struct_of(fields, stated)?,
        LiteralType::SpecializedArray(array) => specialized(array)?,
        LiteralType::TimestampNtzNanos(_) | LiteralType::TimestampLtzNanos(_) => {
            return Err(Error::unsupported("timestamps with nanoseconds"));
        }
    })
}

fn null_type(own: &proto::DataType, stated: Option<&DataType>) -> Result<DataType> {
    match (stated, &own.kind) {
        (Some(stated), _) => Ok(stated.clone()),
        (None, Some(_)) => data_type(own),
        (None, None) => Ok(DataType::Null),
    }
}

/// The element type by whichever field says it, else by the first value.
fn element_type(
    stated: Option<&DataType>,
    deprecated: Option<&proto::DataType>,
    first: Option<&proto::expression::Literal>,
    missing: &str,
) -> Result<DataType> {
    match (stated, deprecated, first) {
        (Some(stated), _, _) => Ok(stated.clone()),
        (None, Some(deprecated), _) if deprecated.kind.is_some() => data_type(deprecated),
        (None, _, Some(first)) => Ok(literal(first)?.data_type()),
        (None, _, None) => Err(Error::new(missing)),
    }
}

fn array_of(array: &literal::Array, stated: Option<&DataType>) -> Result<Literal> {
    let stated = match stated {
        Some(DataType::Array { element, .. }) => Some(element.as_ref()),
        _ => None,
    };
    #[allow(deprecated)]
    let deprecated = array.element_type.as_ref();
    let missing = "CONNECT_INVALID_PLAN.ARRAY_LITERAL_MISSING_DATA_TYPE";
    let element = element_type(stated, deprecated, array.elements.first(), missing)?;
    let values = array.elements.iter().map(|value| typed(value, Some(&element))).collect::<Result<_>>()?;
    Ok(Literal::Array { element, values })
}

fn map_of(map: &literal::Map, stated: Option<&DataType>) -> Result<Literal> {
    let (stated_key, stated_value) = match stated {
        Some(DataType::Map { key, value, .. }) => (Some(key.as_ref()), Some(value.as_ref())),
        _ => (None, None),
    };
    #[allow(deprecated)]
    let (old_key, old_value) = (map.key_type.as_ref(), map.value_type.as_ref());
    let missing = "CONNECT_INVALID_PLAN.MAP_LITERAL_MISSING_DATA_TYPE";
    let key = element_type(stated_key, old_key, map.keys.first(), missing)?;
    let value = element_type(stated_value, old_value, map.values.first(), missing)?;
    let entries = map
        .keys
        .iter()
        .zip(&map.values)
        .map(|(one_key, one_value)| Ok((typed(one_key, Some(&key))?, typed(one_value, Some(&value))?)))
        .collect::<Result<_>>()?;
    Ok(Literal::Map { key, value, entries })
}

fn struct_of(message: &literal::Struct, stated: Option<&DataType>) -> Result<Literal> {
    #[allow(deprecated)]
    let deprecated = message.struct_type.as_ref().filter(|old| old.kind.is_some());
    let declared = match (stated, deprecated) {
        (Some(stated), _) => Some(stated.clone()),
        (None, Some(old)) => Some(data_type(old)?),
        (None, None) => None,
    };
    match declared {
        Some(DataType::Struct(fields)) if fields.fields.len() == message.elements.len() => {
            let values = fields.fields.iter().zip(&message.elements);
            let values = values.map(|(field, value)| typed(value, Some(&field.data_type))).collect::<Result<_>>()?;
            Ok(Literal::Struct { data_type: fields, values })
        }
        Some(_) => Err(Error::new("CONNECT_INVALID_PLAN.INCOMPATIBLE_LITERAL_DATA_TYPE")
            .with("dataTypeKindCase", "STRUCT")
            .with("literalTypeCase", "STRUCT")),
        None => untyped_struct(message),
    }
}

fn untyped_struct(message: &literal::Struct) -> Result<Literal> {
    let values = message.elements.iter().map(literal).collect::<Result<Vec<_>>>()?;
    let field = |(index, value): (usize, &Literal)| StructField::new(format!("col{}", index + 1), value.data_type(), true);
    let fields = values.iter().enumerate().map(field).collect();
    Ok(Literal::Struct { data_type: StructType::new(fields), values })
}

fn specialized(array: &literal::SpecializedArray) -> Result<Literal> {
    fn of<T: Clone>(element: DataType, values: &[T], one: impl Fn(T) -> Literal) -> Literal {
        Literal::Array { element, values: values.iter().cloned().map(one).collect() }
    }
    Ok(match &array.value_type {
        Some(ValueType::Bools(list)) => of(DataType::Boolean, &list.values, Literal::Boolean),
        Some(ValueType::Ints(list)) => of(DataType::Int, &list.values, Literal::Int),
        Some(ValueType::Longs(list)) => of(DataType::Long, &list.values, Literal::Long),
        Some(ValueType::Floats(list)) => of(DataType::Float, &list.values, Literal::Float),
        Some(ValueType::Doubles(list)) => of(DataType::Double, &list.values, Literal::Double),
        Some(ValueType::Strings(list)) => of(DataType::String, &list.values, Literal::String),
        None => return Err(Error::new("CONNECT_INVALID_PLAN.ARRAY_LITERAL_NOT_SET")),
    })
}

/// Decimal text such as `-12.30` or `1.5E+3`; precision and scale as stated, else as written.
fn decimal(message: &literal::Decimal) -> Result<Literal> {
    let bad =
        || Error::new("CONNECT_INVALID_PLAN.UNSUPPORTED_LITERAL_TYPE").with("typeInfo", format!("DECIMAL {}", message.value));
    let (digits, written_scale) = digits_and_scale(&message.value).ok_or_else(bad)?;
    let scale = message.scale.unwrap_or(0).max(written_scale);
    let value = rescale(digits, written_scale, scale).ok_or_else(bad)?;
    let counted = (value.unsigned_abs().checked_ilog10().unwrap_or(0) + 1) as i32;
    let precision = message.precision.unwrap_or(0).max(counted).max(scale);
    if precision > 38 {
        return Err(bad());
    }
    Ok(Literal::Decimal { value, precision: precision as u8, scale: scale as i8 })
}

fn digits_and_scale(text: &str) -> Option<(i128, i32)> {
    let (mantissa, exponent) = match text.trim().split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.trim(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
    i32::try_from(fraction.len()).ok()?.checked_sub(exponent).map(|scale| (digits, scale))
}

fn rescale(digits: i128, from: i32, to: i32) -> Option<i128> {
    let steps = to.checked_sub(from)?;
    let power = 10i128.checked_pow(steps.unsigned_abs())?;
    if steps >= 0 {
        digits.checked_mul(power)
    } else {
        let half_up = digits.signum() * (power / 2);
        digits.checked_add(half_up).map(|raised| raised / power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, stated: Option<(i32, i32)>, value: i128, precision: u8, scale: i8) {
        let message = literal::Decimal { value: text.into(), precision: stated.map(|s| s.0), scale: stated.map(|s| s.1) };
        assert_eq!(decimal(&message).unwrap(), Literal::Decimal { value, precision, scale }, "{text}");
    }

    #[test]
    fn decimals_keep_their_digits() {
        check("1.50", None, 150, 3, 2);
        check("-0.05", None, -5, 2, 2);
        check("1E+3", None, 1000, 4, 0);
        check("1.5", Some((10, 3)), 1500, 10, 3);
        check("0", None, 0, 1, 0);
        check("12345678901234567890123456789012345678", None, 12345678901234567890123456789012345678, 38, 0);
    }

    #[test]
    fn arrays_know_their_type_by_root_by_field_or_by_value() {
        let one = proto::expression::Literal { data_type: None, literal_type: Some(LiteralType::Integer(1)) };
        #[allow(deprecated)]
        let array = literal::Array { element_type: None, elements: vec![one] };
        let message = proto::expression::Literal { data_type: None, literal_type: Some(LiteralType::Array(array)) };
        let expected = Literal::Array { element: DataType::Int, values: vec![Literal::Int(1)] };
        assert_eq!(literal(&message).unwrap(), expected);
    }

    #[test]
    fn a_null_inside_takes_the_element_type() {
        let null = LiteralType::Null(proto::DataType { kind: None });
        let null = proto::expression::Literal { data_type: None, literal_type: Some(null) };
        #[allow(deprecated)]
        let array = literal::Array { element_type: None, elements: vec![null] };
        let long = proto::DataType { kind: Some(proto::data_type::Kind::Long(Default::default())) };
        let list = proto::data_type::Array { element_type: Some(Box::new(long)), contains_null: true, ..Default::default() };
        let list = proto::DataType { kind: Some(proto::data_type::Kind::Array(Box::new(list))) };
        let message = proto::expression::Literal { data_type: Some(list), literal_type: Some(LiteralType::Array(array)) };
        let expected = Literal::Array { element: DataType::Long, values: vec![Literal::Null(DataType::Long)] };
        assert_eq!(literal(&message).unwrap(), expected);
    }
}
