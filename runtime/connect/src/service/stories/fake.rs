//! A backend of few lines: what it is asked decides what it does.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use emberflow_base::{Error, Result, Settings};
use emberflow_plan::tree::{Command, LocalData, RelationKind, Statement};
use emberflow_plan::{DataType, StructField, StructType};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use parking_lot::Mutex;

use crate::backend::{
    Answer, Backend, Observed, Operation, OperatorMetrics, Outcome, Progress, Question, Rows, SessionBackend, SessionKey, Watch,
};
use crate::kv::{self, KeyValue};

/// Sees what happened to its sessions.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) opened: AtomicUsize,
    pub(super) closed: Arc<AtomicUsize>,
    /// Batches that were pulled out of queries.
    pub(super) pulled: Arc<AtomicUsize>,
    /// Queries whose rows were dropped before their end.
    pub(super) dropped: Arc<AtomicUsize>,
    pub(super) executed: Arc<AtomicUsize>,
    pub(super) local: Arc<Mutex<Option<LocalData>>>,
}

struct FakeSession {
    settings: Mutex<Settings>,
    closed: Arc<AtomicUsize>,
    pulled: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    executed: Arc<AtomicUsize>,
    local: Arc<Mutex<Option<LocalData>>>,
}

impl Fake {
    fn session(&self, settings: Settings) -> Arc<dyn SessionBackend> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Arc::new(FakeSession {
            settings: Mutex::new(settings),
            closed: self.closed.clone(),
            pulled: self.pulled.clone(),
            dropped: self.dropped.clone(),
            executed: self.executed.clone(),
            local: self.local.clone(),
        })
    }
}

impl KeyValue for Fake {
    /// Says which container was meant.
    fn execute(&self, request: kv::Request) -> BoxFuture<'static, kv::Response> {
        let answer = kv::response::Answer::Json(request.container);
        std::future::ready(kv::Response { answer: Some(answer) }).boxed()
    }
}

impl Backend for Fake {
    fn open(&self, _key: &SessionKey) -> Result<Arc<dyn SessionBackend>> {
        Ok(self.session(Settings::new("UTC")))
    }

    fn open_clone(&self, of: &dyn SessionBackend, _key: &SessionKey) -> Result<Arc<dyn SessionBackend>> {
        Ok(self.session(of.settings()))
    }

    fn spark_version(&self) -> String {
        "4.2.0".into()
    }
}

impl SessionBackend for FakeSession {
    fn settings(&self) -> Settings {
        self.settings.lock().clone()
    }

    fn change_settings(&self, change: &mut dyn FnMut(&mut Settings) -> Result<()>) -> Result<()> {
        change(&mut self.settings.lock())
    }

    fn execute(&self, statement: Statement, _operation: Operation) -> BoxFuture<'static, Result<Outcome>> {
        self.executed.fetch_add(1, Ordering::Relaxed);
        let (pulled, dropped, local) = (self.pulled.clone(), self.dropped.clone(), self.local.clone());
        async move {
            match statement {
                Statement::Query(relation) => match *relation.kind {
                    RelationKind::Range { end, .. } => Ok(megabytes(end as usize, pulled, dropped)),
                    RelationKind::Table { name, .. } => named(&name[0], pulled, dropped).await,
                    RelationKind::LocalData(data) => {
                        *local.lock() = Some(data);
                        Ok(rows(vec![]))
                    }
                    other => Err(Error::unsupported(format!("{other:?}"))),
                },
                Statement::Command(Command::Sql { text, .. }) => Ok(match text.as_str() {
                    "SELECT" => Outcome::Query,
                    "SHOW" => rows(vec![Ok(batch("shown"))]),
                    _ => Outcome::Done,
                }),
                Statement::Command(Command::Checkpoint { .. }) => Ok(Outcome::CachedRemote { id: "kept".into() }),
                Statement::Command(_) => Ok(Outcome::Done),
            }
        }
        .boxed()
    }

    fn analyze(&self, question: Question) -> BoxFuture<'static, Result<Answer>> {
        let answer = match question {
            Question::Schema(_) => Ok(Answer::Schema(schema())),
            Question::IsLocal(_) => Ok(Answer::Flag(true)),
            Question::TreeString { .. } => Err(Error::new("TABLE_OR_VIEW_NOT_FOUND").with("relationName", "`t`")),
            _ => Ok(Answer::Done),
        };
        async move { answer }.boxed()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn close(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

fn schema() -> StructType {
    StructType::new(vec![StructField::new("s", DataType::String, true)])
}

fn batch(text: &str) -> RecordBatch {
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let schema = Schema::new(vec![Field::new("s", Arrow::Utf8, true)]);
    RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
}

fn rows(batches: Vec<Result<RecordBatch>>) -> Outcome {
    Outcome::Rows(Rows { schema: schema(), batches: stream::iter(batches).boxed(), watch: Arc::new(Still) })
}

/// Counts itself if it is dropped before it was told that all is well.
struct Guard {
    dropped: Arc<AtomicUsize>,
    finished: AtomicBool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Relaxed) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn megabytes(count: usize, pulled: Arc<AtomicUsize>, dropped: Arc<AtomicUsize>) -> Outcome {
    let text = "x".repeat(1 << 20);
    let guard = Guard { dropped, finished: AtomicBool::new(false) };
    let batches = stream::iter(0..count).map(move |index| {
        pulled.fetch_add(1, Ordering::Relaxed);
        if index + 1 == count {
            guard.finished.store(true, Ordering::Relaxed);
        }
        Ok(batch(&text))
    });
    Outcome::Rows(Rows { schema: schema(), batches: batches.boxed(), watch: Arc::new(Still) })
}

async fn named(name: &str, pulled: Arc<AtomicUsize>, dropped: Arc<AtomicUsize>) -> Result<Outcome> {
    match name {
        "empty" => Ok(rows(vec![])),
        "fails" => Ok(rows(vec![Ok(batch("before")), Err(Error::new("DIVIDE_BY_ZERO").with("config", "c"))])),
        "panics" => panic!("the operator lost its mind"),
        "refused" => Err(Error::new("TABLE_OR_VIEW_NOT_FOUND").with("relationName", "`refused`")),
        "observed" => Ok(Outcome::Rows(Rows {
            schema: schema(),
            batches: stream::iter(vec![Ok(batch("a"))]).boxed(),
            watch: Arc::new(Observing),
        })),
        // One batch, then nothing for ever.
        "slow" => {
            let guard = Guard { dropped, finished: AtomicBool::new(false) };
            pulled.fetch_add(1, Ordering::Relaxed);
            let first = stream::iter(vec![Ok(batch("first"))]);
            let endless = stream::pending().map(move |item: Result<RecordBatch>| {
                let _ = &guard;
                item
            });
            Ok(Outcome::Rows(Rows { schema: schema(), batches: first.chain(endless).boxed(), watch: Arc::new(Still) }))
        }
        "stuck" => std::future::pending().await,
        other => Err(Error::unsupported(other)),
    }
}

struct Still;

impl Watch for Still {
    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn metrics(&self) -> Vec<OperatorMetrics> {
        vec![OperatorMetrics { name: "Scan".into(), plan_id: 1, ..Default::default() }]
    }

    fn observed(&self) -> Vec<Observed> {
        Vec::new()
    }

    fn cancel(&self) {}
}

struct Observing;

impl Watch for Observing {
    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn metrics(&self) -> Vec<OperatorMetrics> {
        Vec::new()
    }

    fn observed(&self) -> Vec<Observed> {
        let value = ("rows".to_owned(), emberflow_plan::tree::Literal::Long(3));
        vec![
            Observed { name: "good".into(), plan_id: 7, result: Ok(vec![value]) },
            Observed { name: "bad".into(), plan_id: 8, result: Err(Error::new("DIVIDE_BY_ZERO")) },
        ]
    }

    fn cancel(&self) {}
}
