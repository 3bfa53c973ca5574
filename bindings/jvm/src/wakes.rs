//! Which calls have something new to look at, told to the one Java thread that waits for it.
//!
//!     answer ready, room to send ──wake──► [ call numbers, each at most once ] ──await──► Java's waiting thread
//!
//! The queue is bounded by the number of calls: a call that is already in it is not put in again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use parking_lot::{Condvar, Mutex};

/// The queue of call numbers.
#[derive(Default)]
pub struct Wakes {
    rung: Mutex<VecDeque<Arc<Bell>>>,
    someone_rang: Condvar,
}

impl Wakes {
    /// A waker that puts `call` into this queue.
    pub fn waker_for(self: &Arc<Self>, call: u64) -> Waker {
        Waker::from(Arc::new(Bell { call, waiting: AtomicBool::new(false), wakes: self.clone() }))
    }

    /// Waits until some call woke up, then takes as many numbers as fit into `into`; returns how many.
    pub fn wait(&self, into: &mut [i64]) -> usize {
        let mut rung = self.rung.lock();
        while rung.is_empty() {
            self.someone_rang.wait(&mut rung);
        }
        let count = rung.len().min(into.len());
        for (slot, bell) in into.iter_mut().zip(rung.drain(..count)) {
            // Before the number is handed out, so that whatever happens from here on rings again.
            bell.waiting.store(false, Ordering::SeqCst);
            *slot = bell.call as i64;
        }
        count
    }
}

struct Bell {
    call: u64,
    waiting: AtomicBool,
    wakes: Arc<Wakes>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if self.waiting.swap(true, Ordering::SeqCst) {
            return;
        }
        let wakes = self.wakes.clone();
        wakes.rung.lock().push_back(self);
        wakes.someone_rang.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_at_most_once() {
        let wakes = Arc::new(Wakes::default());
        let (one, two) = (wakes.waker_for(1), wakes.waker_for(2));
        one.wake_by_ref();
        two.wake_by_ref();
        one.wake_by_ref();
        let mut numbers = [0; 8];
        assert_eq!(wakes.wait(&mut numbers), 2);
        assert_eq!(numbers[..2], [1, 2]);
    }

    #[test]
    fn it_rings_again_once_it_was_taken() {
        let wakes = Arc::new(Wakes::default());
        let waker = wakes.waker_for(7);
        for _ in 0..3 {
            waker.wake_by_ref();
            let mut numbers = [0; 1];
            assert_eq!((wakes.wait(&mut numbers), numbers[0]), (1, 7));
        }
    }

    #[test]
    fn what_does_not_fit_waits_for_the_next_look() {
        let wakes = Arc::new(Wakes::default());
        (0..5).for_each(|call| wakes.waker_for(call).wake());
        let mut numbers = [0; 3];
        assert_eq!(wakes.wait(&mut numbers), 3);
        assert_eq!(wakes.wait(&mut numbers), 2);
        assert_eq!(numbers[..2], [3, 4]);
    }

    #[test]
    fn a_sleeper_is_woken_from_another_thread() {
        let wakes = Arc::new(Wakes::default());
        let waker = wakes.waker_for(9);
        let ringer = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            waker.wake();
        });
        assert_eq!(wakes.wait(&mut [0; 4]), 1);
        ringer.join().unwrap();
    }
}
