//! What a job does next: facts in, orders out. No actor, clock, dice or await.
//!
//! ```text
//! waiting ──Wanted──► running ──all tasks ended──► done
//!    │                   │
//!    └──────Unread───────┴──────────────────────► skipped
//! ```
//!
//! Stage 0 produces the job's result; the others begin when somebody reads them, which is what lets a hash join read its
//! build side before its probe side begins, and a scalar subquery end before the rows that need it begin.
//! A job ends once: after the first `End` nothing is ordered any more.
//!
//! Not here: carrying the orders out (`handler`). Begin at [`JobState::on`].

use super::retry::{Fault, RetryPolicy, Verdict, verdict};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// The job was submitted.
    Begin,
    /// Somebody reads the output of `stage`.
    Wanted { stage: usize },
    /// Nobody reads the output of `stage` any more.
    Unread { stage: usize },
    /// A task came to an end. Ends of earlier attempts are ignored.
    TaskEnded { stage: usize, task: usize, attempt: u32, end: TaskEnd },
    /// The caller wants no more.
    Cancel,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    Finished,
    /// It failed, or vanished.
    Broken(Fault),
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    StartTask {
        stage: usize,
        task: usize,
        attempt: u32,
    },
    /// Stop what still runs of a stage; its output is not needed.
    StopStage {
        stage: usize,
    },
    /// The job is over.
    End(Ending),
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Succeeded,
    /// The error of this task is the job's.
    Failed {
        stage: usize,
        task: usize,
    },
    Canceled,
}

/// What the decisions rest on.
#[derive(Debug, Clone)]
pub struct JobState {
    stages: Vec<StageState>,
    policy: RetryPolicy,
    ended: bool,
}

/// What is known beforehand of a stage.
#[derive(Debug, Clone, Copy)]
pub struct StageFacts {
    pub tasks: usize,
    /// Its inputs can be read again from the start.
    pub replayable: bool,
}

#[derive(Debug, Clone)]
struct StageState {
    phase: Phase,
    replayable: bool,
    tasks: Vec<TaskState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Done,
    Skipped,
}

#[derive(Debug, Clone, Copy, Default)]
struct TaskState {
    attempt: u32,
    finished: bool,
}

impl JobState {
    pub fn new(stages: impl IntoIterator<Item = StageFacts>, policy: RetryPolicy) -> Self {
        let stage = |facts: StageFacts| StageState {
            phase: Phase::Waiting,
            replayable: facts.replayable,
            tasks: vec![TaskState::default(); facts.tasks],
        };
        Self { stages: stages.into_iter().map(stage).collect(), policy, ended: false }
    }

    /// Takes a fact in and says what follows.
    pub fn on(&mut self, fact: Fact) -> Vec<Order> {
        if self.ended {
            return Vec::new();
        }
        match fact {
            Fact::Begin => self.begin(0),
            Fact::Wanted { stage } => self.begin(stage),
            Fact::Unread { stage } => self.skip(stage),
            Fact::TaskEnded { stage, task, attempt, end } => self.task_ended(stage, task, attempt, end),
            Fact::Cancel => self.end(Ending::Canceled),
        }
    }

    /// The job is over.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    fn begin(&mut self, stage: usize) -> Vec<Order> {
        let state = &mut self.stages[stage];
        if state.phase != Phase::Waiting {
            return Vec::new();
        }
        state.phase = Phase::Running;
        if state.tasks.is_empty() {
            return self.stage_done(stage);
        }
        (0..state.tasks.len()).map(|task| Order::StartTask { stage, task, attempt: 0 }).collect()
    }

    fn skip(&mut self, stage: usize) -> Vec<Order> {
        if stage == 0 {
            return self.end(Ending::Canceled);
        }
        match std::mem::replace(&mut self.stages[stage].phase, Phase::Skipped) {
            Phase::Running => vec![Order::StopStage { stage }],
            Phase::Waiting | Phase::Done | Phase::Skipped => Vec::new(),
        }
    }

    fn task_ended(&mut self, stage: usize, task: usize, attempt: u32, end: TaskEnd) -> Vec<Order> {
        let state = &mut self.stages[stage];
        if state.phase != Phase::Running || state.tasks[task].attempt != attempt {
            return Vec::new();
        }
        match end {
            TaskEnd::Finished => {
                state.tasks[task].finished = true;
                if state.tasks.iter().all(|task| task.finished) { self.stage_done(stage) } else { Vec::new() }
            }
            TaskEnd::Broken(fault) => match verdict(self.policy, state.replayable, attempt, fault) {
                Verdict::Retry => {
                    state.tasks[task].attempt += 1;
                    vec![Order::StartTask { stage, task, attempt: attempt + 1 }]
                }
                Verdict::GiveUp => self.end(Ending::Failed { stage, task }),
            },
        }
    }

    fn stage_done(&mut self, stage: usize) -> Vec<Order> {
        self.stages[stage].phase = Phase::Done;
        if stage == 0 { self.end(Ending::Succeeded) } else { Vec::new() }
    }

    fn end(&mut self, ending: Ending) -> Vec<Order> {
        self.ended = true;
        vec![Order::End(ending)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: TaskEnd = TaskEnd::Broken(Fault::Error);
    const LOST: TaskEnd = TaskEnd::Broken(Fault::Lost { pushed: false });

    fn start(stage: usize, task: usize, attempt: u32) -> Order {
        Order::StartTask { stage, task, attempt }
    }

    fn ended(stage: usize, task: usize, attempt: u32, end: TaskEnd) -> Fact {
        Fact::TaskEnded { stage, task, attempt, end }
    }

    /// A result stage of two tasks that reads a replayable stage of one.
    fn job() -> JobState {
        let stages = [StageFacts { tasks: 2, replayable: false }, StageFacts { tasks: 1, replayable: true }];
        JobState::new(stages, RetryPolicy { attempts_max: 2 })
    }

    fn check(facts_and_orders: &[(Fact, &[Order])]) {
        let mut job = job();
        for (fact, orders) in facts_and_orders {
            assert_eq!(job.on(*fact), *orders, "after {fact:?}");
        }
    }

    #[test]
    fn stages_begin_when_they_are_wanted_and_only_once() {
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (Fact::Wanted { stage: 1 }, &[start(1, 0, 0)]),
            (Fact::Wanted { stage: 1 }, &[]),
            (ended(1, 0, 0, TaskEnd::Finished), &[]),
            (ended(0, 1, 0, TaskEnd::Finished), &[]),
            (ended(0, 0, 0, TaskEnd::Finished), &[Order::End(Ending::Succeeded)]),
        ]);
    }

    #[test]
    fn the_result_may_be_complete_before_its_inputs_are() {
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (Fact::Wanted { stage: 1 }, &[start(1, 0, 0)]),
            (ended(0, 0, 0, TaskEnd::Finished), &[]),
            (ended(0, 1, 0, TaskEnd::Finished), &[Order::End(Ending::Succeeded)]),
            (ended(1, 0, 0, ERROR), &[]),
        ]);
    }

    #[test]
    fn an_error_ends_the_job_once() {
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (ended(0, 1, 0, ERROR), &[Order::End(Ending::Failed { stage: 0, task: 1 })]),
            (ended(0, 0, 0, ERROR), &[]),
            (Fact::Cancel, &[]),
            (Fact::Wanted { stage: 1 }, &[]),
        ]);
    }

    #[test]
    fn a_lost_task_with_replayable_input_is_tried_again_and_its_first_life_forgotten() {
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (Fact::Wanted { stage: 1 }, &[start(1, 0, 0)]),
            (ended(1, 0, 0, LOST), &[start(1, 0, 1)]),
            (ended(1, 0, 0, ERROR), &[]),
            (ended(1, 0, 1, LOST), &[Order::End(Ending::Failed { stage: 1, task: 0 })]),
        ]);
    }

    #[test]
    fn a_stage_nobody_reads_is_stopped_or_never_begins() {
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (Fact::Unread { stage: 1 }, &[]),
            (Fact::Wanted { stage: 1 }, &[]),
        ]);
        check(&[
            (Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]),
            (Fact::Wanted { stage: 1 }, &[start(1, 0, 0)]),
            (Fact::Unread { stage: 1 }, &[Order::StopStage { stage: 1 }]),
            (ended(1, 0, 0, ERROR), &[]),
        ]);
    }

    #[test]
    fn a_result_nobody_reads_is_a_cancelled_job() {
        check(&[(Fact::Begin, &[start(0, 0, 0), start(0, 1, 0)]), (Fact::Unread { stage: 0 }, &[Order::End(Ending::Canceled)])]);
    }

    #[test]
    fn a_stage_without_tasks_is_done_at_once() {
        let mut job = JobState::new([StageFacts { tasks: 0, replayable: false }], RetryPolicy::default());
        assert_eq!(job.on(Fact::Begin), [Order::End(Ending::Succeeded)]);
    }
}
