//! Sizes as people write them: `512m`, `2g`, `1048576`.

use crate::error::{Error, Result};

/// The bytes `text` stands for; units are powers of 1024, as Spark reads them.
///
/// ```
/// use emberflow_base::bytes::parse_bytes;
/// assert_eq!(parse_bytes("emberflow.memory.limit", "512m").unwrap(), 512 << 20);
/// assert!(parse_bytes("emberflow.memory.limit", "much").is_err());
/// ```
pub fn parse_bytes(setting: &str, text: &str) -> Result<usize> {
    let wrong = || {
        Error::new("INVALID_CONF_VALUE.TYPE_MISMATCH")
            .with("confName", setting)
            .with("confValue", text)
            .with("confType", "bytes (such as 512m or 2g)")
    };
    let trimmed = text.trim().to_lowercase();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let shift = match unit.trim().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(wrong()),
    };
    let number: usize = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn units_are_sparks() {
        let read = |text: &str| parse_bytes("a", text).ok();
        assert_eq!(read("64"), Some(64));
        assert_eq!(read(" 2G "), Some(2 << 30));
        assert_eq!(read("1kb"), Some(1024));
        assert_eq!(read("3 MiB"), Some(3 << 20));
        assert_eq!(
            (read(""), read("m"), read("1.5g"), read("-1"), read("1x"), read("99999999999999t")),
            (None, None, None, None, None, None)
        );
    }
}
