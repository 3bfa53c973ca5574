//! Parquet files, scanned by DataFusion's Parquet source: column pruning, row-group and page pruning come with it.
//!
//! Columns are found ignoring case, missing ones are null, and only casts that lose nothing are made between a file's type
//! and the table's. Not here: which files (`listing`), the table around them (`table`).

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result as Done, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::basic::Type as PhysicalType;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::physical_plan::PhysicalExpr;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::to_datafusion;
use emberflow_functions::types::from_arrow;
use emberflow_plan::{DataType, StructField, StructType};
use futures::{StreamExt, TryStreamExt};

use crate::lines::unreadable;
use crate::listing::DataFile;
use crate::partitions::Partitions;
use crate::paths::shown;
use crate::read::{Made, ReadRequest, empty};
use crate::table::{Reader, table as files_table};

/// Options of Spark's Parquet source that would change what is read and are not there yet.
const NOT_YET: &[&str] = &["ignoreCorruptFiles", "ignoreMissingFiles"];

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Made {
    request.options.refuse("Parquet files", NOT_YET)?;
    for key in ["datetimerebasemode", "int96rebasemode"] {
        if request.options.get(key).is_some_and(|mode| mode.eq_ignore_ascii_case("LEGACY")) {
            return Err(Error::unsupported(format!("the option {key} of Parquet files")));
        }
    }
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let schema = match (request.schema, files.first()) {
        (Some(schema), None) => return empty(schema),
        (None, None) => return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "Parquet")),
        (Some(schema), _) => schema.clone(),
        (None, Some(first)) => match request.merges("spark.sql.parquet.mergeSchema")? {
            true => merged(&files)?,
            false => file_schema(first)?,
        },
    };
    let mut options = TableParquetOptions::default();
    options.global.coerce_int96 = Some("us".into());
    options.global.coerce_int96_tz = Some("UTC".into());
    let format = ParquetFormat::default().with_options(options).with_force_view_types(false);
    let schema = partitions.without(&schema);
    files_table(Reader::Parquet(Arc::new(format)), &files, &schema, partitions)
}

/// The schemas of all files put together.
fn merged(files: &[DataFile]) -> Result<StructType> {
    let mut known = StructType::default();
    for file in files {
        let schema = file_schema(file)?;
        known = crate::read::merge(&known, &schema).ok_or_else(|| {
            Error::new("CANNOT_MERGE_SCHEMAS")
                .with("left", DataType::Struct(known.clone()).quoted())
                .with("right", DataType::Struct(schema).quoted())
                .exception_class(emberflow_base::Exception::Spark)
        })?;
    }
    Ok(known)
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
    if metadata.schema().fields().iter().any(|field| is_shredded(field.data_type())) {
        return Err(Error::unsupported("shredded variants in Parquet files"));
    }
    if let Some(schema) = spark_schema(&metadata) {
        return Ok(schema);
    }
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
        fields.push(StructField::new(field.name(), data_type, field.is_nullable()));
    }
    Ok(StructType::new(fields))
}

/// Whether variants lie in a column whose parts have columns of their own.
fn is_shredded(data_type: &Arrow) -> bool {
    match data_type {
        Arrow::Struct(fields) => {
            let has = |name: &str| fields.iter().any(|field| field.name() == name);
            has("metadata") && has("typed_value") || fields.iter().any(|field| is_shredded(field.data_type()))
        }
        Arrow::List(field) | Arrow::LargeList(field) | Arrow::Map(field, _) => is_shredded(field.data_type()),
        _ => false,
    }
}

/// Under which key Spark keeps its own schema in a file.
pub(crate) const SPARK_SCHEMA: &str = "org.apache.spark.sql.parquet.row.metadata";

fn spark_schema(metadata: &ArrowReaderMetadata) -> Option<StructType> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata()?;
    let text = pairs.iter().find(|pair| pair.key == SPARK_SCHEMA)?.value.as_ref()?;
    match emberflow_plan::json::from_json(text) {
        Ok(DataType::Struct(schema)) => Some(schema),
        _ => None,
    }
}

/// Files with the statistics of their footers; without, where a file spells a column in another case.
pub(crate) async fn with_statistics(
    state: &dyn Session,
    files: Vec<PartitionedFile>,
    schema: &SchemaRef,
) -> Done<Vec<PartitionedFile>> {
    let store = state.runtime_env().object_store(ObjectStoreUrl::local_filesystem())?;
    let at_once = state.config_options().execution.meta_fetch_concurrency.get();
    let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
    futures::stream::iter(files)
        .map(|mut file| {
            let (store, cache) = (Arc::clone(&store), Arc::clone(&cache));
            async move {
                let metadata = DFParquetMetadata::new(store.as_ref(), &file.object_meta)
                    .with_file_metadata_cache(Some(cache))
                    .fetch_metadata()
                    .await
                    .map_err(|error| to_datafusion(unreadable(&crate::rows::path_of(&file), &error.to_string())))?;
                let names: Vec<&str> =
                    metadata.file_metadata().schema_descr().root_schema().get_fields().iter().map(|field| field.name()).collect();
                let renamed = |field: &Field| {
                    !names.contains(&field.name().as_str()) && names.iter().any(|name| name.eq_ignore_ascii_case(field.name()))
                };
                let mut statistics = if schema.fields().iter().any(|field| renamed(field)) {
                    Statistics::new_unknown(schema)
                } else {
                    DFParquetMetadata::statistics_from_parquet_metadata(&metadata, schema)?
                };
                let constants = file.partition_values.len();
                statistics.column_statistics.extend(std::iter::repeat_n(Default::default(), constants));
                file.statistics = Some(Arc::new(statistics));
                Ok(file)
            }
        })
        .buffered(at_once)
        .try_collect()
        .await
}

/// Finds a table's columns in a file ignoring case.
#[derive(Debug)]
pub(crate) struct SameNames;

impl PhysicalExprAdapterFactory for SameNames {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Done<Arc<dyn PhysicalExprAdapter>> {
        let spelled = |field: &Arc<Field>| {
            let exact = table.fields().iter().any(|own| own.name() == field.name());
            let own = table.fields().iter().find(|own| own.name().eq_ignore_ascii_case(field.name()));
            match own {
                Some(own) if !exact => Arc::new(field.as_ref().clone().with_name(own.name())),
                _ => Arc::clone(field),
            }
        };
        let renamed: SchemaRef = Arc::new(Schema::new(file.fields().iter().map(spelled).collect::<Vec<_>>()));
        let plain = DefaultPhysicalExprAdapterFactory.create(table, renamed)?;
        Ok(Arc::new(Respelled { plain, file }))
    }
}

#[derive(Debug)]
struct Respelled {
    plain: Arc<dyn PhysicalExprAdapter>,
    file: SchemaRef,
}

impl PhysicalExprAdapter for Respelled {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Done<Arc<dyn PhysicalExpr>> {
        let adapted = self.plain.rewrite(expr)?;
        let respell = |expr: Arc<dyn PhysicalExpr>| {
            let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
            match self.file.fields().get(column.index()) {
                Some(field) if field.name() != column.name() => {
                    Ok(Transformed::yes(Arc::new(Column::new(field.name(), column.index())) as Arc<dyn PhysicalExpr>))
                }
                _ => Ok(Transformed::no(expr)),
            }
        };
        adapted.transform(respell).map(|done| done.data)
    }
}
