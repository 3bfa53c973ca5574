//! A lane's overrun on disk: an Arrow IPC stream that is written at one end while it is read at the other.
//!
//! The file belongs to DataFusion's disk manager, which bounds and removes it. A batch is read only after it was
//! written, so the reading end never meets a half-written message.
//!
//! Not here: when a batch goes to disk (`credit`).

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

/// See the module.
pub struct SpillFile {
    file: Arc<dyn TempFile>,
    writer: StreamWriter<BufWriter<Box<dyn SpillWriter>>>,
    reader: Option<StreamReader<BufReader<File>>>,
}

impl SpillFile {
    /// A new, empty file.
    pub fn create(disk: &Arc<DiskManager>, schema: SchemaRef) -> Result<Self> {
        let file = disk.create_tmp_file("exchange overrun")?;
        let writer = StreamWriter::try_new(BufWriter::new(file.open_writer()?), &schema)?;
        Ok(Self { file, writer, reader: None })
    }

    /// Appends a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)?;
        Ok(self.writer.flush()?)
    }

    /// The next batch that was not read yet.
    pub fn read(&mut self) -> Result<Option<RecordBatch>> {
        if self.reader.is_none() {
            self.reader = Some(StreamReader::try_new(BufReader::new(self.open()?), None)?);
        }
        let next = self.reader.as_mut().and_then(Iterator::next);
        next.transpose().map_err(DataFusionError::from)
    }

    fn open(&self) -> Result<File> {
        let path = self.file.path().ok_or_else(|| resources_datafusion_err!("exchanges overrun only to local files"))?;
        Ok(File::open(path)?)
    }
}

impl std::fmt::Debug for SpillFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpillFile").field("path", &self.file.path()).finish()
    }
}
