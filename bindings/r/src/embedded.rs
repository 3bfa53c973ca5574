//! The engine in this process, as a transport.
//!
//!     relation ─► Service::rows ─► batches as the engine made them ─► R vectors
//!     command, question ─► Rpc, as over a wire
//!
//! One engine serves every session of the process; it starts with the first one. Dropping an operation's stream stops
//! it, so Ctrl-C needs no message.
//! Not here: sessions over it (`session`). Begin at [`open`].

use std::sync::Arc;

use bytes::Bytes;
use emberflow::{Engine, Rows};
use emberflow_connect::rpc::Rpc;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use spark_connect_proto as proto;

use crate::client::{Client, protocol_parts};
use crate::failure::{Failure, Result};
use crate::session::Session;
use crate::transport::{Part, Progress, Transport};

struct Embedded {
    engine: Arc<Engine>,
}

impl Transport for Embedded {
    fn rpc(&self) -> Arc<dyn Rpc> {
        self.engine.rpc()
    }

    fn run(&self, client: &Client, plan: proto::Plan, operation_id: String) -> BoxStream<'static, Result<Part>> {
        if !matches!(plan.op_type, Some(proto::plan::OpType::Root(_))) {
            return protocol_parts(client.clone(), plan, operation_id);
        }
        let (service, client) = (self.engine.service(), client.clone());
        let rows = async move {
            let request = Bytes::from(client.execute_request(plan, operation_id).encode_to_vec());
            match service.rows(request).await {
                Ok(rows) => parts_of(rows),
                Err(error) => stream::iter([Err(Failure::from(error))]).boxed(),
            }
        };
        stream::once(rows).flatten().boxed()
    }

    fn needs_interrupt(&self) -> bool {
        false
    }
}

/// Each batch comes with how far the query is by then.
fn parts_of(rows: Rows) -> BoxStream<'static, Result<Part>> {
    let Rows { schema, batches, watch } = rows;
    let parts = batches.flat_map(move |batch| {
        let progress = Part::Progress(progress_of(&watch.progress()));
        stream::iter([Ok(progress), batch.map(Part::Batch).map_err(Failure::from)])
    });
    stream::iter([Ok(Part::Schema(schema))]).chain(parts).boxed()
}

fn progress_of(progress: &emberflow_connect::backend::Progress) -> Progress {
    let stages = &progress.stages;
    Progress {
        tasks: stages.iter().map(|stage| stage.tasks).sum(),
        completed: stages.iter().map(|stage| stage.tasks_completed).sum(),
    }
}

/// Opens a session on the engine of this process.
pub fn open(user_id: String) -> Result<Session> {
    let embedded = Arc::new(Embedded { engine: Engine::embedded()? });
    Ok(Session::over(embedded, user_id, uuid::Uuid::new_v4().to_string()))
}
