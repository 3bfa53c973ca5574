//! What the analyzer may ask of a session: implemented over its views, the catalog and the sources.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use emberflow_analyzer::{Analyzed, Environment, Resolved, SessionVariable, Source, Table};
use emberflow_base::{Error, Result, Settings, World};
use emberflow_functions::Context;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::StructType;
use emberflow_plan::tree::{CatalogOp, LocalData, Options, Relation, Statement};
use emberflow_sources::{ReadRequest, SourceOptions, SourceTable};

use crate::cache::{Canonical, Entry, Identified, Identity, KeptTable, with_kept};
use crate::catalog::entry::plain_schema;
use crate::catalog::{self, Files, Fresh, FullName, GLOBAL_TEMP, TableKind, quoted};
use crate::session::{Session, StoredResult};
use crate::statements::shown_format;

/// A session at the moment a query begins.
#[derive(Clone)]
pub(crate) struct SessionEnvironment {
    session: Session,
    settings: Settings,
    now_micros: i64,
    user: String,
    database: String,
    /// Whether the plan is going to run: questions about a plan fill no caches.
    will_run: bool,
    /// Whether the plan outlives the moment: tables are then listed anew whenever it runs.
    keeps: bool,
    /// Set inside the text of a view of the catalog.
    body: Option<ViewBody>,
    canonical: Arc<parking_lot::Mutex<Canonical>>,
}

/// Where in which views of the catalog a name is looked for.
#[derive(Clone)]
pub(crate) struct ViewBody {
    /// The views around, outermost first, quoted.
    views: Vec<String>,
    /// The view is being made: temporary objects, which other sessions would not find, are refused rather than unseen.
    is_new: bool,
}

impl ViewBody {
    /// The text of a view that is being made.
    pub fn new(view: String) -> Self {
        Self { views: vec![view], is_new: true }
    }
}

/// How deep views may stand in views.
const VIEW_DEPTH_MAX: usize = 100;

impl SessionEnvironment {
    pub fn new(session: &Session, will_run: bool) -> Self {
        Self {
            session: session.clone(),
            settings: session.settings(),
            now_micros: emberflow_base::world::Machine.now_micros(),
            user: session.shared.user.clone(),
            database: session.current_database(),
            will_run,
            keeps: false,
            body: None,
            canonical: Arc::default(),
        }
    }

    /// The same for a plan that is kept as a view.
    pub fn keeping(&self) -> Self {
        Self { keeps: true, ..self.clone() }
    }

    /// The same inside a view's text, whose names may be meant from another database.
    pub fn inside(&self, body: ViewBody, database: Option<String>) -> Self {
        let database = database.unwrap_or_else(|| self.database.clone());
        Self { body: Some(body), database, ..self.clone() }
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            settings: &self.settings,
            ansi: self.settings.ansi(),
            time_zone: self.settings.time_zone(),
            now_micros: self.now_micros,
            user: &self.user,
            database: &self.database,
        }
    }

    /// Files of a format.
    pub fn files(&self, format: &str, schema: Option<&StructType>, options: &Options, paths: &[String]) -> Result<SourceTable> {
        let request = ReadRequest { format, schema, options: SourceOptions::new(options), paths, context: self.context() };
        emberflow_sources::read(&request)
    }

    /// The NoSQL store.
    pub fn store(&self) -> Result<emberflow_nosql::Store> {
        self.session.engine.store()
    }

    /// A temporary view.
    fn view(&self, name: &[String]) -> Result<Option<Source>> {
        let (view, qualifier) = match name {
            [single] => {
                let view = self.session.shared.views.read().get(&single.to_lowercase()).cloned();
                (view, Vec::new())
            }
            [database, single] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => {
                (self.session.engine.catalog.global_view(single), vec![GLOBAL_TEMP.to_owned()])
            }
            _ => (None, Vec::new()),
        };
        let Some(view) = view else { return Ok(None) };
        match &self.body {
            Some(body) if body.is_new => Err(temporary_in(body, "VIEW", &quoted(name))),
            Some(_) => Ok(None),
            None => {
                let qualifier = qualifier.into_iter().chain([view.name]).collect();
                Ok(Some(Source::View { resolved: self.read_kept(view.resolved), qualifier }))
            }
        }
    }

    fn catalog_table(&self, table: catalog::Table, options: &Options) -> Result<Source> {
        match &table.kind {
            TableKind::Files(files) => {
                let mut all = files.options.clone();
                all.extend(options.iter().cloned());
                let schema = plain_schema(&table.schema);
                if files.is_nosql() {
                    let read = self.nosql(Some(&schema), &all, std::slice::from_ref(&files.location))?;
                    return Ok(Source::Table(Table { qualifier: table.qualifier(), ..read }));
                }
                let source = self.table_files(files, &schema, &all)?;
                let qualifier = table.qualifier();
                let mut provider = source.provider;
                let identity = files_identity(&files.format, Some(&schema), &all, std::slice::from_ref(&files.location));
                if self.keeps {
                    let (environment, files) = (self.clone(), files.clone());
                    let again = move || Ok(environment.table_files(&files, &schema, &all)?.provider as Arc<dyn TableProvider>);
                    provider = Arc::new(Fresh::new(provider, again));
                }
                let provider = Identified::wrap(provider, identity);
                Ok(Source::Table(Table { provider, schema: source.schema, qualifier, hidden: source.hidden }))
            }
            TableKind::View(view) => self.catalog_view(&table, view),
        }
    }

    /// The files of a table, none if its folder is gone.
    fn table_files(&self, files: &Files, schema: &StructType, options: &Options) -> Result<SourceTable> {
        let is_there = emberflow_sources::paths::local(&files.location)?.exists();
        let paths = if is_there { vec![files.location.clone()] } else { Vec::new() };
        self.files(&files.format, Some(schema), options, &paths)
    }

    /// A view of the catalog: its text, read anew.
    fn catalog_view(&self, table: &catalog::Table, view: &catalog::ViewText) -> Result<Source> {
        let around = self.body.as_ref().map(|body| body.views.clone()).unwrap_or_default();
        let (quoted, mut views) = (table.quoted(), around);
        if views.contains(&quoted) {
            views.push(quoted.clone());
            return Err(Error::new("RECURSIVE_VIEW").with("viewIdent", quoted).with("newPath", views.join(" -> ")));
        }
        if views.len() >= VIEW_DEPTH_MAX {
            return Err(Error::new("VIEW_EXCEED_MAX_NESTED_DEPTH")
                .with("viewName", quoted)
                .with("maxNestedDepth", VIEW_DEPTH_MAX.to_string()));
        }
        views.push(quoted.clone());
        let body = ViewBody { views, is_new: false };
        let parsed = emberflow_plan::sql::parse_statement(&view.text, self.session.sql_options())?;
        let Statement::Query(query) = parsed else {
            return Err(Error::internal(format!("the view {quoted} is no query")));
        };
        let query = crate::statements::as_view(query, view, &table.schema);
        let resolved = emberflow_analyzer::resolve_view(&self.inside(body, Some(view.database.clone())), &query)?;
        Ok(Source::View { resolved: Arc::new(resolved), qualifier: table.qualifier() })
    }
}

/// Something temporary in a view that is to stay.
fn temporary_in(body: &ViewBody, kind: &str, name: &str) -> Error {
    Error::new("INVALID_TEMP_OBJ_REFERENCE")
        .with("obj", "VIEW")
        .with("objName", body.views.first().cloned().unwrap_or_default())
        .with("tempObj", kind)
        .with("tempObjName", name)
}

impl Environment for SessionEnvironment {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn now_micros(&self) -> i64 {
        self.now_micros
    }

    fn user(&self) -> String {
        self.user.clone()
    }

    fn current_database(&self) -> String {
        self.database.clone()
    }

    fn table(&self, name: &[String], options: &Options) -> Result<Option<Source>> {
        if let Some(view) = self.view(name)? {
            return Ok(Some(view));
        }
        if let Ok(full) = FullName::of(name, &self.database)
            && let Some(table) = self.session.engine.catalog.find(&full)?
        {
            return self.catalog_table(table, options).map(Some);
        }
        // format.`path`
        if let [format, path] = name
            && crate::nosql::is_nosql(format)
        {
            return self.nosql(None, options, std::slice::from_ref(path)).map(|table| Some(Source::Table(table)));
        }
        if let [format, path] = name
            && matches!(
                emberflow_sources::read::short_name(format).as_str(),
                "parquet" | "csv" | "json" | "orc" | "text" | "avro"
            )
        {
            let table = self.files(format, None, options, std::slice::from_ref(path))?;
            let identity = files_identity(format, None, options, std::slice::from_ref(path));
            return Ok(Some(Source::Table(identified(plain(table), identity))));
        }
        Ok(None)
    }

    fn variable(&self, name: &str) -> Result<Option<SessionVariable>> {
        let Some(known) = self.session.variable(name) else { return Ok(None) };
        match &self.body {
            Some(body) if body.is_new => {
                let shown = format!("`system`.`session`.{}", emberflow_plan::types::quote(&known.name));
                Err(temporary_in(body, "VARIABLE", &shown))
            }
            Some(_) => Ok(None),
            None => Ok(Some(SessionVariable { name: known.name, value: known.value, data_type: known.data_type })),
        }
    }

    fn data_source(
        &self,
        format: Option<&str>,
        schema: Option<&StructType>,
        options: &Options,
        paths: &[String],
    ) -> Result<Table> {
        let format = match format {
            Some(format) => format.to_owned(),
            None => self.settings.require("spark.sql.sources.default")?.to_owned(),
        };
        let from_options: Vec<String> = options
            .iter()
            .filter(|(key, _)| paths.is_empty() && key.eq_ignore_ascii_case("path"))
            .map(|(_, path)| path.clone())
            .collect();
        let paths = if paths.is_empty() { &from_options } else { paths };
        if crate::nosql::is_nosql(&format) {
            return self.nosql(schema, options, paths);
        }
        if paths.is_empty() && emberflow_sources::read::short_name(&format) != "jdbc" {
            // Of no files only the columns are known, if they were given.
            return match schema {
                Some(schema) => emberflow_sources::local::from_batches(Vec::new(), schema.clone()).map(plain),
                None => Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", shown_format(&format))),
            };
        }
        let identity = files_identity(&format, schema, options, paths);
        Ok(identified(plain(self.files(&format, schema, options, paths)?), identity))
    }

    fn texts(&self, format: &str, schema: Option<&StructType>, options: &Options, texts: Vec<String>) -> Result<Table> {
        let lines = crate::texts::Lines::write(format, options, texts)?;
        let options = lines.options(options);
        let table = self.files(format, schema, &options, &[lines.path()])?;
        let columns = table.schema.clone();
        if columns.fields.is_empty() {
            return emberflow_sources::local::from_batches(Vec::new(), columns).map(plain);
        }
        let provider = table.provider as Arc<dyn TableProvider>;
        // Behind the columns of the texts stand those of the file.
        let own = (0..columns.fields.len()).collect();
        let plan = LogicalPlanBuilder::scan("texts", provider_as_source(provider), Some(own))
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        // The lines go when they have been read.
        let batches = self.run_now(Analyzed { plan, schema: columns.clone() }).map_err(|error| match error.cause() {
            // The file is ours: nobody asked for it.
            Some(cause) if error.base_condition() == "FAILED_READ_FILE" => cause.clone(),
            _ => error,
        })?;
        emberflow_sources::local::from_batches(batches, columns).map(plain)
    }

    fn local_data(&self, data: &LocalData) -> Result<Table> {
        let table = emberflow_sources::local::table(data).map(plain)?;
        Ok(identified(table, Identity::Local(data.clone())))
    }

    fn range(&self, start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<Table> {
        let partitions = partitions.and_then(|count| usize::try_from(count).ok()).unwrap_or(self.session.engine.options.cores);
        let table = emberflow_sources::range::range(start, end, step, partitions).map(plain)?;
        Ok(identified(table, Identity::Text(format!("range {start} {end} {step} {partitions}"))))
    }

    fn catalog_answer(&self, operation: &CatalogOp) -> Result<Table> {
        let (session, operation) = (self.session.clone(), operation.clone());
        let (schema, batches) = tokio::runtime::Handle::current().block_on(async move {
            let rows = session.catalog_answer(operation).await?;
            Ok::<_, Error>((rows.schema.clone(), crate::execute::collect(rows).await?))
        })?;
        emberflow_sources::local::from_batches(batches, schema).map(plain)
    }

    fn cached_remote(&self, id: &str) -> Result<Table> {
        let result = self.session.shared.results.read().get(id).cloned();
        let result = result.ok_or_else(|| Error::new("CONNECT_INVALID_PLAN.DATAFRAME_NOT_FOUND").with("dfId", id))?;
        let table = match result {
            StoredResult::Rows { schema, batches } => plain(emberflow_sources::local::from_batches(batches.to_vec(), schema)?),
            StoredResult::Kept(entry) => self.kept_table(entry),
        };
        Ok(identified(table, Identity::Text(format!("result {id}"))))
    }

    fn reads_kept(&self) -> bool {
        self.will_run && !self.session.shared.cache.is_empty()
    }

    fn kept_dataframe(&self, relation: &Relation) -> Option<(Table, Arc<Resolved>)> {
        let entry = self.session.shared.cache.find_dataframe(relation)?;
        let resolved = Arc::clone(&entry.resolved);
        Some((self.kept_table(entry), resolved))
    }

    fn kept(&self, plan: &LogicalPlan) -> Option<Table> {
        let meaning = self.canonical.lock().meaning(plan)?;
        let entry = self.session.shared.cache.find_meaning(meaning)?;
        Some(self.kept_table(entry))
    }

    fn run_now(&self, analyzed: Analyzed) -> Result<Vec<arrow::array::RecordBatch>> {
        let session = self.session.clone();
        tokio::runtime::Handle::current().block_on(async move {
            let rows = session.run(analyzed, "values of a pivot").await?;
            crate::execute::collect(rows).await
        })
    }
}

impl SessionEnvironment {
    /// A view's plan is made before anybody knows what will be kept of it.
    fn read_kept(&self, view: Arc<Resolved>) -> Arc<Resolved> {
        if !self.reads_kept() {
            return view;
        }
        let plan = with_kept(view.plan.clone(), |plan| self.kept(plan));
        Arc::new(Resolved { plan, ..(*view).clone() })
    }

    fn kept_table(&self, entry: Arc<Entry>) -> Table {
        let schema = entry.resolved.schema();
        Table {
            provider: Arc::new(KeptTable::new(self.session.clone(), entry)),
            schema,
            qualifier: Vec::new(),
            hidden: Vec::new(),
        }
    }
}

/// Files are what was asked for: whether they have changed since is not asked, as with Spark.
fn files_identity(format: &str, schema: Option<&StructType>, options: &Options, paths: &[String]) -> Identity {
    let format = emberflow_sources::read::short_name(format);
    Identity::Files { text: format!("{format} {schema:?} {options:?}"), paths: paths.to_vec() }
}

fn identified(table: Table, identity: Identity) -> Table {
    Table { provider: Identified::wrap(table.provider, identity), ..table }
}

fn plain(table: SourceTable) -> Table {
    let SourceTable { provider, schema, hidden, .. } = table;
    Table { provider: provider as Arc<dyn TableProvider>, schema, qualifier: Vec::new(), hidden }
}
