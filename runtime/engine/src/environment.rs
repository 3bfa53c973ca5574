//! What the analyzer may ask of a session: implemented over its views, the catalog and the sources.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use emberflow_analyzer::{Analyzed, Environment, Resolved, Source, Table};
use emberflow_base::{Error, Result, Settings, World};
use emberflow_functions::Context;
use emberflow_plan::StructType;
use emberflow_plan::tree::{CatalogOp, LocalData, Options};
use emberflow_sources::{ReadRequest, SourceOptions, SourceTable};

use crate::session::{Kept, Session};

/// A session at the moment a query begins.
pub(crate) struct SessionEnvironment {
    session: Session,
    settings: Settings,
    now_micros: i64,
    user: String,
    database: String,
    /// Whether the plan is going to run: questions about a plan fill no caches.
    will_run: bool,
}

/// Where temporary views of all sessions live.
pub(crate) const GLOBAL_TEMP: &str = "global_temp";

impl SessionEnvironment {
    pub fn new(session: &Session, will_run: bool) -> Self {
        Self {
            session: session.clone(),
            settings: session.settings(),
            now_micros: emberflow_base::world::Machine.now_micros(),
            user: session.shared.user.clone(),
            database: session.shared.database.read().clone(),
            will_run,
        }
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

    fn view(&self, name: &[String]) -> Option<Source> {
        match name {
            [single] => {
                let views = self.session.shared.views.read();
                let view = views.get(&single.to_lowercase())?;
                Some(Source::View { resolved: Arc::clone(&view.resolved), qualifier: vec![view.name.clone()] })
            }
            [database, single] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => {
                let view = self.session.engine.catalog.global_view(single)?;
                Some(Source::View { resolved: view.resolved, qualifier: vec![GLOBAL_TEMP.to_owned(), view.name] })
            }
            _ => None,
        }
    }
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
        if let Some(view) = self.view(name) {
            return Ok(Some(view));
        }
        if let Some(info) = self.session.engine.catalog.find(name, &self.database)? {
            let mut all = info.options.clone();
            all.extend(options.iter().cloned());
            let table = self.files(&info.format, Some(&info.schema), &all, std::slice::from_ref(&info.location))?;
            return Ok(Some(Source::Table(Table {
                provider: table.provider,
                schema: table.schema,
                qualifier: info.qualifier(),
            })));
        }
        // format.`path`
        if let [format, path] = name
            && matches!(
                emberflow_sources::read::short_name(format).as_str(),
                "parquet" | "csv" | "json" | "orc" | "text" | "avro"
            )
        {
            let table = self.files(format, None, options, std::slice::from_ref(path))?;
            return Ok(Some(Source::Table(plain(table))));
        }
        Ok(None)
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
        if paths.is_empty() && emberflow_sources::read::short_name(&format) != "jdbc" {
            return Err(match schema {
                Some(_) => Error::new("DATA_SOURCE_PATH_MISSING").text("Reading files needs a path: give one to load()."),
                None => Error::new("UNABLE_TO_INFER_SCHEMA").with("format", format),
            });
        }
        Ok(plain(self.files(&format, schema, options, paths)?))
    }

    fn local_data(&self, data: &LocalData) -> Result<Table> {
        emberflow_sources::local::table(data).map(plain)
    }

    fn range(&self, start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<Table> {
        let partitions = partitions.and_then(|count| usize::try_from(count).ok()).unwrap_or(self.session.engine.options.cores);
        emberflow_sources::range::range(start, end, step, partitions).map(plain)
    }

    fn catalog_answer(&self, operation: &CatalogOp) -> Result<Table> {
        let (session, operation) = (self.session.clone(), operation.clone());
        let (schema, batches) = tokio::runtime::Handle::current().block_on(async move {
            let rows = session.catalog_operation(operation).await?;
            Ok::<_, Error>((rows.schema.clone(), crate::execute::collect(rows).await?))
        })?;
        emberflow_sources::local::from_batches(batches, schema).map(plain)
    }

    fn cached_remote(&self, id: &str) -> Result<Table> {
        let kept = self.session.shared.kept.read().get(id).cloned();
        let kept = kept.ok_or_else(|| Error::new("CONNECT_INVALID_PLAN.DATAFRAME_NOT_FOUND").with("dfId", id))?;
        emberflow_sources::local::from_batches(kept.batches.to_vec(), kept.schema).map(plain)
    }

    fn persists(&self, plan_id: i64) -> bool {
        self.will_run && self.session.shared.persisted.read().iter().any(|persisted| persisted.plan_id == plan_id)
    }

    fn persisted(&self, plan_id: i64, resolved: &Resolved) -> Result<Option<Table>> {
        let known = self.session.shared.persisted.read().iter().find(|persisted| persisted.plan_id == plan_id).cloned();
        let Some(persisted) = known else { return Ok(None) };
        // Whoever comes first fills it; others wait, so nothing is computed twice.
        let mut rows = persisted.rows.lock();
        if rows.is_none() {
            let analyzed = Analyzed { plan: resolved.exact()?, schema: resolved.schema() };
            let schema = analyzed.schema.clone();
            *rows = Some(Kept { schema, batches: Arc::new(self.run_now(analyzed)?) });
        }
        let Some(kept) = rows.as_ref() else { return Ok(None) };
        emberflow_sources::local::from_batches(kept.batches.to_vec(), kept.schema.clone()).map(|table| Some(plain(table)))
    }

    fn run_now(&self, analyzed: Analyzed) -> Result<Vec<arrow::array::RecordBatch>> {
        let session = self.session.clone();
        tokio::runtime::Handle::current().block_on(async move {
            let rows = session.run(analyzed, "values of a pivot").await?;
            crate::execute::collect(rows).await
        })
    }
}

fn plain(table: SourceTable) -> Table {
    Table { provider: table.provider as Arc<dyn TableProvider>, schema: table.schema, qualifier: Vec::new() }
}
