//! Cutting a physical plan into stages.
//!
//! | node                          | becomes                                                                     |
//! |-------------------------------|-----------------------------------------------------------------------------|
//! | `RepartitionExec`             | an exchange that spreads; sorted input is merged again per reader            |
//! | `ShuffleExec`                 | an exchange that spreads rows by a number each of them carries               |
//! | `CoalescePartitionsExec`      | an exchange that gathers: in partition order where a user can see the order |
//! | `SortPreservingMergeExec`     | stays, above an exchange that keeps its sorted partitions apart             |
//! | `ScalarSubqueryExec`          | stays; a subquery of several partitions is gathered                         |
//! | `AnalyzeExec`                 | stays; its input is gathered, since it would run all partitions itself      |
//! | `RecursiveQueryExec`          | stays; its recursive term is not cut, for it is executed again and again    |
//! | joins, sorts                    | their condition and keys look up too (`watch`)                              |
//! | `HashJoinExec`                  | can spill (`join`)                                                          |
//! | `WindowAggExec`                 | what it holds is accounted for (`hold`)                                     |
//! | leaves, and what multiplies rows | get a [`guard`] above them, where a task looks whether to stop        |
//!
//! Everything else stays what it is. A new node takes over the plan properties of the one it stands for, so the operators
//! above are told that nothing changed and keep their dynamic filters.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, replace_children_if_necessary};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, PlanProperties};

use super::guard::guard;
use super::hold::held;
use super::is_unseen;
use super::layout::ShuffleExec;
use super::reader::ExchangeReaderExec;
use super::watch::{as_before, watched};
use crate::exchange::{Exchange, Routing, Shape};
use crate::job::Leaf;
use crate::join::spilling;

/// One stage: a chain of operators and the exchange its tasks fill. A stage and its exchange have one id.
#[derive(Debug)]
pub(crate) struct Stage {
    pub plan: Arc<dyn ExecutionPlan>,
    pub tasks: usize,
    pub exchange: Arc<Exchange>,
    /// Its operators, topmost first.
    pub label: String,
    pub leaves: Vec<Arc<Leaf>>,
    /// It reads sources that give the same rows again, and nothing in it remembers having run.
    pub replayable: bool,
}

/// The stages of `plan`, its result first.
/// `over` is raised when the job ends.
/// `gathers_in_order`: producers are gathered one after the other even where nobody is promised an order.
pub(crate) fn cut(
    plan: Arc<dyn ExecutionPlan>,
    over: Arc<AtomicBool>,
    gathers_in_order: bool,
    config: &ConfigOptions,
) -> Result<Vec<Stage>> {
    let mut cutter = Cutter { stages: Vec::new(), over, gathers_in_order, current: 0, config };
    let result = cutter.reserve();
    let mut leaves = Vec::new();
    let plan = cutter.node(plan, true, &mut leaves)?;
    let exchange = cutter.exchange(result, &plan, Shape::Keep, false);
    cutter.fill(result, plan, exchange, leaves);
    cutter.stages.into_iter().map(|stage| stage.ok_or_else(|| internal_datafusion_err!("a stage was not filled"))).collect()
}

struct Cutter<'a> {
    stages: Vec<Option<Stage>>,
    over: Arc<AtomicBool>,
    gathers_in_order: bool,
    /// The stage whose operators are being cut.
    current: usize,
    config: &'a ConfigOptions,
}

type Plan = Arc<dyn ExecutionPlan>;
type Leaves = Vec<Arc<Leaf>>;

impl Cutter<'_> {
    fn reserve(&mut self) -> usize {
        self.stages.push(None);
        self.stages.len() - 1
    }

    /// `ordered`: whoever asked for the job sees the order of this node's rows.
    fn node(&mut self, plan: Plan, ordered: bool, leaves: &mut Leaves) -> Result<Plan> {
        stacker::maybe_grow(256 << 10, 4 << 20, || self.node_on_enough_stack(plan, ordered, leaves))
    }

    fn node_on_enough_stack(&mut self, plan: Plan, ordered: bool, leaves: &mut Leaves) -> Result<Plan> {
        if let Some(repartition) = plan.downcast_ref::<RepartitionExec>() {
            return self.repartition(repartition, leaves);
        }
        if let Some(shuffle) = plan.downcast_ref::<ShuffleExec>() {
            let shape = Shape::Spread(shuffle.routing());
            return self.stage_below(shuffle.input().clone(), "ShuffleExec", shuffle.properties().clone(), shape, false, None);
        }
        if let Some(coalesce) = plan.downcast_ref::<CoalescePartitionsExec>()
            && partitions(coalesce.input()) > 1
        {
            return self.gather(coalesce, ordered);
        }
        if let Some(merge) = plan.downcast_ref::<SortPreservingMergeExec>()
            && partitions(merge.input()) > 1
        {
            return self.merge(&plan, merge);
        }
        let children = self.children(&plan, ordered, leaves)?;
        let rebuilt = replace_children_if_necessary(plan, children)?;
        let properties = rebuilt.properties().clone();
        let running = as_before(spilling(watched(rebuilt, &self.over)?)?, properties);
        Ok(guarded(running, leaves))
    }

    fn children(&mut self, plan: &Plan, ordered: bool, leaves: &mut Leaves) -> Result<Vec<Plan>> {
        let keeps_order = plan.maintains_input_order();
        let mut children = Vec::new();
        for (at, child) in plan.children().into_iter().enumerate() {
            let ordered = ordered && keeps_order.get(at).copied().unwrap_or(false);
            let child = match how_to_run(plan, at, child) {
                Run::AsItIs => guard_leaves(child.clone(), leaves)?,
                Run::Cut => self.node(child.clone(), ordered, leaves)?,
                Run::Gathered => self.node(Arc::new(CoalescePartitionsExec::new(child.clone())), ordered, leaves)?,
            };
            children.push(held(plan, child));
        }
        Ok(children)
    }

    fn repartition(&mut self, node: &RepartitionExec, leaves: &mut Leaves) -> Result<Plan> {
        if partitions(node.input()) == 1 && node.partitioning().partition_count() == 1 {
            return self.node(node.input().clone(), false, leaves);
        }
        let to = node.partitioning().clone();
        let shape = match node.input().output_ordering() {
            Some(order) if node.preserve_order() => Shape::SpreadSorted(to, order.clone()),
            _ => Shape::Spread(Routing::Planned(to)),
        };
        // Sorted input is polled as soon as it is executed, everything else when the first row is wanted.
        self.stage_below(node.input().clone(), "RepartitionExec", node.properties().clone(), shape, false, None)
    }

    fn gather(&mut self, node: &CoalescePartitionsExec, ordered: bool) -> Result<Plan> {
        // The first so many rows are the same ones each time.
        let in_order = ordered || self.gathers_in_order || node.fetch().is_some();
        let shape = if in_order { Shape::GatherInOrder } else { Shape::Gather };
        let properties = node.properties().clone();
        self.stage_below(node.input().clone(), "CoalescePartitionsExec", properties, shape, true, node.fetch())
    }

    fn merge(&mut self, plan: &Plan, node: &SortPreservingMergeExec) -> Result<Plan> {
        let properties = node.input().properties().clone();
        let below = self.stage_below(node.input().clone(), "ExchangeExec", properties, Shape::Keep, true, None)?;
        replace_children_if_necessary(plan.clone(), vec![below])
    }

    /// Makes what lies below an exchange a stage of its own and returns the node that reads it.
    fn stage_below(
        &mut self,
        input: Plan,
        name: &'static str,
        properties: Arc<PlanProperties>,
        shape: Shape,
        eager: bool,
        fetch: Option<usize>,
    ) -> Result<Plan> {
        let id = self.reserve();
        let mut leaves = Vec::new();
        let reader = std::mem::replace(&mut self.current, id);
        let input = self.node(input, matches!(shape, Shape::GatherInOrder), &mut leaves)?;
        self.current = reader;
        let mut exchange = self.exchange(id, &input, shape, eager);
        // What comes out may lack the column that said where to.
        if let Some(exchange) = Arc::get_mut(&mut exchange)
            && matches!(exchange.shape, Shape::Spread(Routing::Numbered { .. }))
        {
            exchange.schema = properties.eq_properties.schema().clone();
        }
        self.fill(id, input.clone(), exchange.clone(), leaves);
        Ok(Arc::new(ExchangeReaderExec::new(name, exchange, input, properties, fetch)))
    }

    fn exchange(&self, id: usize, input: &Plan, shape: Shape, eager: bool) -> Arc<Exchange> {
        Arc::new(Exchange {
            id,
            read_by: self.current,
            shape,
            producers: partitions(input),
            schema: input.schema(),
            eager,
            metrics: ExecutionPlanMetricsSet::new(),
            wiring: OnceLock::new(),
        })
    }

    fn fill(&mut self, id: usize, plan: Plan, exchange: Arc<Exchange>, leaves: Leaves) {
        let label = label(&plan);
        let replayable = is_replayable(&plan, self.config);
        self.stages[id] = Some(Stage { tasks: partitions(&plan), plan, exchange, label, leaves, replayable });
    }
}

enum Run {
    AsItIs,
    Cut,
    Gathered,
}

fn how_to_run(plan: &Plan, at: usize, child: &Plan) -> Run {
    let gathered = (plan.is::<ScalarSubqueryExec>() && at > 0) || plan.is::<AnalyzeExec>();
    match plan {
        plan if plan.is::<RecursiveQueryExec>() && at == 1 => Run::AsItIs,
        _ if gathered && partitions(child) > 1 => Run::Gathered,
        _ => Run::Cut,
    }
}

/// Guards where a task must look up: at its sources, and above whatever may give many rows for one.
fn guarded(plan: Plan, leaves: &mut Leaves) -> Plan {
    if plan.children().is_empty() {
        let leaf = Arc::new(Leaf::of(plan.clone()));
        leaves.push(leaf.clone());
        return guard(plan, Some(leaf));
    }
    if may_multiply(&plan) { guard(plan, None) } else { plan }
}

fn may_multiply(plan: &Plan) -> bool {
    match plan.children().first() {
        // It stands for the operator below it.
        Some(child) if is_unseen(plan) => may_multiply(child),
        _ => matches!(plan.cardinality_effect(), CardinalityEffect::Unknown | CardinalityEffect::GreaterEqual),
    }
}

/// Guards inside a part that is not cut. The work table of a recursive query must stay recognisable, so leaves are left
/// as they are and only what stands above one is guarded.
fn guard_leaves(plan: Plan, leaves: &mut Leaves) -> Result<Plan> {
    let mut children = Vec::new();
    for child in plan.children() {
        children.push(guard_leaves(child.clone(), leaves)?);
    }
    let rebuilt = replace_children_if_necessary(plan, children)?;
    Ok(if rebuilt.children().is_empty() { rebuilt } else { guarded(rebuilt, leaves) })
}

fn partitions(plan: &Plan) -> usize {
    plan.output_partitioning().partition_count()
}

fn label(plan: &Plan) -> String {
    let mut names = Vec::new();
    let mut node = Some(plan);
    while let Some(at) = node {
        if !is_unseen(at) {
            names.push(at.name().trim_end_matches("Exec").to_owned());
        }
        node = if at.is::<ExchangeReaderExec>() { None } else { at.children().first().copied() };
    }
    names.dedup();
    names.join(" < ")
}

/// Joins, sorts and aggregates that publish dynamic filters, and sources whose partitions share a queue of files, would not
/// survive a second run on the same nodes; plain chains over sources of their own do.
fn is_replayable(plan: &Plan, config: &ConfigOptions) -> bool {
    const PLAIN: &[&str] = &["GuardExec", "FilterExec", "ProjectionExec", "CooperativeExec", "CoalesceBatchesExec"];
    match plan.downcast_ref::<DataSourceExec>() {
        Some(source) => source.data_source().create_sibling_state(config).is_none(),
        None => PLAIN.contains(&plan.name()) && plan.children().into_iter().all(|child| is_replayable(child, config)),
    }
}
