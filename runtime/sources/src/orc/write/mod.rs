//! An ORC file from batches.
//!
//!     batch ─► [`Column::add`]: streams and statistics, column by column ─► stripe, when enough has gathered ─► file
//!                                        every 10,000 rows a mark, from which readers can go on
//!
//! Encodings are the second version's (`DIRECT_V2`) without dictionaries; numbers in runs (`runs`), chunks compressed on
//! their own (`chunks`). Memory: the encoded stripe, 64 MiB or so.
//! Not here: which columns and codecs can be written (`crate::write::format`).

mod chunks;
mod column;
mod runs;

use std::fs::File;
use std::io::{self, BufWriter, Write};

use arrow::array::{Array, RecordBatch, StructArray};
use emberflow_functions::zones::Zone;
use emberflow_plan::StructType;

pub(crate) use chunks::Codec;

use self::chunks::Chunks;
use self::column::{Column, Stream};
use super::machine_zone;
use super::statistics::Statistics;
use super::tail::{MAGIC, OrcType, PROLEPTIC, StripePlace};
use super::types::flatten;
use super::wire::Message;

/// How a file is divided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// A stripe is written once its streams are this large, before they are compressed.
    pub stripe_bytes: usize,
    /// Readers can begin at every so many rows of a stripe.
    pub group_rows: usize,
}

/// Spark's.
const USUAL: Sizes = Sizes { stripe_bytes: 64 << 20, group_rows: 10_000 };

/// Which version of the format, and whose defects readers have to expect: those of ORC 1.4 and later, that is none.
const FORMAT_VERSION: [u64; 2] = [0, 12];
const WRITER_VERSION: u64 = 9;

pub(crate) struct OrcWriter {
    sizes: Sizes,
    out: BufWriter<File>,
    offset: u64,
    chunks: Chunks,
    types: Vec<OrcType>,
    root: Column,
    zone: &'static (String, Zone),
    /// Rows of the stripe, and of the group that is being gathered.
    rows: u64,
    group_rows: usize,
    stripes: Vec<StripePlace>,
    /// By stripe, then by column.
    statistics: Vec<Vec<Statistics>>,
}

impl OrcWriter {
    pub fn new(file: File, columns: &StructType, codec: Codec) -> io::Result<Self> {
        Self::with_sizes(file, columns, codec, USUAL)
    }

    pub(super) fn with_sizes(file: File, columns: &StructType, codec: Codec, sizes: Sizes) -> io::Result<Self> {
        let types = flatten(columns);
        let zone = machine_zone();
        let root = Column::new(&types, 0, &zone.1);
        let mut out = BufWriter::new(file);
        out.write_all(MAGIC)?;
        let (rows, group_rows, stripes, statistics) = (0, 0, Vec::new(), Vec::new());
        let offset = MAGIC.len() as u64;
        let chunks = Chunks::new(codec)?;
        Ok(Self { sizes, out, offset, chunks, types, root, zone, rows, group_rows, stripes, statistics })
    }

    /// Adds rows; a stripe that has become large enough goes to disk.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let rows = StructArray::from(batch.clone());
        let mut from = 0;
        while from < rows.len() {
            let count = (rows.len() - from).min(self.sizes.group_rows - self.group_rows);
            self.root.add(&rows.slice(from, count))?;
            from += count;
            self.group_rows += count;
            self.rows += count as u64;
            if self.group_rows == self.sizes.group_rows {
                self.root.mark();
                self.group_rows = 0;
                if self.root.bytes() >= self.sizes.stripe_bytes {
                    self.end_stripe()?;
                }
            }
        }
        Ok(())
    }

    fn end_stripe(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        if self.group_rows > 0 {
            self.root.mark();
        }
        let mut columns = Vec::with_capacity(self.types.len());
        self.root.take(&mut columns);
        let (mut index, mut data, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        let mut statistics = Vec::with_capacity(columns.len());
        for (at, column) in columns.into_iter().enumerate() {
            let mut packed = Vec::with_capacity(column.streams.len());
            for stream in &column.streams {
                let (bytes, starts) = self.chunks.pack(&stream.bytes)?;
                listed.push((stream.kind, at as u64, bytes.len() as u64));
                data.push(bytes);
                packed.push((stream, starts));
            }
            let mut whole = Statistics::default();
            let entries = column.groups.iter().enumerate().map(|(group, known)| {
                whole += known;
                let positions = packed.iter().flat_map(|(stream, starts)| self.chunks.position(stream, group, starts));
                Message::default().numbers(1, positions).message(2, &known.encode())
            });
            let entries = Message::default().messages(1, entries.collect::<Vec<_>>());
            index.push(self.chunks.pack(&entries.0)?.0);
            statistics.push(whole);
        }
        let place = StripePlace { offset: self.offset, rows: self.rows, ..StripePlace::default() };
        let index_bytes = self.write_all(&index)?;
        let data_bytes = self.write_all(&data)?;
        let footer = self.stripe_footer(&index, &listed);
        let footer = self.chunks.pack(&footer.0)?.0;
        let footer_bytes = self.write_all(&[footer])?;
        self.stripes.push(StripePlace { index_bytes, data_bytes, footer_bytes, ..place });
        self.statistics.push(statistics);
        (self.rows, self.group_rows) = (0, 0);
        Ok(())
    }

    /// Where the streams lie: those of the index first, then the data's, column after column.
    fn stripe_footer(&self, index: &[Vec<u8>], data: &[(u64, u64, u64)]) -> Message {
        const ROW_INDEX: u64 = 6;
        let index = index.iter().enumerate().map(|(at, bytes)| (ROW_INDEX, at as u64, bytes.len() as u64));
        let streams = index.chain(data.iter().copied());
        let streams =
            streams.map(|(kind, column, length)| Message::default().number(1, kind).number(2, column).number(3, length));
        let encodings = self.types.iter().map(|own| Message::default().number(1, column::encoding(own.kind)));
        Message::default().messages(1, streams.collect::<Vec<_>>()).messages(2, encodings).bytes(3, self.zone.0.as_bytes())
    }

    fn write_all(&mut self, parts: &[Vec<u8>]) -> io::Result<u64> {
        let mut written = 0;
        for part in parts {
            self.out.write_all(part)?;
            written += part.len() as u64;
        }
        self.offset += written;
        Ok(written)
    }

    /// Writes what has gathered and the tail; the file can then be synced.
    pub fn finish(mut self) -> io::Result<File> {
        self.end_stripe()?;
        let content = self.offset;
        let stripes =
            self.statistics.iter().map(|columns| Message::default().messages(1, columns.iter().map(Statistics::encode)));
        let metadata = Message::default().messages(1, stripes.collect::<Vec<_>>());
        let metadata = self.chunks.pack(&metadata.0)?.0;
        let footer = self.footer(content);
        let footer = self.chunks.pack(&footer.0)?.0;
        let end = Message::default()
            .number(1, footer.len() as u64)
            .number(2, self.chunks.codec().number())
            .number(3, chunks::CHUNK_BYTES as u64)
            .numbers(4, FORMAT_VERSION)
            .number(5, metadata.len() as u64)
            .number(6, WRITER_VERSION)
            .bytes(8000, MAGIC);
        let length = vec![end.0.len() as u8];
        self.write_all(&[metadata, footer, end.0, length])?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn footer(&self, content: u64) -> Message {
        let mut whole = vec![Statistics::default(); self.types.len()];
        for stripe in &self.statistics {
            whole.iter_mut().zip(stripe).for_each(|(whole, own)| *whole += own);
        }
        let software = concat!("Emberflow ", env!("CARGO_PKG_VERSION"));
        Message::default()
            .number(1, MAGIC.len() as u64)
            .number(2, content)
            .messages(3, self.stripes.iter().map(StripePlace::encode))
            .messages(4, self.types.iter().map(OrcType::encode))
            .number(6, self.stripes.iter().map(|stripe| stripe.rows).sum())
            .messages(7, whole.iter().map(Statistics::encode))
            .number(8, self.sizes.group_rows as u64)
            .number(11, PROLEPTIC)
            .bytes(12, software.as_bytes())
    }
}

/// Why rows cannot be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    Disk(io::Error),
    /// A value that the format does not hold.
    Value(String),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(out),
            Self::Value(text) => out.write_str(text),
        }
    }
}
