//! Streams cut into chunks, each compressed on its own, so that readers can begin at any.
//!
//!     bytes ──► 256 KiB ──► [length × 2, + 1 if it did not shrink │ three bytes] [chunk] …

use std::io;

use flate2::Compress;

use super::Stream;

/// A chunk before it is compressed.
pub(super) const CHUNK_BYTES: usize = 256 << 10;
const HEADER_BYTES: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Zlib,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// As postscripts number it.
    pub fn number(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Zlib => 1,
            Self::Snappy => 2,
            Self::Lz4 => 4,
            Self::Zstd => 5,
        }
    }
}

enum Packer {
    None,
    Zlib(Box<Compress>),
    Snappy(Box<snap::raw::Encoder>),
    Lz4,
    Zstd(zstd::bulk::Compressor<'static>),
}

pub(super) struct Chunks {
    codec: Codec,
    packer: Packer,
    scratch: Vec<u8>,
}

impl Chunks {
    pub fn new(codec: Codec) -> io::Result<Self> {
        let packer = match codec {
            Codec::None => Packer::None,
            Codec::Zlib => Packer::Zlib(Box::new(Compress::new(flate2::Compression::default(), false))),
            Codec::Snappy => Packer::Snappy(Box::new(snap::raw::Encoder::new())),
            Codec::Lz4 => Packer::Lz4,
            Codec::Zstd => Packer::Zstd(zstd::bulk::Compressor::new(3)?),
        };
        Ok(Self { codec, packer, scratch: Vec::new() })
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// A stream as it lies in the file, and where each of its chunks begins.
    pub fn pack(&mut self, bytes: &[u8]) -> io::Result<(Vec<u8>, Vec<u64>)> {
        if let Packer::None = self.packer {
            return Ok((bytes.to_vec(), Vec::new()));
        }
        let (mut out, mut starts) = (Vec::with_capacity(bytes.len() / 2), Vec::new());
        for chunk in bytes.chunks(CHUNK_BYTES) {
            starts.push(out.len() as u64);
            self.compress(chunk)?;
            let (kept, is_original) = if self.scratch.len() < chunk.len() { (self.scratch.as_slice(), 0) } else { (chunk, 1) };
            out.extend_from_slice(&((kept.len() as u32) << 1 | is_original).to_le_bytes()[..HEADER_BYTES]);
            out.extend_from_slice(kept);
        }
        Ok((out, starts))
    }

    /// One chunk, into the scratch.
    fn compress(&mut self, chunk: &[u8]) -> io::Result<()> {
        let scratch = &mut self.scratch;
        scratch.clear();
        match &mut self.packer {
            Packer::None => {}
            Packer::Zlib(packer) => {
                packer.reset();
                // What does not fit has not shrunk.
                scratch.reserve(chunk.len() + 64);
                let status = packer.compress_vec(chunk, scratch, flate2::FlushCompress::Finish)?;
                if status != flate2::Status::StreamEnd {
                    scratch.resize(chunk.len(), 0);
                }
            }
            Packer::Snappy(packer) => {
                scratch.resize(snap::raw::max_compress_len(chunk.len()), 0);
                let length = packer.compress(chunk, scratch).map_err(io::Error::other)?;
                scratch.truncate(length);
            }
            Packer::Lz4 => {
                scratch.resize(lz4_flex::block::get_maximum_output_size(chunk.len()), 0);
                let length = lz4_flex::block::compress_into(chunk, scratch).map_err(io::Error::other)?;
                scratch.truncate(length);
            }
            Packer::Zstd(packer) => {
                scratch.reserve(zstd::zstd_safe::compress_bound(chunk.len()));
                packer.compress_to_buffer(chunk, scratch)?;
            }
        }
        Ok(())
    }

    /// How a reader finds the beginning of a row group in a stream.
    pub fn position(&self, stream: &Stream, group: usize, starts: &[u64]) -> Vec<u64> {
        let place = match group.checked_sub(1) {
            None => 0,
            Some(before) => stream.marks.get(before).map_or(stream.bytes.len(), |mark| mark.offset),
        };
        let bits = group.checked_sub(1).and_then(|before| stream.marks.get(before)).map_or(0, |mark| mark.bits);
        let mut found = match self.codec {
            Codec::None => vec![place as u64],
            _ => {
                // The end of the last chunk is the beginning of one that is not there.
                let chunk = (place / CHUNK_BYTES).min(starts.len().saturating_sub(1));
                let start = starts.get(chunk).copied().unwrap_or(0);
                vec![start, (place - chunk * CHUNK_BYTES) as u64]
            }
        };
        // Runs end where groups end; only bits of a byte may go over.
        match stream.coding {
            super::column::Coding::Bytes => {}
            super::column::Coding::Runs => found.push(0),
            super::column::Coding::Bits => found.extend([0, bits]),
        }
        found
    }
}
