//! Types to `spark.connect.DataType`.

use emberflow_plan::types::{DayTimeField, YearMonthField};
use emberflow_plan::{DataType, StructType};

use crate::proto;
use crate::proto::data_type::{self, Kind};

/// A type as clients read it.
pub fn data_type(data_type: &DataType) -> proto::DataType {
    proto::DataType { kind: Some(kind(data_type)) }
}

/// A whole schema.
pub fn struct_type(schema: &StructType) -> proto::DataType {
    proto::DataType { kind: Some(Kind::Struct(fields(schema))) }
}

fn kind(of: &DataType) -> Kind {
    match of {
        DataType::Null => Kind::Null(Default::default()),
        DataType::Boolean => Kind::Boolean(Default::default()),
        DataType::Byte => Kind::Byte(Default::default()),
        DataType::Short => Kind::Short(Default::default()),
        DataType::Int => Kind::Integer(Default::default()),
        DataType::Long => Kind::Long(Default::default()),
        DataType::Float => Kind::Float(Default::default()),
        DataType::Double => Kind::Double(Default::default()),
        DataType::Decimal { precision, scale } => Kind::Decimal(data_type::Decimal {
            precision: Some(i32::from(*precision)),
            scale: Some(i32::from(*scale)),
            ..Default::default()
        }),
        // No collation: a named one, even Spark's usual one, is shown with every column by the JVM client.
        DataType::String => Kind::String(Default::default()),
        DataType::Collated(collation) => Kind::String(data_type::String { collation: collation.name(), ..Default::default() }),
        DataType::Char(length) => Kind::Char(data_type::Char { length: *length as i32, ..Default::default() }),
        DataType::Varchar(length) => Kind::VarChar(data_type::VarChar { length: *length as i32, ..Default::default() }),
        DataType::Binary => Kind::Binary(Default::default()),
        DataType::Date => Kind::Date(Default::default()),
        DataType::Timestamp => Kind::Timestamp(Default::default()),
        DataType::TimestampNtz => Kind::TimestampNtz(Default::default()),
        DataType::Time(precision) => Kind::Time(data_type::Time { precision: Some(i32::from(*precision)), ..Default::default() }),
        DataType::CalendarInterval => Kind::CalendarInterval(Default::default()),
        DataType::YearMonthInterval { start, end } => Kind::YearMonthInterval(data_type::YearMonthInterval {
            start_field: Some(year_month(*start)),
            end_field: Some(year_month(*end)),
            ..Default::default()
        }),
        DataType::DayTimeInterval { start, end } => Kind::DayTimeInterval(data_type::DayTimeInterval {
            start_field: Some(day_time(*start)),
            end_field: Some(day_time(*end)),
            ..Default::default()
        }),
        DataType::Array { element, contains_null } => Kind::Array(Box::new(data_type::Array {
            element_type: Some(Box::new(data_type(element))),
            contains_null: *contains_null,
            ..Default::default()
        })),
        DataType::Map { key, value, value_contains_null } => Kind::Map(Box::new(data_type::Map {
            key_type: Some(Box::new(data_type(key))),
            value_type: Some(Box::new(data_type(value))),
            value_contains_null: *value_contains_null,
            ..Default::default()
        })),
        DataType::Struct(schema) => Kind::Struct(fields(schema)),
        DataType::Variant => Kind::Variant(Default::default()),
        DataType::Udt { jvm_class, python_class, serialized_python_class, sql_type } => Kind::Udt(Box::new(data_type::Udt {
            r#type: "udt".into(),
            jvm_class: jvm_class.clone(),
            python_class: python_class.clone(),
            serialized_python_class: serialized_python_class.clone(),
            sql_type: Some(Box::new(data_type(sql_type))),
        })),
    }
}

fn fields(schema: &StructType) -> data_type::Struct {
    let field = |field: &emberflow_plan::StructField| data_type::StructField {
        name: field.name.clone(),
        data_type: Some(data_type(&field.data_type)),
        nullable: field.nullable,
        metadata: field.metadata.clone(),
    };
    data_type::Struct { fields: schema.fields.iter().map(field).collect(), ..Default::default() }
}

fn year_month(field: YearMonthField) -> i32 {
    match field {
        YearMonthField::Year => 0,
        YearMonthField::Month => 1,
    }
}

fn day_time(field: DayTimeField) -> i32 {
    match field {
        DayTimeField::Day => 0,
        DayTimeField::Hour => 1,
        DayTimeField::Minute => 2,
        DayTimeField::Second => 3,
    }
}

#[cfg(test)]
mod tests {
    use emberflow_plan::StructField;

    use super::*;

    #[test]
    fn types_survive_the_wire() {
        let inner = StructType::new(vec![
            StructField { metadata: Some("{\"a\":1}".into()), ..StructField::new("x", DataType::Char(3), false) },
            StructField::new("x", DataType::decimal(12, 3), true),
        ]);
        for one in [
            DataType::Null,
            DataType::Long,
            DataType::String,
            DataType::Collated(emberflow_plan::Collation::UTF8_LCASE),
            DataType::Varchar(9),
            DataType::Time(3),
            DataType::year_month(),
            DataType::DayTimeInterval { start: DayTimeField::Hour, end: DayTimeField::Minute },
            DataType::array(DataType::Timestamp, true),
            DataType::map(DataType::String, DataType::Struct(inner.clone()), false),
            DataType::Struct(inner),
            DataType::Udt {
                jvm_class: Some("a.B".into()),
                python_class: None,
                serialized_python_class: None,
                sql_type: Box::new(DataType::Double),
            },
        ] {
            assert_eq!(crate::decode::data_type(&data_type(&one)).unwrap(), one);
        }
    }
}
