//! Formats that are read on the operator's thread (CSV, JSON, text, Avro, ORC), as one kind of DataFusion file source.
//!
//!     [`RowFormat::open`]: a part of a file ──► batches of the wanted file columns
//!     [`RowsSource`]:      partition columns, projections, ranges, limits around it (DataFusion's own)
//!
//! Reading happens where the rows are used: local files come from the page cache.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::object_store::ObjectStore;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::filter_pushdown::{FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::{DisplayFormatType, PhysicalExpr};
use emberflow_functions::errors::to_datafusion;
use futures::StreamExt;

use crate::listing::DataFile;

/// Batches of one part of a file, columns as asked for.
pub(crate) type Rows = Box<dyn Iterator<Item = emberflow_base::Result<RecordBatch>> + Send>;

/// What one task reads.
#[derive(Debug, Clone)]
pub(crate) struct FilePart {
    pub path: PathBuf,
    /// Records that begin in these bytes; the whole file if it cannot be read from the middle.
    pub start: u64,
    pub end: u64,
}

impl FilePart {
    pub fn whole(path: PathBuf) -> Self {
        Self { path, start: 0, end: u64::MAX }
    }
}

/// What is asked of it.
pub(crate) struct Wanted<'a> {
    /// File columns, by position.
    pub columns: &'a [usize],
    /// A batch has at most this many.
    pub rows: usize,
    /// What will be filtered above, over the columns of `table`: rows that cannot pass need not be read.
    pub filters: &'a [Arc<dyn PhysicalExpr>],
    pub table: &'a SchemaRef,
}

pub(crate) trait RowFormat: fmt::Debug + Send + Sync {
    /// `csv`
    fn name(&self) -> &'static str;
    /// Whether a file may be read from the middle.
    fn splits(&self, path: &std::path::Path) -> bool;
    /// Whether filters save it reading.
    fn prunes(&self) -> bool {
        false
    }
    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> emberflow_base::Result<Rows>;
}

/// DataFusion's view of a [`RowFormat`].
#[derive(Debug, Clone)]
pub(crate) struct RowsSource {
    format: Arc<dyn RowFormat>,
    columns: TableSchema,
    projection: SplitProjection,
    batch_rows: usize,
    /// What filters above ask; shown by `explain`.
    asked: Vec<Arc<dyn PhysicalExpr>>,
    metrics: ExecutionPlanMetricsSet,
}

const BATCH_ROWS: usize = 8192;

impl RowsSource {
    pub fn new(format: Arc<dyn RowFormat>, columns: TableSchema) -> Self {
        let projection = SplitProjection::unprojected(&columns);
        let metrics = ExecutionPlanMetricsSet::new();
        Self { format, columns, projection, batch_rows: BATCH_ROWS, asked: Vec::new(), metrics }
    }
}

impl FileSource for RowsSource {
    fn create_file_opener(
        &self,
        _store: Arc<dyn ObjectStore>,
        _config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let opener = Arc::new(RowsOpener { source: self.clone(), partition });
        let inner = ProjectionOpener::try_new(self.projection.clone(), opener, self.columns.file_schema())?;
        let schema = Arc::new(self.projection.source.project_schema(self.columns.table_schema())?);
        Ok(Arc::new(SameSchema { inner, schema }))
    }

    fn table_schema(&self) -> &TableSchema {
        &self.columns
    }

    fn with_batch_size(&self, batch_rows: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_rows, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.columns.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    /// Nothing is filtered while reading; a format that prunes reads less, the others only tell what is asked in the plan.
    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let answers = vec![PushedDown::No; filters.len()];
        let mut source = self.clone();
        let known: Vec<String> = source.asked.iter().map(ToString::to_string).collect();
        source.asked.extend(filters.into_iter().filter(|filter| !known.contains(&filter.to_string())));
        Ok(FilterPushdownPropagation::with_parent_pushdown_result(answers).with_updated_node(Arc::new(source) as _))
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        self.format.name()
    }

    fn fmt_extra(&self, _format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.asked.is_empty() {
            return Ok(());
        }
        let asked: Vec<String> = self.asked.iter().map(ToString::to_string).collect();
        let title = if self.format.prunes() { "predicate" } else { "filters_above" };
        write!(out, ", {title}=[{}]", asked.join(", "))
    }

    fn repartitioned(
        &self,
        partitions: usize,
        size_min: usize,
        ordering: Option<LexOrdering>,
        config: &FileScanConfig,
    ) -> Result<Option<FileScanConfig>> {
        use datafusion::datasource::physical_plan::FileGroupPartitioner;
        let splits = |file: &PartitionedFile| data_file(file).is_ok_and(|file| self.format.splits(&file.path));
        if !config.file_groups.iter().flat_map(|group| group.iter()).all(splits) {
            return Ok(None);
        }
        let groups = FileGroupPartitioner::new()
            .with_target_partitions(partitions)
            .with_repartition_file_min_size(size_min)
            .with_preserve_order_within_groups(ordering.is_some())
            .repartition_file_groups(&config.file_groups);
        Ok(groups.map(|file_groups| {
            let mut config = config.clone();
            config.file_groups = file_groups;
            config
        }))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for projected in self.projection.source.iter() {
            if visit(&projected.expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }
}

struct RowsOpener {
    source: RowsSource,
    partition: usize,
}

impl FileOpener for RowsOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let path = data_file(&file)?.path.clone();
        let (start, end) = match &file.range {
            Some(range) => (range.start.max(0) as u64, range.end.max(0) as u64),
            None => (0, u64::MAX),
        };
        let read = MetricBuilder::new(&self.source.metrics).counter("bytes_scanned", self.partition);
        read.add(end.min(file.object_meta.size).saturating_sub(start) as usize);
        let source = self.source.clone();
        Ok(Box::pin(async move {
            let wanted = Wanted {
                columns: &source.projection.file_indices,
                rows: source.batch_rows,
                filters: if source.format.prunes() { &source.asked } else { &[] },
                table: source.columns.table_schema(),
            };
            let batches = source.format.open(&FilePart { path, start, end }, &wanted).map_err(to_datafusion)?;
            Ok(futures::stream::iter(batches.map(|batch| batch.map_err(to_datafusion))).boxed())
        }))
    }
}

/// Batches of every file under one schema: a partition value that is null in one file makes no column nullable in others.
struct SameSchema {
    inner: Arc<dyn FileOpener>,
    schema: SchemaRef,
}

impl FileOpener for SameSchema {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (opened, schema) = (self.inner.open(file)?, Arc::clone(&self.schema));
        Ok(Box::pin(async move {
            let fitted = move |batch: Result<RecordBatch>| {
                let batch = batch?;
                let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &options)?)
            };
            Ok(opened.await?.map(fitted).boxed())
        }))
    }
}

fn data_file(file: &PartitionedFile) -> Result<&DataFile> {
    file.extension::<DataFile>().ok_or_else(|| internal_datafusion_err!("{} is no file of ours", file.path()))
}

/// Where a file of a scan lies.
pub(crate) fn path_of(file: &PartitionedFile) -> PathBuf {
    data_file(file).map_or_else(|_| PathBuf::from(file.path().to_string()), |file| file.path.clone())
}
