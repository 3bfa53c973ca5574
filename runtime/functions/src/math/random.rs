//! Random numbers: Spark's own generator, so that a seed gives the same row of numbers.
//!
//! Each partition has a stream of its own, seeded with the call's seed plus its number; it runs on from batch to batch.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use emberflow_base::{Error, Result, partition};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::common_type;
use crate::kernel::{Columns, Kernel, primitives, strings};

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

/// The generators of one call, by partition.
struct Generators {
    seed: i64,
    by_partition: Mutex<HashMap<usize, Generator>>,
}

impl Generators {
    fn new(seed: i64) -> Self {
        Self { seed, by_partition: Mutex::default() }
    }

    /// Lets `work` draw from the stream of the partition at work.
    fn with<T>(&self, work: impl FnOnce(&mut Generator) -> T) -> T {
        let mut all = self.by_partition.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = partition::current();
        work(all.entry(partition).or_insert_with(|| Generator::new(self.seed.wrapping_add(partition as i64))))
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

fn seed_of(call: &Call<'_>, index: usize) -> Result<i64> {
    Ok(match call.arguments.get(index) {
        None => own_seed(call),
        Some(seed) if seed.data_type == DataType::Null => 0,
        Some(seed) if !seed.data_type.is_integral() => return Err(call.mismatch(index, "BIGINT")),
        Some(_) => call.literal_long(index).ok_or_else(|| call.not_constant(index, "seed", &DataType::Long))?,
    })
}

/// `rand([seed])`, `randn([seed])`
pub fn random(call: Call<'_>, next: fn(&mut Generator) -> f64) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = seed_of(&call, 0)?;
    let generators = Generators::new(seed);
    let kernel = Kernel::new(call.name, &DataType::Double, false, move |columns| {
        generators.with(|generator| primitives::<Float64Type>(columns.rows, |_| Ok(Some(next(generator)))))
    });
    Ok(Typed::new(kernel.identity(seed).volatile().call(vec![]), DataType::Double, false))
}

/// `uuid()`: version 4.
pub fn uuid(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = call.literal_long(0).unwrap_or_else(|| own_seed(&call));
    let generators = Generators::new(seed);
    let kernel = Kernel::new("uuid", &DataType::String, false, move |columns| {
        generators.with(|generator| {
            strings(columns.rows, |_| {
                let mut word = || ((generator.bits(32) as u64) << 32) | generator.bits(32) as u64;
                let (high, low) = (word() & !0xF000 | 0x4000, word() & !(3 << 62) | 2 << 62);
                let hex = format!("{high:016x}{low:016x}");
                Ok(Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])))
            })
        })
    });
    Ok(Typed::new(kernel.identity(seed).volatile().call(vec![]), DataType::String, false))
}

const LETTERS_AND_DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// `randstr(length [, seed])`: letters and digits.
pub fn randstr(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let length = call.literal_long(0).ok_or_else(|| call.not_constant(0, "length", &DataType::Int))?;
    if length < 0 {
        return Err(Error::new("INVALID_PARAMETER_VALUE.LENGTH")
            .with("parameter", "`length`")
            .with("functionName", "`randstr`")
            .with("length", length.to_string()));
    }
    let seed = seed_of(&call, 1)?;
    let generators = Generators::new(seed);
    let kernel = Kernel::new("randstr", &DataType::String, false, move |columns| {
        generators.with(|generator| {
            let mut letter = || {
                let place = (generator.bits(32) as i32 % 62).unsigned_abs() as usize;
                char::from(LETTERS_AND_DIGITS[place])
            };
            strings(columns.rows, |_| Ok(Some((0..length).map(|_| letter()).collect())))
        })
    });
    Ok(Typed::new(kernel.identity(format!("{length} {seed}")).volatile().call(vec![]), DataType::String, false))
}

/// `uniform(least, most [, seed])`: of the numbers' common type.
pub fn between(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    for index in 0..2 {
        if !call.type_of(index).is_numeric() {
            return Err(call.mismatch(index, "NUMERIC"));
        }
    }
    let kind = common_type([call.type_of(0), call.type_of(1)], call.context.ansi).unwrap_or(DataType::Double);
    let bound = |index: usize| -> Result<f64> {
        let number = convert(call.argument(index)?, &DataType::Double, &call.context)?;
        match crate::arguments::literal_of(&number.expr) {
            Some(datafusion::common::ScalarValue::Float64(Some(number))) => Ok(number),
            _ => Err(call.not_constant(index, if index == 0 { "min" } else { "max" }, &kind)),
        }
    };
    let (least, most) = (bound(0)?, bound(1)?);
    let seed = seed_of(&call, 2)?;
    let (generators, returns) = (Generators::new(seed), kind.clone());
    let kernel = Kernel::new("uniform", &kind, false, move |columns| {
        generators.with(|generator| numbers_between(columns, &returns, || least + (most - least) * generator.double()))
    });
    Ok(Typed::new(kernel.identity(format!("{least} {most} {seed}")).volatile().call(vec![]), kind, false))
}

fn numbers_between(columns: &Columns, kind: &DataType, mut next: impl FnMut() -> f64) -> Result<arrow::array::ArrayRef> {
    let rows = columns.rows;
    let whole = match kind {
        DataType::Float => return primitives::<Float32Type>(rows, |_| Ok(Some(next() as f32))),
        DataType::Double => return primitives::<Float64Type>(rows, |_| Ok(Some(next()))),
        DataType::Decimal { precision, scale } => {
            let unit = 10_f64.powi(i32::from(*scale));
            let drawn = primitives::<Decimal128Type>(rows, |_| Ok(Some((next() * unit).round() as i128)))?;
            let drawn = drawn.as_primitive::<Decimal128Type>().clone().with_precision_and_scale(*precision, *scale);
            return Ok(std::sync::Arc::new(drawn.map_err(crate::kernel::from_arrow)?));
        }
        DataType::Long => return primitives::<Int64Type>(rows, |_| Ok(Some(next() as i64))),
        _ => primitives::<Int32Type>(rows, |_| Ok(Some(next() as i32)))?,
    };
    arrow::compute::cast(&whole, &crate::types::to_arrow(kind)).map_err(crate::kernel::from_arrow)
}

/// `spark_partition_id()`
pub fn spark_partition_id(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    let kernel = Kernel::new(call.name, &DataType::Int, false, |columns| {
        primitives::<Int32Type>(columns.rows, |_| Ok(Some(partition::current() as i32)))
    });
    Ok(Typed::new(kernel.volatile().call(vec![]), DataType::Int, false))
}

/// `monotonically_increasing_id()`: the partition in the upper 31 bits, its rows counted below.
pub fn monotonically_increasing_id(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0])?;
    let counted: Mutex<HashMap<usize, i64>> = Mutex::default();
    let kernel = Kernel::new(call.name, &DataType::Long, false, move |columns| {
        let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = partition::current();
        let next = counted.entry(partition).or_insert((partition as i64) << 33);
        primitives::<Int64Type>(columns.rows, |_| {
            *next += 1;
            Ok(Some(*next - 1))
        })
    });
    let own = CALLS.fetch_add(1, Ordering::Relaxed);
    Ok(Typed::new(kernel.identity(own).volatile().call(vec![]), DataType::Long, false))
}
