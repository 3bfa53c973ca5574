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

/// Groups inside groups. Spark's messages have none, but text may look as if it had: a long run of `k`, say.
const GROUPS_MAX: usize = 1 << 20;

/// Stack that one level may take while it is decoded or dropped, in a build without optimisation too. Only what is touched
/// costs memory.
const STACK_PER_LEVEL_BYTES: usize = 16 << 10;

/// Stack that one group may take while it is passed over.
const STACK_PER_GROUP_BYTES: usize = 1 << 10;

/// Stack for everything but the nesting.
const STACK_BASE_BYTES: usize = 1 << 20;

/// Decodes `bytes` and hands the message to `then`; the message is dropped before this returns.
pub(crate) fn read<M: Message + Default, T>(bytes: Bytes, then: impl FnOnce(M) -> Result<T>) -> Result<T> {
    let Nesting { levels, groups } = nesting(&bytes);
    if levels > NESTING_MAX || groups > GROUPS_MAX {
        return Err(cannot_parse(format!("the message is nested more than {NESTING_MAX} levels deep")));
    }
    stacker::grow(STACK_BASE_BYTES + levels * STACK_PER_LEVEL_BYTES + groups * STACK_PER_GROUP_BYTES, || {
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

/// How deep messages and groups lie inside each other.
#[derive(Debug, PartialEq, Eq)]
struct Nesting {
    levels: usize,
    groups: usize,
}

/// What has begun and not ended: a message up to its last byte, or a group within one.
struct Open {
    end: usize,
    is_group: bool,
}

/// An upper bound of the nesting of `bytes`: whatever could be read as a message is counted as one. Where it cannot be
/// read further it is text, and what follows it is read on. Stops counting soon after the most that is allowed.
fn nesting(bytes: &[u8]) -> Nesting {
    let mut open = vec![Open { end: bytes.len(), is_group: false }];
    let mut deepest = Nesting { levels: 1, groups: 0 };
    let mut groups = 0;
    let mut at = 0;
    while let Some(&Open { end, is_group }) = open.last() {
        if deepest.levels > NESTING_MAX || deepest.groups > GROUPS_MAX {
            break;
        }
        let read = if at < end { field(&bytes[..end], at) } else { None };
        match read {
            Some(Field::Scalar { next }) => at = next,
            Some(Field::Block { start, end }) => {
                open.push(Open { end, is_group: false });
                at = start;
            }
            Some(Field::GroupStart { next }) => {
                open.push(Open { end, is_group: true });
                groups += 1;
                at = next;
            }
            Some(Field::GroupEnd { next }) if is_group => {
                open.pop();
                groups -= 1;
                at = next;
            }
            // The end, or text: a group that nobody began does not end the message around it.
            Some(Field::GroupEnd { .. }) | None => {
                at = end;
                open.pop();
                groups -= usize::from(is_group);
            }
        }
        deepest.levels = deepest.levels.max(open.len() - groups);
        deepest.groups = deepest.groups.max(groups);
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
        assert_eq!(nesting(&[]), Nesting { levels: 1, groups: 0 });
        assert_eq!(nesting(&chained(1)).levels, 3);
        assert_eq!(nesting(&chained(10)).levels, 21);
        assert!(nesting("a plain sentence, zzzzzzzzzz\n\n\n\n".as_bytes()).levels < 10);
    }

    #[test]
    fn text_before_a_message_hides_none_of_its_levels() {
        // Every byte of a session id may look like the end of a group that has not begun.
        for id in ["4d4d-44dd", "d", "l,t$", "44444444-dddd-4444-dddd-444444444444", "kkkk4"] {
            let mut request = Vec::new();
            for (number, block) in [(1, id.as_bytes()), (2, &chained(300)[..])] {
                prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut request);
                prost::encoding::encode_varint(block.len() as u64, &mut request);
                request.extend_from_slice(block);
            }
            assert_eq!(nesting(&request).levels, 602, "{id}");
        }
    }

    #[test]
    fn long_texts_are_no_deep_messages() {
        let text = "k".repeat(100_000);
        let read = read::<proto::Sql, _>(Bytes::from(proto::Sql { query: text, ..Default::default() }.encode_to_vec()), |sql| {
            Ok(sql.query.len())
        });
        assert_eq!(read.unwrap(), 100_000);
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
