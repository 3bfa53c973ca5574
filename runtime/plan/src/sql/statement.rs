use super::cursor::Parser;
use crate::tree::{Options, Statement};
use emberflow_base::Result;
impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement> {
        self.query().map(Statement::Query)
    }
    pub(super) fn properties(&mut self) -> Result<Options> {
        Err(self.error_here())
    }
}
