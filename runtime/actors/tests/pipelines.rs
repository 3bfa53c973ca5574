//! Pipelines: keyed state, watermarks, snapshots, sinks, and how they fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use common::{batch, quiet, runtime};
use datafusion::common::{Result, exec_err};
use emberflow_actors::pipeline::{Dataflow, Operator, Output, Snapshot, Source};

/// Counts rows per key, gives the counts at the end, keeps them between runs.
#[derive(Default)]
struct CountPerKey(BTreeMap<i64, i64>);

impl Operator for CountPerKey {
    fn output_schema(&self, _: &SchemaRef) -> Result<SchemaRef> {
        Ok(pairs(&BTreeMap::new()).schema())
    }

    fn on_batch(&mut self, batch: &RecordBatch, _: &mut Output) -> Result<()> {
        for key in batch["key"].as_primitive::<Int64Type>().values() {
            *self.0.entry(*key).or_default() += 1;
        }
        Ok(())
    }

    fn on_end(&mut self, output: &mut Output) -> Result<()> {
        output.emit(pairs(&self.0));
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        Ok(self.0.iter().flat_map(|(key, count)| [key.to_le_bytes(), count.to_le_bytes()].concat()).collect())
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        let number = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().unwrap());
        self.0 = state.chunks(16).map(|pair| (number(&pair[..8]), number(&pair[8..]))).collect();
        Ok(())
    }
}

fn pairs(of: &BTreeMap<i64, i64>) -> RecordBatch {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(of.keys().copied()));
    let counts: ArrayRef = Arc::new(Int64Array::from_iter_values(of.values().copied()));
    RecordBatch::try_from_iter([("key", keys), ("count", counts)]).unwrap()
}

fn counts(batches: &[RecordBatch]) -> BTreeMap<i64, i64> {
    let mut all = BTreeMap::new();
    for batch in batches {
        let (keys, counts) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
        for (key, count) in keys.values().iter().zip(counts.values()) {
            assert!(all.insert(*key, *count).is_none(), "key {key} came from two partitions");
        }
    }
    all
}

fn events(from: i64, rows: i64) -> Source {
    let part = |at: i64| (0..10).map(|n| batch(from + (at * 10 + n) * rows / 30, rows / 30, 7)).collect();
    Source::batches((0..3).map(part).collect())
}

#[test]
fn keyed_state_sees_every_row_of_its_key_once() {
    let runtime = runtime();
    let flow = Dataflow::source(events(0, 21_000)).key_by(["key"]).partitions(3).operator(|_| CountPerKey::default());
    let mut running = flow.start(&runtime).unwrap();
    let counts = counts(&running.collect_blocking().unwrap());
    assert_eq!(counts, (0..7).map(|key| (key, 3000)).collect());
    quiet(&runtime);
}

#[test]
fn a_snapshot_lets_a_later_run_go_on() {
    let runtime = runtime();
    let flow = |source| Dataflow::source(source).key_by(["key"]).partitions(2).operator(|_| CountPerKey::default());
    let snapshot = flow(events(0, 21_000)).start(&runtime).unwrap().finish().unwrap();
    let snapshot = Snapshot::decode(&snapshot.encode()).unwrap();
    let mut second = flow(events(21_000, 2_100)).restore(snapshot.clone()).start(&runtime).unwrap();
    assert_eq!(counts(&second.collect_blocking().unwrap()), (0..7).map(|key| (key, 3300)).collect());
    assert!(flow(events(0, 30)).partitions(3).restore(snapshot).start(&runtime).is_err());
}

/// Notes what it is told of time.
struct Clock(Vec<i64>);

impl Operator for Clock {
    fn output_schema(&self, _: &SchemaRef) -> Result<SchemaRef> {
        Ok(times(&[]).schema())
    }

    fn on_batch(&mut self, batch: &RecordBatch, output: &mut Output) -> Result<()> {
        let late = |time: &i64| output.watermark().is_some_and(|watermark| *time < watermark);
        let ids = batch["id"].as_primitive::<Int64Type>();
        if ids.values().iter().any(late) { exec_err!("a row came behind the watermark") } else { Ok(()) }
    }

    fn on_watermark(&mut self, watermark: i64, _: &mut Output) -> Result<()> {
        self.0.push(watermark);
        Ok(())
    }

    fn on_end(&mut self, output: &mut Output) -> Result<()> {
        output.emit(times(&self.0));
        Ok(())
    }
}

fn times(of: &[i64]) -> RecordBatch {
    RecordBatch::try_from_iter([("time", Arc::new(Int64Array::from(of.to_vec())) as ArrayRef)]).unwrap()
}

#[test]
fn watermarks_cross_the_exchange_behind_their_rows() {
    let runtime = runtime();
    let partitions = (0..3).map(|part| (0..20).map(|n| batch(n * 100 + part, 100, 7)).collect()).collect();
    let flow = Dataflow::source(Source::batches(partitions)).watermark("id", 5).key_by(["key"]).partitions(2);
    let mut running = flow.operator(|_| Clock(vec![])).start(&runtime).unwrap();
    let seen = running.collect_blocking().unwrap();
    assert_eq!(seen.len(), 2);
    for partition in &seen {
        let times = partition.column(0).as_primitive::<Int64Type>().values();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        assert_eq!(times.last(), Some(&i64::MAX));
        assert!(times.len() > 2 && times[0] <= 100 + 100, "{times:?}");
    }
}

#[test]
fn a_chain_of_operators_shares_the_time() {
    let runtime = runtime();
    let source = Source::batches(vec![vec![batch(0, 100, 7), batch(100, 100, 7)], vec![]]);
    let flow = Dataflow::source(source).watermark("id", 0).operator(|_| Pass).operator(|_| Clock(vec![]));
    let seen = flow.start(&runtime).unwrap().collect_blocking().unwrap();
    let times: Vec<i64> = seen.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert!(times.contains(&99) && times.contains(&199) && times.contains(&i64::MAX), "{times:?}");
}

struct Pass;

impl Operator for Pass {
    fn output_schema(&self, input: &SchemaRef) -> Result<SchemaRef> {
        Ok(input.clone())
    }

    fn on_batch(&mut self, batch: &RecordBatch, output: &mut Output) -> Result<()> {
        output.emit(batch.clone());
        Ok(())
    }
}

#[test]
fn a_sink_gets_every_row_and_an_iterator_is_not_asked_ahead() {
    let runtime = runtime();
    let (made, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (making, seeing) = (made.clone(), seen.clone());
    let numbers = (0..500).map(move |at| {
        making.fetch_add(1, Ordering::SeqCst);
        Ok(batch(at * 10, 10, 3))
    });
    let source = Source::iterators(batch(0, 1, 1).schema(), vec![Box::new(numbers)]);
    let flow = Dataflow::source(source).sink(move |_, batch| {
        seeing.fetch_add(batch.num_rows(), Ordering::SeqCst);
        Ok(())
    });
    flow.start(&runtime).unwrap().finish().unwrap();
    assert_eq!((made.load(Ordering::SeqCst), seen.load(Ordering::SeqCst)), (500, 5000));
}

struct Faulty;

impl Operator for Faulty {
    fn output_schema(&self, input: &SchemaRef) -> Result<SchemaRef> {
        Ok(input.clone())
    }

    fn on_batch(&mut self, _: &RecordBatch, _: &mut Output) -> Result<()> {
        panic!("no more")
    }
}

#[test]
fn a_panicking_operator_fails_its_pipeline_by_name() {
    let runtime = runtime();
    let mut running = Dataflow::source(events(0, 300)).operator(|_| Faulty).start(&runtime).unwrap();
    let error = running.collect_blocking().unwrap_err().to_string();
    assert!(error.contains("operator 0 on partition") && error.contains("no more"), "{error}");
    quiet(&runtime);
}
