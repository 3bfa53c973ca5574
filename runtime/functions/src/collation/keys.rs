//! Keys: byte strings that are equal, and in order, exactly as texts are under a collation.
//!
//!     UTF8_LCASE   'Straße' ──► 'straße'         .._RTRIM   'a  ' ──► 'a'
//!     UNICODE_CI   'Straße' ──► a sort key of Unicode's collation algorithm
//!
//! A key stands in for the value wherever values are told apart or put in order; lists and structs are keyed inside.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, ListArray, MapArray, StructArray};
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::collation::{Order, UNICODE};
use emberflow_plan::{Collation, DataType};
use icu_collator::CollatorBorrowed;
use icu_collator::options::{CaseLevel, CollatorOptions, Strength};
use icu_locale_core::Locale;

use crate::call::Typed;
use crate::errors::to_datafusion;
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult};

/// What the value is compared by; the value itself where its type has no collation.
pub fn key(value: Typed) -> Result<Typed> {
    if !value.data_type.is_collated() {
        return Ok(value);
    }
    check(&value.data_type)?;
    let own = value.data_type.clone();
    let keyed = key_type(&own);
    let expr = Kernel::new("collation_key", to_arrow(&keyed), value.nullable)
        .of(own.simple_string())
        .run_arrays(move |arrays| key_column(&arrays[0], &own))
        .call(vec![value.expr]);
    Ok(Typed { expr, data_type: keyed, ..value })
}

/// The type of a type's keys.
fn key_type(data_type: &DataType) -> DataType {
    data_type.with_strings(&mut |text| if let DataType::Collated(_) = text { DataType::Binary } else { text.clone() })
}

/// Refuses orders there are no keys of.
fn check(data_type: &DataType) -> Result<()> {
    let mut refused = None;
    data_type.with_strings(&mut |text| {
        if let DataType::Collated(collation) = text
            && let Err(error) = Comparer::new(*collation)
        {
            refused = Some(error);
        }
        text.clone()
    });
    refused.map_or(Ok(()), Err)
}

/// The keys of a column.
pub fn key_column(column: &ArrayRef, data_type: &DataType) -> KernelResult<ArrayRef> {
    if !data_type.is_collated() {
        return Ok(Arc::clone(column));
    }
    let nulls = column.nulls().cloned();
    Ok(match (data_type, to_arrow(&key_type(data_type))) {
        (DataType::Collated(collation), _) => {
            let (texts, comparer) = (column.as_string::<i32>(), Comparer::new(*collation).map_err(to_datafusion)?);
            let mut keys = BinaryBuilder::with_capacity(texts.len(), texts.value_data().len());
            let mut key = Vec::new();
            for text in texts {
                match text {
                    Some(text) => {
                        key.clear();
                        comparer.write_key(text, &mut key);
                        keys.append_value(&key);
                    }
                    None => keys.append_null(),
                }
            }
            Arc::new(keys.finish())
        }
        (DataType::Array { element, .. }, Arrow::List(field)) => {
            let list = column.as_list::<i32>();
            Arc::new(ListArray::try_new(field, list.offsets().clone(), key_column(list.values(), element)?, nulls)?)
        }
        (DataType::Struct(schema), Arrow::Struct(fields)) => {
            let columns = column.as_struct().columns().iter().zip(&schema.fields);
            let columns = columns.map(|(column, field)| key_column(column, &field.data_type)).collect::<KernelResult<_>>()?;
            Arc::new(StructArray::try_new_with_length(fields, columns, nulls, column.len())?)
        }
        (DataType::Map { key, value, .. }, Arrow::Map(field, sorted)) => {
            let map = column.as_map();
            let Arrow::Struct(fields) = field.data_type().clone() else { return Err(to_datafusion(unkeyed(data_type))) };
            let entries = vec![key_column(map.keys(), key)?, key_column(map.values(), value)?];
            let entries = StructArray::try_new(fields, entries, None)?;
            Arc::new(MapArray::try_new(field, map.offsets().clone(), entries, nulls, sorted)?)
        }
        _ => return Err(to_datafusion(unkeyed(data_type))),
    })
}

fn unkeyed(data_type: &DataType) -> Error {
    Error::internal(format!("there are no keys of {}", data_type.sql()))
}

/// Of values of one type in several columns, the greatest or least of each row; the first of equal ones, nulls aside.
pub(crate) fn pick(columns: &[ArrayRef], data_type: &DataType, largest: bool) -> KernelResult<ArrayRef> {
    let keys = columns.iter().map(|column| key_column(column, data_type)).collect::<KernelResult<Vec<_>>>()?;
    let Some(first) = keys.first() else { return Err(to_datafusion(unkeyed(data_type))) };
    let fields = vec![arrow::row::SortField::new(first.data_type().clone())];
    let converter = arrow::row::RowConverter::new(fields)?;
    let rows = keys.iter().map(|keys| converter.convert_columns(std::slice::from_ref(keys))).collect::<Result<Vec<_>, _>>()?;
    let better = if largest { Ordering::Greater } else { Ordering::Less };
    let chosen = (0..first.len()).map(|row| {
        let there = (0..columns.len()).filter(|at| columns[*at].is_valid(row));
        let best = there.reduce(|best, next| if rows[next].row(row).cmp(&rows[best].row(row)) == better { next } else { best });
        (best.unwrap_or(0), row)
    });
    let chosen: Vec<(usize, usize)> = chosen.collect();
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    Ok(arrow::compute::interleave(&columns, &chosen)?)
}

/// A collation at work.
pub(crate) struct Comparer {
    order: Working,
    trims_end: bool,
}

enum Working {
    Bytes,
    LowerCase,
    Language { collator: CollatorBorrowed<'static>, plain: Option<SameBytes> },
}

/// What ends the letters in a language's key; accents and case follow.
pub(crate) const LEVEL_END: u8 = 1;

/// Tells whether two runs of bytes are equal.
pub(crate) type SameBytes = fn(&[u8], &[u8]) -> bool;

/// Languages in which ASCII letters have no order of their own and no two of them count as one.
const PLAIN: &[&str] = &[UNICODE, "de", "en", "en_USA", "fr", "ga", "id", "it", "nl", "pt"];

impl Comparer {
    pub(crate) fn new(collation: Collation) -> Result<Self> {
        let order = match collation.order {
            Order::Bytes => Working::Bytes,
            Order::LowerCase => Working::LowerCase,
            Order::Language { locale, ignores_case, ignores_accents } => {
                let collator = collator(locale, ignores_case, ignores_accents)?;
                let same: SameBytes = if ignores_case { <[u8]>::eq_ignore_ascii_case } else { |one, other| one == other };
                Working::Language { collator, plain: PLAIN.contains(&locale).then_some(same) }
            }
        };
        Ok(Self { order, trims_end: collation.trims_end })
    }

    /// Adds the key of `text` to `out`.
    pub(crate) fn write_key(&self, text: &str, out: &mut Vec<u8>) {
        let text = if self.trims_end { text.trim_end_matches(' ') } else { text };
        match &self.order {
            Working::Bytes => out.extend_from_slice(text.as_bytes()),
            Working::LowerCase if text.is_ascii() => out.extend(text.bytes().map(|byte| byte.to_ascii_lowercase())),
            Working::LowerCase => {
                let mut bytes = [0; 4];
                folded(text).for_each(|letter| out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes()));
            }
            Working::Language { collator, .. } => {
                let Ok(()) = collator.write_sort_key_to(text, out);
            }
        }
    }

    pub(crate) fn compares_lower_case(&self) -> bool {
        matches!(self.order, Working::LowerCase)
    }

    /// How to compare two texts byte by byte, if they are of letters that allow it.
    pub(crate) fn bytes_alone(&self, one: &str, other: &str) -> Option<SameBytes> {
        let same: SameBytes = match &self.order {
            Working::Bytes => return Some(|one, other| one == other),
            Working::LowerCase => <[u8]>::eq_ignore_ascii_case,
            Working::Language { plain, .. } => (*plain)?,
        };
        // Other control characters do not count in a language.
        let plain = |text: &str| text.bytes().all(|byte| matches!(byte, b'\t'..=b'\r' | b' '..=b'~'));
        (plain(one) && plain(other)).then_some(same)
    }

    pub(crate) fn equal(&self, one: &str, other: &str) -> bool {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        self.write_key(one, &mut first);
        self.write_key(other, &mut second);
        first == second
    }
}

/// The letters of a text in lower case, each by itself; a sigma is one wherever it stands.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter })
}

/// The order of a language as Unicode's algorithm has it: letters, then accents, then case.
fn collator(locale: &str, ignores_case: bool, ignores_accents: bool) -> Result<CollatorBorrowed<'static>> {
    let lost = || Error::internal(format!("there is no order of the language {locale}"));
    let language = if locale == UNICODE { Locale::UNKNOWN } else { tag(locale).parse::<Locale>().map_err(|_| lost())? };
    let mut options = CollatorOptions::default();
    options.strength = Some(match (ignores_case, ignores_accents) {
        (_, true) => Strength::Primary,
        (true, false) => Strength::Secondary,
        (false, false) => Strength::Tertiary,
    });
    options.case_level = Some(if ignores_accents && !ignores_case { CaseLevel::On } else { CaseLevel::Off });
    CollatorBorrowed::try_new(language.into(), options).map_err(|_| lost())
}

/// `sr_Cyrl_SRB` as the standard of tags has it: `sr-Cyrl-RS`.
fn tag(locale: &str) -> String {
    const COUNTRIES: &[(&str, &str)] = &[
        ("AFG", "AF"),
        ("AUT", "AT"),
        ("BIH", "BA"),
        ("CAN", "CA"),
        ("CHN", "CN"),
        ("HKG", "HK"),
        ("IDN", "ID"),
        ("IND", "IN"),
        ("ISR", "IL"),
        ("MAC", "MO"),
        ("MNE", "ME"),
        ("NOR", "NO"),
        ("SAU", "SA"),
        ("SGP", "SG"),
        ("SRB", "RS"),
        ("TWN", "TW"),
        ("USA", "US"),
    ];
    let short = |part: &&str| COUNTRIES.iter().find(|(long, _)| long == part).map(|(_, short)| *short);
    locale.split('_').map(|part| short(&part).unwrap_or(part)).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_an_order() {
        for collation in Collation::all() {
            let comparer = Comparer::new(collation).unwrap();
            assert!(!comparer.equal("a", "b"), "{}", collation.name());
        }
        let countries = |text: &str| text.split('-').skip(1).all(|part| part.len() != 3);
        assert!(emberflow_plan::collation::LANGUAGES.iter().all(|language| countries(&tag(language.name))));
    }

    #[test]
    fn what_does_not_count_is_not_in_the_key() {
        let equal = |name: &str, one: &str, other: &str| {
            Comparer::new(Collation::named(name).unwrap().unwrap()).unwrap().equal(one, other)
        };
        assert!(equal("UNICODE_CI", "STRASSE", "strasse") && !equal("UNICODE_CI", "a", "ä"));
        assert!(equal("UNICODE_AI", "a", "ä") && !equal("UNICODE_AI", "a", "A"));
        assert!(equal("UNICODE_CI_AI", "Ä", "a") && !equal("UNICODE", "a", "A"));
        assert!(equal("UNICODE_RTRIM", "a  ", "a") && !equal("sv_AI", "a", "ä"));
    }
}
