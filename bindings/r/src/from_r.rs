//! R vectors as Arrow arrays, for createDataFrame.
//!
//!     columns ─► types (from the schema, else from the first row) ─► arrays ─► one batch ─► IPC bytes in a LocalRelation
//!
//!     integer ─► int    numeric ─► double    logical ─► boolean    character ─► string    Date, POSIXct ─► their kin
//!     list column: raw ─► binary, list ─► array, environment ─► map, list of class "struct" ─► struct
//!
//! NA of any kind becomes NULL, and so does NaN, as over SparkR's socket. Runs on R's thread.
//! Not here: cells of list columns (`from_r_nested`), argument checks (R). Begin at [`frame_from_columns`].

use std::sync::Arc;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Schema, TimeUnit};
use arrow_ipc::writer::StreamWriter;
use bytes::Bytes;
use emberflow_plan::{DataType, StructField, StructType};
use extendr_api::prelude::*;
use proto::relation::RelType;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result, outcome};
use crate::frame::Frame;
use crate::from_r_nested::{Slot, array_of, infer_slot};
use crate::r_api::{elements, flag, hold, texts, whole};
use crate::session::{Session, session};

const MICROS: f64 = 1e6;
/// Above this the data travel as artifacts, in blocks of about this size, to stay below the limit of one message.
const INLINE_MAX: usize = 32 << 20;

/// A frame of local data in `pieces` partitions. `schema` is NULL or the parallel vectors of a schema.
#[extendr]
fn frame_from_columns(session_handle: Robj, columns: Robj, names: Robj, rows: Robj, schema: Robj, pieces: Robj) -> Robj {
    outcome(|| {
        let session = session(&session_handle)?;
        let vectors = elements(&columns, "data")?;
        let rows = usize::try_from(whole(&rows, "rows")?).unwrap_or_default();
        let wanted = if schema.is_null() { None } else { Some(schema_argument(&schema)?) };
        let natural = natural_schema(&vectors, texts(&names, "names")?, wanted.as_ref())?;
        let batch = batch(&vectors, &natural, rows)?;
        let schema = wanted.unwrap_or(natural);
        let pieces = usize::try_from(whole(&pieces, "numPartitions")?).unwrap_or(1).clamp(1, rows.max(1));
        let bound = |piece: usize| piece * rows / pieces;
        let slices = (0..pieces).map(|piece| batch.slice(bound(piece), bound(piece + 1) - bound(piece)));
        let frames = slices.map(|slice| Ok(Frame::new(session.clone(), local_relation(session, &slice, &schema)?)));
        let whole = one_after_another(frames.collect::<Result<_>>()?)?;
        Ok(hold(if pieces == 1 { whole } else { merged(&whole, pieces) }))
    })
}

/// A server may have cut each piece of local data by itself; neighbours then come together again.
fn merged(frame: &Frame, pieces: usize) -> Frame {
    let num_partitions = i32::try_from(pieces).unwrap_or(i32::MAX);
    frame.derive(|input| RelType::Repartition(Box::new(proto::Repartition { input, num_partitions, shuffle: Some(false) })))
}

/// Frames as one, each a partition of its own. Pairs of pairs keep the plan shallow.
fn one_after_another(mut frames: Vec<Frame>) -> Result<Frame> {
    while frames.len() > 1 {
        let mut joined = Vec::with_capacity(frames.len().div_ceil(2));
        let mut rest = frames.into_iter();
        while let Some(first) = rest.next() {
            joined.push(match rest.next() {
                Some(second) => first.derive_with(&second, union_all),
                None => first,
            });
        }
        frames = joined;
    }
    frames.pop().ok_or_else(|| Failure::internal("local data in no piece"))
}

fn union_all(left_input: Option<Box<proto::Relation>>, right_input: Option<Box<proto::Relation>>) -> RelType {
    RelType::SetOp(Box::new(proto::SetOperation {
        left_input,
        right_input,
        set_op_type: proto::set_operation::SetOpType::Union.into(),
        is_all: Some(true),
        ..Default::default()
    }))
}

/// The schema R keeps as parallel vectors; types it does not know how to spell are left to its DDL.
pub fn schema_argument(schema: &Robj) -> Result<StructType> {
    let field = |name: &str| schema.dollar(name).map_err(Failure::from);
    let nullable: Vec<Robj> = field("nullable")?.as_logical_vector().unwrap_or_default().into_iter().map(Robj::from).collect();
    let nullable: Vec<bool> = nullable.iter().map(|value| flag(value, "nullable")).collect::<Result<_>>()?;
    crate::schema::from_r(texts(&field("names")?, "names")?, &texts(&field("types")?, "types")?, &nullable)
}

/// What the data are by themselves: flat vectors know, list columns follow the schema or their first cell.
fn natural_schema(vectors: &[Robj], names: Vec<String>, wanted: Option<&StructType>) -> Result<StructType> {
    let fields = vectors.iter().zip(names).enumerate().map(|(at, (vector, name))| {
        let given = wanted.and_then(|schema| schema.fields.get(at)).map(|field| &field.data_type);
        let data_type = match (flat_type(vector)?, given) {
            (Some(flat), _) => flat,
            (None, Some(given)) => given.clone(),
            (None, None) => infer_list(vector)?,
        };
        Ok(StructField::new(name, data_type, true))
    });
    Ok(StructType::new(fields.collect::<Result<_>>()?))
}

/// The type of a vector that is not a list.
fn flat_type(vector: &Robj) -> Result<Option<DataType>> {
    refuse_classes(vector)?;
    if vector.inherits("Date") {
        return Ok(Some(DataType::Date));
    }
    if vector.inherits("POSIXct") {
        return Ok(Some(DataType::Timestamp));
    }
    match vector.rtype() {
        Rtype::Logicals => Ok(Some(DataType::Boolean)),
        Rtype::Integers => Ok(Some(DataType::Int)),
        Rtype::Doubles => Ok(Some(DataType::Double)),
        Rtype::Strings => Ok(Some(DataType::String)),
        Rtype::List => Ok(None),
        _ => Err(unsupported(vector)),
    }
}

/// Classes whose numbers do not mean what they say.
pub fn refuse_classes(vector: &Robj) -> Result<()> {
    let refused = ["factor", "difftime", "integer64", "matrix", "POSIXlt"];
    let has_dimensions = vector.get_attrib("dim").is_some();
    if has_dimensions || refused.iter().any(|class| vector.inherits(class)) { Err(unsupported(vector)) } else { Ok(()) }
}

pub fn unsupported(vector: &Robj) -> Failure {
    let class = match vector.class() {
        Some(mut classes) => classes.next().unwrap_or_default().to_owned(),
        None if vector.get_attrib("dim").is_some() => "matrix".to_owned(),
        None => match vector.rtype() {
            Rtype::Complexes => "complex".to_owned(),
            Rtype::Null => "NULL".to_owned(),
            Rtype::Function => "function".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        },
    };
    Failure::usage(format!("Unsupported type for SparkDataFrame: {class}"))
}

fn infer_list(vector: &Robj) -> Result<DataType> {
    let slots = Slot::all_of(vector);
    match slots.iter().find(|slot| !slot.is_nothing()) {
        Some(slot) => infer_slot(slot),
        // Nothing but NULL, or no rows.
        None => Ok(DataType::Boolean),
    }
}

fn batch(vectors: &[Robj], schema: &StructType, rows: usize) -> Result<RecordBatch> {
    let arrays = vectors.iter().zip(&schema.fields).map(|(vector, field)| {
        let array = match vector.rtype() {
            Rtype::List => array_of(&Slot::all_of(vector), &field.data_type),
            _ => flat_array(vector, &field.data_type),
        };
        array.map_err(|failure| in_column(failure, &field.name))
    });
    let arrays: Vec<ArrayRef> = arrays.collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(arrow_fields(schema))), arrays, &options)?)
}

fn in_column(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Usage(text) => Failure::Usage(format!("column `{name}`: {text}")),
        other => other,
    }
}

fn flat_array(vector: &Robj, data_type: &DataType) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from_iter(logicals(vector)?.iter().map(|value| match value {
            value if value.is_na() => None,
            value => Some(value.is_true()),
        }))),
        DataType::Int => {
            Arc::new(Int32Array::from_iter(integers(vector)?.iter().map(|&value| (value != i32::MIN).then_some(value))))
        }
        DataType::Double => Arc::new(Float64Array::from_iter(doubles(vector)?.into_iter().map(present))),
        DataType::Date => Arc::new(Date32Array::from_iter(
            doubles(vector)?.into_iter().map(|value| present(value).map(|days| days.floor() as i32)),
        )),
        DataType::Timestamp => {
            let instants = doubles(vector)?.into_iter().map(|value| present(value).map(micros));
            Arc::new(TimestampMicrosecondArray::from_iter(instants).with_timezone("UTC"))
        }
        _ => strings(vector)?,
    })
}

/// NA and NaN are both NULL.
fn present(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

pub fn micros(seconds: f64) -> i64 {
    (seconds * MICROS).round() as i64
}

fn logicals(vector: &Robj) -> Result<&[Rbool]> {
    vector.as_logical_slice().ok_or_else(|| unsupported(vector))
}

fn integers(vector: &Robj) -> Result<&[i32]> {
    vector.as_integer_slice().ok_or_else(|| unsupported(vector))
}

/// Dates and times may be stored as integers.
pub fn doubles(vector: &Robj) -> Result<Vec<f64>> {
    if let Some(integers) = vector.as_integer_slice() {
        return Ok(integers.iter().map(|&value| if value == i32::MIN { f64::NAN } else { f64::from(value) }).collect());
    }
    Ok(vector.as_real_slice().ok_or_else(|| unsupported(vector))?.to_vec())
}

fn strings(vector: &Robj) -> Result<ArrayRef> {
    let slots = vector.len();
    let mut builder = StringBuilder::with_capacity(slots, slots * 8);
    for slot in Slot::all_of(vector) {
        match slot.text() {
            Some(text) => builder.append_value(text),
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn arrow_fields(schema: &StructType) -> Fields {
    schema.fields.iter().map(|field| Field::new(field.name.clone(), arrow_type(&field.data_type), true)).collect()
}

/// The Arrow type this file builds for a Spark type.
pub fn arrow_type(data_type: &DataType) -> ArrowType {
    match data_type {
        DataType::Boolean => ArrowType::Boolean,
        DataType::Byte => ArrowType::Int8,
        DataType::Short => ArrowType::Int16,
        DataType::Int => ArrowType::Int32,
        DataType::Long => ArrowType::Int64,
        DataType::Float => ArrowType::Float32,
        DataType::Double | DataType::Decimal { .. } => ArrowType::Float64,
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::TimestampNtz => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Binary => ArrowType::Binary,
        DataType::Array { element, .. } => ArrowType::List(Arc::new(Field::new("element", arrow_type(element), true))),
        DataType::Map { key, value, .. } => {
            let entries = vec![Field::new("key", arrow_type(key), false), Field::new("value", arrow_type(value), true)];
            ArrowType::Map(Arc::new(Field::new("entries", ArrowType::Struct(entries.into()), false)), false)
        }
        DataType::Struct(fields) => ArrowType::Struct(arrow_fields(fields)),
        _ => ArrowType::Utf8,
    }
}

fn local_relation(session: &Session, batch: &RecordBatch, schema: &StructType) -> Result<RelType> {
    let ddl = schema.ddl();
    if batch.get_array_memory_size() <= INLINE_MAX {
        let local = proto::LocalRelation { data: Some(ipc(batch)?), schema: Some(ddl) };
        return Ok(RelType::LocalRelation(local));
    }
    let schema_block = block(Bytes::from(ddl));
    let step = (batch.num_rows() * INLINE_MAX / batch.get_array_memory_size()).max(1);
    let mut blocks = Vec::new();
    for start in (0..batch.num_rows()).step_by(step) {
        blocks.push(block(ipc(&batch.slice(start, step.min(batch.num_rows() - start)))?));
    }
    let cached = proto::ChunkedCachedLocalRelation {
        data_hashes: blocks.iter().map(|(hash, _)| hash.clone()).collect(),
        schema_hash: Some(schema_block.0.clone()),
    };
    for (hash, data) in blocks.into_iter().chain([schema_block]) {
        session.upload(vec![(format!("cache/{hash}"), data)])?;
    }
    Ok(RelType::ChunkedCachedLocalRelation(cached))
}

fn block(data: Bytes) -> (String, Bytes) {
    use sha2::Digest;
    let hash: String = sha2::Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
    (hash, data)
}

fn ipc(batch: &RecordBatch) -> Result<Bytes> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    Ok(Bytes::from(writer.into_inner()?))
}

extendr_module! {
    mod from_r;
    fn frame_from_columns;
}
