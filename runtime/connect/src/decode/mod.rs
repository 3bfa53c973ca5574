//! Messages to trees.
//!
//!     Plan ──► [unpack] ──► Relation / Command message ──► relation/…, command/… ──► Statement
//!                                     └── expression/… , types, literal, names
//!
//! A [`Decoder`] carries what a message may refer to besides itself: blocks of local data uploaded earlier, and the
//! relations that a `WithRelations` offers by plan id. What Spark knows and we do not becomes `Unsupported { name }`, so
//! that the one who resolves the tree can say so with a name; what is malformed is an error here.
//! Trees grow as deep as messages: each level asks for stack (`deep`).
//!
//! Not here: what names mean, SQL text (`emberflow-plan::sql`). Begin at [`Decoder::statement`].

mod command;
mod expression;
pub(crate) mod literal;
pub(crate) mod names;
mod relation;
#[cfg(test)]
mod tests;
pub(crate) mod types;
mod unpack;

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use emberflow_base::{Error, QueryContext, Result};
use emberflow_plan::sql::SqlOptions;
use emberflow_plan::tree::{Options, Origin};
use emberflow_plan::{Expr, Relation, Statement};

use crate::proto;

pub use types::data_type;

/// What a plan leans on in its session: local data that were uploaded before it, and how its texts are read.
pub trait Blocks {
    /// The bytes of the artifact `cache/<hash>`.
    fn block(&self, hash: &str) -> Option<Bytes>;
    /// For errors.
    fn session_id(&self) -> &str;
    /// How the session reads types that are texts.
    fn sql_options(&self) -> SqlOptions;
}

/// Nothing: a plan that stands alone.
pub struct NoBlocks;

impl Blocks for NoBlocks {
    fn block(&self, _hash: &str) -> Option<Bytes> {
        None
    }

    fn session_id(&self) -> &str {
        ""
    }

    fn sql_options(&self) -> SqlOptions {
        SqlOptions::default()
    }
}

/// Relations and expressions one plan may become, counting references as often as they are used.
const NODES_MAX: usize = 4_000_000;

/// Turns the messages of one plan into trees.
pub struct Decoder<'a> {
    blocks: &'a dyn Blocks,
    /// Relations that can be meant by their plan id.
    references: HashMap<i64, &'a proto::Relation>,
    nodes: Rc<Cell<usize>>,
}

/// A plan that stands alone.
pub fn statement(plan: &proto::Plan) -> Result<Statement> {
    unpack::opened(plan, |plan| Decoder::new(&NoBlocks).statement(plan))
}

/// A relation that stands alone.
pub fn relation(message: &proto::Relation) -> Result<Relation> {
    Decoder::new(&NoBlocks).relation(message)
}

/// An expression that stands alone.
pub fn expression(message: &proto::Expression) -> Result<Expr> {
    Decoder::new(&NoBlocks).expression(message)
}

/// Opens a compressed plan, if it is one, and hands the plain one to `then`.
pub(crate) fn opened<T>(plan: &proto::Plan, then: impl FnOnce(&proto::Plan) -> Result<T>) -> Result<T> {
    unpack::opened(plan, then)
}

impl<'a> Decoder<'a> {
    pub fn new(blocks: &'a dyn Blocks) -> Self {
        Self { blocks, references: HashMap::new(), nodes: Rc::default() }
    }

    /// The statement of a plan that is not compressed.
    pub fn statement(&self, plan: &'a proto::Plan) -> Result<Statement> {
        match &plan.op_type {
            Some(proto::plan::OpType::Root(relation)) => Ok(Statement::Query(self.relation(relation)?)),
            Some(proto::plan::OpType::Command(command)) => Ok(Statement::Command(self.command(command)?)),
            Some(proto::plan::OpType::CompressedOperation(_)) => Err(Error::internal("a compressed plan was not opened")),
            None => Err(not_set("spark.connect.Plan", "op_type")),
        }
    }

    fn count_node(&self) -> Result<()> {
        let nodes = self.nodes.get() + 1;
        self.nodes.set(nodes);
        if nodes <= NODES_MAX {
            return Ok(());
        }
        let why = format!("the plan has more than {NODES_MAX} relations and expressions");
        Err(Error::new("CONNECT_INVALID_PLAN.ASSERTION_FAILURE").with("message", why))
    }
}

fn not_set(full_name: &str, name: &str) -> Error {
    Error::new("CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET").with("fullName", full_name).with("name", name)
}

fn empty_field(full_name: &str, name: &str) -> Error {
    Error::new("CONNECT_INVALID_PLAN.FIELD_CANNOT_BE_EMPTY").with("fieldName", name).with("fullName", full_name)
}

fn bad_enum(full_name: &str, name: &str, number: i32) -> Error {
    Error::new("CONNECT_INVALID_PLAN.INVALID_ENUM")
        .with("fullName", full_name)
        .with("name", name)
        .with("number", number.to_string())
}

/// Options come as a map, whose order says nothing: sorted, so that equal plans are equal.
fn options(map: &HashMap<String, String>) -> Options {
    let mut options: Options = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    options.sort();
    options
}

/// Where the client's code made something.
fn origin(message: Option<&proto::Origin>) -> Origin {
    let context = match message?.function.as_ref()? {
        proto::origin::Function::PythonOrigin(python) => {
            QueryContext::DataFrame { fragment: python.fragment.clone(), call_site: python.call_site.clone() }
        }
        proto::origin::Function::JvmOrigin(jvm) => of_jvm(jvm)?,
    };
    Some(Arc::new(context))
}

/// A JVM client sends its stack: first the API method, then who called it; or the SQL text it parsed itself.
fn of_jvm(jvm: &proto::JvmOrigin) -> Option<QueryContext> {
    if let Some(text) = &jvm.sql_text {
        let (start, stop) = (jvm.start_index.unwrap_or(-1), jvm.stop_index.unwrap_or(-1));
        let length = usize::try_from(stop.checked_sub(start)?.checked_add(1)?).ok()?;
        let fragment = text.chars().skip(usize::try_from(start).ok()?).take(length).collect();
        let object_type = jvm.object_type.clone().unwrap_or_default();
        let object_name = jvm.object_name.clone().unwrap_or_default();
        return Some(QueryContext::Sql { object_type, object_name, start, stop, fragment });
    }
    let (method, callers) = jvm.stack_trace.split_first()?;
    let name = method.method_name.as_str();
    let fragment = name.strip_prefix('$').filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned();
    let lines: Vec<String> = callers.iter().map(stack_line).collect();
    Some(QueryContext::DataFrame { fragment, call_site: lines.join("\n") })
}

fn stack_line(element: &proto::StackTraceElement) -> String {
    let place = match (&element.file_name, element.line_number) {
        (Some(file), line) if line >= 0 => format!("{file}:{line}"),
        (Some(file), _) => file.clone(),
        (None, _) => "Unknown Source".to_owned(),
    };
    format!("{}.{}({place})", element.declaring_class, element.method_name)
}
