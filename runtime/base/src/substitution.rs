//! Settings written into SQL text as `${key}`.

use crate::error::{Error, Result};
use crate::settings::Settings;

/// How often a value may hold another key.
const SUBSTITUTION_DEPTH_MAX: usize = 40;

/// `text` with the values of settings in place of `${key}`; prefixes (`${hiveconf:key}`, `${spark:key}`) are dropped, and a
/// key without a value gives nothing.
pub fn substituted(text: &str, settings: &Settings) -> Result<String> {
    if !text.contains("${") || !settings.flag("spark.sql.variable.substitute") {
        return Ok(text.to_owned());
    }
    let mut text = text.to_owned();
    for _ in 0..SUBSTITUTION_DEPTH_MAX {
        match replaced(&text, settings) {
            Some(next) => text = next,
            None => return Ok(text),
        }
    }
    Err(Error::new("_LEGACY_ERROR_TEMP_3051").text("The settings in ${..} refer to each other without end."))
}

/// Every `${..}` replaced once; none if there is none.
fn replaced(text: &str, settings: &Settings) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else { break };
        let name = &rest[at + 2..end];
        if name.is_empty() || name.contains(['$', ' ']) {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        out.push_str(&value_of(name, settings));
        rest = &rest[end + 1..];
        found = true;
    }
    out.push_str(rest);
    found.then_some(out)
}

fn value_of(name: &str, settings: &Settings) -> String {
    match name.split_once(':') {
        Some(("env", variable)) => std::env::var(variable).unwrap_or_default(),
        Some(("spark" | "sparkconf" | "hivevar" | "hiveconf", key)) => settings.get(key).unwrap_or_default().to_owned(),
        _ => settings.get(name).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_text() {
        let mut settings = Settings::new("UTC");
        settings.set("a", "1").unwrap();
        settings.set("b", "${a}").unwrap();
        for (text, meant) in [("select ${a}", "select 1"), ("${hiveconf:b}${nope}", "1"), ("${", "${"), ("${}", "${}")] {
            assert_eq!(substituted(text, &settings).unwrap(), meant, "{text}");
        }
        settings.set("c", "${c}").unwrap();
        assert!(substituted("${c}", &settings).is_err());
        settings.set("spark.sql.variable.substitute", "false").unwrap();
        assert_eq!(substituted("${a}", &settings).unwrap(), "${a}");
    }
}
