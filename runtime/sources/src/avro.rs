//! Avro files, decoded by arrow-avro.
//!
//!     file ──► (deflated blocks inflated) ──► arrow-avro: the file's own columns ──► the table's, by name and cast
//!
//! Not here: writing (`write`).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_avro::reader::ReaderBuilder;
use emberflow_base::{Error, Result};
use emberflow_functions::types::{from_arrow_fields, to_arrow_schema};
use emberflow_plan::StructType;

use crate::lines::unreadable;
use crate::listing::DataFile;
use crate::partitions::Partitions;
use crate::read::{Made, ReadRequest, all_nullable, empty};
use crate::rows::{FilePart, RowFormat, Rows, Wanted};
use crate::table::{Reader, table as files_table};

/// Options of Spark's Avro source that would change what is read and are not there yet.
const NOT_YET: &[&str] = &[
    "avroSchema",
    "avroSchemaUrl",
    "mode",
    "positionalFieldMatching",
    "enableStableIdentifiersForUnionType",
    "ignoreCorruptFiles",
];

pub(crate) fn table(request: &ReadRequest<'_>, mut files: Vec<DataFile>) -> Made {
    request.options.refuse("Avro files", NOT_YET)?;
    if !request.options.flag("ignoreextension", true)? {
        files.retain(|file| file.path.extension().is_some_and(|ending| ending == "avro"));
    }
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let schema = match (request.schema, files.first()) {
        (Some(schema), None) => return empty(schema),
        (None, None) => return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "AVRO")),
        (Some(schema), _) => schema.clone(),
        (None, Some(first)) => match request.merges("spark.sql.avro.mergeSchema")? {
            false => file_schema(&first.path)?,
            true => {
                let mut known = StructType::default();
                for file in &files {
                    known = crate::read::merge(&known, &file_schema(&file.path)?)
                        .ok_or_else(|| Error::unsupported("mergeSchema over Avro files whose columns have different types"))?;
                }
                known
            }
        },
    };
    let schema = partitions.without(&schema);
    let format = Avro {
        schema: Arc::new(to_arrow_schema(&all_nullable(&schema))),
        ignores_missing: request.options.flag("ignoremissingfiles", false)?,
    };
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

fn file_schema(path: &Path) -> Result<StructType> {
    let reader = open(path, ReaderBuilder::new())?;
    from_arrow_fields(reader.schema().fields())
}

type Input = BufReader<Box<dyn Read + Send>>;

fn open(path: &Path, builder: ReaderBuilder) -> Result<arrow_avro::reader::Reader<Input>> {
    let failed = |text: String| unreadable(path, &text);
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let input = container::plain(BufReader::new(file)).map_err(|error| failed(error.to_string()))?;
    builder.build(BufReader::new(input)).map_err(|error| failed(error.to_string()))
}

#[derive(Debug)]
struct Avro {
    schema: SchemaRef,
    ignores_missing: bool,
}

impl RowFormat for Avro {
    fn name(&self) -> &'static str {
        "avro"
    }

    fn splits(&self, _path: &Path) -> bool {
        false
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        let (columns, rows) = (wanted.columns, wanted.rows);
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        let fields = Schema::new(columns.iter().map(|column| self.schema.field(*column).clone()).collect::<Vec<_>>());
        let wanted: SchemaRef = Arc::new(fields);
        let path = part.path.clone();
        let own = open(&path, ReaderBuilder::new())?.schema();
        let place = |name: &str| own.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name));
        let mut needed: Vec<usize> = wanted.fields().iter().filter_map(|field| place(field.name())).collect();
        needed.sort_unstable();
        needed.dedup();
        if needed.is_empty() {
            needed.push(0);
        }
        let reader = open(&path, ReaderBuilder::new().with_batch_size(rows).with_projection(needed))?;
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(|error| unreadable(&path, &error.to_string()))?;
            fitted(&batch, &wanted).map_err(|error| unreadable(&path, &error.to_string()))
        })))
    }
}

/// A batch in the columns and types of the table.
fn fitted(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let own = batch.schema();
    let strict = CastOptions { safe: false, ..Default::default() };
    let column = |field: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef, arrow::error::ArrowError> {
        match own.fields().iter().position(|known| known.name().eq_ignore_ascii_case(field.name())) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(at) if batch.column(at).data_type() == field.data_type() => Ok(Arc::clone(batch.column(at))),
            Some(at) => cast_with_options(batch.column(at), field.data_type(), &strict),
        }
    };
    let columns = wanted.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(wanted), columns, &options)
}

/// The container around Avro blocks: deflated ones are inflated on the way.
mod container {
    use std::io::{self, Cursor, Read};

    const SYNC_BYTES: usize = 16;
    const MAGIC: &[u8; 4] = b"Obj\x01";

    /// The same container without deflated blocks.
    pub(super) fn plain(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        let mut magic = [0; 4];
        input.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not an Avro file"));
        }
        let mut pairs = Vec::new();
        loop {
            let mut count = read_long(&mut input)?;
            if count == 0 {
                break;
            }
            if count < 0 {
                read_long(&mut input)?;
                count = -count;
            }
            for _ in 0..count {
                pairs.push((read_bytes(&mut input)?, read_bytes(&mut input)?));
            }
        }
        let mut sync = [0; SYNC_BYTES];
        input.read_exact(&mut sync)?;
        let mut deflated = false;
        for (key, value) in &mut pairs {
            if key == b"avro.codec" && value == b"deflate" {
                deflated = true;
                *value = b"null".to_vec();
            }
        }
        let mut header = MAGIC.to_vec();
        write_long(pairs.len() as i64, &mut header);
        for (key, value) in &pairs {
            write_bytes(key, &mut header);
            write_bytes(value, &mut header);
        }
        if !pairs.is_empty() {
            write_long(0, &mut header);
        }
        header.extend(sync);
        let header = Cursor::new(header);
        Ok(if deflated {
            Box::new(header.chain(Inflated { input, block: Cursor::default() }))
        } else {
            Box::new(header.chain(input))
        })
    }

    /// Blocks whose rows are inflated one block after the other.
    struct Inflated<R> {
        input: R,
        block: Cursor<Vec<u8>>,
    }

    impl<R: Read> Read for Inflated<R> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let read = self.block.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let count = match read_long(&mut self.input) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) => return Err(error),
            };
            let packed = read_bytes(&mut self.input)?;
            let mut rows = Vec::new();
            flate2::read::DeflateDecoder::new(packed.as_slice()).read_to_end(&mut rows)?;
            let mut sync = [0; SYNC_BYTES];
            self.input.read_exact(&mut sync)?;
            let mut block = Vec::with_capacity(rows.len() + SYNC_BYTES + 20);
            write_long(count, &mut block);
            write_bytes(&rows, &mut block);
            block.extend(sync);
            self.block = Cursor::new(block);
            self.block.read(out)
        }
    }

    /// A zigzag number of seven bits a byte.
    fn read_long(input: &mut impl Read) -> io::Result<i64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let mut byte = [0];
            input.read_exact(&mut byte)?;
            value |= u64::from(byte[0] & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte[0] & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
        }
    }

    fn read_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
        let length = u64::try_from(read_long(input)?).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut bytes = Vec::new();
        if input.take(length).read_to_end(&mut bytes)? as u64 == length {
            return Ok(bytes);
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn write_long(value: i64, out: &mut Vec<u8>) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
        write_long(bytes.len() as i64, out);
        out.extend_from_slice(bytes);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn numbers_come_back() {
            for value in [0, 1, -1, 63, -64, 64, 8192, i64::MAX, i64::MIN] {
                let mut bytes = Vec::new();
                write_long(value, &mut bytes);
                assert_eq!(read_long(&mut bytes.as_slice()).unwrap(), value);
            }
        }

        #[test]
        fn deflated_blocks_are_inflated() {
            let mut file = MAGIC.to_vec();
            write_long(1, &mut file);
            write_bytes(b"avro.codec", &mut file);
            write_bytes(b"deflate", &mut file);
            write_long(0, &mut file);
            file.extend([7; SYNC_BYTES]);
            let mut packed = Vec::new();
            flate2::read::DeflateEncoder::new(&b"rows"[..], flate2::Compression::default()).read_to_end(&mut packed).unwrap();
            write_long(3, &mut file);
            write_bytes(&packed, &mut file);
            file.extend([7; SYNC_BYTES]);
            let mut out = Vec::new();
            plain(Cursor::new(file)).unwrap().read_to_end(&mut out).unwrap();
            let text = String::from_utf8_lossy(&out).into_owned();
            assert!(text.contains("null") && text.contains("\u{6}\u{8}rows"), "{text:?}");
        }
    }
}
