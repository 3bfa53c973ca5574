//! DISTINCT and `dropDuplicates`.

use datafusion::logical_expr::{Expr as Physical, LogicalPlan, LogicalPlanBuilder};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::{Typed, collation};
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
        let plan = match all {
            true => distinct(exact, &resolved.output)?,
            false => distinct_on(exact, self.key_columns(&resolved, keys)?)?,
        };
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
                    .map(|attribute| Ok(collation::key(attribute.typed())?.expr))
                    .collect::<Result<Vec<_>>>()?,
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

/// One row of those that are equal in all their columns, which are `columns`.
pub(super) fn distinct(plan: LogicalPlan, columns: &[Attr]) -> Result<LogicalPlan> {
    if columns.iter().any(|attribute| attribute.data_type.is_collated()) {
        // Sides of a set operation may have nulls though its result has none.
        let key = |attribute: &Attr| collation::key(Typed { nullable: true, ..attribute.typed() }).map(|key| key.expr);
        return distinct_on(plan, columns.iter().map(key).collect::<Result<_>>()?);
    }
    LogicalPlanBuilder::from(plan).distinct().and_then(LogicalPlanBuilder::build).map_err(from_datafusion)
}

/// One row of those with equal keys.
fn distinct_on(plan: LogicalPlan, keys: Vec<Physical>) -> Result<LogicalPlan> {
    let every: Vec<Physical> = plan.schema().columns().into_iter().map(Physical::Column).collect();
    let builder = LogicalPlanBuilder::from(plan).distinct_on(keys, every, None);
    builder.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)
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
