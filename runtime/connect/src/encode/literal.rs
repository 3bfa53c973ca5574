//! Constants to `Expression.Literal`, for clients of every age: the type stands at the root (4.1 and later read it
//! there) and in the deprecated fields of arrays, maps and structs (earlier clients read it there).

use emberflow_plan::DataType;
use emberflow_plan::tree::Literal;

use super::types;
use crate::proto;
use crate::proto::expression::Literal as Message;
use crate::proto::expression::literal::{self, LiteralType};

/// A constant as clients read it.
pub fn literal(value: &Literal) -> Message {
    Message { data_type: Some(types::data_type(&value.data_type())), literal_type: Some(of(value)) }
}

/// A constant inside another, whose root says the type.
fn nested(value: &Literal) -> Message {
    Message { data_type: None, literal_type: Some(of(value)) }
}

fn of(value: &Literal) -> LiteralType {
    match value {
        Literal::Null(data_type) => LiteralType::Null(types::data_type(data_type)),
        Literal::Boolean(value) => LiteralType::Boolean(*value),
        Literal::Byte(value) => LiteralType::Byte(i32::from(*value)),
        Literal::Short(value) => LiteralType::Short(i32::from(*value)),
        Literal::Int(value) => LiteralType::Integer(*value),
        Literal::Long(value) => LiteralType::Long(*value),
        Literal::Float(value) => LiteralType::Float(*value),
        Literal::Double(value) => LiteralType::Double(*value),
        Literal::Decimal { value, precision, scale } => LiteralType::Decimal(literal::Decimal {
            value: decimal_text(*value, *scale),
            precision: Some(i32::from(*precision)),
            scale: Some(i32::from(*scale)),
        }),
        Literal::String(value) => LiteralType::String(value.clone()),
        Literal::Binary(value) => LiteralType::Binary(value.clone().into()),
        Literal::Date(days) => LiteralType::Date(*days),
        Literal::Timestamp(micros) => LiteralType::Timestamp(*micros),
        Literal::TimestampNtz(micros) => LiteralType::TimestampNtz(*micros),
        Literal::Time { nanos, precision } => {
            LiteralType::Time(literal::Time { nano: *nanos, precision: Some(i32::from(*precision)) })
        }
        Literal::CalendarInterval { months, days, micros } => {
            LiteralType::CalendarInterval(literal::CalendarInterval { months: *months, days: *days, microseconds: *micros })
        }
        Literal::YearMonthInterval { months, .. } => LiteralType::YearMonthInterval(*months),
        Literal::DayTimeInterval { micros, .. } => LiteralType::DayTimeInterval(*micros),
        Literal::Array { element, values } => array(element, values),
        Literal::Map { key, value, entries } => map(key, value, entries),
        Literal::Struct { data_type, values } => fields(&DataType::Struct(data_type.clone()), values),
    }
}

#[allow(deprecated)]
fn array(element: &DataType, values: &[Literal]) -> LiteralType {
    LiteralType::Array(literal::Array {
        element_type: Some(types::data_type(element)),
        elements: values.iter().map(nested).collect(),
    })
}

#[allow(deprecated)]
fn map(key: &DataType, value: &DataType, entries: &[(Literal, Literal)]) -> LiteralType {
    LiteralType::Map(literal::Map {
        key_type: Some(types::data_type(key)),
        value_type: Some(types::data_type(value)),
        keys: entries.iter().map(|(key, _)| nested(key)).collect(),
        values: entries.iter().map(|(_, value)| nested(value)).collect(),
    })
}

#[allow(deprecated)]
fn fields(data_type: &DataType, values: &[Literal]) -> LiteralType {
    LiteralType::Struct(literal::Struct {
        struct_type: Some(types::data_type(data_type)),
        elements: values.iter().map(nested).collect(),
    })
}

/// An integer constant without a type of its own, as results of commands carry it.
pub(crate) fn plain_int(value: i32) -> proto::expression::Literal {
    nested(&Literal::Int(value))
}

/// `-1205` of scale 2 as `-12.05`.
fn decimal_text(value: i128, scale: i8) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{digits}"),
        Ok(scale) => {
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

#[cfg(test)]
mod tests {
    use emberflow_plan::{StructField, StructType};

    use super::*;

    #[test]
    fn constants_survive_the_wire() {
        let row =
            StructType::new(vec![StructField::new("a", DataType::Int, true), StructField::new("b", DataType::String, true)]);
        for value in [
            Literal::Decimal { value: -1205, precision: 6, scale: 2 },
            Literal::Decimal { value: 5, precision: 3, scale: 3 },
            Literal::Null(DataType::Long),
            Literal::Array { element: DataType::Long, values: vec![Literal::Long(1), Literal::Null(DataType::Long)] },
            Literal::Map {
                key: DataType::String,
                value: DataType::Int,
                entries: vec![(Literal::String("k".into()), Literal::Int(1))],
            },
            Literal::Struct { data_type: row, values: vec![Literal::Int(1), Literal::String("x".into())] },
        ] {
            assert_eq!(crate::decode::literal::literal(&literal(&value)).unwrap(), value);
        }
    }

    #[test]
    fn decimals_are_written_plainly() {
        assert_eq!(decimal_text(-5, 3), "-0.005");
        assert_eq!(decimal_text(1200, 2), "12.00");
        assert_eq!(decimal_text(7, 0), "7");
    }
}
