//! Conditions and update expressions: texts that are read once and evaluated for many items.
//!
//! ```text
//! text ─► lexer ─► parser ─► Program (tree, attributes by slot, parameters by slot)
//!                               │ bind: values for `${name}`, typed, never pasted as text
//!                               ▼
//!                Condition::passes(item)          Update::apply(item) ─► new item
//! ```
//!
//! A text is bounded in bytes, operators and nesting, so neither reading nor evaluating one exhausts memory or a stack.
//! Not here: filters that the engine pushes down (`read_filter`); they follow SQL's rules, not these.
//! Begin at [`Condition`] and [`Update`]; the grammar stands in `parser`.

mod evaluate;
mod functions;
#[cfg(test)]
mod fuzz;
mod lexer;
mod operators;
mod parser;
mod syntax;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use evaluate::{Fault, Reason, Scope, Val, span};
use syntax::{Action, Place, Program, Target};

use crate::error::{Error, ErrorName, Result};
use crate::limits::Limits;
use crate::value::{Item, Value};

/// An attribute that an expression reads, prepared: `slot` counts the distinct attributes of the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: Arc<str>,
    pub slot: usize,
    /// Whether the store keeps it itself.
    pub system: bool,
}

/// A `${name}` of an expression, and where it first stands, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: Arc<str>,
    pub position: usize,
}

/// Where an expression finds the values of attributes. The store gives an implementation that also knows the system attributes.
pub trait Attributes {
    /// The value, or none if the attribute is absent.
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>>;
}

impl Attributes for Item {
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
        self.get(&attribute.name).map(Cow::Borrowed)
    }
}

/// No item: every attribute is absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent;

impl Attributes for Absent {
    fn attribute(&self, _: &Attribute) -> Option<Cow<'_, Value>> {
        None
    }
}

/// An item as the store has it, with its system attributes.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    pub item: &'a Item,
    /// Asked for the system attributes alone.
    pub system: &'a dyn Attributes,
}

impl Attributes for Stored<'_> {
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
        match attribute.system {
            true => self.system.attribute(attribute),
            false => self.item.attribute(attribute),
        }
    }
}

/// What stands for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Binding {
    Open,
    Null,
    Value(Value),
}

/// A program and the values of its parameters.
#[derive(Clone)]
struct Expression {
    program: Arc<Program>,
    bindings: Vec<Binding>,
}

impl Expression {
    fn of(program: Program) -> Self {
        Self { bindings: vec![Binding::Open; program.parameters.len()], program: Arc::new(program) }
    }

    fn bind(&mut self, name: &str, value: Option<Value>) -> Result<()> {
        match self.program.parameters.iter().position(|parameter| &*parameter.name == name) {
            Some(slot) => self.bindings[slot] = value.map_or(Binding::Null, Binding::Value),
            None => {
                let text = format!("the expression `{}` has no ${{{name}}}", self.program.text);
                return Err(Error::new(ErrorName::InvalidArgument, text));
            }
        }
        Ok(())
    }

    fn bind_row(&self, values: impl IntoIterator<Item = Option<Value>>) -> Self {
        let mut bindings: Vec<Binding> = values.into_iter().map(|value| value.map_or(Binding::Null, Binding::Value)).collect();
        bindings.resize(self.program.parameters.len(), Binding::Open);
        Self { program: Arc::clone(&self.program), bindings }
    }

    fn check_bound(&self) -> Result<()> {
        match self.bindings.iter().position(|binding| *binding == Binding::Open) {
            None => Ok(()),
            Some(slot) => {
                let parameter = &self.program.parameters[slot];
                let text = format!("nothing is bound to ${{{}}}", parameter.name);
                Err(Error::new(ErrorName::InvalidArgument, text).at(parameter.position))
            }
        }
    }

    fn scope<'v>(&'v self, attributes: &'v dyn Attributes, strict: bool) -> Scope<'v> {
        Scope { program: &self.program, attributes, bindings: &self.bindings, strict }
    }
}

impl fmt::Debug for Expression {
    /// The text and what is bound: two expressions that print alike mean the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound: Vec<_> = self.program.parameters.iter().map(|parameter| &parameter.name).zip(&self.bindings).collect();
        write!(f, "{:?} {bound:?}", self.program.text)
    }
}

macro_rules! expression {
    ($name:ident, $rule:path) => {
        impl $name {
            /// Reads a text within the default limits. `ParseError` with its position.
            pub fn parse(text: &str) -> Result<Self> {
                Self::parse_within(text, &Limits::default())
            }

            /// Reads a text within other limits.
            pub fn parse_within(text: &str, limits: &Limits) -> Result<Self> {
                $rule(text, limits).map(|program| Self(Expression::of(program)))
            }

            /// The text it was read from.
            pub fn text(&self) -> &str {
                &self.0.program.text
            }

            /// The attributes it reads, by slot.
            pub fn attributes(&self) -> &[Attribute] {
                &self.0.program.attributes
            }

            /// The `${name}`s in the order in which they first stand.
            pub fn parameters(&self) -> &[Parameter] {
                &self.0.program.parameters
            }

            /// Gives `${name}` a value. `InvalidArgument` if the text has no such parameter.
            pub fn bind(mut self, name: &str, value: impl Into<Value>) -> Result<Self> {
                self.0.bind(name, Some(value.into()))?;
                Ok(self)
            }

            /// Makes `${name}` a null.
            pub fn bind_null(mut self, name: &str) -> Result<Self> {
                self.0.bind(name, None)?;
                Ok(self)
            }

            /// The same with other values bound: one for each of [`Self::parameters`], none for a null.
            pub fn bind_row(&self, values: impl IntoIterator<Item = Option<Value>>) -> Self {
                Self(self.0.bind_row(values))
            }

            /// `InvalidArgument` if a parameter has no value yet.
            pub fn check_bound(&self) -> Result<()> {
                self.0.check_bound()
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

/// A condition: true, false or unknown for an item; only true passes. An empty text is true.
///
/// ```
/// use emberflow_nosql::{Item, expression::Condition};
/// let condition = Condition::parse("stock >= ${n} AND NOT exists(blocked)")?.bind("n", 3)?;
/// let item = Item::from_iter([("stock", 5.into())]);
/// assert!(condition.passes(&item));
/// assert!(!condition.bind("n", 9)?.passes(&item));
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Condition(Expression);

/// A list of assignments and removals, carried out in order, each seeing the results of those before.
///
/// ```
/// use emberflow_nosql::{Item, expression::{Absent, Update}};
/// let update = Update::parse("n = if_not_exists(n, 0) + ${step}; last = n")?.bind("step", 2)?;
/// let item = update.apply(&Item::new(), &Absent)?;
/// assert_eq!(item, Item::from_iter([("n", 2.into()), ("last", 2.into())]));
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Update(Expression);

expression!(Condition, checked_condition);
expression!(Update, parser::update);

/// A condition that is a constant must be true or false.
fn checked_condition(text: &str, limits: &Limits) -> Result<Program> {
    let program = parser::condition(text, limits)?;
    if let Some(node) = &program.condition
        && program.attributes.is_empty()
        && program.parameters.is_empty()
    {
        let scope = Scope { program: &program, attributes: &Absent, bindings: &[], strict: false };
        let boolean = match scope.evaluate(node) {
            Ok(value) => matches!(value, Val::Bool(_)),
            Err(_) => node.form.is_boolean(),
        };
        if !boolean {
            return Err(Error::parse(node.at, "a condition is true or false; this is a constant of another type"));
        }
    }
    Ok(program)
}

impl Condition {
    /// Whether it is true. Never fails: what is absent, of another type or not computable makes it unknown.
    pub fn passes(&self, attributes: &dyn Attributes) -> bool {
        self.truth(attributes) == Some(true)
    }

    /// True, false, or none for unknown.
    pub fn truth(&self, attributes: &dyn Attributes) -> Option<bool> {
        match &self.0.program.condition {
            None => Some(true),
            Some(node) => self.0.scope(attributes, false).evaluate(node).and_then(|value| value.truth(node)).ok(),
        }
    }

    /// Whether it is the empty text, which is always true.
    pub fn is_empty(&self) -> bool {
        self.0.program.condition.is_none()
    }
}

/// How much an update may make on the way, as a multiple of what one value may be.
const MADE_VALUES: usize = 32;

impl Update {
    /// Whether there is nothing to do: it only creates an item.
    pub fn is_empty(&self) -> bool {
        self.0.program.actions.is_empty()
    }

    /// The attributes it sets or removes.
    pub fn targets(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.program.actions.iter().map(|action| match action {
            Action::Assign(target, _) => &target.name,
            Action::Remove(name) => name,
        })
    }

    /// The item that the actions make of `stored`; whole or not at all. `system` is asked for system attributes.
    pub fn apply(&self, stored: &Item, system: &dyn Attributes) -> Result<Item> {
        let mut item = stored.clone();
        let mut made = 0;
        for action in &self.0.program.actions {
            match action {
                Action::Remove(name) => drop(item.remove(name)),
                Action::Assign(target, node) => {
                    let now = Stored { item: &item, system };
                    let scope = self.0.scope(&now, true);
                    let step = scope.evaluate(node).and_then(|value| Step::of(&scope, target, value.into_value()));
                    let step = step.map_err(|fault| fault.into_error(&self.0.program))?;
                    made += step.value.size();
                    if made > MADE_VALUES * self.0.program.value_bytes {
                        let text = "the update makes too many bytes on the way";
                        return Err(Error::new(ErrorName::ItemTooLarge, text).at(target.at));
                    }
                    step.take(&mut item, target).map_err(|fault| fault.into_error(&self.0.program))?;
                }
            }
        }
        Ok(item)
    }
}

/// An assignment whose value and indices are known.
struct Step {
    /// First and last index; none for the whole attribute.
    places: Option<(i64, i64)>,
    /// Whether one element is set, not a range.
    element: bool,
    value: Value,
}

impl Step {
    fn of<'v>(scope: &Scope<'v>, target: &'v Target, value: Value) -> Result<Self, Fault> {
        let places = match &target.place {
            Place::Whole => None,
            Place::Element(index) => {
                let index = scope.evaluate(index)?.index(index)?;
                Some((index, index))
            }
            Place::Range(first, last) => Some((scope.evaluate(first)?.index(first)?, scope.evaluate(last)?.index(last)?)),
        };
        Ok(Self { places, element: matches!(target.place, Place::Element(_)), value })
    }

    fn take(self, item: &mut Item, target: &Target) -> Result<(), Fault> {
        let fault = |reason: Reason| reason.at(target.at);
        let Some((first, last)) = self.places else {
            item.set(Arc::clone(&target.name), self.value);
            return Ok(());
        };
        match (item.get_mut(&target.name), self.value) {
            (None, _) => Err(fault(Reason::AbsentTarget)),
            (Some(Value::IntArray(array)), Value::Int(number)) if self.element => {
                fill(array, first, last, &[number]).map_err(fault)
            }
            (Some(Value::DoubleArray(array)), Value::Double(number)) if self.element => {
                fill(array, first, last, &[number]).map_err(fault)
            }
            (Some(Value::DoubleArray(array)), Value::Int(number)) if self.element => {
                fill(array, first, last, &[number as f64]).map_err(fault)
            }
            (Some(Value::IntArray(array)), Value::IntArray(values)) if !self.element => {
                fill(array, first, last, &values).map_err(fault)
            }
            (Some(Value::DoubleArray(array)), Value::DoubleArray(values)) if !self.element => {
                fill(array, first, last, &values).map_err(fault)
            }
            (Some(Value::DoubleArray(array)), Value::IntArray(values)) if !self.element => {
                let values: Vec<f64> = values.iter().map(|number| *number as f64).collect();
                fill(array, first, last, &values).map_err(fault)
            }
            (Some(Value::IntArray(_) | Value::DoubleArray(_)), _) => {
                Err(fault(Reason::Type("the value does not fit the elements it should replace")))
            }
            (Some(_), _) => Err(fault(Reason::Type("only arrays have elements"))),
        }
    }
}

/// Puts values in the place of the elements `first` to `last`.
fn fill<T: Copy>(array: &mut [T], first: i64, last: i64, values: &[T]) -> Result<(), Reason> {
    let (start, end) = span(first, last, array.len())?;
    if values.len() != end - start {
        return Err(Reason::Type("as many values are needed as elements are replaced"));
    }
    array[start..end].copy_from_slice(values);
    Ok(())
}
