//! A task's way out: routes its batches and pushes each one when there is credit for it.
//!
//! ```text
//! batch ─► router ─► acquire credit ─► Push ─► partition actor
//! ```
//!
//! Not here: which rows go where (`router`), when credit is given (`credit`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use datafusion::common::{Result, internal_datafusion_err};

use super::message::{Finish, Push};
use super::{Exchange, Mark, Permit, Router, Shape, Wiring, batch_bytes};
use crate::figures::{ActorState, Gauge};

/// Whether it is worth to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    More,
    /// Nobody reads any more.
    Enough,
}

/// See the module.
pub(crate) struct Outlet {
    exchange: Arc<Exchange>,
    producer: usize,
    router: Router,
    gauge: Arc<Gauge>,
    pushed: Arc<AtomicBool>,
}

impl Outlet {
    pub fn new(exchange: Arc<Exchange>, producer: usize, router: Router, gauge: Arc<Gauge>, pushed: Arc<AtomicBool>) -> Self {
        Self { exchange, producer, router, gauge, pushed }
    }

    /// Gives a batch away, waiting for credit.
    pub async fn push(&mut self, batch: RecordBatch) -> Result<Flow> {
        if let Some(mark) = Mark::of(&batch) {
            return self.pass_on(mark, &batch).await;
        }
        self.gauge.count(batch.num_rows(), 0);
        let pieces = self.router.route(batch)?;
        self.deliver_all(pieces).await
    }

    /// Gives away what was kept back and says that it was all.
    pub async fn finish(mut self) -> Result<()> {
        let rest = self.router.finish()?;
        self.deliver_all(rest).await?;
        let lanes = self.exchange.shape.lanes_of_producer(self.producer);
        self.wiring()?.lanes[lanes].iter().for_each(|lane| lane.do_send(Finish));
        Ok(())
    }

    /// A mark goes to everyone who may get rows of this producer, in its name. A result has no use for marks.
    async fn pass_on(&mut self, mark: Mark, batch: &RecordBatch) -> Result<Flow> {
        if matches!(self.exchange.shape, Shape::Spread(_)) {
            let mark = Mark { producer: self.producer, ..mark };
            for lane in self.exchange.shape.lanes_of_producer(self.producer) {
                self.deliver(lane, mark.to_batch(batch.schema_ref())).await?;
            }
        }
        self.deliver_all(Vec::new()).await
    }

    async fn deliver_all(&mut self, pieces: Vec<(usize, RecordBatch)>) -> Result<Flow> {
        for (lane, piece) in pieces {
            if piece.num_rows() > 0 {
                self.deliver(lane, piece).await?;
            }
        }
        Ok(if self.wiring()?.ledger.all_closed() { Flow::Enough } else { Flow::More })
    }

    async fn deliver(&mut self, lane: usize, batch: RecordBatch) -> Result<()> {
        let bytes = batch_bytes(&batch);
        self.gauge.set_state(ActorState::Waiting);
        let permit = self.wiring()?.ledger.acquire(lane, bytes).await;
        self.gauge.set_state(ActorState::Running);
        let to_disk = match permit {
            Permit::Closed | Permit::Wait => return Ok(()),
            Permit::Granted => false,
            Permit::Overrun { to_disk } => to_disk,
        };
        self.pushed.store(true, Ordering::Release);
        let wiring = self.wiring()?;
        wiring.gauges[lane].mailbox_got();
        wiring.lanes[lane].do_send(Push { batch, bytes, to_disk });
        Ok(())
    }

    fn wiring(&self) -> Result<&Wiring> {
        self.exchange.wiring.get().ok_or_else(|| internal_datafusion_err!("exchange {} has no actors", self.exchange.id))
    }
}
