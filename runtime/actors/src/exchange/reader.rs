//! The reading end of one lane: asks the partition actor, hands batches out one by one, gives their credit back.
//!
//! ```text
//! poll ─► [ parcels at hand ] ─► empty? ── Take ──► partition actor ── parcels ─┐
//!                  ▲─────────────────────────────────────────────────────────────┘
//! ```
//!
//! Dropping it before the end closes the lane, which frees its buffers and lets its producers go.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use emberflow_base::Error;
use tokio::sync::oneshot;

use super::lane::{Parcel, Taken};
use super::message::{Close, Take};
use super::{Exchange, Wiring};
use crate::driver::message::Unread;
use crate::job::{JobShared, external};

/// See the module.
pub(crate) struct LaneReader {
    exchange: Arc<Exchange>,
    job: Arc<JobShared>,
    lane: usize,
    at_hand: VecDeque<Parcel>,
    asked: Option<oneshot::Receiver<Result<Taken>>>,
    ended: bool,
}

impl LaneReader {
    pub fn new(exchange: Arc<Exchange>, job: Arc<JobShared>, lane: usize) -> Self {
        Self { exchange, job, lane, at_hand: VecDeque::new(), asked: None, ended: false }
    }

    /// The next batch of the lane.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if let Some(parcel) = self.at_hand.pop_front() {
                self.wiring()?.ledger.taken(self.lane, parcel.booked_bytes);
                return Poll::Ready(Some(Ok(parcel.batch)));
            }
            match ready!(self.poll_answer(cx)) {
                Ok(Taken::Parcels(parcels)) => self.at_hand.extend(parcels),
                Ok(Taken::End) => self.ended = true,
                Ok(Taken::Nothing) => {}
                Err(why) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(why)));
                }
            }
        }
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Taken>> {
        let mut asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.ask()?,
        };
        match Pin::new(&mut asked).poll(cx) {
            Poll::Pending => {
                self.asked = Some(asked);
                Poll::Pending
            }
            Poll::Ready(Ok(answer)) => Poll::Ready(answer),
            Poll::Ready(Err(_)) if self.job.is_over() => Poll::Ready(Err(self.job.why_over())),
            Poll::Ready(Err(_)) => Poll::Ready(Err(self.lost())),
        }
    }

    fn ask(&self) -> Result<oneshot::Receiver<Result<Taken>>> {
        let (answer, asked) = oneshot::channel();
        let wiring = self.wiring()?;
        wiring.want(self.exchange.id);
        wiring.lanes[self.lane].do_send(Take { answer });
        Ok(asked)
    }

    /// The actor vanished while its job goes on, and the rows with it.
    fn lost(&self) -> DataFusionError {
        external(Error::internal(format!("lane {} of exchange {} was lost", self.lane, self.exchange.id)))
    }

    fn wiring(&self) -> Result<&Wiring> {
        self.exchange.wiring.get().ok_or_else(|| internal_datafusion_err!("exchange {} has no actors", self.exchange.id))
    }
}

impl Drop for LaneReader {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Some(wiring) = self.exchange.wiring.get() {
            let last = wiring.ledger.close(self.lane);
            wiring.lanes[self.lane].do_send(Close);
            if last {
                wiring.driver.do_send(Unread { stage: self.exchange.id });
            }
        }
    }
}
