//! Versions: the time of each change, never the same twice and never going back, whatever the machine's clock does.
//!
//! The highest version of a batch is written with it (fact `clock`), so a store that is opened again goes on above it.
//!
//! Not here: what a version is used for (`owner`, conditions on `__mtime_*`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use emberflow_base::World;

use crate::codec::Version;

/// See the module.
pub(crate) struct Clock {
    world: Arc<dyn World>,
    last: AtomicI64,
}

impl Clock {
    /// Goes on above `last`.
    pub fn new(world: Arc<dyn World>, last: Option<Version>) -> Self {
        Self { world, last: AtomicI64::new(last.map_or(0, Version::nanos)) }
    }

    /// A version above every other one: the time now, or one nanosecond more than the last.
    pub fn next(&self) -> Version {
        let now = self.world.now_micros().saturating_mul(1000);
        let bump = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, bump).unwrap_or_default();
        Version::from_nanos(now.max(last.saturating_add(1)))
    }

    /// Milliseconds since 1970, for what need not be unique.
    pub fn now_ms(&self) -> i64 {
        self.world.now_micros() / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emberflow_base::world::Seeded;
    use std::time::Duration;

    #[test]
    fn it_never_stands_still_or_goes_back() {
        let world = Seeded::new(1);
        let clock = Clock::new(world.clone(), Some(Version::from_nanos(5_000)));
        assert_eq!(clock.next(), Version::from_nanos(5_001), "the machine's clock went back");
        assert_eq!(clock.next(), Version::from_nanos(5_002));
        world.advance(Duration::from_micros(9));
        assert_eq!(clock.next(), Version::from_nanos(9_000));
        assert_eq!(clock.next(), Version::from_nanos(9_001));
    }
}
