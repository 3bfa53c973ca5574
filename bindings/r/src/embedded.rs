//! The engine in this process, as a transport.
//!
//!     relation ─► Service::rows ─► batches as the engine made them ─► R vectors
//!     command, question ─► Rpc, as over a wire
//!
//! One engine serves every session of the process; it starts with the first one. Dropping an operation's stream stops
//! it, so Ctrl-C needs no message. Rows that are not encoded are no operation of the service, so those that run under
//! tags are remembered here.
//! Not here: sessions over it (`session`). Begin at [`open`].

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use emberflow::{Engine, Rows};
use emberflow_connect::backend::Watch;
use emberflow_connect::rpc::Rpc;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use spark_connect_proto as proto;

use crate::client::{Client, protocol_parts};
use crate::failure::{Failure, Result};
use crate::session::Session;
use crate::transport::{Order, Part, Transport};

struct Embedded {
    engine: Arc<Engine>,
    tagged: Arc<Mutex<Vec<Tagged>>>,
}

/// Rows under way.
struct Tagged {
    tags: Vec<String>,
    watch: Weak<dyn Watch>,
}

impl Transport for Embedded {
    fn rpc(&self) -> Arc<dyn Rpc> {
        self.engine.rpc()
    }

    fn run(&self, client: &Client, order: Order) -> BoxStream<'static, Result<Part>> {
        if !matches!(order.plan.op_type, Some(proto::plan::OpType::Root(_))) {
            return protocol_parts(client.clone(), order);
        }
        let (service, client, tagged) = (self.engine.service(), client.clone(), self.tagged.clone());
        let rows = async move {
            let tags = order.tags.clone();
            let request = Bytes::from(client.execute_request(order).encode_to_vec());
            match service.rows(request).await {
                Ok(rows) => {
                    remember(&tagged, tags, &rows.watch);
                    parts_of(rows)
                }
                Err(error) => stream::iter([Err(Failure::from(error))]).boxed(),
            }
        };
        stream::once(rows).flatten().boxed()
    }

    fn cancel_tagged(&self, tag: &str) {
        let tagged = self.tagged.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = tagged.iter().filter(|rows| rows.tags.iter().any(|one| one == tag));
        meant.filter_map(|rows| rows.watch.upgrade()).for_each(|watch| watch.cancel());
    }

    fn break_next_job(&self) -> Result<()> {
        self.engine.break_next_job();
        Ok(())
    }

    fn needs_interrupt(&self) -> bool {
        false
    }
}

fn remember(tagged: &Mutex<Vec<Tagged>>, tags: Vec<String>, watch: &Arc<dyn Watch>) {
    if !tags.is_empty() {
        let mut tagged = tagged.lock().unwrap_or_else(PoisonError::into_inner);
        tagged.retain(|rows| rows.watch.strong_count() > 0);
        tagged.push(Tagged { tags, watch: Arc::downgrade(watch) });
    }
}

fn parts_of(rows: Rows) -> BoxStream<'static, Result<Part>> {
    let Rows { schema, batches, watch } = rows;
    let batches = batches.map(|batch| batch.map(Part::Batch).map_err(Failure::from));
    stream::iter([Ok(Part::Schema(schema)), Ok(Part::Watch(watch))]).chain(batches).boxed()
}

/// Opens a session on the engine of this process, which starts with these settings if it has not started.
pub fn open(user_id: String, settings: Vec<(String, String)>) -> Result<Session> {
    let embedded = Arc::new(Embedded { engine: Engine::embedded_with(settings)?, tagged: Arc::default() });
    Ok(Session::over(embedded, user_id, uuid::Uuid::new_v4().to_string()))
}
