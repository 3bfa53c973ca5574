//! Folders of data files that appear whole or not at all.
//!
//!     start ─► .emberflow-<id>/  ─► write batches ─► finish: files move into the folder, then `_SUCCESS`
//!                                └► drop without finish: the staging folder goes, the old content stays
//!
//! Not here: what a save mode means for tables (`emberflow`).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use emberflow_base::{Error, Result};
use emberflow_plan::StructType;
use emberflow_plan::tree::SaveMode;

use crate::options::SourceOptions;
use crate::paths::shown;

/// Rows on their way into a folder.
pub struct FolderWriter {
    folder: PathBuf,
    staging: PathBuf,
    mode: SaveMode,
    format: Format,
    schema: SchemaRef,
    job: String,
    open: Option<Writer>,
    finished: bool,
}

#[derive(Debug, Clone)]
enum Format {
    Parquet { compression: Compression, suffix: &'static str },
    Csv { header: bool, separator: u8, quote: u8, null_value: String },
}

enum Writer {
    Parquet(Box<ArrowWriter<File>>),
    Csv(Box<arrow::csv::Writer<File>>),
}

impl FolderWriter {
    /// Begins a write. `Ok(None)`: the folder exists and the mode says to leave it.
    pub fn start(
        path: &str,
        format: &str,
        mode: SaveMode,
        schema: &StructType,
        options: &SourceOptions,
        job: &str,
    ) -> Result<Option<Self>> {
        let folder = crate::paths::local(path)?;
        let exists = folder.exists();
        match mode {
            SaveMode::ErrorIfExists if exists => {
                return Err(Error::new("PATH_ALREADY_EXISTS").with("outputPath", shown(&folder)));
            }
            SaveMode::Ignore if exists => return Ok(None),
            _ => {}
        }
        let format = Format::of(format, options)?;
        let parent = folder.parent().unwrap_or(Path::new("/"));
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let staging = parent.join(format!(".{name}.emberflow-{job}"));
        fs::create_dir_all(&staging).map_err(|error| failed(&staging, &error))?;
        let named = emberflow_functions::types::to_arrow_schema(schema);
        let schema = Arc::new(Schema::new(named.fields().clone()));
        Ok(Some(Self { folder, staging, mode, format, schema, job: job.to_owned(), open: None, finished: false }))
    }

    /// Adds rows, whose columns match the schema by position.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), batch.columns().to_vec(), &options)
            .map_err(|error| Error::internal(format!("a batch does not fit the files' schema: {error}")))?;
        let failed = |text: String| Error::new("TASK_WRITE_FAILED").with("path", shown(&self.folder)).text(text);
        let writer = match &mut self.open {
            Some(writer) => writer,
            none => none.insert(open(&self.staging, &self.format, &self.schema, &self.job)?),
        };
        match writer {
            Writer::Parquet(writer) => writer.write(&batch).map_err(|error| failed(error.to_string())),
            Writer::Csv(writer) => writer.write(&batch).map_err(|error| failed(error.to_string())),
        }
    }

    /// Puts the files in place.
    pub fn finish(mut self) -> Result<()> {
        if self.open.is_none() {
            let empty = RecordBatch::new_empty(Arc::clone(&self.schema));
            self.write(&empty)?;
        }
        match self.open.take() {
            Some(Writer::Parquet(writer)) => {
                let file = writer.into_inner().map_err(|error| Error::new("TASK_WRITE_FAILED").text(error.to_string()))?;
                file.sync_all().map_err(|error| failed(&self.staging, &error))?;
            }
            Some(Writer::Csv(writer)) => {
                writer.into_inner().sync_all().map_err(|error| failed(&self.staging, &error))?;
            }
            None => {}
        }
        self.publish().map_err(|error| failed(&self.folder, &error))?;
        self.finished = true;
        Ok(())
    }

    fn publish(&self) -> std::io::Result<()> {
        if self.mode == SaveMode::Append && self.folder.exists() {
            for entry in fs::read_dir(&self.staging)? {
                let entry = entry?;
                fs::rename(entry.path(), self.folder.join(entry.file_name()))?;
            }
            return fs::remove_dir(&self.staging);
        }
        File::create(self.staging.join("_SUCCESS"))?.sync_all()?;
        if !self.folder.exists() {
            return fs::rename(&self.staging, &self.folder);
        }
        // The old content steps aside for an instant; it is removed only once the new one stands.
        let aside = self.staging.with_extension("old");
        fs::rename(&self.folder, &aside)?;
        if let Err(error) = fs::rename(&self.staging, &self.folder) {
            fs::rename(&aside, &self.folder)?;
            return Err(error);
        }
        if aside.is_dir() { fs::remove_dir_all(&aside) } else { fs::remove_file(&aside) }
    }
}

impl Drop for FolderWriter {
    fn drop(&mut self) {
        if !self.finished {
            self.open = None;
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

impl Format {
    fn of(name: &str, options: &SourceOptions) -> Result<Self> {
        match crate::read::short_name(name).as_str() {
            "parquet" => {
                let codec = options.any(&["compression", "parquet.compression"]).unwrap_or("snappy").to_lowercase();
                let (compression, suffix) = match codec.as_str() {
                    "none" | "uncompressed" => (Compression::UNCOMPRESSED, ""),
                    "snappy" => (Compression::SNAPPY, ".snappy"),
                    "gzip" => (Compression::GZIP(GzipLevel::default()), ".gz"),
                    "zstd" => (Compression::ZSTD(ZstdLevel::default()), ".zstd"),
                    "lz4_raw" => (Compression::LZ4_RAW, ".lz4raw"),
                    other => {
                        return Err(Error::new("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION")
                            .with("codecName", other)
                            .with("availableCodecs", "none, uncompressed, snappy, gzip, zstd, lz4_raw"));
                    }
                };
                Ok(Format::Parquet { compression, suffix })
            }
            "csv" => Ok(Format::Csv {
                header: options.flag("header", false)?,
                separator: options.byte(&["sep", "delimiter"], Some(b','))?.unwrap_or(b','),
                quote: options.byte(&["quote"], Some(b'"'))?.unwrap_or(b'"'),
                null_value: options.get("nullvalue").unwrap_or_default().to_owned(),
            }),
            "json" | "orc" | "avro" | "text" | "xml" => Err(Error::unsupported(format!("writing {name} files"))),
            _ => Err(Error::new("DATA_SOURCE_NOT_FOUND").with("provider", name)),
        }
    }
}

fn open(staging: &Path, format: &Format, schema: &SchemaRef, job: &str) -> Result<Writer> {
    let suffix = match format {
        Format::Parquet { suffix, .. } => format!("{suffix}.parquet"),
        Format::Csv { .. } => ".csv".to_owned(),
    };
    let path = staging.join(format!("part-00000-{job}-c000{suffix}"));
    let file = File::create(&path).map_err(|error| failed(&path, &error))?;
    Ok(match format {
        Format::Parquet { compression, .. } => {
            let properties = WriterProperties::builder().set_compression(*compression).build();
            let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))
                .map_err(|error| Error::new("TASK_WRITE_FAILED").with("path", shown(&path)).text(error.to_string()))?;
            Writer::Parquet(Box::new(writer))
        }
        Format::Csv { header, separator, quote, null_value } => Writer::Csv(Box::new(
            arrow::csv::WriterBuilder::new()
                .with_header(*header)
                .with_delimiter(*separator)
                .with_quote(*quote)
                .with_null(null_value.clone())
                .build(file),
        )),
    })
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::new("TASK_WRITE_FAILED").with("path", shown(path)).text(format!("{} cannot be written: {error}", shown(path)))
}
