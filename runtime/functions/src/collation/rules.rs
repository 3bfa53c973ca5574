//! What each function does about the collation of its texts. A name that is not listed is refused over collated ones.

/// How a function keeps to a collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It passes values on, or knows collated types itself: [`crate::operators::comparison`] compares keys.
    Passes,
    /// It looks at characters alone; the texts it gives have the collation of those it got.
    Keeps,
    /// It looks at characters alone and gives something else, or ordinary texts.
    Forgets,
    /// It tells values apart or puts them in order: these arguments (none listed: all) are keys instead.
    Keys(&'static [usize]),
    /// Its second argument is a regular expression or a pattern of LIKE.
    Pattern,
    /// It looks for one text in another.
    Searches,
}

#[rustfmt::skip]
const PASSES: &[&str] = &[
    "!=", "<", "<=", "<=>", "<>", "=", "==", ">", ">=", "any_value", "array", "array_agg", "array_append", "array_compact",
    "array_distinct", "array_except", "array_insert", "array_intersect", "array_max", "array_min", "array_prepend",
    "array_remove", "array_repeat", "array_size", "array_sort", "array_union", "between", "cardinality", "case", "coalesce",
    "collate", "collation", "collect_list", "count", "count_if", "decode", "element_at", "equal_null", "exists", "explode",
    "explode_outer", "filter", "first", "first_value", "flatten", "forall", "get", "greatest", "if", "ifnull", "in", "inline",
    "inline_outer", "isnotnull", "isnull", "lag", "last", "last_value", "lead", "least", "map", "map_entries", "map_keys",
    "map_values", "max", "min", "mode", "monotonically_increasing_id", "named_struct", "nth_value", "nullif", "nvl", "nvl2",
    "posexplode", "posexplode_outer", "size", "slice", "sort_array", "stack", "struct", "transform", "try_element_at", "typeof",
    "when",
];

#[rustfmt::skip]
const KEEPS: &[&str] = &[
    "array_join", "concat", "concat_ws", "elt", "hex", "initcap", "lcase", "left", "listagg", "lower", "lpad", "mask",
    "overlay", "repeat", "reverse", "right", "rpad", "string_agg", "substr", "substring", "ucase", "upper", "||",
];

#[rustfmt::skip]
const FORGETS: &[&str] = &[
    "%", "*", "+", "-", "/", "ascii", "assert_true", "avg", "base64", "bigint", "binary", "bit_length", "boolean",
    "char_length", "character_length", "crc32", "date", "date_add", "date_diff", "date_format", "date_sub", "date_trunc",
    "datediff", "day", "dayofmonth", "decimal", "double", "encode", "float", "format_number", "format_string", "from_csv",
    "from_json", "get_json_object", "hash", "hour", "int", "is_valid_utf8", "levenshtein", "len", "length", "luhn_check", "md5",
    "mean", "minute", "month", "octet_length", "parse_url", "printf", "quote", "raise_error", "sha", "sha1", "sha2", "second",
    "smallint", "soundex", "string", "sum", "timestamp", "tinyint", "to_binary", "to_csv", "to_json", "to_char", "to_date",
    "to_number", "to_timestamp", "to_timestamp_ltz", "to_timestamp_ntz", "trunc", "try_to_binary", "try_to_number",
    "try_to_timestamp", "unbase64", "unhex", "unix_timestamp", "xxhash64", "year",
];

#[rustfmt::skip]
const PATTERNS: &[&str] = &[
    "ilike", "like", "regexp", "regexp_count", "regexp_extract", "regexp_extract_all", "regexp_instr", "regexp_like",
    "regexp_replace", "regexp_substr", "rlike", "split",
];

#[rustfmt::skip]
const SEARCHES: &[&str] = &[
    "btrim", "contains", "endswith", "find_in_set", "instr", "locate", "ltrim", "position", "replace", "rtrim", "split_part",
    "startswith", "substring_index", "translate", "trim",
];

/// The rule of a function; the same aggregate over DISTINCT values may have another one.
pub(super) fn rule(name: &str, is_distinct: bool) -> Option<Rule> {
    let listed = |names: &[&str]| names.contains(&name);
    Some(match name {
        "count" if is_distinct => Rule::Keys(&[]),
        "count_distinct" | "array_contains" | "array_position" | "arrays_overlap" => Rule::Keys(&[]),
        "approx_count_distinct" => Rule::Keys(&[0]),
        "max_by" | "min_by" => Rule::Keys(&[1]),
        "listagg" | "string_agg" | "collect_list" | "array_agg" | "first" | "last" | "mode" if is_distinct => return None,
        _ if listed(PASSES) => Rule::Passes,
        _ if listed(KEEPS) => Rule::Keeps,
        _ if listed(FORGETS) => Rule::Forgets,
        _ if listed(PATTERNS) => Rule::Pattern,
        _ if listed(SEARCHES) => Rule::Searches,
        _ => return None,
    })
}

/// It looks at which texts are equal, or which comes first, or looks for one in another.
pub(super) fn compares(name: &str) -> bool {
    const COMPARE: &[&str] = &[
        "!=",
        "<",
        "<=",
        "<=>",
        "<>",
        "=",
        "==",
        ">",
        ">=",
        "between",
        "equal_null",
        "greatest",
        "in",
        "least",
        "max",
        "min",
        "nullif",
    ];
    COMPARE.contains(&name) || matches!(rule(name, false), Some(Rule::Keys(_) | Rule::Pattern | Rule::Searches))
}

/// Constants given to it are printed as they were written, not with the collation they take.
pub(super) fn prints_as_written(name: &str) -> bool {
    matches!(rule(name, false), Some(Rule::Pattern) if name != "regexp_replace") || matches!(name, "btrim" | "decode" | "nullif")
}

/// It makes maps, or passes them on, without looking for a key.
pub(super) fn passes_maps(name: &str) -> bool {
    const PASS: &[&str] = &[
        "array",
        "cardinality",
        "coalesce",
        "if",
        "isnotnull",
        "isnull",
        "map_entries",
        "map_keys",
        "map_values",
        "named_struct",
        "size",
        "struct",
        "typeof",
        "when",
    ];
    PASS.contains(&name)
}

/// The arguments whose texts come together, and so need one collation.
pub(super) fn together(name: &str, count: usize) -> Vec<Vec<usize>> {
    let every = |from: usize, step: usize| (from..count).step_by(step).collect::<Vec<_>>();
    match name {
        "when" | "case" => {
            let otherwise = if count % 2 == 1 { count.checked_sub(1) } else { None };
            vec![every(1, 2).into_iter().chain(otherwise).collect()]
        }
        "map" => vec![every(0, 2), every(1, 2)],
        "if" | "nvl2" => vec![vec![1, 2]],
        "elt" => vec![every(1, 1)],
        "format_string" | "printf" | "from_csv" | "from_json" | "get_json_object" | "parse_url" => Vec::new(),
        "overlay" => vec![vec![0, 1]],
        "lag" | "lead" | "lpad" | "rpad" => vec![vec![0, 2]],
        "listagg" | "string_agg" | "max_by" | "min_by" | "struct" | "named_struct" | "count" | "count_distinct" | "collate"
        | "stack" | "inline" => Vec::new(),
        _ => vec![every(0, 1)],
    }
}
