//! Which statement goes where. Each command gives an [`Outcome`]; what it does stands in `statements` and `write`.

use emberflow_base::{Error, Result, substituted};
use emberflow_connect::backend::{Operation, Outcome, Rows};
use emberflow_plan::sql::{Parameters, SqlOptions, parse_with_parameters};
use emberflow_plan::tree::{Command, Cte, ExplainMode, Expr, Relation, RelationKind, Statement};

use crate::session::Session;
use crate::tables;

impl Session {
    pub(crate) async fn command(&self, command: Command, operation: Operation) -> Result<Outcome> {
        match command {
            Command::Sql { text, named, positional, references } => {
                self.sql_command(text, named, positional, references, operation).await
            }
            Command::CreateView(view) => self.create_view(view).await.map(|()| Outcome::Done),
            Command::Write(write) => self.write(write).await.map(|()| Outcome::Done),
            Command::WriteV2(write) => self.write_v2(write).await.map(|()| Outcome::Done),
            Command::Checkpoint { relation, local, eager, storage } => {
                let id = self.checkpoint(relation, local, eager, storage).await?;
                Ok(Outcome::CachedRemote { id })
            }
            Command::RemoveCachedRemote { id } => {
                self.shared.results.write().remove(&id);
                Ok(Outcome::Done)
            }
            Command::MlCleanCache => Ok(Outcome::Done),
            Command::RegisterFunction { function, .. } => Err(Error::unsupported(function.described())),
            other => self.rows_of_command(other, operation).await.map(Outcome::Rows),
        }
    }

    pub(crate) fn sql_options(&self) -> SqlOptions {
        SqlOptions::of(&self.shared.settings.read())
    }

    /// A SQL text as a statement, settings and parameters put in.
    pub(crate) fn parsed(&self, text: &str, named: &[(String, Expr)], positional: &[Expr]) -> Result<Statement> {
        let text = substituted(text, &self.shared.settings.read())?;
        let parameters = Parameters { named: named.to_vec(), positional: positional.to_vec() };
        parse_with_parameters(&text, self.sql_options(), &parameters)
    }

    async fn sql_command(
        &self,
        text: String,
        named: Vec<(String, Expr)>,
        positional: Vec<Expr>,
        references: Vec<Cte>,
        operation: Operation,
    ) -> Result<Outcome> {
        match self.parsed(&text, &named, &positional)? {
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
            Command::Set { .. } | Command::Reset { .. } | Command::SetTimeZone { .. } => self.settings_command(command),
            Command::ShowTables { .. }
            | Command::ShowViews { .. }
            | Command::ShowDatabases { .. }
            | Command::ShowColumns { .. }
            | Command::ShowFunctions { .. }
            | Command::ShowCreateTable { .. }
            | Command::ShowPartitions { .. }
            | Command::ShowTableProperties { .. }
            | Command::ShowTableExtended { .. } => self.show(command).await,
            Command::DescribeTable { table, extended, column, partition } => {
                self.describe_table(&table, extended, &column, partition).await
            }
            Command::DescribeQuery { query } => self.describe_query(query).await,
            Command::DescribeDatabase { name, extended } => self.describe_database(&name, extended),
            Command::DescribeFunction { name, .. } => self.describe_function(&name),
            Command::Explain { statement, mode } => tables::text("plan", self.explain(*statement, mode).await?),
            Command::Use { name } => self.use_database(&name),
            Command::CreateDatabase { name, if_not_exists, comment, location, properties } => {
                self.create_database(&name, if_not_exists, comment, location, properties).await
            }
            Command::AlterDatabase { name, change } => self.alter_database(&name, change).await,
            Command::DropDatabase { name, if_exists, cascade } => self.drop_database(&name, if_exists, cascade).await,
            Command::AlterView { name, change } => self.alter_view(&name, change).await,
            Command::DropView { name, if_exists } => self.drop_view(&name, if_exists).await,
            Command::CreateTable(table) => self.create_table(table).await,
            Command::AlterTable { name, change } => self.alter_table(&name, change).await,
            Command::AnalyzeTable { name, scan } => self.analyze_table(&name, scan).await,
            // Nothing keeps what was dropped, so PURGE asks for what happens anyway.
            Command::DropTable { name, if_exists, .. } => self.drop_table(&name, if_exists).await,
            Command::TruncateTable { name, partition } => self.truncate_table(&name, partition).await,
            Command::Insert(insert) => self.insert(insert).await,
            Command::DeclareVariables { names, replace, data_type, default } => {
                self.declare_variables(names, replace, data_type, default).await
            }
            Command::SetVariables { assignments } => self.set_variables(assignments).await,
            Command::DropVariable { name, if_exists } => self.drop_variable(&name, if_exists),
            Command::ExecuteImmediate { text, into, using } => self.execute_immediate(text, into, using, operation).await,
            Command::CacheTable { name, query, lazy, options } => self.cache_table(name, query, lazy, options).await,
            Command::UncacheTable { name, if_exists } => self.uncache_table(&name, if_exists).await,
            Command::ClearCache => self.clear_cache_command(),
            Command::RefreshTable { name } => self.refresh_table(&name).await,
            Command::RefreshPath { .. } => Ok(tables::nothing()),
            Command::Unsupported { name } => Err(unsupported(name)),
            Command::Sql { .. }
            | Command::CreateView(_)
            | Command::Write(_)
            | Command::WriteV2(_)
            | Command::Checkpoint { .. }
            | Command::RemoveCachedRemote { .. }
            | Command::MlCleanCache
            | Command::RegisterFunction { .. } => match Box::pin(self.command(command, operation)).await? {
                Outcome::Rows(rows) => Ok(rows),
                Outcome::Query => Err(Error::internal("a query came where a command was expected")),
                Outcome::Done | Outcome::CachedRemote { .. } => Ok(tables::nothing()),
            },
        }
    }

    /// The text `EXPLAIN` gives.
    pub(crate) async fn explain(&self, statement: Statement, mode: ExplainMode) -> Result<String> {
        match statement {
            Statement::Query(relation) => self.explain_query(relation, mode).await,
            Statement::Command(command) => Ok(format!("== Physical Plan ==\nExecute {}\n", statement_name(&command))),
        }
    }
}

/// What files cannot have done to them is refused as Spark refuses it, the rest by its name.
fn unsupported(statement: String) -> Error {
    let operation = match statement.as_str() {
        "UPDATE" => "UPDATE TABLE",
        "MERGE INTO" | "MERGE WITH SCHEMA EVOLUTION INTO" => "MERGE INTO TABLE",
        _ => return Error::unsupported(statement),
    };
    Error::new("UNSUPPORTED_FEATURE.TABLE_OPERATION")
        .with("operation", operation)
        .with("tableName", "`unknown`")
        .text(format!("Tables of files do not know {statement}."))
}

fn statement_name(command: &Command) -> String {
    format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
