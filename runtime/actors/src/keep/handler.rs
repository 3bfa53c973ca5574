//! The partition actor of a kept result: pulls its lane of the fill job, answers readers, gives memory back.
//!
//! Not here: the rows (`core`), the result as a whole (`kept`).

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle};
use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use tokio::sync::oneshot;

use super::core::{PartitionCore, Rows, Stored};
use super::kept::Kept;
use crate::exchange::LaneReader;
use crate::figures::{ActorState, Gauge};
use crate::job::JobHandle;

/// See the module.
pub(super) struct KeptPartition {
    core: PartitionCore,
    kept: Weak<Kept>,
    counts: Arc<Counts>,
    gauge: Arc<Gauge>,
    readers: Vec<oneshot::Sender<Result<Rows>>>,
    complete: bool,
    filling: Option<SpawnHandle>,
    fill: u64,
}

/// What can be seen of a partition from outside.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub memory_bytes: AtomicUsize,
    pub disk_bytes: AtomicU64,
    pub rows: AtomicUsize,
    pub complete: AtomicBool,
    /// It was told to give its memory back and has not done so yet.
    pub giving_back: AtomicBool,
}

/// Pull this lane.
pub(super) struct Fill {
    pub lane: LaneReader,
    pub job: JobHandle,
    pub fill: u64,
}

/// All rows, once there are.
pub(super) struct Read {
    pub answer: oneshot::Sender<Result<Rows>>,
}

/// Memory goes to disk.
pub(super) struct GiveBack;

/// Forget all rows of this fill, or what it has got so far; those who wait look again.
pub(super) struct Clear {
    pub fill: u64,
}

/// The fill has failed: forget all rows, tell readers why.
pub(super) struct Fail {
    pub why: Arc<DataFusionError>,
    pub fill: u64,
}

/// The result is wanted no more.
pub(super) struct Quit;

messages!(Fill, Read, GiveBack, Clear, Fail, Quit);

impl KeptPartition {
    pub fn new(core: PartitionCore, kept: Weak<Kept>, counts: Arc<Counts>, gauge: Arc<Gauge>) -> Self {
        Self { core, kept, counts, gauge, readers: Vec::new(), complete: false, filling: None, fill: 0 }
    }

    fn store(&mut self, batch: RecordBatch) -> Result<Stored> {
        self.gauge.count(batch.num_rows(), crate::exchange::batch_bytes(&batch));
        let stored = self.core.push(batch);
        self.note();
        stored
    }

    /// The lane has ended: well, or with an error of the job.
    fn ended(&mut self, end: Result<()>) {
        self.filling = None;
        match end.and_then(|()| self.core.finish()) {
            Ok(()) => {
                self.complete = true;
                self.note();
                self.tell(|kept, fill| kept.partition_complete(fill));
                let rows = self.core.rows();
                self.readers.drain(..).for_each(|reader| drop(reader.send(Ok(rows.clone()))));
            }
            Err(why) => {
                let why = Arc::new(why);
                self.clear();
                let first = self.kept.upgrade().is_none_or(|kept| kept.fill_broke(self.fill, &why));
                if first {
                    self.forget(&why);
                } else {
                    // Another partition has ended this fill already: whoever waits here looks again at what became of it.
                    self.readers.clear();
                }
            }
        }
    }

    /// There was no room for a batch and there is no disk.
    fn overflowed(&mut self) {
        self.filling = None;
        self.tell(|kept, fill| kept.does_not_fit(fill));
    }

    fn forget(&mut self, why: &Arc<DataFusionError>) {
        self.readers.drain(..).for_each(|reader| drop(reader.send(Err(DataFusionError::Shared(why.clone())))));
        self.clear();
    }

    fn clear(&mut self) {
        self.core.clear();
        self.complete = false;
        self.note();
    }

    fn tell(&self, what: impl FnOnce(&Kept, u64)) {
        if let Some(kept) = self.kept.upgrade() {
            what(&kept, self.fill);
        }
    }

    fn stop_filling(&mut self, ctx: &mut Context<Self>) {
        if let Some(filling) = self.filling.take() {
            ctx.cancel_future(filling);
        }
        self.counts.giving_back.store(false, Relaxed);
    }

    fn note(&self) {
        self.counts.memory_bytes.store(self.core.memory_bytes(), Relaxed);
        self.counts.disk_bytes.store(self.core.disk_bytes(), Relaxed);
        self.counts.rows.store(self.core.row_count(), Relaxed);
        self.counts.complete.store(self.complete, Relaxed);
    }
}

impl Actor for KeptPartition {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.gauge.set_state(ActorState::Running);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.gauge.set_state(ActorState::Stopped);
    }
}

impl Handler<Fill> for KeptPartition {
    type Result = ();

    /// What a former fill still has to say would be taken for this one's.
    fn handle(&mut self, Fill { lane, job, fill }: Fill, ctx: &mut Self::Context) {
        self.stop_filling(ctx);
        self.clear();
        self.fill = fill;
        self.filling = Some(next_batch(lane, job, fill, ctx));
    }
}

/// Waits for the next batch of the lane, stores it, and goes on. A future that was cancelled may come to its end all the same
/// (actix polls before it looks), when another fill has begun.
fn next_batch(mut lane: LaneReader, job: JobHandle, fill: u64, ctx: &mut Context<KeptPartition>) -> SpawnHandle {
    let next = async move {
        let next = futures::future::poll_fn(|cx| lane.poll_next(cx)).await;
        (next, lane, job)
    };
    ctx.spawn(wrap_future::<_, KeptPartition>(next).map(move |(next, lane, job), actor, ctx| match next {
        _ if actor.fill != fill || actor.filling.is_none() => {}
        None => actor.ended(Ok(())),
        Some(Err(why)) => actor.ended(Err(job.shared.take_error().unwrap_or(why))),
        Some(Ok(batch)) => match actor.store(batch) {
            Ok(Stored::Yes) => actor.filling = Some(next_batch(lane, job, fill, ctx)),
            Ok(Stored::NoRoom) => actor.overflowed(),
            Err(why) => actor.ended(Err(why)),
        },
    }))
}

impl Handler<Read> for KeptPartition {
    type Result = ();

    fn handle(&mut self, Read { answer }: Read, _: &mut Self::Context) {
        if self.complete {
            let _ = answer.send(Ok(self.core.rows()));
        } else {
            self.readers.retain(|reader| !reader.is_closed());
            self.readers.push(answer);
        }
    }
}

impl Handler<GiveBack> for KeptPartition {
    type Result = ();

    fn handle(&mut self, _: GiveBack, _: &mut Self::Context) {
        if let Err(why) = self.core.move_to_disk() {
            tracing::warn!(%why, "a kept partition stays in memory");
        }
        self.counts.giving_back.store(false, Relaxed);
        self.note();
    }
}

impl Handler<Clear> for KeptPartition {
    type Result = ();

    /// A later fill has forgotten the former one's rows already, and goes on.
    fn handle(&mut self, Clear { fill }: Clear, ctx: &mut Self::Context) {
        if self.fill <= fill {
            self.stop_filling(ctx);
            self.readers.clear();
            self.clear();
        }
    }
}

impl Handler<Fail> for KeptPartition {
    type Result = ();

    /// Of a fill that another has followed already, nothing is left to end; its readers wait for the new one.
    fn handle(&mut self, Fail { why, fill }: Fail, ctx: &mut Self::Context) {
        if self.fill == fill {
            self.stop_filling(ctx);
            self.forget(&why);
        }
    }
}

impl Handler<Quit> for KeptPartition {
    type Result = ();

    fn handle(&mut self, _: Quit, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
