//! Our sentences for Spark's conditions. `<name>` stands for a parameter.
//!
//! A condition without a sentence of its own is said from its name and its parameters, so nothing is ever silent.
//! Not here: names, parameters and SQLSTATEs (`conditions`, generated from Spark's own list).

/// The sentence for `condition`, filled in.
pub(crate) fn sentence(condition: &str, parameters: &[(String, String)]) -> String {
    let template = SENTENCES.iter().find(|(name, _)| *name == condition).map(|(_, text)| *text);
    match template {
        Some(text) => {
            parameters.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("<{name}>"), value))
        }
        None => plain(condition, parameters),
    }
}

fn plain(condition: &str, parameters: &[(String, String)]) -> String {
    let mut said = condition.replace(['_', '.'], " ").to_lowercase();
    if !parameters.is_empty() {
        let list: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        said.push_str(&format!(" ({})", list.join(", ")));
    }
    said.push('.');
    said
}

const SENTENCES: &[(&str, &str)] = &[
    ("INTERNAL_ERROR", "<message>"),
    ("DIVIDE_BY_ZERO", "A number was divided by zero. Use `try_divide` to get NULL instead, or set <config> to \"false\"."),
    (
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        "There is no column, variable or function parameter named <objectName>. Did you mean one of: <proposal>?",
    ),
    ("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "There is no column, variable or function parameter named <objectName>."),
    ("TABLE_OR_VIEW_NOT_FOUND", "There is no table or view <relationName>. Check its spelling and its schema."),
    ("PATH_NOT_FOUND", "Path does not exist: <path>."),
    ("AMBIGUOUS_REFERENCE", "Reference <name> could be any of: <referenceNames>."),
];
