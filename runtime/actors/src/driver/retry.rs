//! Whether a broken task is tried again: a pure function of what broke and what had happened before.
//!
//! An error or a panic would come again, so it never is. A task that vanished (its arbiter died) is tried again if its
//! input can be read from the start and no row of it has been seen by anyone; otherwise a row would be doubled.

/// What broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operators gave an error.
    Error,
    /// The operators panicked.
    Panic,
    /// The task is gone without a word.
    Lost {
        /// A batch had left it.
        pushed: bool,
    },
}

/// How often a task may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub attempts_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 3 }
    }
}

/// What to do with a broken task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Retry,
    GiveUp,
}

/// Decides for a task whose `attempt` (from 0) broke.
pub fn verdict(policy: RetryPolicy, replayable: bool, attempt: u32, fault: Fault) -> Verdict {
    match fault {
        Fault::Lost { pushed: false } if replayable && attempt + 1 < policy.attempts_max => Verdict::Retry,
        Fault::Lost { .. } | Fault::Error | Fault::Panic => Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_task_without_a_trace_and_with_replayable_input_is_tried_again() {
        let policy = RetryPolicy { attempts_max: 2 };
        let lost = |pushed| Fault::Lost { pushed };
        let table = [
            (true, 0, lost(false), Verdict::Retry),
            (true, 1, lost(false), Verdict::GiveUp),
            (true, 0, lost(true), Verdict::GiveUp),
            (false, 0, lost(false), Verdict::GiveUp),
            (true, 0, Fault::Error, Verdict::GiveUp),
            (true, 0, Fault::Panic, Verdict::GiveUp),
        ];
        for (replayable, attempt, fault, expected) in table {
            assert_eq!(verdict(policy, replayable, attempt, fault), expected, "{replayable} {attempt} {fault:?}");
        }
    }
}
