//! A SparkDataFrame's plan, on the Rust side of the border.
//!
//!     R: SparkDataFrame@sdf ──external pointer──► Frame { relation with its plan id, session, schema once asked }
//!
//! A frame never changes; every verb makes a new one around the old one's relation. The plan id is what makes `df$x`
//! exact. Relations nest as deep as the user's script chains verbs, so whatever walks one has a stack that grows.
//! Not here: the verbs (`verbs_*`), running (`actions`). Begin at [`Frame::derive`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use emberflow_plan::StructType;
use extendr_api::prelude::*;
use proto::analyze_plan_request::Analyze;
use proto::analyze_plan_response::Result as Answer;
use proto::plan::OpType;
use proto::relation::RelType;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result, outcome};
use crate::r_api::{held, hold};
use crate::schema::struct_from_proto;
use crate::session::Session;

const STACK_FREE: usize = 512 << 10;
const STACK_MORE: usize = 8 << 20;
const DEPTH_WALKED_IN_PLACE: usize = 60;

/// A plan and whose it is.
pub struct Frame {
    pub session: Arc<Session>,
    relation: Option<proto::Relation>,
    depth: usize,
    schema: OnceLock<Arc<StructType>>,
    /// The column names, where they are known before the schema is.
    names: Option<Vec<String>>,
}

impl Frame {
    /// A frame that reads no other.
    pub fn new(session: Arc<Session>, rel_type: RelType) -> Self {
        Self::around(session, rel_type, 1)
    }

    fn around(session: Arc<Session>, rel_type: RelType, depth: usize) -> Self {
        static NEXT_PLAN_ID: AtomicI64 = AtomicI64::new(0);
        let common = proto::RelationCommon { plan_id: Some(NEXT_PLAN_ID.fetch_add(1, Ordering::Relaxed)), ..Default::default() };
        let relation = proto::Relation { common: Some(common), rel_type: Some(rel_type) };
        Self { session, relation: Some(relation), depth, schema: OnceLock::new(), names: None }
    }

    /// A relation that the server answered, as a frame.
    pub fn adopt(session: Arc<Session>, relation: proto::Relation) -> Result<Self> {
        let rel_type = relation.rel_type.ok_or_else(|| Failure::internal("an answered relation is empty"))?;
        Ok(Self::new(session, rel_type))
    }

    /// A frame that reads this one.
    pub fn derive(&self, rel_type: impl FnOnce(Option<Box<proto::Relation>>) -> RelType) -> Self {
        Self::around(self.session.clone(), rel_type(self.input()), self.depth + 1)
    }

    /// A frame that reads this one and another.
    pub fn derive_with(
        &self,
        other: &Frame,
        rel_type: impl FnOnce(Option<Box<proto::Relation>>, Option<Box<proto::Relation>>) -> RelType,
    ) -> Self {
        let depth = self.depth.max(other.depth) + 1;
        Self::around(self.session.clone(), rel_type(self.input(), other.input()), depth)
    }

    /// A copy of the relation, to stand inside another.
    pub fn input(&self) -> Option<Box<proto::Relation>> {
        with_room(self.depth, || self.relation.clone().map(Box::new))
    }

    /// A copy of the relation as a whole plan.
    pub fn root(&self) -> Option<OpType> {
        with_room(self.depth, || self.relation.clone().map(OpType::Root))
    }

    /// [`Frame::root`] in the shape questions want.
    pub fn plan(&self) -> Option<proto::Plan> {
        Some(proto::Plan { op_type: self.root() })
    }

    pub fn plan_id(&self) -> Option<i64> {
        self.relation.as_ref()?.common.as_ref()?.plan_id
    }

    /// The column names, without asking the engine where verbs tell them.
    pub fn names(&self) -> Result<Vec<String>> {
        match self.known_names() {
            Some(names) => Ok(names),
            None => Ok(names_of(&*self.schema()?)),
        }
    }

    fn known_names(&self) -> Option<Vec<String>> {
        self.schema.get().map(|schema| names_of(schema)).or_else(|| self.names.clone())
    }

    /// The columns; asked of the engine once.
    pub fn schema(&self) -> Result<Arc<StructType>> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema.clone());
        }
        let question = Analyze::Schema(proto::analyze_plan_request::Schema { plan: self.plan() });
        match self.session.analyze(question)? {
            Answer::Schema(proto::analyze_plan_response::Schema { schema: Some(schema) }) => {
                let schema = Arc::new(struct_from_proto(&schema)?);
                Ok(self.schema.get_or_init(|| schema).clone())
            }
            _ => Err(Failure::internal("another answer than a schema")),
        }
    }
}

fn names_of(schema: &StructType) -> Vec<String> {
    schema.fields.iter().map(|field| field.name.clone()).collect()
}

impl Drop for Frame {
    fn drop(&mut self) {
        let relation = self.relation.take();
        with_room(self.depth, || drop(relation));
    }
}

/// Runs something that walks a relation of this depth.
pub fn with_room<T>(depth: usize, walk: impl FnOnce() -> T) -> T {
    if depth <= DEPTH_WALKED_IN_PLACE {
        return walk();
    }
    stacker::maybe_grow(STACK_FREE + depth * (8 << 10), STACK_MORE + depth * (16 << 10), walk)
}

/// The frame an R handle stands for.
pub fn frame(value: &Robj) -> Result<&Frame> {
    held(value, "SparkDataFrame")
}

/// A verb of one frame.
pub fn verb(input: &Robj, build: impl FnOnce(Option<Box<proto::Relation>>) -> Result<RelType>) -> Robj {
    outcome(|| {
        let frame = frame(input)?;
        let rel_type = build(frame.input())?;
        let names = frame.known_names().and_then(|names| crate::frame_names::after(&rel_type, &names));
        let mut made = Frame::around(frame.session.clone(), rel_type, frame.depth + 1);
        made.names = names;
        Ok(hold(made))
    })
}

/// The columns as R keeps a schema.
#[extendr]
fn frame_schema(input: Robj) -> Robj {
    outcome(|| Ok(crate::schema::to_r(&*frame(&input)?.schema()?)))
}

/// The column names; of a frame with a mistake in it perhaps those it would have.
#[extendr]
fn frame_names(input: Robj) -> Robj {
    outcome(|| Ok(frame(&input)?.names()?.into()))
}

extendr_module! {
    mod frame;
    fn frame_names;
    fn frame_schema;
}
