//! What Spark Connect needs from an engine: sessions that run statements and answer questions about plans.
//!
//! Declared here so that this crate leans on no engine; `emberflow` implements it.
//! Everything is called from any thread; nothing may block the caller for long. Local data that were uploaded in blocks
//! stand in the statement already (`LocalData`): the session's wire state keeps the blocks, the engine never sees a hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use emberflow_base::{Error, Result, Settings};
use emberflow_plan::tree::{ExplainMode, Relation, Statement};
use emberflow_plan::{DataType, StructType};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use parking_lot::Mutex;

use crate::kv::KeyValue;

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    pub user_id: String,
    pub session_id: String,
}

/// An engine, as far as the protocol is concerned.
pub trait Backend: KeyValue {
    /// A new session. The service calls this once per session and keeps the answer.
    fn open(&self, key: &SessionKey) -> Result<Arc<dyn SessionBackend>>;
    /// A new session with a copy of another's settings, temporary views and functions.
    fn open_clone(&self, of: &dyn SessionBackend, key: &SessionKey) -> Result<Arc<dyn SessionBackend>>;
    /// The version of Spark whose behaviour is offered, such as `4.2.0`.
    fn spark_version(&self) -> String;
}

/// One session of an engine.
pub trait SessionBackend: Send + Sync + 'static {
    /// Reads the settings.
    fn settings(&self) -> Settings;
    /// Changes the settings.
    fn change_settings(&self, change: &mut dyn FnMut(&mut Settings) -> Result<()>) -> Result<()>;
    /// Runs a statement. The future ends when there is something to read (or the command is done).
    fn execute(&self, statement: Statement, operation: Operation) -> BoxFuture<'static, Result<Outcome>>;
    /// Answers a question about a plan without running it.
    fn analyze(&self, question: Question) -> BoxFuture<'static, Result<Answer>>;
    /// For downcasting in [`Backend::open_clone`].
    fn as_any(&self) -> &dyn std::any::Any;
    /// The session is over: drop what it holds.
    fn close(&self);
}

/// What surrounds one execution.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    pub id: String,
    pub tags: Vec<String>,
    /// Filled by the engine.
    pub jobs: Jobs,
}

/// The jobs that were started for an operation, so that a command without rows can tell what they observed.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<Vec<Arc<dyn Watch>>>>);

impl Jobs {
    pub fn add(&self, job: Arc<dyn Watch>) {
        self.0.lock().push(job);
    }

    /// What all of them observed.
    pub fn observed(&self) -> Vec<Observed> {
        let jobs = self.0.lock().clone();
        jobs.iter().flat_map(|job| job.observed()).collect()
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jobs({})", self.0.lock().len())
    }
}

/// What a statement gave.
pub enum Outcome {
    Rows(Rows),
    /// A SQL text that is a query: nothing ran, the text is the relation.
    Query,
    /// A command without a result.
    Done,
    /// A checkpoint: the id under which the result can be read.
    CachedRemote {
        id: String,
    },
}

/// The rows of a query under way.
pub struct Rows {
    /// As Spark sees it: the names may repeat, the types may be richer than Arrow's.
    pub schema: StructType,
    /// Batches whose columns agree with `schema` by position, in the engine's Arrow types (`emberflow_functions::types::to_arrow`:
    /// instants are `Timestamp(us, "UTC")`). Dropping the stream cancels the query.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
    pub watch: Arc<dyn Watch>,
}

/// Looks at a query while and after it runs.
pub trait Watch: Send + Sync {
    fn progress(&self) -> Progress;
    /// One entry per physical operator, parents before children; complete once the rows have ended.
    fn metrics(&self) -> Vec<OperatorMetrics>;
    /// Values of `collect_metrics` (observations), once the rows have ended.
    fn observed(&self) -> Vec<Observed>;
    /// Stops the query at once; its rows end with `OPERATION_CANCELED`.
    fn cancel(&self);
}

#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub stages: Vec<StageProgress>,
    pub tasks_in_flight: i64,
}

#[derive(Debug, Clone, Default)]
pub struct StageProgress {
    pub stage_id: i64,
    pub tasks: i64,
    pub tasks_completed: i64,
    pub input_bytes_read: i64,
    pub done: bool,
}

#[derive(Debug, Clone, Default)]
pub struct OperatorMetrics {
    pub name: String,
    pub plan_id: i64,
    pub parent: i64,
    /// Metric name to (value, Spark's metric type: `sum`, `timing`, `size`).
    pub values: BTreeMap<String, (i64, String)>,
}

#[derive(Debug, Clone)]
pub struct Observed {
    pub name: String,
    pub plan_id: i64,
    pub result: Result<Vec<(String, emberflow_plan::tree::Literal)>, Error>,
}

/// AnalyzePlan's questions.
#[derive(Debug, Clone)]
pub enum Question {
    Schema(Relation),
    Explain { relation: Statement, mode: ExplainMode },
    TreeString { relation: Relation, level: Option<i32> },
    IsLocal(Relation),
    IsStreaming(Relation),
    InputFiles(Relation),
    DdlParse(String),
    JsonToDdl(String),
    SameSemantics { target: Relation, other: Relation },
    SemanticHash(Relation),
    Persist { relation: Relation, level: Option<StorageLevel> },
    Unpersist { relation: Relation, blocking: bool },
    StorageLevel(Relation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageLevel {
    pub use_disk: bool,
    pub use_memory: bool,
    pub use_off_heap: bool,
    pub deserialized: bool,
    pub replication: i32,
}

/// AnalyzePlan's answers, one kind per kind of question.
#[derive(Debug, Clone)]
pub enum Answer {
    Schema(StructType),
    Text(String),
    Flag(bool),
    Files(Vec<String>),
    Type(DataType),
    Hash(i32),
    StorageLevel(StorageLevel),
    Done,
}
