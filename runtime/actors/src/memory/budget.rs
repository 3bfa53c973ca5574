//! The books of a runtime's memory, and who is told when kept partitions have to give way.
//!
//! One lock, held for a few instructions per request. Not here: the rules (`rules`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::rules::{Answer, Bounds, Request, ask, may_buffer, may_keep};

/// See the module.
pub struct Budget {
    books: Mutex<Books>,
    /// Told how many bytes kept partitions are to give back; must not wait.
    evict: OnceLock<Box<dyn Fn(usize) + Send + Sync>>,
}

#[derive(Debug)]
struct Books {
    bounds: Bounds,
    total: usize,
    peak: usize,
    kept: usize,
    jobs: HashMap<u64, JobBook>,
}

#[derive(Debug, Default)]
struct JobBook {
    used: usize,
    fixed: usize,
    buffers: usize,
    spillers: usize,
    consumers: HashMap<usize, usize>,
}

/// How much is in use, at one moment, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryFigures {
    pub limit: usize,
    /// By operators, exchanges and kept partitions.
    pub used: usize,
    /// The most that ever was.
    pub peak: usize,
    /// By kept partitions.
    pub kept: usize,
    /// Jobs that hold something.
    pub jobs: usize,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    pub job: u64,
    pub consumer: usize,
    pub can_spill: bool,
}

impl Budget {
    /// `None`: no limit.
    pub fn new(limit: Option<usize>) -> Arc<Self> {
        let bounds = Bounds::of(limit.unwrap_or(usize::MAX / 4));
        let books = Books { bounds, total: 0, peak: 0, kept: 0, jobs: HashMap::new() };
        Arc::new(Self { books: Mutex::new(books), evict: OnceLock::new() })
    }

    /// Another limit. What is held already stays; kept partitions give way.
    pub fn set_limit(&self, limit: usize) {
        let mut books = self.books.lock();
        books.bounds = Bounds::of(limit);
        let over = books.kept.saturating_sub(books.bounds.kept_max);
        drop(books);
        if over > 0 {
            self.press(over);
        }
    }

    /// The numbers now.
    pub fn figures(&self) -> MemoryFigures {
        let books = self.books.lock();
        MemoryFigures { limit: books.bounds.limit, used: books.total, peak: books.peak, kept: books.kept, jobs: books.holders() }
    }

    /// What one job may use now.
    pub(crate) fn share(&self) -> usize {
        let books = self.books.lock();
        books.bounds.share(books.holders())
    }

    pub(crate) fn limit(&self) -> usize {
        self.books.lock().bounds.limit
    }

    /// `evict` hears how much kept partitions are to give back.
    pub(crate) fn on_pressure(&self, evict: impl Fn(usize) + Send + Sync + 'static) {
        // Set once, by the runtime that made this.
        let _ = self.evict.set(Box::new(evict));
    }

    /// An operator wants more; the bytes that are left if it may not.
    pub(crate) fn try_grow(&self, asker: Asker, more: usize) -> Result<(), usize> {
        let mut books = self.books.lock();
        match ask(&books.bounds, &books.request(asker, more)) {
            Answer::Refused { left } => Err(left),
            Answer::Granted => {
                books.grow(asker, more);
                Ok(())
            }
            Answer::GrantedOnCredit { evict } => {
                books.grow(asker, more);
                drop(books);
                self.press(evict);
                Ok(())
            }
        }
    }

    fn press(&self, bytes: usize) {
        if let Some(tell) = self.evict.get() {
            tell(bytes);
        }
    }

    /// An operator takes more and cannot be refused.
    pub(crate) fn grow(&self, asker: Asker, more: usize) {
        self.books.lock().grow(asker, more);
    }

    pub(crate) fn shrink(&self, asker: Asker, less: usize) {
        self.books.lock().shrink(asker, less);
    }

    /// An exchange of a job wants to hold one more batch. `must`: its lane is empty, so it may.
    pub(crate) fn buffer(&self, job: u64, more: usize, must: bool) -> bool {
        let mut books = self.books.lock();
        let buffers = books.jobs.get(&job).map_or(0, |book| book.buffers);
        let jobs = books.holders_with(job);
        if !must && !may_buffer(&books.bounds, jobs, books.total, buffers, more) {
            return false;
        }
        books.take(more);
        let book = books.jobs.entry(job).or_default();
        book.used += more;
        book.fixed += more;
        book.buffers += more;
        true
    }

    pub(crate) fn unbuffer(&self, job: u64, less: usize) {
        let mut books = self.books.lock();
        let Some(book) = books.jobs.get_mut(&job) else { return };
        let less = less.min(book.buffers);
        book.used -= less;
        book.fixed -= less;
        book.buffers -= less;
        books.give(less);
    }

    /// A kept partition wants to hold more.
    pub(crate) fn keep(&self, more: usize) -> bool {
        let mut books = self.books.lock();
        if !may_keep(&books.bounds, books.total, books.kept, more) {
            return false;
        }
        books.take(more);
        books.kept += more;
        true
    }

    pub(crate) fn unkeep(&self, less: usize) {
        let mut books = self.books.lock();
        books.give(less);
        books.kept = books.kept.saturating_sub(less);
    }

    /// A job is over; what it still held is free.
    pub(crate) fn forget(&self, job: u64) {
        let mut books = self.books.lock();
        if let Some(book) = books.jobs.remove(&job) {
            books.give(book.used);
        }
    }
}

impl Books {
    fn holders(&self) -> usize {
        self.jobs.values().filter(|job| job.used > 0).count()
    }

    /// The holders once `job` holds something.
    fn holders_with(&self, job: u64) -> usize {
        self.holders() + usize::from(self.jobs.get(&job).is_none_or(|book| book.used == 0))
    }

    fn request(&self, asker: Asker, more: usize) -> Request {
        let book = self.jobs.get(&asker.job);
        let consumer = book.and_then(|book| book.consumers.get(&asker.consumer)).copied().unwrap_or(0);
        let spillers = book.map_or(0, |book| book.spillers) + usize::from(consumer == 0);
        Request {
            more,
            total: self.total,
            kept: self.kept,
            jobs: self.holders_with(asker.job),
            job: book.map_or(0, |book| book.used),
            job_fixed: book.map_or(0, |book| book.fixed),
            consumer,
            spillers: asker.can_spill.then_some(spillers),
        }
    }

    fn grow(&mut self, asker: Asker, more: usize) {
        if more == 0 {
            return;
        }
        self.take(more);
        let book = self.jobs.entry(asker.job).or_default();
        book.used += more;
        let held = book.consumers.entry(asker.consumer).or_default();
        if asker.can_spill {
            book.spillers += usize::from(*held == 0);
        } else {
            book.fixed += more;
        }
        *held += more;
    }

    fn shrink(&mut self, asker: Asker, less: usize) {
        let Some(book) = self.jobs.get_mut(&asker.job) else { return };
        let Some(held) = book.consumers.get_mut(&asker.consumer) else { return };
        let less = less.min(*held);
        *held -= less;
        let emptied = *held == 0 && less > 0;
        if emptied {
            book.consumers.remove(&asker.consumer);
        }
        book.used = book.used.saturating_sub(less);
        if asker.can_spill {
            book.spillers -= usize::from(emptied);
        } else {
            book.fixed = book.fixed.saturating_sub(less);
        }
        self.give(less);
    }

    fn take(&mut self, more: usize) {
        self.total += more;
        self.peak = self.peak.max(self.total);
    }

    fn give(&mut self, less: usize) {
        self.total = self.total.saturating_sub(less);
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("figures", &self.figures()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn asker(job: u64, consumer: usize) -> Asker {
        Asker { job, consumer, can_spill: true }
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let budget = Budget::new(Some(64 * MIB));
        budget.try_grow(asker(1, 1), 40 * MIB).unwrap();
        assert!(budget.try_grow(asker(1, 2), 30 * MIB).is_err());
        assert!(budget.buffer(1, MIB, false));
        budget.shrink(asker(1, 1), 40 * MIB);
        budget.unbuffer(1, MIB);
        assert_eq!(budget.figures(), MemoryFigures { limit: 64 * MIB, used: 0, peak: 41 * MIB, kept: 0, jobs: 0 });
        budget.try_grow(asker(1, 2), 50 * MIB).unwrap();
    }

    #[test]
    fn a_forgotten_job_holds_nothing() {
        let budget = Budget::new(Some(64 * MIB));
        budget.grow(asker(1, 1), 60 * MIB);
        budget.forget(1);
        budget.shrink(asker(1, 1), 60 * MIB);
        assert_eq!(budget.figures().used, 0);
    }

    #[test]
    fn pressure_is_passed_on() {
        let budget = Budget::new(Some(100 * MIB));
        let told = Arc::new(Mutex::new(0));
        let heard = told.clone();
        budget.on_pressure(move |bytes| *heard.lock() += bytes);
        assert!(budget.keep(55 * MIB));
        budget.try_grow(asker(1, 1), 60 * MIB).unwrap();
        assert_eq!(*told.lock(), 15 * MIB);
    }
}
