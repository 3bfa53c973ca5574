//! Facts: which path is which table, how far a task's rows have been applied, and their bytes.
//!
//! ```text
//! n/<container>/<path>                 {"kind":"table","id":7,"schema":{..}}   or {"kind":"stream"}
//! j/<job> 00 task(4, big endian) lane  row(8) milliseconds since 1970(8)
//! id                                   the highest id a table was ever given(8)
//! clock                                the highest version ever written(8)
//! ```
//!
//! Numbers are little endian. A table's record names its generation: to replace a table is to write one record.
//!
//! Not here: items (`codec`), tables that are in use (`table`).

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorName, Result};
use crate::path::TablePath;
use crate::schema::TableSchema;
use crate::storage::{Storage, TableId};

/// Key of the highest id.
pub(crate) const HIGHEST_ID: &[u8] = b"id";
const NAMES: &[u8] = b"n/";
const JOBS: &[u8] = b"j/";

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    Table,
    /// Registered by who keeps streams; the store only keeps tables off its path.
    Stream,
}

/// The record of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    Table { generation: TableId, schema: Option<Arc<TableSchema>> },
    Stream,
}

impl Entry {
    pub fn encode(&self) -> Vec<u8> {
        let mut record = Map::new();
        match self {
            Self::Table { generation, schema } => {
                record.insert("kind".to_owned(), "table".into());
                record.insert("id".to_owned(), (*generation).into());
                if let Some(schema) = schema.as_ref().and_then(|schema| serde_json::from_str(&schema.to_json()).ok()) {
                    record.insert("schema".to_owned(), schema);
                }
            }
            Self::Stream => drop(record.insert("kind".to_owned(), "stream".into())),
        }
        Json::Object(record).to_string().into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let record: Json = serde_json::from_slice(bytes).map_err(|why| corrupt(&why.to_string()))?;
        match (record["kind"].as_str(), record["id"].as_u64()) {
            (Some("table"), Some(generation)) => {
                let schema = record.get("schema").map(|schema| TableSchema::from_json(&schema.to_string()).map(Arc::new));
                Ok(Self::Table { generation, schema: schema.transpose()? })
            }
            (Some("stream"), _) => Ok(Self::Stream),
            _ => Err(corrupt(&record.to_string())),
        }
    }
}

fn corrupt(record: &str) -> Error {
    Error::new(ErrorName::StorageCorrupt, format!("a record of the store's catalog makes no sense: {record}"))
}

/// The key of a path's record.
pub(crate) fn name_key(path: &TablePath) -> Vec<u8> {
    [NAMES, path.container().as_bytes(), b"/", path.path().as_bytes()].concat()
}

/// Every path with its record.
pub(crate) fn entries(storage: &dyn Storage) -> Result<Vec<(TablePath, Entry)>> {
    let read = |(key, value): (Vec<u8>, Vec<u8>)| {
        let text = std::str::from_utf8(&key[NAMES.len()..]).map_err(|why| corrupt(&why.to_string()))?;
        let (container, path) = text.split_once('/').ok_or_else(|| corrupt(text))?;
        Ok((TablePath::new(container, path)?, Entry::decode(&value)?))
    };
    storage.facts(NAMES)?.into_iter().map(read).collect()
}

/// A number among the facts.
pub(crate) fn number(storage: &dyn Storage, key: &[u8]) -> Result<Option<i64>> {
    let bytes = storage.fact(key)?;
    Ok(bytes.and_then(|bytes| bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes))))
}

/// Rows of a task that a lane has applied: all up to `row`.
pub(crate) fn progress_key(job: &str, task: u32, lane: u32) -> Vec<u8> {
    let mut key = job_prefix(job);
    key.extend_from_slice(&task.to_be_bytes());
    key.push(lane as u8);
    key
}

/// What all facts of a job begin with.
pub(crate) fn job_prefix(job: &str) -> Vec<u8> {
    [JOBS, job.as_bytes(), &[0]].concat()
}

pub(crate) fn encode_progress(row: u64, now_ms: i64) -> Vec<u8> {
    [row.to_le_bytes(), now_ms.to_le_bytes()].concat()
}

pub(crate) fn progress(storage: &dyn Storage, key: &[u8]) -> Result<Option<u64>> {
    Ok(number(storage, key)?.map(|row| row as u64))
}

/// Facts of jobs last written before `before_ms`.
pub(crate) fn old_progress(storage: &dyn Storage, before_ms: i64) -> Result<Vec<Vec<u8>>> {
    let written = |value: &[u8]| value.get(8..).and_then(|at| at.first_chunk().map(|at| i64::from_le_bytes(*at)));
    let old = |(key, value): (Vec<u8>, Vec<u8>)| written(&value).is_none_or(|at| at < before_ms).then_some(key);
    Ok(storage.facts(JOBS)?.into_iter().filter_map(old).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Batch, Durability, MemoryStorage};

    #[test]
    fn records_come_back() {
        let storage = MemoryStorage::new();
        let path = |text: &str| TablePath::parse(text, None).unwrap();
        let text = r#"{"fields":[{"name":"id","type":"long","nullable":false}],"key":"id","hashingBucketNum":0}"#;
        let schema = Arc::new(TableSchema::from_json(text).unwrap());
        let entries_written = vec![
            (path("ember://shop/eu/parts"), Entry::Table { generation: 7, schema: Some(schema.clone()) }),
            (path("ember://shop/log"), Entry::Stream),
            (path("ember://shop/plain"), Entry::Table { generation: 8, schema: None }),
        ];
        let mut batch = Batch::default();
        for (path, entry) in &entries_written {
            batch.put_fact(name_key(path), entry.encode());
        }
        batch.put_fact(progress_key("job", 3, 15), encode_progress(41, 1000));
        storage.apply(batch, Durability::Written).unwrap();
        assert_eq!(entries(&storage).unwrap(), entries_written);
        assert_eq!(progress(&storage, &progress_key("job", 3, 15)).unwrap(), Some(41));
        assert_eq!(progress(&storage, &progress_key("job", 3, 14)).unwrap(), None);
        assert_eq!(old_progress(&storage, 1000).unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(old_progress(&storage, 1001).unwrap(), vec![progress_key("job", 3, 15)]);
        assert!(progress_key("job", 3, 15).starts_with(&job_prefix("job")));
    }

    #[test]
    fn a_broken_record_is_an_error() {
        for bytes in [&b""[..], b"{}", b"{\"kind\":\"table\"}", b"[1]"] {
            assert!(Entry::decode(bytes).is_err());
        }
    }
}
