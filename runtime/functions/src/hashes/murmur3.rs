//! Murmur3 x86_32 as Spark has it: the last bytes of a text are mixed one at a time, as signed numbers.

use super::column::Hasher;

pub struct Murmur3;

impl Hasher for Murmur3 {
    type Hash = i32;

    fn int(value: i32, seed: i32) -> i32 {
        finish(mix(seed, scramble(value)), 4)
    }

    fn long(value: i64, seed: i32) -> i32 {
        let low = mix(seed, scramble(value as i32));
        finish(mix(low, scramble((value >> 32) as i32)), 8)
    }

    fn bytes(bytes: &[u8], seed: i32) -> i32 {
        let (words, rest) = bytes.as_chunks::<4>();
        let hash = words.iter().fold(seed, |hash, word| mix(hash, scramble(i32::from_le_bytes(*word))));
        let hash = rest.iter().fold(hash, |hash, byte| mix(hash, scramble(i32::from(*byte as i8))));
        finish(hash, bytes.len() as i32)
    }
}

fn scramble(value: i32) -> i32 {
    value.wrapping_mul(0xcc9e_2d51_u32 as i32).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn mix(hash: i32, value: i32) -> i32 {
    (hash ^ value).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64_u32 as i32)
}

fn finish(hash: i32, length: i32) -> i32 {
    let mut hash = (hash ^ length) as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    (hash ^ (hash >> 16)) as i32
}
