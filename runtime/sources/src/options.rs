//! Options of a source: keys ignore case, the last of equal keys wins.

use emberflow_base::{Error, Result};

/// Options as a format sees them.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions(Vec<(String, String)>);

impl SourceOptions {
    pub fn new(options: &[(String, String)]) -> Self {
        Self(options.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect())
    }

    /// The value of a key, given in lower case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The first key of several that is given.
    pub fn any(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }

    pub fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key).map(str::to_lowercase).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(Error::new("INVALID_OPTION").text(format!("The option `{key}` is true or false, not `{other}`."))),
        }
    }

    /// A whole number that is not negative.
    pub fn number(&self, key: &str) -> Result<Option<u64>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let wrong = |_| Error::new("INVALID_OPTION").text(format!("The option `{key}` is a whole number, not `{text}`."));
        text.trim().parse().map(Some).map_err(wrong)
    }

    /// One byte: a separator, a quote.
    pub fn byte(&self, keys: &[&str], default: Option<u8>) -> Result<Option<u8>> {
        let Some(text) = self.any(keys) else { return Ok(default) };
        let text = match text {
            "\\t" => "\t",
            "\\n" => "\n",
            "\\r" => "\r",
            "\\u0000" => "\0",
            other => other,
        };
        match text.as_bytes() {
            [] | [0] => Ok(None),
            [b'\\', b'\\'] => Ok(Some(b'\\')),
            [byte] => Ok(Some(*byte)),
            _ => Err(Error::unsupported(format!("`{text}` as {}: it must be one ASCII character", keys[0]))),
        }
    }

    /// Refuses options that Spark honours and this source does not; `false` asks for nothing.
    pub fn refuse(&self, source: &str, keys: &[&str]) -> Result<()> {
        match keys.iter().find(|key| self.get(&key.to_lowercase()).is_some_and(|value| !value.eq_ignore_ascii_case("false"))) {
            Some(key) => Err(Error::unsupported(format!("the option {key} of {source}"))),
            None => Ok(()),
        }
    }

    /// The pairs, keys in lower case.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Only text in UTF-8 is read and written.
pub(crate) fn refuse_encodings(options: &SourceOptions, source: &str) -> Result<()> {
    let encoding = options.any(&["encoding", "charset"]).unwrap_or("UTF-8");
    if matches!(encoding.to_uppercase().as_str(), "UTF-8" | "UTF8" | "US-ASCII" | "ASCII") {
        return Ok(());
    }
    Err(Error::unsupported(format!("{source} files in the encoding {encoding}")))
}

/// Which records schemas are guessed from: every one, or the same part of them each time.
#[derive(Debug)]
pub(crate) struct Sampling {
    ratio: f64,
    seen: u64,
}

impl Sampling {
    pub fn of(options: &SourceOptions) -> Result<Self> {
        let ratio = match options.get("samplingratio") {
            None => 1.0,
            Some(text) => text.parse::<f64>().ok().filter(|ratio| *ratio > 0.0 && *ratio <= 1.0).ok_or_else(|| {
                Error::new("INVALID_OPTION")
                    .text(format!("The option samplingRatio is a number above 0 and at most 1, not `{text}`."))
            })?,
        };
        Ok(Self { ratio, seen: 0 })
    }

    pub fn takes_next(&mut self) -> bool {
        self.seen += 1;
        // A multiplicative hash spreads neighbours evenly over 32 bits.
        let spread = self.seen.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.ratio >= 1.0 || (spread as f64) < self.ratio * f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_about_as_large_as_asked_and_always_the_same() {
        let sample = || {
            let options = SourceOptions::new(&[("samplingRatio".into(), "0.25".into())]);
            let mut sampling = Sampling::of(&options).unwrap();
            (0..10_000).map(|_| sampling.takes_next()).collect::<Vec<_>>()
        };
        let taken = sample().iter().filter(|taken| **taken).count();
        assert!((2300..2700).contains(&taken), "{taken}");
        assert_eq!(sample(), sample());
    }
}
