//! Tables of the catalog whose rows are items of the NoSQL store: where they lie, what making and dropping them does.
//!
//! A managed table lies in the default container (else in `spark-warehouse`), under the names of its database and its own;
//! dropping it deletes its items. What an external one has stays. Not here: the statements (`statements::tables`), rows
//! (`write`).

use emberflow_base::Result;
use emberflow_functions::types::to_arrow_schema;
use emberflow_nosql::path::TablePath;
use emberflow_nosql::rows::{SaveMode as Mode, WritePlan};
use emberflow_nosql::{Error, ErrorName, IfMissing, Table};
use emberflow_plan::StructType;
use emberflow_plan::tree::Options;

use super::options::{buckets, of_write, table_path};
use crate::catalog::{Files, FullName};
use crate::session::Session;
use crate::statements::insert::NewTable;

/// The container of managed tables where none is the default.
const MANAGED: &str = "spark-warehouse";

impl Session {
    /// A path as users write it, in full.
    pub(crate) fn nosql_location(&self, path: &str, options: &Options) -> Result<String> {
        let container = options.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case("container-id"));
        Ok(table_path(path, container.map(|(_, name)| name.as_str()), &self.settings())?.to_string())
    }

    pub(crate) fn managed_nosql_location(&self, name: &FullName) -> Result<String> {
        let settings = self.settings();
        let container = settings.get("ember.default.container").unwrap_or(MANAGED);
        Ok(TablePath::new(container, &format!("{}/{}", name.database, name.table))?.to_string())
    }

    fn table_at(&self, location: &str) -> Result<Table> {
        Ok(self.engine.store()?.table(&TablePath::parse(location, None)?)?)
    }

    /// Stores the schema of a table that is declared, if it is not there yet.
    pub(crate) async fn enter_nosql(&self, new: &NewTable, columns: &StructType) -> Result<()> {
        let location = match &new.location {
            Some(location) => location.clone(),
            None => self.managed_nosql_location(&new.name)?,
        };
        let table = self.table_at(&location)?;
        let options = of_write(&self.with_stored_key(&location, &new.options)?, &new.partition_by)?;
        let stored = table.schema()?;
        if new.location.is_none() && table.exists()? {
            let text = "items of another table lie where this one would";
            return Err(Error::new(ErrorName::TableExists, text).table(table.path()).into());
        }
        let columns = to_arrow_schema(columns);
        let plan = WritePlan::new(Mode::Append, &options, &columns, stored.as_deref(), buckets(&self.settings())?);
        let plan = plan.map_err(|why| why.table(table.path()))?;
        if plan.stores_schema() {
            table.set_schema(Some(plan.schema().clone())).await?;
        }
        Ok(())
    }

    /// Columns and partition columns of a table that is there.
    pub(crate) async fn nosql_columns(&self, new: &NewTable, location: &str) -> Result<(StructType, Vec<String>)> {
        let (options, paths) = (new.options.clone(), vec![location.to_owned()]);
        let schema = self.blocking(move |environment| Ok(environment.nosql(None, &options, &paths)?.schema)).await?;
        let stored = self.table_at(location)?.schema()?;
        Ok((schema, stored.map(|stored| stored.partition.clone()).unwrap_or_default()))
    }

    /// A table of the catalog need not repeat the key that its schema says.
    pub(crate) fn with_stored_key(&self, location: &str, options: &Options) -> Result<Options> {
        let mut all = options.clone();
        let is_said = all.iter().any(|(name, _)| name.eq_ignore_ascii_case("key"));
        if !is_said && let Some(key) = self.table_at(location)?.schema()?.and_then(|schema| schema.key.clone()) {
            all.push(("key".to_owned(), key.key));
            if let Some(sorting) = key.sorting
                && !all.iter().any(|(name, _)| name.eq_ignore_ascii_case("sorting-key"))
            {
                all.push(("sorting-key".to_owned(), sorting));
            }
        }
        Ok(all)
    }

    /// Deletes the items of a managed table.
    pub(crate) async fn drop_nosql(&self, files: &Files) -> Result<()> {
        Ok(self.table_at(&files.location)?.delete_table(IfMissing::Ignore).await?)
    }
}
