//! A plan as frames share it: each verb's own step, and the steps before it by reference.
//!
//!     df ─► filter ─► withColumn        frames: [ withColumn ]─►[ filter ]─►[ read ]
//!                                       message, when asked for: withColumn { filter { read } }
//!
//! Making a verb therefore costs the same however long the script is; the message the protocol wants is put together when
//! a plan is run or asked about. Chains are as deep as scripts chain verbs, so whatever walks one has a stack that grows.
//! Begin at [`Step::relation`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proto::relation::RelType;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result};

const STACK_FREE: usize = 512 << 10;
const STACK_MORE: usize = 8 << 20;
const STACK_PER_LEVEL: usize = 16 << 10;
const DEPTH_WALKED_IN_PLACE: usize = 60;

type Input = Option<Box<proto::Relation>>;

/// One verb over others.
pub struct Step {
    /// The verb, with nothing where its inputs belong.
    own: proto::Relation,
    inputs: Vec<Arc<Step>>,
    depth: usize,
}

impl Step {
    /// A verb whose inputs are still empty, over these.
    pub fn new(rel_type: RelType, inputs: Vec<Arc<Step>>) -> Arc<Self> {
        static NEXT_PLAN_ID: AtomicI64 = AtomicI64::new(0);
        let common = proto::RelationCommon { plan_id: Some(NEXT_PLAN_ID.fetch_add(1, Ordering::Relaxed)), ..Default::default() };
        let own = proto::Relation { common: Some(common), rel_type: Some(rel_type) };
        let depth = 1 + inputs.iter().map(|input| input.depth).max().unwrap_or_default();
        Arc::new(Self { own, inputs, depth })
    }

    pub fn plan_id(&self) -> Option<i64> {
        self.own.common.as_ref()?.plan_id
    }

    /// The whole plan as a message.
    pub fn relation(&self) -> Result<proto::Relation> {
        with_room(self.depth, || self.whole())
    }

    fn whole(&self) -> Result<proto::Relation> {
        let mut whole = self.own.clone();
        let inputs = self.inputs.iter().map(|input| Ok(Some(Box::new(input.whole()?))));
        let inputs: Vec<Input> = inputs.collect::<Result<_>>()?;
        let placed = inputs.is_empty() || whole.rel_type.as_mut().is_some_and(|verb| place(verb, inputs));
        if placed { Ok(whole) } else { Err(Failure::internal("a verb without a place for its input")) }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // One after another: dropping a chain link by link would go as deep as the chain is long.
        let mut rest = std::mem::take(&mut self.inputs);
        while let Some(step) = rest.pop() {
            if let Some(mut last_owned) = Arc::into_inner(step) {
                rest.append(&mut last_owned.inputs);
            }
        }
    }
}

/// Puts inputs where a verb takes them; false for a verb that takes none or another number.
fn place(verb: &mut RelType, inputs: Vec<Input>) -> bool {
    let mut inputs = inputs.into_iter();
    match (inputs.next(), inputs.next(), inputs.next()) {
        (Some(only), None, None) => place_one(verb, only),
        (Some(left), Some(right), None) => place_two(verb, left, right),
        _ => false,
    }
}

fn place_one(verb: &mut RelType, given: Input) -> bool {
    let slot = match verb {
        RelType::Project(verb) => &mut verb.input,
        RelType::WithColumns(verb) => &mut verb.input,
        RelType::WithColumnsRenamed(verb) => &mut verb.input,
        RelType::ToDf(verb) => &mut verb.input,
        RelType::Drop(verb) => &mut verb.input,
        RelType::SubqueryAlias(verb) => &mut verb.input,
        RelType::Unpivot(verb) => &mut verb.input,
        RelType::Hint(verb) => &mut verb.input,
        RelType::Aggregate(verb) => &mut verb.input,
        RelType::Filter(verb) => &mut verb.input,
        RelType::Sort(verb) => &mut verb.input,
        RelType::Limit(verb) => &mut verb.input,
        RelType::Tail(verb) => &mut verb.input,
        RelType::Deduplicate(verb) => &mut verb.input,
        RelType::Sample(verb) => &mut verb.input,
        RelType::SampleBy(verb) => &mut verb.input,
        RelType::Repartition(verb) => &mut verb.input,
        RelType::RepartitionByExpression(verb) => &mut verb.input,
        RelType::FillNa(verb) => &mut verb.input,
        RelType::DropNa(verb) => &mut verb.input,
        RelType::Describe(verb) => &mut verb.input,
        RelType::Summary(verb) => &mut verb.input,
        RelType::Crosstab(verb) => &mut verb.input,
        RelType::Cov(verb) => &mut verb.input,
        RelType::Corr(verb) => &mut verb.input,
        RelType::FreqItems(verb) => &mut verb.input,
        RelType::ApproxQuantile(verb) => &mut verb.input,
        RelType::ShowString(verb) => &mut verb.input,
        _ => return false,
    };
    *slot = given;
    true
}

fn place_two(verb: &mut RelType, left: Input, right: Input) -> bool {
    match verb {
        RelType::Join(join) => (join.left, join.right) = (left, right),
        RelType::SetOp(operation) => (operation.left_input, operation.right_input) = (left, right),
        _ => return false,
    }
    true
}

/// Runs something that walks a chain of this depth.
fn with_room<T>(depth: usize, walk: impl FnOnce() -> T) -> T {
    if depth <= DEPTH_WALKED_IN_PLACE {
        return walk();
    }
    stacker::maybe_grow(STACK_FREE + depth * STACK_PER_LEVEL, STACK_MORE + depth * STACK_PER_LEVEL, walk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(input: &Arc<Step>) -> Arc<Step> {
        Step::new(RelType::Limit(Box::default()), vec![input.clone()])
    }

    fn read() -> Arc<Step> {
        Step::new(RelType::Range(proto::Range::default()), Vec::new())
    }

    #[test]
    fn a_chain_becomes_a_nested_message_and_is_shared() {
        let (first, base) = {
            let base = read();
            (limit(&base), base)
        };
        let (one, other) = (limit(&first).relation().unwrap(), limit(&first).relation().unwrap());
        let Some(RelType::Limit(outer)) = one.rel_type else { panic!("a limit") };
        let Some(RelType::Limit(inner)) = outer.input.unwrap().rel_type else { panic!("a limit") };
        assert_eq!(inner.input.unwrap().common.unwrap().plan_id, base.plan_id());
        assert_ne!(one.common, other.common);
    }

    #[test]
    fn chains_may_be_deep() {
        let mut step = read();
        for _ in 0..5_000 {
            step = limit(&step);
        }
        let whole = step.relation().unwrap();
        drop(step);
        with_room(5_000, || drop(whole));
    }

    #[test]
    fn two_inputs_stand_left_and_right() {
        let (left, right) = (read(), read());
        let join = Step::new(RelType::Join(Box::default()), vec![left.clone(), right]).relation().unwrap();
        let Some(RelType::Join(join)) = join.rel_type else { panic!("a join") };
        assert_eq!(join.left.unwrap().common.unwrap().plan_id, left.plan_id());
        assert!(join.right.is_some());
        assert!(Step::new(RelType::Limit(Box::default()), vec![read(), read()]).relation().is_err());
    }
}
