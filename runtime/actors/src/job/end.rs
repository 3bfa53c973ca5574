//! How a job ended, and the errors that say so.

use datafusion::common::DataFusionError;
use emberflow_base::Error;

/// See the module.
#[derive(Debug)]
pub(crate) enum End {
    Succeeded,
    Canceled,
    /// The error is handed out once; its text stays.
    Failed {
        error: Option<DataFusionError>,
        text: String,
    },
}

impl End {
    pub fn canceled() -> Self {
        Self::Canceled
    }

    /// The job's failure because of `task` of the stage called `label`.
    pub fn failed(error: Option<DataFusionError>, label: &str, task: usize) -> Self {
        let lost = || external(Error::internal(format!("task {task} of stage {label} was lost")));
        let error = error.unwrap_or_else(lost);
        Self::Failed { text: error.to_string(), error: Some(error) }
    }

    /// The error the job's reader gets.
    pub fn take_error(&mut self) -> Option<DataFusionError> {
        match self {
            Self::Succeeded => None,
            Self::Canceled => Some(canceled_error()),
            Self::Failed { error, text } => {
                Some(error.take().unwrap_or_else(|| external(Error::internal(format!("the job has failed before: {text}")))))
            }
        }
    }
}

/// What whoever still works for a cancelled job is told.
pub(crate) fn canceled_error() -> DataFusionError {
    external(Error::new("OPERATION_CANCELED").text("The job was cancelled."))
}

/// One of our errors on DataFusion's roads.
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
