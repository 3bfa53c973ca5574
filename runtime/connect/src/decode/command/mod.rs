//! `Command` to `Command`.

mod sql;
mod write;

use emberflow_base::Result;
use emberflow_plan::Command;
use emberflow_plan::tree::{CreateView, Storage, ViewKind};

use super::{Decoder, empty_field, expression::foreign_function, names, not_set};
use crate::proto;
use crate::proto::command::CommandType;

impl<'a> Decoder<'a> {
    /// A command.
    pub fn command(&self, message: &'a proto::Command) -> Result<Command> {
        let Some(kind) = &message.command_type else {
            return Err(not_set("spark.connect.Command", "command_type"));
        };
        match kind {
            CommandType::SqlCommand(command) => self.sql_command(command),
            CommandType::CreateDataframeView(command) => self.create_view(command),
            CommandType::WriteOperation(command) => self.write(command),
            CommandType::WriteOperationV2(command) => self.write_v2(command),
            CommandType::RegisterFunction(function) => {
                Ok(Command::RegisterFunction { name: function.function_name.clone(), function: foreign_function(function)? })
            }
            CommandType::CheckpointCommand(command) => self.checkpoint(command),
            CommandType::RemoveCachedRemoteRelationCommand(command) => {
                let id = command.relation.as_ref().map(|relation| relation.relation_id.clone());
                Ok(Command::RemoveCachedRemote { id: id.unwrap_or_default() })
            }
            CommandType::MlCommand(command) => Ok(match command.command {
                Some(proto::ml_command::Command::CleanCache(_)) => Command::MlCleanCache,
                _ => unsupported("machine learning"),
            }),
            CommandType::WriteStreamOperationStart(_)
            | CommandType::StreamingQueryCommand(_)
            | CommandType::StreamingQueryManagerCommand(_)
            | CommandType::StreamingQueryListenerBusCommand(_) => Ok(unsupported("streaming queries")),
            CommandType::RegisterTableFunction(_) => Ok(unsupported("table functions in Python")),
            CommandType::RegisterDataSource(_) => Ok(unsupported("data sources in Python")),
            CommandType::GetResourcesCommand(_) => Ok(unsupported("the list of resources")),
            CommandType::CreateResourceProfileCommand(_) => Ok(unsupported("resource profiles")),
            CommandType::MergeIntoTableCommand(_) => Ok(unsupported("mergeInto")),
            CommandType::ExecuteExternalCommand(_) => Ok(unsupported("external commands")),
            CommandType::PipelineCommand(_) => Ok(unsupported("declarative pipelines")),
            CommandType::Extension(any) => Err(emberflow_base::Error::new("CONNECT_INVALID_PLAN.NO_HANDLER_FOR_EXTENSION")
                .with("extensionTypeUrl", any.type_url.as_str())),
        }
    }

    fn create_view(&self, command: &'a proto::CreateDataFrameViewCommand) -> Result<Command> {
        let input = command.input.as_ref();
        let missing = || empty_field("spark.connect.CreateDataFrameViewCommand.input", "input");
        Ok(Command::CreateView(CreateView {
            name: names::identifier(&command.name)?,
            query: self.relation(input.ok_or_else(missing)?)?,
            kind: if command.is_global { ViewKind::GlobalTemporary } else { ViewKind::Temporary },
            replace: command.replace,
            if_not_exists: false,
            columns: Vec::new(),
            comment: None,
            properties: Vec::new(),
            text: None,
        }))
    }

    fn checkpoint(&self, command: &'a proto::CheckpointCommand) -> Result<Command> {
        let missing = || empty_field("spark.connect.CheckpointCommand.relation", "relation");
        Ok(Command::Checkpoint {
            relation: self.relation(command.relation.as_ref().ok_or_else(missing)?)?,
            local: command.local,
            eager: command.eager,
            storage: command
                .storage_level
                .as_ref()
                .map(|level| Storage { memory: level.use_memory || level.use_off_heap, disk: level.use_disk }),
        })
    }
}

fn unsupported(name: &str) -> Command {
    Command::Unsupported { name: name.to_owned() }
}
