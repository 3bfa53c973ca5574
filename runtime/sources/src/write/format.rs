//! Formats that can be written: their options, checked once, and a file of each.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as Arrow, DurationMicrosecondType, Int32Type, Int64Type, IntervalYearMonthType, Schema, SchemaRef, TimeUnit,
};
use arrow_avro::schema::{AVRO_ROOT_RECORD_DEFAULT_NAME, SCHEMA_METADATA_KEY};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use datafusion::parquet::file::metadata::KeyValue;
use datafusion::parquet::file::properties::WriterProperties;
use emberflow_base::{Error, Result};
use emberflow_functions::types::to_arrow_schema;
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructType};

use super::avro::Codec as AvroCodec;
use super::csv::CsvStyle;
use super::json::JsonStyle;
use super::output::{Codec, Output};
use super::{WriteRequest, failed};
use crate::options::refuse_encodings;
use crate::orc::write::{Codec as OrcCodec, OrcWriter};
use crate::parquet::SPARK_SCHEMA;
use crate::read::short_name;

/// One file being written.
pub(super) trait Sink: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;
    /// Ends the file and makes it last.
    fn finish(self: Box<Self>) -> Result<()>;
}

#[derive(Debug)]
pub(super) enum Format {
    Parquet { compression: Compression, ending: &'static str, schema: SchemaRef, spark_schema: String },
    Avro { codec: AvroCodec, schema: SchemaRef, text: String },
    Orc { codec: OrcCodec, ending: &'static str, columns: StructType, schema: SchemaRef },
    Csv { style: Arc<CsvStyle>, codec: Codec },
    Json { style: Arc<JsonStyle>, codec: Codec },
    Text { separator: String, codec: Codec },
}

/// The format a request names, for its columns without the partition columns.
pub(super) fn of(request: &WriteRequest<'_>, partitions: &[usize]) -> Result<Format> {
    let name = short_name(request.format);
    let own = request.schema.fields.iter().enumerate().filter(|(at, _)| !partitions.contains(at));
    let columns = StructType::new(own.map(|(_, field)| field.clone()).collect());
    let options = &request.options;
    match name.as_str() {
        "parquet" => parquet(request, &columns),
        "avro" => avro(request, &columns),
        "orc" => orc(request, columns),
        "csv" => {
            refuse_encodings(options, "CSV")?;
            crate::csv::check_types(&columns)?;
            refuse_types(&columns, "CSV", |kind| matches!(kind, DataType::CalendarInterval))?;
            let style = CsvStyle::of(options, &columns, &request.context)?;
            Ok(Format::Csv { style: Arc::new(style), codec: Codec::of(options)? })
        }
        "json" => {
            refuse_encodings(options, "JSON")?;
            refuse_types(&columns, "JSON", |kind| matches!(kind, DataType::CalendarInterval))?;
            let style = JsonStyle::of(options, &columns, &request.context)?;
            Ok(Format::Json { style: Arc::new(style), codec: Codec::of(options)? })
        }
        "text" => {
            refuse_encodings(options, "text")?;
            crate::text::check(&columns)?;
            let separator = options.get("linesep").unwrap_or("\n").to_owned();
            Ok(Format::Text { separator, codec: Codec::of(options)? })
        }
        "xml" | "jdbc" | "binaryfile" => Err(Error::unsupported(format!("writing {name} files"))),
        _ => Err(Error::new("DATA_SOURCE_NOT_FOUND").with("provider", request.format)),
    }
}

fn no_codec(name: &str, known: &str) -> Error {
    Error::new("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION")
        .with("codecName", name)
        .with("availableCodecs", known)
        .exception_class(emberflow_base::Exception::IllegalArgument)
}

fn parquet(request: &WriteRequest<'_>, columns: &StructType) -> Result<Format> {
    refuse_types(columns, "Parquet", |kind| matches!(kind, DataType::Null | DataType::CalendarInterval))?;
    // Spark hands these on to the library that writes its Parquet files.
    let tuning = |key: &str| key.starts_with("parquet.") && key != "parquet.compression";
    if let Some((key, _)) = request.options.pairs().iter().find(|(key, _)| tuning(key)) {
        return Err(Error::unsupported(format!("the option {key} of Parquet files")));
    }
    let setting = request.context.settings.get("spark.sql.parquet.compression.codec").unwrap_or("snappy");
    let codec = request.options.any(&["compression", "parquet.compression"]).unwrap_or(setting).to_lowercase();
    let (compression, ending) = match codec.as_str() {
        "none" | "uncompressed" => (Compression::UNCOMPRESSED, ".parquet"),
        "snappy" => (Compression::SNAPPY, ".snappy.parquet"),
        "gzip" => (Compression::GZIP(GzipLevel::default()), ".gz.parquet"),
        "zstd" => (Compression::ZSTD(ZstdLevel::default()), ".zstd.parquet"),
        "lz4_raw" => (Compression::LZ4_RAW, ".lz4raw.parquet"),
        codec @ ("lz4" | "brotli" | "lzo") => return Err(Error::unsupported(format!("Parquet files compressed by {codec}"))),
        other => return Err(no_codec(other, "brotli, uncompressed, lzo, snappy, none, lz4_raw, lz4, gzip, zstd")),
    };
    let own = to_arrow_schema(columns);
    let fields = own.fields().iter().map(|field| field.as_ref().clone().with_data_type(stored(field.data_type())));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let spark_schema = emberflow_plan::json::to_json(&DataType::Struct(columns.clone()));
    Ok(Format::Parquet { compression, ending, schema, spark_schema })
}

/// Intervals are stored as the numbers they are; the Spark schema beside them says what they mean.
fn stored(kind: &Arrow) -> Arrow {
    match kind {
        Arrow::Interval(arrow::datatypes::IntervalUnit::YearMonth) => Arrow::Int32,
        Arrow::Duration(TimeUnit::Microsecond) => Arrow::Int64,
        // Spark's readers know times in microseconds.
        Arrow::Time64(_) => Arrow::Time64(TimeUnit::Microsecond),
        other => other.clone(),
    }
}

fn avro(request: &WriteRequest<'_>, columns: &StructType) -> Result<Format> {
    refuse_types(columns, "Avro", |kind| matches!(kind, DataType::Null | DataType::Variant) || kind.is_interval())?;
    let options = &request.options;
    let setting = request.context.settings.get("spark.sql.avro.compression.codec").unwrap_or("snappy");
    let codec = match options.get("compression").unwrap_or(setting).to_lowercase().as_str() {
        "uncompressed" => AvroCodec::None,
        "deflate" => AvroCodec::Deflate,
        "snappy" => AvroCodec::Snappy,
        "zstandard" => AvroCodec::Zstandard,
        codec @ ("bzip2" | "xz") => return Err(Error::unsupported(format!("Avro files compressed by {codec}"))),
        other => return Err(no_codec(other, "uncompressed, snappy, deflate, xz, zstandard, bzip2")),
    };
    let name = options.get("recordname").unwrap_or(AVRO_ROOT_RECORD_DEFAULT_NAME);
    let text = match crate::avro::given_schema(options)? {
        Some(text) => text,
        None => super::avro::schema_text(columns, name, options.get("recordnamespace").unwrap_or_default())?,
    };
    let about = HashMap::from([(SCHEMA_METADATA_KEY.to_owned(), text.clone())]);
    Ok(Format::Avro { codec, schema: Arc::new(to_arrow_schema(columns).with_metadata(about)), text })
}

fn orc(request: &WriteRequest<'_>, columns: StructType) -> Result<Format> {
    crate::orc::check_types(&columns)?;
    // Spark hands these on to the library that writes its ORC files.
    let tuning = |key: &str| key.starts_with("orc.") && key != "orc.compress";
    if let Some((key, _)) = request.options.pairs().iter().find(|(key, _)| tuning(key)) {
        return Err(Error::unsupported(format!("the option {key} of ORC files")));
    }
    let setting = request.context.settings.get("spark.sql.orc.compression.codec").unwrap_or("zstd");
    let codec = request.options.any(&["compression", "orc.compress"]).unwrap_or(setting).to_lowercase();
    let (codec, ending) = match codec.as_str() {
        "none" | "uncompressed" => (OrcCodec::None, ".orc"),
        "snappy" => (OrcCodec::Snappy, ".snappy.orc"),
        "zlib" => (OrcCodec::Zlib, ".zlib.orc"),
        "zstd" => (OrcCodec::Zstd, ".zstd.orc"),
        "lz4" => (OrcCodec::Lz4, ".lz4.orc"),
        codec @ ("lzo" | "brotli") => return Err(Error::unsupported(format!("writing ORC files compressed by {codec}"))),
        other => return Err(no_codec(other, "brotli, uncompressed, lz4, lzo, snappy, zlib, none, zstd")),
    };
    let schema = Arc::new(to_arrow_schema(&columns));
    Ok(Format::Orc { codec, ending, columns, schema })
}

fn refuse_types(columns: &StructType, format: &str, is_refused: fn(&DataType) -> bool) -> Result<()> {
    match columns.fields.iter().find(|field| is_refused(&field.data_type)) {
        None => Ok(()),
        Some(field) => Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
            .with("columnName", quote(&field.name))
            .with("columnType", field.data_type.quoted())
            .with("format", format)),
    }
}

impl Format {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Parquet { .. } => "parquet",
            Self::Avro { .. } => "avro",
            Self::Orc { .. } => "orc",
            Self::Csv { .. } => "csv",
            Self::Json { .. } => "json",
            Self::Text { .. } => "text",
        }
    }

    /// What names of files end in.
    pub fn ending(&self) -> String {
        match self {
            Self::Parquet { ending, .. } | Self::Orc { ending, .. } => (*ending).to_owned(),
            Self::Avro { .. } => ".avro".to_owned(),
            Self::Csv { codec, .. } => format!(".csv{}", codec.ending()),
            Self::Json { codec, .. } => format!(".json{}", codec.ending()),
            Self::Text { codec, .. } => format!(".txt{}", codec.ending()),
        }
    }

    pub fn open(&self, path: &Path) -> Result<Box<dyn Sink>> {
        Ok(match self {
            Self::Parquet { compression, schema, spark_schema, .. } => {
                let properties = WriterProperties::builder()
                    .set_compression(*compression)
                    .set_coerce_types(true)
                    .set_key_value_metadata(Some(vec![KeyValue::new(SPARK_SCHEMA.to_owned(), spark_schema.clone())]))
                    .build();
                let made = ArrowWriter::try_new(create(path)?, Arc::clone(schema), Some(properties));
                let writer = made.map_err(|error| failed(path, &error))?;
                Box::new(ParquetSink { writer, schema: Arc::clone(schema), path: path.to_owned() })
            }
            Self::Avro { codec, schema, text } => super::avro::open(path, create(path)?, schema, text, *codec)?,
            Self::Orc { codec, columns, schema, .. } => {
                let writer = OrcWriter::new(create(path)?, columns, *codec).map_err(|error| failed(path, &error))?;
                Box::new(OrcSink { writer, schema: Arc::clone(schema), path: path.to_owned() })
            }
            Self::Csv { style, codec } => super::csv::open(Arc::clone(style), Output::create(path, *codec)?)?,
            Self::Json { style, codec } => super::json::open(Arc::clone(style), Output::create(path, *codec)?),
            Self::Text { separator, codec } => {
                Box::new(TextSink { separator: separator.clone(), output: Output::create(path, *codec)? })
            }
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| failed(path, &error))
}

/// Columns by position under the names and types of the file.
pub(super) fn stored_batch(batch: &RecordBatch, schema: &SchemaRef, path: &Path) -> Result<RecordBatch> {
    let stored = |(column, field): (&ArrayRef, &Arc<arrow::datatypes::Field>)| match (column.data_type(), field.data_type()) {
        (have, want) if have == want => Ok(Arc::clone(column)),
        (Arrow::Interval(_), Arrow::Int32) => {
            Ok(Arc::new(column.as_primitive::<IntervalYearMonthType>().reinterpret_cast::<Int32Type>()) as ArrayRef)
        }
        (Arrow::Duration(_), Arrow::Int64) => {
            Ok(Arc::new(column.as_primitive::<DurationMicrosecondType>().reinterpret_cast::<Int64Type>()) as ArrayRef)
        }
        (_, want) => cast(column, want),
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(stored).collect::<std::result::Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| failed(path, &error))?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| Error::internal(format!("a batch does not fit the files' schema: {error}")))
}

/// As large as Spark lets a row group become.
const ROW_GROUP_BYTES: usize = 128 << 20;

struct ParquetSink {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
    path: PathBuf,
}

impl Sink for ParquetSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = stored_batch(batch, &self.schema, &self.path)?;
        self.writer.write(&batch).map_err(|error| failed(&self.path, &error))?;
        if self.writer.in_progress_size() >= ROW_GROUP_BYTES {
            self.writer.flush().map_err(|error| failed(&self.path, &error))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { writer, path, .. } = *self;
        let file = writer.into_inner().map_err(|error| failed(&path, &error))?;
        file.sync_all().map_err(|error| failed(&path, &error))
    }
}

struct OrcSink {
    writer: OrcWriter,
    schema: SchemaRef,
    path: PathBuf,
}

impl Sink for OrcSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = stored_batch(batch, &self.schema, &self.path)?;
        self.writer.write(&batch).map_err(|error| failed(&self.path, &error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { writer, path, .. } = *self;
        let file = writer.finish().map_err(|error| failed(&path, &error))?;
        file.sync_all().map_err(|error| failed(&path, &error))
    }
}

struct TextSink {
    separator: String,
    output: Output,
}

impl Sink for TextSink {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let lines = batch.columns().first().and_then(|lines| lines.as_string_opt::<i32>());
        let lines = lines.ok_or_else(|| Error::internal("a text file has a column of strings"))?;
        let mut text = String::with_capacity(lines.values().len() + lines.len());
        for line in lines {
            text.push_str(line.unwrap_or_default());
            text.push_str(&self.separator);
        }
        self.output.write(text.as_bytes())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.output.finish()
    }
}
