//! `show`, its HTML sister, and `tail`: results that need the whole (cut) input at once.

use std::sync::Arc;

use arrow::array::RecordBatch;
use emberflow_base::Result;
use emberflow_connect::backend::{Rows, Watch};
use emberflow_functions::pretty;
use emberflow_plan::StructType;
use emberflow_plan::tree::{Expr, ExprKind, Literal, Relation, RelationKind, Statement};

use crate::execute::collect;
use crate::session::Session;
use crate::tables;

/// What Spark shows at the most.
const ROWS_MAX: i32 = i32::MAX - 1;

/// Rows that were asked for first, and the query they came from.
struct First {
    schema: StructType,
    batches: Vec<RecordBatch>,
    watch: Arc<dyn Watch>,
}

impl Session {
    /// The text `df.show()` prints, as one row.
    pub(crate) async fn show_string(&self, input: Relation, rows: i32, truncate: i32, vertical: bool) -> Result<Rows> {
        let rows = rows.clamp(0, ROWS_MAX);
        let First { schema, batches, watch } = self.first(input, rows + 1).await?;
        let zone = self.settings().time_zone().to_owned();
        let text = pretty::show_string(&schema, &batches, rows as usize, truncate, vertical, &zone)?;
        Ok(tables::watched(tables::text("show_string", text)?, watch))
    }

    /// The table `show` prints of rows that are here already.
    pub fn text_of(&self, schema: &StructType, batches: &[RecordBatch], rows: i32) -> Result<String> {
        pretty::show_string(schema, batches, rows.max(0) as usize, 0, false, self.settings().time_zone())
    }

    pub(crate) async fn html_string(&self, input: Relation, rows: i32, truncate: i32) -> Result<Rows> {
        let rows = rows.clamp(0, ROWS_MAX);
        let First { schema, batches, watch } = self.first(input, rows + 1).await?;
        let zone = self.settings().time_zone().to_owned();
        let text = pretty::html_string(&schema, &batches, rows as usize, truncate, &zone)?;
        Ok(tables::watched(tables::text("html_string", text)?, watch))
    }

    /// The first `count` rows of anything that can be run.
    async fn first(&self, input: Relation, count: i32) -> Result<First> {
        let runs_by_itself = matches!(
            &*input.kind,
            RelationKind::ShowString { .. }
                | RelationKind::HtmlString { .. }
                | RelationKind::Tail { .. }
                | RelationKind::Catalog(_)
                | RelationKind::Command(_)
        );
        let is_command = match &*input.kind {
            RelationKind::Sql { text, named, positional } => {
                matches!(self.parsed(text, named, positional)?, Statement::Command(_))
            }
            _ => false,
        };
        let relation = if runs_by_itself || is_command {
            input
        } else {
            Relation::new(RelationKind::Limit { input, limit: Expr::literal(Literal::Int(count)) })
        };
        let rows = Box::pin(self.query(relation, Default::default())).await?;
        let (schema, watch) = (rows.schema.clone(), rows.watch.clone());
        Ok(First { schema, batches: collect(rows).await?, watch })
    }

    /// The last rows, in order.
    pub(crate) async fn tail(&self, input: Relation, limit: Expr) -> Result<Rows> {
        let wanted = match &limit.kind {
            ExprKind::Literal(Literal::Int(count)) => usize::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        let rows = Box::pin(self.query(input, Default::default())).await?;
        let (schema, watch) = (rows.schema.clone(), rows.watch.clone());
        let mut kept: std::collections::VecDeque<RecordBatch> = Default::default();
        let mut have = 0;
        let mut batches = rows.batches;
        while let Some(batch) = futures::StreamExt::next(&mut batches).await {
            let batch = batch?;
            have += batch.num_rows();
            kept.push_back(batch);
            while let Some(first) = kept.front()
                && have - first.num_rows() >= wanted
            {
                have -= first.num_rows();
                kept.pop_front();
            }
        }
        if have > wanted
            && let Some(first) = kept.pop_front()
        {
            let skip = have - wanted;
            kept.push_front(first.slice(skip, first.num_rows() - skip));
        }
        Ok(tables::watched(tables::rows(schema, kept.into()), watch))
    }
}
