//! AnalyzePlan: questions about plans that run nothing.

use std::sync::Arc;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use emberflow_plan::tree::ExplainMode;
use emberflow_plan::{Relation, Statement};

use super::Core;
use super::request::{bad_request, bytes};
use crate::backend::{Answer, Question, StorageLevel};
use crate::decode::{self, Decoder};
use crate::encode;
use crate::proto::analyze_plan_request::{Analyze, Explain, explain::ExplainMode as Mode};
use crate::proto::analyze_plan_response::{self as response, Result as Content};
use crate::proto::{self, AnalyzePlanRequest, AnalyzePlanResponse};
use crate::rpc::Status;
use crate::session::Session;
use crate::session::registry::Unknown;

/// What a request comes to.
enum Asked {
    Version,
    Backend(Box<Question>, Kind),
}

/// Which answer the client waits for; some kinds of answers stand for several questions.
#[derive(Clone, Copy)]
enum Kind {
    Schema,
    Explain,
    TreeString,
    IsLocal,
    IsStreaming,
    InputFiles,
    DdlParse,
    JsonToDdl,
    SameSemantics,
    SemanticHash,
    Persist,
    Unpersist,
    StorageLevel,
}

pub(super) async fn analyze_plan(core: &Core, request: Bytes) -> Result<Bytes, Status> {
    let (session, asked) = core.within(request, Unknown::Create, |session, request: AnalyzePlanRequest| {
        let analyze = request.analyze.as_ref();
        let missing = || Error::new("CONNECT_INVALID_PLAN.UNKNOWN_ANALYZE_METHOD").with("other", "ANALYZE_NOT_SET");
        Ok((session.clone(), asked(session, analyze.ok_or_else(missing)?)?))
    })?;
    let content = match asked {
        Asked::Version => Ok(Content::SparkVersion(response::SparkVersion { version: core.backend.spark_version() })),
        Asked::Backend(question, kind) => session.backend.analyze(*question).await.and_then(|answer| content(kind, answer)),
    };
    Ok(bytes(&AnalyzePlanResponse {
        session_id: session.id().to_owned(),
        server_side_session_id: session.server_side_id.clone(),
        result: Some(content.map_err(|why| session.status(&why))?),
    }))
}

fn asked(session: &Arc<Session>, analyze: &Analyze) -> Result<Asked> {
    let of = |plan: &Option<proto::Plan>| relation_of(session, plan.as_ref());
    let plain = |relation: &Option<proto::Relation>| match relation {
        Some(relation) => Decoder::new(&**session).relation(relation),
        None => Err(bad_request("the relation is not set")),
    };
    let (question, kind) = match analyze {
        Analyze::SparkVersion(_) => return Ok(Asked::Version),
        Analyze::Schema(ask) => (Question::Schema(of(&ask.plan)?), Kind::Schema),
        Analyze::Explain(ask) => (explain(session, ask)?, Kind::Explain),
        Analyze::TreeString(ask) => (Question::TreeString { relation: of(&ask.plan)?, level: ask.level }, Kind::TreeString),
        Analyze::IsLocal(ask) => (Question::IsLocal(of(&ask.plan)?), Kind::IsLocal),
        Analyze::IsStreaming(ask) => (Question::IsStreaming(of(&ask.plan)?), Kind::IsStreaming),
        Analyze::InputFiles(ask) => (Question::InputFiles(of(&ask.plan)?), Kind::InputFiles),
        Analyze::DdlParse(ask) => (Question::DdlParse(ask.ddl_string.clone()), Kind::DdlParse),
        Analyze::JsonToDdl(ask) => (Question::JsonToDdl(ask.json_string.clone()), Kind::JsonToDdl),
        Analyze::SameSemantics(ask) => {
            let (target, other) = (of(&ask.target_plan)?, of(&ask.other_plan)?);
            (Question::SameSemantics { target, other }, Kind::SameSemantics)
        }
        Analyze::SemanticHash(ask) => (Question::SemanticHash(of(&ask.plan)?), Kind::SemanticHash),
        Analyze::Persist(ask) => {
            let level = ask.storage_level.as_ref().map(storage_level);
            (Question::Persist { relation: plain(&ask.relation)?, level }, Kind::Persist)
        }
        Analyze::Unpersist(ask) => {
            (Question::Unpersist { relation: plain(&ask.relation)?, blocking: ask.blocking() }, Kind::Unpersist)
        }
        Analyze::GetStorageLevel(ask) => (Question::StorageLevel(plain(&ask.relation)?), Kind::StorageLevel),
    };
    Ok(Asked::Backend(Box::new(question), kind))
}

fn statement_of(session: &Session, plan: Option<&proto::Plan>) -> Result<Statement> {
    let plan = plan.ok_or_else(|| bad_request("the plan is not set"))?;
    decode::opened(plan, |plan| Decoder::new(session).statement(plan))
}

/// A question is about a relation, never about a command.
fn relation_of(session: &Session, plan: Option<&proto::Plan>) -> Result<Relation> {
    match statement_of(session, plan)? {
        Statement::Query(relation) => Ok(relation),
        Statement::Command(_) => Err(bad_request("a relation is expected, and the plan is a command")),
    }
}

fn explain(session: &Session, ask: &Explain) -> Result<Question> {
    let mode = match ask.explain_mode() {
        Mode::Simple => ExplainMode::Simple,
        Mode::Extended => ExplainMode::Extended,
        Mode::Codegen => ExplainMode::Codegen,
        Mode::Cost => ExplainMode::Cost,
        Mode::Formatted => ExplainMode::Formatted,
        Mode::Unspecified => return Err(bad_request("the mode of explain is not set")),
    };
    Ok(Question::Explain { relation: statement_of(session, ask.plan.as_ref())?, mode })
}

fn content(kind: Kind, answer: Answer) -> Result<Content> {
    Ok(match (kind, answer) {
        (Kind::Schema, Answer::Schema(schema)) => {
            Content::Schema(response::Schema { schema: Some(encode::struct_type(&schema)) })
        }
        (Kind::Explain, Answer::Text(explain_string)) => Content::Explain(response::Explain { explain_string }),
        (Kind::TreeString, Answer::Text(tree_string)) => Content::TreeString(response::TreeString { tree_string }),
        (Kind::IsLocal, Answer::Flag(is_local)) => Content::IsLocal(response::IsLocal { is_local }),
        (Kind::IsStreaming, Answer::Flag(is_streaming)) => Content::IsStreaming(response::IsStreaming { is_streaming }),
        (Kind::InputFiles, Answer::Files(files)) => Content::InputFiles(response::InputFiles { files }),
        (Kind::DdlParse, Answer::Type(parsed)) => {
            Content::DdlParse(response::DdlParse { parsed: Some(encode::data_type(&parsed)) })
        }
        (Kind::DdlParse, Answer::Schema(parsed)) => {
            Content::DdlParse(response::DdlParse { parsed: Some(encode::struct_type(&parsed)) })
        }
        (Kind::JsonToDdl, Answer::Text(ddl_string)) => Content::JsonToDdl(response::JsonToDdl { ddl_string }),
        (Kind::SameSemantics, Answer::Flag(result)) => Content::SameSemantics(response::SameSemantics { result }),
        (Kind::SemanticHash, Answer::Hash(result)) => Content::SemanticHash(response::SemanticHash { result }),
        (Kind::Persist, Answer::Done) => Content::Persist(response::Persist {}),
        (Kind::Unpersist, Answer::Done) => Content::Unpersist(response::Unpersist {}),
        (Kind::StorageLevel, Answer::StorageLevel(level)) => {
            Content::GetStorageLevel(response::GetStorageLevel { storage_level: Some(storage_level_message(&level)) })
        }
        (_, other) => return Err(Error::internal(format!("an answer of another kind than the question: {other:?}"))),
    })
}

fn storage_level(level: &proto::StorageLevel) -> StorageLevel {
    StorageLevel {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    }
}

fn storage_level_message(level: &StorageLevel) -> proto::StorageLevel {
    proto::StorageLevel {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    }
}
