//! A SparkDataFrame's plan, on the Rust side of the border.
//!
//!     R: SparkDataFrame@sdf ──external pointer──► Frame { step, session, schema once asked }
//!
//! A frame never changes; every verb makes a new one, whose step refers to the old one's. The plan id of a step is what
//! makes `df$x` exact.
//! Not here: the verbs (`verbs_*`), running (`actions`), the plan as a message (`step`). Begin at [`Frame::derive`].

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
use crate::step::Step;

/// A plan and whose it is.
pub struct Frame {
    pub session: Arc<Session>,
    step: Arc<Step>,
    schema: OnceLock<Arc<StructType>>,
    /// The column names, where they are known.
    names: OnceLock<Arc<Vec<String>>>,
}

/// What a verb's message has where its input belongs: nothing, until the whole plan is put together.
type Empty = Option<Box<proto::Relation>>;

impl Frame {
    /// A frame that reads no other.
    pub fn new(session: Arc<Session>, rel_type: RelType) -> Self {
        Self::over(session, rel_type, Vec::new())
    }

    fn over(session: Arc<Session>, rel_type: RelType, inputs: Vec<Arc<Step>>) -> Self {
        Self { session, step: Step::new(rel_type, inputs), schema: OnceLock::new(), names: OnceLock::new() }
    }

    /// A relation that the server answered, as a frame.
    pub fn adopt(session: Arc<Session>, relation: proto::Relation) -> Result<Self> {
        let rel_type = relation.rel_type.ok_or_else(|| Failure::internal("an answered relation is empty"))?;
        Ok(Self::new(session, rel_type))
    }

    /// A frame that reads this one.
    pub fn derive(&self, verb: impl FnOnce(Empty) -> RelType) -> Self {
        let verb = verb(None);
        let names = self.known_names().and_then(|names| crate::frame_names::after(&verb, &names));
        let made = Self::over(self.session.clone(), verb, vec![self.step.clone()]);
        Self { names: names.map(|names| OnceLock::from(Arc::new(names))).unwrap_or_default(), ..made }
    }

    /// A frame that reads this one and another.
    pub fn derive_with(&self, other: &Frame, verb: impl FnOnce(Empty, Empty) -> RelType) -> Self {
        Self::over(self.session.clone(), verb(None, None), vec![self.step.clone(), other.step.clone()])
    }

    /// The whole plan as a relation.
    pub fn relation(&self) -> Result<proto::Relation> {
        self.step.relation()
    }

    /// The whole plan as what can be run.
    pub fn root(&self) -> Result<OpType> {
        Ok(OpType::Root(self.relation()?))
    }

    /// [`Frame::root`] in the shape questions want.
    pub fn plan(&self) -> Result<Option<proto::Plan>> {
        Ok(Some(proto::Plan { op_type: Some(self.root()?) }))
    }

    pub fn plan_id(&self) -> Option<i64> {
        self.step.plan_id()
    }

    /// The column names, without asking the engine where verbs tell them.
    pub fn names(&self) -> Result<Arc<Vec<String>>> {
        match self.known_names() {
            Some(names) => Ok(names),
            None => Ok(self.names_of(&*self.schema()?)),
        }
    }

    fn known_names(&self) -> Option<Arc<Vec<String>>> {
        match (self.names.get(), self.schema.get()) {
            (Some(names), _) => Some(names.clone()),
            (None, Some(schema)) => Some(self.names_of(schema)),
            (None, None) => None,
        }
    }

    fn names_of(&self, schema: &StructType) -> Arc<Vec<String>> {
        let names = || Arc::new(schema.fields.iter().map(|field| field.name.clone()).collect());
        self.names.get_or_init(names).clone()
    }

    /// The columns; asked of the engine once.
    pub fn schema(&self) -> Result<Arc<StructType>> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema.clone());
        }
        let question = Analyze::Schema(proto::analyze_plan_request::Schema { plan: self.plan()? });
        match self.session.analyze(question)? {
            Answer::Schema(proto::analyze_plan_response::Schema { schema: Some(schema) }) => {
                let schema = Arc::new(struct_from_proto(&schema)?);
                Ok(self.schema.get_or_init(|| schema).clone())
            }
            _ => Err(Failure::internal("another answer than a schema")),
        }
    }
}

/// The frame an R handle stands for.
pub fn frame(value: &Robj) -> Result<&Frame> {
    held(value, "SparkDataFrame")
}

/// A verb of one frame.
pub fn verb(input: &Robj, build: impl FnOnce(Empty) -> Result<RelType>) -> Robj {
    outcome(|| {
        let verb = build(None)?;
        Ok(hold(frame(input)?.derive(|_| verb)))
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
    outcome(|| Ok(Vec::clone(&*frame(&input)?.names()?).into()))
}

extendr_module! {
    mod frame;
    fn frame_names;
    fn frame_schema;
}
