//! Who may take how much: a pure function of the books.
//!
//! - **A job** may use its share of the limit: all but a reserve while it is alone, an equal part among others. One that
//!   grew while it was alone is refused from then on, spills, and so comes down to its part.
//! - **A consumer that can spill** may use an equal part of what its job's others leave. One consumer alone has it all.
//! - **Floors.** A little is granted whatever the books say, so that a newcomer always has something it can spill, and no
//!   query, nor a part of one that cannot spill, fails only because others were there first. Floors may exceed the limit by a small, bounded amount.
//! - **Buffers** of exchanges may use a quarter of the job's share; they wait rather than fail.
//! - **Kept partitions** may use part of the limit; what they hold above a protected part gives way to jobs.

/// The bounds that follow from a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub limit: usize,
    /// Held back while one job is alone, so that the next finds something.
    pub reserve: usize,
    pub job_floor: usize,
    pub consumer_floor: usize,
    pub kept_max: usize,
    /// What kept partitions need not give back.
    pub kept_safe: usize,
}

const MIB: usize = 1 << 20;

impl Bounds {
    pub fn of(limit: usize) -> Self {
        Self {
            limit,
            reserve: limit / 8,
            job_floor: (limit / 32).clamp(MIB, 16 * MIB),
            consumer_floor: (limit / 128).clamp(MIB / 4, 4 * MIB),
            kept_max: limit / 10 * 6,
            kept_safe: limit / 10 * 3,
        }
    }

    /// What one of `jobs` may use.
    pub fn share(&self, jobs: usize) -> usize {
        let part = if jobs <= 1 { self.limit - self.reserve } else { self.limit / jobs };
        part.max(self.job_floor)
    }
}

/// What the books say when a consumer of a job asks for more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub more: usize,
    /// Everything in use, kept partitions included.
    pub total: usize,
    pub kept: usize,
    /// Jobs that hold memory, the asking one included.
    pub jobs: usize,
    /// What the asking job holds, its buffers included.
    pub job: usize,
    /// The part of it whose holders cannot spill.
    pub job_fixed: usize,
    /// What the asking consumer holds.
    pub consumer: usize,
    /// It can spill: then how many such consumers hold something, itself included.
    pub spillers: Option<usize>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted,
    /// Granted, and kept partitions are to give back so much.
    GrantedOnCredit {
        evict: usize,
    },
    /// Only so much was left.
    Refused {
        left: usize,
    },
}

/// Decides for operators.
pub(crate) fn ask(bounds: &Bounds, request: &Request) -> Answer {
    let Request { more, total, kept, jobs, job, job_fixed, consumer, spillers } = *request;
    let floor = match spillers {
        Some(_) => consumer + more <= bounds.consumer_floor,
        None => job + more <= bounds.job_floor,
    };
    if floor {
        return Answer::Granted;
    }
    let share = bounds.share(jobs);
    let part = match spillers {
        Some(spillers) => (share.saturating_sub(job_fixed) / spillers.max(1)).saturating_sub(consumer),
        None => usize::MAX,
    };
    // What cannot spill is not refused a little because spillers of its own job were there first: they will give way.
    let slack = if spillers.is_none() { bounds.job_floor } else { 0 };
    let evictable = kept.saturating_sub(bounds.kept_safe);
    let free = (bounds.limit + evictable + slack).saturating_sub(total);
    let left = part.min((share + slack).saturating_sub(job)).min(free);
    if more > left {
        return Answer::Refused { left };
    }
    match (total + more).saturating_sub(bounds.limit).min(evictable) {
        0 => Answer::Granted,
        evict => Answer::GrantedOnCredit { evict },
    }
}

/// Decides for the buffers of a job's exchanges: they hold `buffers` and want `more`.
pub(crate) fn may_buffer(bounds: &Bounds, jobs: usize, total: usize, buffers: usize, more: usize) -> bool {
    buffers + more <= bounds.share(jobs) / 4 && total + more <= bounds.limit
}

/// Decides for kept partitions.
pub(crate) fn may_keep(bounds: &Bounds, total: usize, kept: usize, more: usize) -> bool {
    kept + more <= bounds.kept_max && total + more <= bounds.limit - bounds.reserve.min(bounds.limit / 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds::of(512 * MIB)
    }

    fn request(more: usize) -> Request {
        Request { more, total: 0, kept: 0, jobs: 1, job: 0, job_fixed: 0, consumer: 0, spillers: Some(1) }
    }

    #[test]
    fn alone_one_may_use_all_but_the_reserve() {
        assert_eq!(ask(&bounds(), &request(448 * MIB)), Answer::Granted);
        assert_eq!(ask(&bounds(), &request(449 * MIB)), Answer::Refused { left: 448 * MIB });
    }

    #[test]
    fn a_merge_gets_its_little_although_the_sorts_hold_everything() {
        let full = Request { total: 512 * MIB, job: 448 * MIB, spillers: None, ..request(26 << 10) };
        assert_eq!(ask(&bounds(), &full), Answer::Granted);
        assert_eq!(ask(&bounds(), &Request { total: 528 * MIB, ..full }), Answer::Refused { left: 0 });
    }

    #[test]
    fn spillers_of_a_job_share_what_the_others_leave() {
        let half = Request { spillers: Some(2), job_fixed: 48 * MIB, job: 48 * MIB, total: 48 * MIB, ..request(200 * MIB) };
        assert_eq!(ask(&bounds(), &half), Answer::Granted);
        assert_eq!(ask(&bounds(), &Request { more: 201 * MIB, ..half }), Answer::Refused { left: 200 * MIB });
    }

    #[test]
    fn a_job_that_grew_alone_is_refused_once_others_are_there() {
        let grown = Request { total: 440 * MIB, job: 440 * MIB, consumer: 440 * MIB, jobs: 2, ..request(MIB) };
        assert_eq!(ask(&bounds(), &grown), Answer::Refused { left: 0 });
        let newcomer = Request { total: 440 * MIB, jobs: 2, ..request(72 * MIB) };
        assert_eq!(ask(&bounds(), &newcomer), Answer::Granted);
        assert_eq!(ask(&bounds(), &Request { more: 73 * MIB, ..newcomer }), Answer::Refused { left: 72 * MIB });
    }

    #[test]
    fn a_little_is_always_granted() {
        let full = Request { total: 600 * MIB, jobs: 8, job: 100 * MIB, ..request(4 * MIB) };
        assert_eq!(ask(&bounds(), &full), Answer::Granted);
        assert_eq!(ask(&bounds(), &Request { consumer: MIB, ..full }), Answer::Refused { left: 0 });
        let fixed = Request { spillers: None, job: 0, ..full };
        assert_eq!(ask(&bounds(), &fixed), Answer::Granted);
        assert_eq!(ask(&bounds(), &Request { job: 13 * MIB, ..fixed }), Answer::Refused { left: 0 });
    }

    #[test]
    fn kept_partitions_give_way_down_to_what_is_safe() {
        let beside = Request { total: 300 * MIB, kept: 300 * MIB, ..request(300 * MIB) };
        assert_eq!(ask(&bounds(), &beside), Answer::GrantedOnCredit { evict: 88 * MIB });
        let Answer::Refused { left } = ask(&bounds(), &Request { more: 440 * MIB, ..beside }) else { panic!() };
        assert!(left < 360 * MIB && left > 350 * MIB, "{left}");
    }

    #[test]
    fn buffers_have_a_quarter_and_kept_partitions_their_part() {
        assert!(may_buffer(&bounds(), 1, 0, 0, 112 * MIB));
        assert!(!may_buffer(&bounds(), 1, 0, 0, 113 * MIB));
        assert!(may_keep(&bounds(), 0, 0, 300 * MIB));
        assert!(!may_keep(&bounds(), 0, 300 * MIB, 30 * MIB));
        assert!(!may_keep(&bounds(), 470 * MIB, 0, 30 * MIB));
    }
}
