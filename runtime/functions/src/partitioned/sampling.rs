//! Which rows of a partition a sample keeps.

use std::hash::{Hash, Hasher};

use super::poisson::Poisson;
use super::xorshift::{XorShift, java_long};

/// A sample: rows whose random number lies in `[lower, upper)`, or each row as often as a Poisson number of mean
/// `upper - lower` says.
#[derive(Debug, Clone, Copy)]
pub struct Sampling {
    pub lower: f64,
    pub upper: f64,
    pub with_replacement: bool,
    pub seed: i64,
}

impl Sampling {
    fn bits(&self) -> (u64, u64, bool, i64) {
        (self.lower.to_bits(), self.upper.to_bits(), self.with_replacement, self.seed)
    }

    /// The sampler of one partition, from its first row on.
    pub fn open(&self, partition: usize) -> Sampler {
        let Self { lower, upper, with_replacement, seed } = *self;
        if with_replacement {
            return Sampler(Kind::Repeated(Box::new(Poisson::new(upper - lower, java_long(seed, partition)))));
        }
        Sampler(Kind::Once { lower, upper, numbers: XorShift::new(seed.wrapping_add(partition as i64)) })
    }
}

impl PartialEq for Sampling {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Sampling {}

impl Hash for Sampling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// Says row by row how often it is kept.
pub struct Sampler(Kind);

enum Kind {
    Once { lower: f64, upper: f64, numbers: XorShift },
    Repeated(Box<Poisson>),
}

impl Sampler {
    /// Positions to keep among the next `rows` rows, in order, repeated as often as they are drawn.
    pub fn positions(&mut self, rows: usize) -> Vec<u32> {
        match &mut self.0 {
            Kind::Once { lower, upper, .. } if *upper - *lower <= 0.0 => Vec::new(),
            Kind::Once { lower, upper, numbers } => (0..rows as u32)
                .filter(|_| {
                    let number = numbers.double();
                    *lower <= number && number < *upper
                })
                .collect(),
            Kind::Repeated(poisson) => (0..rows as u32).flat_map(|row| std::iter::repeat_n(row, poisson.draw())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lower: f64, upper: f64) -> Vec<u32> {
        Sampling { lower, upper, with_replacement: false, seed: 5 }.open(3).positions(1000)
    }

    #[test]
    fn two_cells_side_by_side_hold_every_row_once() {
        let mut all = [kept(0.0, 0.4), kept(0.4, 1.0)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn partitions_draw_apart() {
        let sampling = Sampling { lower: 0.0, upper: 0.5, with_replacement: true, seed: 5 };
        assert_ne!(sampling.open(0).positions(100), sampling.open(1).positions(100));
    }
}
