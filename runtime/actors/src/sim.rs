//! A whole job without a thread: the real books of credit, lanes and decisions, driven by dice.
//!
//! ```text
//! seed ─► random stages, exchanges and manners of reading ─► one random step after another ─► every row, once
//! ```
//!
//! Each step lets one task, one reader or one fault do one thing. When nobody can do anything and the job has not ended,
//! that is a deadlock, and the test prints the seed that replays it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::UInt64Type;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::Partitioning;
use emberflow_base::World;
use emberflow_base::world::Seeded;

use crate::driver::{Ending, Fact, Fault, JobState, Order, RetryPolicy, StageFacts, TaskEnd};
use crate::exchange::{CreditCore, CreditLimits, LaneCore, Parcel, Permit, Routing, Shape, Taken};
use crate::memory::SpillFile;

/// How a task reads its lanes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// All of one input before the next, as a hash join reads its build side first.
    OneAfterTheOther,
    /// Nothing moves before every lane that has not ended has something, as in a merge.
    AllAtOnce,
}

struct Stage {
    tasks: Vec<Task>,
    shape: Shape,
    credit: CreditCore,
    lanes: Vec<LaneCore>,
    manner: Manner,
    wanted: bool,
}

#[derive(Default, Clone)]
struct Task {
    alive: bool,
    done: bool,
    attempt: u32,
    pushed: bool,
    /// Rows a source has left.
    source: Vec<u64>,
    /// (stage, lane) it reads, with what it has at hand of each.
    inputs: Vec<Input>,
    /// Rows on their way out.
    out: Vec<(usize, u64)>,
}

#[derive(Clone)]
struct Input {
    stage: usize,
    lane: usize,
    at_hand: Vec<u64>,
    ended: bool,
}

/// What may go wrong.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// Tasks vanish, and come back where that is allowed.
    Losses,
    /// The caller cancels, or an operator fails.
    Endings,
}

struct Sim {
    world: Arc<Seeded>,
    seed: u64,
    stages: Vec<Stage>,
    job: JobState,
    result: Vec<u64>,
    reader: Vec<Input>,
    ending: Option<Ending>,
    disk: Arc<DiskManager>,
    trouble: Trouble,
    overruns: usize,
}

impl Sim {
    fn new(seed: u64, trouble: Trouble) -> Self {
        let world = Seeded::new(seed);
        let dice = |sides: u64| (world.dice() % sides) as usize;
        let count = 2 + dice(4);
        // Stage s is read by an earlier one; a stage nobody feeds is a source.
        let parents: Vec<usize> = (1..count).map(|stage| dice(stage as u64)).collect();
        let tasks: Vec<usize> = (0..count).map(|_| 1 + dice(3)).collect();
        let shape = |stage: usize| match (stage, dice(3)) {
            (0, _) => Shape::Keep,
            (stage, _) if tasks[parents[stage - 1]] > 1 => {
                Shape::Spread(Routing::Planned(Partitioning::RoundRobinBatch(tasks[parents[stage - 1]])))
            }
            (_, 0) => Shape::Gather,
            (_, 1) => Shape::GatherInOrder,
            _ => Shape::Spread(Routing::Planned(Partitioning::RoundRobinBatch(1))),
        };
        let shapes: Vec<Shape> = (0..count).map(shape).collect();
        let limits = CreditLimits { lane_batches: 1 + dice(3), lane_bytes: 64, overrun_bytes: 24 };
        let stages: Vec<Stage> = (0..count)
            .map(|at| {
                let gates = shapes[at].gates(tasks[at]);
                let lanes = gates.iter().map(|_| LaneCore::new(shapes[at].producers_per_lane(tasks[at]))).collect();
                let manner = if dice(2) == 0 { Manner::OneAfterTheOther } else { Manner::AllAtOnce };
                let credit = CreditCore::new(gates, limits);
                Stage { tasks: vec![Task::default(); tasks[at]], shape: shapes[at].clone(), credit, lanes, manner, wanted: false }
            })
            .collect();
        let mut sim = Self {
            job: JobState::new(
                (0..count).map(|at| StageFacts { tasks: tasks[at], replayable: !parents.contains(&at) }),
                RetryPolicy { attempts_max: 50 },
            ),
            world,
            seed,
            stages,
            result: Vec::new(),
            reader: Vec::new(),
            ending: None,
            disk: RuntimeEnv::default().disk_manager.clone(),
            trouble,
            overruns: 0,
        };
        sim.wire(&parents);
        sim
    }

    fn wire(&mut self, parents: &[usize]) {
        for stage in 0..self.stages.len() {
            for task in 0..self.stages[stage].tasks.len() {
                self.stages[stage].tasks[task] = self.fresh(stage, task, parents);
            }
        }
        self.reader =
            (0..self.stages[0].lanes.len()).map(|lane| Input { stage: 0, lane, at_hand: vec![], ended: false }).collect();
    }

    fn fresh(&self, stage: usize, task: usize, parents: &[usize]) -> Task {
        let mut fresh = Task::default();
        for (child, parent) in parents.iter().enumerate().map(|(at, parent)| (at + 1, *parent)) {
            if parent == stage {
                let lanes = self.stages[child].shape.lanes_of_reader(task, self.stages[child].tasks.len());
                fresh.inputs.extend(lanes.into_iter().map(|lane| Input { stage: child, lane, at_hand: vec![], ended: false }));
            }
        }
        if fresh.inputs.is_empty() {
            fresh.source = source_rows(self.seed, stage, task);
        }
        fresh
    }

    fn dice(&self, sides: usize) -> usize {
        (self.world.dice() % sides.max(1) as u64) as usize
    }

    /// Steps until nothing moves any more.
    fn run(&mut self) {
        self.hear(Fact::Begin);
        let mut idle = 0;
        let all: usize = self.stages.iter().map(|stage| stage.tasks.len()).sum::<usize>() + 1;
        while idle < 40 * all {
            idle = if self.step() { 0 } else { idle + 1 };
        }
        let done = self.ending.is_some() && (self.ending != Some(Ending::Succeeded) || self.reader.iter().all(|lane| lane.ended));
        assert!(done, "deadlock; replay with seed {}", self.seed);
    }

    /// One random actor does one thing; false when it could not.
    fn step(&mut self) -> bool {
        let all: Vec<(usize, usize)> =
            (0..self.stages.len()).flat_map(|stage| (0..self.stages[stage].tasks.len()).map(move |task| (stage, task))).collect();
        match self.dice(all.len() + 1) {
            0 => self.read_result(),
            at => {
                let (stage, task) = all[at - 1];
                self.make_trouble(stage, task) || self.work(stage, task)
            }
        }
    }

    fn make_trouble(&mut self, stage: usize, task: usize) -> bool {
        let running = self.stages[stage].tasks[task].alive;
        match self.trouble {
            Trouble::Losses if running && self.dice(20) == 0 => {
                let pushed = self.stages[stage].tasks[task].pushed;
                let source = self.stages[stage].tasks[task].inputs.is_empty();
                // What cannot be replayed ends the job, which is another test's business.
                if pushed || !source {
                    return false;
                }
                self.end_task(stage, task, TaskEnd::Broken(Fault::Lost { pushed }));
                true
            }
            Trouble::Endings if self.dice(150) == 0 && self.ending.is_none() => {
                match running {
                    true => self.end_task(stage, task, TaskEnd::Broken(Fault::Panic)),
                    false => self.hear(Fact::Cancel),
                }
                true
            }
            _ => false,
        }
    }

    fn work(&mut self, stage: usize, task: usize) -> bool {
        if !self.stages[stage].tasks[task].alive {
            return false;
        }
        if !self.stages[stage].tasks[task].out.is_empty() {
            return self.push(stage, task);
        }
        let Some(rows) = self.read(stage, task) else { return false };
        match rows.is_empty() {
            true => self.finish(stage, task),
            false => self.route(stage, task, rows),
        }
        true
    }

    /// Rows to work on; `None`: nothing yet; empty: the end.
    fn read(&mut self, stage: usize, task: usize) -> Option<Vec<u64>> {
        if self.stages[stage].tasks[task].inputs.is_empty() {
            let source = &mut self.stages[stage].tasks[task].source;
            let left = source.len().saturating_sub(2);
            return Some(source.split_off(left));
        }
        let manner = self.stages[stage].manner;
        for at in 0..self.stages[stage].tasks[task].inputs.len() {
            let mut input = self.stages[stage].tasks[task].inputs[at].clone();
            let has = self.fill(&mut input);
            let ready = has || input.ended;
            self.stages[stage].tasks[task].inputs[at] = input;
            match manner {
                Manner::OneAfterTheOther if has => return Some(self.take_at_hand(stage, task, at)),
                _ if !ready => return None,
                _ => {}
            }
        }
        let inputs = &self.stages[stage].tasks[task].inputs;
        let full: Vec<usize> = (0..inputs.len()).filter(|at| !inputs[*at].at_hand.is_empty()).collect();
        match full.is_empty() {
            true => Some(vec![]),
            false => Some(self.take_at_hand(stage, task, full[self.dice(full.len())])),
        }
    }

    fn take_at_hand(&mut self, stage: usize, task: usize, at: usize) -> Vec<u64> {
        vec![self.stages[stage].tasks[task].inputs[at].at_hand.remove(0)]
    }

    /// Asks a lane as a reader does; whether there is something at hand.
    fn fill(&mut self, input: &mut Input) -> bool {
        if !input.at_hand.is_empty() || input.ended {
            return !input.at_hand.is_empty();
        }
        if !self.stages[input.stage].wanted {
            self.stages[input.stage].wanted = true;
            self.hear(Fact::Wanted { stage: input.stage });
        }
        let stage = &mut self.stages[input.stage];
        match stage.lanes[input.lane].take().unwrap() {
            Taken::End => input.ended = true,
            Taken::Nothing => stage.credit.starving(input.lane),
            Taken::Parcels(parcels) => {
                for parcel in parcels {
                    stage.credit.taken(input.lane, parcel.booked_bytes);
                    input.at_hand.extend(parcel.batch.column(0).as_primitive::<UInt64Type>().values());
                }
            }
        }
        !input.at_hand.is_empty()
    }

    fn route(&mut self, stage: usize, task: usize, rows: Vec<u64>) {
        let lanes = self.stages[stage].shape.lanes_of_producer(task);
        let skewed = self.seed.is_multiple_of(3);
        let lane = |row: u64| lanes.start + if skewed { 0 } else { row as usize % lanes.len() };
        self.stages[stage].tasks[task].out = rows.into_iter().map(|row| (lane(row), row)).collect();
    }

    fn push(&mut self, stage: usize, task: usize) -> bool {
        let (lane, row) = self.stages[stage].tasks[task].out[0];
        let of = &mut self.stages[stage];
        let permit = of.credit.request(lane, 8, |_, _| true);
        let disk = self.disk.clone();
        match permit {
            Permit::Wait => return false,
            Permit::Closed => {}
            Permit::Granted | Permit::Overrun { to_disk: false } => {
                of.lanes[lane].push(Parcel { batch: one(row), booked_bytes: 8 })
            }
            Permit::Overrun { to_disk: true } => {
                let batch = one(row);
                of.lanes[lane].push_to_disk(&batch, || SpillFile::create(&disk, batch.schema(), "sim")).unwrap();
            }
        }
        self.overruns += usize::from(matches!(permit, Permit::Overrun { .. }));
        of.tasks[task].pushed = true;
        of.tasks[task].out.remove(0);
        true
    }

    fn finish(&mut self, stage: usize, task: usize) {
        let lanes = self.stages[stage].shape.lanes_of_producer(task);
        lanes.for_each(|lane| self.stages[stage].lanes[lane].finish_one());
        self.end_task(stage, task, TaskEnd::Finished);
    }

    fn end_task(&mut self, stage: usize, task: usize, end: TaskEnd) {
        let ended = &mut self.stages[stage].tasks[task];
        (ended.alive, ended.done) = (false, true);
        let attempt = ended.attempt;
        self.hear(Fact::TaskEnded { stage, task, attempt, end });
    }

    /// The caller takes from the first lane that has not ended, and is often busy elsewhere.
    fn read_result(&mut self) -> bool {
        if self.dice(3) > 0 || self.ending.is_some_and(|ending| ending != Ending::Succeeded) {
            return false;
        }
        let Some(at) = self.reader.iter().position(|lane| !lane.ended) else { return false };
        let mut lane = self.reader[at].clone();
        self.fill(&mut lane);
        let moved = lane.ended || !lane.at_hand.is_empty();
        self.result.append(&mut lane.at_hand);
        self.reader[at] = lane;
        moved
    }

    fn hear(&mut self, fact: Fact) {
        for order in self.job.on(fact) {
            match order {
                Order::StartTask { stage, task, attempt } => self.start(stage, task, attempt),
                Order::StopStage { stage } => self.stages[stage].tasks.iter_mut().for_each(|task| task.alive = false),
                Order::End(ending) => self.end(ending),
            }
        }
    }

    fn start(&mut self, stage: usize, task: usize, attempt: u32) {
        let source = source_rows(self.seed, stage, task);
        let fresh = &mut self.stages[stage].tasks[task];
        if fresh.inputs.is_empty() {
            fresh.source = source;
            fresh.out.clear();
        }
        (fresh.alive, fresh.attempt) = (true, attempt);
    }

    fn end(&mut self, ending: Ending) {
        assert!(self.ending.is_none(), "ended twice; replay with seed {}", self.seed);
        self.ending = Some(ending);
        let kept = usize::from(ending == Ending::Succeeded);
        for (at, stage) in self.stages.iter_mut().enumerate() {
            stage.tasks.iter_mut().for_each(|task| task.alive = false);
            if at >= kept {
                stage.credit.close_all();
                stage.lanes.iter_mut().for_each(|lane| drop(lane.clear()));
            }
        }
    }

    fn expected(&self) -> BTreeMap<u64, usize> {
        let mut rows = BTreeMap::new();
        for (at, stage) in self.stages.iter().enumerate() {
            for task in (0..stage.tasks.len()).filter(|task| stage.tasks[*task].inputs.is_empty()) {
                source_rows(self.seed, at, task).into_iter().for_each(|row| *rows.entry(row).or_default() += 1);
            }
        }
        rows
    }

    fn assert_empty(&self) {
        for stage in &self.stages {
            assert_eq!(stage.credit.batches(), 0, "credit is out; replay with seed {}", self.seed);
        }
        assert_eq!(self.disk.used_disk_space(), 0, "a file is left; replay with seed {}", self.seed);
    }
}

fn source_rows(seed: u64, stage: usize, task: usize) -> Vec<u64> {
    let count = seed.wrapping_mul(31).wrapping_add((stage * 7 + task * 3) as u64) % 23;
    (0..count).map(|row| (stage * 1000 + task * 100) as u64 + row).collect()
}

fn one(row: u64) -> RecordBatch {
    RecordBatch::try_from_iter([("row", Arc::new(UInt64Array::from(vec![row])) as ArrayRef)]).unwrap()
}

fn counted(rows: &[u64]) -> BTreeMap<u64, usize> {
    let mut counted = BTreeMap::new();
    rows.iter().for_each(|row| *counted.entry(*row).or_default() += 1);
    counted
}

fn run(seed: u64, trouble: Trouble) -> Sim {
    let mut sim = Sim::new(seed, trouble);
    sim.run();
    sim
}

#[test]
fn no_row_is_lost_or_doubled_and_nobody_waits_for_ever() {
    let mut overruns = 0;
    for seed in 0..400 {
        let mut sim = run(seed, Trouble::None);
        assert_eq!(sim.ending, Some(Ending::Succeeded), "seed {seed}");
        assert_eq!(counted(&sim.result), sim.expected(), "replay with seed {seed}");
        sim.stages[0].lanes.iter_mut().for_each(|lane| assert!(lane.clear().is_empty()));
        sim.assert_empty();
        overruns += sim.overruns;
    }
    assert!(overruns > 100, "the dice never made a gate open: {overruns}");
}

#[test]
fn losing_tasks_neither_loses_nor_doubles_a_row() {
    let mut retried = 0;
    for seed in 0..400 {
        let sim = run(seed, Trouble::Losses);
        assert_eq!(counted(&sim.result), sim.expected(), "replay with seed {seed}");
        retried += sim.stages.iter().flat_map(|stage| &stage.tasks).filter(|task| task.attempt > 0).count();
    }
    assert!(retried > 50, "the dice hardly ever lost a task: {retried}");
}

#[test]
fn a_cancelled_or_broken_job_ends_once_and_frees_everything() {
    let mut broken = 0;
    for seed in 0..400 {
        let sim = run(seed, Trouble::Endings);
        if sim.ending != Some(Ending::Succeeded) {
            broken += 1;
            sim.assert_empty();
            assert!(sim.stages.iter().flat_map(|stage| &stage.tasks).all(|task| !task.alive));
        }
    }
    assert!(broken > 50, "the dice hardly ever broke a job: {broken}");
}

#[test]
fn a_seed_replays_exactly() {
    let (first, second) = (run(77, Trouble::Losses), run(77, Trouble::Losses));
    assert_eq!((first.result, first.overruns), (second.result, second.overruns));
}
