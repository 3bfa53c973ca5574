//! SQL text run as a statement.

use emberflow_base::{Error, Result};
use emberflow_plan::Command;
use emberflow_plan::tree::Cte;

use crate::decode::Decoder;
use crate::proto;
use crate::proto::relation::RelType;

impl<'a> Decoder<'a> {
    /// The text stands in `input`, alone or with relations it refers to; older clients fill flat fields.
    pub(super) fn sql_command(&self, command: &'a proto::SqlCommand) -> Result<Command> {
        match command.input.as_ref().and_then(|input| input.rel_type.as_ref()) {
            Some(RelType::Sql(sql)) => self.sql_text(sql, Vec::new()),
            Some(RelType::WithRelations(with)) => match with.root.as_ref().and_then(|root| root.rel_type.as_ref()) {
                Some(RelType::Sql(sql)) => self.sql_text(sql, self.named_references(&with.references)?),
                _ => Err(neither()),
            },
            Some(_) => Err(neither()),
            None => self.flat_sql(command),
        }
    }

    fn sql_text(&self, sql: &'a proto::Sql, references: Vec<Cte>) -> Result<Command> {
        #[allow(deprecated)]
        let (named, positional) = self.sql_arguments(&sql.named_arguments, &sql.pos_arguments, &sql.args, &sql.pos_args)?;
        Ok(Command::Sql { text: sql.query.clone(), named, positional, references })
    }

    #[allow(deprecated)]
    fn flat_sql(&self, command: &'a proto::SqlCommand) -> Result<Command> {
        let (named, positional) =
            self.sql_arguments(&command.named_arguments, &command.pos_arguments, &command.args, &command.pos_args)?;
        Ok(Command::Sql { text: command.sql.clone(), named, positional, references: Vec::new() })
    }
}

fn neither() -> Error {
    Error::new("CONNECT_INVALID_PLAN.SQL_COMMAND_EXPECTS_SQL_OR_WITH_RELATIONS").with("other", "another relation")
}
