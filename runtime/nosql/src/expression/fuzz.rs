//! Seeded fuzzing: no text makes the parser or an evaluation panic, and what random trees compute is compared with a small
//! reference of its own that knows nothing of the tree, the chains or the faults.

use super::*;
use crate::item;

/// A small generator of numbers (xorshift); the seed replays everything.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const PIECES: [&str; 72] = [
    "a",
    "b",
    "gone",
    "s",
    "z",
    "d",
    "t",
    "__mtime_secs",
    "`exists`",
    "` `",
    "${n}",
    "${",
    "}",
    "1",
    "0",
    "2.5",
    "1e3",
    "1e",
    ".5",
    "5.",
    "9223372036854775808",
    "9223372036854775807",
    "5:1",
    "5:",
    "'x'",
    "'it''s'",
    "'",
    "''",
    "`",
    "\"",
    "(",
    "(",
    ")",
    ")",
    "[",
    "]",
    "[0]",
    "[0..1]",
    "..",
    ",",
    ";",
    "+",
    "-",
    "-",
    "*",
    "/",
    "&",
    "|",
    "^",
    "~",
    "<<",
    ">>",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    "=",
    "<>",
    "!",
    "%",
    "AND",
    "or",
    "NOT",
    "in",
    "IN (1, a)",
    "exists(",
    "if_not_exists(a,",
    "if_else(a,",
    "length(",
    "remove ",
    "delete(",
];

fn soup(dice: &mut Dice) -> String {
    let blank = dice.pick(&["", " ", "\n"]);
    let count = if dice.below(50) == 0 { 2000 } else { 1 + dice.below(24) };
    (0..count).map(|_| PIECES[dice.below(PIECES.len())].to_owned() + blank).collect()
}

fn mutated(dice: &mut Dice, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(characters.len() + 1);
        let strange = ['(', ')', '\'', '`', '-', '.', 'é', '\0', '{', '$', ' ', '9', ':', '\u{1f525}'][dice.below(14)];
        match dice.below(4) {
            0 => characters.insert(at, strange),
            1 if at < characters.len() => drop(characters.remove(at)),
            2 if at < characters.len() => characters[at] = strange,
            _ => characters.truncate(at),
        }
    }
    characters.into_iter().collect()
}

/// Reads and evaluates; positions lie in the text.
fn try_out(text: &str, items: &[Item]) {
    let length = text.chars().count();
    let check = |error: Error| assert!(error.position().is_none_or(|at| at <= length), "{text:?}: {error}");
    match Condition::parse(text) {
        Ok(condition) => items.iter().for_each(|item| _ = condition.truth(item)),
        Err(error) => check(error),
    }
    for text in [text.to_owned(), format!("q={text}")] {
        match Update::parse(&text) {
            Ok(update) => items.iter().for_each(|item| drop(update.apply(item, &Absent))),
            Err(error) => assert!(error.position().is_none_or(|at| at <= length + 2), "{text:?}: {error}"),
        }
    }
}

#[test]
fn no_text_makes_it_panic() {
    let t = Value::Timestamp { secs: 5, nanos: 1 };
    let items = [
        Item::new(),
        item! {a: 1, b: true, s: "x", z: vec![1i64, 2], d: 0.5, t: t},
        item! {a: "x", b: 2, s: f64::NAN, z: vec![0.5, 2.5], d: i64::MIN, t: vec![1u8]},
    ];
    let mut dice = Dice(0x5eed_0001);
    for _ in 0..30_000 {
        let text = soup(&mut dice);
        try_out(&text, &items);
    }
    for _ in 0..30_000 {
        let text = if dice.below(2) == 0 { truth(&mut dice, 4).text } else { number(&mut dice, 4).text };
        try_out(&text, &items);
        try_out(&mutated(&mut dice, &text), &items);
    }
    for _ in 0..2_000 {
        let noise: String = (0..dice.below(300)).filter_map(|_| char::from_u32(dice.below(0x300) as u32)).collect();
        try_out(&noise, &items);
    }
    for open in ["(", "NOT ", "-", "~", "a[", "length(", "a IN (", "1+(", "if_else(a,a,"] {
        try_out(&open.repeat(8192 / open.len()), &items);
        try_out(&open.repeat(30_000), &items);
    }
}

/// An expression as text, how tightly its outermost operator binds, and what it should come to (none: unknown).
struct Sample<T> {
    text: String,
    binds: u8,
    expected: Option<T>,
}

const A: i64 = 6;
const B: i64 = -3;

fn leaf<T>(text: impl Into<String>, expected: Option<T>) -> Sample<T> {
    Sample { text: text.into(), binds: 20, expected }
}

/// In parentheses if it must be, or sometimes anyway.
fn within<T>(dice: &mut Dice, sample: &Sample<T>, least: u8) -> String {
    match sample.binds < least || dice.below(8) == 0 {
        true => format!("({})", sample.text),
        false => sample.text.clone(),
    }
}

fn number(dice: &mut Dice, depth: usize) -> Sample<i64> {
    if depth == 0 || dice.below(5) == 0 {
        let small = dice.below(100) as i64;
        return match dice.below(8) {
            0 | 1 => leaf("a", Some(A)),
            2 => leaf("b", Some(B)),
            3 => leaf("gone", None),
            4 => leaf(i64::MAX.to_string(), Some(i64::MAX)),
            5 => leaf(format!("-{small}"), Some(-small)),
            _ => leaf(small.to_string(), Some(small)),
        };
    }
    if dice.below(6) == 0 {
        let inner = number(dice, depth - 1);
        let text = within(dice, &inner, 19);
        return match dice.below(3) {
            0 => Sample { text: format!("- {text}"), binds: 19, expected: inner.expected.and_then(i64::checked_neg) },
            1 => Sample { text: format!("+{text}"), binds: 19, expected: inner.expected },
            _ => Sample { text: format!("~{text}"), binds: 19, expected: inner.expected.map(|value| !value) },
        };
    }
    if dice.below(10) == 0 {
        let (test, yes, no) = (truth(dice, depth - 1), number(dice, depth - 1), number(dice, depth - 1));
        let expected = if test.expected == Some(true) { yes.expected } else { no.expected };
        return leaf(format!("if_else({}, {}, {})", test.text, yes.text, no.text), expected);
    }
    let (symbol, binds, apply): (&str, u8, fn(i64, i64) -> Option<i64>) = [
        ("|", 10, (|a, b| Some(a | b)) as fn(i64, i64) -> Option<i64>),
        ("^", 11, |a, b| Some(a ^ b)),
        ("&", 12, |a, b| Some(a & b)),
        ("<<", 13, |a, b| (0..64).contains(&b).then(|| ((a as i128) << b) as i64)),
        (">>", 13, |a, b| (0..64).contains(&b).then(|| (i128::from(a).div_euclid(1 << b)) as i64)),
        ("+", 14, |a, b| i64::try_from(i128::from(a) + i128::from(b)).ok()),
        ("-", 14, |a, b| i64::try_from(i128::from(a) - i128::from(b)).ok()),
        ("*", 15, |a, b| i64::try_from(i128::from(a) * i128::from(b)).ok()),
        ("/", 15, |a, b| (b != 0).then(|| i128::from(a) / i128::from(b)).and_then(|value| value.try_into().ok())),
    ][dice.below(9)];
    let (left, right) = (number(dice, depth - 1), number(dice, depth - 1));
    let expected = left.expected.zip(right.expected).and_then(|(a, b)| apply(a, b));
    let text = format!("{} {symbol} {}", within(dice, &left, binds), within(dice, &right, binds + 1));
    Sample { text, binds, expected }
}

fn truth(dice: &mut Dice, depth: usize) -> Sample<bool> {
    if depth == 0 {
        return match dice.below(5) {
            0 => leaf("yes", Some(true)),
            1 => leaf("exists(gone)", Some(false)),
            2 => leaf("FALSE", Some(false)),
            3 => leaf("gone", None),
            _ => leaf("exists(`a`)", Some(true)),
        };
    }
    match dice.below(6) {
        0 => {
            let inner = truth(dice, depth - 1);
            Sample { text: format!("not {}", within(dice, &inner, 3)), binds: 3, expected: inner.expected.map(|truth| !truth) }
        }
        choice @ (1 | 2) => {
            let deciding = choice == 2;
            let (binds, symbol) = if deciding { (1, "OR") } else { (2, "AND") };
            let (left, right) = (truth(dice, depth - 1), truth(dice, depth - 1));
            let expected = match (left.expected, right.expected) {
                (Some(left), Some(right)) if deciding => Some(left || right),
                (Some(left), Some(right)) => Some(left && right),
                (one, other) if one == Some(deciding) || other == Some(deciding) => Some(deciding),
                _ => None,
            };
            let text = format!("{} {symbol} {}", within(dice, &left, binds), within(dice, &right, binds));
            Sample { text, binds, expected }
        }
        3 => {
            let (left, one, two) = (number(dice, depth - 1), number(dice, depth - 1), number(dice, depth - 1));
            let text = format!("{} In ({}, {})", within(dice, &left, 5), one.text, two.text);
            let expected = left.expected.and_then(|value| match one.expected == Some(value) || two.expected == Some(value) {
                true => Some(true),
                false => one.expected.and(two.expected).map(|_| false),
            });
            Sample { text, binds: 4, expected }
        }
        _ => {
            let (left, right) = (number(dice, depth - 1), number(dice, depth - 1));
            let (symbol, test): (&str, fn(&i64, &i64) -> bool) = [
                ("==", i64::eq as fn(&i64, &i64) -> bool),
                ("!=", i64::ne),
                ("<", i64::lt),
                ("<=", i64::le),
                (">", i64::gt),
                (">=", i64::ge),
            ][dice.below(6)];
            let text = format!("{}{symbol}{}", within(dice, &left, 5), within(dice, &right, 5));
            Sample { text, binds: 4, expected: left.expected.zip(right.expected).map(|(a, b)| test(&a, &b)) }
        }
    }
}

#[test]
fn random_trees_come_to_what_the_reference_says() {
    let item = item! {a: A, b: B, yes: true};
    let mut dice = Dice(0x5eed_0002);
    let mut known = 0;
    for round in 0..20_000 {
        let depth = 1 + round % 5;
        let sample = truth(&mut dice, depth);
        let condition = Condition::parse(&sample.text).unwrap_or_else(|error| panic!("{}: {error}", sample.text));
        assert_eq!(condition.truth(&item), sample.expected, "{}", sample.text);
        known += usize::from(sample.expected.is_some());

        // What is known in a condition need not be in an update, which fails at the first absent attribute.
        let sample = number(&mut dice, depth);
        let update = Update::parse(&format!("q = {}", sample.text)).unwrap();
        if let Ok(result) = update.apply(&item, &Absent) {
            assert_eq!(result.get("q"), sample.expected.map(Value::Int).as_ref(), "{}", sample.text);
        } else {
            assert!(
                sample.expected.is_none() || sample.text.contains("gone") || sample.text.contains("if_else"),
                "{}",
                sample.text
            );
        }
    }
    assert!(known > 8_000, "most samples should mean something: {known}");
}
