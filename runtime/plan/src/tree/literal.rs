//! Constants and the types Spark gives them.

use crate::types::{DataType, StructType};

/// A constant. Date in days, timestamps in microseconds since 1970-01-01.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null(DataType),
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Unscaled value.
    Decimal {
        value: i128,
        precision: u8,
        scale: i8,
    },
    String(String),
    Binary(Vec<u8>),
    Date(i32),
    Timestamp(i64),
    TimestampNtz(i64),
    /// Nanoseconds of the day.
    Time {
        nanos: i64,
        precision: u8,
    },
    CalendarInterval {
        months: i32,
        days: i32,
        micros: i64,
    },
    /// Months; the type says which fields are meant.
    YearMonthInterval {
        months: i32,
        data_type: DataType,
    },
    /// Microseconds.
    DayTimeInterval {
        micros: i64,
        data_type: DataType,
    },
    Array {
        element: DataType,
        values: Vec<Literal>,
    },
    Map {
        key: DataType,
        value: DataType,
        entries: Vec<(Literal, Literal)>,
    },
    Struct {
        data_type: StructType,
        values: Vec<Literal>,
    },
}

impl Literal {
    /// The type Spark gives this constant.
    pub fn data_type(&self) -> DataType {
        match self {
            Literal::Null(data_type) => data_type.clone(),
            Literal::Boolean(_) => DataType::Boolean,
            Literal::Byte(_) => DataType::Byte,
            Literal::Short(_) => DataType::Short,
            Literal::Int(_) => DataType::Int,
            Literal::Long(_) => DataType::Long,
            Literal::Float(_) => DataType::Float,
            Literal::Double(_) => DataType::Double,
            Literal::Decimal { precision, scale, .. } => DataType::decimal(*precision, *scale),
            Literal::String(_) => DataType::String,
            Literal::Binary(_) => DataType::Binary,
            Literal::Date(_) => DataType::Date,
            Literal::Timestamp(_) => DataType::Timestamp,
            Literal::TimestampNtz(_) => DataType::TimestampNtz,
            Literal::Time { precision, .. } => DataType::Time(*precision),
            Literal::CalendarInterval { .. } => DataType::CalendarInterval,
            Literal::YearMonthInterval { data_type, .. } | Literal::DayTimeInterval { data_type, .. } => data_type.clone(),
            Literal::Array { element, values } => {
                DataType::array(element.clone(), values.iter().any(|value| matches!(value, Literal::Null(_))))
            }
            Literal::Map { key, value, entries } => {
                let with_nulls = entries.iter().any(|(_, value)| matches!(value, Literal::Null(_)));
                DataType::map(key.clone(), value.clone(), with_nulls)
            }
            Literal::Struct { data_type, .. } => DataType::Struct(data_type.clone()),
        }
    }
}
