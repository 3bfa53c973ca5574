//! One part of an ORC file into batches.
//!
//!     tail ─► stripes that begin in the part ─► (passed over, if no row can be what filters ask)
//!          ─► row groups that are left ─► orc-rust's decoders, skipping the others ─► columns of the table (`fit`)
//!
//! Decoders see stripes without their writer's time zone: they would turn instants into wall clocks. The columns are made
//! instants in `fit`. What the decoders cannot digest they panic at; a panic becomes the error of a corrupt file here.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use emberflow_base::{Error, Result};
use emberflow_functions::cast::Casting;
use emberflow_functions::types::to_arrow_schema;
use emberflow_functions::zones::Zone;
use emberflow_plan::StructType;
use orc_rust::array_decoder::{ArrayBatchDecoder, array_decoder_factory};
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::ChunkReader;
use orc_rust::reader::metadata::{FileMetadata, read_metadata};
use orc_rust::schema::RootDataType;
use orc_rust::stripe::Stripe;

use super::Broken;
use super::fit::Fit;
use super::prune::{Pruner, Span};
use super::statistics::Statistics;
use super::tail::{FileTail, PostScript, StripeFooter, StripePlace, inflated};
use super::types::decoded_type;
use super::wire::Fields;
use crate::lines::unreadable;
use crate::rows::{FilePart, RowFormat, Rows, Wanted};

/// An ORC file's bytes, footers in other words where the decoders are to see others.
pub(super) struct Source {
    file: File,
    size: u64,
    replaced: HashMap<u64, Bytes>,
}

impl ChunkReader for Source {
    type T = io::BufReader<File>;

    fn len(&self) -> u64 {
        self.size
    }

    fn get_read(&self, offset: u64) -> io::Result<Self::T> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(io::BufReader::new(file))
    }

    fn get_bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        if let Some(bytes) = self.replaced.get(&offset) {
            return Ok(bytes.clone());
        }
        let fits = offset.checked_add(length).is_some_and(|end| end <= self.size);
        let length = usize::try_from(length).ok().filter(|_| fits).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; length];
        read_at(&self.file, &mut bytes, offset)?;
        Ok(bytes.into())
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    io::Read::read_exact(&mut file, bytes)
}

/// An open file whose tail is known.
pub(super) struct OrcFile {
    source: Source,
    pub tail: FileTail,
    metadata: FileMetadata,
}

impl OrcFile {
    pub fn open(path: &Path) -> Result<Self, Broken> {
        let failed = |error: io::Error| Broken::new(&error.to_string());
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut source = Source { file, size, replaced: HashMap::new() };
        let end_bytes = size.min(256);
        let end = source.get_bytes(size - end_bytes, end_bytes).map_err(failed)?;
        let lengths = PostScript::decode(&end, size)?;
        let footer_at = size - lengths.own_bytes - lengths.footer_bytes;
        let footer = source.get_bytes(footer_at, lengths.footer_bytes).map_err(failed)?;
        let metadata_bytes = source.get_bytes(footer_at - lengths.metadata_bytes, lengths.metadata_bytes).map_err(failed)?;
        guarded(|| {
            let metadata = read_metadata(&mut source).map_err(|error| Broken::new(&error.to_string()))?;
            let inflate = |bytes| inflated(bytes, metadata.compression());
            let tail = FileTail::decode(&inflate(footer)?, &inflate(metadata_bytes)?)?;
            Ok(Self { source, tail, metadata })
        })
    }

    fn bytes(&self, offset: u64, length: u64) -> Result<Vec<u8>, Broken> {
        let bytes = self.source.get_bytes(offset, length).map_err(|error| Broken::new(&error.to_string()))?;
        inflated(bytes, self.metadata.compression())
    }

    /// A stripe's footer; from now on the decoders see it without its zone.
    fn stripe_footer(&mut self, place: &StripePlace) -> Result<StripeFooter, Broken> {
        let offset = place.footer_offset(self.source.size)?;
        let bytes = self.bytes(offset, place.footer_bytes)?;
        let bare = StripeFooter::without_zone(&bytes)?;
        let bare = if self.metadata.compression().is_some() { unpacked_chunks(&bare) } else { bare };
        self.source.replaced = HashMap::from([(offset, bare.into())]);
        StripeFooter::decode(&bytes)
    }

    /// What is known of a column's row groups; empty if the stripe does not say.
    fn row_groups(&self, place: &StripePlace, footer: &StripeFooter, column: u64) -> Result<Vec<Option<Statistics>>, Broken> {
        const ROW_INDEX: u64 = 6;
        let (mut offset, mut groups) = (place.offset, Vec::new());
        for (kind, own, length) in &footer.streams {
            if (*kind, *own) == (ROW_INDEX, column) {
                for entry in Fields(&self.bytes(offset, *length)?) {
                    let mut found = None;
                    for field in Fields(entry?.1.bytes()?) {
                        if let (2, value) = field? {
                            found = Statistics::decode(value.bytes()?)?;
                        }
                    }
                    groups.push(found);
                }
            }
            offset = offset.saturating_add(*length);
        }
        Ok(groups)
    }
}

/// Bytes as chunks that are not compressed, each with its length before it.
fn unpacked_chunks(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 3);
    for chunk in bytes.chunks(1 << 20) {
        out.extend_from_slice(&((chunk.len() as u32) << 1 | 1).to_le_bytes()[..3]);
        out.extend_from_slice(chunk);
    }
    out
}

/// `work` of the decoders, whose panics are what a corrupt file makes them do.
fn guarded<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    let ran = catch_unwind(AssertUnwindSafe(work));
    ran.unwrap_or_else(|_| Err(Broken::new("its bytes are not what they should be")))
}

/// ORC files of one table.
#[derive(Debug)]
pub(super) struct Orc {
    pub schema: StructType,
    pub case_sensitive: bool,
    /// Columns are found by their place instead of by their names.
    pub by_position: bool,
    /// Texts of a fixed length are as long as that; where a user gives the schema, they end before their spaces.
    pub pads_chars: bool,
    pub ignores_corrupt: bool,
    pub ignores_missing: bool,
    pub casting: Casting,
}

impl RowFormat for Orc {
    fn name(&self) -> &'static str {
        "orc"
    }

    fn splits(&self, _path: &Path) -> bool {
        true
    }

    fn prunes(&self) -> bool {
        true
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        if std::fs::metadata(&part.path).is_ok_and(|about| about.len() == 0) {
            return Ok(Box::new(std::iter::empty()));
        }
        let ignores_corrupt = self.ignores_corrupt;
        match self.stripes(part, wanted) {
            Ok(stripes) if ignores_corrupt => Ok(Box::new(stripes.take_while(Result::is_ok))),
            Ok(stripes) => Ok(Box::new(stripes)),
            Err(_) if ignores_corrupt => Ok(Box::new(std::iter::empty())),
            Err(error) => Err(error),
        }
    }
}

impl Orc {
    fn stripes(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Stripes> {
        let broken = |why: Broken| unreadable(&part.path, &why.to_string());
        let mut file = OrcFile::open(&part.path).map_err(broken)?;
        if !self.pads_chars {
            file.tail.types.iter_mut().for_each(|own| own.length_max = 0);
        }
        let own = &file.tail.types[0];
        // Hive once named every column by its place.
        let by_position = self.by_position || own.names.iter().all(|name| name.starts_with("_col"));
        let find = |column: usize| -> Option<usize> {
            let name = &self.schema.fields[column].name;
            let same = |known: &String| if self.case_sensitive { known == name } else { known.eq_ignore_ascii_case(name) };
            let at = if by_position { (column < own.names.len()).then_some(column) } else { own.names.iter().position(same) };
            at.and_then(|at| own.children.get(at)).and_then(|child| usize::try_from(*child).ok())
        };
        let fields = wanted.columns.iter().map(|column| self.schema.fields[*column].clone());
        let fields = StructType::new(fields.collect());
        let found: Vec<Option<usize>> = wanted.columns.iter().map(|column| find(*column)).collect();
        let fits = fields.fields.iter().zip(&found).map(|(field, found)| match found {
            None => Ok(None),
            Some(at) => Fit::new(&file.tail, *at, &field.data_type, self.case_sensitive, &self.casting).map(Some),
        });
        let fits = fits.collect::<Result<Vec<_>>>().map_err(|error| unreadable(&part.path, &error.to_string()))?;
        // Each column of the file is decoded once, in the file's order.
        let mut decoded: Vec<usize> = found.iter().flatten().copied().collect();
        decoded.sort_unstable();
        decoded.dedup();
        let root = file.metadata.root_data_type();
        let root = root.project(&ProjectionMask::roots(root, decoded.iter().copied()));
        let pruner = Pruner::of(wanted, &self.schema, &find, &file.tail, &self.casting.zone);
        let mut queue: VecDeque<usize> =
            (0..file.tail.stripes.len()).filter(|at| (part.start..part.end).contains(&file.tail.stripes[*at].offset)).collect();
        if let Some(pruner) = &pruner {
            let keep = pruner.stripes(&file.tail);
            queue.retain(|at| keep.get(*at).copied().unwrap_or(true));
        }
        Ok(Stripes {
            schema: Arc::new(to_arrow_schema(&fields)),
            path: part.path.clone(),
            rows: wanted.rows.max(1),
            local: self.casting.zone.clone(),
            file,
            queue,
            root,
            decoded,
            found,
            fits,
            pruner,
            open: None,
        })
    }
}

struct Stripes {
    path: PathBuf,
    file: OrcFile,
    queue: VecDeque<usize>,
    /// The columns that are decoded, and what the wanted ones are made of.
    root: RootDataType,
    decoded: Vec<usize>,
    found: Vec<Option<usize>>,
    fits: Vec<Option<Fit>>,
    pruner: Option<Pruner>,
    schema: SchemaRef,
    rows: usize,
    local: Zone,
    open: Option<Open>,
}

/// A stripe being decoded.
struct Open {
    decoders: Vec<Box<dyn ArrayBatchDecoder>>,
    /// Rows to pass over, rows to read.
    spans: VecDeque<Span>,
    zone: Option<Zone>,
}

impl Iterator for Stripes {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = guarded(|| self.advance()).transpose()?;
        if next.is_err() {
            self.queue.clear();
            self.open = None;
        }
        Some(next.map_err(|why| unreadable(&self.path, &why.to_string())))
    }
}

impl Stripes {
    fn advance(&mut self) -> Result<Option<RecordBatch>, Broken> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(arrays) = open.next(self.rows)? {
                    let zone = open.zone.clone();
                    return self.batch(&arrays.0, arrays.1, zone.as_ref()).map(Some);
                }
                self.open = None;
            }
            let Some(stripe) = self.queue.pop_front() else { return Ok(None) };
            self.open = self.open_stripe(stripe)?;
        }
    }

    fn open_stripe(&mut self, at: usize) -> Result<Option<Open>, Broken> {
        let place = self.file.tail.stripes[at];
        let rows = usize::try_from(place.rows).map_err(|_| Broken::new("a stripe has too many rows"))?;
        let whole = VecDeque::from([Span { skip: 0, take: rows }]);
        if self.decoded.is_empty() && self.pruner.is_none() {
            return Ok(Some(Open { decoders: Vec::new(), spans: whole, zone: None }));
        }
        let footer = self.file.stripe_footer(&place)?;
        let spans = match &self.pruner {
            None => whole,
            Some(pruner) => {
                let file = &self.file;
                pruner.row_groups(&file.tail, rows, |column| file.row_groups(&place, &footer, column))?
            }
        };
        if spans.is_empty() {
            return Ok(None);
        }
        let zone = match footer.zone.as_deref().map(|name| (name, Zone::find(name))) {
            None => None,
            Some((_, Some(zone))) => Some(zone),
            Some((name, None)) => return Err(Broken::new(&format!("its time zone {name} is not known"))),
        };
        let failed = |error: orc_rust::error::OrcError| Broken::new(&error.to_string());
        let about = self.file.metadata.stripe_metadatas().get(at).cloned();
        let about = about.ok_or_else(|| Broken::new("its footer does not list its stripes"))?;
        let stripe = Stripe::new(&mut self.file.source, &self.file.metadata, &self.root, &about).map_err(failed)?;
        let mut decoders = Vec::with_capacity(self.decoded.len());
        for (column, own) in stripe.columns().iter().zip(&self.decoded) {
            let kind = decoded_type(&self.file.tail.types, *own).map_err(|error| Broken::new(&error.to_string()))?;
            decoders.push(array_decoder_factory(column, &kind, &stripe).map_err(failed)?);
        }
        Ok(Some(Open { decoders, spans, zone }))
    }

    /// The table's columns from the file's.
    fn batch(&self, arrays: &[ArrayRef], rows: usize, zone: Option<&Zone>) -> Result<RecordBatch, Broken> {
        let failed = |error: Error| Broken::new(&error.to_string());
        let mut columns = Vec::with_capacity(self.fits.len());
        for ((found, fit), field) in self.found.iter().zip(&self.fits).zip(self.schema.fields()) {
            let decoded = found.and_then(|own| self.decoded.iter().position(|known| *known == own));
            columns.push(match (decoded.and_then(|at| arrays.get(at)), fit) {
                (Some(array), Some(fit)) => fit.apply(array, zone, &self.local).map_err(failed)?,
                _ => new_null_array(field.data_type(), rows),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| Broken::new(&error.to_string()))
    }
}

impl Open {
    /// The next rows of every column, and how many they are.
    fn next(&mut self, rows_max: usize) -> Result<Option<(Vec<ArrayRef>, usize)>, Broken> {
        let failed = |error: orc_rust::error::OrcError| Broken::new(&error.to_string());
        let Some(span) = self.spans.front_mut() else { return Ok(None) };
        let skip = std::mem::take(&mut span.skip);
        let rows = span.take.min(rows_max);
        span.take -= rows;
        if span.take == 0 {
            self.spans.pop_front();
        }
        let mut arrays = Vec::with_capacity(self.decoders.len());
        for decoder in &mut self.decoders {
            if skip > 0 {
                decoder.skip_values(skip, None).map_err(failed)?;
            }
            let array = decoder.next_batch(rows, None).map_err(failed)?;
            if array.len() != rows {
                return Err(Broken::new("a column has fewer rows than its stripe"));
            }
            arrays.push(array);
        }
        Ok(Some((arrays, rows)))
    }
}
