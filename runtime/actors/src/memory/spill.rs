//! Rows on disk: Arrow IPC streams in files that belong to DataFusion's disk manager, which bounds and removes them.
//!
//! ```text
//! write ─► SpillFile ─► read          the lane of an exchange: written at one end while it is read at the other
//!              └─ finish ─► Spilled ─► read, read, ...    a part of a join, a kept partition: read from the start, by anyone
//! ```
//!
//! A batch is read only after it was written, so the reading end never meets a half-written message.
//! Not here: when rows go to disk.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use datafusion::common::{DataFusionError, Result, resources_datafusion_err};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::{SpillFile as TempFile, SpillWriter};

/// A file that is being written.
pub(crate) struct SpillFile {
    file: Arc<dyn TempFile>,
    writer: StreamWriter<BufWriter<Box<dyn SpillWriter>>>,
    reader: Option<SpillReader>,
    rows: usize,
}

/// A file that is complete. Removed when the last one that knows it is dropped.
#[derive(Clone)]
pub(crate) struct Spilled {
    file: Arc<dyn TempFile>,
    rows: usize,
}

/// The batches of a file, in the order they were written.
pub(crate) struct SpillReader {
    batches: StreamReader<BufReader<File>>,
    /// The file stays as long as it is read.
    _file: Arc<dyn TempFile>,
}

impl SpillFile {
    /// A new, empty file.
    pub fn create(disk: &Arc<DiskManager>, schema: SchemaRef, why: &str) -> Result<Self> {
        let file = disk.create_tmp_file(why)?;
        let writer = StreamWriter::try_new(BufWriter::new(file.open_writer()?), &schema)?;
        Ok(Self { file, writer, reader: None, rows: 0 })
    }

    /// Appends a batch, so that it can be read.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.append(batch)?;
        Ok(self.writer.flush()?)
    }

    /// Appends a batch that is read only after [`SpillFile::finish`].
    pub fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        Ok(self.writer.write(batch)?)
    }

    /// The next batch that was not read yet.
    pub fn read(&mut self) -> Result<Option<RecordBatch>> {
        if self.reader.is_none() {
            self.reader = Some(SpillReader::open(&self.file)?);
        }
        self.reader.as_mut().and_then(Iterator::next).transpose()
    }

    /// Nothing more will be written.
    pub fn finish(mut self) -> Result<Spilled> {
        self.writer.finish()?;
        self.writer.flush()?;
        Ok(Spilled { file: self.file, rows: self.rows })
    }
}

impl Spilled {
    /// Its batches from the start.
    pub fn read(&self) -> Result<SpillReader> {
        SpillReader::open(&self.file)
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.file.size().unwrap_or(0)
    }
}

impl SpillReader {
    fn open(file: &Arc<dyn TempFile>) -> Result<Self> {
        let path = file.path().ok_or_else(|| resources_datafusion_err!("rows are spilled only to local files"))?;
        let batches = StreamReader::try_new(BufReader::new(File::open(path)?), None)?;
        Ok(Self { batches, _file: file.clone() })
    }
}

impl Iterator for SpillReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.next().map(|batch| batch.map_err(DataFusionError::from))
    }
}

impl std::fmt::Debug for SpillFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpillFile").field("path", &self.file.path()).finish()
    }
}

impl std::fmt::Debug for Spilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spilled").field("path", &self.file.path()).field("rows", &self.rows).finish()
    }
}
