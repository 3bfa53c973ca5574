//! Rows as the columns of a table take them: counted, named, cast by the rules of store assignment, defaults filled in.
//!
//! ```text
//! rows (a, b) + columns (x INT, y STRING DEFAULT 'n', p DATE) + PARTITION (p = ..) ──► x, y, p
//! ```
//!
//! Not here: writing (`emberflow`). Begin at [`Resolver::into_table`].

use emberflow_base::{Error, Result};
use emberflow_functions::cast::{StorePolicy, can_store_assign};
use emberflow_functions::store::store;
use emberflow_functions::{Typed, literal};
use emberflow_plan::sql::parse_expression;
use emberflow_plan::tree::IntoTable;
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructField};

use super::project::selected;
use crate::attribute::{Attr, same_name};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

impl Resolver<'_> {
    pub(super) fn into_table(&self, into: &IntoTable, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let resolved = self.relation(&into.input, outer)?;
        let given = self.given_columns(into)?;
        let sources = match into.by_name {
            true => self.by_name(into, &given, &resolved)?,
            false => self.by_position(into, &given, &resolved)?,
        };
        let mut made = Vec::with_capacity(into.columns.fields.len());
        for field in &into.columns.fields {
            let source = sources.iter().find(|(name, _)| self.same(name, &field.name)).map(|(_, attribute)| attribute.typed());
            let value = match source {
                Some(value) => value,
                None => self.absent(into, field)?,
            };
            made.push(selected(&field.name, self.stored(into, field, value)?));
        }
        self.project_selected(resolved, made)
    }

    fn same(&self, left: &str, right: &str) -> bool {
        same_name(left, right, self.case_sensitive)
    }

    /// The columns the rows bring, by the table's names.
    fn given_columns<'t>(&self, into: &'t IntoTable) -> Result<Vec<&'t StructField>> {
        let fields = &into.columns.fields;
        let is_constant = |name: &str| into.constants.iter().any(|(constant, _)| self.same(constant, name));
        if into.given.is_empty() {
            return Ok(fields.iter().filter(|field| !is_constant(&field.name)).collect());
        }
        let mut given: Vec<&StructField> = Vec::with_capacity(into.given.len());
        for name in &into.given {
            let field = fields.iter().find(|field| self.same(&field.name, name)).ok_or_else(|| {
                Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION")
                    .with("objectName", quote(name))
                    .with("proposal", listed(fields.iter().map(|field| field.name.as_str())))
            })?;
            if given.iter().any(|other| other.name == field.name) {
                return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quote(&field.name)));
            }
            if is_constant(name) {
                return Err(Error::new("STATIC_PARTITION_COLUMN_IN_INSERT_COLUMN_LIST").with("staticName", quote(name)));
            }
            given.push(field);
        }
        Ok(given)
    }

    fn by_name(&self, into: &IntoTable, given: &[&StructField], rows: &Resolved) -> Result<Vec<(String, Attr)>> {
        let known = |attribute: &&Attr| !given.iter().any(|field| self.same(&field.name, &attribute.name));
        let extra: Vec<&str> = rows.output.iter().filter(known).map(|attribute| attribute.name.as_str()).collect();
        if !extra.is_empty() {
            return Err(self.unfit(into, "EXTRA_COLUMNS").with("extraColumns", listed(extra.into_iter())));
        }
        let mut found: Vec<(String, Attr)> = Vec::with_capacity(rows.output.len());
        for attribute in rows.output.iter() {
            if found.iter().any(|(name, _)| self.same(name, &attribute.name)) {
                return Err(self.unfit(into, "AMBIGUOUS_COLUMN_NAME").with("colName", quote(&attribute.name)));
            }
            found.push((attribute.name.clone(), attribute.clone()));
        }
        Ok(found)
    }

    fn by_position(&self, into: &IntoTable, given: &[&StructField], rows: &Resolved) -> Result<Vec<(String, Attr)>> {
        if rows.output.len() == given.len() {
            return Ok(given.iter().zip(rows.output.iter()).map(|(field, found)| (field.name.clone(), found.clone())).collect());
        }
        let data = listed(rows.output.iter().map(|attribute| attribute.name.as_str()));
        if !into.constants.is_empty() {
            return Err(Error::new("INSERT_PARTITION_COLUMN_ARITY_MISMATCH")
                .with("tableName", into.table.clone())
                .with("tableColumns", listed(into.columns.fields.iter().map(|field| field.name.as_str())))
                .with("dataColumns", data)
                .with("staticPartCols", listed(into.constants.iter().map(|(name, _)| name.as_str()))));
        }
        let kind = if rows.output.len() > given.len() { "TOO_MANY_DATA_COLUMNS" } else { "NOT_ENOUGH_DATA_COLUMNS" };
        Err(Error::new(format!("INSERT_COLUMN_ARITY_MISMATCH.{kind}"))
            .with("tableName", into.table.clone())
            .with("tableColumns", listed(given.iter().map(|field| field.name.as_str())))
            .with("dataColumns", data))
    }

    /// The value of a column that the rows do not bring: the statement's, the column's default, or NULL.
    fn absent(&self, into: &IntoTable, field: &StructField) -> Result<Typed> {
        let scope = Scope::empty(None, self.case_sensitive);
        if let Some((_, value)) = into.constants.iter().find(|(name, _)| self.same(name, &field.name)) {
            let item = self.expression(value, &scope)?;
            // What the statement says is cast as if the user had: a text may be a number.
            let context = self.context();
            let mode = emberflow_functions::EvalMode::Ansi;
            return emberflow_functions::cast(item.typed, &field.data_type, mode, &context);
        }
        match default_text(field) {
            Some(text) => Ok(self.expression(&parse_expression(&text, self.sql_options())?, &scope)?.typed),
            None => literal::null(&DataType::Null),
        }
    }

    fn stored(&self, into: &IntoTable, field: &StructField, value: Typed) -> Result<Typed> {
        let policy = StorePolicy::of(self.environment.settings().require("spark.sql.storeAssignmentPolicy")?);
        let mode = policy_allows(&value.data_type, &field.data_type, policy);
        match mode {
            Some(policy) => store(value, &field.data_type, &field.name, policy, &self.context()),
            None => Err(self
                .unfit(into, "CANNOT_SAFELY_CAST")
                .with("colName", quote(&field.name))
                .with("srcType", value.data_type.quoted())
                .with("targetType", field.data_type.quoted())),
        }
    }

    fn unfit(&self, into: &IntoTable, kind: &str) -> Error {
        Error::new(format!("INCOMPATIBLE_DATA_FOR_TABLE.{kind}")).with("tableName", into.table.clone())
    }
}

fn policy_allows(from: &DataType, to: &DataType, policy: StorePolicy) -> Option<StorePolicy> {
    // Whether parts may be null is not asked: files always allow it.
    can_store_assign(&nullable(from), &nullable(to), policy).then_some(policy)
}

fn nullable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Array { element, .. } => DataType::array(nullable(element), true),
        DataType::Map { key, value, .. } => DataType::map(nullable(key), nullable(value), true),
        DataType::Struct(schema) => {
            let fields = schema.fields.iter().map(|field| StructField {
                data_type: nullable(&field.data_type),
                nullable: true,
                ..field.clone()
            });
            DataType::Struct(emberflow_plan::StructType::new(fields.collect()))
        }
        other => other.clone(),
    }
}

/// The SQL text of a column's default.
fn default_text(field: &StructField) -> Option<String> {
    emberflow_plan::json::metadata_text(field.metadata.as_deref()?, "CURRENT_DEFAULT")
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(quote).collect::<Vec<_>>().join(", ")
}
