//! A logical node of ours for what DataFusion has no word for: operators that know their partition or change what
//! partitions there are.
//!
//!     DataFusion's node │ optimized and planned by DataFusion
//!     PartitionNode     │ passes DataFusion's optimizer; planned by the engine (`physical`), one operator per [`Operation`]
//!
//! It keeps all its input's columns, adds or takes at most those its operation names.
//! Not here: how the operations run.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, Result as FusionResult};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use emberflow_base::Result;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::partitioned::{PartitionValue, Sampling};

/// What a [`PartitionNode`] does with its input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Adds columns made partition by partition.
    Values(Vec<(String, PartitionValue)>),
    /// Keeps some rows of each partition.
    Sample(Sampling),
    /// Sorts each partition.
    SortWithin(Vec<Sort>),
    /// Merges neighbouring partitions until there are at most so many; no row moves to another task.
    Coalesce { partitions: usize },
    /// Sends each row to the partition that `column` names, which is dropped.
    Shuffle { column: String, partitions: usize },
    /// Adds a column with the number of the range a row falls into: as many ranges of about equal size, in this order.
    Ranges { column: String, partitions: usize, orders: Vec<Sort> },
    /// Aggregates the rows that pass.
    Observe(Observation),
    /// Does nothing, and keeps the projections above and below from being merged: expressions a thousand levels deep cost
    /// the optimizer more than they save.
    Fence,
    /// Does nothing; the join above is to be done so.
    Join(JoinStrategy),
    /// The rows of one round of a recursive query; it is opened anew for each, and fails with rows of too many.
    Round { most: usize },
}

/// How a join is to be done (`df.hint("broadcast")`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinStrategy {
    /// One hash table of all the hinted rows.
    Broadcast,
    /// Both sides sorted by the keys.
    Merge,
    /// Both sides dealt by the keys, and a hash table of the hinted rows of each part.
    ShuffleHash,
    /// Every row with every row; for joins that only keep pairs.
    NestedLoop,
}

impl JoinStrategy {
    /// The strategy a hint asks for, by its name in any case.
    pub fn named(hint: &str) -> Option<Self> {
        match hint.to_lowercase().as_str() {
            "broadcast" | "broadcastjoin" | "mapjoin" => Some(Self::Broadcast),
            "merge" | "mergejoin" | "shuffle_merge" => Some(Self::Merge),
            "shuffle_hash" => Some(Self::ShuffleHash),
            "shuffle_replicate_nl" => Some(Self::NestedLoop),
            _ => None,
        }
    }
}

/// Figures about the rows that pass (`df.observe`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Observation {
    pub name: String,
    /// The DataFrame it was asked of; clients find it by this too.
    pub plan_id: i64,
    /// Aggregate calls over the input, and the columns that hold them.
    pub calls: Vec<(Expr, String)>,
    /// What is reported, over those columns: name, expression, Spark's type.
    pub figures: Vec<(String, Expr, emberflow_plan::DataType)>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionNode {
    pub input: LogicalPlan,
    pub operation: Operation,
    schema: DFSchemaRef,
}

impl PartitionNode {
    fn try_new(input: LogicalPlan, operation: Operation) -> FusionResult<Self> {
        let schema = schema_of(&input, &operation)?;
        Ok(Self { input, operation, schema })
    }

    /// The plan that does `operation` with the rows of `input`.
    pub fn plan(input: LogicalPlan, operation: Operation) -> Result<LogicalPlan> {
        let node = Self::try_new(input, operation).map_err(from_datafusion)?;
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }

    /// `input`, whose rows lie in partitions as Spark would have them: for answers that tell.
    pub fn pinned(input: LogicalPlan) -> Result<LogicalPlan> {
        Self::plan(input, Operation::Values(Vec::new()))
    }

    /// The node behind a plan, if it is one of ours.
    pub fn behind(plan: &LogicalPlan) -> Option<&Self> {
        match plan {
            LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref::<Self>(),
            _ => None,
        }
    }

    fn position_of(&self, column: &str) -> Option<usize> {
        self.input.schema().index_of_column_by_name(None, column)
    }
}

/// Whether anything in `plan` depends on how rows lie in partitions, so that no planner may deal them anew.
pub fn sees_partitions(plan: &LogicalPlan) -> bool {
    let mut sees = false;
    let _ = plan.apply_with_subqueries(|node| {
        let is_blind = |operation: &Operation| {
            matches!(operation, Operation::Observe(_) | Operation::Fence | Operation::Join(_) | Operation::Round { .. })
        };
        sees = PartitionNode::behind(node).is_some_and(|node| !is_blind(&node.operation));
        Ok(if sees { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    sees
}

fn schema_of(input: &LogicalPlan, operation: &Operation) -> FusionResult<DFSchemaRef> {
    let have = input.schema();
    let added: Vec<Field> = match operation {
        Operation::Values(columns) => columns.iter().map(|(name, value)| Field::new(name, value.arrow_type(), false)).collect(),
        Operation::Ranges { column, .. } => vec![Field::new(column, DataType::Int32, false)],
        Operation::Shuffle { .. } => Vec::new(),
        _ => return Ok(Arc::clone(have)),
    };
    let dropped = match operation {
        Operation::Shuffle { column, .. } => Some(column),
        _ => None,
    };
    let fields = have
        .iter()
        .filter(|(_, field)| dropped != Some(field.name()))
        .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
        .chain(added.into_iter().map(|field| (None, Arc::new(field))))
        .collect();
    DFSchema::new_with_metadata(fields, have.metadata().clone()).map(Arc::new)
}

impl UserDefinedLogicalNodeCore for PartitionNode {
    fn name(&self) -> &str {
        match &self.operation {
            Operation::Values(_) => "PartitionValues",
            Operation::Sample(_) => "Sample",
            Operation::SortWithin(_) => "SortWithinPartitions",
            Operation::Coalesce { .. } => "Coalesce",
            Operation::Shuffle { .. } => "Shuffle",
            Operation::Ranges { .. } => "Ranges",
            Operation::Observe(_) => "Observe",
            Operation::Fence => "Fence",
            Operation::Join(_) => "JoinHint",
            Operation::Round { .. } => "Round",
        }
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        match &self.operation {
            Operation::SortWithin(orders) | Operation::Ranges { orders, .. } => {
                orders.iter().map(|order| order.expr.clone()).collect()
            }
            Operation::Observe(observation) => observation.calls.iter().map(|(call, _)| call.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        match &self.operation {
            // Fewer rows below change nothing but the layout, as in Spark.
            Operation::SortWithin(_)
            | Operation::Coalesce { .. }
            | Operation::Shuffle { .. }
            | Operation::Fence
            | Operation::Round { .. }
            | Operation::Join(_) => HashSet::new(),
            _ => self.schema.fields().iter().map(|field| field.name().clone()).collect(),
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        match &self.operation {
            Operation::Values(columns) => {
                let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
                write!(f, ": {}", names.join(", "))
            }
            Operation::Sample(Sampling { lower, upper, with_replacement, seed }) => {
                write!(f, ": lower={lower}, upper={upper}, with_replacement={with_replacement}, seed={seed}")
            }
            Operation::SortWithin(orders) => {
                let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
                write!(f, ": {}", orders.join(", "))
            }
            Operation::Coalesce { partitions } => write!(f, ": partitions={partitions}"),
            Operation::Shuffle { column, partitions } => write!(f, ": partitions={partitions} by {column}"),
            Operation::Ranges { partitions, orders, .. } => {
                let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
                write!(f, ": partitions={partitions} by {}", orders.join(", "))
            }
            Operation::Observe(observation) => write!(f, ": {}", observation.name),
            Operation::Fence => Ok(()),
            Operation::Join(strategy) => write!(f, ": {strategy:?}"),
            Operation::Round { most } => write!(f, ": most={most}"),
        }
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> FusionResult<Self> {
        let input = inputs.pop().ok_or_else(|| DataFusionError::Internal(format!("{} has one input", self.name())))?;
        let ordered = |orders: &[Sort], exprs: Vec<Expr>| -> Vec<Sort> {
            orders.iter().zip(exprs).map(|(order, expr)| Sort { expr, ..order.clone() }).collect()
        };
        let operation = match &self.operation {
            Operation::SortWithin(orders) => Operation::SortWithin(ordered(orders, exprs)),
            Operation::Ranges { column, partitions, orders } => {
                Operation::Ranges { column: column.clone(), partitions: *partitions, orders: ordered(orders, exprs) }
            }
            Operation::Observe(observation) => {
                let names = observation.calls.iter().map(|(_, name)| name.clone());
                Operation::Observe(Observation { calls: exprs.into_iter().zip(names).collect(), ..observation.clone() })
            }
            other => other.clone(),
        };
        Self::try_new(input, operation)
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let width = self.input.schema().fields().len();
        let wanted: Vec<usize> = match &self.operation {
            Operation::Shuffle { column, .. } => {
                let number = self.position_of(column)?;
                let mut wanted: Vec<usize> = output.iter().map(|at| if *at < number { *at } else { at + 1 }).collect();
                wanted.push(number);
                wanted.sort_unstable();
                wanted
            }
            _ => output.iter().copied().filter(|at| *at < width).collect(),
        };
        Some(vec![wanted])
    }
}

impl Hash for PartitionNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.operation.hash(state);
    }
}

impl PartialOrd for PartitionNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.input.partial_cmp(&other.input) {
            Some(Ordering::Equal) if self != other => None,
            order => order,
        }
    }
}
