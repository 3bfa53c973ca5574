//! `explain`: Spark's headings over our plans.

use datafusion::physical_plan::displayable;
use emberflow_base::Result;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::tree::{ExplainMode, Relation};

use crate::session::Session;

impl Session {
    pub(crate) async fn explain_query(&self, relation: Relation, mode: ExplainMode) -> Result<String> {
        let parsed = format!("{:#?}", relation.kind);
        let analyzed = self.ready(relation).await?;
        let state = self.engine.context.state();
        let optimized = state.optimize(&analyzed.plan).map_err(from_datafusion)?;
        let physical = self.physical(&analyzed).await?;
        let physical = displayable(physical.as_ref()).indent(false).to_string();
        if !matches!(mode, ExplainMode::Extended | ExplainMode::Cost) {
            return Ok(format!("== Physical Plan ==\n{physical}\n"));
        }
        let columns: Vec<String> =
            analyzed.schema.fields.iter().map(|field| format!("{}: {}", field.name, field.data_type.simple_string())).collect();
        Ok(format!(
            "== Parsed Logical Plan ==\n{}\n\n== Analyzed Logical Plan ==\n{}\n{}\n\n== Optimized Logical Plan ==\n{}\n\n== Physical Plan ==\n{physical}\n",
            shortened(&parsed),
            columns.join(", "),
            analyzed.plan.display_indent(),
            optimized.display_indent(),
        ))
    }
}

/// Local data would fill the screen.
fn shortened(text: &str) -> String {
    const LINES_MAX: usize = 200;
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().trim_end_matches(',').chars().all(|c| c.is_ascii_digit())).collect();
    lines[..lines.len().min(LINES_MAX)].join("\n")
}
