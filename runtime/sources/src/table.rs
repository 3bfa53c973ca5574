//! A table over files: one for every format. It prunes files by what filters say about their folders and their metadata,
//! spreads them over partitions in the order of their names, and leaves the reading to the format.
//!
//!     provider's columns:   file columns …  partition columns …  _metadata             row index
//!                           (`format`)      (constant per file)  (constant per file)   (Parquet's alone)
//!
//! The last two are hidden from `*`; the row index is one more field of `_metadata` to whoever reads the table.
//!
//! Not here: reading a format's bytes (`rows`, `parquet`).

use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StructArray};
use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::parquet::arrow::RowNumber;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion_datasource::compute_all_files_statistics;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::types::{to_arrow, to_arrow_schema};
use emberflow_plan::{DataType, StructField, StructType};

use crate::listing::DataFile;
use crate::parquet::{self, SameNames};
use crate::partitions::Partitions;
use crate::paths::file_url;
use crate::read::{Made, SourceTable, all_nullable};
use crate::rows::{RowFormat, RowsSource};

/// How the files' bytes become rows.
#[derive(Debug, Clone)]
pub(crate) enum Reader {
    Parquet(Arc<ParquetFormat>),
    Rows(Arc<dyn RowFormat>),
}

#[derive(Debug)]
pub(crate) struct FilesTable {
    reader: Reader,
    files: Vec<PartitionedFile>,
    columns: TableSchema,
    /// What is constant per file, one row a file: partition columns, then `_metadata`.
    constants: RecordBatch,
}

/// The name of the hidden column that tells where a row came from.
pub(crate) const METADATA: &str = "_metadata";

/// The column with the position of a row in its file.
const ROW_INDEX: &str = "_metadata.row_index";

/// The table of `files` whose own columns are `schema`.
pub(crate) fn table(reader: Reader, files: &[DataFile], schema: &StructType, partitions: Partitions) -> Made {
    let own = all_nullable(schema);
    let file_schema: SchemaRef = Arc::new(to_arrow_schema(&own));
    let mut constant_fields: Vec<FieldRef> =
        partitions.fields.iter().map(|field| Arc::new(Field::new(&field.name, to_arrow(&field.data_type), true))).collect();
    let metadata = metadata_field();
    let mut name = METADATA.to_owned();
    while own.fields.iter().chain(&partitions.fields).any(|field| field.name == name) {
        name.push('_');
    }
    constant_fields.push(Arc::new(Field::new(name, to_arrow(&metadata.data_type), false)));
    let mut columns = partitions.values;
    columns.push(metadata_values(files)?);
    let constants = RecordBatch::try_new(Arc::new(Schema::new(constant_fields.clone())), columns)
        .map_err(|error| emberflow_base::Error::internal(format!("the files' partition values do not fit: {error}")))?;
    let mut listed = Vec::with_capacity(files.len());
    for (row, file) in files.iter().enumerate() {
        let values = constants.columns().iter().map(|column| ScalarValue::try_from_array(column, row));
        let values = values.collect::<Result<Vec<_>>>().map_err(from_datafusion)?;
        listed.push(partitioned(file, values)?);
    }
    let mut shown = own;
    shown.fields.extend(partitions.fields);
    let columns = TableSchema::builder(file_schema).with_table_partition_cols(constant_fields);
    let (columns, hidden) = match reader {
        Reader::Parquet(_) => {
            let row_index = Field::new(ROW_INDEX, arrow::datatypes::DataType::Int64, false).with_extension_type(RowNumber);
            let hidden = vec![metadata, StructField::new("row_index", DataType::Long, false)];
            (columns.with_virtual_columns(vec![Arc::new(row_index)]), hidden)
        }
        Reader::Rows(_) => (columns, vec![metadata]),
    };
    let columns = columns.build();
    Ok(SourceTable {
        provider: Arc::new(FilesTable { reader, files: listed, columns, constants }),
        schema: shown,
        files: files.iter().map(|file| file_url(&file.path)).collect(),
        hidden,
    })
}

fn partitioned(file: &DataFile, values: Vec<ScalarValue>) -> emberflow_base::Result<PartitionedFile> {
    use datafusion::object_store::{ObjectMeta, path::Path};
    let location = Path::from_absolute_path(&file.path)
        .map_err(|error| emberflow_base::Error::internal(format!("{} is not a path: {error}", file.path.display())))?;
    let meta = ObjectMeta { location, last_modified: file.modified.into(), size: file.size, e_tag: None, version: None };
    Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values).with_extension(file.clone()))
}

fn metadata_field() -> StructField {
    let field = |name: &str, data_type: DataType| StructField::new(name, data_type, false);
    let fields = StructType::new(vec![
        field("file_path", DataType::String),
        field("file_name", DataType::String),
        field("file_size", DataType::Long),
        field("file_block_start", DataType::Long),
        field("file_block_length", DataType::Long),
        field("file_modification_time", DataType::Timestamp),
    ]);
    StructField::new(METADATA, DataType::Struct(fields), false)
}

fn metadata_values(files: &[DataFile]) -> emberflow_base::Result<ArrayRef> {
    let arrow::datatypes::DataType::Struct(fields) = to_arrow(&metadata_field().data_type) else {
        return Err(emberflow_base::Error::internal("the metadata column is a struct"));
    };
    let names = files.iter().map(|file| file.path.file_name().map(|name| name.to_string_lossy().into_owned()));
    let sizes = Int64Array::from_iter_values(files.iter().map(|file| file.size as i64));
    let modified = files
        .iter()
        .map(|file| file.modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64 * 1000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(files.iter().map(|file| file_url(&file.path)))),
        Arc::new(StringArray::from_iter_values(names.map(Option::unwrap_or_default))),
        Arc::new(sizes.clone()),
        Arc::new(Int64Array::from_value(0, files.len())),
        Arc::new(sizes),
        Arc::new(TimestampMicrosecondArray::from_iter_values(modified).with_timezone("UTC")),
    ];
    let made = StructArray::try_new_with_length(fields, columns, None, files.len());
    made.map(|made| Arc::new(made) as ArrayRef).map_err(|error| emberflow_base::Error::internal(error.to_string()))
}

impl FilesTable {
    fn constant_names(&self) -> Vec<&str> {
        self.columns.table_partition_cols().iter().map(|field| field.name().as_str()).collect()
    }

    /// The files that filters about constants leave.
    fn kept(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let names = self.constant_names();
        let schema = DFSchema::try_from(self.constants.schema())?;
        let mut keep = vec![true; self.files.len()];
        for filter in filters.iter().filter(|filter| prunes(&names, filter)) {
            let wanted = state.create_physical_expr(unqualify(filter.clone())?, &schema)?.evaluate(&self.constants)?;
            let wanted = wanted.into_array(self.files.len())?;
            let wanted: &BooleanArray = wanted.as_boolean();
            keep.iter_mut().enumerate().for_each(|(row, keep)| *keep &= wanted.is_valid(row) && wanted.value(row));
        }
        Ok(self.files.iter().zip(keep).filter(|(_, keep)| *keep).map(|(file, _)| file.clone()).collect())
    }

    /// File groups with what is known about their sizes and values.
    async fn groups(&self, state: &dyn Session, files: Vec<PartitionedFile>) -> Result<(Vec<FileGroup>, Statistics)> {
        let parts = state.config().target_partitions().max(1);
        let whole = self.columns.table_schema();
        let Reader::Parquet(_) = &self.reader else {
            let mut statistics = Statistics::new_unknown(whole);
            statistics.total_byte_size = Precision::Inexact(files.iter().map(|file| file.object_meta.size as usize).sum());
            return Ok((FileGroup::new(files).split_files(parts), statistics));
        };
        let collect = state.config().collect_statistics();
        let files = if collect { parquet::with_statistics(state, files, self.columns.file_schema()).await? } else { files };
        let files = files.into_iter().map(with_row_index).collect();
        compute_all_files_statistics(FileGroup::new(files).split_files(parts), Arc::clone(whole), collect, false)
    }
}

/// What is known about a file's columns, one column wider: nothing is known about the positions of its rows.
fn with_row_index(mut file: PartitionedFile) -> PartitionedFile {
    if let Some(statistics) = &mut file.statistics {
        Arc::make_mut(statistics).column_statistics.push(ColumnStatistics::new_unknown());
    }
    file
}

/// Whether a filter looks at nothing but constants of a file.
fn prunes(names: &[&str], filter: &Expr) -> bool {
    let plain = filter.exists(|expr| {
        Ok(matches!(expr, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(_, _)))
    });
    !filter.column_refs().is_empty() && matches!(plain, Ok(false)) && expr_applicable_for_cols(names, filter)
}

/// Columns without the scan's name.
fn unqualify(filter: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::Transformed;
    let bare = |expr: Expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(datafusion::common::Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    };
    filter.transform(bare).map(|done| done.data)
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.kept(state, filters)?;
        if files.is_empty() {
            let schema = datafusion::common::project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let (groups, statistics) = self.groups(state, files).await?;
        let source = match &self.reader {
            Reader::Parquet(format) => format.file_source(self.columns.clone()),
            Reader::Rows(format) => Arc::new(RowsSource::new(Arc::clone(format), self.columns.clone())),
        };
        let mut builder = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit);
        match &self.reader {
            Reader::Parquet(format) => {
                builder = builder.with_expr_adapter(Some(Arc::new(SameNames)));
                format.create_physical_plan(state, builder.build()).await
            }
            Reader::Rows(_) => Ok(DataSourceExec::from_data_source(builder.build())),
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let names = self.constant_names();
        let verdict = |filter: &&Expr| {
            if prunes(&names, filter) { TableProviderFilterPushDown::Exact } else { TableProviderFilterPushDown::Inexact }
        };
        Ok(filters.iter().map(verdict).collect())
    }
}
