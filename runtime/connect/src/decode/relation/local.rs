//! Rows that came with the plan, or before it.
//!
//!     LocalRelation ───────────────────────────────────────────┐
//!     CachedLocalRelation ──► block = a LocalRelation ─────────┼──► LocalData { arrow, schema }
//!     ChunkedCachedLocalRelation ──► blocks = IPC streams ─────┘
//!
//! Whoever runs the plan sees only the outcome; hashes end here. Not here: keeping blocks (`session::artifacts`).

use std::sync::Arc;

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use emberflow_base::{Error, Result};
use emberflow_plan::tree::{LocalData, RelationKind};
use emberflow_plan::{DataType, StructField, StructType};

use crate::decode::{Decoder, types};
use crate::deep;
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn local_relation(&self, message: &proto::LocalRelation) -> Result<RelationKind> {
        let arrow = message.data.as_ref().filter(|data| !data.is_empty()).map(|data| Arc::from(data.as_ref()));
        self.local_data(arrow, message.schema.as_deref())
    }

    pub(super) fn cached_local_relation(&self, message: &proto::CachedLocalRelation) -> Result<RelationKind> {
        let block = self.block(&message.hash, "CONNECT_INVALID_PLAN.NOT_FOUND_CACHED_LOCAL_RELATION")?;
        deep::read(block, |relation: proto::LocalRelation| self.local_relation(&relation))
    }

    pub(super) fn chunked_local_relation(&self, message: &proto::ChunkedCachedLocalRelation) -> Result<RelationKind> {
        const MISSING: &str = "CONNECT_INVALID_PLAN.NOT_FOUND_CHUNKED_CACHED_LOCAL_RELATION";
        if message.data_hashes.is_empty() {
            return Err(Error::new("CONNECT_INVALID_PLAN.CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA"));
        }
        let schema = match message.schema_hash.as_deref().filter(|hash| !hash.is_empty()) {
            Some(hash) => Some(text(&self.block(hash, MISSING)?)?),
            None => None,
        };
        let blocks = message.data_hashes.iter().map(|hash| self.block(hash, MISSING)).collect::<Result<Vec<_>>>()?;
        self.local_data(Some(joined(&blocks)?), schema.as_deref())
    }

    fn block(&self, hash: &str, missing: &str) -> Result<Bytes> {
        let not_found = || Error::new(missing).with("hash", hash).with("sessionUUID", self.blocks.session_id());
        self.blocks.block(hash).ok_or_else(not_found)
    }

    fn local_data(&self, arrow: Option<Arc<[u8]>>, schema: Option<&str>) -> Result<RelationKind> {
        let schema = schema.filter(|text| !text.trim().is_empty());
        let schema = schema.map(|text| types::schema_text(text, self.blocks.sql_options())).transpose()?.map(columns);
        if arrow.is_none() && schema.is_none() {
            return Err(Error::new("CONNECT_INVALID_PLAN.SCHEMA_REQUIRED_FOR_LOCAL_RELATION"));
        }
        Ok(RelationKind::LocalData(LocalData { arrow, schema }))
    }
}

/// What is no struct is one column called `value`.
fn columns(data_type: DataType) -> StructType {
    match data_type {
        DataType::Struct(fields) => fields,
        other => StructType::new(vec![StructField::new("value", other, true)]),
    }
}

fn text(block: &Bytes) -> Result<String> {
    String::from_utf8(block.to_vec()).map_err(|why| deep::cannot_parse(format!("the schema is not UTF-8: {why}")))
}

/// Several IPC streams of one schema as one.
fn joined(blocks: &[Bytes]) -> Result<Arc<[u8]>> {
    if let [only] = blocks {
        return Ok(Arc::from(only.as_ref()));
    }
    let unreadable = |why: arrow::error::ArrowError| deep::cannot_parse(format!("local data: {why}"));
    let mut writer: Option<StreamWriter<Vec<u8>>> = None;
    for block in blocks {
        let reader = StreamReader::try_new(block.as_ref(), None).map_err(unreadable)?;
        let mut out = match writer.take() {
            Some(out) => out,
            None => StreamWriter::try_new(Vec::new(), &reader.schema()).map_err(unreadable)?,
        };
        for batch in reader {
            out.write(&batch.map_err(unreadable)?).map_err(unreadable)?;
        }
        writer = Some(out);
    }
    let bytes = writer.map(StreamWriter::into_inner).transpose().map_err(unreadable)?;
    Ok(Arc::from(bytes.unwrap_or_default()))
}
