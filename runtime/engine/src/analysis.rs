//! Questions about plans that do not run them.

use emberflow_base::Result;
use emberflow_connect::backend::{Answer, Question};
use emberflow_plan::tree::{Command, Relation, RelationKind, Statement};

use crate::cache::{self, MEMORY_AND_DISK};
use crate::session::Session;

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
            // A streaming read is refused where it is resolved.
            Question::IsStreaming(relation) => self.schema(relation).await.map(|_| Answer::Flag(false)),
            Question::InputFiles(relation) => self.input_files(relation).await.map(Answer::Files),
            Question::DdlParse(text) => emberflow_plan::ddl::parse_schema_or_type(&text, self.sql_options()).map(Answer::Type),
            Question::JsonToDdl(text) => match emberflow_plan::json::from_json(&text)? {
                emberflow_plan::DataType::Struct(schema) => Ok(Answer::Text(schema.ddl())),
                other => Ok(Answer::Text(other.sql())),
            },
            Question::SameSemantics { target, other } => {
                let ((one, _), (two, _)) = (self.key(target).await?, self.key(other).await?);
                Ok(Answer::Flag(one.is(&two)))
            }
            Question::SemanticHash(relation) => {
                let (key, _) = self.key(relation).await?;
                Ok(Answer::Hash(key.semantic_hash()))
            }
            Question::Persist { relation, level } => {
                self.cache(relation, level.unwrap_or(MEMORY_AND_DISK)).await.map(|()| Answer::Done)
            }
            Question::Unpersist { relation, .. } => self.uncache(relation).await.map(|_| Answer::Done),
            Question::StorageLevel(relation) => {
                Ok(Answer::StorageLevel(self.storage_level(relation).await?.unwrap_or(cache::NONE)))
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
                Statement::Query(_) => Ok(self.ready(relation).await?.schema),
            },
            _ => Ok(self.ready(relation).await?.schema),
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

    async fn input_files(&self, relation: Relation) -> Result<Vec<String>> {
        use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
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
