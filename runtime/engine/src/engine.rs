//! The process's engine: one actor runtime, one catalog, any number of sessions.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;
use emberflow_actors::{Runtime, RuntimeOptions, SpillFolder};
use emberflow_base::{Error, Result};
use emberflow_connect::rpc::Rpc;
use emberflow_connect::service::{Service, ServiceOptions};

use crate::backend::EngineBackend;
use crate::catalog::Catalog;
use crate::fault::Fault;
use crate::memory;
use crate::session::Session;

/// The version of Spark whose behaviour is offered.
pub const SPARK_VERSION: &str = "4.2.0";

/// Settings of an embedded engine from outside of its program: lines of KEY=VALUE.
pub const CONF_VARIABLE: &str = "EMBERFLOW_CONF";

/// How an engine starts.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Cores that compute; as many operator actors run at once.
    pub cores: usize,
    /// The folder of managed tables and of the catalog; `spark.sql.warehouse.dir` among the settings comes first.
    pub warehouse: PathBuf,
    /// Settings every session starts with.
    pub settings: Vec<(String, String)>,
    /// Bytes that queries and caches may hold. `None`: the setting `emberflow.memory.limit`, the variable
    /// `EMBERFLOW_MEMORY_LIMIT`, or three fifths of the machine's memory.
    pub memory_limit: Option<usize>,
    /// The clients live in this process: their sessions never expire, and come back after `stop()`, since a client object
    /// may outlive it.
    pub clients_within: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores,
            warehouse: PathBuf::from("spark-warehouse"),
            settings: Vec::new(),
            memory_limit: None,
            clients_within: false,
        }
    }
}

impl EngineOptions {
    /// What `key` was set to; the last one counts.
    pub(crate) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// An engine. Cheap to clone through its `Arc`; dropping the last one ends its threads.
pub struct Engine {
    pub(crate) actors: Arc<Runtime>,
    pub(crate) catalog: Catalog,
    pub(crate) context: SessionContext,
    pub(crate) options: EngineOptions,
    pub(crate) fault: Fault,
    tokio: tokio::runtime::Runtime,
    service: OnceLock<Arc<Service>>,
    /// Opened at its first use.
    pub(crate) nosql: parking_lot::Mutex<Option<emberflow_nosql::Store>>,
    /// Last, so that it goes when nothing writes there any more.
    temporary: Arc<SpillFolder>,
}

/// The setting that says where tables lie.
pub(crate) const WAREHOUSE: &str = "spark.sql.warehouse.dir";

/// Threads that plan and serve; they never compute rows.
const SERVICE_THREADS: usize = 2;
/// Address space for the stack of a thread of ours; only what is touched costs memory. Walks of ours grow their stack, but
/// comparing, copying and freeing DataFusion's expressions takes about a kilobyte per level.
const STACK_BYTES: usize = 64 << 20;

impl Engine {
    /// Starts an engine of one's own.
    pub fn start(options: EngineOptions) -> Result<Arc<Self>> {
        let failed = |error: std::io::Error| Error::internal(format!("the engine's threads cannot start: {error}"));
        let memory_limit = Some(memory::limit(&options)?);
        let temporary = memory::temporary_folder(&options);
        let temporary = Arc::new(SpillFolder::create(&temporary).map_err(|error| unusable(&temporary, &error))?);
        let actors =
            Runtime::start(RuntimeOptions { memory_limit, ..RuntimeOptions::with_cores(options.cores) }).map_err(failed)?;
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(SERVICE_THREADS)
            .thread_name("emberflow-service")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(failed)?;
        let context = session_context(&options, &temporary)?;
        let catalog = Catalog::new(warehouse(&options)?);
        let (fault, service, nosql) = (Fault::default(), OnceLock::new(), Default::default());
        Ok(Arc::new(Self { actors, catalog, context, options, fault, tokio, service, nosql, temporary }))
    }

    /// The engine of this process, started at its first use.
    pub fn embedded() -> Result<Arc<Self>> {
        Self::embedded_with(Vec::new())
    }

    /// The same; should it start now, then with these settings, which beat those from outside.
    pub fn embedded_with(settings: Vec<(String, String)>) -> Result<Arc<Self>> {
        static ENGINE: parking_lot::Mutex<Option<Arc<Engine>>> = parking_lot::Mutex::new(None);
        let mut engine = ENGINE.lock();
        if let Some(engine) = &*engine {
            return Ok(Arc::clone(engine));
        }
        let given = std::env::var(CONF_VARIABLE).unwrap_or_default();
        let pair = |line: &str| line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned()));
        let settings = given.lines().filter_map(pair).chain(settings).collect();
        let started = Self::start(EngineOptions { clients_within: true, settings, ..EngineOptions::default() })?;
        started.temporary.remove_at_exit();
        *engine = Some(Arc::clone(&started));
        Ok(started)
    }

    /// The setting `emberflow.memory.limit` while the engine runs; `None`: as at the start. A server's clients may not.
    pub(crate) fn set_memory_limit(&self, text: Option<&str>) -> Result<()> {
        if !self.options.clients_within {
            return Err(Error::new("CANNOT_MODIFY_STATIC_CONFIG").with("key", format!("\"{}\"", memory::LIMIT)));
        }
        let bytes = match text {
            Some(text) => memory::parse_limit(text)?,
            None => memory::limit(&self.options)?,
        };
        self.actors.set_memory_limit(bytes);
        Ok(())
    }

    /// Stops everything that runs and removes the temporary files, for a program that is about to end. What is asked of the
    /// engine afterwards fails.
    pub fn shutdown(&self) {
        self.actors.shutdown();
        self.temporary.remove();
    }

    /// A new session.
    pub fn session(self: &Arc<Self>, user: &str) -> Session {
        Session::new(Arc::clone(self), user)
    }

    /// Makes an operator of the next job panic: how the tests of a door see its host survive one.
    #[doc(hidden)]
    pub fn break_next_job(&self) {
        self.fault.arm();
    }

    /// The Spark Connect service over this engine, for doors that carry bytes.
    pub fn rpc(self: &Arc<Self>) -> Arc<dyn Rpc> {
        self.service() as Arc<dyn Rpc>
    }

    /// The same, as what it is.
    pub fn service(self: &Arc<Self>) -> Arc<Service> {
        let start = || {
            let backend = Arc::new(EngineBackend::new(Arc::downgrade(self)));
            Service::new(backend, self.tokio.handle().clone(), self.service_options())
        };
        Arc::clone(self.service.get_or_init(start))
    }

    fn service_options(&self) -> ServiceOptions {
        let usual = ServiceOptions::default();
        let session_idle_max = if self.options.clients_within { Duration::MAX } else { usual.session_idle_max };
        ServiceOptions { session_idle_max, released_ids_may_return: self.options.clients_within, ..usual }
    }

    /// The session of a client of [`Engine::rpc`], once it has made a call.
    pub fn tokio(&self) -> &tokio::runtime::Handle {
        self.tokio.handle()
    }
}

/// The folder of tables: what the settings say, else the options.
pub(crate) fn warehouse(options: &EngineOptions) -> Result<PathBuf> {
    options.setting(WAREHOUSE).map_or_else(|| Ok(options.warehouse.clone()), emberflow_sources::paths::local)
}

fn unusable(folder: &Path, error: &std::io::Error) -> Error {
    Error::new("INVALID_CONF_VALUE.REQUIREMENT")
        .with("confName", "spark.local.dir")
        .with("confValue", folder.display().to_string())
        .with("confRequirement", format!("temporary files cannot be written there ({error})"))
}

fn session_context(options: &EngineOptions, temporary: &SpillFolder) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.cores)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true);
    let tuning = config.options_mut();
    tuning.execution.parquet.schema_force_view_types = false;
    tuning.execution.collect_statistics = true;
    // Which task reads which file is then fixed: rows keep their order from run to run, and a lost task can be read again.
    tuning.execution.enable_file_stream_work_stealing = false;
    let runtime: Arc<RuntimeEnv> = RuntimeEnvBuilder::new()
        .with_temp_file_path(temporary.path())
        .build_arc()
        .map_err(emberflow_functions::errors::from_datafusion)?;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_query_planner(Arc::new(crate::physical::Planner))
        .with_default_features()
        .with_physical_optimizer_rules(crate::physical::optimizer_rules())
        .build();
    Ok(SessionContext::new_with_state(state))
}
