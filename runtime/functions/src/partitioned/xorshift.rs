//! Spark's own generator (`XORShiftRandom`) and Java's, bit for bit, so that a seed gives the same rows.

/// XORShift over a scrambled seed.
pub(super) struct XorShift {
    state: i64,
    spare: Option<f64>,
}

impl XorShift {
    pub fn new(seed: i64) -> Self {
        Self { state: hash_seed(seed), spare: None }
    }

    pub fn bits(&mut self, count: u32) -> i64 {
        let mut next = self.state ^ (self.state << 21);
        next ^= ((next as u64) >> 35) as i64;
        next ^= next << 4;
        self.state = next;
        next & ((1 << count) - 1)
    }

    /// Evenly in [0, 1), as java.util.Random makes doubles of bits.
    pub fn double(&mut self) -> f64 {
        let (high, low) = (self.bits(26) as i32, self.bits(27) as i32);
        ((i64::from(high) << 27) + i64::from(low)) as f64 * (1.0 / (1_i64 << 53) as f64)
    }

    /// Polar method, two at a time, as java.util.Random does.
    pub fn gaussian(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (a, b) = (2.0 * self.double() - 1.0, 2.0 * self.double() - 1.0);
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(b * factor);
                return a * factor;
            }
        }
    }

    /// A whole number in [0, bound), as java.util.Random draws one.
    pub fn below(&mut self, bound: i32) -> i32 {
        let mask = bound - 1;
        let mut drawn = self.bits(31) as i32;
        if bound & mask == 0 {
            return ((i64::from(bound) * i64::from(drawn)) >> 31) as i32;
        }
        loop {
            let number = drawn % bound;
            if drawn.wrapping_sub(number).wrapping_add(mask) >= 0 {
                return number;
            }
            drawn = self.bits(31) as i32;
        }
    }
}

/// The longs of `new java.util.Random(seed)`.
pub(super) fn java_long(seed: i64, position: usize) -> i64 {
    const MULTIPLIER: i64 = 0x5_DEEC_E66D;
    const MASK: i64 = (1 << 48) - 1;
    let mut state = (seed ^ MULTIPLIER) & MASK;
    let mut next = || {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        (state >> 16) as i32
    };
    let mut long = 0;
    for _ in 0..=position {
        let (high, low) = (next(), next());
        long = (i64::from(high) << 32).wrapping_add(i64::from(low));
    }
    long
}

/// Both halves of the seed through MurmurHash3 over its eight bytes, as Spark scrambles seeds.
fn hash_seed(seed: i64) -> i64 {
    let bytes = seed.to_be_bytes();
    let low = murmur(&bytes, 0x3c07_4a61);
    let high = murmur(&bytes, low);
    (i64::from(high as i32) << 32) | i64::from(low)
}

/// Scala's MurmurHash3 of bytes.
fn murmur(bytes: &[u8; 8], seed: u32) -> u32 {
    let mix = |hash: u32, word: u32| {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    };
    let [a, b, c, d, e, f, g, h] = *bytes;
    let hash = mix(mix(seed, u32::from_le_bytes([a, b, c, d])), u32::from_le_bytes([e, f, g, h])) ^ 8;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longs_are_those_of_java() {
        assert_eq!(java_long(0, 0), -4_962_768_465_676_381_896);
        assert_eq!(java_long(42, 0), -5_025_562_857_975_149_833);
    }
}
