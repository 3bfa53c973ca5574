//! Which arbiter a task runs on: a pure function of where it stands in its job.

/// Tasks of a stage go to the arbiters in turn; a stage of one task goes to its own number's, so that the single tasks of
/// a job do not all meet on the first core.
pub(crate) fn place(stage: usize, task: usize, tasks: usize, arbiters: usize) -> usize {
    let first = if tasks == 1 { stage } else { 0 };
    (first + task) % arbiters.max(1)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn tasks_spread_evenly_and_single_tasks_do_not_meet() {
        let mut load = [0; 3];
        (0..6).for_each(|task| load[place(4, task, 6, 3)] += 1);
        assert_eq!(load, [2, 2, 2]);
        let singles: Vec<usize> = (0..3).map(|stage| place(stage, 0, 1, 3)).collect();
        assert_eq!(singles, [0, 1, 2]);
    }
}
