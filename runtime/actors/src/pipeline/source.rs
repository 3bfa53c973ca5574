//! Where a pipeline's batches come from.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::TableProvider;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use parking_lot::Mutex;

/// See the module.
pub struct Source(Kind);

enum Kind {
    Plan(Arc<dyn ExecutionPlan>),
    Parquet(PathBuf),
    Partitions { schema: SchemaRef, partitions: Vec<Batches> },
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

impl Source {
    /// The rows of a physical plan, with its partitions.
    pub fn plan(plan: Arc<dyn ExecutionPlan>) -> Self {
        Self(Kind::Plan(plan))
    }

    /// A Parquet file, or all those of a folder, read by as many tasks as there are cores.
    pub fn parquet(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Parquet(path.into()))
    }

    /// Batches at hand, per partition.
    pub fn batches(partitions: Vec<Vec<RecordBatch>>) -> Self {
        let schema =
            partitions.iter().flatten().next().map_or_else(|| Arc::new(arrow::datatypes::Schema::empty()), RecordBatch::schema);
        let iterator = |batches: Vec<RecordBatch>| Box::new(batches.into_iter().map(Ok)) as Batches;
        Self(Kind::Partitions { schema, partitions: partitions.into_iter().map(iterator).collect() })
    }

    /// Batches as an iterator gives them, one iterator per partition; each is asked only when there is credit.
    pub fn iterators(schema: SchemaRef, partitions: Vec<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>>) -> Self {
        Self(Kind::Partitions { schema, partitions })
    }

    pub(super) fn into_plan(self, cores: usize) -> Result<Arc<dyn ExecutionPlan>> {
        match self.0 {
            Kind::Plan(plan) => Ok(plan),
            Kind::Parquet(path) => plan_elsewhere(async move {
                let ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(cores));
                ctx.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default())
                    .await?
                    .create_physical_plan()
                    .await
            }),
            Kind::Partitions { schema, partitions } => {
                let once = |batches| {
                    Arc::new(Once { schema: schema.clone(), batches: Mutex::new(Some(batches)) }) as Arc<dyn PartitionStream>
                };
                let table = StreamingTable::try_new(schema.clone(), partitions.into_iter().map(once).collect())?;
                plan_elsewhere(async move { table.scan(&SessionContext::new().state(), None, &[], None).await })
            }
        }
    }
}

/// Planning is asynchronous and may need a reactor; the caller's thread may have another one, or none.
fn plan_elsewhere(
    planning: impl Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'static,
) -> Result<Arc<dyn ExecutionPlan>> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(planning)
    });
    thread.join().map_err(|_| exec_datafusion_err!("planning a source panicked"))?
}

/// A partition that can be read once.
struct Once {
    schema: SchemaRef,
    batches: Mutex<Option<Batches>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("iterator")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self.batches.lock().take().into_iter().flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(batches)))
    }
}
