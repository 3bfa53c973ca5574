//! The credit books of one exchange, shared by its producers and readers, with the wakers of those who wait.
//!
//! A lock is held for a few instructions per batch; no batch passes through here.
//! Not here: the rule itself (`credit`).

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use std::sync::Arc;

use super::credit::{CreditCore, CreditLimits, Permit};
use crate::memory::JobMemory;

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    books: Mutex<Books>,
    memory: Arc<JobMemory>,
}

#[derive(Debug)]
struct Books {
    credit: CreditCore,
    waiting: Vec<(usize, Waker)>,
}

impl Ledger {
    /// One lane per entry; the entry is the lane's gate.
    pub fn new(gates: impl IntoIterator<Item = usize>, limits: CreditLimits, memory: Arc<JobMemory>) -> Self {
        Self { books: Mutex::new(Books { credit: CreditCore::new(gates, limits), waiting: Vec::new() }), memory }
    }

    /// Waits until one batch of `bytes` may go into `lane`, or nobody reads it; never answers [`Permit::Wait`].
    pub async fn acquire(&self, lane: usize, bytes: usize) -> Permit {
        poll_fn(|cx| self.poll_acquire(cx, lane, bytes)).await
    }

    /// A batch left `lane` for good.
    pub fn taken(&self, lane: usize, bytes_in_memory: usize) {
        let free = self.change(lane, |credit| credit.taken(lane, bytes_in_memory));
        self.memory.unbuffer(free);
    }

    /// The reader of `lane` stands before nothing.
    pub fn starving(&self, lane: usize) {
        self.change(lane, |credit| credit.starving(lane));
    }

    /// The reader of `lane` is gone; true when it was the last of the exchange.
    pub fn close(&self, lane: usize) -> bool {
        let (free, last) = self.change(lane, |credit| (credit.close(lane), credit.all_closed()));
        self.memory.unbuffer(free);
        last
    }

    /// Sends every producer home.
    pub fn close_all(&self) {
        let mut books = self.books.lock();
        let free = books.credit.close_all();
        let woken = std::mem::take(&mut books.waiting);
        drop(books);
        self.memory.unbuffer(free);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Nobody reads any lane.
    pub fn all_closed(&self) -> bool {
        self.books.lock().credit.all_closed()
    }

    /// Batches that may still go into `lane`.
    pub fn room(&self, lane: usize) -> usize {
        self.books.lock().credit.room(lane)
    }

    fn poll_acquire(&self, cx: &mut Context<'_>, lane: usize, bytes: usize) -> Poll<Permit> {
        let mut books = self.books.lock();
        match books.credit.request(lane, bytes, |bytes, must| self.memory.buffer(bytes, must)) {
            Permit::Wait => {
                let gate = books.credit.gate(lane);
                if !books.waiting.iter().any(|(_, known)| known.will_wake(cx.waker())) {
                    books.waiting.push((gate, cx.waker().clone()));
                }
                Poll::Pending
            }
            permit => Poll::Ready(permit),
        }
    }

    /// Changes the books, then wakes those behind the lane's gate, outside the lock.
    fn change<R>(&self, lane: usize, change: impl FnOnce(&mut CreditCore) -> R) -> R {
        let mut books = self.books.lock();
        let result = change(&mut books.credit);
        let gate = books.credit.gate(lane);
        let (woken, waiting) = std::mem::take(&mut books.waiting).into_iter().partition(|(of, _)| *of == gate);
        books.waiting = waiting;
        drop(books);
        let woken: Vec<(usize, Waker)> = woken;
        woken.into_iter().for_each(|(_, waker)| waker.wake());
        result
    }
}
