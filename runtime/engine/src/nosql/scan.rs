//! The plan node that reads a part of a NoSQL table in each of its partitions.
//!
//! ```text
//! part (slices, ranges, names) x folders ─► pages of items ─► filters ─► columns ─► batches
//! ```
//!
//! A task sees its slices as they were when it began. Only attributes that are asked for are decoded; `count(*)` decodes
//! none. Memory: one batch. Not here: which part a task reads (`table`), columns
//! (`emberflow_nosql::rows`).
//! Begin at [`Reader::next_batch`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use emberflow_functions::errors::to_datafusion;
use emberflow_nosql::codec::ValueRef;
use emberflow_nosql::expression::{Attribute, Attributes};
use emberflow_nosql::read_filter::{self, InFolder, OnTypeMismatch, Prepared};
use emberflow_nosql::rows::BatchBuilder;
use emberflow_nosql::schema::Field;
use emberflow_nosql::{Error, ErrorName, Part, RawItem, RawValue, SliceScan, SliceSpec, Table, Value};

use super::table::Shown;

/// Rows of a full batch.
const BATCH_ROWS: usize = 8192;
/// Bytes after which a batch goes though it has fewer rows.
const BATCH_BYTES: usize = 4 << 20;
/// Items of the first page; later ones follow the size of the items.
const FIRST_PAGE: usize = 64;

/// A folder that is opened.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub directory: String,
    /// The values its name gives to the partition columns; none if it is no folder of these columns: then the items'
    /// own attributes count.
    pub values: Option<Vec<Option<Value>>>,
}

/// What all tasks of a scan have in common.
pub(super) struct Reading {
    pub table: Table,
    /// What is given out.
    pub columns: SchemaRef,
    /// The same as the store knows them.
    pub fields: Vec<Field>,
    pub folder_columns: Vec<Field>,
    /// For each column its place among those of folders.
    pub of_folder: Vec<Option<usize>>,
    pub opened: Vec<Folder>,
    /// The filters left in folders whose names have been judged, and elsewhere.
    pub in_folders: Prepared,
    pub elsewhere: Prepared,
    pub mismatch: OnTypeMismatch,
    /// Rows after which a task may stop.
    pub limit: Option<usize>,
}

/// See the module.
pub(super) struct NosqlScanExec {
    reading: Arc<Reading>,
    parts: Vec<Part>,
    shown: Shown,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NosqlScanExec {
    /// A scan with a partition for each part.
    pub fn new(reading: Reading, parts: Vec<Part>, shown: Shown) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&reading.columns)),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Self { reading: Arc::new(reading), parts, shown, properties: Arc::new(properties), metrics }
    }
}

impl fmt::Debug for NosqlScanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}

impl DisplayAs for NosqlScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = self.reading.columns.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "NosqlScanExec: {}, Columns: [{}]", self.reading.table.path(), columns.join(", "))?;
        self.shown.describe(self.reading.opened.len(), f)?;
        match self.reading.limit {
            Some(limit) => write!(f, ", Limit: {limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for NosqlScanExec {
    fn name(&self) -> &'static str {
        "NosqlScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no input") }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(part) = self.parts.get(partition) else { return internal_err!("a scan has no partition {partition}") };
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let items = MetricBuilder::new(&self.metrics).counter("items_read", partition);
        let reader = Reader::open(Arc::clone(&self.reading), part.clone(), items).map_err(failed)?;
        let batches = futures::stream::unfold((reader, baseline), |(mut reader, baseline)| async move {
            let batch = reader.next_batch(&baseline).await.transpose()?.record_output(&baseline);
            Some((batch, (reader, baseline)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

fn failed(why: Error) -> DataFusionError {
    to_datafusion(why.into())
}

/// One task.
struct Reader {
    reading: Arc<Reading>,
    /// None when there is no more to read.
    scan: Option<SliceScan>,
    items: Count,
    builder: BatchBuilder,
    /// Of the rows in the builder, about.
    bytes: usize,
    rows_left: usize,
    page: usize,
}

impl Reader {
    fn open(reading: Arc<Reading>, part: Part, items: Count) -> emberflow_nosql::Result<Self> {
        let columns = reading.columns.fields().iter().map(|field| field.name().as_str().into());
        let filtered = reading.in_folders.attributes().chain(reading.elsewhere.attributes());
        let attributes = columns.chain(filtered.map(|attribute| Arc::clone(&attribute.name))).collect();
        let directories = reading.opened.iter().map(|folder| folder.directory.clone()).collect();
        let scan = match reading.opened.is_empty() {
            true => None, // perhaps there is no table yet
            false => Some(reading.table.scan_slices(SliceSpec { directories, part, attributes })?),
        };
        let rows_left = reading.limit.unwrap_or(usize::MAX);
        let builder = BatchBuilder::new(&reading.fields, reading.mismatch);
        Ok(Self { reading, scan, items, builder, bytes: 0, rows_left, page: FIRST_PAGE })
    }

    /// The next batch, never an empty one; none at the end. Other tasks of the thread get their turn between pages.
    async fn next_batch(&mut self, baseline: &BaselineMetrics) -> Result<Option<RecordBatch>> {
        self.bytes = 0;
        while self.scan.is_some() && self.rows_left > 0 && self.builder.rows() < BATCH_ROWS && self.bytes < BATCH_BYTES {
            let timer = baseline.elapsed_compute().timer();
            self.read_page().map_err(failed)?;
            timer.done();
            tokio::task::yield_now().await;
        }
        match self.builder.rows() {
            0 => Ok(None),
            _ => self.reading.fitted(self.builder.finish().map_err(failed)?).map(Some),
        }
    }

    fn read_page(&mut self) -> emberflow_nosql::Result<()> {
        let Some(scan) = &mut self.scan else { return Ok(()) };
        let (reading, before) = (&*self.reading, self.builder.rows());
        let most = self.page.min(BATCH_ROWS - before).min(self.rows_left).max(1);
        let (builder, mut seen, mut bytes) = (&mut self.builder, 0, 0);
        let mut folder: Option<&Folder> = None;
        let more = scan.next_page(most, &mut |item| {
            seen += 1;
            let directory = item.key.directory;
            if folder.is_none_or(|known| known.directory != directory) {
                folder = reading.opened.iter().find(|opened| opened.directory == directory);
            }
            let values = folder.and_then(|folder| folder.values.as_deref());
            bytes += reading.take(item, values, builder).map_err(|why| why.item(item.key.name()).table(reading.table.path()))?;
            Ok(())
        })?;
        self.items.add(seen);
        let taken = builder.rows() - before;
        self.rows_left -= taken.min(self.rows_left);
        self.bytes += bytes;
        self.page = (BATCH_BYTES / (bytes / taken.max(1) + 1)).clamp(1, BATCH_ROWS);
        if !more {
            self.scan = None;
        }
        Ok(())
    }
}

impl Reading {
    /// Adds an item that passes the filters to the rows, and gives the bytes it takes, about. `values` are those of its
    /// folder.
    fn take(
        &self,
        item: &RawItem<'_>,
        values: Option<&[Option<Value>]>,
        rows: &mut BatchBuilder,
    ) -> emberflow_nosql::Result<usize> {
        let columns = self.fields.len();
        let passes = match values {
            Some(values) => {
                let item = Slots { item, first: columns };
                self.in_folders
                    .matches(&InFolder { folder: read_filter::Folder { columns: &self.folder_columns, values }, item: &item })?
            }
            None => self.elsewhere.matches(&Slots { item, first: columns + self.in_folders.attributes().count() })?,
        };
        if !passes {
            return Ok(0);
        }
        let mut bytes = 0;
        for (at, of_folder) in self.of_folder.iter().enumerate() {
            if let Some(value) = values.zip(*of_folder).and_then(|(values, position)| values.get(position)) {
                rows.append_value(at, value.as_ref())?;
                continue;
            }
            match item.value(at) {
                Some(RawValue::Stored(value)) => {
                    bytes += length(&value);
                    rows.append(at, Some(value))?;
                }
                Some(RawValue::System(value)) => rows.append_value(at, Some(&value))?,
                None => rows.append(at, None)?,
            }
        }
        rows.end_row();
        Ok(bytes)
    }

    /// The batch with the user's narrower types.
    fn fitted(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if batch.schema_ref().fields() == self.columns.fields() {
            return Ok(batch);
        }
        let options = CastOptions { safe: self.mismatch == OnTypeMismatch::Null, ..CastOptions::default() };
        let narrow = |(field, array): (&FieldRef, &ArrayRef)| {
            cast_with_options(array, field.data_type(), &options).map_err(|_| {
                let text = format!("attribute {} has a value that does not fit a column of {}", field.name(), field.data_type());
                failed(Error::new(ErrorName::TypeMismatch, text).table(self.table.path()))
            })
        };
        let arrays = self.columns.fields().iter().zip(batch.columns()).map(narrow).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.columns), arrays, &options)?)
    }
}

/// The bytes a value takes in a column, about.
fn length(value: &ValueRef<'_>) -> usize {
    match value {
        ValueRef::Str(text) => text.len(),
        ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::IntArray(numbers) | ValueRef::DoubleArray(numbers) => 8 * numbers.len(),
        _ => 8,
    }
}

/// The attributes of filters, behind the columns of a scan.
struct Slots<'r, 'i> {
    item: &'r RawItem<'i>,
    first: usize,
}

impl Attributes for Slots<'_, '_> {
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
        Some(Cow::Owned(match self.item.value(self.first + attribute.slot)? {
            RawValue::Stored(value) => value.to_value(),
            RawValue::System(value) => value,
        }))
    }
}
