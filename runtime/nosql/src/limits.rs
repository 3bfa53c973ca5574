//! How large things may be. Defaults are what scripts may rely on; an engine may be configured upward.

use crate::error::{Error, ErrorName, Result};
use crate::value::{Item, Value};

/// Upper bounds, each inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Characters of an item's name.
    pub name_chars: usize,
    /// Characters of an attribute's name.
    pub attribute_name_chars: usize,
    /// Bytes of a path behind its container.
    pub path_bytes: usize,
    /// Bytes of an item, names and values.
    pub item_bytes: usize,
    /// Bytes of a string attribute.
    pub string_bytes: usize,
    /// Bytes of any other attribute.
    pub value_bytes: usize,
    /// Attributes of an item.
    pub attributes: usize,
    /// Bytes of the text of an expression.
    pub expression_bytes: usize,
    /// Operators of an expression; calls count.
    pub operators: usize,
    /// Members of one `IN` list.
    pub in_members: usize,
    /// Distinct attribute names of a container, above which a warning is due.
    pub distinct_attributes: usize,
    /// Operations of one batch.
    pub batch_operations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            name_chars: 255,
            attribute_name_chars: 255,
            path_bytes: 4096,
            item_bytes: 1_572_864,
            string_bytes: 61_200,
            value_bytes: 1_048_576,
            attributes: 1600,
            expression_bytes: 8192,
            operators: 700,
            in_members: 1024,
            distinct_attributes: 64_000,
            batch_operations: 1000,
        }
    }
}

impl Limits {
    /// Whether an item may be stored: `AttributeTooLarge`, `LimitExceeded` (too many attributes) or `ItemTooLarge`.
    pub fn check_item(&self, item: &Item) -> Result<()> {
        if item.len() > self.attributes {
            let text = format!("an item has at most {} attributes, this one has {}", self.attributes, item.len());
            return Err(Error::new(ErrorName::LimitExceeded, text));
        }
        for (name, value) in item.iter() {
            self.check_value(name, value)?;
        }
        match item.size() {
            size if size > self.item_bytes => {
                let text = format!("an item has at most {} bytes, this one has {size}", self.item_bytes);
                Err(Error::new(ErrorName::ItemTooLarge, text))
            }
            _ => Ok(()),
        }
    }

    fn check_value(&self, name: &str, value: &Value) -> Result<()> {
        let most = if matches!(value, Value::Str(_)) { self.string_bytes } else { self.value_bytes };
        if value.size() <= most {
            return Ok(());
        }
        let text = format!("attribute {name} ({}) has at most {most} bytes, this one has {}", value.kind(), value.size());
        Err(Error::new(ErrorName::AttributeTooLarge, text))
    }
}
