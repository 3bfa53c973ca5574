//! How long operations took: counts in steps of an eighth of a power of two, so a percentile is right to 12 %.

use std::time::Duration;

#[derive(Clone)]
pub struct Latencies {
    steps: [u64; 64 * 8],
    pub count: u64,
    pub nanos: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { steps: [0; 64 * 8], count: 0, nanos: 0 }
    }
}

impl Latencies {
    pub fn note(&mut self, took: Duration) {
        let nanos = (took.as_nanos() as u64).max(8);
        let power = nanos.ilog2();
        let eighth = (nanos >> (power - 3)) & 7;
        self.steps[(power as usize) * 8 + eighth as usize] += 1;
        self.count += 1;
        self.nanos += nanos;
    }

    pub fn add(&mut self, other: &Self) {
        self.steps.iter_mut().zip(&other.steps).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.nanos += other.nanos;
    }

    /// Microseconds below which this share of the operations was.
    pub fn percentile(&self, share: f64) -> f64 {
        let mut left = (self.count as f64 * share) as u64;
        for (at, count) in self.steps.iter().enumerate() {
            if *count > left {
                return ((8 + at % 8 + 1) as f64) * 2f64.powi((at / 8) as i32 - 3) / 1000.0;
            }
            left -= count;
        }
        0.0
    }
}
