//! The engine as Spark Connect's service sees it.

use std::any::Any;
use std::sync::{Arc, Weak};

use emberflow_base::{Error, Result, Settings};
use emberflow_connect::backend::{Answer, Backend, Operation, Outcome, Question, SessionBackend, SessionKey};
use emberflow_plan::tree::Statement;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::{Engine, SPARK_VERSION};
use crate::session::Session;

/// Holds the engine weakly: the engine owns the service that owns this.
pub(crate) struct EngineBackend {
    pub(crate) engine: Weak<Engine>,
}

impl EngineBackend {
    pub fn new(engine: Weak<Engine>) -> Self {
        Self { engine }
    }
}

impl Backend for EngineBackend {
    fn open(&self, key: &SessionKey) -> Result<Arc<dyn SessionBackend>> {
        let engine = self.engine.upgrade().ok_or_else(|| Error::internal("the engine has stopped"))?;
        Ok(Arc::new(engine.session(&key.user_id)))
    }

    fn open_clone(&self, of: &dyn SessionBackend, _key: &SessionKey) -> Result<Arc<dyn SessionBackend>> {
        let session = of.as_any().downcast_ref::<Session>().ok_or_else(|| Error::internal("not a session of this engine"))?;
        Ok(Arc::new(session.copy()))
    }

    fn spark_version(&self) -> String {
        SPARK_VERSION.to_owned()
    }
}

impl SessionBackend for Session {
    fn settings(&self) -> Settings {
        Session::settings(self)
    }

    fn change_settings(&self, change: &mut dyn FnMut(&mut Settings) -> Result<()>) -> Result<()> {
        Session::change_settings(self, change)
    }

    fn execute(&self, statement: Statement, operation: Operation) -> BoxFuture<'static, Result<Outcome>> {
        let session = self.clone();
        let jobs = operation.jobs.clone();
        crate::execute::JOBS.scope(jobs, async move { Session::execute(&session, statement, operation).await }).boxed()
    }

    fn analyze(&self, question: Question) -> BoxFuture<'static, Result<Answer>> {
        let session = self.clone();
        async move { Session::analyze(&session, question).await }.boxed()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn close(&self) {
        Session::close(self);
    }
}
