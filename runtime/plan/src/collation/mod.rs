//! Collations: when two texts are equal and which of them comes first.
//!
//!     UTF8_BINARY               their bytes decide: an ordinary STRING, which has no `Collation` here
//!     UTF8_LCASE                the bytes of the lower-cased text decide
//!     UNICODE, de, sr_Cyrl_SRB  the order of a language (`UNICODE`: of none) decides
//!     .._CI  .._AI  .._RTRIM    case, accents, blanks at the end do not count
//!
//! Here are their names alone. Not here: comparing (`emberflow-functions::collation`). Begin at [`Collation::named`].

mod locales;

use emberflow_base::{Error, Exception, Result};

pub use locales::{LANGUAGES, Language, UNICODE};

/// A collation other than UTF8_BINARY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collation {
    pub order: Order,
    /// Blanks at the end do not count.
    pub trims_end: bool,
}

/// What decides between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    Bytes,
    LowerCase,
    Language { locale: &'static str, ignores_case: bool, ignores_accents: bool },
}

const BINARY: &str = "UTF8_BINARY";
const LOWER_CASE: &str = "UTF8_LCASE";
/// What may follow a name; those that say what is so anyway come last.
const MODIFIERS: [&str; 5] = ["_CI", "_AI", "_RTRIM", "_CS", "_AS"];
const TRIMS: &str = "_RTRIM";
const SUGGESTIONS_MAX: usize = 3;

impl Collation {
    pub const UTF8_LCASE: Self = Self { order: Order::LowerCase, trims_end: false };

    /// The collation of a name in any case, `None` for UTF8_BINARY; `SYSTEM.BUILTIN.` may stand before it.
    pub fn named(name: &str) -> Result<Option<Self>> {
        let parts: Vec<&str> = name.split('.').collect();
        let bare = parts.last().copied().unwrap_or_default();
        let unknown = || {
            Error::new("COLLATION_INVALID_NAME")
                .exception_class(Exception::Spark)
                .with("proposals", proposals(bare))
                .with("collationName", bare)
        };
        let qualified = match parts[..] {
            [catalog, schema, _] => catalog.eq_ignore_ascii_case("SYSTEM") && schema.eq_ignore_ascii_case("BUILTIN"),
            _ => parts.len() == 1,
        };
        let found = if qualified { read_name(&bare.to_ascii_uppercase()) } else { None };
        Ok(Some(found.ok_or_else(unknown)?).filter(|made| made.trims_end || made.order != Order::Bytes))
    }

    /// The name as Spark prints it: `sr_Cyrl_SRB_CI_AI`.
    pub fn name(&self) -> String {
        let mut name = match self.order {
            Order::Bytes => BINARY.to_owned(),
            Order::LowerCase => LOWER_CASE.to_owned(),
            Order::Language { locale, ignores_case, ignores_accents } => {
                let (case, accents) = (if ignores_case { "_CI" } else { "" }, if ignores_accents { "_AI" } else { "" });
                format!("{locale}{case}{accents}")
            }
        };
        if self.trims_end {
            name.push_str(TRIMS);
        }
        name
    }

    /// `SYSTEM.BUILTIN.UTF8_LCASE`
    pub fn full_name(collation: Option<Self>) -> String {
        format!("SYSTEM.BUILTIN.{}", collation.map_or_else(|| BINARY.to_owned(), |collation| collation.name()))
    }

    /// All of them, in the order Spark lists them; UTF8_BINARY is none.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [(Order::LowerCase, false), (Order::Bytes, true), (Order::LowerCase, true)];
        let plain = plain.into_iter().map(|(order, trims_end)| Self { order, trims_end });
        const WAYS: [(bool, bool, bool); 8] = [
            (false, false, false),
            (false, true, false),
            (false, true, true),
            (true, false, false),
            (true, true, false),
            (true, true, true),
            (true, false, true),
            (false, false, true),
        ];
        plain.chain(LANGUAGES.iter().flat_map(|language| {
            WAYS.into_iter().map(move |(ignores_case, ignores_accents, trims_end)| Self {
                order: Order::Language { locale: language.name, ignores_case, ignores_accents },
                trims_end,
            })
        }))
    }

    /// Who defines it, which schemas as JSON say: Spark itself, or the library of Unicode.
    pub fn provider(&self) -> &'static str {
        match self.order {
            Order::Bytes | Order::LowerCase => "spark",
            Order::Language { .. } => "icu",
        }
    }
}

/// `SR_CYRL_SRB_CI_RTRIM`: a name and its modifiers, each kind at most once, in any order.
fn read_name(said: &str) -> Option<Collation> {
    let (mut rest, mut ignores_case, mut ignores_accents, mut trims_end) = (said, None, None, None);
    loop {
        let language = LANGUAGES.iter().find(|language| language.name.eq_ignore_ascii_case(rest));
        let order = match rest {
            BINARY => Some(Order::Bytes),
            LOWER_CASE => Some(Order::LowerCase),
            _ => language.map(|language| Order::Language {
                locale: language.name,
                ignores_case: ignores_case.unwrap_or(false),
                ignores_accents: ignores_accents.unwrap_or(false),
            }),
        };
        if let Some(order) = order {
            let is_fixed = language.is_none() && (ignores_case.is_some() || ignores_accents.is_some());
            return Some(Collation { order, trims_end: trims_end.unwrap_or(false) }).filter(|_| !is_fixed);
        }
        let modifier = MODIFIERS.iter().find(|modifier| rest.ends_with(**modifier))?;
        rest = rest.strip_suffix(modifier)?;
        let (kind, ignores) = match *modifier {
            "_CI" => (&mut ignores_case, true),
            "_CS" => (&mut ignores_case, false),
            "_AI" => (&mut ignores_accents, true),
            "_AS" => (&mut ignores_accents, false),
            _ => (&mut trims_end, true),
        };
        if kind.replace(ignores).is_some() {
            return None;
        }
    }
}

/// The names of languages nearest to one that is none, with the modifiers that were said: the nearest, and others as near or
/// with no more than two letters changed.
fn proposals(name: &str) -> String {
    const NEAR: usize = 2;
    let said = name.to_uppercase();
    let (mut base, mut modifiers) = (said.as_str(), Vec::new());
    while let Some((rest, modifier)) = MODIFIERS.iter().find_map(|modifier| Some((base.strip_suffix(modifier)?, *modifier))) {
        base = rest;
        if !modifiers.contains(&modifier) {
            modifiers.insert(0, modifier);
        }
    }
    for (loose, strict) in [("_CI", "_CS"), ("_AI", "_AS")] {
        if modifiers.contains(&strict) {
            modifiers.retain(|modifier| *modifier != loose);
        }
    }
    let distance = |language: &'static Language| (strsim::levenshtein(&language.name.to_uppercase(), base), language.name);
    let mut near: Vec<(usize, &str)> = LANGUAGES.iter().map(distance).collect();
    near.sort_by_key(|(distance, _)| *distance);
    let modifiers = modifiers.concat();
    let near = near.into_iter().enumerate().take_while(|(at, (distance, _))| *at == 0 || *distance <= NEAR);
    near.take(SUGGESTIONS_MAX).map(|(_, (_, base))| format!("{base}{modifiers}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_become_spark_s() {
        for (said, name) in [
            ("utf8_lcase", "UTF8_LCASE"),
            ("unicode_ai_ci", "UNICODE_CI_AI"),
            ("Unicode_CS_as", "UNICODE"),
            ("utf8_binary_rtrim", "UTF8_BINARY_RTRIM"),
            ("unicode_ci_rtrim", "UNICODE_CI_RTRIM"),
            ("DE_ci", "de_CI"),
            ("unicode_rtrim_ci", "UNICODE_CI_RTRIM"),
            ("system.Builtin.utf8_lcase", "UTF8_LCASE"),
        ] {
            assert_eq!(Collation::named(said).unwrap().unwrap().name(), name);
        }
        assert_eq!(Collation::named("utf8_binary").unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for said in ["", "_CI", "UTF8_BINARY_CI", "UNICODE_CI_CI", "UNICODE_CI_CS", "builtin.de", "a.b.de", "xx"] {
            assert_eq!(Collation::named(said).unwrap_err().condition(), "COLLATION_INVALID_NAME", "{said}");
        }
    }
}
