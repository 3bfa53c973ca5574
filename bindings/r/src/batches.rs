//! A result read batch by batch, for results that do not fit into R.
//!
//!     reader_open ─► Reader { stream } ─► reader_next ─► columns of one batch ─► ... ─► NULL
//!
//! Nothing is read ahead: the engine computes against credit, so a slow reader keeps memory flat. Closing the reader, or
//! losing it to the garbage collector, stops the query; so does Ctrl-C while it waits.
//! Not here: whole results (`actions`). Begin at [`reader_open`].

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use emberflow_plan::StructType;
use extendr_api::prelude::*;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::failure::{Result, outcome};
use crate::frame::frame;
use crate::r_api::{held, hold};
use crate::session::{Session, Stand, note};
use crate::to_r::data_columns;
use crate::transport::Part;

struct Reader {
    session: Arc<Session>,
    operation_id: String,
    schema: Arc<StructType>,
    stand: Arc<Mutex<Stand>>,
    /// Gone when the rows have ended, one way or another.
    parts: Mutex<Option<BoxStream<'static, Result<Part>>>>,
}

impl Reader {
    /// The next batch with rows in it; none at the end.
    fn next(&self) -> Result<Option<RecordBatch>> {
        let Some(mut parts) = self.take() else { return Ok(None) };
        let stand = self.stand.clone();
        let step = async move {
            let batch = next_batch(&mut parts, &stand).await?;
            Ok(batch.map(|batch| (batch, parts)))
        };
        let Some((batch, parts)) = self.session.attend(&self.operation_id, self.stand.clone(), step)? else { return Ok(None) };
        *self.parts.lock().unwrap_or_else(PoisonError::into_inner) = Some(parts);
        Ok(Some(batch))
    }

    fn close(&self) {
        if self.take().is_some() {
            self.session.abandon(&self.operation_id);
        }
    }

    fn take(&self) -> Option<BoxStream<'static, Result<Part>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

async fn next_batch(parts: &mut BoxStream<'static, Result<Part>>, stand: &Mutex<Stand>) -> Result<Option<RecordBatch>> {
    while let Some(part) = parts.next().await {
        match part? {
            Part::Batch(batch) if batch.num_rows() > 0 => return Ok(Some(batch)),
            other => note(stand, other),
        }
    }
    Ok(None)
}

/// Starts a frame's query.
#[extendr]
fn reader_open(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let schema = frame.schema()?;
        let (operation_id, parts) = frame.session.start(frame.root()?);
        let (session, parts) = (frame.session.clone(), Mutex::new(Some(parts)));
        Ok(hold(Reader { session, operation_id, schema, stand: Arc::default(), parts }))
    })
}

/// The columns of the next batch; NULL after the last.
#[extendr]
fn reader_next(reader: Robj) -> Robj {
    outcome(|| {
        let reader = held::<Reader>(&reader, "reader of batches")?;
        match reader.next()? {
            Some(batch) => data_columns(&reader.schema, &[batch]),
            None => Ok(().into()),
        }
    })
}

/// Stops the query, if it still runs.
#[extendr]
fn reader_close(reader: Robj) -> Robj {
    outcome(|| {
        held::<Reader>(&reader, "reader of batches")?.close();
        Ok(().into())
    })
}

extendr_module! {
    mod batches;
    fn reader_open;
    fn reader_next;
    fn reader_close;
}
