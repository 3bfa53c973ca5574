//! What a driver is told. One message per event, none carries data.

use datafusion::common::DataFusionError;

use super::decide::TaskEnd;

/// All actors of the job are wired to each other.
#[derive(Debug)]
pub(crate) struct Begin;

/// Somebody reads the output of a stage.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub stage: usize,
}

/// Nobody reads the output of a stage any more.
#[derive(Debug)]
pub(crate) struct Unread {
    pub stage: usize,
}

/// A task came to an end.
#[derive(Debug)]
pub(crate) struct TaskEnded {
    pub stage: usize,
    pub task: usize,
    pub attempt: u32,
    pub end: TaskEnd,
    pub error: Option<DataFusionError>,
}

/// The caller wants no more.
#[derive(Debug)]
pub(crate) struct Cancel;

messages!(Begin, Wanted, Unread, TaskEnded, Cancel);
