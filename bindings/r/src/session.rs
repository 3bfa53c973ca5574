//! A session: the one object through which R reaches an engine.
//!
//!     R ──► Session ──► Transport ──► engine or server
//!             └─ waits in slices, so Ctrl-C works; shows progress
//!
//! Every function here runs on R's thread and waits for its answer.
//! Not here: plans (`frame`), turning batches into vectors (`to_r`). Begin at [`Session::run`].

use std::future::Future;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use bytes::Bytes;
use emberflow_connect::backend::Watch;
use emberflow_connect::rpc::Method;
use emberflow_plan::StructType;
use extendr_api::prelude::*;
use futures::StreamExt;
use futures::stream::BoxStream;
use prost::Message;
use proto::analyze_plan_request::Analyze;
use proto::analyze_plan_response::Result as Answer;
use proto::config_request::operation::OpType as ConfigOperation;
use proto::interrupt_request::{Interrupt, InterruptType};
use proto::plan::OpType;
use spark_connect_proto as proto;

use crate::client::Client;
use crate::failure::{Failure, Result, outcome};
use crate::r_api::{flag, held, hold, pairs, text, text_or_none, texts};
use crate::remote::Remote;
use crate::remote_url::RemoteUrl;
use crate::transport::{Order, Part, Progress, Transport};
use crate::waiting::{runtime, wait, wait_with};

const QUIET: Duration = Duration::from_secs(2);
const REDRAW: Duration = Duration::from_millis(200);
const BAR_WIDTH: i64 = 40;

static SHOW_PROGRESS: AtomicBool = AtomicBool::new(false);

/// A session with an engine.
pub struct Session {
    transport: Arc<dyn Transport>,
    pub client: Client,
    /// What later operations run under.
    tags: Mutex<Vec<String>>,
}

/// What an operation gave.
#[derive(Default)]
pub struct Outcome {
    pub schema: Option<StructType>,
    pub batches: Vec<RecordBatch>,
    pub relation: Option<Box<proto::Relation>>,
    pub checkpoint: Option<String>,
}

impl Session {
    /// Opens a session on a server.
    fn remote(address: &str) -> Result<Self> {
        let url = RemoteUrl::parse(address)?;
        let transport = Arc::new(Remote::new(&url)?);
        let session_id = url.session_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        Ok(Self::over(transport, url.user_id.clone().unwrap_or_else(user_name), session_id))
    }

    /// Opens a session over any transport.
    pub fn over(transport: Arc<dyn Transport>, user_id: String, session_id: String) -> Self {
        let client = Client::new(transport.rpc(), user_id, session_id);
        Self { transport, client, tags: Mutex::default() }
    }

    /// Starts a relation or a command; what comes of it is to be read from the stream.
    pub fn start(&self, plan: OpType) -> (String, BoxStream<'static, Result<Part>>) {
        let id = uuid::Uuid::new_v4().to_string();
        let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let order = Order { plan: proto::Plan { op_type: Some(plan) }, id: id.clone(), tags };
        (id, self.transport.run(&self.client, order))
    }

    /// Runs a relation or a command to its end.
    pub fn run(&self, plan: OpType) -> Result<Outcome> {
        let (id, parts) = self.start(plan);
        let stand = Arc::new(Mutex::new(Stand::default()));
        self.attend(&id, stand.clone(), gather(parts, stand))
    }

    /// Waits for what an operation does, with a bar; Ctrl-C ends the operation.
    pub fn attend<T: Send + 'static>(
        &self,
        operation_id: &str,
        stand: Arc<Mutex<Stand>>,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let mut bar = Bar::new(stand);
        let result = wait_with(work, || bar.draw());
        bar.clear();
        if matches!(result, Err(Failure::Interrupted)) {
            self.abandon(operation_id);
        }
        result
    }

    /// Sees to it that an operation whose stream was dropped stops.
    pub fn abandon(&self, operation_id: &str) {
        if self.transport.needs_interrupt() {
            self.interrupt(InterruptType::OperationId, Interrupt::OperationId(operation_id.to_owned()));
        }
    }

    /// Asks about a plan without running it.
    pub fn analyze(&self, question: Analyze) -> Result<Answer> {
        let client = self.client.clone();
        wait(async move {
            let request = proto::AnalyzePlanRequest {
                session_id: client.session_id.clone(),
                user_context: client.user(),
                client_type: client.kind(),
                analyze: Some(question),
                ..Default::default()
            };
            let answer: proto::AnalyzePlanResponse = client.ask(Method::AnalyzePlan, request).await?;
            answer.result.ok_or_else(|| Failure::internal("an analysis without a result"))
        })
    }

    /// Reads or changes settings.
    fn config(&self, operation: ConfigOperation) -> Result<proto::ConfigResponse> {
        let client = self.client.clone();
        wait(async move {
            let request = proto::ConfigRequest {
                session_id: client.session_id.clone(),
                user_context: client.user(),
                client_type: client.kind(),
                operation: Some(proto::config_request::Operation { op_type: Some(operation) }),
                ..Default::default()
            };
            client.ask(Method::Config, request).await
        })
    }

    /// Uploads blocks of local data, named by their hashes.
    pub fn upload(&self, blocks: Vec<(String, Bytes)>) -> Result<()> {
        let client = self.client.clone();
        wait(async move {
            let requests = blocks.into_iter().map(|(name, data)| artifact(&client, name, data)).collect();
            let _: proto::AddArtifactsResponse = client.ask_all(Method::AddArtifacts, requests).await?;
            Ok(())
        })
    }

    /// Tells the server to stop operations; nobody waits for the answer.
    fn interrupt(&self, which: InterruptType, interrupt: Interrupt) {
        let client = self.client.clone();
        let Ok(runtime) = runtime() else { return };
        runtime.spawn(async move {
            let _ = client.ask::<proto::InterruptResponse>(Method::Interrupt, interrupt_request(&client, which, interrupt)).await;
        });
    }

    /// Stops all operations of this session that run under a tag, whoever started them.
    fn cancel_tagged(&self, tag: &str) -> Result<()> {
        self.transport.cancel_tagged(tag);
        let request = interrupt_request(&self.client, InterruptType::Tag, Interrupt::OperationTag(tag.to_owned()));
        let client = self.client.clone();
        wait(async move {
            let _: proto::InterruptResponse = client.ask(Method::Interrupt, request).await?;
            Ok(())
        })
    }

    fn release(&self) -> Result<()> {
        let client = self.client.clone();
        wait(async move {
            let request = proto::ReleaseSessionRequest {
                session_id: client.session_id.clone(),
                user_context: client.user(),
                client_type: client.kind(),
                ..Default::default()
            };
            let _: proto::ReleaseSessionResponse = client.ask(Method::ReleaseSession, request).await?;
            Ok(())
        })
    }
}

fn interrupt_request(client: &Client, which: InterruptType, interrupt: Interrupt) -> proto::InterruptRequest {
    proto::InterruptRequest {
        session_id: client.session_id.clone(),
        user_context: client.user(),
        client_type: client.kind(),
        interrupt_type: which.into(),
        interrupt: Some(interrupt),
        ..Default::default()
    }
}

async fn gather(mut parts: BoxStream<'static, Result<Part>>, stand: Arc<Mutex<Stand>>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    while let Some(part) = parts.next().await {
        match part? {
            Part::Schema(schema) => outcome.schema = Some(schema),
            Part::Batch(batch) => outcome.batches.push(batch),
            Part::Relation(relation) => outcome.relation = Some(relation),
            Part::Checkpoint(id) => outcome.checkpoint = Some(id),
            other => note(&stand, other),
        }
    }
    Ok(outcome)
}

/// How far an operation is: as its server told, or whom to ask.
#[derive(Default)]
pub struct Stand {
    told: Progress,
    watch: Option<Arc<dyn Watch>>,
}

impl Stand {
    fn progress(&self) -> Progress {
        let Some(watch) = &self.watch else { return self.told };
        let stages = watch.progress().stages;
        Progress {
            tasks: stages.iter().map(|stage| stage.tasks).sum(),
            completed: stages.iter().map(|stage| stage.tasks_completed).sum(),
        }
    }
}

/// Keeps what a part says about progress.
pub fn note(stand: &Mutex<Stand>, part: Part) {
    let mut stand = stand.lock().unwrap_or_else(PoisonError::into_inner);
    match part {
        Part::Progress(now) => stand.told = now,
        Part::Watch(watch) => stand.watch = Some(watch),
        _ => {}
    }
}

fn artifact(client: &Client, name: String, data: Bytes) -> Bytes {
    use proto::add_artifacts_request::{ArtifactChunk, Batch, Payload, SingleChunkArtifact};
    let chunk = ArtifactChunk { crc: i64::from(crc32(&data)), data };
    let batch = Batch { artifacts: vec![SingleChunkArtifact { name, data: Some(chunk) }] };
    let request = proto::AddArtifactsRequest {
        session_id: client.session_id.clone(),
        user_context: client.user(),
        client_type: client.kind(),
        payload: Some(Payload::Batch(batch)),
        ..Default::default()
    };
    Bytes::from(request.encode_to_vec())
}

/// The checksum of zip and PNG, which the protocol asks for.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

fn user_name() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default()
}

/// A bar on stderr for whoever waits longer than [`QUIET`].
struct Bar {
    stand: Arc<Mutex<Stand>>,
    started: Instant,
    drawn: Option<Instant>,
}

impl Bar {
    fn new(stand: Arc<Mutex<Stand>>) -> Self {
        Self { stand, started: Instant::now(), drawn: None }
    }

    fn draw(&mut self) {
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() > REDRAW);
        if !SHOW_PROGRESS.load(Ordering::Relaxed) || self.started.elapsed() < QUIET || !due {
            return;
        }
        let now = self.stand.lock().unwrap_or_else(PoisonError::into_inner).progress();
        let _ = write!(std::io::stderr(), "\r{}", bar_text(now, self.started.elapsed().as_secs()));
        self.drawn = Some(Instant::now());
    }

    fn clear(&self) {
        if self.drawn.is_some() {
            let _ = write!(std::io::stderr(), "\r{:width$}\r", "", width = BAR_WIDTH as usize + 40);
        }
    }
}

fn bar_text(progress: Progress, seconds: u64) -> String {
    let filled = if progress.tasks > 0 { (BAR_WIDTH * progress.completed / progress.tasks).min(BAR_WIDTH) } else { 0 };
    let bar = format!("{}{}", "=".repeat(filled as usize), " ".repeat((BAR_WIDTH - filled) as usize));
    format!("[{bar}] {}/{} tasks, {seconds} s", progress.completed, progress.tasks)
}

/// The session an R handle stands for.
pub fn session(value: &Robj) -> Result<&Arc<Session>> {
    held(value, "session")
}

/// Opens a session: on a server for `sc://...`, in this process for NULL. `settings` are those an engine starts with.
#[extendr]
fn session_open(address: Robj, settings: Robj) -> Robj {
    outcome(|| {
        let session = match text_or_none(&address) {
            Some(address) => Session::remote(&address)?,
            None => crate::embedded::open(user_name(), pairs(&settings, "settings")?)?,
        };
        Ok(hold(Arc::new(session)))
    })
}

/// Ends a session for good.
#[extendr]
fn session_close(session_handle: Robj) -> Robj {
    outcome(|| {
        session(&session_handle)?.release()?;
        Ok(().into())
    })
}

#[extendr]
fn session_id(session_handle: Robj) -> Robj {
    outcome(|| Ok(session(&session_handle)?.client.session_id.as_str().into()))
}

/// The version of Spark whose behaviour the session offers.
#[extendr]
fn session_version(session_handle: Robj) -> Robj {
    outcome(|| {
        let question = Analyze::SparkVersion(proto::analyze_plan_request::SparkVersion {});
        match session(&session_handle)?.analyze(question)? {
            Answer::SparkVersion(answer) => Ok(answer.version.into()),
            _ => Err(Failure::internal("another answer than a version")),
        }
    })
}

/// Applies settings, a named character vector. Warnings are returned.
#[extendr]
fn session_set(session_handle: Robj, settings: Robj, silent: Robj) -> Robj {
    outcome(|| {
        let pairs = pairs(&settings, "settings")?;
        let pairs = pairs.into_iter().map(|(key, value)| proto::KeyValue { key, value: Some(value) }).collect();
        let set = proto::config_request::Set { pairs, silent: Some(flag(&silent, "silent")?) };
        Ok(session(&session_handle)?.config(ConfigOperation::Set(set))?.warnings.into())
    })
}

#[extendr]
fn session_unset(session_handle: Robj, keys: Robj) -> Robj {
    outcome(|| {
        let keys = texts(&keys, "keys")?;
        session(&session_handle)?.config(ConfigOperation::Unset(proto::config_request::Unset { keys }))?;
        Ok(().into())
    })
}

/// The value of one setting, NULL when it has none.
#[extendr]
fn session_get(session_handle: Robj, key: Robj) -> Robj {
    outcome(|| {
        let keys = vec![text(&key, "key")?.to_owned()];
        let response = session(&session_handle)?.config(ConfigOperation::GetOption(proto::config_request::GetOption { keys }))?;
        Ok(response.pairs.into_iter().next().and_then(|pair| pair.value).into())
    })
}

/// All settings, a named character vector.
#[extendr]
fn session_get_all(session_handle: Robj) -> Robj {
    outcome(|| {
        let all = ConfigOperation::GetAll(proto::config_request::GetAll { prefix: None });
        let pairs = session(&session_handle)?.config(all)?.pairs;
        let (names, values): (Vec<String>, Vec<String>) =
            pairs.into_iter().map(|pair| (pair.key, pair.value.unwrap_or_default())).unzip();
        Ok(list!(names = names, values = values).into())
    })
}

/// The tags under which later operations run.
#[extendr]
fn session_tag(session_handle: Robj, tags: Robj) -> Robj {
    outcome(|| {
        let tags = texts(&tags, "tags")?;
        *session(&session_handle)?.tags.lock().unwrap_or_else(PoisonError::into_inner) = tags;
        Ok(().into())
    })
}

/// Stops what runs under a tag.
#[extendr]
fn session_cancel_tagged(session_handle: Robj, tag: Robj) -> Robj {
    outcome(|| {
        session(&session_handle)?.cancel_tagged(text(&tag, "tag")?)?;
        Ok(().into())
    })
}

/// For tests: an operator of the next job panics.
#[extendr]
fn session_break_next_job(session_handle: Robj) -> Robj {
    outcome(|| {
        session(&session_handle)?.transport.break_next_job()?;
        Ok(().into())
    })
}

/// Whether long operations draw a bar.
#[extendr]
fn session_show_progress(show: Robj) -> Robj {
    outcome(|| {
        SHOW_PROGRESS.store(flag(&show, "show")?, Ordering::Relaxed);
        Ok(().into())
    })
}

/// The schema a DDL text stands for.
#[extendr]
fn session_parse_ddl(session_handle: Robj, ddl: Robj) -> Robj {
    outcome(|| {
        let ddl_string = text(&ddl, "schema")?.to_owned();
        let question = Analyze::DdlParse(proto::analyze_plan_request::DdlParse { ddl_string });
        match session(&session_handle)?.analyze(question)? {
            Answer::DdlParse(answer) => {
                let parsed = answer.parsed.ok_or_else(|| Failure::internal("a parsed schema is missing"))?;
                Ok(crate::schema::to_r(&crate::schema::struct_from_proto(&parsed)?))
            }
            _ => Err(Failure::internal("another answer than a schema")),
        }
    })
}

extendr_module! {
    mod session;
    fn session_open;
    fn session_close;
    fn session_id;
    fn session_version;
    fn session_set;
    fn session_unset;
    fn session_get;
    fn session_get_all;
    fn session_tag;
    fn session_cancel_tagged;
    fn session_break_next_job;
    fn session_show_progress;
    fn session_parse_ddl;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_bar_grows_with_the_tasks_done() {
        assert!(bar_text(Progress { tasks: 4, completed: 1 }, 3).starts_with("[==========                    "));
        assert!(bar_text(Progress::default(), 3).ends_with("0/0 tasks, 3 s"));
    }
}
