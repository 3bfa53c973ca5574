//! Which words mean something where. Spark's default mode reserves next to none of them.
//!
//! A word of a clause is still taken as an alias when nothing of its clause can follow (`SELECT 1 FROM`).

/// Words that cannot be the alias of a table.
const STRICT: &[&str] = &[
    "ANTI",
    "CROSS",
    "EXCEPT",
    "FULL",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LATERAL",
    "LEFT",
    "MINUS",
    "NATURAL",
    "ON",
    "RIGHT",
    "SEMI",
    "SETMINUS",
    "UNION",
    "USING",
];

/// Words that begin something else where an alias without `AS` may stand.
const CLAUSES: &[&str] = &[
    "AS",
    "CLUSTER",
    "DISTRIBUTE",
    "FROM",
    "GROUP",
    "HAVING",
    "INSERT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "PIVOT",
    "QUALIFY",
    "SELECT",
    "SET",
    "SORT",
    "TABLESAMPLE",
    "UNPIVOT",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

pub(crate) fn is_strict(word: &str) -> bool {
    contains(STRICT, word)
}

/// Whether `word` after a complete item more likely begins the next clause than names the item.
pub(crate) fn begins_clause(word: &str) -> bool {
    contains(CLAUSES, word) || is_strict(word)
}

fn contains(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}
