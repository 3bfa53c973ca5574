//! How plans reach whoever runs them.
//!
//!     Session ──► Transport ──┬─► embedded   the engine in this process
//!                             └─► remote     a Spark Connect server over gRPC
//!
//! Both answer single calls through [`Rpc`]. For rows a transport may have a shorter road than encoded batches; the
//! default is the protocol's own.
//! Not here: what is said (`client`), sockets (`remote`). Begin at [`Transport`].

use std::sync::Arc;

use arrow::array::RecordBatch;
use emberflow_connect::backend::Watch;
use emberflow_connect::rpc::Rpc;
use emberflow_plan::StructType;
use futures::stream::BoxStream;
use spark_connect_proto::{Plan, Relation};

use crate::client::{Client, protocol_parts};
use crate::failure::{Failure, Result};

/// Where a session lives.
pub trait Transport: Send + Sync {
    /// For calls with one request and few answers.
    fn rpc(&self) -> Arc<dyn Rpc>;

    /// Runs a plan and streams what comes of it. Dropping the stream cancels the operation.
    fn run(&self, client: &Client, order: Order) -> BoxStream<'static, Result<Part>> {
        protocol_parts(client.clone(), order)
    }

    /// Stops those operations with this tag that the protocol's Interrupt does not reach.
    fn cancel_tagged(&self, _tag: &str) {}

    /// Makes an operator of the next job panic, so that tests see R survive it.
    fn break_next_job(&self) -> Result<()> {
        Err(Failure::usage("only an engine in this process can be broken"))
    }

    /// Whether Ctrl-C has to be told, because dropping a stream does not stop the work.
    fn needs_interrupt(&self) -> bool;
}

/// One operation to run.
pub struct Order {
    pub plan: Plan,
    pub id: String,
    pub tags: Vec<String>,
}

/// One piece of an operation's result.
pub enum Part {
    /// The columns as Spark sees them; before the first batch.
    Schema(StructType),
    Batch(RecordBatch),
    /// How far a server says it is.
    Progress(Progress),
    /// Whom to ask how far it is.
    Watch(Arc<dyn Watch>),
    /// What a SQL text stands for: its rows if it was a command, else itself.
    Relation(Box<Relation>),
    /// The id under which a checkpoint can be read.
    Checkpoint(String),
}

/// How far the tasks of an operation are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    pub tasks: i64,
    pub completed: i64,
}
