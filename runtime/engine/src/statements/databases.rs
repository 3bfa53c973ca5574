//! CREATE, ALTER, DROP, DESCRIBE and USE of databases.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{DatabaseChange, Options};

use crate::catalog::{CATALOG, Database, database_name, no_schema};
use crate::session::Session;
use crate::tables::{self, Cells};

impl Session {
    pub(crate) async fn create_database(
        &self,
        name: &[String],
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
        properties: Options,
    ) -> Result<Rows> {
        let location = match location {
            Some(location) => format!("file:{}", emberflow_sources::paths::local(&location)?.display()),
            None => String::new(),
        };
        let database = Database {
            name: database_name(name)?,
            comment,
            location,
            properties: properties.into_iter().collect(),
            owner: self.shared.user.clone(),
        };
        self.off_thread(move |session| session.engine.catalog.create_database(database, if_not_exists)).await?;
        Ok(tables::nothing())
    }

    pub(crate) async fn alter_database(&self, name: &[String], change: DatabaseChange) -> Result<Rows> {
        let name = database_name(name)?;
        let work = move |session: &Session| {
            session.engine.catalog.change_database(&name, |database| match change {
                DatabaseChange::SetProperties(properties) => database.properties.extend(properties),
                DatabaseChange::Comment(comment) => database.comment = comment,
            })
        };
        self.off_thread(work).await?;
        Ok(tables::nothing())
    }

    pub(crate) async fn drop_database(&self, name: &[String], if_exists: bool, cascade: bool) -> Result<Rows> {
        let name = database_name(name)?;
        let drop = move |session: &Session| {
            let catalog = &session.engine.catalog;
            let tables = if catalog.has_database(&name) { catalog.tables(&name)? } else { Vec::new() };
            catalog.drop_database(&name, if_exists, cascade)?;
            Ok(tables)
        };
        for table in self.off_thread(drop).await? {
            self.drop_nosql(&table).await?;
        }
        Ok(tables::nothing())
    }

    pub(crate) fn describe_database(&self, name: &[String], extended: bool) -> Result<Rows> {
        let name = database_name(name)?;
        let database = self.engine.catalog.database(&name)?.ok_or_else(|| no_schema(&name))?;
        let owner = if database.owner.is_empty() { self.shared.user.clone() } else { database.owner };
        let mut rows = vec![
            ("Catalog Name", CATALOG.to_owned()),
            ("Namespace Name", name),
            ("Comment", database.comment.unwrap_or_default()),
            ("Location", database.location),
            ("Owner", owner),
        ];
        if extended {
            let pairs: Vec<String> = database.properties.iter().map(|(key, value)| format!("({key},{value})")).collect();
            rows.push(("Properties", if pairs.is_empty() { String::new() } else { format!("({})", pairs.join(", ")) }));
        }
        let (names, values): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|(name, value)| (Some(name.to_owned()), Some(value))).unzip();
        tables::table(vec![("info_name", false, Cells::Text(names)), ("info_value", true, Cells::Text(values))])
    }

    pub(crate) fn use_database(&self, name: &[String]) -> Result<Rows> {
        let database = match name {
            [catalog] if catalog.eq_ignore_ascii_case(CATALOG) => return Ok(tables::nothing()),
            [database] => database.to_lowercase(),
            [catalog, database] if catalog.eq_ignore_ascii_case(CATALOG) => database.to_lowercase(),
            other => {
                let quoted = crate::catalog::quoted(other);
                return Err(Error::new("SCHEMA_NOT_FOUND")
                    .with("schemaName", format!("`{CATALOG}`.{quoted}"))
                    .exception_class(emberflow_base::Exception::NoSuchNamespace));
            }
        };
        self.engine.catalog.require_database(&database)?;
        *self.shared.database.write() = database;
        Ok(tables::nothing())
    }
}
