//! The partition actor: owns one lane, answers its reader, frees its buffers when told.
//!
//! ```text
//! producers ── Push, Finish ──► PartitionActor ── answer to Take ──► reader
//! ```
//!
//! Not here: the lane itself (`lane`) and credit (`ledger`); whoever sends `Push` has acquired credit before, whoever
//! gets the batch gives it back.

use std::sync::Arc;

use actix::{Actor, ActorContext, Context, Handler};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::DiskManager;
use tokio::sync::oneshot;

use super::lane::{LaneCore, Parcel, Taken};
use super::ledger::Ledger;
use super::message::{Close, Finish, Push, Take};
use crate::figures::{ActorState, Gauge};
use crate::memory::SpillFile;

/// What a partition actor is started with.
pub struct LaneOptions {
    pub lane: usize,
    pub producers: usize,
    pub ledger: Arc<Ledger>,
    pub disk: Arc<DiskManager>,
    pub gauge: Arc<Gauge>,
}

/// See the module.
pub struct PartitionActor {
    core: LaneCore,
    broken: Option<DataFusionError>,
    reader: Option<oneshot::Sender<Result<Taken>>>,
    options: LaneOptions,
}

impl PartitionActor {
    pub fn new(options: LaneOptions) -> Self {
        Self { core: LaneCore::new(options.producers), broken: None, reader: None, options }
    }

    fn accept(&mut self, push: Push) -> Result<()> {
        self.options.gauge.mailbox_took();
        self.options.gauge.count(push.batch.num_rows(), push.bytes);
        if push.to_disk {
            let (disk, schema) = (&self.options.disk, push.batch.schema());
            return self.core.push_to_disk(&push.batch, || SpillFile::create(disk, schema, "exchange overrun"));
        }
        self.core.push(Parcel { batch: push.batch, booked_bytes: push.bytes });
        Ok(())
    }

    /// Answers the waiting reader if there is something to say; true when that was the last word.
    fn serve(&mut self) -> bool {
        let Some(reader) = self.reader.take() else { return false };
        match self.broken.take().map_or_else(|| self.core.take(), Err) {
            Ok(Taken::Nothing) => {
                self.reader = Some(reader);
                self.options.ledger.starving(self.options.lane);
                false
            }
            answer => {
                let last = !matches!(answer, Ok(Taken::Parcels(_)));
                let _ = reader.send(answer);
                self.note_credit();
                last
            }
        }
    }

    fn serve_or_stop(&mut self, ctx: &mut Context<Self>) {
        if self.serve() {
            ctx.stop();
        }
    }

    fn note_credit(&self) {
        self.options.gauge.set_credit(self.options.ledger.room(self.options.lane));
    }
}

impl Actor for PartitionActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.options.gauge.set_state(ActorState::Running);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.options.ledger.close(self.options.lane);
        self.options.gauge.set_state(ActorState::Stopped);
    }
}

impl Handler<Push> for PartitionActor {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Self::Context) {
        if let Err(why) = self.accept(push) {
            self.broken = Some(why);
        }
        self.note_credit();
        self.serve_or_stop(ctx);
    }
}

impl Handler<Finish> for PartitionActor {
    type Result = ();

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) {
        self.core.finish_one();
        self.serve_or_stop(ctx);
    }
}

impl Handler<Take> for PartitionActor {
    type Result = ();

    fn handle(&mut self, take: Take, ctx: &mut Self::Context) {
        self.reader = Some(take.answer);
        self.serve_or_stop(ctx);
    }
}

impl Handler<Close> for PartitionActor {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        for bytes in self.core.clear() {
            self.options.ledger.taken(self.options.lane, bytes);
        }
        ctx.stop();
    }
}
