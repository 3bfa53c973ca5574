//! What the analyzer asks of the session around it. Declared here, implemented by the engine.
//!
//! Calls may touch the disk (file listings, Parquet footers): analysis runs on a thread that may block.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use emberflow_base::{Result, Settings};
use emberflow_plan::tree::{CatalogOp, LocalData, Options, Relation};
use emberflow_plan::{DataType, StructField, StructType};

use crate::resolved::Resolved;

/// Where a name or a format leads.
pub enum Source {
    Table(Table),
    /// A view: resolved when it was made; each use gets columns of its own.
    View {
        resolved: Arc<Resolved>,
        qualifier: Vec<String>,
    },
}

/// Something that can be scanned.
pub struct Table {
    pub provider: Arc<dyn TableProvider>,
    /// Spark's view of the provider's columns, in the same order.
    pub schema: StructType,
    /// How its columns may be qualified (`spark_catalog.default.t`); empty for files.
    pub qualifier: Vec<String>,
    /// The provider's columns behind those of `schema`, which are no part of `*`: the struct `_metadata`, and what else is one
    /// of its fields.
    pub hidden: Vec<StructField>,
}

/// A value that expressions find by name where no column has it.
pub struct SessionVariable {
    /// As it was declared.
    pub name: String,
    pub value: ScalarValue,
    pub data_type: DataType,
}

/// The session, as far as analysis is concerned.
pub trait Environment {
    fn settings(&self) -> &Settings;
    /// Microseconds since 1970 at which the query began.
    fn now_micros(&self) -> i64;
    fn user(&self) -> String;
    fn current_database(&self) -> String;
    /// A table or view by the parts of its name; `None` if there is none.
    fn table(&self, name: &[String], options: &Options) -> Result<Option<Source>>;
    /// A session variable by its name.
    fn variable(&self, name: &str) -> Result<Option<SessionVariable>>;
    /// Files or another source.
    fn data_source(
        &self,
        format: Option<&str>,
        schema: Option<&StructType>,
        options: &Options,
        paths: &[String],
    ) -> Result<Table>;
    /// Texts, read as the lines of a file of that format would be.
    fn texts(&self, format: &str, schema: Option<&StructType>, options: &Options, texts: Vec<String>) -> Result<Table>;
    /// Rows that came with the plan.
    fn local_data(&self, data: &LocalData) -> Result<Table>;
    /// Numbers from `start` to below `end`.
    fn range(&self, start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<Table>;
    /// What `spark.catalog` answers, as rows; it is carried out once, here.
    fn catalog_answer(&self, operation: &CatalogOp) -> Result<Table>;
    /// A kept result (checkpoint) by id.
    fn cached_remote(&self, id: &str) -> Result<Table>;
    /// Whether any plan is kept and may be read instead of run.
    fn reads_kept(&self) -> bool;
    /// The kept rows of this very DataFrame, and what it was resolved to when it was told to persist.
    fn kept_dataframe(&self, relation: &Relation) -> Option<(Table, Arc<Resolved>)>;
    /// The kept rows of a plan that means the same.
    fn kept(&self, plan: &LogicalPlan) -> Option<Table>;
    /// The rows of a plan, run now. Only for the few relations whose shape depends on data (pivot without values,
    /// transpose).
    fn run_now(&self, analyzed: crate::Analyzed) -> Result<Vec<arrow::array::RecordBatch>>;
}
