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
    // As Spark has them: by name, then by age, then by likeness of what is printed.
    let mut candidates: Vec<&Attr> = known.iter().collect();
    candidates.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| age(one).cmp(&age(other))));
    let names: Vec<Vec<String>> = candidates
        .into_iter()
        .map(|attribute| attribute.qualifier.iter().cloned().chain([attribute.name.clone()]).collect())
        .collect();
    let shown = shown_parts(parts.len(), &names);
    let mut names: Vec<String> = names.iter().map(|name| quoted_name(&name[name.len().saturating_sub(shown)..])).collect();
    nearest_first(&mut names, &wanted);
    at(unresolved(parts, names), origin)
}

/// Spark measures from the quoted name to the one that was written.
fn nearest_first(names: &mut [String], wanted: &str) {
    names.sort_by_key(|name| strsim::levenshtein(name, wanted));
}

/// `names`, quoted, the nearest to `wanted` first; equally near ones stay in their order.
pub fn nearest<'n>(names: impl Iterator<Item = &'n str>, wanted: &str) -> String {
    let mut names: Vec<String> = names.map(quote).collect();
    nearest_first(&mut names, wanted);
    names.truncate(SUGGESTIONS_MAX);
    names.join(", ")
}

/// No such field of a schema: equally near names keep the order of the columns.
pub fn unresolved_field(name: &str, known: &[Attr]) -> Error {
    let mut names: Vec<String> = known.iter().map(|attribute| quote(&attribute.name)).collect();
    nearest_first(&mut names, name);
    unresolved(&[name.to_owned()], names)
}

/// No such column among these, named in their own order.
pub fn unresolved_among(name: &str, known: &[Attr]) -> Error {
    let names = known.iter().map(|attribute| quote(&attribute.name)).collect();
    unresolved(&[name.to_owned()], names)
}

fn unresolved(parts: &[String], mut proposals: Vec<String>) -> Error {
    proposals.truncate(SUGGESTIONS_MAX);
    if proposals.is_empty() {
        return Error::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION").with("objectName", quoted_name(parts));
    }
    Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", quoted_name(parts)).with("proposal", proposals.join(", "))
}

/// How many of the last parts of the names are told: what all have before them is left out, unless it was asked for.
fn shown_parts(asked: usize, names: &[Vec<String>]) -> usize {
    let same_but_last = |count: usize| {
        names
            .windows(2)
            .all(|pair| pair[0][..pair[0].len().saturating_sub(count)] == pair[1][..pair[1].len().saturating_sub(count)])
    };
    match asked {
        1 if same_but_last(1) => 1,
        1 | 2 if same_but_last(2) => 2,
        _ => usize::MAX,
    }
}

/// Internal names end in a number that grows.
fn age(attribute: &Attr) -> u64 {
    attribute.column.rsplit('#').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}

/// A reference that could be any of several columns.
pub fn ambiguous(parts: &[String], candidates: &[Attr], origin: &Origin) -> Error {
    let mut names: Vec<String> = candidates
        .iter()
        .map(|attribute| {
            // A sub-query without a name has none in errors either.
            let qualifier = attribute.qualifier.iter().filter(|part| *part != "__auto_generated_subquery_name");
            let mut full: Vec<String> = qualifier.cloned().collect();
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
