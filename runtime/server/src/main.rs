//! The `emberflow` program: one `match` on what is wanted, nothing else.
//!
//! Not here: what queries mean or how they run (`emberflow`). Begin at [`main`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bench;
mod codec;
mod generated;
mod grpc;
mod kv;
mod progress;
mod serve;
mod sql;
mod submit;
mod tpcds;
mod tpch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use emberflow::{Error, ErrorKind};

/// The Spark API without the cluster.
#[derive(Debug, Parser)]
#[command(name = "emberflow", version)]
struct Arguments {
    #[command(subcommand)]
    wanted: Wanted,
}

#[derive(Debug, Subcommand)]
enum Wanted {
    /// Serve Spark Connect clients (PySpark, JDBC, R, Scala) over gRPC.
    Serve(serve::ServeArguments),
    /// Run SQL: a text, a file, or line by line.
    Sql(sql::SqlArguments),
    /// Run a program written for Spark: FILE.py, FILE.R, FILE.jar or FILE.sql.
    Submit(submit::SubmitArguments),
    /// Look into tables of the NoSQL store, and change them.
    Kv(kv::KvArguments),
    /// Write the tables of TPC-H as Parquet files.
    Tpch(tpch::TpchArguments),
    /// Write the tables of TPC-DS as Parquet files.
    Tpcds(tpcds::TpcdsArguments),
    /// Time the TPC-H queries; prints one line a query.
    #[command(hide = true)]
    BenchTpch(bench::BenchArguments),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("EMBERFLOW_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    let result = match Arguments::parse().wanted {
        Wanted::Serve(arguments) => serve::run(arguments),
        Wanted::Sql(arguments) => sql::run(arguments),
        Wanted::Submit(arguments) => return submit::run(arguments).unwrap_or_else(|error| failed(&error)),
        Wanted::Kv(arguments) => kv::run(arguments),
        Wanted::Tpch(arguments) => tpch::run(arguments),
        Wanted::Tpcds(arguments) => tpcds::run(arguments),
        Wanted::BenchTpch(arguments) => bench::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says what went wrong; the exit code says who can act.
fn failed(error: &Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(match error.kind() {
        ErrorKind::Invalid => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::Conflict => 4,
        ErrorKind::Unavailable => 5,
        ErrorKind::Corrupt => 6,
        ErrorKind::Internal => 1,
    })
}
