//! DISTINCT and `dropDuplicates`.

use datafusion::logical_expr::{Expr as Physical, LogicalPlanBuilder};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::DataType;
use emberflow_plan::tree::Relation;

use crate::attribute::{Attr, same_name};
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn deduplicate(
        &self,
        input: &Relation,
        keys: &[String],
        all: bool,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let exact = resolved.exact()?;
        for attribute in resolved.output.iter() {
            if (all || keys.contains(&attribute.name)) && matches!(attribute.data_type, DataType::Variant) {
                return Err(Error::new("UNSUPPORTED_FEATURE.SET_OPERATION_ON_VARIANT_TYPE")
                    .with("colName", suggest::quoted_name(std::slice::from_ref(&attribute.name)))
                    .with("dataType", attribute.data_type.quoted()));
            }
        }
        refuse_maps(&resolved.output, |attribute| all || keys.contains(&attribute.name))?;
        let builder = LogicalPlanBuilder::from(exact);
        let plan = if all {
            builder.distinct()
        } else {
            let on = self.key_columns(&resolved, keys)?;
            let every: Vec<Physical> = builder.schema().columns().into_iter().map(Physical::Column).collect();
            builder.distinct_on(on, every, None)
        };
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        // `SELECT DISTINCT .. ORDER BY` may only use what it selects.
        Ok(Resolved { plan, ..resolved }.forget_hidden())
    }

    fn key_columns(&self, resolved: &Resolved, keys: &[String]) -> Result<Vec<Physical>> {
        let mut on = Vec::with_capacity(keys.len());
        for key in keys {
            let before = on.len();
            on.extend(
                resolved
                    .output
                    .iter()
                    .filter(|attribute| same_name(&attribute.name, key, self.case_sensitive))
                    .map(|attribute| attribute.expr()),
            );
            if on.len() == before {
                let known: Vec<&str> = resolved.output.iter().map(|attribute| attribute.name.as_str()).collect();
                return Err(Error::new("CONNECT_INVALID_PLAN.UNRESOLVED_COLUMN_AMONG_FIELD_NAMES")
                    .with("colName", key)
                    .with("fieldNames", known.join(", ")));
            }
        }
        Ok(on)
    }
}

/// Maps cannot be compared, nor what holds one.
pub(super) fn refuse_maps(columns: &[Attr], is_compared: impl Fn(&Attr) -> bool) -> Result<()> {
    match columns.iter().find(|attribute| is_compared(attribute) && has_map(&attribute.data_type)) {
        Some(attribute) => Err(Error::new("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE")
            .with("colName", suggest::quoted_name(std::slice::from_ref(&attribute.name)))
            .with("dataType", attribute.data_type.quoted())),
        None => Ok(()),
    }
}

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map { .. } => true,
        DataType::Array { element, .. } => has_map(element),
        DataType::Struct(schema) => schema.fields.iter().any(|field| has_map(&field.data_type)),
        _ => false,
    }
}
