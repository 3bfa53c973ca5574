//! Random numbers: Spark's own generator, so that a seed gives the same row of numbers.
//!
//! The stream of a call runs on from batch to batch; rows of several partitions share it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::Float64Type;
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{Kernel, primitives, strings};

/// How many calls drew a seed of their own: two calls in one query must differ.
static CALLS: AtomicU64 = AtomicU64::new(1);

/// XORShift as Spark's `XORShiftRandom`.
pub struct Generator {
    state: i64,
    spare: Option<f64>,
}

impl Generator {
    fn new(seed: i64) -> Self {
        Self { state: hash_seed(seed), spare: None }
    }

    fn bits(&mut self, count: u32) -> i64 {
        let mut next = self.state ^ (self.state << 21);
        next ^= ((next as u64) >> 35) as i64;
        next ^= next << 4;
        self.state = next;
        next & ((1 << count) - 1)
    }

    /// Evenly in [0, 1), as java.util.Random makes doubles of bits.
    fn double(&mut self) -> f64 {
        let (high, low) = (self.bits(26) as i32, self.bits(27) as i32);
        ((i64::from(high) << 27) + i64::from(low)) as f64 * (1.0 / (1_i64 << 53) as f64)
    }

    /// Polar method, two at a time, as java.util.Random does.
    fn gaussian(&mut self) -> f64 {
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

/// `rand`'s next number.
pub fn uniform(generator: &mut Generator) -> f64 {
    generator.double()
}

/// `randn`'s next number.
pub fn gaussian(generator: &mut Generator) -> f64 {
    generator.gaussian()
}

fn own_seed(call: &Call<'_>) -> i64 {
    let count = CALLS.fetch_add(1, Ordering::Relaxed);
    call.context.now_micros.wrapping_add((count as i64).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))
}

/// `rand([seed])`, `randn([seed])`
pub fn random(call: Call<'_>, next: fn(&mut Generator) -> f64) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = match call.len() {
        0 => own_seed(&call),
        _ if call.type_of(0) == &DataType::Null => 0,
        _ if !call.type_of(0).is_integral() => return Err(call.mismatch(0, "BIGINT")),
        _ => call.literal_long(0).ok_or_else(|| call.not_constant(0, "seed", &DataType::Long))?,
    };
    let generator = Mutex::new(Generator::new(seed));
    let kernel = Kernel::new(call.name, &DataType::Double, false, move |columns| {
        let mut generator = generator.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        primitives::<Float64Type>(columns.rows, |_| Ok(Some(next(&mut generator))))
    });
    Ok(Typed::new(kernel.identity(seed).volatile().call(vec![]), DataType::Double, false))
}

/// `uuid()`: version 4.
pub fn uuid(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = call.literal_long(0).unwrap_or_else(|| own_seed(&call));
    let generator = Mutex::new(Generator::new(seed));
    let kernel = Kernel::new("uuid", &DataType::String, false, move |columns| {
        let mut generator = generator.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        strings(columns.rows, |_| {
            let mut word = || ((generator.bits(32) as u64) << 32) | generator.bits(32) as u64;
            let (high, low) = (word() & !0xF000 | 0x4000, word() & !(3 << 62) | 2 << 62);
            let hex = format!("{high:016x}{low:016x}");
            Ok(Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])))
        })
    });
    Ok(Typed::new(kernel.identity(seed).volatile().call(vec![]), DataType::String, false))
}
