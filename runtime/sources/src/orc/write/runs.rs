//! Numbers and bytes as runs.
//!
//!     numbers, 512 at most:  short repeat   3 to 10 times the same          (header, value)
//!                            delta          steps that are equal, or of one direction   (header, first, step, steps packed)
//!                            direct         anything                        (header, values packed)
//!     bytes:                 run            3 to 130 times the same         literals     1 to 128 others
//!     bits:                  eight to a byte, highest first, as bytes
//!
//! A run ends whenever [`Runs::flush`] is called, so that readers can begin there.
//! The fourth kind of run, with patches for outliers, is not written: what it saves, compression saves as well.

use super::super::wire::{push_varint, zigzag};

const RUN_MAX: usize = 512;
const REPEAT_MIN: usize = 3;
const REPEAT_MAX: usize = 10;
/// Fewer values with equal steps are not worth a run of their own.
const STEPS_MIN: usize = 8;

/// A stream of numbers.
#[derive(Debug)]
pub(super) struct Runs {
    is_signed: bool,
    pending: Vec<i64>,
    out: Vec<u8>,
}

impl Runs {
    pub fn new(is_signed: bool) -> Self {
        Self { is_signed, pending: Vec::with_capacity(RUN_MAX), out: Vec::new() }
    }

    pub fn push(&mut self, value: i64) {
        self.pending.push(value);
        if self.pending.len() == RUN_MAX {
            self.flush();
        }
    }

    pub fn extend(&mut self, values: impl IntoIterator<Item = i64>) {
        values.into_iter().for_each(|value| self.push(value));
    }

    /// The same value again and again.
    pub fn repeat(&mut self, value: i64, mut times: usize) {
        while times > 0 {
            let count = times.min(RUN_MAX - self.pending.len());
            self.pending.resize(self.pending.len() + count, value);
            times -= count;
            if self.pending.len() == RUN_MAX {
                self.flush();
            }
        }
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Ends the run.
    pub fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        let mut literal = 0;
        // Numbers whose steps are equal make a run, and what stands before them one of another kind.
        while literal < rest.len() {
            let even = even_steps(&rest[literal..]);
            let is_repeat = even >= REPEAT_MIN && rest[literal] == rest[literal + 1];
            if even < STEPS_MIN && !is_repeat {
                // The last value of an even stretch may begin the next.
                literal += even.saturating_sub(1).max(1);
                continue;
            }
            self.uneven(&rest[..literal]);
            let (run, after) = rest[literal..].split_at(even);
            self.even(run);
            rest = after;
            literal = 0;
        }
        self.uneven(rest);
        self.pending = pending;
        self.pending.clear();
    }

    pub fn take(&mut self) -> Vec<u8> {
        self.flush();
        std::mem::take(&mut self.out)
    }

    fn coded(&self, value: i64) -> u64 {
        if self.is_signed { zigzag(value) } else { value as u64 }
    }

    fn header(&mut self, kind: u8, width_code: u8, length: usize) {
        let length = length - 1;
        self.out.extend([kind << 6 | width_code << 1 | (length >> 8) as u8, length as u8]);
    }

    /// Values whose steps are all the same.
    fn even(&mut self, run: &[i64]) {
        let step = run[1].wrapping_sub(run[0]);
        if step == 0 && run.len() <= REPEAT_MAX {
            let value = self.coded(run[0]);
            let bytes = (64 - value.leading_zeros() as usize).div_ceil(8).max(1);
            self.out.push(((bytes - 1) as u8) << 3 | (run.len() - REPEAT_MIN) as u8);
            self.out.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
            return;
        }
        self.header(3, 0, run.len());
        push_varint(self.coded(run[0]), &mut self.out);
        push_varint(zigzag(step), &mut self.out);
    }

    /// Any values: as steps if that takes fewer bits.
    fn uneven(&mut self, run: &[i64]) {
        if run.is_empty() {
            return;
        }
        let width = width_of(run.iter().fold(0, |all, value| all | self.coded(*value)));
        if let Some(step_width) = self.one_way(run).filter(|step_width| *step_width < width) {
            self.header(3, code_of(step_width), run.len());
            push_varint(self.coded(run[0]), &mut self.out);
            push_varint(zigzag(run[1] - run[0]), &mut self.out);
            let steps = run.windows(2).skip(1).map(|pair| pair[1].abs_diff(pair[0]));
            pack(steps, step_width, &mut self.out);
            return;
        }
        self.header(1, code_of(width), run.len());
        let is_signed = self.is_signed;
        let coded = run.iter().map(|value| if is_signed { zigzag(*value) } else { *value as u64 });
        pack(coded, width, &mut self.out);
    }

    /// How many bits the steps of values take that only rise, or only fall; the first step says which.
    fn one_way(&self, run: &[i64]) -> Option<u32> {
        let first = run.get(1)?.checked_sub(run[0])?;
        if first == 0 || run.len() < REPEAT_MIN {
            return None;
        }
        let mut all = 0;
        for pair in run.windows(2) {
            let step = pair[1].checked_sub(pair[0])?;
            if step != 0 && (step < 0) != (first < 0) {
                return None;
            }
            all |= step.unsigned_abs();
        }
        // One bit is the code for steps that are all the same.
        Some(width_of(all).max(2))
    }
}

/// How many values from the first on have the same step.
fn even_steps(values: &[i64]) -> usize {
    let Some(step) = values.get(1).and_then(|second| second.checked_sub(values[0])) else { return values.len().min(1) };
    let is_even = |pair: &&[i64]| pair[1].checked_sub(pair[0]) == Some(step);
    values.windows(2).take_while(is_even).count() + 1
}

/// How many bits values take, up to a number at whose multiples readers are quick.
fn width_of(all: u64) -> u32 {
    match 64 - all.leading_zeros() {
        0 | 1 => 1,
        2 => 2,
        3 | 4 => 4,
        bits => bits.div_ceil(8) * 8,
    }
}

fn code_of(width: u32) -> u8 {
    (match width {
        1..=24 => width - 1,
        32 => 27,
        _ => 28 + (width - 40) / 8,
    }) as u8
}

/// The lowest `width` bits of every value, one after the other, highest first.
fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut held, mut bits) = (0_u128, 0);
    for value in values {
        held = held << width | u128::from(value);
        bits += width;
        while bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    if bits > 0 {
        out.push((held << (8 - bits)) as u8);
    }
}

const BYTE_RUN_MAX: usize = 130;
const LITERALS_MAX: usize = 128;

/// A stream of bytes.
#[derive(Debug, Default)]
pub(super) struct ByteRuns {
    pending: Vec<u8>,
    out: Vec<u8>,
}

impl ByteRuns {
    /// So many bytes wait at most for their runs.
    const PENDING_MAX: usize = 4096;

    pub fn push(&mut self, byte: u8) {
        self.pending.push(byte);
        if self.pending.len() == Self::PENDING_MAX {
            self.flush();
        }
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take(BYTE_RUN_MAX).take_while(|byte| *byte == first).count();
            if same >= REPEAT_MIN {
                self.out.extend([(same - REPEAT_MIN) as u8, *first]);
                rest = &rest[same..];
                continue;
            }
            // Literals go on until three bytes are the same.
            let next = rest.windows(REPEAT_MIN).position(|three| three.iter().all(|byte| *byte == three[0]));
            let count = next.unwrap_or(rest.len()).clamp(1, LITERALS_MAX);
            self.out.push((count as u8).wrapping_neg());
            self.out.extend_from_slice(&rest[..count]);
            rest = &rest[count..];
        }
        self.pending = pending;
        self.pending.clear();
    }

    pub fn take(&mut self) -> Vec<u8> {
        self.flush();
        std::mem::take(&mut self.out)
    }
}

/// A stream of bits.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: ByteRuns,
    held: u8,
    count: u8,
}

impl Bits {
    pub fn push(&mut self, bit: bool) {
        self.held = self.held << 1 | u8::from(bit);
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(self.held);
            self.count = 0;
        }
    }

    /// The same bit again and again.
    pub fn repeat(&mut self, bit: bool, mut times: usize) {
        while times > 0 && (self.count > 0 || times < 8) {
            self.push(bit);
            times -= 1;
        }
        let byte = if bit { 0xff } else { 0 };
        (0..times / 8).for_each(|_| self.bytes.push(byte));
        (0..times % 8).for_each(|_| self.push(bit));
    }

    /// Ends the run before the byte that is being filled, and says how many bits of it there are.
    pub fn mark(&mut self) -> (usize, u64) {
        self.bytes.flush();
        (self.bytes.len(), u64::from(self.count))
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn take(&mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held << (8 - self.count));
            self.count = 0;
        }
        self.bytes.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(is_signed: bool, values: &[i64]) -> Vec<u8> {
        let mut runs = Runs::new(is_signed);
        runs.extend(values.iter().copied());
        runs.take()
    }

    /// The examples of the format's specification.
    #[test]
    fn runs_are_those_of_the_specification() {
        assert_eq!(coded(false, &[10_000; 5]), [0x0a, 0x27, 0x10]);
        assert_eq!(coded(false, &[23_713, 43_806, 57_005, 48_879]), [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef]);
        let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29];
        assert_eq!(coded(false, &primes), [0xc6, 0x09, 0x02, 0x02, 0x22, 0x42, 0x42, 0x46]);
    }

    #[test]
    fn bytes_are_those_of_the_specification() {
        let bytes = |values: &[u8]| {
            let mut runs = ByteRuns::default();
            values.iter().for_each(|byte| runs.push(*byte));
            runs.take()
        };
        assert_eq!(bytes(&[0; 100]), [0x61, 0x00]);
        assert_eq!(bytes(&[0x44, 0x45]), [0xfe, 0x44, 0x45]);
        let mut bits = Bits::default();
        [true, false, false, false, false, false, false, false].iter().for_each(|bit| bits.push(*bit));
        assert_eq!(bits.take(), [0xff, 0x80]);
    }

    #[test]
    fn widths_have_codes() {
        assert_eq!([1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64].map(code_of), [0, 1, 3, 7, 15, 23, 27, 28, 29, 30, 31]);
        assert_eq!([0, 1, 7, 1 << 24, u64::MAX].map(width_of), [1, 1, 4, 32, 64]);
    }
}
