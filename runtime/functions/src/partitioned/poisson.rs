//! Poisson numbers over the WELL19937c generator (Panneton, L'Ecuyer, Matsumoto), seeded and drawn as Apache Commons Math
//! does it, which Spark samples with replacement by.

const WORDS: usize = 624;
/// How far from a word the others stand that it is mixed with.
const M1: usize = 70;
const M2: usize = 179;
const M3: usize = 449;

/// WELL19937c.
struct Well {
    state: Box<[u32; WORDS]>,
    index: usize,
}

impl Well {
    fn new(seed: i64) -> Self {
        let mut state = Box::new([0_u32; WORDS]);
        (state[0], state[1]) = ((seed as u64 >> 32) as u32, seed as u32);
        for at in 2..WORDS {
            // The words are signed where they are mixed, which the shift to the right shows.
            let before = i64::from(state[at - 2] as i32);
            state[at] = 1_812_433_253_i64.wrapping_mul(before ^ (before >> 30)).wrapping_add(at as i64) as u32;
        }
        Self { state, index: 0 }
    }

    fn bits(&mut self, count: u32) -> u32 {
        let at = self.index;
        let (before, second) = ((at + WORDS - 1) % WORDS, (at + WORDS - 2) % WORDS);
        let word = |offset: usize| self.state[(at + offset) % WORDS];
        let (v0, v1, v2, v3) = (word(0), word(M1), word(M2), word(M3));
        let z0 = (0x8000_0000 & self.state[before]) ^ (0x7FFF_FFFF & self.state[second]);
        let z1 = (v0 ^ (v0 << 25)) ^ (v1 ^ (v1 >> 27));
        let z2 = (v2 >> 9) ^ (v3 ^ (v3 >> 1));
        let z3 = z1 ^ z2;
        let z4 = z0 ^ (z1 ^ (z1 << 9)) ^ (z2 ^ (z2 << 21)) ^ (z3 ^ (z3 >> 21));
        self.state[at] = z3;
        self.state[before] = z4;
        self.state[second] &= 0x8000_0000;
        self.index = before;
        let tempered = z4 ^ ((z4 << 7) & 0xe46e_1700);
        let tempered = tempered ^ ((tempered << 15) & 0x9b86_8000);
        tempered >> (32 - count)
    }

    fn double(&mut self) -> f64 {
        let (high, low) = (u64::from(self.bits(26)) << 26, u64::from(self.bits(26)));
        (high | low) as f64 * (1.0 / (1_u64 << 52) as f64)
    }
}

/// How often a row is drawn.
pub(super) struct Poisson {
    mean: f64,
    /// exp(-mean)
    limit: f64,
    well: Well,
}

impl Poisson {
    pub fn new(mean: f64, seed: i64) -> Self {
        Self { mean, limit: (-mean).exp(), well: Well::new(seed) }
    }

    /// Multiplies uniform numbers until they fall below the limit. Exact for the means that samples have (below 40).
    pub fn draw(&mut self) -> usize {
        if self.mean <= 0.0 {
            return 0;
        }
        let (mut count, mut product) = (0, 1.0);
        while (count as f64) < 1000.0 * self.mean {
            product *= self.well.double();
            if product < self.limit {
                break;
            }
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_what_was_asked_for() {
        let mut poisson = Poisson::new(0.7, 11);
        let total: usize = (0..20_000).map(|_| poisson.draw()).sum();
        let mean = total as f64 / 20_000.0;
        assert!((mean - 0.7).abs() < 0.03, "{mean}");
    }
}
