//! Times the TPC-H queries, once through the engine's actors, once on DataFusion's own scheduler: the same optimized
//! plans both times, so the ratio is what actors cost.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use emberflow::{Engine, Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheduler {
    Actors,
    Datafusion,
}

#[derive(Debug, Args)]
pub struct BenchArguments {
    #[arg(long, value_enum, default_value = "actors")]
    scheduler: Scheduler,
    /// Folder of the tables' Parquet files.
    #[arg(long)]
    data: PathBuf,
    /// Folder of q1.sql to q22.sql.
    #[arg(long, default_value = "tests/tpch")]
    queries: PathBuf,
    /// Only these, e.g. `1,6,18`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<u32>,
    /// Runs of each query after one to warm up; the best counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

pub fn run(arguments: BenchArguments) -> Result<()> {
    let engine = Engine::embedded()?;
    let session = engine.session("");
    crate::sql::make_views(&session, &arguments.data)?;
    let numbers: Vec<u32> = if arguments.only.is_empty() { (1..=22).collect() } else { arguments.only.clone() };
    for number in numbers {
        let file = arguments.queries.join(format!("q{number}.sql"));
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Error::new("PATH_NOT_FOUND").with("path", file.display().to_string()).text(format!("{}: {error}", file.display()))
        })?;
        let statement = emberflow::plan::sql::split_statements(&text).into_iter().next().unwrap_or_default();
        let mut best = f64::INFINITY;
        for round in 0..=arguments.runs {
            let start = Instant::now();
            match arguments.scheduler {
                Scheduler::Actors => drop(session.sql(&statement)?.collect()?),
                Scheduler::Datafusion => drop(session.collect_on_datafusion(&statement)?),
            }
            if round > 0 {
                best = best.min(start.elapsed().as_secs_f64());
            }
        }
        println!("q{number} {best:.4}");
    }
    Ok(())
}
