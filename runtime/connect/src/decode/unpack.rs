//! Compressed plans: zstd around a serialized relation or command.

use std::io::Read;

use bytes::Bytes;
use emberflow_base::{Error, Result};

use super::not_set;
use crate::deep;
use crate::proto;
use crate::proto::plan::compressed_operation::OpType as Inside;
use crate::proto::plan::{CompressedOperation, OpType};

/// Bytes a plan may have once decompressed.
const PLAN_BYTES_MAX: u64 = 512 << 20;

/// Hands the plan to `then`, decompressed if need be.
pub(super) fn opened<T>(plan: &proto::Plan, then: impl FnOnce(&proto::Plan) -> Result<T>) -> Result<T> {
    match &plan.op_type {
        Some(OpType::CompressedOperation(packed)) => opened_operation(packed, then),
        _ => then(plan),
    }
}

fn opened_operation<T>(packed: &CompressedOperation, then: impl FnOnce(&proto::Plan) -> Result<T>) -> Result<T> {
    let bytes = decompressed(packed)?;
    match packed.op_type() {
        Inside::Relation => deep::read(bytes, |relation| then(&proto::Plan { op_type: Some(OpType::Root(relation)) })),
        Inside::Command => deep::read(bytes, |command| then(&proto::Plan { op_type: Some(OpType::Command(command)) })),
        Inside::Unspecified => Err(not_set("spark.connect.Plan.CompressedOperation", "op_type")),
    }
}

fn decompressed(packed: &CompressedOperation) -> Result<Bytes> {
    if packed.compression_codec() != proto::CompressionCodec::Zstd {
        return Err(deep::cannot_parse(format!("unknown compression codec {}", packed.compression_codec)));
    }
    let unreadable = |why: std::io::Error| deep::cannot_parse(why.to_string());
    let reader = zstd::stream::read::Decoder::new(packed.data.as_ref()).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells too much from just enough, whatever the frame's header promises.
    reader.take(PLAN_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > PLAN_BYTES_MAX {
        return Err(Error::new("CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX")
            .with("planSize", format!("more than {PLAN_BYTES_MAX}"))
            .with("maxPlanSize", PLAN_BYTES_MAX.to_string()));
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn packed(data: Vec<u8>) -> proto::Plan {
        let packed = CompressedOperation {
            data: data.into(),
            op_type: Inside::Relation as i32,
            compression_codec: proto::CompressionCodec::Zstd as i32,
        };
        proto::Plan { op_type: Some(OpType::CompressedOperation(packed)) }
    }

    #[test]
    fn a_compressed_relation_is_the_relation() {
        let range = proto::relation::RelType::Range(proto::Range { start: Some(1), end: 9, step: 2, num_partitions: None });
        let relation = proto::Relation { common: None, rel_type: Some(range) };
        let plan = packed(zstd::bulk::compress(&relation.encode_to_vec(), 3).unwrap());
        let seen = opened(&plan, |plan| Ok(plan.clone())).unwrap();
        assert_eq!(seen, proto::Plan { op_type: Some(OpType::Root(relation)) });
    }

    #[test]
    fn garbage_cannot_be_parsed() {
        let why = opened(&packed(vec![1, 2, 3]), |_| Ok(())).unwrap_err();
        assert_eq!(why.condition(), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
    }
}
