//! `emberflow submit`: what spark-submit is for. The program runs unchanged; only where it connects is arranged.
//!
//!     FILE.py, FILE.jar ─► a server of ours on a free loopback port, SPARK_REMOTE set
//!     FILE.R            ─► Rscript, the engine in its process (it reads its settings from EMBERFLOW_CONF)
//!     FILE.sql          ─► `emberflow sql`

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;

use clap::Args;
use emberflow::{Engine, EngineOptions, Error, Result};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::grpc::SparkConnect;

#[derive(Debug, Args)]
pub struct SubmitArguments {
    /// The program.
    file: PathBuf,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Main class of a jar; otherwise the jar's manifest says.
    #[arg(long)]
    class: Option<String>,
    /// Further jars, separated by commas: Spark's client and what the program needs.
    #[arg(long, requires = "class")]
    jars: Option<String>,
    /// Settings, KEY=VALUE.
    #[arg(long = "conf", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

pub fn run(arguments: SubmitArguments) -> Result<ExitCode> {
    if !arguments.file.is_file() {
        return Err(Error::new("PATH_NOT_FOUND").with("path", arguments.file.display().to_string()));
    }
    let extension = arguments.file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("r") => {
            crate::serve::settings(&arguments.settings)?;
            let mut command = program("Rscript", &arguments.file, &arguments.arguments);
            command.env(emberflow::CONF_VARIABLE, arguments.settings.join("\n"));
            finished(command.status(), "Rscript")
        }
        Some("py") => {
            let python = std::env::var("PYSPARK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
            served(&arguments, program(&python, &arguments.file, &arguments.arguments), &python)
        }
        Some("jar") => served(&arguments, java(&arguments), "java"),
        Some("sql") if !arguments.arguments.is_empty() => {
            Err(Error::new("INVALID_PARAMETER_VALUE").text("A file of SQL text takes no arguments."))
        }
        Some("sql") => {
            let settings = arguments.settings.clone();
            crate::sql::run(crate::sql::SqlArguments::of_file(arguments.file, settings)).map(|()| ExitCode::SUCCESS)
        }
        _ => Err(Error::new("INVALID_PARAMETER_VALUE")
            .text(format!("{} is neither .R, .py, .jar nor .sql.", arguments.file.display()))),
    }
}

fn program(name: &str, file: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(name);
    command.arg(file).args(arguments);
    command
}

fn java(arguments: &SubmitArguments) -> Command {
    let mut command = Command::new("java");
    let jars = arguments.jars.as_deref().unwrap_or_default().replace(',', ":");
    match &arguments.class {
        Some(class) => {
            let path = [arguments.file.to_string_lossy().into_owned(), jars].join(":");
            command.arg("-cp").arg(path.trim_end_matches(':')).arg(class);
        }
        None => {
            command.arg("-jar").arg(&arguments.file);
        }
    }
    command.args(&arguments.arguments);
    command
}

/// Runs a program with a server of ours beside it.
fn served(arguments: &SubmitArguments, mut command: Command, name: &str) -> Result<ExitCode> {
    let options = EngineOptions { settings: crate::serve::settings(&arguments.settings)?, ..Default::default() };
    let engine = Engine::start(options)?;
    let handle = engine.tokio().clone();
    let port = handle.block_on(listen(&engine))?;
    let remote = format!("sc://127.0.0.1:{port}");
    command.env("SPARK_REMOTE", &remote).env("SPARK_CONNECT_MODE_ENABLED", "1");
    if name == "java" {
        let before = std::env::var("JDK_JAVA_OPTIONS").unwrap_or_default();
        let opens = "--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.util.calendar=ALL-UNNAMED";
        command.env("JDK_JAVA_OPTIONS", format!("{before} -Dspark.remote={remote} {opens}").trim());
    }
    let status = command.status();
    engine.shutdown();
    finished(status, name)
}

async fn listen(engine: &Arc<Engine>) -> Result<u16> {
    let failed = |error: std::io::Error| Error::internal(format!("cannot listen on loopback: {error}"));
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let router = Server::builder().add_service(SparkConnect::new(engine.rpc(), None));
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    Ok(port)
}

/// The program's own exit code.
fn finished(status: std::io::Result<ExitStatus>, name: &str) -> Result<ExitCode> {
    match status {
        Ok(status) => Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))),
        Err(error) => Err(Error::new("INVALID_PARAMETER_VALUE").text(format!("{name} cannot be started: {error}"))),
    }
}
