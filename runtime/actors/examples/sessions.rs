//! A pipeline over Parquet files with an operator of one's own: visits of users, cut where they pause.
//!
//!     cargo run -p emberflow-actors --example sessions [FOLDER]
//!
//!     Parquet files ─► watermark ─► key_by user ══► Sessions ─► one row per visit
//!
//! Without a folder it writes some files first. Each user's clicks meet in one partition; a visit is given out as soon as
//! the watermark says that no click can join it any more, and what is still open is kept for the next run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::util::pretty::print_batches;
use datafusion::common::Result;
use emberflow_actors::pipeline::{Dataflow, Operator, Output, Snapshot, Source};
use emberflow_actors::{Runtime, RuntimeOptions};
use parquet::arrow::ArrowWriter;

const PAUSE: i64 = 30 * 60;

fn main() -> Result<()> {
    let own = tempfile::tempdir()?;
    let folder = std::env::args().nth(1).map_or_else(|| write_clicks(own.path()), PathBuf::from);
    let runtime = Runtime::start(RuntimeOptions::default())?;

    let mut running = clicks(folder.join("monday.parquet")).start(&runtime)?;
    let visits = running.collect_blocking()?;
    println!("visits of Monday: {}", visits.iter().map(RecordBatch::num_rows).sum::<usize>());

    // Visits that were open at midnight go on the next day.
    let open: Snapshot = running.finish()?;
    let mut running = clicks(folder.join("tuesday.parquet")).restore(open).start(&runtime)?;
    let visits = running.collect_blocking()?;
    println!("visits of Tuesday: {}", visits.iter().map(RecordBatch::num_rows).sum::<usize>());
    if let Some(first) = visits.first() {
        print_batches(&[first.slice(0, first.num_rows().min(5))])?;
    }
    for actor in running.handle().figures().iter().filter(|actor| actor.rows > 0) {
        println!("{:<60} {:>8} rows, busy {:?}", actor.name, actor.rows, actor.busy);
    }
    Ok(())
}

fn clicks(file: PathBuf) -> Dataflow {
    Dataflow::source(Source::parquet(file))
        .named("sessions")
        .watermark("time", 60)
        .key_by(["user"])
        .operator(|_| Sessions::default())
}

/// The open visits of the users of one partition.
#[derive(Default)]
struct Sessions(BTreeMap<i64, Visit>);

#[derive(Clone, Copy)]
struct Visit {
    from: i64,
    to: i64,
    clicks: i64,
}

impl Operator for Sessions {
    fn output_schema(&self, _: &SchemaRef) -> Result<SchemaRef> {
        Ok(rows(&[])?.schema())
    }

    fn on_batch(&mut self, batch: &RecordBatch, output: &mut Output) -> Result<()> {
        let column = |name: &str| batch[name].as_primitive::<Int64Type>().values().iter().copied();
        let mut closed = Vec::new();
        for (user, time) in column("user").zip(column("time")) {
            let visit = self.0.entry(user).or_insert(Visit { from: time, to: time, clicks: 0 });
            if time > visit.to + PAUSE {
                closed.push((user, std::mem::replace(visit, Visit { from: time, to: time, clicks: 0 })));
            }
            (visit.from, visit.to, visit.clicks) = (visit.from.min(time), visit.to.max(time), visit.clicks + 1);
        }
        output.emit(rows(&closed)?);
        Ok(())
    }

    fn on_watermark(&mut self, watermark: i64, output: &mut Output) -> Result<()> {
        if watermark == i64::MAX {
            return Ok(()); // The file has ended, not the visits.
        }
        let over = |visit: &Visit| visit.to + PAUSE < watermark;
        let closed: Vec<_> = self.0.iter().filter(|(_, visit)| over(visit)).map(|(user, visit)| (*user, *visit)).collect();
        self.0.retain(|_, visit| !over(visit));
        output.emit(rows(&closed)?);
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        let words = self.0.iter().flat_map(|(user, visit)| [*user, visit.from, visit.to, visit.clicks]);
        Ok(words.flat_map(i64::to_le_bytes).collect())
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        let words: Vec<i64> = state.chunks_exact(8).map(|word| i64::from_le_bytes(word.try_into().unwrap())).collect();
        self.0 = words.chunks_exact(4).map(|of| (of[0], Visit { from: of[1], to: of[2], clicks: of[3] })).collect();
        Ok(())
    }
}

fn rows(visits: &[(i64, Visit)]) -> Result<RecordBatch> {
    let column = |value: fn(&(i64, Visit)) -> i64| Arc::new(Int64Array::from_iter_values(visits.iter().map(value))) as ArrayRef;
    Ok(RecordBatch::try_from_iter([
        ("user", column(|(user, _)| *user)),
        ("from", column(|(_, visit)| visit.from)),
        ("to", column(|(_, visit)| visit.to)),
        ("clicks", column(|(_, visit)| visit.clicks)),
    ])?)
}

/// Two days of clicks in order of time, one every two seconds: each half hour another forty of 500 users are there.
fn write_clicks(folder: &Path) -> PathBuf {
    const DAY: i64 = 24 * 3600;
    for (day, name) in ["monday", "tuesday"].into_iter().enumerate() {
        let clicks = (0..DAY / 2).map(|click| {
            let time = day as i64 * DAY + click * 2;
            ((click / 900 * 37 + click % 40) % 500, time)
        });
        let (users, times): (Vec<i64>, Vec<i64>) = clicks.unzip();
        let column = |values| Arc::new(Int64Array::from(values)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("user", column(users)), ("time", column(times))]).unwrap();
        let file = File::create(folder.join(format!("{name}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    folder.to_path_buf()
}
