//! Collated strings: which collation a call is made in, and how it is kept to.
//!
//!     arguments ──► settle: one collation for all texts ──► build: by its rule ──► Typed, perhaps collated
//!
//! A collated string is an ordinary column of text; only its Spark type tells (`DataType::Collated`). What compares
//! compares keys (`keys`), what searches searches by collation (`search`), what does neither is told so in `rules`.
//! A function without a rule is refused by name, so that none answers by bytes unseen.
//! Not here: names of collations (`emberflow_plan::collation`), keys of groups, joins and orders (the analyzer asks
//! [`key`] for them). Begin at [`settle`] and [`build`].

mod keys;
mod rules;
mod search;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::collation::{LANGUAGES, Order};
use emberflow_plan::{Collation, DataType};

use crate::call::{Call, Typed};
use crate::operators::{call_text, infix};
pub(crate) use keys::pick;
pub use keys::{key, key_column};
use rules::{Rule, rule};

/// How much the collation of an expression weighs beside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Precedence {
    /// A constant's.
    Constant,
    /// A column's.
    #[default]
    Implicit,
    /// Several columns', which differ: it may be passed on, but nothing can be compared in it.
    Undecided,
    /// COLLATE said it.
    Explicit,
}

/// The collation that several texts are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Winner {
    collation: Option<Collation>,
    precedence: Precedence,
}

/// The collation of a string or of an array's strings; `None` for other types.
fn collation_of(data_type: &DataType) -> Option<Option<Collation>> {
    match data_type {
        DataType::Collated(collation) => Some(Some(*collation)),
        DataType::Array { element, .. } => collation_of(element),
        other => other.is_string().then_some(None),
    }
}

/// The strongest collation among values; `None` if there is no string. Two that are equally strong are an error.
fn winner<'v>(values: impl Iterator<Item = &'v Typed>) -> Result<Option<Winner>> {
    let mut found: Vec<Winner> = Vec::new();
    for value in values {
        let Some(collation) = collation_of(&value.data_type) else { continue };
        let one = Winner { collation, precedence: value.precedence };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    let Some(precedence) = found.iter().map(|one| one.precedence).max() else { return Ok(None) };
    let strongest: Vec<Winner> = found.into_iter().filter(|one| one.precedence == precedence).collect();
    match (&strongest[..], precedence) {
        ([one], _) => Ok(Some(*one)),
        (several, Precedence::Constant) => Ok(several.iter().find(|one| one.collation.is_some()).copied()),
        (_, Precedence::Implicit | Precedence::Undecided) => {
            Ok(Some(Winner { collation: None, precedence: Precedence::Undecided }))
        }
        (several, Precedence::Explicit) => {
            let types: Vec<String> = several.iter().map(|one| DataType::text(one.collation).quoted()).collect();
            Err(Error::new("COLLATION_MISMATCH.EXPLICIT").with("explicitTypes", types.join(", ")))
        }
    }
}

/// The error that `text` compares what is of several collations.
pub fn undecided(text: &str) -> Error {
    Error::new("INDETERMINATE_COLLATION_IN_EXPRESSION").with("expr", format!("\"{text}\""))
}

/// Gives values that come together one collation: a column of VALUES, the arms of a CASE.
pub fn settled(mut values: Vec<Typed>) -> Result<Vec<Typed>> {
    if values.iter().any(|value| value.data_type.is_collated())
        && let Some(winner) = winner(values.iter())?
    {
        values.iter_mut().for_each(|value| value.settle(winner));
    }
    Ok(values)
}

/// The same for two that `text` compares: keys of a join, both sides of `IN (SELECT ..)`.
pub fn settled_pair(mut left: Typed, mut right: Typed, text: &str) -> Result<(Typed, Typed)> {
    if (left.data_type.is_collated() || right.data_type.is_collated())
        && let Some(winner) = winner([&left, &right].into_iter())?
    {
        if winner.precedence == Precedence::Undecided {
            return Err(undecided(text));
        }
        left.settle(winner);
        right.settle(winner);
    }
    Ok((left, right))
}

/// Gives the texts that a call brings together one collation; constants that get another one are printed with it.
pub fn settle(name: &str, arguments: &mut [Typed], texts: &mut [String]) -> Result<()> {
    if !arguments.iter().any(|argument| argument.data_type.is_collated()) {
        return Ok(());
    }
    let shown = !rules::prints_as_written(name);
    for together in rules::together(name, arguments.len()) {
        let Some(winner) = winner(together.iter().filter_map(|at| arguments.get(*at)))? else { continue };
        for at in together {
            let (Some(argument), Some(text)) = (arguments.get_mut(at), texts.get_mut(at)) else { continue };
            if let (Expr::Literal(ScalarValue::Utf8(Some(value)), _), DataType::String, Some(collation)) =
                (&argument.expr, &argument.data_type, winner.collation)
                && shown
            {
                *text = format!("'{}' collate {}", value.replace('\\', "\\\\").replace('\'', "\\'"), collation.name());
            }
            argument.settle(winner);
        }
    }
    Ok(())
}

impl Typed {
    /// Takes the collation that won.
    fn settle(&mut self, winner: Winner) {
        self.retype(winner.collation);
        if winner.precedence == Precedence::Undecided {
            self.precedence = Precedence::Undecided;
        }
    }

    fn retype(&mut self, collation: Option<Collation>) {
        if collation_of(&self.data_type).is_some_and(|own| own != collation) {
            self.data_type = self.data_type.with_strings(&mut |_| DataType::text(collation));
        }
    }
}

/// The value as texts that are compared by their bytes.
fn stripped(value: Typed) -> Typed {
    Typed { data_type: value.data_type.with_strings(&mut uncollated), ..value }
}

fn uncollated(text: &DataType) -> DataType {
    if let DataType::Collated(_) = text { DataType::String } else { text.clone() }
}

/// What `make` makes of a call whose arguments are settled, in their collation.
pub fn build(make: fn(Call<'_>) -> Result<Typed>, call: Call<'_>) -> Result<Typed> {
    let texts = call.arguments.iter().filter(|argument| collation_of(&argument.data_type).is_some());
    let precedence = texts.map(|argument| argument.precedence).max().unwrap_or(Precedence::Constant);
    if precedence == Precedence::Undecided && rules::compares(call.name) {
        return Err(undecided(&said(&call)));
    }
    let is_collated = call.arguments.iter().any(|argument| argument.data_type.is_collated());
    let made = if is_collated { collated(make, call)? } else { make(call)? };
    // Only COLLATE itself makes an expression's collation explicit where its arguments' was not.
    Ok(if made.precedence == Precedence::Explicit { made } else { Typed { precedence, ..made } })
}

/// The call as Spark prints it.
fn said(call: &Call<'_>) -> String {
    match call.name.starts_with(char::is_alphabetic) {
        true => call_text(call.name, &call.texts),
        false => infix(&call.texts, if call.name == "==" { "=" } else { call.name }),
    }
}

fn collated(make: fn(Call<'_>) -> Result<Typed>, call: Call<'_>) -> Result<Typed> {
    let collation = call.arguments.iter().find_map(|argument| collation_of(&argument.data_type).flatten());
    if call.name == "map" && call.len() > 2 && call.type_of(0).is_collated() {
        return Err(Error::unsupported("several collated keys in a map"));
    }
    if call.name == "collect_set" {
        return Err(Error::new("DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE")
            .with("sqlExpr", call.sql())
            .with("functionName", "`collect_set`")
            .with("dataType", "\"MAP\" or \"COLLATED STRING\""));
    }
    if matches!(call.name, "listagg" | "string_agg") && call.len() == 2 && call.type_of(0) != call.type_of(1) {
        return Err(Error::new("DATATYPE_MISMATCH.DATA_DIFF_TYPES")
            .with("sqlExpr", call.sql())
            .with("functionName", format!("`{}`", call.name))
            .with("dataType", format!("({} or {})", call.type_of(0).quoted(), call.type_of(1).quoted())));
    }
    if !rules::passes_maps(call.name) && call.arguments.iter().any(|argument| check_map_keys(&argument.data_type).is_err()) {
        return Err(Error::unsupported(format!("the function {} over maps with collated keys", call.name)));
    }
    match rule(call.name, call.is_distinct) {
        Some(Rule::Passes) => make(call),
        Some(Rule::Forgets) => make(with_arguments(call, stripped)),
        Some(Rule::Keeps)
            if matches!(call.name, "concat" | "reverse" | "||")
                && call.arguments.iter().any(|argument| matches!(argument.data_type, DataType::Array { .. })) =>
        {
            make(call)
        }
        Some(Rule::Keeps) => {
            let made = make(with_arguments(call, stripped))?;
            let data_type = made.data_type.with_strings(&mut |_| DataType::text(collation));
            Ok(Typed { data_type, ..made })
        }
        Some(Rule::Keys(places)) => {
            let mut call = call;
            for (at, argument) in call.arguments.iter_mut().enumerate() {
                if places.is_empty() || places.contains(&at) {
                    *argument = key(argument.clone())?;
                }
            }
            make(call)
        }
        Some(Rule::Pattern) => search::pattern(make, call, collation),
        Some(Rule::Searches) => search::build(make, call, collation),
        None => Err(refused(&call, collation)),
    }
}

/// Refuses maps whose keys are told apart by a collation, which no table can have.
pub fn check_map_keys(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Map { key, .. } if key.is_collated() => Err(Error::new("UNSUPPORTED_FEATURE.COLLATIONS_IN_MAP_KEYS")),
        DataType::Map { value, .. } => check_map_keys(value),
        DataType::Array { element, .. } => check_map_keys(element),
        DataType::Struct(schema) => schema.fields.iter().try_for_each(|field| check_map_keys(&field.data_type)),
        _ => Ok(()),
    }
}

fn with_arguments(call: Call<'_>, change: fn(Typed) -> Typed) -> Call<'_> {
    Call { arguments: call.arguments.into_iter().map(change).collect(), ..call }
}

/// A function that has no rule for collated texts.
fn refused(call: &Call<'_>, collation: Option<Collation>) -> Error {
    let collation = collation.map_or_else(|| "nested in other types".to_owned(), |collation| collation.name());
    Error::unsupported(format!("the function {} over strings of the collation {collation}", call.name))
}

/// A collation as `collations()` lists it: catalog, schema, name, language, country, what counts, the version of its rules.
pub fn described(collation: Option<Collation>) -> [Option<String>; 9] {
    let order = collation.map_or(Order::Bytes, |collation| collation.order);
    let (language, ignores_case, ignores_accents) = match order {
        Order::Bytes => (None, false, false),
        Order::LowerCase => (None, true, false),
        Order::Language { locale, ignores_case, ignores_accents } => {
            (LANGUAGES.iter().find(|language| language.name == locale), ignores_case, ignores_accents)
        }
    };
    let counts = |ignored: bool, what: &str| Some(format!("{what}_{}SENSITIVE", if ignored { "IN" } else { "" }));
    let trims_end = collation.is_some_and(|collation| collation.trims_end);
    let mut full = Collation::full_name(collation);
    let name = full.split_off("SYSTEM.BUILTIN.".len());
    [
        Some("SYSTEM".to_owned()),
        Some("BUILTIN".to_owned()),
        Some(name),
        language.and_then(|language| language.language).map(str::to_owned),
        language.and_then(|language| language.country).map(str::to_owned),
        counts(ignores_accents, "ACCENT"),
        counts(ignores_case, "CASE"),
        Some(if trims_end { "RTRIM" } else { "NO_PAD" }.to_owned()),
        matches!(order, Order::Language { .. }).then(|| UNICODE_VERSION.to_owned()),
    ]
}

/// Of the rules that `icu_collator` holds.
const UNICODE_VERSION: &str = "CLDR 49.0.0";

/// The types are the same but for the collations in them.
pub fn differ_in_collation(left: &DataType, right: &DataType) -> bool {
    left.with_strings(&mut uncollated) == right.with_strings(&mut uncollated)
}

/// Refuses what a function makes of collated values by a road of its own (lambdas, generators) unless it only passes them on.
pub fn check_passes<'t>(name: &str, mut types: impl Iterator<Item = &'t DataType>) -> Result<()> {
    match types.any(DataType::is_collated) && !matches!(rule(name, false), Some(Rule::Passes)) {
        true => Err(Error::unsupported(format!("the function {name} over collated strings"))),
        false => Ok(()),
    }
}
