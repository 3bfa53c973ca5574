//! Lines of text files: a part of a file in blocks of whole lines, whatever separates them and however it is compressed.
//!
//!     part [start, end) ──► bytes ──► decompressed ──► blocks of about a megabyte, cut at line ends ──► UTF-8
//!
//! A line belongs to the part in which it begins. Bytes that are no UTF-8 become U+FFFD, as in Spark.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use emberflow_base::{Error, Result};

use crate::options::SourceOptions;
use crate::paths::file_url;
use crate::rows::FilePart;

/// What ends a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Separator {
    /// `\n`, `\r\n` or `\r`.
    Usual,
    Own(Vec<u8>),
}

impl Separator {
    pub fn of(options: &SourceOptions) -> Result<Self> {
        match options.get("linesep") {
            None => Ok(Self::Usual),
            Some("") => Err(Error::new("INVALID_OPTION").text("The option lineSep cannot be empty.")),
            Some(text) => Ok(Self::Own(text.as_bytes().to_vec())),
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::Usual => 1,
            Self::Own(bytes) => bytes.len() as u64,
        }
    }

    /// The next line end at or after `from`: where the line stops and the next begins. `None`: not in these bytes.
    fn find(&self, bytes: &[u8], from: usize, at_end: bool) -> Option<(usize, usize)> {
        match self {
            Self::Usual => {
                let at = from + memchr::memchr2(b'\n', b'\r', bytes.get(from..)?)?;
                match (bytes[at], bytes.get(at + 1)) {
                    (b'\n', _) => Some((at, at + 1)),
                    (_, Some(b'\n')) => Some((at, at + 2)),
                    (_, None) if !at_end => None,
                    _ => Some((at, at + 1)),
                }
            }
            Self::Own(own) => {
                let at = from + memchr::memmem::find(bytes.get(from..)?, own)?;
                Some((at, at + own.len()))
            }
        }
    }
}

/// Whole lines, and where each lies in the text.
pub(crate) struct Block {
    pub text: String,
    pub lines: Vec<(usize, usize)>,
}

impl Block {
    pub fn line(&self, index: usize) -> &str {
        self.lines.get(index).and_then(|(start, end)| self.text.get(*start..*end)).unwrap_or_default()
    }
}

pub(crate) struct Lines {
    input: Box<dyn Read + Send>,
    separator: Separator,
    carry: Vec<u8>,
    /// Where in the file `carry` begins.
    offset: u64,
    end: u64,
    /// The line being read began before this part.
    skips_first: bool,
    finished: bool,
    path: std::path::PathBuf,
}

const BLOCK_BYTES: u64 = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Lines {
    pub fn open(part: &FilePart, separator: &Separator) -> Result<Self> {
        let failed = |error: std::io::Error| unreadable(&part.path, &error.to_string());
        let mut file = File::open(&part.path).map_err(failed)?;
        let back = if part.start > 0 { separator.length().min(part.start) } else { 0 };
        let offset = part.start - back;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        }
        Ok(Self {
            input: decompressed(file, &part.path)?,
            separator: separator.clone(),
            carry: Vec::new(),
            offset,
            end: part.end,
            skips_first: back > 0,
            finished: false,
            path: part.path.clone(),
        })
    }

    /// The next lines; `None` after the last.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        while !self.finished {
            let (bytes, lines) = self.fill()?;
            if !lines.is_empty() {
                return Ok(Some(block(bytes, lines)));
            }
        }
        Ok(None)
    }

    fn fill(&mut self) -> Result<(Vec<u8>, Vec<(usize, usize)>)> {
        let mut bytes = std::mem::take(&mut self.carry);
        let (mut lines, mut begin, mut searched) = (Vec::new(), 0, 0);
        loop {
            let read = (&mut self.input).take(BLOCK_BYTES).read_to_end(&mut bytes);
            let read = read.map_err(|error| unreadable(&self.path, &error.to_string()))?;
            let at_end = (read as u64) < BLOCK_BYTES;
            if self.offset == 0 && begin == 0 && searched == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
                (begin, searched) = (BYTE_ORDER_MARK.len(), BYTE_ORDER_MARK.len());
            }
            while let Some((stop, next)) = self.separator.find(&bytes, searched, at_end) {
                if !self.take_line(&mut lines, begin, stop) {
                    return Ok((bytes, lines));
                }
                (begin, searched) = (next, next);
            }
            if at_end {
                self.finished = true;
                if begin < bytes.len() {
                    let whole = bytes.len();
                    self.take_line(&mut lines, begin, whole);
                }
                return Ok((bytes, lines));
            }
            if begin > 0 {
                self.carry = bytes.split_off(begin);
                self.offset += begin as u64;
                return Ok((bytes, lines));
            }
            // One line longer than a block: what was searched has no end of line, but may end with half of one.
            searched = bytes.len().saturating_sub(self.separator.length() as usize);
        }
    }

    /// `false`: the line belongs to the next part, and so do all that follow.
    fn take_line(&mut self, lines: &mut Vec<(usize, usize)>, start: usize, stop: usize) -> bool {
        if std::mem::take(&mut self.skips_first) {
            return true;
        }
        if self.offset + start as u64 >= self.end {
            self.finished = true;
            return false;
        }
        lines.push((start, stop));
        true
    }
}

fn block(bytes: Vec<u8>, lines: Vec<(usize, usize)>) -> Block {
    match String::from_utf8(bytes) {
        Ok(text) => Block { text, lines },
        Err(error) => {
            let bytes = error.into_bytes();
            let mut text = String::with_capacity(bytes.len());
            let repaired = lines.into_iter().map(|(start, stop)| {
                let begin = text.len();
                text.push_str(&String::from_utf8_lossy(&bytes[start..stop]));
                (begin, text.len())
            });
            let lines = repaired.collect();
            Block { text, lines }
        }
    }
}

/// The whole of a file as text.
pub(crate) fn whole_text(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    let mut bytes = Vec::new();
    decompressed(File::open(path).map_err(failed)?, path)?.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Names that Hadoop's codecs go by.
fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a file's bytes are its text, so that reading may begin anywhere.
pub(crate) fn is_plain(path: &Path) -> bool {
    !matches!(ending(path).as_str(), "gz" | "deflate" | "zst" | "bz2" | "lz4" | "snappy" | "xz")
}

fn decompressed(file: File, path: &Path) -> Result<Box<dyn Read + Send>> {
    Ok(match ending(path).as_str() {
        "gz" => Box::new(flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file))),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(std::io::BufReader::new(file))),
        "zst" => Box::new(zstd::stream::read::Decoder::new(file).map_err(|error| unreadable(path, &error.to_string()))?),
        codec @ ("bz2" | "lz4" | "snappy" | "xz") => {
            return Err(Error::unsupported(format!("text files compressed as .{codec}")));
        }
        _ => Box::new(file),
    })
}

/// Spark's error about a file that broke while it was read.
pub(crate) fn unreadable(path: &Path, text: &str) -> Error {
    let url = file_url(path);
    Error::new("FAILED_READ_FILE.NO_HINT")
        .with("path", url.clone())
        .text(format!("Encountered an error while reading the file {url}: {text}"))
        .exception_class(emberflow_base::Exception::Spark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &[u8], start: u64, end: u64, separator: &Separator) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, text).unwrap();
        let mut lines = Lines::open(&FilePart { path, start, end }, separator).unwrap();
        let mut found = Vec::new();
        while let Some(block) = lines.next_block().unwrap() {
            found.extend((0..block.lines.len()).map(|index| block.line(index).to_owned()));
        }
        found
    }

    #[test]
    fn every_line_belongs_to_exactly_one_part() {
        for text in ["a\nbb\n\nccc", "a\r\nbb\r\n\r\nccc\r\n", "a\rbb\r\rccc", "\n", ""] {
            let whole = lines_of(text.as_bytes(), 0, u64::MAX, &Separator::Usual);
            for cut in 0..=text.len() as u64 {
                let mut parts = lines_of(text.as_bytes(), 0, cut, &Separator::Usual);
                if cut > 0 {
                    parts.extend(lines_of(text.as_bytes(), cut, u64::MAX, &Separator::Usual));
                } else {
                    parts = whole.clone();
                }
                assert_eq!(parts, whole, "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn own_separators_and_long_lines() {
        assert_eq!(lines_of(b"a||b|c||", 0, u64::MAX, &Separator::Own(b"||".to_vec())), ["a", "b|c"]);
        let long = "x".repeat(3 << 20);
        let text = format!("{long}\nshort\n{long}");
        assert_eq!(lines_of(text.as_bytes(), 0, u64::MAX, &Separator::Usual), [long.as_str(), "short", long.as_str()]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(lines_of(b"\xef\xbb\xbfa\xff\nb", 0, u64::MAX, &Separator::Usual), ["a\u{fffd}", "b"]);
    }
}
