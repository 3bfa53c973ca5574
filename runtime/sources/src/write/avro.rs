//! Avro files: the container around rows that arrow-avro encodes, and Spark's schema of them.
//!
//!     header (schema, codec, sync) │ rows, bytes, packed rows, sync │ …
//!
//! arrow-avro's own container names records by itself, so that two of one name may meet; here they have Spark's names.
//! A block is a batch. Not here: reading (`crate::avro`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::writer::format::AvroBinaryFormat;
use arrow_avro::writer::{Encoder, WriterBuilder};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructType};
use serde_json::{Value, json};

use super::failed;
use super::format::{Sink, stored_batch};

const MAGIC: &[u8] = b"Obj\x01";
const SYNC_BYTES: usize = 16;

/// How blocks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Deflate,
    Snappy,
    Zstandard,
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::None => "null",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Zstandard => "zstandard",
        }
    }

    fn packed(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::None => Ok(bytes.to_vec()),
            Self::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Snappy => {
                let mut packed = snap::raw::Encoder::new().compress_vec(bytes).map_err(io::Error::other)?;
                let mut check = flate2::Crc::new();
                check.update(bytes);
                packed.extend_from_slice(&check.sum().to_be_bytes());
                Ok(packed)
            }
            Self::Zstandard => zstd::bulk::compress(bytes, 3),
        }
    }
}

pub(super) struct AvroSink {
    encoder: Encoder,
    out: BufWriter<File>,
    codec: Codec,
    sync: [u8; SYNC_BYTES],
    schema: SchemaRef,
    path: PathBuf,
}

/// A file for rows of `schema`, which says in its metadata what it is in Avro's words.
pub(super) fn open(path: &Path, file: File, schema: &SchemaRef, text: &str, codec: Codec) -> Result<Box<dyn Sink>> {
    let made = WriterBuilder::new(schema.as_ref().clone()).build_encoder::<AvroBinaryFormat>();
    let encoder = made.map_err(|error| failed(path, &error))?;
    let mut out = BufWriter::new(file);
    let sync = sync_of(path);
    let mut header = MAGIC.to_vec();
    push_long(2, &mut header);
    for (key, value) in [("avro.schema", text), ("avro.codec", codec.name())] {
        push_bytes(key.as_bytes(), &mut header);
        push_bytes(value.as_bytes(), &mut header);
    }
    push_long(0, &mut header);
    header.extend_from_slice(&sync);
    out.write_all(&header).map_err(|error| failed(path, &error))?;
    Ok(Box::new(AvroSink { encoder, out, codec, sync, schema: SchemaRef::clone(schema), path: path.to_owned() }))
}

/// The mark between blocks: any bytes, other ones in other files.
fn sync_of(path: &Path) -> [u8; SYNC_BYTES] {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut sync = [0; SYNC_BYTES];
    for (half, bytes) in sync.chunks_exact_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (half, path, std::process::id()).hash(&mut hasher);
        bytes.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    sync
}

impl Sink for AvroSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| failed(&self.path, error);
        let batch = stored_batch(batch, &self.schema, &self.path)?;
        self.encoder.encode(&batch).map_err(|error| failed(&error))?;
        let rows = self.encoder.flush();
        let packed = self.codec.packed(rows.bytes()).map_err(|error| failed(&error))?;
        let mut head = Vec::with_capacity(20);
        push_long(rows.len() as i64, &mut head);
        push_long(packed.len() as i64, &mut head);
        let parts = [head.as_slice(), packed.as_slice(), self.sync.as_slice()];
        parts.iter().try_for_each(|part| self.out.write_all(part)).map_err(|error| failed(&error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { out, path, .. } = *self;
        let file = out.into_inner().map_err(|error| failed(&path, error.error()))?;
        file.sync_all().map_err(|error| failed(&path, &error))
    }
}

/// The sign as the lowest bit, seven bits a byte.
fn push_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    push_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// Columns in Avro's words, records and fixed decimals named as Spark names them: by their place.
pub(super) fn schema_text(columns: &StructType, name: &str, namespace: &str) -> Result<String> {
    record(columns, name, namespace).map(|schema| schema.to_string())
}

fn record(columns: &StructType, name: &str, namespace: &str) -> Result<Value> {
    let below = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") };
    let mut fields = Vec::with_capacity(columns.fields.len());
    for field in &columns.fields {
        fields.push(json!({ "name": field.name, "type": nullable(&field.data_type, field.nullable, &field.name, &below)? }));
    }
    let mut made = json!({ "type": "record", "name": name });
    if !namespace.is_empty() {
        made["namespace"] = namespace.into();
    }
    made["fields"] = fields.into();
    Ok(made)
}

fn nullable(data_type: &DataType, is_nullable: bool, name: &str, namespace: &str) -> Result<Value> {
    let own = schema(data_type, name, namespace)?;
    Ok(if is_nullable { json!([own, "null"]) } else { own })
}

fn schema(data_type: &DataType, name: &str, namespace: &str) -> Result<Value> {
    Ok(match data_type {
        DataType::Boolean => json!("boolean"),
        DataType::Byte | DataType::Short | DataType::Int => json!("int"),
        DataType::Long => json!("long"),
        DataType::Float => json!("float"),
        DataType::Double => json!("double"),
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => json!("string"),
        DataType::Binary => json!("bytes"),
        DataType::Date => json!({ "type": "int", "logicalType": "date" }),
        DataType::Timestamp => json!({ "type": "long", "logicalType": "timestamp-micros" }),
        DataType::TimestampNtz => json!({ "type": "long", "logicalType": "local-timestamp-micros" }),
        DataType::Decimal { precision, scale } => json!({
            "type": "fixed", "name": "fixed", "namespace": format!("{namespace}.{name}"), "size": bytes_of(*precision),
            "logicalType": "decimal", "precision": precision, "scale": scale,
        }),
        DataType::Array { element, contains_null } => {
            json!({ "type": "array", "items": nullable(element, *contains_null, name, namespace)? })
        }
        DataType::Map { key, value, value_contains_null } if **key == DataType::String => {
            json!({ "type": "map", "values": nullable(value, *value_contains_null, name, namespace)? })
        }
        DataType::Struct(fields) => record(fields, name, namespace)?,
        DataType::Udt { sql_type, .. } => schema(sql_type, name, namespace)?,
        other => return Err(Error::unsupported(format!("{} in Avro files", other.simple_string()))),
    })
}

/// How many bytes hold every number of so many digits, and its sign.
fn bytes_of(precision: u8) -> u32 {
    let most = 10_i128.checked_pow(u32::from(precision)).map_or(i128::MAX, |bound| bound - 1);
    (129 - most.leading_zeros()).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_their_place() {
        let columns =
            emberflow_plan::ddl::parse_schema("a INT NOT NULL, s STRUCT<p: DECIMAL(2,1)>, l ARRAY<STRUCT<k: INT>>").unwrap();
        let text = schema_text(&columns, "Rec", "a.b").unwrap();
        let expected = r#"{"type":"record","name":"Rec","namespace":"a.b","fields":[{"name":"a","type":"int"},{"name":"s","type":[{"type":"record","name":"s","namespace":"a.b.Rec","fields":[{"name":"p","type":[{"type":"fixed","name":"fixed","namespace":"a.b.Rec.s.p","size":1,"logicalType":"decimal","precision":2,"scale":1},"null"]}]},"null"]},{"name":"l","type":[{"type":"array","items":[{"type":"record","name":"l","namespace":"a.b.Rec","fields":[{"name":"k","type":["int","null"]}]},"null"]},"null"]}]}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn decimals_take_as_few_bytes_as_hold_them() {
        assert_eq!([1, 2, 3, 9, 10, 18, 19, 38].map(bytes_of), [1, 1, 2, 4, 5, 8, 9, 16]);
    }
}
