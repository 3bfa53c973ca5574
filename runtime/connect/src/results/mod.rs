//! Rows to response messages.
//!
//!     StructType ──► schema message                     (the only bearer of UDT, char(n), metadata)
//!     RecordBatch ──► [convert] ──► [split] ──► IPC stream ──► [chunk] ──► arrow_batch messages
//!     Watch ──► execution_progress, metrics, observed_metrics
//!
//! Here messages have no ids yet; `operation` numbers them. Not here: running, buffering.
//! Begin at [`batches::BatchEncoder`].

pub(crate) mod batches;
mod convert;
mod wire;

use arrow::array::RecordBatch;
use bytes::Bytes;
use emberflow_base::{Result, Settings};
use emberflow_plan::{StructType, json};

use crate::backend::{Observed, OperatorMetrics, Progress};
use crate::encode;
use crate::errors;
use crate::proto::execute_plan_response::{self as response, ResponseType};
use crate::proto::{self, ExecutePlanResponse};

/// A message with nothing but this content.
pub(crate) fn message(content: ResponseType) -> ExecutePlanResponse {
    ExecutePlanResponse { response_type: Some(content), ..Default::default() }
}

pub(crate) fn schema(schema: &StructType) -> ExecutePlanResponse {
    ExecutePlanResponse { schema: Some(encode::struct_type(schema)), ..Default::default() }
}

pub(crate) fn complete() -> ExecutePlanResponse {
    message(ResponseType::ResultComplete(response::ResultComplete {}))
}

pub(crate) fn progress(progress: &Progress) -> ExecutePlanResponse {
    let stage = |stage: &crate::backend::StageProgress| response::execution_progress::StageInfo {
        stage_id: stage.stage_id,
        num_tasks: stage.tasks,
        num_completed_tasks: stage.tasks_completed,
        input_bytes_read: stage.input_bytes_read,
        done: stage.done,
    };
    message(ResponseType::ExecutionProgress(response::ExecutionProgress {
        stages: progress.stages.iter().map(stage).collect(),
        num_inflight_tasks: progress.tasks_in_flight,
    }))
}

pub(crate) fn metrics(operators: &[OperatorMetrics]) -> ExecutePlanResponse {
    use response::metrics::{MetricObject, MetricValue};
    let object = |operator: &OperatorMetrics| {
        let value = |(name, (value, metric_type)): (&String, &(i64, String))| {
            let metric = MetricValue { name: name.clone(), value: *value, metric_type: metric_type.clone() };
            (name.clone(), metric)
        };
        MetricObject {
            name: operator.name.clone(),
            plan_id: operator.plan_id,
            parent: operator.parent,
            execution_metrics: operator.values.iter().map(value).collect(),
        }
    };
    let metrics = response::Metrics { metrics: operators.iter().map(object).collect() };
    ExecutePlanResponse { metrics: Some(metrics), ..Default::default() }
}

/// PySpark finds an observation by its name, Scala by its plan id.
pub(crate) fn observed(observed: &[Observed]) -> ExecutePlanResponse {
    let one = |observed: &Observed| {
        let named = response::ObservedMetrics { name: observed.name.clone(), plan_id: observed.plan_id, ..Default::default() };
        match &observed.result {
            Ok(values) => response::ObservedMetrics {
                keys: values.iter().map(|(key, _)| key.clone()).collect(),
                values: values.iter().map(|(_, value)| encode::literal(value)).collect(),
                ..named
            },
            Err(why) => response::ObservedMetrics { root_error_idx: Some(0), errors: errors::chain(why), ..named },
        }
    };
    ExecutePlanResponse { observed_metrics: observed.iter().map(one).collect(), ..Default::default() }
}

/// All rows of a command's result as a relation the client can use like any other.
pub(crate) fn local_relation(schema: &StructType, batches: &[RecordBatch], settings: &Settings) -> Result<proto::Relation> {
    let data: Bytes = batches::one_stream(schema, batches, settings)?;
    let text = json::schema_to_json(schema);
    let local = proto::LocalRelation { data: Some(data), schema: Some(text).filter(|text| !text.is_empty()) };
    Ok(proto::Relation { common: None, rel_type: Some(proto::relation::RelType::LocalRelation(local)) })
}
