//! `df.na`: filling, dropping and replacing values.

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Literal, RelationKind};

use crate::decode::{Decoder, empty_field, literal};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn fill_na(&self, message: &'a proto::NaFill) -> Result<RelationKind> {
        if message.values.is_empty() {
            return Err(Error::new("CONNECT_INVALID_PLAN.NA_FILL_VALUES_EMPTY"));
        }
        if message.values.len() > 1 && message.values.len() != message.cols.len() {
            return Err(Error::new("CONNECT_INVALID_PLAN.NA_FILL_VALUES_LENGTH_MISMATCH"));
        }
        Ok(RelationKind::FillNa {
            input: self.input(message.input.as_deref(), "NAFill")?,
            columns: message.cols.clone(),
            values: message.values.iter().map(literal::literal).collect::<Result<_>>()?,
        })
    }

    pub(super) fn drop_na(&self, message: &'a proto::NaDrop) -> Result<RelationKind> {
        Ok(RelationKind::DropNa {
            input: self.input(message.input.as_deref(), "NADrop")?,
            columns: message.cols.clone(),
            min_non_nulls: message.min_non_nulls,
        })
    }

    pub(super) fn replace(&self, message: &'a proto::NaReplace) -> Result<RelationKind> {
        let replacements = message
            .replacements
            .iter()
            .map(|pair| Ok((required(pair.old_value.as_ref(), "old_value")?, required(pair.new_value.as_ref(), "new_value")?)));
        Ok(RelationKind::Replace {
            input: self.input(message.input.as_deref(), "NAReplace")?,
            columns: message.cols.clone(),
            replacements: replacements.collect::<Result<_>>()?,
        })
    }
}

fn required(value: Option<&proto::expression::Literal>, name: &str) -> Result<Literal> {
    literal::literal(value.ok_or_else(|| empty_field(&format!("spark.connect.NAReplace.Replacement.{name}"), name))?)
}
