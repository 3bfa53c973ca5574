//! Spark's data types and the texts Spark prints them as.
//!
//! Four spellings exist and scripts see all of them: `simple_string` (`bigint`, in `df.dtypes` and errors), `sql`
//! (`BIGINT`, in DDL and SQL), `type_name` (`long`, in `printSchema`) and JSON (`json`).
//! Not here: parsing (`ddl`, `json`), Arrow (`emberflow-functions::types`).

use std::fmt::Write as _;

use crate::collation::Collation;

/// A type of Spark SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    Null,
    Boolean,
    Byte,
    Short,
    Int,
    Long,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: i8,
    },
    String,
    /// A string that is compared in another way than by its bytes.
    Collated(Collation),
    Char(u32),
    Varchar(u32),
    Binary,
    Date,
    /// An instant; printed and taken apart in the session's zone.
    Timestamp,
    /// A local date and time without zone.
    TimestampNtz,
    /// Time of day with this many digits of fraction.
    Time(u8),
    CalendarInterval,
    YearMonthInterval {
        start: YearMonthField,
        end: YearMonthField,
    },
    DayTimeInterval {
        start: DayTimeField,
        end: DayTimeField,
    },
    Array {
        element: Box<DataType>,
        contains_null: bool,
    },
    Map {
        key: Box<DataType>,
        value: Box<DataType>,
        value_contains_null: bool,
    },
    Struct(StructType),
    Variant,
    /// A user-defined type over the type that stores it; the classes are only passed through.
    Udt {
        jvm_class: Option<String>,
        python_class: Option<String>,
        serialized_python_class: Option<String>,
        sql_type: Box<DataType>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum YearMonthField {
    Year,
    Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DayTimeField {
    Day,
    Hour,
    Minute,
    Second,
}

impl YearMonthField {
    pub fn word(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
        }
    }
}

impl DayTimeField {
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }
}

/// The columns of a row or of a struct value. Equal names are legal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StructType {
    pub fields: Vec<StructField>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// Spark's field metadata, a JSON object as text.
    pub metadata: Option<String>,
}

impl StructField {
    pub fn new(name: impl Into<String>, data_type: DataType, nullable: bool) -> Self {
        Self { name: name.into(), data_type, nullable, metadata: None }
    }
}

impl StructType {
    pub fn new(fields: Vec<StructField>) -> Self {
        Self { fields }
    }

    /// The text of `df.printSchema()`, down to `level` levels of nesting if given.
    pub fn tree_string(&self, level: Option<usize>) -> String {
        let mut out = String::from("root\n");
        let depth = level.unwrap_or(usize::MAX);
        if depth > 0 {
            self.write_tree(&mut out, " |", depth);
        }
        out
    }

    fn write_tree(&self, out: &mut String, prefix: &str, depth: usize) {
        for field in &self.fields {
            let _ = writeln!(
                out,
                "{prefix}-- {}: {} (nullable = {})",
                escape_control(&field.name),
                field.data_type.type_name(),
                field.nullable
            );
            field.data_type.write_tree(out, &format!("{prefix}    |"), depth - 1);
        }
    }

    /// `a INT,b STRING NOT NULL`, as `StructType.toDDL` prints it.
    pub fn ddl(&self) -> String {
        let columns: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let not_null = if field.nullable { "" } else { " NOT NULL" };
                format!("{} {}{not_null}", quote_if_needed(&field.name), field.data_type.sql())
            })
            .collect();
        columns.join(",")
    }
}

/// `name`, or `` `na me` `` when it would not be read back as one identifier.
pub fn quote_if_needed(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.chars().all(|c| c.is_ascii_digit());
    if plain { name.to_owned() } else { quote(name) }
}

/// `` `name` ``, back quotes doubled.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn escape_control(name: &str) -> String {
    name.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

impl DataType {
    pub const DECIMAL_DEFAULT: DataType = DataType::Decimal { precision: 10, scale: 0 };

    /// A decimal type; digits beyond 38 are cut as Spark does for literals.
    pub fn decimal(precision: u8, scale: i8) -> Self {
        DataType::Decimal { precision, scale }
    }

    pub fn array(element: DataType, contains_null: bool) -> Self {
        DataType::Array { element: Box::new(element), contains_null }
    }

    pub fn map(key: DataType, value: DataType, value_contains_null: bool) -> Self {
        DataType::Map { key: Box::new(key), value: Box::new(value), value_contains_null }
    }

    /// `INTERVAL DAY TO SECOND`, the widest day-time interval.
    pub fn day_time() -> Self {
        DataType::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Second }
    }

    /// `INTERVAL YEAR TO MONTH`.
    pub fn year_month() -> Self {
        DataType::YearMonthInterval { start: YearMonthField::Year, end: YearMonthField::Month }
    }

    pub fn is_integral(&self) -> bool {
        matches!(self, DataType::Byte | DataType::Short | DataType::Int | DataType::Long)
    }

    pub fn is_fractional(&self) -> bool {
        matches!(self, DataType::Float | DataType::Double | DataType::Decimal { .. })
    }

    pub fn is_numeric(&self) -> bool {
        self.is_integral() || self.is_fractional()
    }

    pub fn is_string(&self) -> bool {
        matches!(self, DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_))
    }

    /// Whether texts in it are compared in another way than by their bytes.
    pub fn is_collated(&self) -> bool {
        match self {
            DataType::Collated(_) => true,
            DataType::Array { element, .. } => element.is_collated(),
            DataType::Map { key, value, .. } => key.is_collated() || value.is_collated(),
            DataType::Struct(schema) => schema.fields.iter().any(|field| field.data_type.is_collated()),
            DataType::Udt { sql_type, .. } => sql_type.is_collated(),
            _ => false,
        }
    }

    /// The type with `change` made to every string in it.
    pub fn with_strings(&self, change: &mut impl FnMut(&DataType) -> DataType) -> DataType {
        match self {
            text if text.is_string() => change(text),
            DataType::Array { element, contains_null } => DataType::array(element.with_strings(change), *contains_null),
            DataType::Map { key, value, value_contains_null } => {
                DataType::map(key.with_strings(change), value.with_strings(change), *value_contains_null)
            }
            DataType::Struct(schema) => DataType::Struct(StructType::new(
                schema
                    .fields
                    .iter()
                    .map(|field| StructField { data_type: field.data_type.with_strings(change), ..field.clone() })
                    .collect(),
            )),
            other => other.clone(),
        }
    }

    /// The string type of a collation; none is UTF8_BINARY.
    pub fn text(collation: Option<Collation>) -> Self {
        collation.map_or(DataType::String, DataType::Collated)
    }

    pub fn is_datetime(&self) -> bool {
        matches!(self, DataType::Date | DataType::Timestamp | DataType::TimestampNtz)
    }

    pub fn is_interval(&self) -> bool {
        matches!(self, DataType::CalendarInterval | DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. })
    }

    /// The type as Scala prints it, which some of Spark's errors do: `ArrayType(IntegerType,false)`.
    pub fn scala_text(&self) -> String {
        let simple = |name: &str| format!("{name}Type");
        match self {
            DataType::Null => simple("Null"),
            DataType::Boolean => simple("Boolean"),
            DataType::Byte => simple("Byte"),
            DataType::Short => simple("Short"),
            DataType::Int => simple("Integer"),
            DataType::Long => simple("Long"),
            DataType::Float => simple("Float"),
            DataType::Double => simple("Double"),
            DataType::String => simple("String"),
            DataType::Collated(collation) => format!("StringType({})", collation.name()),
            DataType::Binary => simple("Binary"),
            DataType::Date => simple("Date"),
            DataType::Timestamp => simple("Timestamp"),
            DataType::TimestampNtz => simple("TimestampNTZ"),
            DataType::Variant => simple("Variant"),
            DataType::CalendarInterval => simple("CalendarInterval"),
            DataType::Decimal { precision, scale } => format!("DecimalType({precision},{scale})"),
            DataType::Array { element, contains_null } => format!("ArrayType({},{contains_null})", element.scala_text()),
            DataType::Map { key, value, value_contains_null } => {
                format!("MapType({},{},{value_contains_null})", key.scala_text(), value.scala_text())
            }
            DataType::Struct(schema) => {
                let field = |field: &StructField| {
                    format!("StructField({},{},{})", field.name, field.data_type.scala_text(), field.nullable)
                };
                format!("StructType({})", schema.fields.iter().map(field).collect::<Vec<_>>().join(","))
            }
            other => other.sql(),
        }
    }

    /// The text in `df.dtypes`: `bigint`, `array<int>`, `struct<a:int>`.
    pub fn simple_string(&self) -> String {
        match self {
            DataType::Null => "void".into(),
            DataType::Boolean => "boolean".into(),
            DataType::Byte => "tinyint".into(),
            DataType::Short => "smallint".into(),
            DataType::Int => "int".into(),
            DataType::Long => "bigint".into(),
            DataType::Float => "float".into(),
            DataType::Double => "double".into(),
            DataType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            DataType::String => "string".into(),
            DataType::Collated(collation) => format!("string collate {}", collation.name()),
            DataType::Char(length) => format!("char({length})"),
            DataType::Varchar(length) => format!("varchar({length})"),
            DataType::Binary => "binary".into(),
            DataType::Date => "date".into(),
            DataType::Timestamp => "timestamp".into(),
            DataType::TimestampNtz => "timestamp_ntz".into(),
            DataType::Time(precision) => format!("time({precision})"),
            DataType::CalendarInterval => "interval".into(),
            DataType::YearMonthInterval { start, end } => interval_text(start.word(), end.word()),
            DataType::DayTimeInterval { start, end } => interval_text(start.word(), end.word()),
            DataType::Array { element, .. } => format!("array<{}>", element.simple_string()),
            DataType::Map { key, value, .. } => format!("map<{},{}>", key.simple_string(), value.simple_string()),
            DataType::Struct(fields) => {
                let inner: Vec<String> =
                    fields.fields.iter().map(|field| format!("{}:{}", field.name, field.data_type.simple_string())).collect();
                format!("struct<{}>", inner.join(","))
            }
            DataType::Variant => "variant".into(),
            DataType::Udt { sql_type, .. } => sql_type.simple_string(),
        }
    }

    /// The text in SQL and DDL: `BIGINT`, `ARRAY<INT>`, `STRUCT<a: INT NOT NULL>`.
    pub fn sql(&self) -> String {
        match self {
            DataType::Array { element, .. } => format!("ARRAY<{}>", element.sql()),
            DataType::Map { key, value, .. } => format!("MAP<{}, {}>", key.sql(), value.sql()),
            DataType::Struct(fields) => {
                let inner: Vec<String> = fields
                    .fields
                    .iter()
                    .map(|field| {
                        let not_null = if field.nullable { "" } else { " NOT NULL" };
                        format!("{}: {}{not_null}", quote_if_needed(&field.name), field.data_type.sql())
                    })
                    .collect();
                format!("STRUCT<{}>", inner.join(", "))
            }
            other => other.simple_string().to_uppercase(),
        }
    }

    /// The text in `printSchema`: `long`, `integer`, `array`.
    pub fn type_name(&self) -> String {
        match self {
            DataType::Byte => "byte".into(),
            DataType::Short => "short".into(),
            DataType::Int => "integer".into(),
            DataType::Long => "long".into(),
            DataType::Array { .. } => "array".into(),
            DataType::Map { .. } => "map".into(),
            DataType::Struct(_) => "struct".into(),
            DataType::Udt { sql_type, .. } => sql_type.type_name(),
            other => other.simple_string(),
        }
    }

    /// The text of errors: the SQL text in double quotes.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.sql())
    }

    fn write_tree(&self, out: &mut String, prefix: &str, depth: usize) {
        if depth == 0 {
            return;
        }
        match self {
            DataType::Struct(fields) => fields.write_tree(out, prefix, depth),
            DataType::Array { element, contains_null } => {
                let _ = writeln!(out, "{prefix}-- element: {} (containsNull = {contains_null})", element.type_name());
                element.write_tree(out, &format!("{prefix}    |"), depth - 1);
            }
            DataType::Map { key, value, value_contains_null } => {
                let _ = writeln!(out, "{prefix}-- key: {}", key.type_name());
                key.write_tree(out, &format!("{prefix}    |"), depth - 1);
                let _ = writeln!(out, "{prefix}-- value: {} (valueContainsNull = {value_contains_null})", value.type_name());
                value.write_tree(out, &format!("{prefix}    |"), depth - 1);
            }
            _ => {}
        }
    }
}

fn interval_text(start: &str, end: &str) -> String {
    if start == end { format!("interval {start}") } else { format!("interval {start} to {end}") }
}
