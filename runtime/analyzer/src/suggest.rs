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
    // Equally near names come in the order of the bare names.
    let mut sorted = known.to_vec();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    let mut names = names_of(&sorted, parts.len() > 1 || differently_qualified(known));
    nearest_first(&mut names, &parts.iter().map(|part| quote_if_needed(part)).collect::<Vec<_>>().join("."));
    at(not_found(parts, names), origin)
}

/// The same for a name that is not part of an expression: equally near names keep the order of the columns.
pub fn unresolved_field(name: &str, known: &[Attr]) -> Error {
    let mut names = names_of(known, false);
    nearest_first(&mut names, name);
    not_found(&[name.to_owned()], names)
}

/// The same where all columns are listed as they stand.
pub fn not_among(name: &str, known: &[Attr]) -> Error {
    not_found(&[name.to_owned()], names_of(known, false))
}

fn names_of(known: &[Attr], qualified: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for attribute in known {
        let mut name = if qualified { attribute.qualifier.clone() } else { Vec::new() };
        name.push(attribute.name.clone());
        let name = quoted_name(&name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Spark measures from the quoted name to the one that was written.
fn nearest_first(names: &mut [String], wanted: &str) {
    names.sort_by_key(|name| strsim::levenshtein(name, wanted));
}

fn not_found(parts: &[String], mut names: Vec<String>) -> Error {
    names.truncate(SUGGESTIONS_MAX);
    if names.is_empty() {
        return Error::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION").with("objectName", quoted_name(parts));
    }
    Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", quoted_name(parts)).with("proposal", names.join(", "))
}

/// `names`, quoted, the nearest to `wanted` first; equally near ones stay in their order.
pub fn nearest<'n>(names: impl Iterator<Item = &'n str>, wanted: &str) -> String {
    let mut names: Vec<String> = names.map(quote).collect();
    nearest_first(&mut names, wanted);
    names.truncate(SUGGESTIONS_MAX);
    names.join(", ")
}

fn differently_qualified(known: &[Attr]) -> bool {
    known.windows(2).any(|pair| pair[0].qualifier != pair[1].qualifier)
}

/// A reference that could be any of several columns.
pub fn ambiguous(parts: &[String], candidates: &[Attr], origin: &Origin) -> Error {
    let mut names: Vec<String> = candidates
        .iter()
        .map(|attribute| {
            let mut full = attribute.qualifier.clone();
            full.push(attribute.name.clone());
            quoted_name(&full)
        })
        .collect();
    names.sort();
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
