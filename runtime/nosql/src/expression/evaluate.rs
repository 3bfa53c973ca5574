//! Values of expressions. One walk over the tree serves both dialects:
//!
//! - **conditions** are three-valued: what is absent, null or wrong makes the smallest Boolean operand around it unknown,
//!   `AND`, `OR` and `NOT` follow Kleene, and only true passes;
//! - **updates** are strict: the first thing that is absent or wrong is the error of the whole update.
//!
//! An unknown is a [`Fault`], so that it costs nothing until an update has to say it.
//! Not here: what operators and functions compute (`operators`, `functions`).

use std::borrow::Cow;

use super::operators::{binary, compare, equal, unary};
use super::syntax::{Form, Node, Program};
use super::{Attributes, Binding};
use crate::error::{Error, ErrorName};
use crate::value::Value;

/// A value on the way: borrowed from the item, the expression or its bound values where possible.
#[derive(Debug, Clone)]
pub(super) enum Val<'v> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Cow<'v, str>),
    Timestamp(i64, u32),
    Blob(Cow<'v, [u8]>),
    Ints(Cow<'v, [i64]>),
    Doubles(Cow<'v, [f64]>),
}

impl<'v> From<&'v Value> for Val<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Bool(truth) => Val::Bool(*truth),
            Value::Int(number) => Val::Int(*number),
            Value::Double(number) => Val::Double(*number),
            Value::Str(text) => Val::Str(Cow::Borrowed(text)),
            Value::Timestamp { secs, nanos } => Val::Timestamp(*secs, *nanos),
            Value::Blob(bytes) => Val::Blob(Cow::Borrowed(bytes)),
            Value::IntArray(values) => Val::Ints(Cow::Borrowed(values)),
            Value::DoubleArray(values) => Val::Doubles(Cow::Borrowed(values)),
        }
    }
}

impl<'v> From<Cow<'v, Value>> for Val<'v> {
    fn from(value: Cow<'v, Value>) -> Self {
        match value {
            Cow::Borrowed(value) => value.into(),
            Cow::Owned(Value::Str(text)) => Val::Str(Cow::Owned(text)),
            Cow::Owned(Value::Blob(bytes)) => Val::Blob(Cow::Owned(bytes)),
            Cow::Owned(Value::IntArray(values)) => Val::Ints(Cow::Owned(values)),
            Cow::Owned(Value::DoubleArray(values)) => Val::Doubles(Cow::Owned(values)),
            Cow::Owned(Value::Bool(truth)) => Val::Bool(truth),
            Cow::Owned(Value::Int(number)) => Val::Int(number),
            Cow::Owned(Value::Double(number)) => Val::Double(number),
            Cow::Owned(Value::Timestamp { secs, nanos }) => Val::Timestamp(secs, nanos),
        }
    }
}

impl Val<'_> {
    /// The value to store.
    pub fn into_value(self) -> Value {
        match self {
            Val::Bool(truth) => Value::Bool(truth),
            Val::Int(number) => Value::Int(number),
            Val::Double(number) => Value::Double(number),
            Val::Str(text) => Value::Str(text.into_owned()),
            Val::Timestamp(secs, nanos) => Value::Timestamp { secs, nanos },
            Val::Blob(bytes) => Value::Blob(bytes.into_owned()),
            Val::Ints(values) => Value::IntArray(values.into_owned()),
            Val::Doubles(values) => Value::DoubleArray(values.into_owned()),
        }
    }

    /// The truth of a Boolean operand.
    pub fn truth(&self, node: &Node) -> Result<bool, Fault> {
        match self {
            Val::Bool(truth) => Ok(*truth),
            _ => Err(Reason::Type("true or false should stand here").at(node.at)),
        }
    }

    /// An index, which must be an integer.
    pub fn index(&self, node: &Node) -> Result<i64, Fault> {
        match self {
            Val::Int(index) => Ok(*index),
            _ => Err(Reason::Type("an index is an integer").at(node.at)),
        }
    }

    /// Its share of the bytes of what is joined; 0 for what cannot be joined.
    pub fn joined_bytes(&self) -> usize {
        match self {
            Val::Str(text) => text.len(),
            Val::Ints(values) => 8 * values.len(),
            Val::Doubles(values) => 8 * values.len(),
            _ => 0,
        }
    }
}

/// Why there is no value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// The attribute of this slot is absent.
    Absent(usize),
    /// The attribute whose elements should be set is absent.
    AbsentTarget,
    /// The parameter of this slot is null.
    Null(usize),
    Type(&'static str),
    Overflow,
    DivisionByZero,
    /// First and last index, and the elements there are.
    Index(i64, i64, usize),
    EmptyArray,
    /// A value on the way would have more bytes.
    TooLarge(usize),
}

/// Why there is no value, and where the text says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub reason: Reason,
    pub at: usize,
}

impl Reason {
    pub fn at(self, at: usize) -> Fault {
        Fault { reason: self, at }
    }
}

impl Fault {
    /// The error of an update.
    pub fn into_error(self, program: &Program) -> Error {
        let (name, text) = match self.reason {
            Reason::Absent(slot) => {
                let name = program.attributes.get(slot).map_or("?", |attribute| &attribute.name);
                (ErrorName::MissingAttribute, format!("the item has no attribute {name}"))
            }
            Reason::AbsentTarget => (ErrorName::MissingAttribute, "there is no array to set elements of".to_owned()),
            Reason::Null(slot) => {
                let name = program.parameters.get(slot).map_or("?", |parameter| &parameter.name);
                (ErrorName::MissingAttribute, format!("the value bound to ${{{name}}} is null"))
            }
            Reason::Type(why) => (ErrorName::TypeError, why.to_owned()),
            Reason::Overflow => (ErrorName::ArithmeticOverflow, "the result does not fit 64 bits".to_owned()),
            Reason::DivisionByZero => (ErrorName::DivisionByZero, "an integer is divided by zero".to_owned()),
            Reason::Index(first, last, length) if first == last => {
                (ErrorName::IndexOutOfRange, format!("there is no element {first} in an array of {length}"))
            }
            Reason::Index(first, last, length) => {
                (ErrorName::IndexOutOfRange, format!("there are no elements {first} to {last} in an array of {length}"))
            }
            Reason::EmptyArray => (ErrorName::IndexOutOfRange, "an empty array has no extreme element".to_owned()),
            Reason::TooLarge(most) => (ErrorName::AttributeTooLarge, format!("a value would have more than {most} bytes")),
        };
        Error::new(name, text).at(self.at)
    }
}

/// Where an evaluation finds its values, and which dialect it follows.
pub(super) struct Scope<'v> {
    pub program: &'v Program,
    pub attributes: &'v dyn Attributes,
    pub bindings: &'v [Binding],
    /// Whether a fault ends everything; else it is an unknown.
    pub strict: bool,
}

/// More than the stack that one level of nesting takes here: a chain of each precedence, and a call.
const STACK_OF_LEVEL: usize = 32 << 10;

impl<'v> Scope<'v> {
    /// The value of a whole expression. The stack is checked here, once, for all its levels.
    pub fn evaluate(&self, node: &'v Node) -> Result<Val<'v>, Fault> {
        let needed = STACK_OF_LEVEL * (self.program.depth + 1);
        stacker::maybe_grow(needed, 2 * needed, || self.value(node))
    }

    /// The value of a part.
    fn value(&self, node: &'v Node) -> Result<Val<'v>, Fault> {
        match &node.form {
            Form::Literal(value) => Ok(value.into()),
            Form::Attribute(slot) => self.attribute(*slot).ok_or(Reason::Absent(*slot).at(node.at)),
            Form::Parameter(slot) => match self.bindings.get(*slot) {
                Some(Binding::Value(value)) => Ok(value.into()),
                _ => Err(Reason::Null(*slot).at(node.at)),
            },
            Form::Unary(operator, inner) => unary(*operator, &self.value(inner)?).map_err(|reason| reason.at(node.at)),
            Form::Chain(first, rest) => {
                let mut result = self.value(first)?;
                for (operator, operand) in rest {
                    let operand = self.value(operand)?;
                    let most = self.program.value_bytes;
                    result = binary(*operator, result, &operand, most).map_err(|reason| reason.at(node.at))?;
                }
                Ok(result)
            }
            Form::Element(slot, index) => self.element(*slot, index, node.at),
            Form::Range(slot, bounds) => self.range(*slot, bounds, node.at),
            Form::IfNotExists(slot, otherwise) => match self.attribute(*slot) {
                Some(value) => Ok(value),
                None => self.value(otherwise),
            },
            Form::IfElse(parts) => {
                let (condition, yes, no) = &**parts;
                self.value(if self.known_truth(condition)? == Some(true) { yes } else { no })
            }
            Form::Call(function, arguments) => {
                let [first, second @ ..] = &arguments[..] else {
                    return Err(Reason::Type("the function takes an argument").at(node.at));
                };
                let first = self.value(first)?;
                let second = second.first().map(|argument| self.value(argument)).transpose()?;
                function.call(first, second, self.program.value_bytes).map_err(|reason| reason.at(node.at))
            }
            Form::Exists(slot) => Ok(Val::Bool(self.attribute(*slot).is_some())),
            Form::Compare(comparison, sides) => {
                Ok(Val::Bool(compare(*comparison, &self.value(&sides.0)?, &self.value(&sides.1)?)))
            }
            Form::In(left, members) => self.is_in(left, members).map(Val::Bool),
            Form::Not(inner) => self.truth(inner).map(|truth| Val::Bool(!truth)),
            Form::And(all) => self.unless_one_is(false, all).map(Val::Bool),
            Form::Or(all) => self.unless_one_is(true, all).map(Val::Bool),
        }
    }

    fn truth(&self, node: &'v Node) -> Result<bool, Fault> {
        self.value(node)?.truth(node)
    }

    /// The truth of a Boolean operand, none if it is unknown. Only updates fail.
    fn known_truth(&self, node: &'v Node) -> Result<Option<bool>, Fault> {
        match self.truth(node) {
            Ok(truth) => Ok(Some(truth)),
            Err(fault) if self.strict => Err(fault),
            Err(_) => Ok(None),
        }
    }

    /// `deciding` as soon as one operand is; its opposite if all are that; else unknown.
    fn unless_one_is(&self, deciding: bool, all: &'v [Node]) -> Result<bool, Fault> {
        let mut unknown = None;
        for operand in all {
            match self.truth(operand) {
                Ok(truth) if truth == deciding => return Ok(deciding),
                Ok(_) => {}
                Err(fault) if self.strict => return Err(fault),
                Err(fault) => unknown = Some(fault),
            }
        }
        unknown.map_or(Ok(!deciding), Err)
    }

    fn is_in(&self, left: &'v Node, members: &'v [Node]) -> Result<bool, Fault> {
        let left = self.value(left)?;
        let mut unknown = None;
        for member in members {
            match self.value(member) {
                Ok(member) if equal(&left, &member) == Some(true) => return Ok(true),
                Ok(_) => {}
                Err(fault) if self.strict => return Err(fault),
                Err(fault) => unknown = Some(fault),
            }
        }
        unknown.map_or(Ok(false), Err)
    }

    fn attribute(&self, slot: usize) -> Option<Val<'v>> {
        let attributes: &'v dyn Attributes = self.attributes;
        attributes.attribute(self.program.attributes.get(slot)?).map(Val::from)
    }

    fn array(&self, slot: usize, at: usize) -> Result<Val<'v>, Fault> {
        match self.attribute(slot).ok_or(Reason::Absent(slot).at(at))? {
            array @ (Val::Ints(_) | Val::Doubles(_)) => Ok(array),
            _ => Err(Reason::Type("only arrays have elements").at(at)),
        }
    }

    fn index(&self, node: &'v Node) -> Result<i64, Fault> {
        self.value(node)?.index(node)
    }

    fn element(&self, slot: usize, index: &'v Node, at: usize) -> Result<Val<'v>, Fault> {
        let array = self.array(slot, at)?;
        let index = self.index(index)?;
        let place = |length: usize| span(index, index, length).map(|(place, _)| place).map_err(|reason| reason.at(at));
        Ok(match array {
            Val::Ints(values) => Val::Int(values[place(values.len())?]),
            Val::Doubles(values) => Val::Double(values[place(values.len())?]),
            other => other,
        })
    }

    fn range(&self, slot: usize, bounds: &'v (Node, Node), at: usize) -> Result<Val<'v>, Fault> {
        let array = self.array(slot, at)?;
        let (first, last) = (self.index(&bounds.0)?, self.index(&bounds.1)?);
        let places = |length: usize| span(first, last, length).map_err(|reason| reason.at(at));
        Ok(match array {
            Val::Ints(values) => Val::Ints({
                let places = places(values.len())?;
                part(values, places)
            }),
            Val::Doubles(values) => Val::Doubles({
                let places = places(values.len())?;
                part(values, places)
            }),
            other => other,
        })
    }
}

/// The first place of a range of elements and the one behind its last.
pub(super) fn span(first: i64, last: i64, length: usize) -> Result<(usize, usize), Reason> {
    let places = usize::try_from(first).ok().zip(usize::try_from(last).ok());
    match places {
        Some((start, end)) if start <= end && end < length => Ok((start, end + 1)),
        _ => Err(Reason::Index(first, last, length)),
    }
}

fn part<T: Clone>(values: Cow<'_, [T]>, (start, end): (usize, usize)) -> Cow<'_, [T]> {
    match values {
        Cow::Borrowed(values) => Cow::Borrowed(&values[start..end]),
        Cow::Owned(values) => Cow::Owned(values[start..end].to_vec()),
    }
}
