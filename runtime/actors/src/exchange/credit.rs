//! Credit: who may put one more batch into which lane, and who has to wait.
//!
//! ```text
//! producer ── request(lane) ──► granted │ overrun │ closed │ wait
//! reader   ── taken(lane)  ──► room again, waiting producers try again
//! reader   ── starving(lane) ► the whole gate opens until that lane has something
//! ```
//!
//! **The rule.** A lane holds at most `lane_batches` batches and about `lane_bytes` bytes. A producer that finds its lane
//! full waits, unless another lane behind the same *gate* has a reader that stands before an empty lane: then the
//! producer goes on although its own lane is full (an *overrun*), because the row that reader waits for may be the very
//! next one. Without that exception a merge downstream of a hash exchange, or a reader that wants partition 0 first,
//! would wait for ever. An overrun stays in memory up to `overrun_bytes` a lane, and goes to disk beyond.
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

    /// A producer wants to put `bytes` into `lane`.
    pub fn request(&mut self, lane: usize, bytes: usize) -> Permit {
        if self.lanes[lane].closed {
            return Permit::Closed;
        }
        if self.has_room(lane, bytes) {
            self.book(lane, bytes);
            return Permit::Granted;
        }
        if !self.someone_starves(self.lanes[lane].gate) {
            return Permit::Wait;
        }
        let to_disk = self.lanes[lane].bytes_in_memory + bytes > self.limits.overrun_bytes;
        self.book(lane, if to_disk { 0 } else { bytes });
        Permit::Overrun { to_disk }
    }

    /// The reader of `lane` took a batch that had been booked with `bytes_in_memory`.
    pub fn taken(&mut self, lane: usize, bytes_in_memory: usize) {
        let lane = &mut self.lanes[lane];
        lane.batches = lane.batches.saturating_sub(1);
        lane.bytes_in_memory = lane.bytes_in_memory.saturating_sub(bytes_in_memory);
        lane.starving = false;
    }

    /// The reader of `lane` found nothing and waits.
    pub fn starving(&mut self, lane: usize) {
        self.lanes[lane].starving = true;
    }

    /// The reader of `lane` is gone and its buffers with it; true when it was the last one.
    pub fn close(&mut self, lane: usize) -> bool {
        let lane = &mut self.lanes[lane];
        if !lane.closed {
            *lane = Lane { gate: lane.gate, closed: true, ..Lane::default() };
            self.open -= 1;
        }
        self.open == 0
    }

    /// Nobody reads any lane.
    pub fn all_closed(&self) -> bool {
        self.open == 0
    }

    /// Closes every lane.
    pub fn close_all(&mut self) {
        (0..self.lanes.len()).for_each(|lane| {
            self.close(lane);
        });
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

    #[test]
    fn a_full_lane_makes_its_producer_wait() {
        let mut credit = two_lanes();
        assert_eq!(credit.request(0, 10), Permit::Granted);
        assert_eq!(credit.request(0, 10), Permit::Granted);
        assert_eq!(credit.request(0, 10), Permit::Wait);
        credit.taken(0, 10);
        assert_eq!(credit.request(0, 10), Permit::Granted);
    }

    #[test]
    fn bytes_bound_a_lane_but_one_batch_always_fits() {
        let mut credit = two_lanes();
        assert_eq!(credit.request(0, 5000), Permit::Granted);
        assert_eq!(credit.request(0, 1), Permit::Wait);
    }

    #[test]
    fn an_empty_lane_nobody_waits_at_opens_nothing() {
        let mut credit = two_lanes();
        credit.request(0, 10);
        credit.request(0, 10);
        assert_eq!(credit.request(0, 10), Permit::Wait);
    }

    #[test]
    fn a_starving_reader_opens_the_gate_until_it_is_served() {
        let mut credit = two_lanes();
        credit.request(0, 10);
        credit.request(0, 10);
        credit.starving(1);
        assert_eq!(credit.request(0, 10), Permit::Overrun { to_disk: false });
        assert_eq!(credit.request(1, 10), Permit::Granted);
        assert_eq!(credit.request(0, 10), Permit::Wait);
    }

    #[test]
    fn a_large_overrun_goes_to_disk_and_costs_no_memory() {
        let mut credit = two_lanes();
        credit.request(0, 100);
        credit.starving(1);
        assert_eq!(credit.request(0, 40), Permit::Overrun { to_disk: false });
        assert_eq!(credit.request(0, 40), Permit::Overrun { to_disk: true });
        assert_eq!(credit.request(0, 10), Permit::Overrun { to_disk: false });
        credit.taken(0, 100);
        credit.taken(0, 40);
        credit.taken(0, 0);
        credit.taken(0, 10);
        assert_eq!(credit.batches(), 0);
    }

    #[test]
    fn gates_do_not_open_for_each_other() {
        let mut credit = CreditCore::new([0, 1], TIGHT);
        credit.request(0, 10);
        credit.request(0, 10);
        credit.starving(1);
        assert_eq!(credit.request(0, 10), Permit::Wait);
    }

    #[test]
    fn a_closed_lane_swallows_and_no_longer_starves() {
        let mut credit = two_lanes();
        credit.starving(1);
        assert!(!credit.close(1));
        assert_eq!(credit.request(1, 10), Permit::Closed);
        credit.request(0, 10);
        credit.request(0, 10);
        assert_eq!(credit.request(0, 10), Permit::Wait);
        assert!(credit.close(0));
    }
}
