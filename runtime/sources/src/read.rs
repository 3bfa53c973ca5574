//! Formats by name, and the table each makes of paths and options.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use emberflow_base::{Error, Result};
use emberflow_functions::Context;
use emberflow_functions::types::to_arrow_schema;
use emberflow_plan::{DataType, StructField, StructType};

use crate::options::SourceOptions;
use crate::{avro, csv, json, listing, orc, parquet, text};

/// What to read.
pub struct ReadRequest<'a> {
    pub format: &'a str,
    pub schema: Option<&'a StructType>,
    pub options: SourceOptions,
    pub paths: &'a [String],
    pub context: Context<'a>,
}

impl ReadRequest<'_> {
    /// Whether the schemas of all files are put together.
    pub(crate) fn merges(&self, setting: &str) -> Result<bool> {
        self.options.flag("mergeschema", self.context.settings.flag(setting))
    }
}

/// Something that can be scanned, and Spark's view of its columns, in order.
pub struct SourceTable {
    pub provider: Arc<dyn TableProvider>,
    pub schema: StructType,
    pub files: Vec<String>,
    /// Columns behind those of `schema` that only a name reaches, `*` does not (`_metadata`).
    pub hidden: Vec<StructField>,
}

pub(crate) type Made = Result<SourceTable>;

impl SourceTable {
    /// A table that is no files.
    pub fn new(provider: Arc<dyn TableProvider>, schema: StructType) -> Self {
        Self { provider, schema, files: Vec::new(), hidden: Vec::new() }
    }
}

/// The table behind files.
pub fn read(request: &ReadRequest<'_>) -> Made {
    let format = short_name(request.format);
    let known = matches!(format.as_str(), "parquet" | "csv" | "json" | "orc" | "avro" | "text" | "xml" | "binaryfile" | "jdbc");
    if !known {
        return Err(Error::new("DATA_SOURCE_NOT_FOUND").with("provider", request.format));
    }
    if matches!(format.as_str(), "xml" | "binaryfile" | "jdbc") {
        return Err(Error::unsupported(format!("the data source {format}")));
    }
    if let Some(schema) = request.schema {
        no_repeats(schema, request.context.settings.case_sensitive())?;
    }
    let files = listing::data_files(request.paths, &request.options, request.context.time_zone)?;
    match format.as_str() {
        "parquet" => parquet::table(request, files),
        "csv" => csv::table(request, files),
        "json" => json::table(request, files),
        "avro" => avro::table(request, files),
        "orc" => orc::table(request, files),
        _ => text::table(request, files),
    }
}

fn no_repeats(schema: &StructType, case_sensitive: bool) -> Result<()> {
    for (position, field) in schema.fields.iter().enumerate() {
        let same = |other: &StructField| {
            if case_sensitive { other.name == field.name } else { other.name.eq_ignore_ascii_case(&field.name) }
        };
        if schema.fields[..position].iter().any(same) {
            let name = if case_sensitive { field.name.clone() } else { field.name.to_lowercase() };
            return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", emberflow_plan::types::quote(&name)));
        }
    }
    Ok(())
}

/// The short name of a format; Spark's class names mean the same.
pub fn short_name(format: &str) -> String {
    let lower = format.to_lowercase();
    let class = lower.rsplit('.').next().unwrap_or_default();
    for short in ["parquet", "csv", "json", "text", "orc", "avro"] {
        let classes = [format!("{short}fileformat"), format!("{short}datasourcev2"), format!("{short}datasource")];
        let packages = [format!("org.apache.spark.sql.{short}"), format!("com.databricks.spark.{short}")];
        if lower == short || classes.iter().any(|name| name == class) || packages.contains(&lower) {
            return short.into();
        }
    }
    lower
}

/// No files, but a schema.
pub(crate) fn empty(schema: &StructType) -> Made {
    let schema = all_nullable(schema);
    let provider = datafusion::datasource::empty::EmptyTable::new(Arc::new(to_arrow_schema(&schema)));
    Ok(SourceTable::new(Arc::new(provider), schema))
}

/// File sources may always give nulls, whatever a schema says.
pub fn all_nullable(schema: &StructType) -> StructType {
    StructType::new(
        schema
            .fields
            .iter()
            .map(|field| StructField { data_type: nullable(&field.data_type), nullable: true, ..field.clone() })
            .collect(),
    )
}

fn nullable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Array { element, .. } => DataType::array(nullable(element), true),
        DataType::Map { key, value, .. } => DataType::map(nullable(key), nullable(value), true),
        DataType::Struct(fields) => DataType::Struct(all_nullable(fields)),
        other => other.clone(),
    }
}

/// Two schemas put together by name, the second's new columns behind; `None` if a column's types do not go together.
pub(crate) fn merge(one: &StructType, two: &StructType) -> Option<StructType> {
    let mut fields = one.fields.clone();
    for field in &two.fields {
        match fields.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&field.name)) {
            Some(known) => known.data_type = merged(&known.data_type, &field.data_type)?,
            None => fields.push(field.clone()),
        }
    }
    Some(StructType::new(fields))
}

fn merged(one: &DataType, two: &DataType) -> Option<DataType> {
    match (one, two) {
        (one, two) if one == two => Some(one.clone()),
        (DataType::Struct(one), DataType::Struct(two)) => merge(one, two).map(DataType::Struct),
        (DataType::Array { element, contains_null }, DataType::Array { element: other, contains_null: also }) => {
            Some(DataType::array(merged(element, other)?, *contains_null || *also))
        }
        (
            DataType::Map { key, value, value_contains_null },
            DataType::Map { key: other_key, value: other, value_contains_null: also },
        ) => Some(DataType::map(merged(key, other_key)?, merged(value, other)?, *value_contains_null || *also)),
        _ => None,
    }
}
