//! One user's view of an engine: settings, temporary views, the current database.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use emberflow_analyzer::Resolved;
use emberflow_base::{Error, Result, Settings};
use emberflow_connect::backend::{Operation, Outcome};
use emberflow_plan::StructType;
use emberflow_plan::tree::{CatalogOp, Command, Relation, RelationKind, Statement};
use parking_lot::RwLock;

use crate::cache::{Cache, Entry};
use crate::dataframe::DataFrame;
use crate::engine::{Engine, WAREHOUSE};
use crate::memory;
use crate::statements::Variable;

/// A session. Clones share everything.
#[derive(Clone)]
pub struct Session {
    pub(crate) engine: Arc<Engine>,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub user: String,
    pub settings: RwLock<Settings>,
    /// Temporary views by lower-case name.
    pub views: RwLock<BTreeMap<String, View>>,
    pub database: RwLock<String>,
    /// Results kept under an id: by checkpoints, and those of commands.
    pub results: RwLock<BTreeMap<String, StoredResult>>,
    /// Session variables by lower-case name.
    pub variables: RwLock<BTreeMap<String, Variable>>,
    /// What `createTable` made: a client that asks about its answer again is not told that the table exists.
    pub created: RwLock<Vec<CatalogOp>>,
    /// Plans told to persist.
    pub cache: Cache,
}

/// A temporary view.
#[derive(Clone)]
pub(crate) struct View {
    pub name: String,
    pub resolved: Arc<Resolved>,
}

/// Rows under an id.
#[derive(Clone)]
pub(crate) enum StoredResult {
    /// The few rows of a command.
    Rows { schema: StructType, batches: Arc<Vec<RecordBatch>> },
    /// A checkpoint.
    Kept(Arc<Entry>),
}

impl Session {
    pub(crate) fn new(engine: Arc<Engine>, user: &str) -> Self {
        let zone = iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".to_owned());
        let zone = if zone.is_empty() || zone == "Etc/UTC" { "Etc/UTC".to_owned() } else { zone };
        let mut settings = Settings::new(zone);
        settings.start_with(memory::LIMIT, engine.actors.memory().limit.to_string());
        for (key, value) in &engine.options.settings {
            settings.start_with(key, value);
        }
        settings.start_with(WAREHOUSE, format!("file:{}", engine.catalog.warehouse().display()));
        let shared = Shared {
            user: if user.is_empty() {
                std::env::var("USER").unwrap_or_else(|_| "emberflow".to_owned())
            } else {
                user.to_owned()
            },
            settings: RwLock::new(settings),
            views: RwLock::default(),
            database: RwLock::new("default".to_owned()),
            results: RwLock::default(),
            variables: RwLock::default(),
            created: RwLock::default(),
            cache: Cache::default(),
        };
        Self { engine, shared: Arc::new(shared) }
    }

    /// A session with copies of this one's settings and temporary views.
    pub fn copy(&self) -> Self {
        let shared = Shared {
            user: self.shared.user.clone(),
            settings: RwLock::new(self.settings()),
            views: RwLock::new(self.shared.views.read().clone()),
            database: RwLock::new(self.shared.database.read().clone()),
            results: RwLock::default(),
            variables: RwLock::new(self.shared.variables.read().clone()),
            created: RwLock::default(),
            cache: Cache::default(),
        };
        Self { engine: Arc::clone(&self.engine), shared: Arc::new(shared) }
    }

    /// The settings now.
    pub fn settings(&self) -> Settings {
        self.shared.settings.read().clone()
    }

    /// Changes one setting.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        self.change_settings(|settings| settings.set(key, value))
    }

    /// Changes settings; one of the engine is changed for all its sessions, or refused where they are not one program's.
    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings) -> Result<()>) -> Result<()> {
        let mut settings = self.shared.settings.write();
        let mut changed = settings.clone();
        change(&mut changed)?;
        if changed.get(memory::LIMIT) != settings.get(memory::LIMIT) {
            self.engine.set_memory_limit(changed.get(memory::LIMIT))?;
        }
        *settings = changed;
        Ok(())
    }

    /// Runs a statement; ends when there is something to read.
    pub async fn execute(&self, statement: Statement, operation: Operation) -> Result<Outcome> {
        match statement {
            Statement::Query(relation) => Ok(Outcome::Rows(self.query(relation, operation).await?)),
            Statement::Command(command) => self.command(command, operation).await,
        }
    }

    /// Runs SQL text: a query gives a DataFrame, a command runs at once and gives its result.
    ///
    /// ```
    /// # fn main() -> emberflow::Result<()> {
    /// let session = emberflow::Engine::embedded()?.session("");
    /// let frame = session.sql("SELECT 1 + 1 AS two")?;
    /// assert_eq!(frame.show_string(20, 20)?, "+---+\n|two|\n+---+\n|  2|\n+---+\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn sql(&self, text: &str) -> Result<DataFrame> {
        let command = Command::Sql { text: text.to_owned(), named: Vec::new(), positional: Vec::new(), references: Vec::new() };
        let outcome = self.block_on(self.execute(Statement::Command(command), Operation::default()))?;
        match outcome {
            Outcome::Query => {
                let kind = RelationKind::Sql { text: text.to_owned(), named: Vec::new(), positional: Vec::new() };
                Ok(DataFrame::new(self.clone(), Relation::new(kind)))
            }
            Outcome::Rows(rows) => {
                let schema = rows.schema.clone();
                let batches = self.block_on(crate::execute::collect(rows))?;
                Ok(DataFrame::new(self.clone(), self.keep(schema, batches)))
            }
            Outcome::Done => Ok(DataFrame::new(self.clone(), self.keep(Default::default(), Vec::new()))),
            Outcome::CachedRemote { id } => Ok(DataFrame::new(self.clone(), Relation::new(RelationKind::CachedRemote { id }))),
        }
    }

    /// A table or view as a DataFrame.
    pub fn table(&self, name: &str) -> Result<DataFrame> {
        let name = emberflow_plan::sql::parse_identifier(name)?;
        let kind = RelationKind::Table { name, options: Vec::new(), is_streaming: false, time_travel: None };
        Ok(DataFrame::new(self.clone(), Relation::new(kind)))
    }

    /// Parquet files as a DataFrame: a file, a folder or a glob.
    pub fn read_parquet(&self, path: &str) -> DataFrame {
        self.read("parquet", path, &[])
    }

    /// Files of a format as a DataFrame.
    pub fn read(&self, format: &str, path: &str, options: &[(&str, &str)]) -> DataFrame {
        let kind = RelationKind::DataSource {
            format: Some(format.to_owned()),
            schema: None,
            options: options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            paths: vec![path.to_owned()],
            predicates: Vec::new(),
            is_streaming: false,
        };
        DataFrame::new(self.clone(), Relation::new(kind))
    }

    /// Rows of one's own as a DataFrame; all batches have the schema of the first.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use arrow::array::{Int64Array, RecordBatch};
    /// let column = std::sync::Arc::new(Int64Array::from(vec![1, 2, 3]));
    /// let batch = RecordBatch::try_from_iter([("n", column as _)])?;
    /// let session = emberflow::Engine::embedded()?.session("");
    /// assert_eq!(session.create_dataframe(&[batch])?.filter("n > 1")?.count()?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_dataframe(&self, batches: &[arrow::array::RecordBatch]) -> Result<DataFrame> {
        let fields = batches.first().map(|batch| batch.schema_ref().fields().clone()).unwrap_or_default();
        let schema = emberflow_functions::types::from_arrow_fields(&fields)?;
        Ok(DataFrame::new(self.clone(), self.keep(schema, batches.to_vec())))
    }

    /// Keeps the rows of a command under a new id and gives the relation that reads them.
    pub(crate) fn keep(&self, schema: StructType, batches: Vec<RecordBatch>) -> Relation {
        let id = self.store(StoredResult::Rows { schema, batches: Arc::new(batches) });
        Relation::new(RelationKind::CachedRemote { id })
    }

    /// Keeps a result under a new id.
    pub(crate) fn store(&self, result: StoredResult) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        self.shared.results.write().insert(id.clone(), result);
        id
    }

    /// Waits for a future on a thread that is not the engine's.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(Error::internal("a blocking call was made from inside an asynchronous runtime; use `execute`"));
        }
        self.engine.tokio().block_on(future)
    }

    /// Forgets everything the session holds.
    pub fn close(&self) {
        self.shared.views.write().clear();
        self.shared.results.write().clear();
        self.shared.cache.clear();
    }
}
