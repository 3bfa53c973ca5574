//! The tree of an expression. Attributes and parameters are slots of the [`Program`]; runs of operators of one precedence
//! are one node, so that the tree is no deeper than the text is nested.

use std::sync::Arc;

use super::functions::Function;
use super::{Attribute, Parameter};
use crate::value::Value;

/// A part of an expression and where its text begins (of an operator: where the operator stands), in characters.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub form: Form,
    pub at: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    Literal(Value),
    Attribute(usize),
    Parameter(usize),
    Unary(Unary, Box<Node>),
    /// Left to right: the first operand, then operators with theirs.
    Chain(Box<Node>, Vec<(Binary, Node)>),
    Compare(Comparison, Box<(Node, Node)>),
    In(Box<Node>, Vec<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Element(usize, Box<Node>),
    /// Both ends belong to it.
    Range(usize, Box<(Node, Node)>),
    Exists(usize),
    IfNotExists(usize, Box<Node>),
    IfElse(Box<(Node, Node, Node)>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Minus,
    Plus,
    Complement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    BitOr,
    BitXor,
    BitAnd,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One step of an update.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Assign(Target, Node),
    Remove(Arc<str>),
}

/// What an assignment sets.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub name: Arc<str>,
    pub place: Place,
    pub at: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Whole,
    Element(Node),
    Range(Node, Node),
}

/// What a text became: a condition (`actions` is empty) or an update (`condition` is none).
#[derive(Debug, Default)]
pub(super) struct Program {
    pub text: String,
    pub condition: Option<Node>,
    pub actions: Vec<Action>,
    pub attributes: Vec<Attribute>,
    pub parameters: Vec<Parameter>,
    /// How deep the text is nested.
    pub depth: usize,
    /// Bytes a value that is made on the way may have.
    pub value_bytes: usize,
}

impl Form {
    /// Whether it gives true, false or unknown, whatever its operands are.
    pub fn is_boolean(&self) -> bool {
        match self {
            Form::Literal(value) => matches!(value, Value::Bool(_)),
            Form::Compare(..) | Form::In(..) | Form::Not(_) | Form::And(_) | Form::Or(_) | Form::Exists(_) => true,
            Form::Call(function, _) => function.is_boolean(),
            _ => false,
        }
    }
}
