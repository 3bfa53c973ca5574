//! Formats by name, and the table each makes of paths and options.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use emberflow_base::{Error, Result};
use emberflow_functions::Context;
use emberflow_plan::{DataType, StructField, StructType};

use crate::options::SourceOptions;
use crate::{csv, parquet, paths};

/// What to read.
pub struct ReadRequest<'a> {
    pub format: &'a str,
    pub schema: Option<&'a StructType>,
    pub options: SourceOptions,
    pub paths: &'a [String],
    pub context: Context<'a>,
}

/// Something that can be scanned, and Spark's view of its columns, in order.
pub struct SourceTable {
    pub provider: Arc<dyn TableProvider>,
    pub schema: StructType,
    pub files: Vec<String>,
}

/// The table behind files.
pub fn read(request: &ReadRequest<'_>) -> Result<SourceTable> {
    let format = short_name(request.format);
    let known = matches!(format.as_str(), "parquet" | "csv" | "json" | "orc" | "avro" | "text" | "xml" | "binaryfile" | "jdbc");
    if !known {
        return Err(Error::new("DATA_SOURCE_NOT_FOUND").with("provider", request.format));
    }
    let files = paths::data_files(request.paths)?;
    match format.as_str() {
        "parquet" => parquet::table(request, files),
        "csv" => csv::table(request, files),
        other => Err(Error::unsupported(format!("the data source {other}"))),
    }
}

/// The short name of a format; Spark's class names mean the same.
pub fn short_name(format: &str) -> String {
    let lower = format.to_lowercase();
    match lower.rsplit('.').next() {
        Some("parquetfileformat" | "parquetdatasourcev2") => "parquet".into(),
        Some("csvfileformat" | "csvdatasourcev2") => "csv".into(),
        _ => match lower.as_str() {
            "com.databricks.spark.csv" => "csv".into(),
            "org.apache.spark.sql.parquet" => "parquet".into(),
            "org.apache.spark.sql.json" => "json".into(),
            _ => lower,
        },
    }
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
