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

    /// One byte: a separator, a quote.
    pub fn byte(&self, keys: &[&str], default: Option<u8>) -> Result<Option<u8>> {
        let Some(text) = self.any(keys) else { return Ok(default) };
        let text = match text {
            "\\t" => "\t",
            other => other,
        };
        match text.as_bytes() {
            [] => Ok(None),
            [b'\\', b'\\'] => Ok(Some(b'\\')),
            [byte] => Ok(Some(*byte)),
            _ => Err(Error::unsupported(format!("`{text}` as {}: it must be one ASCII character", keys[0]))),
        }
    }
}
