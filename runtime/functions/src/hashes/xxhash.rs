//! XXH64.

use super::column::Hasher;

pub struct XxHash64;

const P1: u64 = 0x9e37_79b1_85eb_ca87;
const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const P3: u64 = 0x1656_67b1_9e37_79f9;
const P4: u64 = 0x85eb_ca77_c2b2_ae63;
const P5: u64 = 0x27d4_eb2f_1656_67c5;

impl Hasher for XxHash64 {
    type Hash = i64;

    fn int(value: i32, seed: i64) -> i64 {
        finish(four(u64::from(value as u32), (seed as u64).wrapping_add(P5).wrapping_add(4)))
    }

    fn long(value: i64, seed: i64) -> i64 {
        finish(eight(value as u64, (seed as u64).wrapping_add(P5).wrapping_add(8)))
    }

    fn bytes(bytes: &[u8], seed: i64) -> i64 {
        let seed = seed as u64;
        let (blocks, rest) = bytes.as_chunks::<32>();
        let hash = if blocks.is_empty() { seed.wrapping_add(P5) } else { lanes(blocks, seed) };
        let hash = hash.wrapping_add(bytes.len() as u64);
        let (longs, rest) = rest.as_chunks::<8>();
        let hash = longs.iter().fold(hash, |hash, word| eight(u64::from_le_bytes(*word), hash));
        let (words, rest) = rest.as_chunks::<4>();
        let hash = words.iter().fold(hash, |hash, word| four(u64::from(u32::from_le_bytes(*word)), hash));
        let one = |hash: u64, byte: &u8| (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
        finish(rest.iter().fold(hash, one))
    }
}

fn four(value: u64, hash: u64) -> u64 {
    (hash ^ value.wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3)
}

fn eight(value: u64, hash: u64) -> u64 {
    (hash ^ round(0, value)).rotate_left(27).wrapping_mul(P1).wrapping_add(P4)
}

fn round(lane: u64, value: u64) -> u64 {
    lane.wrapping_add(value.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

fn lanes(blocks: &[[u8; 32]], seed: u64) -> u64 {
    let mut lanes = [seed.wrapping_add(P1).wrapping_add(P2), seed.wrapping_add(P2), seed, seed.wrapping_sub(P1)];
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
    let turned = [1, 7, 12, 18].into_iter().zip(lanes).map(|(by, lane)| lane.rotate_left(by)).fold(0, u64::wrapping_add);
    lanes.into_iter().fold(turned, |hash, lane| (hash ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4))
}

fn finish(mut hash: u64) -> i64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    (hash ^ (hash >> 32)) as i64
}
