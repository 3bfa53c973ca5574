//! What a partition actor is told.
//!
//! `Push` travels only against a permit of the exchange's ledger; the others are at most one per producer or reader, so
//! none of them can flood the mailbox.

use arrow::array::RecordBatch;
use datafusion::common::Result;
use tokio::sync::oneshot;

use super::lane::Taken;

/// One batch, paid for with credit.
#[derive(Debug)]
pub struct Push {
    pub batch: RecordBatch,
    pub bytes: usize,
    pub to_disk: bool,
}

/// One producer will push no more.
#[derive(Debug)]
pub struct Finish;

/// The reader wants whatever there is; answered when there is something.
#[derive(Debug)]
pub struct Take {
    pub answer: oneshot::Sender<Result<Taken>>,
}

/// The reader is gone, or the job is over.
#[derive(Debug)]
pub struct Close;

messages!(Push, Finish, Take, Close);
