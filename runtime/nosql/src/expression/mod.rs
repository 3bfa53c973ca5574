//! Conditions and update expressions: texts that are read once and evaluated for many items.
//!
//! Not here: filters that the engine pushes down (`read_filter`); they follow SQL's rules, not these.

use std::borrow::Cow;
use std::sync::Arc;

use crate::value::{Item, Value};

/// An attribute that an expression reads, prepared: `slot` counts the distinct attributes of the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: Arc<str>,
    pub slot: usize,
    /// Whether the store keeps it itself.
    pub system: bool,
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
