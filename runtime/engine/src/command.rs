//! Statements that do something: views, tables, databases, settings, writes. Each gives an [`Outcome`].

use std::sync::Arc;

use emberflow_analyzer::resolve_view;
use emberflow_base::{Error, Exception, Result};
use emberflow_connect::backend::{Operation, Outcome, Rows};
use emberflow_plan::sql::{SqlOptions, parse_statement};
use emberflow_plan::tree::{
    CatalogOp, Command, CreateView, Cte, ExplainMode, Expr, ExprKind, Literal, Relation, RelationKind, Statement, ViewKind,
};
use emberflow_plan::types::quote;

use crate::catalog::{CATALOG, matches, no_schema, no_table};
use crate::environment::GLOBAL_TEMP;
use crate::session::{Session, View};
use crate::tables::{self, Cells};

impl Session {
    pub(crate) async fn command(&self, command: Command, operation: Operation) -> Result<Outcome> {
        match command {
            Command::Sql { text, named, positional, references } => {
                self.sql_command(text, named, positional, references, operation).await
            }
            Command::CreateView(view) => self.create_view(view).await.map(|()| Outcome::Done),
            Command::Write(write) => self.write(write).await.map(|()| Outcome::Done),
            Command::Checkpoint { relation, .. } => {
                let rows = self.query(relation, operation).await?;
                let schema = rows.schema.clone();
                let batches = crate::execute::collect(rows).await?;
                match *self.keep(schema, batches).kind {
                    RelationKind::CachedRemote { id } => Ok(Outcome::CachedRemote { id }),
                    _ => Err(Error::internal("a kept result has no id")),
                }
            }
            Command::RemoveCachedRemote { id } => {
                self.shared.kept.write().remove(&id);
                Ok(Outcome::Done)
            }
            Command::MlCleanCache => Ok(Outcome::Done),
            Command::RegisterFunction { name, function } => {
                Err(Error::unsupported(format!("functions in {} (`{name}`)", function.language)))
            }
            other => self.rows_of_command(other, operation).await.map(Outcome::Rows),
        }
    }

    pub(crate) fn sql_options(&self) -> SqlOptions {
        let settings = self.shared.settings.read();
        SqlOptions { double_quoted_identifiers: settings.flag("spark.sql.ansi.doubleQuotedIdentifiers"), ansi: settings.ansi() }
    }

    /// The command a text is, or nothing if it is a query.
    pub(crate) fn parsed(&self, text: &str) -> Result<Option<Command>> {
        match parse_statement(text, self.sql_options())? {
            Statement::Query(_) => Ok(None),
            Statement::Command(command) => Ok(Some(command)),
        }
    }

    async fn sql_command(
        &self,
        text: String,
        named: Vec<(String, Expr)>,
        positional: Vec<Expr>,
        references: Vec<Cte>,
        operation: Operation,
    ) -> Result<Outcome> {
        match parse_statement(&text, self.sql_options())? {
            Statement::Query(_) => {
                // Names must be right at once, as with Spark, though nothing runs yet.
                let query = Relation::new(RelationKind::Sql { text, named, positional });
                let query = if references.is_empty() {
                    query
                } else {
                    Relation::new(RelationKind::With { ctes: references, recursive: false, input: query })
                };
                self.analyzed(query).await?;
                Ok(Outcome::Query)
            }
            Statement::Command(command) => match Box::pin(self.command(command, operation)).await? {
                Outcome::Done => Ok(Outcome::Rows(tables::nothing())),
                outcome => Ok(outcome),
            },
        }
    }

    /// A command as a relation: its rows.
    pub(crate) async fn rows_of_command(&self, command: Command, operation: Operation) -> Result<Rows> {
        match command {
            Command::Set { key, value, verbose } => self.set_command(key, value, verbose),
            Command::Reset { key } => self.reset(key),
            Command::SetTimeZone { value } => self.set_time_zone(&value),
            Command::Use { name } => self.use_database(&name),
            Command::ShowTables { namespace, pattern } => self.show_tables(&namespace, pattern.as_deref()),
            Command::ShowViews { namespace, pattern } => self.show_views(&namespace, pattern.as_deref()),
            Command::ShowDatabases { pattern } => {
                let names = self.engine.catalog.databases().into_iter().map(|(name, _)| name);
                let names = names.filter(|name| matches(pattern.as_deref(), name)).map(Some).collect();
                tables::table(vec![("namespace", false, Cells::Text(names))])
            }
            Command::ShowColumns { table } => {
                let schema = self.schema_of(&table).await?;
                let names = schema.fields.into_iter().map(|field| Some(field.name)).collect();
                tables::table(vec![("col_name", false, Cells::Text(names))])
            }
            Command::ShowFunctions { pattern, .. } => {
                let names = crate::catalog_ops::function_names().into_iter().filter(|name| matches(pattern.as_deref(), name));
                tables::table(vec![("function", false, Cells::Text(names.map(|name| Some(name.to_owned())).collect()))])
            }
            Command::DescribeTable { table, extended, column } => self.describe_table(table, extended, column).await,
            Command::DescribeQuery { query } => {
                let schema = self.analyzed(query).await?.schema;
                described(&schema)
            }
            Command::Explain { statement, mode } => {
                let text = self.explain(*statement, mode).await?;
                tables::text("plan", text)
            }
            Command::CreateDatabase { name, if_not_exists, comment, location, .. } => {
                self.engine.catalog.create_database(last(&name), if_not_exists, comment, location)?;
                Ok(tables::nothing())
            }
            Command::DropDatabase { name, if_exists, cascade } => {
                for table in self.engine.catalog.drop_database(last(&name), if_exists, cascade)? {
                    self.remove_files(&table)?;
                }
                Ok(tables::nothing())
            }
            Command::DropView { name, if_exists } => self.drop_view(&name, if_exists),
            Command::DropTable { name, if_exists, .. } => self.drop_table(&name, if_exists),
            Command::CreateTable(table) => self.create_table(table).await,
            Command::Insert(insert) => self.insert(insert).await,
            Command::ClearCache => {
                self.shared.persisted.write().clear();
                Ok(tables::nothing())
            }
            Command::RefreshTable { .. } | Command::RefreshPath { .. } => Ok(tables::nothing()),
            Command::Unsupported { name } => Err(Error::unsupported(name)),
            Command::Sql { .. }
            | Command::CreateView(_)
            | Command::Write(_)
            | Command::Checkpoint { .. }
            | Command::RemoveCachedRemote { .. }
            | Command::MlCleanCache
            | Command::RegisterFunction { .. } => match Box::pin(self.command(command, operation)).await? {
                Outcome::Rows(rows) => Ok(rows),
                Outcome::Query => Err(Error::internal("a query came where a command was expected")),
                Outcome::Done | Outcome::CachedRemote { .. } => Ok(tables::nothing()),
            },
            other => Err(Error::unsupported(format!("the statement {}", statement_name(&other)))),
        }
    }

    pub(crate) async fn create_view(&self, view: CreateView) -> Result<()> {
        let CreateView { name, query, kind, replace, if_not_exists, columns, .. } = view;
        let query = if columns.is_empty() {
            query
        } else {
            let names = columns.into_iter().map(|(name, _)| name).collect();
            Relation::new(RelationKind::ToDf { input: query, names })
        };
        let resolved = self.blocking(move |environment| resolve_view(environment, &query)).await?;
        crate::write::check_names(&resolved.schema())?;
        let bare = last(&name).to_owned();
        let view = View { name: bare.clone(), resolved: Arc::new(resolved) };
        let added = match kind {
            ViewKind::Temporary => {
                if name.len() > 1 {
                    return Err(Error::new("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS").with("actualName", quoted(&name)));
                }
                let mut views = self.shared.views.write();
                let free = replace || !views.contains_key(&bare.to_lowercase());
                if free {
                    views.insert(bare.to_lowercase(), view);
                }
                free
            }
            ViewKind::GlobalTemporary => self.engine.catalog.put_global_view(view, replace),
            ViewKind::Permanent => return Err(Error::unsupported("permanent views; use CREATE TEMPORARY VIEW")),
        };
        if added || if_not_exists {
            return Ok(());
        }
        Err(Error::new("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS")
            .with("relationName", quote(&bare))
            .exception_class(Exception::TempTableAlreadyExists))
    }

    fn set_command(&self, key: Option<String>, value: Option<String>, verbose: bool) -> Result<Rows> {
        let pairs: Vec<(String, Option<String>)> = match (key, value) {
            (Some(key), Some(value)) => {
                self.set(&key, &value)?;
                vec![(key, Some(value))]
            }
            (Some(key), None) => {
                let value = self.settings().get(&key).map(str::to_owned).unwrap_or_else(|| "<undefined>".to_owned());
                vec![(key, Some(value))]
            }
            (None, _) => self.settings().all().into_iter().map(|(key, value)| (key, Some(value))).collect(),
        };
        let meanings: Vec<Option<String>> = pairs
            .iter()
            .map(|(key, _)| Some(emberflow_base::settings::known(key).map_or("", |known| known.doc).to_owned()))
            .collect();
        let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(key, value)| (Some(key), value)).unzip();
        let mut columns = vec![("key", false, Cells::Text(keys)), ("value", false, Cells::Text(values))];
        if verbose {
            columns.push(("meaning", false, Cells::Text(meanings)));
        }
        tables::table(columns)
    }

    fn reset(&self, key: Option<String>) -> Result<Rows> {
        let mut settings = self.shared.settings.write();
        match key {
            Some(key) => settings.unset(&key),
            None => {
                let keys: Vec<String> = settings.all().into_keys().collect();
                keys.iter()
                    .filter(|key| settings.is_modifiable(key))
                    .cloned()
                    .collect::<Vec<_>>()
                    .iter()
                    .for_each(|key| settings.unset(key));
            }
        }
        Ok(tables::nothing())
    }

    fn set_time_zone(&self, value: &Expr) -> Result<Rows> {
        let zone = match &value.kind {
            ExprKind::Literal(Literal::String(zone)) => zone.clone(),
            ExprKind::Attribute { parts, .. } if parts.len() == 1 && parts[0].eq_ignore_ascii_case("local") => {
                self.shared.settings.write().unset("spark.sql.session.timeZone");
                return Ok(tables::nothing());
            }
            ExprKind::Literal(Literal::DayTimeInterval { micros, .. }) => {
                let minutes = micros / 60_000_000;
                format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
            }
            _ => return Err(Error::unsupported("this form of SET TIME ZONE")),
        };
        self.set("spark.sql.session.timeZone", &zone)?;
        tables::table(vec![
            ("key", false, Cells::Text(vec![Some("spark.sql.session.timeZone".into())])),
            ("value", false, Cells::Text(vec![Some(zone)])),
        ])
    }

    pub(crate) fn use_database(&self, name: &[String]) -> Result<Rows> {
        let database = match name {
            [catalog, database] if catalog.eq_ignore_ascii_case(CATALOG) => database.to_lowercase(),
            [catalog] if catalog.eq_ignore_ascii_case(CATALOG) => return Ok(tables::nothing()),
            other => last(other).to_lowercase(),
        };
        if self.engine.catalog.database(&database).is_none() {
            return Err(no_schema(&database));
        }
        *self.shared.database.write() = database;
        Ok(tables::nothing())
    }

    fn show_tables(&self, namespace: &[String], pattern: Option<&str>) -> Result<Rows> {
        let database = self.database_or_current(namespace);
        let mut found: Vec<(String, String, bool)> = Vec::new();
        if database == GLOBAL_TEMP {
            found.extend(self.engine.catalog.global_views().into_iter().map(|view| (GLOBAL_TEMP.to_owned(), view.name, true)));
        } else {
            let tables = self.engine.catalog.tables(&database)?;
            found.extend(tables.into_iter().map(|table| (database.clone(), table.name, false)));
        }
        found.extend(self.shared.views.read().values().map(|view| (String::new(), view.name.clone(), true)));
        found.retain(|(_, name, _)| matches(pattern, name));
        found.sort_by(|left, right| left.1.cmp(&right.1));
        tables::table(vec![
            ("namespace", false, Cells::Text(found.iter().map(|(database, _, _)| Some(database.clone())).collect())),
            ("tableName", false, Cells::Text(found.iter().map(|(_, name, _)| Some(name.clone())).collect())),
            ("isTemporary", false, Cells::Flags(found.iter().map(|(_, _, temporary)| *temporary).collect())),
        ])
    }

    fn show_views(&self, namespace: &[String], pattern: Option<&str>) -> Result<Rows> {
        let mut found: Vec<(String, String)> = Vec::new();
        if self.database_or_current(namespace) == GLOBAL_TEMP {
            found.extend(self.engine.catalog.global_views().into_iter().map(|view| (GLOBAL_TEMP.to_owned(), view.name)));
        }
        found.extend(self.shared.views.read().values().map(|view| (String::new(), view.name.clone())));
        found.retain(|(_, name)| matches(pattern, name));
        tables::table(vec![
            ("namespace", false, Cells::Text(found.iter().map(|(database, _)| Some(database.clone())).collect())),
            ("viewName", false, Cells::Text(found.iter().map(|(_, name)| Some(name.clone())).collect())),
            ("isTemporary", false, Cells::Flags(vec![true; found.len()])),
        ])
    }

    pub(crate) fn database_or_current(&self, namespace: &[String]) -> String {
        match namespace.last() {
            Some(name) => name.to_lowercase(),
            None => self.shared.database.read().clone(),
        }
    }

    pub(crate) async fn schema_of(&self, table: &[String]) -> Result<emberflow_plan::StructType> {
        let kind = RelationKind::Table { name: table.to_vec(), options: Vec::new(), is_streaming: false, time_travel: None };
        Ok(self.analyzed(Relation::new(kind)).await?.schema)
    }

    async fn describe_table(&self, table: Vec<String>, extended: bool, column: Vec<String>) -> Result<Rows> {
        let mut schema = self.schema_of(&table).await?;
        if let Some(name) = column.last() {
            schema.fields.retain(|field| field.name.eq_ignore_ascii_case(name));
            let field = schema.fields.first().ok_or_else(|| no_table(&column, &self.shared.database.read()))?;
            let pairs = [
                ("col_name", field.name.clone()),
                ("data_type", field.data_type.simple_string()),
                ("comment", "NULL".to_owned()),
            ];
            return tables::table(vec![
                ("info_name", false, Cells::Text(pairs.iter().map(|(name, _)| Some((*name).to_owned())).collect())),
                ("info_value", false, Cells::Text(pairs.into_iter().map(|(_, value)| Some(value)).collect())),
            ]);
        }
        if extended {
            return Err(Error::unsupported("DESCRIBE EXTENDED"));
        }
        described(&schema)
    }

    fn drop_view(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        let dropped = match name {
            [database, view] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => self.engine.catalog.drop_global_view(view),
            other => self.shared.views.write().remove(&last(other).to_lowercase()).is_some(),
        };
        if dropped || if_exists { Ok(tables::nothing()) } else { Err(no_table(name, &self.shared.database.read())) }
    }

    fn drop_table(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        if let [single] = name
            && self.shared.views.write().remove(&single.to_lowercase()).is_some()
        {
            return Ok(tables::nothing());
        }
        let current = self.shared.database.read().clone();
        let full = self.engine.catalog.full_name(name, &current)?;
        match self.engine.catalog.remove(&full) {
            Some(info) => self.remove_files(&info).map(|()| tables::nothing()),
            None if if_exists => Ok(tables::nothing()),
            None => Err(no_table(name, &self.shared.database.read())),
        }
    }

    pub(crate) fn catalog_name(&self, operation: &CatalogOp) -> String {
        format!("{operation:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
    }

    /// The text `EXPLAIN` gives.
    pub(crate) async fn explain(&self, statement: Statement, mode: ExplainMode) -> Result<String> {
        match statement {
            Statement::Query(relation) => self.explain_query(relation, mode).await,
            Statement::Command(command) => Ok(format!("== Physical Plan ==\nExecute {}\n", statement_name(&command))),
        }
    }
}

pub(crate) fn last(name: &[String]) -> &str {
    name.last().map(String::as_str).unwrap_or_default()
}

fn quoted(name: &[String]) -> String {
    name.iter().map(|part| quote(part)).collect::<Vec<_>>().join(".")
}

fn statement_name(command: &Command) -> String {
    format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

fn described(schema: &emberflow_plan::StructType) -> Result<Rows> {
    let names = schema.fields.iter().map(|field| Some(field.name.clone())).collect();
    let types = schema.fields.iter().map(|field| Some(field.data_type.simple_string())).collect();
    tables::table(vec![
        ("col_name", false, Cells::Text(names)),
        ("data_type", false, Cells::Text(types)),
        ("comment", true, Cells::Text(vec![None; schema.fields.len()])),
    ])
}
