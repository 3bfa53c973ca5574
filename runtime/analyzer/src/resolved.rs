//! A relation after resolution: a DataFusion plan, and which of its columns the user sees under which names.
//!
//!     plan columns:   price#1  qty#2  day#3            (unique, maybe more than the user asked for)
//!     output:         [price → price#1, qty → qty#2]   (what `*` gives; names may repeat)
//!     hidden:         day#3                            (a sort or filter above may still reach it)

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::StructType;

use crate::aggregate::Aggregated;
use crate::attribute::Attr;
use crate::node::{Operation, PartitionNode};

/// Columns below the output that may still be reached, nearest first; each level shares its list with the plan it came from.
#[derive(Debug, Clone)]
pub struct Hidden {
    pub attributes: Arc<[Attr]>,
    pub next: Option<Arc<Hidden>>,
}

/// Which columns the DataFrame of a plan id had; several entries if it occurs several times.
pub type PlanIds = HashMap<i64, Vec<Remembered>>;

/// The columns of a DataFrame where it stands in the tree.
#[derive(Debug, Clone)]
pub struct Remembered {
    pub columns: Arc<[Attr]>,
    /// How far below the top of the tree; of several places the nearest is meant.
    pub level: usize,
}

#[derive(Debug, Clone)]
pub struct Resolved {
    pub plan: LogicalPlan,
    pub output: Arc<[Attr]>,
    pub hidden: Option<Arc<Hidden>>,
    /// Reachable from anywhere above, but only with their qualifier (`r.key` after a join with USING).
    pub qualified_only: Vec<Attr>,
    /// Columns of a file scan that only their name reaches, not `*` (`_metadata`). They may stand below the plan's projections:
    /// [`Resolved::with_metadata_for`].
    pub metadata: Vec<Attr>,
    pub plan_ids: PlanIds,
    /// Set while the top of the plan is an aggregate that HAVING and ORDER BY may still extend.
    pub aggregated: Option<Arc<Aggregated>>,
    /// Projections on top of each other, since the last fence between them.
    pub stacked: usize,
}

/// How many projections may stand on top of each other before a fence.
const STACKED_MAX: usize = 32;

impl Resolved {
    /// A plan whose columns are all visible.
    pub fn new(plan: LogicalPlan, output: Vec<Attr>) -> Self {
        Self {
            plan,
            output: output.into(),
            hidden: None,
            qualified_only: Vec::new(),
            metadata: Vec::new(),
            plan_ids: PlanIds::new(),
            aggregated: None,
            stacked: 0,
        }
    }

    /// The plan to put one more projection on, and how many then stand on top of each other.
    pub fn to_project(&self) -> Result<(LogicalPlan, usize)> {
        if self.stacked < STACKED_MAX {
            return Ok((self.plan.clone(), self.stacked + 1));
        }
        Ok((PartitionNode::plan(self.plan.clone(), Operation::Fence)?, 0))
    }

    /// The same rows and columns from another plan node on top.
    pub fn with_plan(mut self, plan: LogicalPlan) -> Self {
        self.plan = plan;
        self
    }

    /// Remembers that the DataFrame `plan_id` is this.
    pub fn remember(mut self, plan_id: Option<i64>, level: usize) -> Self {
        if let Some(plan_id) = plan_id {
            let known = self.plan_ids.entry(plan_id).or_default();
            if !known.iter().any(|place| Arc::ptr_eq(&place.columns, &self.output)) {
                known.push(Remembered { columns: Arc::clone(&self.output), level });
            }
        }
        self
    }

    /// A boundary: names below are out of reach (set operations, sub-queries in FROM keep only plan ids).
    pub fn forget_hidden(mut self) -> Self {
        self.hidden = None;
        self.aggregated = None;
        self
    }

    /// The same with those of its metadata columns in the plan that `expressions` use.
    pub fn with_metadata_for<'e>(mut self, expressions: impl Iterator<Item = &'e Expr> + Clone) -> Result<Self> {
        for attribute in &self.metadata {
            let is_it = |column: &&Column| column.name == attribute.column;
            if expressions.clone().any(|expression| expression.column_refs().iter().any(is_it)) {
                let exposed = expose(self.plan.clone(), &attribute.column);
                self.plan = exposed.ok_or_else(|| Error::unsupported(format!("{} this far from the files", attribute.name)))?;
            }
        }
        Ok(self)
    }

    /// Its metadata columns where only `input_file_name()` and its like may still find them.
    pub fn nameless_metadata(&self) -> Vec<Attr> {
        self.metadata.iter().map(|attribute| attribute.nameless()).collect()
    }

    /// The user's schema.
    pub fn schema(&self) -> StructType {
        StructType::new(self.output.iter().map(|attribute| attribute.field()).collect())
    }

    /// The plan with exactly the output's columns, each once, in order.
    ///
    /// A column that stands twice in the output stands once in the plan; see [`Resolved::unique`] to get a copy of each.
    pub fn exact(&self) -> Result<LogicalPlan> {
        let mut seen = HashSet::with_capacity(self.output.len());
        let wanted: Vec<&Attr> = self.output.iter().filter(|attribute| seen.insert(attribute.column.as_str())).collect();
        let have = self.plan.schema().fields();
        let same = have.len() == wanted.len()
            && wanted.iter().zip(have.iter()).all(|(attribute, field)| attribute.column == *field.name());
        if same {
            return Ok(self.plan.clone());
        }
        project(self.plan.clone(), wanted.into_iter().map(|attribute| attribute.expr()).collect())
    }

    /// Every column under which something is reachable above.
    pub fn reachable(&self) -> impl Iterator<Item = &Attr> {
        self.output.iter().chain(self.qualified_only.iter())
    }
}

/// A projection that keeps our column names.
pub fn project(input: LogicalPlan, expressions: Vec<Expr>) -> Result<LogicalPlan> {
    Projection::try_new(expressions, Arc::new(input)).map(LogicalPlan::Projection).map_err(from_datafusion)
}

/// `plan`, changed so that it also carries `column`, which stands somewhere below its projections.
pub fn expose(plan: LogicalPlan, column: &str) -> Option<LogicalPlan> {
    if plan.schema().fields().iter().any(|field| field.name() == column) {
        return Some(plan);
    }
    match plan {
        LogicalPlan::Projection(projection) => {
            let input = expose(Arc::unwrap_or_clone(projection.input), column)?;
            let mut expressions = projection.expr;
            expressions.push(Expr::Column(Column::new_unqualified(column)));
            project(input, expressions).ok()
        }
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Repartition(_) | LogicalPlan::Limit(_) => {
            let expressions = plan.expressions();
            let input = expose(plan.inputs().first().map(|input| (*input).clone())?, column)?;
            plan.with_new_exprs(expressions, vec![input]).ok()
        }
        LogicalPlan::Extension(_) if PartitionNode::behind(&plan).is_some() => {
            let expressions = plan.expressions();
            let input = expose(plan.inputs().first().map(|input| (*input).clone())?, column)?;
            plan.with_new_exprs(expressions, vec![input]).ok()
        }
        _ => None,
    }
}

/// `plan` with a filter on top.
pub fn filter(plan: LogicalPlan, condition: Expr) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan).filter(condition).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)
}
