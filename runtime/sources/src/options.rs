//! Options of a source: keys ignore case, the last of equal keys wins.

use emberflow_base::{Error, Result};

pub use emberflow_functions::formats::Options as SourceOptions;

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
