//! What makes a frame run, and questions about it: collect, explain, write, cache.
//!
//! Not here: the verbs that only build plans (`verbs_*`). Begin at [`frame_collect`].

use arrow::array::AsArray;
use extendr_api::prelude::*;
use proto::analyze_plan_request::{self as ask, Analyze};
use proto::analyze_plan_response::Result as Answer;
use proto::command::CommandType;
use proto::plan::OpType;
use proto::relation::RelType;
use proto::write_operation::save_table::TableSaveMethod;
use proto::write_operation::{SaveMode, SaveTable, SaveType};
use spark_connect_proto as proto;

use crate::failure::{Failure, Result, outcome};
use crate::frame::{Frame, frame};
use crate::r_api::{flag, hold, pairs, text, text_or_none, texts, whole32};
use crate::session::{Outcome, Session, session};
use crate::to_r::data_columns;

fn run(frame: &Frame) -> Result<Outcome> {
    frame.session.run(frame.root()?)
}

fn command(session: &Session, command: CommandType) -> Result<Outcome> {
    session.run(OpType::Command(proto::Command { command_type: Some(command) }))
}

/// All rows: a named list of vectors.
#[extendr]
fn frame_collect(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let outcome = run(frame)?;
        let schema = match outcome.schema {
            Some(schema) => schema,
            None => frame.schema()?.as_ref().clone(),
        };
        data_columns(&schema, &outcome.batches)
    })
}

/// The number of rows, counted by the engine.
#[extendr]
fn frame_count(input: Robj) -> Robj {
    outcome(|| {
        let one = proto::expression::Literal {
            literal_type: Some(proto::expression::literal::LiteralType::Integer(1)),
            ..Default::default()
        };
        let one = crate::column::expression(proto::expression::ExprType::Literal(one));
        let counted = frame(&input)?.derive(|input| {
            RelType::Aggregate(Box::new(proto::Aggregate {
                input,
                group_type: proto::aggregate::GroupType::Groupby.into(),
                aggregate_expressions: vec![crate::column::call("count", vec![one], false)],
                ..Default::default()
            }))
        });
        let batches = run(&counted)?.batches;
        let batch = batches.iter().find(|batch| batch.num_rows() > 0).ok_or_else(|| Failure::internal("a count without rows"))?;
        let counts = batch.column(0).as_primitive_opt::<arrow::datatypes::Int64Type>();
        let count = counts.ok_or_else(|| Failure::internal("a count that is no bigint"))?.value(0);
        Ok((count as f64).into())
    })
}

/// The text of the first row and column: what `show_string` and its like answer.
#[extendr]
fn frame_text(input: Robj) -> Robj {
    outcome(|| {
        let outcome = run(frame(&input)?)?;
        let batch = outcome.batches.iter().find(|batch| batch.num_rows() > 0);
        let column = batch.ok_or_else(|| Failure::internal("no text was answered"))?.column(0);
        let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8)?;
        Ok(column.as_string::<i32>().value(0).into())
    })
}

/// Spark's table as text.
#[extendr]
fn frame_show(input: Robj, rows: Robj, truncate: Robj, vertical: Robj) -> Robj {
    let shown = crate::frame::verb(&input, |input| {
        Ok(RelType::ShowString(Box::new(proto::ShowString {
            input,
            num_rows: whole32(&rows, "numRows")?,
            truncate: whole32(&truncate, "truncate")?,
            vertical: flag(&vertical, "vertical")?,
        })))
    });
    if shown.inherits("emberflow_failure") { shown } else { frame_text(shown) }
}

/// The plan as text; `mode` is simple, extended, codegen, cost or formatted.
#[extendr]
fn frame_explain(input: Robj, mode: Robj) -> Robj {
    use ask::explain::ExplainMode;
    outcome(|| {
        let frame = frame(&input)?;
        let mode = match text(&mode, "mode")? {
            "simple" => ExplainMode::Simple,
            "extended" => ExplainMode::Extended,
            "codegen" => ExplainMode::Codegen,
            "cost" => ExplainMode::Cost,
            "formatted" => ExplainMode::Formatted,
            other => return Err(Failure::usage(format!("`{other}` is no way to explain a plan"))),
        };
        let question = Analyze::Explain(ask::Explain { plan: frame.plan()?, explain_mode: mode.into() });
        match frame.session.analyze(question)? {
            Answer::Explain(answer) => Ok(answer.explain_string.into()),
            _ => Err(wrong_answer()),
        }
    })
}

/// The schema as a tree.
#[extendr]
fn frame_tree(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        match frame.session.analyze(Analyze::TreeString(ask::TreeString { plan: frame.plan()?, level: None }))? {
            Answer::TreeString(answer) => Ok(answer.tree_string.into()),
            _ => Err(wrong_answer()),
        }
    })
}

#[extendr]
fn frame_is_local(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        match frame.session.analyze(Analyze::IsLocal(ask::IsLocal { plan: frame.plan()? }))? {
            Answer::IsLocal(answer) => Ok(answer.is_local.into()),
            _ => Err(wrong_answer()),
        }
    })
}

#[extendr]
fn frame_is_streaming(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        match frame.session.analyze(Analyze::IsStreaming(ask::IsStreaming { plan: frame.plan()? }))? {
            Answer::IsStreaming(answer) => Ok(answer.is_streaming.into()),
            _ => Err(wrong_answer()),
        }
    })
}

#[extendr]
fn frame_input_files(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        match frame.session.analyze(Analyze::InputFiles(ask::InputFiles { plan: frame.plan()? }))? {
            Answer::InputFiles(answer) => Ok(answer.files.into()),
            _ => Err(wrong_answer()),
        }
    })
}

/// Keeps the rows once they have been computed. `level` holds use_disk, use_memory, use_off_heap, deserialized and
/// replication as numbers, or is NULL for the usual level.
#[extendr]
fn frame_persist(input: Robj, level: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let storage_level = if level.is_null() { None } else { Some(storage_level(&level)?) };
        let relation = Some(frame.relation()?);
        frame.session.analyze(Analyze::Persist(ask::Persist { relation, storage_level }))?;
        Ok(().into())
    })
}

fn storage_level(level: &Robj) -> Result<proto::StorageLevel> {
    let parts = level.as_integer_slice().filter(|parts| parts.len() == 5);
    let parts = parts.ok_or_else(|| Failure::usage("a storage level should be five integers"))?;
    Ok(proto::StorageLevel {
        use_disk: parts[0] != 0,
        use_memory: parts[1] != 0,
        use_off_heap: parts[2] != 0,
        deserialized: parts[3] != 0,
        replication: parts[4],
    })
}

#[extendr]
fn frame_unpersist(input: Robj, blocking: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let relation = Some(frame.relation()?);
        let question = ask::Unpersist { relation, blocking: Some(flag(&blocking, "blocking")?) };
        frame.session.analyze(Analyze::Unpersist(question))?;
        Ok(().into())
    })
}

/// The storage level, in the shape of [`frame_persist`].
#[extendr]
fn frame_storage_level(input: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let relation = Some(frame.relation()?);
        match frame.session.analyze(Analyze::GetStorageLevel(ask::GetStorageLevel { relation }))? {
            Answer::GetStorageLevel(answer) => {
                let level = answer.storage_level.unwrap_or_default();
                let flags = [level.use_disk, level.use_memory, level.use_off_heap, level.deserialized];
                let parts: Vec<i32> = flags.into_iter().map(i32::from).chain([level.replication]).collect();
                Ok(parts.into())
            }
            _ => Err(wrong_answer()),
        }
    })
}

/// Computes the rows now and answers a frame that reads what was kept.
#[extendr]
fn frame_checkpoint(input: Robj, local: Robj, eager: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let checkpoint = proto::CheckpointCommand {
            relation: Some(frame.relation()?),
            local: flag(&local, "local")?,
            eager: flag(&eager, "eager")?,
            storage_level: None,
        };
        let id = command(&frame.session, CommandType::CheckpointCommand(checkpoint))?.checkpoint;
        let relation_id = id.ok_or_else(|| Failure::internal("a checkpoint without an id"))?;
        let cached = RelType::CachedRemoteRelation(proto::CachedRemoteRelation { relation_id });
        Ok(hold(Frame::new(frame.session.clone(), cached)))
    })
}

/// Runs SQL text: a command at once, a query when its frame is used.
#[extendr]
fn frame_sql(session_handle: Robj, query: Robj) -> Robj {
    outcome(|| {
        let session = session(&session_handle)?;
        let sql = proto::Sql { query: text(&query, "query")?.to_owned(), ..Default::default() };
        let input = proto::Relation { common: None, rel_type: Some(RelType::Sql(sql)) };
        let sql_command = proto::SqlCommand { input: Some(input), ..Default::default() };
        let relation = command(session, CommandType::SqlCommand(sql_command))?.relation;
        let relation = relation.ok_or_else(|| Failure::internal("SQL without a result"))?;
        Ok(hold(Frame::adopt(session.clone(), *relation)?))
    })
}

/// Names a frame so that SQL can read it.
#[extendr]
fn frame_create_view(input: Robj, name: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let view = proto::CreateDataFrameViewCommand {
            input: Some(frame.relation()?),
            name: text(&name, "viewName")?.to_owned(),
            is_global: false,
            replace: true,
        };
        command(&frame.session, CommandType::CreateDataframeView(view))?;
        Ok(().into())
    })
}

/// Writes a frame. `target` is `path`, `table`, `insert` or `none`, and `place` the path or name.
#[extendr]
fn frame_write(input: Robj, source: Robj, target: Robj, place: Robj, mode: Robj, partition: Robj, options: Robj) -> Robj {
    outcome(|| {
        let frame = frame(&input)?;
        let write = proto::WriteOperation {
            input: Some(frame.relation()?),
            source: text_or_none(&source),
            save_type: save_type(text(&target, "target")?, text_or_none(&place).unwrap_or_default()),
            mode: save_mode(text(&mode, "mode")?)?.into(),
            partitioning_columns: texts(&partition, "partitionBy")?,
            options: pairs(&options, "options")?.into_iter().collect(),
            ..Default::default()
        };
        command(&frame.session, CommandType::WriteOperation(write))?;
        Ok(().into())
    })
}

fn save_type(target: &str, place: String) -> Option<SaveType> {
    let table = |method: TableSaveMethod, table_name| SaveType::Table(SaveTable { table_name, save_method: method.into() });
    match target {
        "path" => Some(SaveType::Path(place)),
        "table" => Some(table(TableSaveMethod::SaveAsTable, place)),
        "insert" => Some(table(TableSaveMethod::InsertInto, place)),
        _ => None,
    }
}

fn save_mode(mode: &str) -> Result<SaveMode> {
    match mode.to_ascii_lowercase().as_str() {
        "append" => Ok(SaveMode::Append),
        "overwrite" => Ok(SaveMode::Overwrite),
        "error" | "errorifexists" | "default" => Ok(SaveMode::ErrorIfExists),
        "ignore" => Ok(SaveMode::Ignore),
        _ => Err(emberflow_base::Error::new("INVALID_SAVE_MODE").with("mode", format!("\"{mode}\"")).into()),
    }
}

fn wrong_answer() -> Failure {
    Failure::internal("an answer to another question")
}

extendr_module! {
    mod actions;
    fn frame_collect;
    fn frame_count;
    fn frame_text;
    fn frame_show;
    fn frame_explain;
    fn frame_tree;
    fn frame_is_local;
    fn frame_is_streaming;
    fn frame_input_files;
    fn frame_persist;
    fn frame_unpersist;
    fn frame_storage_level;
    fn frame_checkpoint;
    fn frame_sql;
    fn frame_create_view;
    fn frame_write;
}
