//! Errors about names: what was not found, and what the user may have meant.

use emberflow_base::Error;
use emberflow_plan::tree::Origin;
use emberflow_plan::types::{quote, quote_if_needed};

use crate::attribute::Attr;

const SUGGESTIONS_MAX: usize = 5;

/// `` `a`.`b` ``: how errors print a name of several parts.
pub fn quoted_name(parts: &[String]) -> String {
    parts.iter().map(|part| quote(part)).collect::<Vec<_>>().join(".")
}

/// No such column, with the nearest names there are.
pub fn unresolved_column(parts: &[String], known: &[Attr], origin: &Origin) -> Error {
    let wanted = parts.iter().map(|part| quote_if_needed(part)).collect::<Vec<_>>().join(".");
    let mut names: Vec<String> = Vec::new();
    let qualified = parts.len() > 1 || differently_qualified(known);
    // Equally near names come in the order of the bare names.
    let mut known: Vec<&Attr> = known.iter().collect();
    known.sort_by(|one, other| one.name.cmp(&other.name));
    for attribute in known {
        let mut name = if qualified { attribute.qualifier.clone() } else { Vec::new() };
        name.push(attribute.name.clone());
        let name = quoted_name(&name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // Spark measures from the quoted name to the plain one.
    names.sort_by_key(|name| strsim::levenshtein(name, &wanted));
    names.truncate(SUGGESTIONS_MAX);
    let error = if names.is_empty() {
        Error::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION").with("objectName", quoted_name(parts))
    } else {
        Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", quoted_name(parts)).with("proposal", names.join(", "))
    };
    at(error, origin)
}

/// `names`, quoted, the nearest to `wanted` first; equally near ones stay in their order.
pub fn nearest<'n>(names: impl Iterator<Item = &'n str>, wanted: &str) -> String {
    let mut names: Vec<String> = names.map(quote).collect();
    names.sort_by_key(|name| strsim::levenshtein(name, wanted));
    names.truncate(SUGGESTIONS_MAX);
    names.join(", ")
}

fn differently_qualified(known: &[Attr]) -> bool {
    known.windows(2).any(|pair| pair[0].qualifier != pair[1].qualifier)
}

/// A reference that could be any of several columns.
pub fn ambiguous(parts: &[String], candidates: &[Attr], origin: &Origin) -> Error {
    let names: Vec<String> = candidates
        .iter()
        .map(|attribute| {
            let mut full = attribute.qualifier.clone();
            full.push(attribute.name.clone());
            quoted_name(&full)
        })
        .collect();
    let error = Error::new("AMBIGUOUS_REFERENCE")
        .with("name", quoted_name(parts))
        .with("referenceNames", format!("[{}]", names.join(", ")));
    at(error, origin)
}

/// `error`, knowing where it happened.
pub fn at(error: Error, origin: &Origin) -> Error {
    match origin {
        Some(context) if error.contexts().is_empty() => error.context((**context).clone()),
        _ => error,
    }
}
