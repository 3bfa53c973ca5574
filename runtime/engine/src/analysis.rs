//! Questions about plans that do not run them, and what is told to persist.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use emberflow_base::{Error, Result};
use emberflow_connect::backend::{Answer, Question, StorageLevel};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::tree::{Command, Relation, RelationKind, Statement};

use crate::session::Session;

/// A DataFrame that was told to persist; filled when it is first read.
#[derive(Clone)]
pub(crate) struct Persisted {
    pub plan_id: i64,
    pub level: StorageLevel,
    pub rows: Arc<parking_lot::Mutex<Option<crate::session::Kept>>>,
}

/// What `persist()` without a level means.
const MEMORY_AND_DISK: StorageLevel =
    StorageLevel { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

impl Session {
    /// Answers a question about a plan.
    pub async fn analyze(&self, question: Question) -> Result<Answer> {
        match question {
            Question::Schema(relation) => Ok(Answer::Schema(self.schema(relation).await?)),
            Question::Explain { relation, mode } => Ok(Answer::Text(self.explain(relation, mode).await?)),
            Question::TreeString { relation, level } => {
                let level = level.and_then(|level| usize::try_from(level).ok());
                Ok(Answer::Text(self.schema(relation).await?.tree_string(level)))
            }
            Question::IsLocal(relation) => Ok(Answer::Flag(is_local(&relation))),
            Question::IsStreaming(_) => Ok(Answer::Flag(false)),
            Question::InputFiles(relation) => self.input_files(relation).await.map(Answer::Files),
            Question::DdlParse(text) => emberflow_plan::ddl::parse_schema_or_type(&text).map(Answer::Type),
            Question::JsonToDdl(text) => match emberflow_plan::json::from_json(&text)? {
                emberflow_plan::DataType::Struct(schema) => Ok(Answer::Text(schema.ddl())),
                other => Ok(Answer::Text(other.sql())),
            },
            Question::SameSemantics { target, other } => {
                let (target, other) = (self.canonical(target).await?, self.canonical(other).await?);
                Ok(Answer::Flag(target == other))
            }
            Question::SemanticHash(relation) => {
                use std::hash::{DefaultHasher, Hash, Hasher};
                let mut hasher = DefaultHasher::new();
                self.canonical(relation).await?.hash(&mut hasher);
                Ok(Answer::Hash(hasher.finish() as i32))
            }
            Question::Persist { relation, level } => {
                self.persist(relation, level.unwrap_or(MEMORY_AND_DISK)).map(|()| Answer::Done)
            }
            Question::Unpersist { relation, .. } => {
                let plan_id = relation.plan_id;
                self.shared.persisted.write().retain(|persisted| Some(persisted.plan_id) != plan_id);
                Ok(Answer::Done)
            }
            Question::StorageLevel(relation) => {
                let persisted = self.shared.persisted.read();
                let found = persisted.iter().find(|persisted| Some(persisted.plan_id) == relation.plan_id);
                Ok(Answer::StorageLevel(found.map_or(StorageLevel { replication: 1, ..Default::default() }, |found| found.level)))
            }
        }
    }

    /// The schema of anything that can be run, without running it where that can be avoided.
    pub(crate) async fn schema(&self, relation: Relation) -> Result<emberflow_plan::StructType> {
        let text = |name: &str| Ok(emberflow_sources::local::text_schema(name));
        match &*relation.kind {
            RelationKind::ShowString { .. } => text("show_string"),
            RelationKind::HtmlString { .. } => text("html_string"),
            RelationKind::Tail { input, .. } => Box::pin(self.schema(input.clone())).await,
            RelationKind::Catalog(operation) => Ok(Box::pin(self.catalog_answer(operation.clone())).await?.schema),
            RelationKind::Command(command) => self.schema_of_command((**command).clone()).await,
            RelationKind::Sql { text, named, positional } => match self.parsed(text, named, positional)? {
                Statement::Command(command) => self.schema_of_command(command).await,
                Statement::Query(_) => Ok(self.analyzed(relation).await?.schema),
            },
            _ => Ok(self.analyzed(relation).await?.schema),
        }
    }

    /// Only statements that change nothing may be run to learn their columns.
    async fn schema_of_command(&self, command: Command) -> Result<emberflow_plan::StructType> {
        let harmless = matches!(
            command,
            Command::ShowTables { .. }
                | Command::ShowViews { .. }
                | Command::ShowDatabases { .. }
                | Command::ShowColumns { .. }
                | Command::ShowFunctions { .. }
                | Command::ShowCreateTable { .. }
                | Command::ShowPartitions { .. }
                | Command::ShowTableProperties { .. }
                | Command::ShowTableExtended { .. }
                | Command::DescribeTable { .. }
                | Command::DescribeDatabase { .. }
                | Command::DescribeFunction { .. }
                | Command::DescribeQuery { .. }
                | Command::Explain { .. }
                | Command::Set { value: None, .. }
        );
        if harmless {
            return Ok(Box::pin(self.rows_of_command(command, Default::default())).await?.schema);
        }
        Ok(Default::default())
    }

    fn persist(&self, relation: Relation, level: StorageLevel) -> Result<()> {
        let plan_id = relation
            .plan_id
            .ok_or_else(|| Error::new("CONNECT_INVALID_PLAN.FIELD_UNSET").text("A DataFrame to persist needs a plan id."))?;
        let mut persisted = self.shared.persisted.write();
        if !persisted.iter().any(|known| known.plan_id == plan_id) {
            persisted.push(Persisted { plan_id, level, rows: Arc::default() });
        }
        Ok(())
    }

    /// The plan's text without the names of columns: equal texts mean equal results.
    async fn canonical(&self, relation: Relation) -> Result<String> {
        let analyzed = self.analyzed(relation).await?;
        nameless(&analyzed.plan)
    }

    async fn input_files(&self, relation: Relation) -> Result<Vec<String>> {
        use datafusion::common::tree_node::TreeNode;
        use datafusion::datasource::physical_plan::FileScanConfig;
        use datafusion::datasource::source::DataSourceExec;
        let analyzed = self.analyzed(relation).await?;
        let physical = self.physical(&analyzed).await?;
        let mut files = Vec::new();
        let walked = physical.apply(|node| {
            if let Some(scan) = node.downcast_ref::<DataSourceExec>()
                && let Some(config) = scan.data_source().downcast_ref::<FileScanConfig>()
            {
                for group in &config.file_groups {
                    files.extend(group.iter().map(|file| format!("file:///{}", file.object_meta.location)));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        });
        walked.map_err(emberflow_functions::errors::from_datafusion)?;
        files.sort();
        files.dedup();
        Ok(files)
    }
}

fn is_local(relation: &Relation) -> bool {
    match &*relation.kind {
        RelationKind::LocalData(_) | RelationKind::Command(_) | RelationKind::Catalog(_) => true,
        RelationKind::Project { input: Some(input), .. } | RelationKind::ToDf { input, .. } => is_local(input),
        _ => false,
    }
}

/// The text of a plan with its internal names (`price#12`) numbered anew and without what stands before the number, except
/// that scans keep what they read.
fn nameless(plan: &LogicalPlan) -> Result<String> {
    let mut names: HashMap<u64, (String, bool)> = HashMap::new();
    let number = |name: &str| name.rsplit_once('#').and_then(|(name, number)| Some((number.parse().ok()?, name.to_owned())));
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            names.extend(number(scan.table_name.table()).map(|(number, name)| (number, (name, true))));
        }
        for field in node.schema().fields() {
            if let Some((number, name)) = number(field.name()) {
                names.entry(number).or_insert((name, false));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_err(from_datafusion)?;
    let text = plan.display_indent().to_string();
    let mut numbered: HashMap<u64, usize> = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('#') {
        let digits = rest[at + 1..].len() - rest[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(&rest[..at]);
        let known = rest[at + 1..at + 1 + digits].parse().ok().and_then(|number: u64| Some((number, names.get(&number)?)));
        rest = &rest[at + 1..];
        match known {
            Some((number, (name, is_scan))) if out.ends_with(name.as_str()) => {
                if !is_scan {
                    out.truncate(out.len() - name.len());
                }
                let next = numbered.len();
                out.push_str(&format!("#{}", numbered.entry(number).or_insert(next)));
                rest = &rest[digits..];
            }
            _ => out.push('#'),
        }
    }
    out.push_str(rest);
    Ok(out)
}
