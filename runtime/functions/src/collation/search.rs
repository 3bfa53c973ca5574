//! Looking for one text in another under a collation: `contains instr replace split_part trim ..`, and patterns.
//!
//! A text is found where a run of whole characters equals it. Patterns know case only: of the collations they take
//! UTF8_LCASE alone, as in Spark. Begin at [`build`] and [`pattern`].

use std::collections::VecDeque;

use arrow::datatypes::Int32Type;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use emberflow_base::{Error, Result};
use emberflow_plan::collation::Order;
use emberflow_plan::{Collation, DataType};

use super::keys::{Comparer, LEVEL_END, SameBytes, folded};
use super::{stripped, with_arguments};
use crate::call::{Call, Typed};
use crate::kernel::{Columns, Kernel, booleans, primitives, slices, strings};
use crate::registry::{self, Kind};
use crate::strings::{Side, character_range};

/// A function that searches, over texts of `collation`.
pub(super) fn build(make: fn(Call<'_>) -> Result<Typed>, call: Call<'_>, collation: Option<Collation>) -> Result<Typed> {
    let Some(collation) = collation else { return make(call) };
    if let Order::Language { ignores_case: false, ignores_accents: true, .. } = collation.order {
        return Err(call.wants(0, "\"STRING\""));
    }
    let is_trim = matches!(call.name, "btrim" | "ltrim" | "rtrim" | "trim");
    let call = with_arguments(call, stripped);
    if is_trim && call.len() == 1 {
        return in_collation(make(call)?, collation);
    }
    // Blanks at the end are taken off before a text is searched, so those within count.
    let comparer = Comparer::new(Collation { trims_end: false, ..collation })?;
    let search = Search { comparer, collation };
    match call.name {
        "contains" => search.tells(call, |wanted, text| wanted.find(text, 0).is_some()),
        "startswith" => search.tells(call, |wanted, text| wanted.length_at(text).is_some()),
        "endswith" => search.tells(call, |wanted, text| wanted.ends(text)),
        "translate" => search.translate(call),
        "instr" => search.place(call, (0, 1)),
        "locate" | "position" => search.place(call, (1, 0)),
        "find_in_set" => search.place_in_set(call),
        "replace" => search.replace(call),
        "split_part" => search.split_part(call),
        "substring_index" => search.substring_index(call),
        _ => search.trim(call),
    }
}

fn in_collation(mut made: Typed, collation: Collation) -> Result<Typed> {
    made.retype(Some(collation));
    Ok(made)
}

/// A function of patterns: case does not count in what it matches.
pub(super) fn pattern(make: fn(Call<'_>) -> Result<Typed>, call: Call<'_>, collation: Option<Collation>) -> Result<Typed> {
    if collation.is_some_and(|collation| collation != Collation::UTF8_LCASE) {
        return Err(call.wants(0, "\"STRING\""));
    }
    let mut call = with_arguments(call, stripped);
    let make = match (call.name, registry::lookup("ilike").map(|function| &function.kind)) {
        ("like", Some(Kind::Scalar(ilike))) => *ilike,
        ("ilike", _) => make,
        _ => {
            if let Some(pattern) = call.arguments.get_mut(1) {
                pattern.expr = match std::mem::take(&mut pattern.expr) {
                    Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) => {
                        Expr::Literal(ScalarValue::Utf8(Some(format!("(?i){text}"))), metadata)
                    }
                    // Null stays null.
                    other => Expr::BinaryExpr(BinaryExpr::new(Box::new(lit("(?i)")), Operator::StringConcat, Box::new(other))),
                };
            }
            make
        }
    };
    let mut made = make(call)?;
    if let Some(collation) = collation {
        made.retype(Some(collation));
    }
    Ok(made)
}

/// A text that is looked for in another one.
struct Wanted<'w> {
    comparer: &'w Comparer,
    part: &'w str,
    /// How both are compared byte by byte, if they are of letters that allow it.
    same: Option<SameBytes>,
    key: Vec<u8>,
}

/// So many letters may change the key of those before them (`c` before `h`).
const LOOK_BACK: usize = 2;

impl<'w> Wanted<'w> {
    /// `part` in `text` or in pieces of it.
    fn new(comparer: &'w Comparer, text: &str, part: &'w str) -> Self {
        let same = comparer.bytes_alone(text, part);
        let mut key = Vec::new();
        if same.is_none() {
            comparer.write_key(part, &mut key);
        }
        Self { comparer, part, same, key }
    }

    /// Where it begins and ends in `text`, from byte `from` on.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let rest = text.get(from..)?;
        let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        starts.into_iter().find_map(|at| Some((from + at, from + at + self.length_at(&rest[at..])?)))
    }

    /// How many bytes at the beginning of `text` equal it.
    fn length_at(&self, text: &str) -> Option<usize> {
        if let Some(same) = self.same {
            let length = self.part.len();
            return text.as_bytes().get(..length).filter(|begin| same(begin, self.part.as_bytes())).map(<[u8]>::len);
        }
        if self.comparer.compares_lower_case() {
            return self.length_in_lower_case(text);
        }
        if self.key.is_empty() {
            return Some(0);
        }
        let (mut key, mut starts) = (Vec::new(), VecDeque::new());
        for (at, letter) in text.char_indices() {
            key.clear();
            let end = at + letter.len_utf8();
            self.comparer.write_key(&text[..end], &mut key);
            if key == self.key {
                return Some(end);
            }
            if key.len() > self.key.len() {
                return None;
            }
            // A letter that has others behind it no longer changes: what differs there differs for good.
            starts.push_back(key.split(|byte| *byte == LEVEL_END).next().unwrap_or_default().to_vec());
            if starts.len() > LOOK_BACK && starts.pop_front().is_some_and(|start| !self.key.starts_with(&start)) {
                return None;
            }
        }
        None
    }

    fn length_in_lower_case(&self, text: &str) -> Option<usize> {
        let mut wanted = folded(self.part);
        let mut next = wanted.next();
        for (at, letter) in text.char_indices() {
            if next.is_none() {
                return Some(at);
            }
            let mut bytes = [0; 4];
            for found in folded(letter.encode_utf8(&mut bytes)) {
                if next != Some(found) {
                    return None;
                }
                next = wanted.next();
            }
        }
        next.is_none().then_some(text.len())
    }

    /// The last place in `text`.
    fn find_last(&self, text: &str) -> Option<(usize, usize)> {
        let starts = text.char_indices().map(|(at, _)| at).rev();
        starts.into_iter().find_map(|at| Some((at, at + self.length_at(&text[at..])?)))
    }

    fn ends(&self, text: &str) -> bool {
        if let Some(same) = self.same {
            let at = text.len().checked_sub(self.part.len());
            return at.is_some_and(|at| same(&text.as_bytes()[at..], self.part.as_bytes()));
        }
        let ends = |at: usize| self.length_at(&text[at..]) == Some(text.len() - at);
        text.char_indices().map(|(at, _)| at).chain([text.len()]).any(ends)
    }
}

/// A search under way: the kernels it makes are told apart by their collation.
struct Search {
    comparer: Comparer,
    collation: Collation,
}

impl Search {
    /// The text without what does not count at its end.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        if self.collation.trims_end { text.trim_end_matches(' ') } else { text }
    }

    fn kernel(
        self,
        call: &Call<'_>,
        arguments: Vec<Typed>,
        returns: DataType,
        nullable: bool,
        run: impl Fn(&Search, &Columns) -> Result<arrow::array::ArrayRef> + Send + Sync + 'static,
    ) -> Typed {
        let collation = self.collation;
        let kernel = Kernel::new(call.name, &returns, nullable, move |columns| run(&self, columns)).identity(collation.name());
        let data_type = returns.with_strings(&mut |_| DataType::Collated(collation));
        let raises = call.name == "split_part";
        let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
        Typed::new(kernel.fallible_if(raises).call(arguments), data_type, nullable)
    }

    fn tells(self, call: Call<'_>, tell: fn(&Wanted<'_>, &str) -> bool) -> Result<Typed> {
        call.arity(&[2])?;
        let arguments = vec![call.text(0)?, call.text(1)?];
        Ok(self.kernel(&call, arguments, DataType::Boolean, call.any_nullable(), move |search, columns| {
            let (texts, parts) = (columns.text(0)?, columns.text(1)?);
            booleans(columns.rows, |row| {
                let there = texts.at(row).zip(parts.at(row));
                Ok(there.map(|(text, part)| {
                    let (text, part) = (search.cut(text), search.cut(part));
                    tell(&Wanted::new(&search.comparer, text, part), text)
                }))
            })
        }))
    }

    /// The position of one argument in another, in characters from 1; 0 if it is not there.
    fn place(self, call: Call<'_>, (text, part): (usize, usize)) -> Result<Typed> {
        call.arity(&[2, 3])?;
        let from = if call.len() == 3 { call.int(2)? } else { Typed::new(lit(1_i32), DataType::Int, false) };
        let arguments = vec![call.text(text)?, call.text(part)?, from];
        Ok(self.kernel(&call, arguments, DataType::Int, call.any_nullable(), |search, columns| {
            let (texts, parts, starts) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
            primitives::<Int32Type>(columns.rows, |row| {
                let Some(from) = starts.at(row) else { return Ok(Some(0)) };
                let there = texts.at(row).zip(parts.at(row));
                Ok(there.map(|(text, part)| position_of(&search.comparer, search.cut(text), search.cut(part), from)))
            })
        }))
    }

    fn place_in_set(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[2])?;
        let arguments = vec![call.text(0)?, call.text(1)?];
        Ok(self.kernel(&call, arguments, DataType::Int, call.any_nullable(), |search, columns| {
            let (words, lists) = (columns.text(0)?, columns.text(1)?);
            let equal = |one: &str, other: &str| search.comparer.equal(search.cut(one), search.cut(other));
            primitives::<Int32Type>(columns.rows, |row| {
                Ok(words.at(row).zip(lists.at(row)).map(|(word, list)| {
                    let mut entries = list.split(',');
                    let found = if word.contains(',') { None } else { entries.position(|entry| equal(entry, word)) };
                    found.map_or(0, |index| index as i32 + 1)
                }))
            })
        }))
    }

    fn replace(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[2, 3])?;
        let replacement = if call.len() == 3 { call.text(2)? } else { Typed::new(lit(""), DataType::String, false) };
        let arguments = vec![call.text(0)?, call.text(1)?, replacement];
        Ok(self.kernel(&call, arguments, DataType::String, call.any_nullable(), |search, columns| {
            let (texts, parts, replacements) = (columns.text(0)?, columns.text(1)?, columns.text(2)?);
            strings(columns.rows, |row| {
                let there = texts.at(row).zip(parts.at(row)).zip(replacements.at(row));
                Ok(there.map(|((text, part), replacement)| {
                    let pieces: Vec<&str> = if part.is_empty() { vec![text] } else { pieces(&search.comparer, text, part) };
                    pieces.join(replacement)
                }))
            })
        }))
    }

    fn split_part(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[3])?;
        let arguments = vec![call.text(0)?, call.text(1)?, call.int(2)?];
        Ok(self.kernel(&call, arguments, DataType::String, true, |search, columns| {
            let (texts, delimiters, numbers) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
            strings(columns.rows, |row| {
                let there = texts.at(row).zip(delimiters.at(row)).zip(numbers.at(row));
                let Some(((text, delimiter), number)) = there else { return Ok(None) };
                if number == 0 {
                    return Err(Error::new("INVALID_INDEX_OF_ZERO"));
                }
                let delimiter = search.cut(delimiter);
                let pieces = if delimiter.is_empty() { vec![text] } else { pieces(&search.comparer, text, delimiter) };
                let index = if number > 0 { i64::from(number) - 1 } else { pieces.len() as i64 + i64::from(number) };
                let piece = usize::try_from(index).ok().and_then(|index| pieces.get(index));
                Ok(Some(piece.map_or_else(String::new, |piece| (*piece).to_owned())))
            })
        }))
    }

    fn substring_index(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[3])?;
        let arguments = vec![call.text(0)?, call.text(1)?, call.int(2)?];
        Ok(self.kernel(&call, arguments, DataType::String, call.any_nullable(), |search, columns| {
            let (texts, delimiters, counts) = (columns.text(0)?, columns.text(1)?, columns.numbers::<Int32Type>(2)?);
            slices(columns.rows, |row| {
                let delimiter = search.cut(delimiters.at(row)?);
                Some(before_or_after(&search.comparer, texts.at(row)?, delimiter, counts.at(row)?))
            })
        }))
    }

    /// Takes the letters of a set away from the ends.
    fn trim(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[2])?;
        let side = match call.name {
            "ltrim" => Side::Left,
            "rtrim" => Side::Right,
            _ => Side::Both,
        };
        let (text, set) = if call.name == "btrim" { (0, 1) } else { (1, 0) };
        let arguments = vec![call.text(text)?, call.text(set)?];
        Ok(self.kernel(&call, arguments, DataType::String, call.any_nullable(), move |search, columns| {
            let (texts, sets) = (columns.text(0)?, columns.text(1)?);
            strings(columns.rows, |row| {
                let Some((text, set)) = texts.at(row).zip(sets.at(row)) else { return Ok(None) };
                let (text, rest) = text.split_at(search.cut(text).len());
                Ok(Some(format!("{}{rest}", trimmed(&search.comparer, text, set, side))))
            })
        }))
    }

    /// Letters of one set become those at the same places of another.
    fn translate(self, call: Call<'_>) -> Result<Typed> {
        call.arity(&[3])?;
        let arguments = vec![call.text(0)?, call.text(1)?, call.text(2)?];
        Ok(self.kernel(&call, arguments, DataType::String, call.any_nullable(), |search, columns| {
            let (texts, sources, targets) = (columns.text(0)?, columns.text(1)?, columns.text(2)?);
            strings(columns.rows, |row| {
                let there = texts.at(row).zip(sources.at(row)).zip(targets.at(row));
                Ok(there.map(|((text, source), target)| {
                    let (sources, targets): (Vec<char>, Vec<char>) = (source.chars().collect(), target.chars().collect());
                    let place = |letter: &char| sources.iter().position(|source| same_letter(&search.comparer, *letter, *source));
                    text.chars().filter_map(|letter| place(&letter).map_or(Some(letter), |at| targets.get(at).copied())).collect()
                }))
            })
        }))
    }
}

fn position_of(comparer: &Comparer, text: &str, part: &str, from: i32) -> i32 {
    if from < 1 {
        return 0;
    }
    if part.is_empty() {
        return 1;
    }
    let before = character_range(text, 0, i64::from(from) - 1);
    match Wanted::new(comparer, text, part).find(text, before.len()) {
        Some((start, _)) if before.chars().count() as i32 == from - 1 => text[..start].chars().count() as i32 + 1,
        _ => 0,
    }
}

/// What lies between the places of `delimiter`.
fn pieces<'t>(comparer: &Comparer, text: &'t str, delimiter: &str) -> Vec<&'t str> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let wanted = Wanted::new(comparer, text, delimiter);
    while let Some((start, end)) = wanted.find(text, from).filter(|(start, end)| end > start) {
        pieces.push(&text[from..start]);
        from = end;
    }
    pieces.push(&text[from..]);
    pieces
}

fn before_or_after<'t>(comparer: &Comparer, text: &'t str, delimiter: &str, count: i32) -> &'t str {
    if delimiter.is_empty() || count == 0 {
        return "";
    }
    let mut from = 0;
    let wanted = Wanted::new(comparer, text, delimiter);
    for number in 1..=count.max(0) {
        match wanted.find(text, from) {
            Some((start, _)) if number == count => return &text[..start],
            Some((_, end)) => from = end,
            None => return text,
        }
    }
    let (mut rest, mut after) = (text, 0);
    for _ in 0..count.unsigned_abs() {
        let Some((start, end)) = wanted.find_last(rest) else { return text };
        (rest, after) = (&text[..start], end);
    }
    &text[after..]
}

fn trimmed<'t>(comparer: &Comparer, text: &'t str, set: &str, side: Side) -> &'t str {
    let goes = |letter: char| set.chars().any(|known| same_letter(comparer, letter, known));
    let text = if side == Side::Right { text } else { text.trim_start_matches(goes) };
    if side == Side::Left { text } else { text.trim_end_matches(goes) }
}

fn same_letter(comparer: &Comparer, one: char, other: char) -> bool {
    let (mut first, mut second) = ([0; 4], [0; 4]);
    one == other || comparer.equal(one.encode_utf8(&mut first), other.encode_utf8(&mut second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower() -> Comparer {
        Comparer::new(Collation::UTF8_LCASE).unwrap()
    }

    #[test]
    fn case_does_not_hide_a_text() {
        let comparer = lower();
        let find = |text: &str, part: &str, from: usize| Wanted::new(&comparer, text, part).find(text, from);
        assert_eq!(find("xÄB", "äb", 0), Some((1, 4)));
        assert_eq!(find("xÄB", "ab", 0), None);
        assert_eq!(find("İx", "i\u{307}", 0), Some((0, 2)));
        assert_eq!(find("İx", "i", 0), None);
        assert_eq!(position_of(&comparer, "äbÄB", "ÄB", 2), 3);
        assert_eq!(pieces(&comparer, "1x2X3", "x"), ["1", "2", "3"]);
        assert_eq!(before_or_after(&comparer, "aXbxc", "x", -2), "bxc");
        assert_eq!(trimmed(&comparer, "xXaXx", "x", Side::Both), "a");
        assert!(Wanted::new(&comparer, "abC", "BC").ends("abC") && Wanted::new(&comparer, "äbC", "BC").ends("äbC"));
        assert_eq!(find("xab", "B", 1), Some((2, 3)));
        assert_eq!(find("ab", "abc", 0), None);
    }
}
