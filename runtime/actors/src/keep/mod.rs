//! Kept results: the rows of a plan, partition by partition, each owned by a partition actor that outlives the job.
//!
//! ```text
//!                 first reader                       fill job ─► lane p ─► KeptPartition p   [ memory │ disk ]
//! Kept ── read ───────────────► starts one job for all                          │
//!   └──── read ◄────────────────────────────────────────────── its rows ◄───────┘ once it is complete
//! ```
//!
//! Always true:
//! - All partitions come from one run of the plan. DataFusion does not promise that a partition computed again has the same
//!   rows (whichever task ends last gives a join's unmatched ones), so partitions are never made anew one by one.
//! - A reader gets a partition as soon as that one is complete. The fill goes on when a reader has had enough (`show`),
//!   and stops when its last reader was cancelled.
//! - With disk, a partition that may not have more memory goes on in a file, and memory under pressure moves there.
//!   Without, the result that does not fit is let go as a whole: its readers run the plan themselves.
//! - The last one to let go of [`Kept`] frees everything.
//!
//! Not here: which plans are kept, and finding them again (`emberflow`). Begin at [`Kept`].

mod core;
mod handler;
mod kept;
mod scan;

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::figures::ActorFigures;

pub use kept::{KeepOptions, Kept, KeptFigures};

/// What a runtime keeps, so that it can be told to give memory back.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Vec<Weak<Kept>>>);

impl Shelf {
    pub fn add(&self, kept: &Arc<Kept>) {
        let mut all = self.0.lock();
        all.retain(|kept| kept.strong_count() > 0);
        all.push(Arc::downgrade(kept));
    }

    /// Has at least `bytes` given back, from what was read longest ago; never waits.
    pub fn give_back(&self, bytes: usize) {
        let mut all: Vec<Arc<Kept>> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        all.sort_by_key(|kept| kept.last_read());
        let mut left = bytes;
        for kept in all {
            if left == 0 {
                return;
            }
            left = left.saturating_sub(kept.give_back(left));
        }
    }

    pub fn figures(&self) -> Vec<ActorFigures> {
        let all: Vec<Arc<Kept>> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        all.iter().flat_map(|kept| kept.actors().collect::<Vec<_>>()).collect()
    }

    /// Forgets what is being filled; for a runtime that ends.
    pub fn stop(&self) {
        self.0.lock().iter().filter_map(Weak::upgrade).for_each(|kept| kept.stop());
    }
}
