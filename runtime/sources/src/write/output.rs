//! A text file on its way to disk, compressed as Hadoop's codecs do.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use emberflow_base::{Error, Exception, Result};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::failed;
use crate::options::SourceOptions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Gzip,
    Deflate,
    Zstd,
}

impl Codec {
    pub fn of(options: &SourceOptions) -> Result<Self> {
        let name = options.any(&["compression", "codec"]).unwrap_or("none").to_lowercase();
        Ok(match name.as_str() {
            "none" | "uncompressed" => Self::None,
            "gzip" | "org.apache.hadoop.io.compress.gzipcodec" => Self::Gzip,
            "deflate" | "org.apache.hadoop.io.compress.deflatecodec" => Self::Deflate,
            "zstd" | "org.apache.hadoop.io.compress.zstandardcodec" => Self::Zstd,
            codec @ ("bzip2" | "lz4" | "snappy") => return Err(Error::unsupported(format!("text files compressed by {codec}"))),
            other => {
                return Err(Error::new("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION")
                    .with("codecName", other)
                    .with("availableCodecs", "bzip2, deflate, uncompressed, snappy, none, lz4, gzip")
                    .exception_class(Exception::IllegalArgument));
            }
        })
    }

    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Deflate => ".deflate",
            Self::Zstd => ".zst",
        }
    }
}

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Deflate(ZlibEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

pub(super) struct Output {
    encoder: Encoder,
    path: PathBuf,
}

impl Output {
    pub fn create(path: &Path, codec: Codec) -> Result<Self> {
        let file = BufWriter::new(File::create(path).map_err(|error| failed(path, &error))?);
        let level = flate2::Compression::default();
        let encoder = match codec {
            Codec::None => Encoder::Plain(file),
            Codec::Gzip => Encoder::Gzip(GzEncoder::new(file, level)),
            Codec::Deflate => Encoder::Deflate(ZlibEncoder::new(file, level)),
            Codec::Zstd => Encoder::Zstd(zstd::stream::write::Encoder::new(file, 0).map_err(|error| failed(path, &error))?),
        };
        Ok(Self { encoder, path: path.to_owned() })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.encoder {
            Encoder::Plain(out) => out.write_all(bytes),
            Encoder::Gzip(out) => out.write_all(bytes),
            Encoder::Deflate(out) => out.write_all(bytes),
            Encoder::Zstd(out) => out.write_all(bytes),
        };
        written.map_err(|error| failed(&self.path, &error))
    }

    pub fn finish(self) -> Result<()> {
        let file = match self.encoder {
            Encoder::Plain(out) => Ok(out),
            Encoder::Gzip(out) => out.finish(),
            Encoder::Deflate(out) => out.finish(),
            Encoder::Zstd(out) => out.finish(),
        };
        let done = file.and_then(|mut file| file.flush().map(|()| file)).and_then(|file| file.get_ref().sync_all());
        done.map_err(|error| failed(&self.path, &error))
    }
}
