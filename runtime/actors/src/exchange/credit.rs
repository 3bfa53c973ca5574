//! Credit: who may put one more batch into which lane, and who has to wait.
//!
//! ```text
//! producer ── request(lane) ──► granted │ overrun │ closed │ wait
//! reader   ── taken(lane)  ──► room again, waiting producers try again
//! reader   ── starving(lane) ► the whole gate opens until that lane has something
//! ```
//!
//! **The rule.** A lane holds at most `lane_batches` batches and about `lane_bytes` bytes, and beyond its first
//! batch only what the memory of its job allows. A producer that finds its lane
//! full waits, unless another lane behind the same *gate* has a reader that stands before an empty lane: then the
//! producer goes on although its own lane is full (an *overrun*), because the row that reader waits for may be the very
//! next one. Without that exception a merge downstream of a hash exchange, or a reader that wants partition 0 first,
//! would wait for ever. An overrun stays in memory up to `overrun_bytes` a lane, while the job may have it, and goes to
//! disk beyond.
//!
//! The exception asks for a reader that *waits*, not merely for a lane that is empty: when the job's own reader stops
//! taking, nobody waits anywhere, and every producer up to the scan comes to rest.
//!
//! Not here: the wakers (`ledger`) and the batches themselves (`lane`). Begin at [`CreditCore::request`].

/// Bounds of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditLimits {
    /// Most batches in a lane.
    pub lane_batches: usize,
    /// Most bytes in a lane; one batch always fits.
    pub lane_bytes: usize,
    /// Most bytes an overrun may keep in memory, per lane; what exceeds it is written to disk.
    pub overrun_bytes: usize,
}

impl Default for CreditLimits {
    fn default() -> Self {
        Self { lane_batches: 16, lane_bytes: 16 << 20, overrun_bytes: 96 << 20 }
    }
}

/// The answer to a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// There was room.
    Granted,
    /// There was none, but a reader elsewhere starves.
    Overrun { to_disk: bool },
    /// Nobody reads this lane any more: drop the batch.
    Closed,
    /// Ask again when woken.
    Wait,
}

#[derive(Debug, Clone, Default)]
struct Lane {
    gate: usize,
    batches: usize,
    bytes_in_memory: usize,
    starving: bool,
    closed: bool,
}

/// The books of one exchange.
#[derive(Debug)]
pub struct CreditCore {
    lanes: Vec<Lane>,
    limits: CreditLimits,
    open: usize,
}

impl CreditCore {
    /// One lane per entry; the entry is the lane's gate.
    pub fn new(gates: impl IntoIterator<Item = usize>, limits: CreditLimits) -> Self {
        let lanes: Vec<Lane> = gates.into_iter().map(|gate| Lane { gate, ..Lane::default() }).collect();
        let open = lanes.len();
        Self { lanes, limits, open }
    }

    /// A producer wants to put `bytes` into `lane`. `memory` is asked for the bytes that would be held; with `true` it may
    /// not refuse, because the lane is empty.
    pub fn request(&mut self, lane: usize, bytes: usize, mut memory: impl FnMut(usize, bool) -> bool) -> Permit {
        if self.lanes[lane].closed {
            return Permit::Closed;
        }
        if self.has_room(lane, bytes) && memory(bytes, self.lanes[lane].batches == 0) {
            self.book(lane, bytes);
            return Permit::Granted;
        }
        if !self.someone_starves(self.lanes[lane].gate) {
            return Permit::Wait;
        }
        let to_disk = self.lanes[lane].bytes_in_memory + bytes > self.limits.overrun_bytes || !memory(bytes, false);
        self.book(lane, if to_disk { 0 } else { bytes });
        Permit::Overrun { to_disk }
    }

    /// The reader of `lane` took a batch that had been booked with `bytes_in_memory`; how many bytes are free now.
    pub fn taken(&mut self, lane: usize, bytes_in_memory: usize) -> usize {
        let lane = &mut self.lanes[lane];
        let free = bytes_in_memory.min(lane.bytes_in_memory);
        lane.batches = lane.batches.saturating_sub(1);
        lane.bytes_in_memory -= free;
        lane.starving = false;
        free
    }

    /// The reader of `lane` found nothing and waits.
    pub fn starving(&mut self, lane: usize) {
        self.lanes[lane].starving = true;
    }

    /// The reader of `lane` is gone and its buffers with it; how many bytes are free now.
    pub fn close(&mut self, lane: usize) -> usize {
        let lane = &mut self.lanes[lane];
        if lane.closed {
            return 0;
        }
        let free = lane.bytes_in_memory;
        *lane = Lane { gate: lane.gate, closed: true, ..Lane::default() };
        self.open -= 1;
        free
    }

    /// Nobody reads any lane.
    pub fn all_closed(&self) -> bool {
        self.open == 0
    }

    /// Closes every lane; how many bytes are free now.
    pub fn close_all(&mut self) -> usize {
        (0..self.lanes.len()).map(|lane| self.close(lane)).sum()
    }

    /// Batches that may still be put into `lane` without an overrun.
    pub fn room(&self, lane: usize) -> usize {
        self.limits.lane_batches.saturating_sub(self.lanes[lane].batches)
    }

    /// The gate `lane` stands behind.
    pub fn gate(&self, lane: usize) -> usize {
        self.lanes[lane].gate
    }

    /// Batches booked in all lanes.
    pub fn batches(&self) -> usize {
        self.lanes.iter().map(|lane| lane.batches).sum()
    }

    fn has_room(&self, lane: usize, bytes: usize) -> bool {
        let lane = &self.lanes[lane];
        lane.batches == 0 || (lane.batches < self.limits.lane_batches && lane.bytes_in_memory + bytes <= self.limits.lane_bytes)
    }

    /// A lane that has been promised a batch starves no longer, even before its reader has seen it.
    fn someone_starves(&self, gate: usize) -> bool {
        self.lanes.iter().any(|lane| lane.gate == gate && lane.starving && lane.batches == 0 && !lane.closed)
    }

    fn book(&mut self, lane: usize, bytes: usize) {
        let lane = &mut self.lanes[lane];
        lane.batches += 1;
        lane.bytes_in_memory += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: CreditLimits = CreditLimits { lane_batches: 2, lane_bytes: 100, overrun_bytes: 150 };

    fn two_lanes() -> CreditCore {
        CreditCore::new([0, 0], TIGHT)
    }

    fn ask(credit: &mut CreditCore, lane: usize, bytes: usize) -> Permit {
        credit.request(lane, bytes, |_, _| true)
    }

    #[test]
    fn without_memory_a_lane_holds_one_batch_and_an_overrun_goes_to_disk() {
        let mut credit = two_lanes();
        assert_eq!(credit.request(0, 10, |_, must| must), Permit::Granted);
        assert_eq!(credit.request(0, 10, |_, must| must), Permit::Wait);
        credit.starving(1);
        assert_eq!(credit.request(0, 10, |_, must| must), Permit::Overrun { to_disk: true });
        assert_eq!((credit.taken(0, 10), credit.taken(0, 0)), (10, 0));
        assert_eq!((ask(&mut credit, 0, 7), credit.close(0), credit.close(0)), (Permit::Granted, 7, 0));
    }

    #[test]
    fn a_full_lane_makes_its_producer_wait() {
        let mut credit = two_lanes();
        assert_eq!(ask(&mut credit, 0, 10), Permit::Granted);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Granted);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Wait);
        credit.taken(0, 10);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Granted);
    }

    #[test]
    fn bytes_bound_a_lane_but_one_batch_always_fits() {
        let mut credit = two_lanes();
        assert_eq!(ask(&mut credit, 0, 5000), Permit::Granted);
        assert_eq!(ask(&mut credit, 0, 1), Permit::Wait);
    }

    #[test]
    fn an_empty_lane_nobody_waits_at_opens_nothing() {
        let mut credit = two_lanes();
        ask(&mut credit, 0, 10);
        ask(&mut credit, 0, 10);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Wait);
    }

    #[test]
    fn a_starving_reader_opens_the_gate_until_it_is_served() {
        let mut credit = two_lanes();
        ask(&mut credit, 0, 10);
        ask(&mut credit, 0, 10);
        credit.starving(1);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Overrun { to_disk: false });
        assert_eq!(ask(&mut credit, 1, 10), Permit::Granted);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Wait);
    }

    #[test]
    fn a_large_overrun_goes_to_disk_and_costs_no_memory() {
        let mut credit = two_lanes();
        ask(&mut credit, 0, 100);
        credit.starving(1);
        assert_eq!(ask(&mut credit, 0, 40), Permit::Overrun { to_disk: false });
        assert_eq!(ask(&mut credit, 0, 40), Permit::Overrun { to_disk: true });
        assert_eq!(ask(&mut credit, 0, 10), Permit::Overrun { to_disk: false });
        credit.taken(0, 100);
        credit.taken(0, 40);
        credit.taken(0, 0);
        credit.taken(0, 10);
        assert_eq!(credit.batches(), 0);
    }

    #[test]
    fn gates_do_not_open_for_each_other() {
        let mut credit = CreditCore::new([0, 1], TIGHT);
        ask(&mut credit, 0, 10);
        ask(&mut credit, 0, 10);
        credit.starving(1);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Wait);
    }

    #[test]
    fn a_closed_lane_swallows_and_no_longer_starves() {
        let mut credit = two_lanes();
        credit.starving(1);
        credit.close(1);
        assert!(!credit.all_closed());
        assert_eq!(ask(&mut credit, 1, 10), Permit::Closed);
        ask(&mut credit, 0, 10);
        ask(&mut credit, 0, 10);
        assert_eq!(ask(&mut credit, 0, 10), Permit::Wait);
        credit.close(0);
        assert!(credit.all_closed());
    }
}
