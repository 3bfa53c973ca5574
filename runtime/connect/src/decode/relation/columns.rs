//! Operators that choose, add, rename or drop columns.

use emberflow_base::{Error, Result};
use emberflow_plan::tree::RelationKind;

use crate::decode::{Decoder, empty_field, types};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn project(&self, project: &'a proto::Project) -> Result<RelationKind> {
        Ok(RelationKind::Project {
            input: project.input.as_deref().map(|input| self.relation(input)).transpose()?,
            expressions: self.expressions(&project.expressions)?,
        })
    }

    pub(super) fn with_columns(&self, message: &'a proto::WithColumns) -> Result<RelationKind> {
        Ok(RelationKind::WithColumns {
            input: self.input(message.input.as_deref(), "WithColumns")?,
            columns: message.aliases.iter().map(|alias| self.named_column(alias)).collect::<Result<_>>()?,
        })
    }

    pub(super) fn with_columns_renamed(&self, message: &'a proto::WithColumnsRenamed) -> Result<RelationKind> {
        let mut renames: Vec<(String, String)> =
            message.renames.iter().map(|rename| (rename.col_name.clone(), rename.new_col_name.clone())).collect();
        if renames.is_empty() {
            #[allow(deprecated)]
            renames.extend(message.rename_columns_map.iter().map(|(from, to)| (from.clone(), to.clone())));
            renames.sort();
        }
        Ok(RelationKind::WithColumnsRenamed { input: self.input(message.input.as_deref(), "WithColumnsRenamed")?, renames })
    }

    pub(super) fn drop_columns(&self, drop: &'a proto::Drop) -> Result<RelationKind> {
        Ok(RelationKind::Drop {
            input: self.input(drop.input.as_deref(), "Drop")?,
            columns: self.expressions(&drop.columns)?,
            names: drop.column_names.clone(),
        })
    }

    pub(super) fn to_df(&self, message: &'a proto::ToDf) -> Result<RelationKind> {
        Ok(RelationKind::ToDf { input: self.input(message.input.as_deref(), "ToDF")?, names: message.column_names.clone() })
    }

    pub(super) fn to_schema(&self, message: &'a proto::ToSchema) -> Result<RelationKind> {
        let schema = message.schema.as_ref().ok_or_else(|| empty_field("spark.connect.ToSchema.schema", "schema"))?;
        Ok(RelationKind::ToSchema {
            input: self.input(message.input.as_deref(), "ToSchema")?,
            schema: types::struct_type(schema)?,
        })
    }

    pub(super) fn subquery_alias(&self, message: &'a proto::SubqueryAlias) -> Result<RelationKind> {
        Ok(RelationKind::SubqueryAlias {
            input: self.input(message.input.as_deref(), "SubqueryAlias")?,
            alias: message.alias.clone(),
            qualifier: message.qualifier.clone(),
            columns: Vec::new(),
        })
    }

    pub(super) fn deduplicate(&self, message: &'a proto::Deduplicate) -> Result<RelationKind> {
        let all_columns = message.all_columns_as_keys();
        match (all_columns, message.column_names.is_empty()) {
            (true, false) => return Err(Error::new("CONNECT_INVALID_PLAN.DEDUPLICATE_ALL_COLUMNS_AND_SUBSET")),
            (false, true) => return Err(Error::new("CONNECT_INVALID_PLAN.DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL")),
            _ => {}
        }
        Ok(RelationKind::Deduplicate {
            input: self.input(message.input.as_deref(), "Deduplicate")?,
            keys: message.column_names.clone(),
            all_columns,
            within_watermark: message.within_watermark(),
        })
    }

    pub(super) fn unpivot(&self, message: &'a proto::Unpivot) -> Result<RelationKind> {
        Ok(RelationKind::Unpivot {
            input: self.input(message.input.as_deref(), "Unpivot")?,
            ids: self.expressions(&message.ids)?,
            values: message.values.as_ref().map(|values| self.expressions(&values.values)).transpose()?,
            variable_name: message.variable_column_name.clone(),
            value_name: message.value_column_name.clone(),
        })
    }

    pub(super) fn transpose(&self, message: &'a proto::Transpose) -> Result<RelationKind> {
        Ok(RelationKind::Transpose {
            input: self.input(message.input.as_deref(), "Transpose")?,
            index: self.expressions(&message.index_columns)?,
        })
    }
}
