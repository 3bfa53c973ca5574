//! `emberflow sql`: SQL from a text, a file, or typed line by line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use clap::Args;
use emberflow::plan::tree::{Command, Relation, RelationKind, Statement};
use emberflow::{Engine, EngineOptions, Error, Outcome, Result, Rows, Session};
use futures::TryStreamExt;

use crate::progress;

#[derive(Debug, Args)]
pub struct SqlArguments {
    /// SQL text; statements end with `;`.
    #[arg(short = 'e', value_name = "TEXT")]
    text: Option<String>,
    /// A file of SQL text. Without text and file: line by line.
    file: Option<PathBuf>,
    /// Rows shown of each result.
    #[arg(long, default_value_t = ROWS_SHOWN)]
    rows: i32,
    /// Make every Parquet file of a folder a view named after it.
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
    /// Folder of managed tables.
    #[arg(long, default_value = WAREHOUSE)]
    warehouse: PathBuf,
    /// Settings, KEY=VALUE.
    #[arg(long = "conf", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl SqlArguments {
    /// A file with settings, everything else as usual.
    pub fn of_file(file: PathBuf, settings: Vec<String>) -> Self {
        Self { text: None, file: Some(file), rows: ROWS_SHOWN, tables: None, warehouse: WAREHOUSE.into(), settings }
    }
}

const ROWS_SHOWN: i32 = 1000;
const WAREHOUSE: &str = "spark-warehouse";

pub fn run(arguments: SqlArguments) -> Result<()> {
    let options = EngineOptions {
        warehouse: arguments.warehouse.clone(),
        settings: crate::serve::settings(&arguments.settings)?,
        ..Default::default()
    };
    let engine = Engine::start(options)?;
    let session = engine.session("");
    if let Some(folder) = &arguments.tables {
        make_views(&session, folder)?;
    }
    match (&arguments.text, &arguments.file) {
        (Some(text), _) => engine.tokio().block_on(run_text(&session, text, arguments.rows)),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Error::new("PATH_NOT_FOUND").with("path", file.display().to_string()).text(format!("{}: {error}", file.display()))
            })?;
            engine.tokio().block_on(run_text(&session, &text, arguments.rows))
        }
        (None, None) if std::io::stdin().is_terminal() => interactive(&engine, &session, arguments.rows),
        (None, None) => {
            let text =
                std::io::read_to_string(std::io::stdin()).map_err(|error| Error::internal(format!("standard input: {error}")))?;
            engine.tokio().block_on(run_text(&session, &text, arguments.rows))
        }
    }
}

/// Views over the Parquet files and folders of a folder, by their names.
pub fn make_views(session: &Session, folder: &std::path::Path) -> Result<()> {
    let missing = |error: std::io::Error| {
        Error::new("PATH_NOT_FOUND").with("path", folder.display().to_string()).text(format!("{}: {error}", folder.display()))
    };
    for entry in std::fs::read_dir(folder).map_err(missing)? {
        let path = entry.map_err(missing)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet")
            && let (Some(name), Some(text)) = (path.file_stem().and_then(|stem| stem.to_str()), path.to_str())
        {
            session.read_parquet(text).create_or_replace_temp_view(name)?;
        }
    }
    Ok(())
}

/// Runs each statement of a text and prints what it gives.
async fn run_text(session: &Session, text: &str, rows: i32) -> Result<()> {
    for statement in emberflow::plan::sql::split_statements(text) {
        print!("{}", run_statement(session, &statement, rows).await?);
    }
    Ok(())
}

async fn run_statement(session: &Session, text: &str, rows: i32) -> Result<String> {
    let command = Command::Sql { text: text.to_owned(), named: Vec::new(), positional: Vec::new(), references: Vec::new() };
    match session.execute(Statement::Command(command), Default::default()).await? {
        Outcome::Query => {
            let kind = RelationKind::Sql { text: text.to_owned(), named: Vec::new(), positional: Vec::new() };
            let limit = emberflow::plan::tree::Expr::literal(emberflow::plan::tree::Literal::Int(rows.saturating_add(1)));
            let query = Relation::new(RelationKind::Limit { input: Relation::new(kind), limit });
            match session.execute(Statement::Query(query), Default::default()).await? {
                Outcome::Rows(result) => printed(session, result, rows).await,
                _ => Ok(String::new()),
            }
        }
        Outcome::Rows(result) => printed(session, result, rows).await,
        Outcome::Done | Outcome::CachedRemote { .. } => Ok(String::new()),
    }
}

async fn printed(session: &Session, result: Rows, rows: i32) -> Result<String> {
    let schema = result.schema.clone();
    let batches: Vec<RecordBatch> = progress::shown(result.watch.clone(), result.batches.try_collect()).await?;
    if schema.fields.is_empty() {
        return Ok(String::new());
    }
    session.text_of(&schema, &batches, rows)
}

/// Reads statements from a terminal until it ends.
fn interactive(engine: &Arc<Engine>, session: &Session, rows: i32) -> Result<()> {
    let failed = |error: rustyline::error::ReadlineError| Error::internal(format!("the terminal cannot be read: {error}"));
    let mut editor = rustyline::DefaultEditor::new().map_err(failed)?;
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    println!("Emberflow {}. Statements end with `;`. Leave with Ctrl-D.", env!("CARGO_PKG_VERSION"));
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { "emberflow> " } else { "        -> " };
        match editor.readline(prompt) {
            Ok(line) => {
                text.push_str(&line);
                text.push('\n');
                if line.trim_end().ends_with(';') {
                    let _ = editor.add_history_entry(text.trim());
                    let result = run_interruptible(engine, session, &text, rows);
                    text.clear();
                    if let Err(error) = result {
                        eprintln!("{error}");
                    }
                }
            }
            Err(rustyline::error::ReadlineError::Interrupted) => text.clear(),
            Err(rustyline::error::ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(file) = &history {
        let _ = editor.save_history(file);
    }
    Ok(())
}

/// Ctrl-C ends the statement, not the program: a query that nobody waits for any more is cancelled.
fn run_interruptible(engine: &Arc<Engine>, session: &Session, text: &str, rows: i32) -> Result<()> {
    engine.tokio().block_on(async {
        tokio::select! {
            done = run_text(session, text, rows) => done,
            _ = tokio::signal::ctrl_c() => Err(Error::new("OPERATION_CANCELED")),
        }
    })
}

fn history_file() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    Some(PathBuf::from(home).join(".emberflow_history"))
}
