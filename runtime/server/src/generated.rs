//! A generated table as a Parquet file that appears whole or not at all.
//!
//! Not here: the generators (`tpch`, `tpcds`).

use std::fs::{File, create_dir_all, rename};
use std::path::Path;

use arrow::record_batch::RecordBatchReader;
use emberflow_base::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// A scale is a positive number.
pub fn check_scale(scale: f64) -> Result<()> {
    if scale > 0.0 && scale.is_finite() {
        return Ok(());
    }
    Err(Error::new("INVALID_PARAMETER_VALUE").text(format!("--scale must be positive, not {scale}.")))
}

/// Writes `out/table.parquet`; the folder is made if it is missing.
pub fn write_table(table: &str, rows: Box<dyn RecordBatchReader>, out: &Path) -> Result<()> {
    create_dir_all(out).map_err(|why| failed(out, why))?;
    let unfinished = out.join(format!(".{table}.parquet.unfinished"));
    let file = File::create(&unfinished).map_err(|why| failed(&unfinished, why))?;
    let mut writer = ArrowWriter::try_new_with_options(file, rows.schema(), options()).map_err(|why| failed(&unfinished, why))?;
    for batch in rows {
        let batch = batch.map_err(|why| failed(&unfinished, why))?;
        writer.write(&batch).map_err(|why| failed(&unfinished, why))?;
    }
    writer.close().map_err(|why| failed(&unfinished, why))?;
    rename(&unfinished, out.join(format!("{table}.parquet"))).map_err(|why| failed(out, why))
}

/// Without Arrow's own schema in the file: the generator makes string views, which not every reader knows.
fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

fn failed(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::new("TASK_WRITE_FAILED")
        .with("path", path.display().to_string())
        .text(format!("Writing {} failed: {why}", path.display()))
}
