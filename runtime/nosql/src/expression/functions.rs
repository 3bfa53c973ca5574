//! The functions of expressions: one table of names, and what the plain ones make of their arguments.
//!
//! `exists`, `if_not_exists` and `if_else` look at a name or leave a branch alone, so they are forms of the tree.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::DateTime;

use super::evaluate::{Reason, Val};
use super::operators::{Number, number};
use super::syntax::{Form, Node};
use crate::value::Value;

/// How the arguments of a function are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Exists,
    IfNotExists,
    IfElse,
    Plain(Function),
}

/// A function whose arguments are all evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Starts,
    Ends,
    Contains,
    Length,
    Min,
    Max,
    Sqrt,
    InitArray,
    Sum,
    Timestamp,
}

/// Names in lower case, and how many arguments each takes.
const FUNCTIONS: [(&str, Shape, &[usize]); 13] = [
    ("exists", Shape::Exists, &[1]),
    ("if_not_exists", Shape::IfNotExists, &[2]),
    ("if_else", Shape::IfElse, &[3]),
    ("starts", Shape::Plain(Function::Starts), &[2]),
    ("ends", Shape::Plain(Function::Ends), &[2]),
    ("contains", Shape::Plain(Function::Contains), &[2]),
    ("length", Shape::Plain(Function::Length), &[1]),
    ("min", Shape::Plain(Function::Min), &[1, 2]),
    ("max", Shape::Plain(Function::Max), &[1, 2]),
    ("sqrt", Shape::Plain(Function::Sqrt), &[1]),
    ("init_array", Shape::Plain(Function::InitArray), &[2]),
    ("sum", Shape::Plain(Function::Sum), &[1]),
    ("timestamp", Shape::Plain(Function::Timestamp), &[1]),
];

/// The function of a name in lower case, and how many arguments it takes.
pub(super) fn shape_of(name: &str) -> Option<(Shape, &'static [usize])> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, shape, counts)| (*shape, *counts))
}

const KINDS_OF_ARRAYS: &str = "init_array makes arrays of 'int' or 'double'";
const RFC_3339: &str = "the text is no RFC 3339 timestamp such as '2024-03-01T12:30:00Z'";

impl Function {
    /// Whether it gives true, false or unknown.
    pub fn is_boolean(self) -> bool {
        matches!(self, Function::Starts | Function::Ends | Function::Contains)
    }

    /// Refuses texts that stand in the expression itself and can never be right.
    pub fn check_literals(self, arguments: &[Node]) -> Result<(), &'static str> {
        let text = |at: usize| match arguments.get(at).map(|node| &node.form) {
            Some(Form::Literal(Value::Str(text))) => Some(text.as_str()),
            _ => None,
        };
        match self {
            Function::InitArray if text(1).is_some_and(|kind| kind != "int" && kind != "double") => Err(KINDS_OF_ARRAYS),
            Function::Timestamp if text(0).is_some_and(|said| instant(said).is_none()) => Err(RFC_3339),
            _ => Ok(()),
        }
    }

    /// The result. `second` is there whenever it was written; arrays that are made have at most `most` bytes.
    pub fn call<'v>(self, first: Val<'v>, second: Option<Val<'v>>, most: usize) -> Result<Val<'v>, Reason> {
        match (self, second) {
            (Function::Starts, Some(second)) => Ok(texts(&first, &second, |text, part| text.starts_with(part))),
            (Function::Ends, Some(second)) => Ok(texts(&first, &second, |text, part| text.ends_with(part))),
            (Function::Contains, Some(second)) => Ok(texts(&first, &second, |text, part| text.contains(part))),
            (Function::Min, Some(second)) => extreme_of_two(first, second, Ordering::Less),
            (Function::Max, Some(second)) => extreme_of_two(first, second, Ordering::Greater),
            (Function::Min, None) => extreme_element(&first, Ordering::Less),
            (Function::Max, None) => extreme_element(&first, Ordering::Greater),
            (Function::InitArray, Some(second)) => init_array(&first, &second, most),
            (Function::Length, _) => length(&first),
            (Function::Sum, _) => sum(&first),
            (Function::Sqrt, _) => match number(&first) {
                Some(number) => Ok(Val::Double(number.as_double().sqrt())),
                None => Err(Reason::Type("sqrt takes a number")),
            },
            (Function::Timestamp, _) => match &first {
                Val::Str(text) => instant(text).ok_or(Reason::Type(RFC_3339)),
                _ => Err(Reason::Type("timestamp takes a text")),
            },
            (Function::Starts | Function::Ends | Function::Contains | Function::InitArray, None) => {
                Err(Reason::Type("the function takes two arguments"))
            }
        }
    }
}

/// False for anything but two strings.
fn texts<'v>(first: &Val, second: &Val, test: impl Fn(&str, &str) -> bool) -> Val<'v> {
    match (first, second) {
        (Val::Str(text), Val::Str(part)) => Val::Bool(test(text, part)),
        _ => Val::Bool(false),
    }
}

fn length<'v>(value: &Val) -> Result<Val<'v>, Reason> {
    let length = match value {
        Val::Str(text) => text.chars().count(),
        Val::Ints(values) => values.len(),
        Val::Doubles(values) => values.len(),
        _ => return Err(Reason::Type("length takes a string or an array")),
    };
    Ok(Val::Int(length as i64))
}

/// The second if it is `wanted` against the first, else the first. Two numbers of different kinds become doubles.
fn extreme_of_two<'v>(first: Val<'v>, second: Val<'v>, wanted: Ordering) -> Result<Val<'v>, Reason> {
    let second_wins = match (&first, &second) {
        (Val::Str(a), Val::Str(b)) => b.as_bytes().cmp(a.as_bytes()) == wanted,
        _ => match (number(&first), number(&second)) {
            (Some(a), Some(b)) => b.compare(a) == Some(wanted),
            _ => return Err(Reason::Type("min and max take two numbers, two strings or one array")),
        },
    };
    let promoted = matches!((&first, &second), (Val::Int(_), Val::Double(_)) | (Val::Double(_), Val::Int(_)));
    match if second_wins { second } else { first } {
        Val::Int(number) if promoted => Ok(Val::Double(number as f64)),
        winner => Ok(winner),
    }
}

fn extreme_element<'v>(array: &Val, wanted: Ordering) -> Result<Val<'v>, Reason> {
    let extreme = match array {
        Val::Ints(values) => {
            values.iter().copied().reduce(|best, next| if next.cmp(&best) == wanted { next } else { best }).map(Val::Int)
        }
        Val::Doubles(values) => {
            let better =
                |best: f64, next: f64| if next.partial_cmp(&best) == Some(wanted) || best.is_nan() { next } else { best };
            values.iter().copied().reduce(better).map(Val::Double)
        }
        _ => return Err(Reason::Type("min and max take two numbers, two strings or one array")),
    };
    extreme.ok_or(Reason::EmptyArray)
}

fn sum<'v>(array: &Val) -> Result<Val<'v>, Reason> {
    match array {
        Val::Ints(values) => {
            values.iter().try_fold(0i64, |sum, next| sum.checked_add(*next)).map(Val::Int).ok_or(Reason::Overflow)
        }
        Val::Doubles(values) => Ok(Val::Double(values.iter().fold(0.0, |sum, next| sum + next))),
        _ => Err(Reason::Type("sum takes an array")),
    }
}

fn init_array<'v>(length: &Val, kind: &Val, most: usize) -> Result<Val<'v>, Reason> {
    let Val::Int(length) = *length else { return Err(Reason::Type("the length of an array is an integer")) };
    let Ok(size) = usize::try_from(length) else { return Err(Reason::Type("the length of an array is not negative")) };
    if size > most / 8 {
        return Err(Reason::TooLarge(most));
    }
    match kind {
        Val::Str(kind) if kind == "int" => Ok(Val::Ints(Cow::Owned(vec![0; size]))),
        Val::Str(kind) if kind == "double" => Ok(Val::Doubles(Cow::Owned(vec![0.0; size]))),
        _ => Err(Reason::Type(KINDS_OF_ARRAYS)),
    }
}

fn instant<'v>(text: &str) -> Option<Val<'v>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    // A leap second counts more than a second's nanoseconds; it is the second after.
    let (over, nanos) = (instant.timestamp_subsec_nanos() / 1_000_000_000, instant.timestamp_subsec_nanos() % 1_000_000_000);
    Some(Val::Timestamp(instant.timestamp() + i64::from(over), nanos))
}

impl Number {
    fn as_double(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Double(number) => number,
        }
    }
}
