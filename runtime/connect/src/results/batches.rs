//! Batches to `arrow_batch` messages.
//!
//!     engine batch ──► wire types ──► slices (rows, bytes) ──► one IPC stream each ──► chunks, if asked for
//!
//! Each slice is a whole IPC stream: schema, one batch, end. Every batch of a result has the same schema. An empty
//! result still has one batch. Costs one copy into the stream and one into the message.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use emberflow_base::{Error, Result, Settings};
use emberflow_plan::StructType;

use super::convert;
use super::wire::Wire;
use crate::proto::ResultChunkingOptions;
use crate::proto::execute_plan_response::ArrowBatch;

/// Bytes of one batch, estimated: small enough that a few in flight do not matter.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// The least a client may ask for as size of a chunk.
const CHUNK_BYTES_MIN: i64 = 1024;

/// Turns the batches of one result into messages; knows how many rows came before.
pub(crate) struct BatchEncoder {
    schema: SchemaRef,
    rows_max: usize,
    /// Cut streams longer than this; `None`: never.
    chunk_bytes_max: Option<usize>,
    rows_sent: i64,
    any_sent: bool,
}

impl BatchEncoder {
    pub(crate) fn new(schema: &StructType, settings: &Settings, chunking: Option<&ResultChunkingOptions>) -> Self {
        Self {
            schema: Wire::of(settings).schema(schema).into(),
            rows_max: rows_max(settings),
            chunk_bytes_max: chunking.filter(|asked| asked.allow_arrow_batch_chunking).map(|asked| chunk_bytes(asked, settings)),
            rows_sent: 0,
            any_sent: false,
        }
    }

    /// The messages of one batch; none for one without rows.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<ArrowBatch>> {
        let batch = convert::batch(batch, &self.schema)?;
        let mut messages = Vec::new();
        for slice in slices(batch, self.rows_max) {
            messages.extend(self.messages(&slice)?);
        }
        Ok(messages)
    }

    /// What is owed at the end: an empty batch if there was none.
    pub(crate) fn finish(&mut self) -> Result<Vec<ArrowBatch>> {
        if self.any_sent { Ok(Vec::new()) } else { self.messages(&RecordBatch::new_empty(self.schema.clone())) }
    }

    fn messages(&mut self, slice: &RecordBatch) -> Result<Vec<ArrowBatch>> {
        let data = stream(&self.schema, std::slice::from_ref(slice))?;
        let row_count = slice.num_rows() as i64;
        let whole = ArrowBatch { row_count, start_offset: Some(self.rows_sent), ..Default::default() };
        self.rows_sent += row_count;
        self.any_sent = true;
        Ok(match self.chunk_bytes_max {
            Some(most) if data.len() > most => chunks(&whole, &data, most),
            _ => vec![ArrowBatch { data, ..whole }],
        })
    }
}

/// All batches of a small result in one IPC stream.
pub(super) fn one_stream(schema: &StructType, batches: &[RecordBatch], settings: &Settings) -> Result<Bytes> {
    let schema: SchemaRef = Wire::of(settings).schema(schema).into();
    let batches = batches.iter().map(|batch| convert::batch(batch, &schema)).collect::<Result<Vec<_>>>()?;
    stream(&schema, &batches)
}

fn stream(schema: &Schema, batches: &[RecordBatch]) -> Result<Bytes> {
    let written = || {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.into_inner()
    };
    written().map(Bytes::from).map_err(|why: ArrowError| Error::internal(format!("writing a result: {why}")))
}

fn rows_max(settings: &Settings) -> usize {
    match usize::try_from(settings.number("spark.sql.execution.arrow.maxRecordsPerBatch")) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(rows) => rows,
    }
}

fn chunk_bytes(asked: &ResultChunkingOptions, settings: &Settings) -> usize {
    let most = settings.number("spark.connect.session.resultChunking.maxChunkSize").max(CHUNK_BYTES_MIN);
    asked.preferred_arrow_chunk_size.unwrap_or(most).clamp(CHUNK_BYTES_MIN, most) as usize
}

/// Slices of about equal rows that keep both bounds.
fn slices(batch: RecordBatch, rows_max: usize) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    if rows == 0 {
        return Vec::new();
    }
    let by_bytes = (rows * BATCH_BYTES_MAX / bytes_of(&batch).max(1)).max(1);
    let step = rows_max.min(by_bytes);
    if step >= rows {
        return vec![batch];
    }
    (0..rows).step_by(step).map(|start| batch.slice(start, step.min(rows - start))).collect()
}

fn bytes_of(batch: &RecordBatch) -> usize {
    let column = |array: &arrow::array::ArrayRef| {
        array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
    };
    batch.columns().iter().map(column).sum()
}

fn chunks(whole: &ArrowBatch, data: &Bytes, most: usize) -> Vec<ArrowBatch> {
    let count = data.len().div_ceil(most);
    let chunk = |index: usize| ArrowBatch {
        data: data.slice(index * most..data.len().min((index + 1) * most)),
        chunk_index: Some(index as i64),
        num_chunks_in_batch: Some(count as i64),
        ..whole.clone()
    };
    (0..count).map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, ListArray, StringViewArray, StructArray,
        TimestampMicrosecondArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{DataType as Arrow, Field, Fields, Int32Type, TimeUnit};
    use arrow::ipc::reader::StreamReader;
    use emberflow_plan::{DataType, StructField};

    use super::*;

    fn settings() -> Settings {
        let mut settings = Settings::new("Europe/Berlin");
        settings.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1000").unwrap();
        settings
    }

    fn schema(fields: &[(&str, DataType, bool)]) -> StructType {
        StructType::new(fields.iter().map(|(name, kind, null)| StructField::new(*name, kind.clone(), *null)).collect())
    }

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
    }

    fn read(message: &ArrowBatch) -> RecordBatch {
        let mut reader = StreamReader::try_new(message.data.as_ref(), None).unwrap();
        let batch = reader.next().unwrap().unwrap();
        assert!(reader.next().is_none(), "exactly one batch in a stream");
        assert_eq!(batch.num_rows() as i64, message.row_count);
        batch
    }

    #[test]
    fn rows_are_cut_and_counted() {
        let mut encoder = BatchEncoder::new(&schema(&[("id", DataType::Long, false)]), &settings(), None);
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2500));
        let messages = encoder.encode(&batch(vec![("id", ids)])).unwrap();
        assert_eq!(
            messages.iter().map(|m| (m.row_count, m.start_offset.unwrap())).collect::<Vec<_>>(),
            [(1000, 0), (1000, 1000), (500, 2000)]
        );
        assert_eq!(read(&messages[2]).column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0), 2000);
        assert!(!read(&messages[0]).schema().field(0).is_nullable());
        assert!(encoder.finish().unwrap().is_empty());
    }

    #[test]
    fn an_empty_result_has_one_batch_with_the_schema() {
        let mut encoder = BatchEncoder::new(&schema(&[("a", DataType::String, true)]), &settings(), None);
        let messages = encoder.finish().unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].row_count, 0);
        let reader = StreamReader::try_new(messages[0].data.as_ref(), None).unwrap();
        assert_eq!(reader.schema().field(0).data_type(), &Arrow::Utf8);
    }

    #[test]
    fn big_rows_make_small_batches() {
        let mut encoder = BatchEncoder::new(&schema(&[("s", DataType::String, true)]), &settings(), None);
        let text = "x".repeat(1 << 20);
        let column: ArrayRef = Arc::new(arrow::array::StringArray::from_iter_values((0..12).map(|_| text.as_str())));
        let messages = encoder.encode(&batch(vec![("s", column)])).unwrap();
        assert!(messages.len() >= 3, "{}", messages.len());
        assert!(messages.iter().all(|message| message.data.len() <= BATCH_BYTES_MAX + 4096));
        assert_eq!(messages.iter().map(|message| message.row_count).sum::<i64>(), 12);
    }

    #[test]
    fn chunks_repeat_the_counts_and_join_to_the_stream() {
        let asked = ResultChunkingOptions { allow_arrow_batch_chunking: true, preferred_arrow_chunk_size: Some(10) };
        let mut encoder = BatchEncoder::new(&schema(&[("id", DataType::Long, true)]), &settings(), Some(&asked));
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
        let messages = encoder.encode(&batch(vec![("id", ids)])).unwrap();
        let count = messages.len() as i64;
        assert!(count > 2, "{count}");
        for (index, message) in messages.iter().enumerate() {
            assert_eq!(message.chunk_index, Some(index as i64));
            assert_eq!(message.num_chunks_in_batch, Some(count));
            assert_eq!((message.row_count, message.start_offset), (500, Some(0)));
            assert!(message.data.len() <= 1024);
        }
        let data: Vec<u8> = messages.iter().flat_map(|message| message.data.to_vec()).collect();
        read(&ArrowBatch { row_count: 500, data: data.into(), ..Default::default() });
    }

    #[test]
    fn types_are_those_of_the_wire_at_any_depth() {
        let zoned = DataType::Struct(schema(&[("t", DataType::Timestamp, true), ("t", DataType::String, true)]));
        let wanted = schema(&[
            ("view", DataType::String, true),
            ("dictionary", DataType::Varchar(3), true),
            ("rows", DataType::array(zoned, true), true),
        ]);
        let instants: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3]).with_timezone("UTC"));
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["a", "b", "c"]));
        let fields = Fields::from(vec![
            Field::new("t", instants.data_type().clone(), true),
            Field::new("u", texts.data_type().clone(), true),
        ]);
        let pairs: ArrayRef = Arc::new(StructArray::new(fields, vec![instants, texts.clone()], None));
        let item = Arc::new(Field::new("item", pairs.data_type().clone(), true));
        let rows: ArrayRef = Arc::new(ListArray::new(item, OffsetBuffer::new(vec![0, 1, 3, 3].into()), pairs, None));
        let words: DictionaryArray<Int32Type> = vec!["x", "y", "x"].into_iter().collect();
        let source = batch(vec![("view", texts), ("dictionary", Arc::new(words)), ("rows", rows)]);
        let mut encoder = BatchEncoder::new(&wanted, &settings(), None);
        let out = read(&encoder.encode(&source.slice(1, 2)).unwrap()[0]);
        assert_eq!(out.column(0).as_string::<i32>().value(0), "b");
        assert_eq!(out.column(1).as_string::<i32>().value(1), "x");
        let Arrow::List(element) = out.column(2).data_type() else { panic!("a list") };
        assert_eq!(element.name(), "element");
        let Arrow::Struct(inner) = element.data_type() else { panic!("a struct") };
        assert_eq!((inner[0].name().as_str(), inner[1].name().as_str()), ("t_0", "t_1"));
        assert_eq!(inner[0].data_type(), &Arrow::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into())));
        assert_eq!(out.column(2).as_list::<i32>().value(0).len(), 2);
    }

    #[test]
    fn a_null_where_none_is_promised_names_its_column() {
        let mut encoder = BatchEncoder::new(&schema(&[("id", DataType::Int, false)]), &settings(), None);
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
        let why = encoder.encode(&batch(vec![("id", ids)])).unwrap_err();
        assert_eq!(why.condition(), "INTERNAL_ERROR");
        assert!(why.to_string().contains("id"), "{why}");
    }
}
