//! Running an operation: asks the backend, turns what comes into responses.
//!
//!     schema ─► batches … ─► metrics ─► observed ─► result_complete (only if reattachable)
//!
//! A batch is pulled only when the log has room, so a slow reader pauses the query. Cancelling drops the query wherever
//! it is. A panic behind the backend ends this operation only.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::{Error, Result, Settings};
use emberflow_plan::{Statement, StructType};
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::log::End;
use super::{Operation, cancelled};
use crate::backend::{self, Jobs, Outcome, Progress, Rows, SessionBackend, Watch};
use crate::encode;
use crate::proto::execute_plan_response::{ResponseType, SqlCommandResult};
use crate::proto::{self, ResultChunkingOptions};
use crate::results::batches::BatchEncoder;
use crate::results::{self, message};

/// What the client expects back.
pub(crate) enum Expects {
    /// Rows.
    Relation,
    /// One `sql_command_result`; for a query, this one, already serialized.
    Sql { echo: Bytes },
    /// Nothing, or what the command has to say.
    Command,
    /// The count of what was removed.
    MlCleanCache,
}

/// One execution asked for.
pub(crate) struct Job {
    pub statement: Statement,
    pub expects: Expects,
    pub chunking: Option<ResultChunkingOptions>,
}

/// Runs `job` to its end and writes that end into the operation's log.
pub(crate) async fn run(operation: Arc<Operation>, backend: Arc<dyn SessionBackend>, job: Job) {
    let this = Run { operation: &operation, settings: backend.settings() };
    let work = AssertUnwindSafe(this.job(&*backend, job));
    let end = tokio::select! {
        biased;
        () = operation.until_cancelled() => Err(cancelled()),
        done = work.catch_unwind() => done.unwrap_or_else(|panic| Err(panicked(&*panic))),
    };
    operation.finish(match end {
        Ok(()) => End::Complete,
        Err(why) => End::Failed(why),
    });
}

pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::internal(format!("a panic while running a query: {text}"))
}

struct Run<'a> {
    operation: &'a Operation,
    settings: Settings,
}

impl Run<'_> {
    async fn job(&self, backend: &dyn SessionBackend, job: Job) -> Result<()> {
        let jobs = Jobs::default();
        let about = backend::Operation {
            id: self.operation.id().to_owned(),
            tags: self.operation.identity.tags.clone(),
            jobs: jobs.clone(),
        };
        let outcome = self.with_progress(backend.execute(job.statement, about)).await?;
        match (outcome, job.expects) {
            (Outcome::Rows(rows), Expects::Sql { .. }) => self.sql_rows(rows).await?,
            (Outcome::Rows(rows), _) => self.rows(rows, job.chunking.as_ref()).await?,
            (Outcome::Query, Expects::Sql { echo }) => self.operation.respond_with(Default::default(), &echo).await,
            (Outcome::Query, _) => return Err(Error::internal("a statement that is no SQL text came back as a query")),
            (Outcome::CachedRemote { id }, _) => self.operation.respond(checkpoint(id)).await,
            (Outcome::Done, Expects::Sql { .. }) => self.sql_result(&StructType::default(), &[]).await?,
            (Outcome::Done, Expects::Relation) => self.no_rows().await?,
            (Outcome::Done, Expects::MlCleanCache) => self.operation.respond(ml_count(0)).await,
            (Outcome::Done, Expects::Command) => self.tell_observed(&jobs.observed()).await,
        }
        if self.operation.identity.reattachable {
            self.operation.respond(results::complete()).await;
        }
        Ok(())
    }

    async fn rows(&self, rows: Rows, chunking: Option<&ResultChunkingOptions>) -> Result<()> {
        let mut encoder = BatchEncoder::new(&rows.schema, &self.settings, chunking);
        self.operation.watched_by(rows.watch.clone());
        self.operation.respond(results::schema(&rows.schema)).await;
        let mut batches = rows.batches;
        while let Some(batch) = self.watching(&*rows.watch, batches.next()).await {
            for batch in encoder.encode(&batch?)? {
                self.operation.respond(message(ResponseType::ArrowBatch(batch))).await;
            }
        }
        for batch in encoder.finish()? {
            self.operation.respond(message(ResponseType::ArrowBatch(batch))).await;
        }
        self.afterwards(&*rows.watch).await;
        Ok(())
    }

    async fn afterwards(&self, watch: &dyn Watch) {
        self.operation.respond(results::metrics(&watch.metrics())).await;
        self.tell_observed(&watch.observed()).await;
    }

    async fn tell_observed(&self, observed: &[backend::Observed]) {
        if !observed.is_empty() {
            self.operation.respond(results::observed(observed)).await;
        }
    }

    /// A relation for which there was only something to do.
    async fn no_rows(&self) -> Result<()> {
        let schema = StructType::default();
        self.operation.respond(results::schema(&schema)).await;
        for batch in BatchEncoder::new(&schema, &self.settings, None).finish()? {
            self.operation.respond(message(ResponseType::ArrowBatch(batch))).await;
        }
        Ok(())
    }

    /// The rows of a SQL command, which travel as a relation.
    async fn sql_rows(&self, mut rows: Rows) -> Result<()> {
        self.operation.watched_by(rows.watch.clone());
        let mut batches = Vec::new();
        while let Some(batch) = self.watching(&*rows.watch, rows.batches.next()).await {
            batches.push(batch?);
        }
        self.sql_result(&rows.schema, &batches).await?;
        self.afterwards(&*rows.watch).await;
        Ok(())
    }

    async fn sql_result(&self, schema: &StructType, batches: &[arrow::array::RecordBatch]) -> Result<()> {
        let relation = results::local_relation(schema, batches, &self.settings)?;
        let result = SqlCommandResult { relation: Some(relation) };
        self.operation.respond(message(ResponseType::SqlCommandResult(result))).await;
        Ok(())
    }

    /// Waits for `work`, telling from time to time how far it is.
    async fn watching<T>(&self, watch: &dyn Watch, work: impl Future<Output = T>) -> T {
        self.ticking(|| watch.progress(), work).await
    }

    async fn with_progress<T>(&self, work: impl Future<Output = T>) -> T {
        self.ticking(Progress::default, work).await
    }

    async fn ticking<T>(&self, progress: impl Fn() -> Progress, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let Some(period) = report_interval(&self.settings) else { return work.await };
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = ticks.tick() => {
                    // A report is not worth waiting for.
                    if self.operation.has_room() {
                        self.operation.respond(results::progress(&progress())).await;
                    }
                }
            }
        }
    }
}

/// `2s`, `500ms`, a bare number of milliseconds; negative or unreadable: none.
fn report_interval(settings: &Settings) -> Option<Duration> {
    let text = settings.get("spark.connect.progress.reportInterval")?.trim().to_lowercase();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: u64 = text[..split].trim().parse().ok().filter(|number| *number > 0)?;
    let unit_ms = match &text[split..] {
        "" | "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.saturating_mul(unit_ms)))
}

fn checkpoint(id: String) -> proto::ExecutePlanResponse {
    let relation = proto::CachedRemoteRelation { relation_id: id };
    message(ResponseType::CheckpointCommandResult(proto::CheckpointCommandResult { relation: Some(relation) }))
}

fn ml_count(count: i32) -> proto::ExecutePlanResponse {
    let result_type = Some(proto::ml_command_result::ResultType::Param(encode::plain_int(count)));
    message(ResponseType::MlCommandResult(proto::MlCommandResult { result_type }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_with_their_unit() {
        let read = |text: &str| {
            let mut settings = Settings::new("UTC");
            settings.set("spark.connect.progress.reportInterval", text).unwrap();
            report_interval(&settings)
        };
        assert_eq!(read("2s"), Some(Duration::from_secs(2)));
        assert_eq!(read("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(read("-1"), None);
        assert_eq!(read("soon"), None);
    }
}
