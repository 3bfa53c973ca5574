//! Spark's error conditions: name, parameters, SQLSTATE.

/// What Spark publishes about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    pub name: &'static str,
    pub sqlstate: &'static str,
    pub parameters: &'static [&'static str],
}

/// The condition called `name`, sub-condition behind a dot.
pub fn condition(name: &str) -> Option<&'static Condition> {
    CONDITIONS.binary_search_by(|known| known.name.cmp(name)).ok().map(|at| &CONDITIONS[at])
}

static CONDITIONS: &[Condition] = &[
    Condition { name: "DIVIDE_BY_ZERO", sqlstate: "22012", parameters: &["config"] },
];
