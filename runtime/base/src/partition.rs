//! Which partition of a query is computed on this thread just now.
//!
//! Functions such as `spark_partition_id()` and `rand(seed)` depend on it, and DataFusion's expressions are not told. The
//! actor that polls a task says so for as long as it polls; everywhere else it is partition 0.

use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The partition whose task is being polled; 0 outside of tasks.
pub fn current() -> usize {
    CURRENT.get()
}

/// Says that this thread works for `partition` until the guard is dropped.
pub fn enter(partition: usize) -> Entered {
    Entered { before: CURRENT.replace(partition) }
}

/// See [`enter`].
#[must_use = "the partition is left when this is dropped"]
pub struct Entered {
    before: usize,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_restores_what_was_before() {
        assert_eq!(current(), 0);
        let outer = enter(3);
        {
            let _inner = enter(5);
            assert_eq!(current(), 5);
        }
        assert_eq!(current(), 3);
        drop(outer);
        assert_eq!(current(), 0);
    }
}
