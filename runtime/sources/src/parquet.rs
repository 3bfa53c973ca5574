//! Parquet files, scanned by DataFusion's Parquet source: column pruning, row-group and page pruning come with it.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::DataType as Arrow;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::basic::Type as PhysicalType;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::types::{from_arrow, to_arrow_schema};
use emberflow_plan::{DataType, StructField, StructType};

use crate::paths::{DataFile, shown};
use crate::read::{ReadRequest, SourceTable, all_nullable};

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Result<SourceTable> {
    let Some(first) = files.first() else {
        return match request.schema {
            Some(schema) => empty(schema),
            None => Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "Parquet")),
        };
    };
    let partitions = partition_columns(&files);
    let mut schema = match request.schema {
        Some(schema) => without(schema, &partitions),
        None => without(&file_schema(first)?, &partitions),
    };
    let data_schema = all_nullable(&schema);
    schema = data_schema.clone();
    schema.fields.extend(partitions.iter().map(|(name, data_type)| StructField::new(name, data_type.clone(), true)));
    let format = ParquetFormat::default().with_force_view_types(false);
    listing(Arc::new(format), request, &files, data_schema, schema, &partitions)
}

/// A listing over files whose columns are `data_schema`, partition columns behind them.
pub(crate) fn listing(
    format: Arc<dyn datafusion::datasource::file_format::FileFormat>,
    request: &ReadRequest<'_>,
    files: &[DataFile],
    data_schema: StructType,
    schema: StructType,
    partitions: &[(String, DataType)],
) -> Result<SourceTable> {
    let urls = urls(request, files, !partitions.is_empty())?;
    let columns =
        partitions.iter().map(|(name, data_type)| (name.clone(), emberflow_functions::types::to_arrow(data_type))).collect();
    let options = ListingOptions::new(format).with_file_extension("").with_table_partition_cols(columns);
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(Arc::new(to_arrow_schema(&data_schema)));
    let provider = ListingTable::try_new(config).map_err(from_datafusion)?;
    Ok(SourceTable {
        provider: Arc::new(provider),
        schema,
        files: files.iter().map(|file| format!("file://{}", file.path.display())).collect(),
    })
}

/// One URL a file; with partition columns the folders given, because their values stand in the path below.
fn urls(request: &ReadRequest<'_>, files: &[DataFile], partitioned: bool) -> Result<Vec<ListingTableUrl>> {
    let url = |path: &std::path::Path, is_folder: bool| {
        let made = if is_folder { url::Url::from_directory_path(path) } else { url::Url::from_file_path(path) };
        let made = made.map_err(|()| Error::internal(format!("{} is not a path", path.display())))?;
        ListingTableUrl::try_new(made, None).map_err(from_datafusion)
    };
    if partitioned {
        return request.paths.iter().map(|path| url(&crate::paths::local(path)?, true)).collect();
    }
    files.iter().map(|file| url(&file.path, false)).collect()
}

/// Partition columns of a set of files, with the narrowest type that reads all their values.
pub(crate) fn partition_columns(files: &[DataFile]) -> Vec<(String, DataType)> {
    let Some(first) = files.first() else { return Vec::new() };
    first
        .partition
        .iter()
        .enumerate()
        .map(|(position, (name, _))| {
            let values = files.iter().filter_map(|file| file.partition.get(position)).filter_map(|(_, value)| value.as_deref());
            (name.clone(), partition_type(values))
        })
        .collect()
}

fn partition_type<'v>(values: impl Iterator<Item = &'v str> + Clone) -> DataType {
    let all = |reads: fn(&str) -> bool| values.clone().all(reads);
    if values.clone().next().is_none() {
        DataType::String
    } else if all(|text| text.parse::<i32>().is_ok()) {
        DataType::Int
    } else if all(|text| text.parse::<i64>().is_ok()) {
        DataType::Long
    } else if all(|text| text.parse::<f64>().is_ok()) {
        DataType::Double
    } else if all(|text| text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()) {
        DataType::Date
    } else {
        DataType::String
    }
}

fn without(schema: &StructType, partitions: &[(String, DataType)]) -> StructType {
    let is_partition = |field: &&StructField| !partitions.iter().any(|(name, _)| name.eq_ignore_ascii_case(&field.name));
    StructType::new(schema.fields.iter().filter(is_partition).cloned().collect())
}

/// The schema in a file's footer.
pub(crate) fn file_schema(file: &DataFile) -> Result<StructType> {
    let unreadable = |text: String| {
        Error::new("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER")
            .with("path", shown(&file.path))
            .text(format!("{} is not a readable Parquet file: {text}", shown(&file.path)))
            .exception_class(emberflow_base::Exception::Spark)
    };
    let opened = File::open(&file.path).map_err(|error| unreadable(error.to_string()))?;
    let metadata =
        ArrowReaderMetadata::load(&opened, ArrowReaderOptions::new()).map_err(|error| unreadable(error.to_string()))?;
    let columns = metadata.metadata().file_metadata().schema_descr();
    let mut fields = Vec::new();
    for (position, field) in metadata.schema().fields().iter().enumerate() {
        let int96 =
            columns.columns().iter().enumerate().any(|(leaf, column)| {
                columns.get_column_root_idx(leaf) == position && column.physical_type() == PhysicalType::INT96
            });
        let data_type = match field.data_type() {
            // Old timestamps are instants, though nothing in the file says so.
            Arrow::Timestamp(_, None) if int96 => DataType::Timestamp,
            other => from_arrow(other)?,
        };
        fields.push(StructField::new(field.name(), data_type, true));
    }
    Ok(StructType::new(fields))
}

/// No files, but a schema.
pub(crate) fn empty(schema: &StructType) -> Result<SourceTable> {
    let provider = datafusion::datasource::empty::EmptyTable::new(Arc::new(to_arrow_schema(&all_nullable(schema))));
    Ok(SourceTable { provider: Arc::new(provider), schema: all_nullable(schema), files: Vec::new() })
}
