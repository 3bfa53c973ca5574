//! The twelve methods of `SparkConnectService` and the one of the key-value service, over any transport.
//!
//!     Call ─► authorize ─► method ─► session (by user and id) ─► answer, or Status with an errorId
//!
//! | file | methods |
//! |---|---|
//! | `execute` | ExecutePlan, ReattachExecute, ReleaseExecute |
//! | `analyze` | AnalyzePlan |
//! | `config` | Config |
//! | `upload` | AddArtifacts, ArtifactStatus |
//! | `rows` | none: ExecutePlan for a host in the same process, rows not encoded |
//! | `lifecycle` | ReleaseSession, CloneSession, GetStatus, Interrupt, FetchErrorDetails |
//! | `key_value` | Execute of the key-value service, which knows no sessions |
//!
//! Nothing here blocks: each call is a task of the runtime given to [`Service::new`].
//! Not here: gRPC (`emberflow-server`), JNI (`emberflow-jvm`). Begin at [`Service`].

mod analyze;
mod config;
mod execute;
mod key_value;
mod lifecycle;
mod request;
mod rows;
#[cfg(test)]
mod stories;
mod upload;

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::World;
use emberflow_base::world::Machine;
use tokio::runtime::Handle;

use crate::backend::Backend;
use crate::errors;
use crate::rpc::{Call, Metadata, Method, Peer, Rpc, Status};
use crate::session::registry::Registry;

/// How often time has its effects.
const TICK: Duration = Duration::from_secs(1);

/// What a host decides about its service.
#[derive(Clone)]
pub struct ServiceOptions {
    /// A session unused for this long ends.
    pub session_idle_max: Duration,
    /// A released session's ids may be used again, for a host whose client object outlives `stop()`.
    pub released_ids_may_return: bool,
    pub world: Arc<dyn World>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self { session_idle_max: Duration::from_secs(3600), released_ids_may_return: false, world: Arc::new(Machine) }
    }
}

/// A Spark Connect service over a backend.
pub struct Service {
    core: Arc<Core>,
    runtime: Handle,
}

/// What every call shares.
pub(crate) struct Core {
    backend: Arc<dyn Backend>,
    registry: Registry,
    options: ServiceOptions,
    runtime: Handle,
}

impl Service {
    /// A service whose calls run on `runtime`.
    pub fn new(backend: Arc<dyn Backend>, runtime: Handle, options: ServiceOptions) -> Arc<Self> {
        let registry = Registry::new(backend.clone(), options.world.clone(), options.session_idle_max);
        let core = Arc::new(Core { backend, registry, options, runtime: runtime.clone() });
        runtime.spawn(keep_time(Arc::downgrade(&core)));
        Arc::new(Self { core, runtime })
    }

    /// Lets time have its effects now; happens by itself every second.
    pub fn tick(&self) {
        self.core.registry.tick();
    }
}

impl Rpc for Service {
    /// Who may call is for the door to decide; what else its headers say means nothing here.
    fn start(&self, method: Method, _: Metadata) -> Call {
        let (call, peer) = Call::pair();
        self.runtime.spawn(self.core.clone().serve(method, peer));
        call
    }
}

async fn keep_time(core: Weak<Core>) {
    loop {
        tokio::time::sleep(TICK).await;
        match core.upgrade() {
            Some(core) => core.registry.tick(),
            None => return,
        }
    }
}

impl Core {
    async fn serve(self: Arc<Self>, method: Method, peer: Peer) {
        match method {
            Method::ExecutePlan => execute::execute_plan(self, peer).await,
            Method::ReattachExecute => execute::reattach_execute(self, peer).await,
            Method::AddArtifacts => {
                let Peer { mut requests, responses } = peer;
                let answer = upload::add_artifacts(&self, &mut requests).await;
                let _ = responses.send(answer).await;
            }
            unary => self.serve_unary(unary, peer).await,
        }
    }

    async fn serve_unary(&self, method: Method, peer: Peer) {
        let Peer { mut requests, responses } = peer;
        let Some(request) = requests.recv().await else {
            let _ = responses.send(Err(errors::invalid_argument("the call has no request"))).await;
            return;
        };
        tokio::select! {
            answer = self.answer(method, request) => { let _ = responses.send(answer).await; }
            () = responses.closed() => {}
        }
    }

    async fn answer(&self, method: Method, request: Bytes) -> Result<Bytes, Status> {
        match method {
            Method::AnalyzePlan => analyze::analyze_plan(self, request).await,
            Method::Config => config::config(self, request),
            Method::ArtifactStatus => upload::artifact_status(self, request),
            Method::Interrupt => lifecycle::interrupt(self, request),
            Method::ReleaseExecute => execute::release_execute(self, request),
            Method::ReleaseSession => lifecycle::release_session(self, request),
            Method::FetchErrorDetails => lifecycle::fetch_error_details(self, request),
            Method::CloneSession => lifecycle::clone_session(self, request),
            Method::GetStatus => lifecycle::get_status(self, request),
            Method::KeyValue => key_value::execute(self, request).await,
            Method::ExecutePlan | Method::ReattachExecute | Method::AddArtifacts => {
                Err(errors::invalid_argument("the call is a stream"))
            }
        }
    }
}
