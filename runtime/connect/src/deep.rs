//! Messages of any depth, without trusting anyone's stack.
//!
//!     bytes ──► count the nesting (one pass, no recursion) ──► a stack of that size ──► prost decode, walk, drop
//!
//! prost recurses once per level, and two thousand chained `withColumn` calls make four thousand levels. So the nesting
//! is counted first, too deep messages are refused, and everything that recurses over a message happens inside
//! [`read`], on a stack that is known to suffice.
//!
//! Not here: walking trees (`decode` grows its own stack as it goes). Begin at [`read`].

use bytes::Bytes;
use emberflow_base::{Error, Result};
use prost::Message;

/// Levels of messages inside messages. Spark itself stops at 1024.
pub(crate) const NESTING_MAX: usize = 65_536;

/// Stack that one level may take while it is decoded or dropped, in a build without optimisation too. Only what is touched
/// costs memory.
const STACK_PER_LEVEL_BYTES: usize = 16 << 10;

/// Stack for everything but the nesting.
const STACK_BASE_BYTES: usize = 1 << 20;

/// Decodes `bytes` and hands the message to `then`; the message is dropped before this returns.
pub(crate) fn read<M: Message + Default, T>(bytes: Bytes, then: impl FnOnce(M) -> Result<T>) -> Result<T> {
    let levels = nesting(&bytes);
    if levels > NESTING_MAX {
        return Err(cannot_parse(format!("the message is nested more than {NESTING_MAX} levels deep")));
    }
    stacker::grow(STACK_BASE_BYTES + levels * STACK_PER_LEVEL_BYTES, || {
        then(M::decode(bytes).map_err(|why| cannot_parse(why.to_string()))?)
    })
}

/// Runs `walk` with room for one more level of a tree.
pub(crate) fn deeper<T>(walk: impl FnOnce() -> T) -> T {
    const RED_ZONE_BYTES: usize = 64 << 10;
    const SEGMENT_BYTES: usize = 2 << 20;
    stacker::maybe_grow(RED_ZONE_BYTES, SEGMENT_BYTES, walk)
}

pub(crate) fn cannot_parse(why: impl Into<String>) -> Error {
    Error::new("CONNECT_INVALID_PLAN.CANNOT_PARSE").with("errorMsg", why)
}

/// An upper bound of the levels of messages in `bytes`: whatever could be read as a message is counted as one.
/// Stops counting soon after [`NESTING_MAX`].
fn nesting(bytes: &[u8]) -> usize {
    let mut ends = vec![bytes.len()];
    let mut deepest = 1;
    let mut at = 0;
    while let Some(&end) = ends.last() {
        deepest = deepest.max(ends.len());
        if deepest > NESTING_MAX {
            break;
        }
        if at >= end {
            ends.pop();
            continue;
        }
        match field(&bytes[..end], at) {
            Some(Field::Scalar { next }) => at = next,
            Some(Field::Block { start, end }) => {
                ends.push(end);
                at = start;
            }
            Some(Field::GroupStart { next }) => {
                ends.push(end);
                at = next;
            }
            Some(Field::GroupEnd { next }) => {
                ends.pop();
                at = next;
            }
            None => at = end, // text, not a message
        }
    }
    deepest
}

enum Field {
    Scalar { next: usize },
    Block { start: usize, end: usize },
    GroupStart { next: usize },
    GroupEnd { next: usize },
}

/// The field that starts at `at`, if one does.
fn field(bytes: &[u8], at: usize) -> Option<Field> {
    let (tag, next) = varint(bytes, at)?;
    if tag >> 3 == 0 {
        return None;
    }
    match tag & 7 {
        0 => varint(bytes, next).map(|(_, next)| Field::Scalar { next }),
        1 => within(bytes, next + 8),
        2 => {
            let (length, start) = varint(bytes, next)?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            (end <= bytes.len()).then_some(Field::Block { start, end })
        }
        3 => Some(Field::GroupStart { next }),
        4 => Some(Field::GroupEnd { next }),
        5 => within(bytes, next + 4),
        _ => None,
    }
}

fn within(bytes: &[u8], next: usize) -> Option<Field> {
    (next <= bytes.len()).then_some(Field::Scalar { next })
}

fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, at + index + 1));
        }
    }
    None
}

/// The bytes of the top-level message field `number`, as they came; empty if absent.
pub(crate) fn raw_field(bytes: &[u8], number: u64) -> &[u8] {
    let mut at = 0;
    let mut found: &[u8] = &[];
    while let Some((tag, _)) = varint(bytes, at) {
        match field(bytes, at) {
            Some(Field::Block { start, end }) => {
                if tag >> 3 == number {
                    found = &bytes[start..end];
                }
                at = end;
            }
            Some(Field::Scalar { next } | Field::GroupStart { next } | Field::GroupEnd { next }) => at = next,
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;

    fn chained(levels: usize) -> Vec<u8> {
        // Encoding by prost would measure every level again at every level; from the inside out it is linear.
        let mut inner = Vec::new();
        for _ in 0..levels {
            let mut filter = Vec::new();
            prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut filter);
            prost::encoding::encode_varint(inner.len() as u64, &mut filter);
            filter.extend_from_slice(&inner);
            let mut relation = Vec::new();
            prost::encoding::encode_key(4, prost::encoding::WireType::LengthDelimited, &mut relation);
            prost::encoding::encode_varint(filter.len() as u64, &mut relation);
            relation.extend_from_slice(&filter);
            inner = relation;
        }
        inner
    }

    #[test]
    fn nesting_counts_messages_and_stops_at_text() {
        assert_eq!(nesting(&[]), 1);
        assert_eq!(nesting(&chained(1)), 3);
        assert_eq!(nesting(&chained(10)), 21);
        assert!(nesting("a plain sentence, zzzzzzzzzz\n\n\n\n".as_bytes()) < 10);
    }

    #[test]
    fn five_thousand_operators_decode_from_a_small_stack() {
        let bytes = Bytes::from(chained(5000));
        let thread = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || read::<proto::Relation, _>(bytes, |relation| Ok(relation.rel_type.is_some())));
        assert!(thread.unwrap().join().unwrap().unwrap());
    }

    #[test]
    fn what_is_too_deep_is_refused_and_not_a_crash() {
        let groups = Bytes::from(vec![0x0b; 10 << 20]);
        let why = read::<proto::Relation, _>(groups, |_| Ok(())).unwrap_err();
        assert_eq!(why.condition(), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
        let deep = Bytes::from(chained(NESTING_MAX));
        assert!(read::<proto::Relation, _>(deep, |_| Ok(())).is_err());
    }

    #[test]
    fn the_deepest_allowed_message_fits_its_stack() {
        let deep = Bytes::from(chained(NESTING_MAX / 2 - 1));
        assert!(read::<proto::Relation, _>(deep, |_| Ok(())).is_ok());
    }

    #[test]
    fn a_raw_field_is_found_as_it_came() {
        let plan = proto::Plan { op_type: None };
        let request =
            proto::ExecutePlanRequest { session_id: "s".into(), plan: Some(plan), tags: vec!["t".into()], ..Default::default() };
        let bytes = request.encode_to_vec();
        assert_eq!(raw_field(&bytes, 1), b"s");
        assert_eq!(raw_field(&bytes, 7), b"t");
        assert_eq!(raw_field(&bytes, 3), b"");
    }
}
