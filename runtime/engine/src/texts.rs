//! Texts that are read as a file's lines: a file of their own, for as long as it is read.
//!
//! Each text is a line, whatever stands in it: lines end in a sign that texts do not hold.
//! Not here: what the formats make of lines (`emberflow-sources`).

use std::io::Write as _;
use std::path::PathBuf;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::Options;

/// The record separator of ASCII, which no CSV and no JSON may hold as it is.
const END: char = '\u{1e}';

/// The file; dropping it removes it.
pub(crate) struct Lines(PathBuf);

impl Lines {
    pub fn write(format: &str, options: &Options, texts: Vec<String>) -> Result<Self> {
        let is_set =
            |name: &str| options.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && value.eq_ignore_ascii_case("true"));
        // Every line like the first one is a header, as many files have been put together.
        let header = if format == "csv" && is_set("header") { texts.first().cloned() } else { None };
        let path = std::env::temp_dir().join(format!("emberflow-texts-{}.{format}", uuid::Uuid::new_v4()));
        let lines = Self(path);
        let failed = |error: std::io::Error| {
            let path = lines.path();
            Error::new("TASK_WRITE_FAILED").with("path", &path).text(format!("{path} cannot be written: {error}"))
        };
        let mut file = std::io::BufWriter::new(std::fs::File::create_new(&lines.0).map_err(failed)?);
        for (position, text) in texts.iter().enumerate() {
            if position > 0 && header.as_ref() == Some(text) {
                continue;
            }
            if text.contains(END) {
                return Err(Error::unsupported("texts with the sign U+001E as lines of CSV or JSON"));
            }
            write!(file, "{text}{END}").map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        Ok(lines)
    }

    pub fn path(&self) -> String {
        self.0.display().to_string()
    }

    /// The options by which the file is read.
    pub fn options(&self, given: &Options) -> Options {
        let about_lines = |key: &str| ["linesep", "multiline", "path"].contains(&key.to_lowercase().as_str());
        let mut options: Options = given.iter().filter(|(key, _)| !about_lines(key)).cloned().collect();
        options.push(("lineSep".to_owned(), END.to_string()));
        options
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the folder of temporary files.
        let _ = std::fs::remove_file(&self.0);
    }
}
