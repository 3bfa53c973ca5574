//! The Arrow types in which clients read Spark's types (Spark Connect's type mapping).
//!
//! They follow from the Spark schema alone, so every batch of a result has the same. Not here: changing arrays
//! (`convert`).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit};
use emberflow_base::Settings;
use emberflow_plan::{DataType, StructType};

/// How a session wants its results.
pub(super) struct Wire {
    zone: Arc<str>,
    large: bool,
}

impl Wire {
    pub(super) fn of(settings: &Settings) -> Self {
        Self { zone: settings.time_zone().into(), large: settings.flag("spark.sql.execution.arrow.useLargeVarTypes") }
    }

    /// Names of columns may repeat, names inside structs may not.
    pub(super) fn schema(&self, schema: &StructType) -> Schema {
        let field = |field: &emberflow_plan::StructField| self.field(&field.name, &field.data_type, field.nullable);
        Schema::new(schema.fields.iter().map(field).collect::<Vec<_>>())
    }

    fn field(&self, name: &str, data_type: &DataType, nullable: bool) -> FieldRef {
        Arc::new(Field::new(name, self.data_type(data_type), nullable))
    }

    fn data_type(&self, data_type: &DataType) -> Arrow {
        match data_type {
            DataType::Null => Arrow::Null,
            DataType::Boolean => Arrow::Boolean,
            DataType::Byte => Arrow::Int8,
            DataType::Short => Arrow::Int16,
            DataType::Int => Arrow::Int32,
            DataType::Long => Arrow::Int64,
            DataType::Float => Arrow::Float32,
            DataType::Double => Arrow::Float64,
            DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, *scale),
            DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) if self.large => Arrow::LargeUtf8,
            DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => Arrow::Utf8,
            DataType::Binary if self.large => Arrow::LargeBinary,
            DataType::Binary => Arrow::Binary,
            DataType::Date => Arrow::Date32,
            DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some(self.zone.clone())),
            DataType::TimestampNtz => Arrow::Timestamp(TimeUnit::Microsecond, None),
            DataType::Time(_) => Arrow::Time64(TimeUnit::Nanosecond),
            DataType::CalendarInterval => Arrow::Interval(IntervalUnit::MonthDayNano),
            DataType::YearMonthInterval { .. } => Arrow::Interval(IntervalUnit::YearMonth),
            DataType::DayTimeInterval { .. } => Arrow::Duration(TimeUnit::Microsecond),
            DataType::Array { element, contains_null } => Arrow::List(self.field("element", element, *contains_null)),
            DataType::Map { key, value, value_contains_null } => {
                let pair = Fields::from(vec![self.field("key", key, false), self.field("value", value, *value_contains_null)]);
                Arrow::Map(Arc::new(Field::new("entries", Arrow::Struct(pair), false)), false)
            }
            DataType::Struct(fields) => Arrow::Struct(self.inner_fields(fields)),
            DataType::Variant => variant(),
            DataType::Udt { sql_type, .. } => self.data_type(sql_type),
        }
    }

    fn inner_fields(&self, schema: &StructType) -> Fields {
        let names = unique_names(schema);
        let fields = schema.fields.iter().zip(names);
        fields.map(|(field, name)| self.field(&name, &field.data_type, field.nullable)).collect()
    }
}

fn variant() -> Arrow {
    let marked = HashMap::from([("variant".to_owned(), "true".to_owned())]);
    Arrow::Struct(Fields::from(vec![
        Field::new("value", Arrow::Binary, false),
        Field::new("metadata", Arrow::Binary, false).with_metadata(marked),
    ]))
}

/// `a, b, a` becomes `a_0, b, a_1`.
fn unique_names(schema: &StructType) -> Vec<String> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for field in &schema.fields {
        *times.entry(field.name.as_str()).or_default() += 1;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let name = |field: &'_ emberflow_plan::StructField| field.name.clone();
    let mut names = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        if times.get(field.name.as_str()).copied().unwrap_or(0) < 2 {
            names.push(name(field));
            continue;
        }
        let index = seen.entry(field.name.as_str()).or_default();
        names.push(format!("{}_{index}", field.name));
        *index += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use emberflow_plan::StructField;

    use super::*;

    #[test]
    fn names_inside_structs_are_made_unique() {
        let schema = StructType::new(["a", "b", "a"].map(|name| StructField::new(name, DataType::Int, true)).to_vec());
        assert_eq!(unique_names(&schema), ["a_0", "b", "a_1"]);
    }
}
