//! Rows into tables: INSERT, `saveAsTable`, `insertInto`, `writeTo`, and tables made from queries.
//!
//! ```text
//! rows ─► IntoTable (checked, cast) ─► files ─┬─ append                      part by part
//!                                             ├─ the whole table anew        at once
//!                                             ├─ PARTITION (a = 1)           that folder at once
//!                                             └─ dynamic                     each partition at once
//! ```
//!
//! Not here: what a column accepts (`emberflow-analyzer`), files (`write`, `emberflow-sources`).

use std::path::PathBuf;

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{
    Buckets, Expr, ExprKind, Insert, IntoTable, Options, PartitionSpec, Relation, RelationKind, SaveMode, Write, WriteV2,
    WriteV2Mode,
};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};

use crate::catalog::entry::{field_note, plain_schema};
use crate::catalog::{Files, FullName, Properties, Table, TableKind, no_table, quoted, table_exists, unresolved_relation};
use crate::session::Session;
use crate::statements::layout::{bucket_text, clustering_columns, clustering_text, same_buckets, settled};
use crate::statements::tables::{as_properties, check_storable, with_partitions_last};
use crate::statements::{Named, not_a_view, partitions};
use crate::tables;
use crate::write::{OVERWRITE_MODE, check_names};
use crate::write_files::Layout;

/// A table that is about to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewTable {
    pub name: FullName,
    pub format: String,
    /// Where it lies, if the user said so.
    pub location: Option<String>,
    pub options: Options,
    pub properties: Properties,
    pub comment: Option<String>,
    pub partition_by: Vec<String>,
    pub buckets: Option<Buckets>,
    pub cluster_by: Vec<String>,
    /// It takes the place of a table that is there.
    pub replaces: bool,
}

/// Rows for a table that is there.
struct Incoming {
    query: Relation,
    given: Vec<String>,
    by_name: bool,
    partition: PartitionSpec,
    overwrite: bool,
    /// Overwrite only partitions that get rows, whatever the setting says.
    dynamic: bool,
    if_not_exists: bool,
    /// Options of this write alone, which tables of files have none of.
    options: Options,
}

impl Incoming {
    fn new(query: Relation, overwrite: bool) -> Self {
        Self {
            query,
            given: Vec::new(),
            by_name: false,
            partition: Vec::new(),
            overwrite,
            dynamic: false,
            if_not_exists: false,
            options: Vec::new(),
        }
    }
}

impl Session {
    pub(crate) async fn insert(&self, insert: Insert) -> Result<Rows> {
        let table = self.insert_target(&insert.table, not_a_view_to_insert)?;
        let incoming = Incoming {
            given: insert.columns,
            by_name: insert.by_name,
            partition: insert.partition,
            if_not_exists: insert.if_not_exists,
            ..Incoming::new(insert.query, insert.overwrite)
        };
        self.insert_rows(table, incoming).await?;
        Ok(tables::nothing())
    }

    /// `df.write.insertInto`: by position.
    pub(crate) async fn insert_into(&self, write: Write, name: &[String]) -> Result<()> {
        if !write.partition_by.is_empty() {
            return Err(Error::new("PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO").with("tableName", name.join(".")));
        }
        let table = self.insert_target(name, |_| Error::new("UNSUPPORTED_INSERT.RDD_BASED"))?;
        let overwrite = write.mode == SaveMode::Overwrite;
        self.insert_rows(table, Incoming { options: write.options, ..Incoming::new(write.input, overwrite) }).await
    }

    fn insert_target(&self, name: &[String], view: impl Fn(&str) -> Error) -> Result<Table> {
        match self.named(name)? {
            Some(Named::Table(table)) if !table.is_view() => Ok(table),
            Some(Named::Table(found)) => Err(not_a_view(&found.quoted(), "INSERT")),
            Some(Named::Temporary(_) | Named::GlobalTemporary(_)) => Err(view(&quoted(name))),
            None => Err(unresolved_relation(name, &self.current_database())),
        }
    }

    async fn insert_rows(&self, table: Table, incoming: Incoming) -> Result<()> {
        let TableKind::Files(files) = table.kind.clone() else { return Err(not_a_view(&table.quoted(), "INSERT")) };
        if files.is_nosql() {
            return self.insert_items(table, &files, incoming).await;
        }
        let fixed = match incoming.partition.is_empty() {
            true => Vec::new(),
            false => {
                let spec: Vec<(String, Option<Expr>)> = incoming.partition.clone();
                self.check_partition_clause(&table, &files, &spec)?;
                self.partition_folders(&table, &spec).await?
            }
        };
        let fitted = fitted(&table, &incoming)?;
        let dynamic = incoming.overwrite && !files.partition_by.is_empty() && (incoming.dynamic || self.overwrites_dynamically());
        let is_prefix = fixed.iter().enumerate().all(|(position, (place, _))| position == *place);
        if incoming.overwrite && !is_prefix && !dynamic {
            return Err(Error::unsupported("INSERT OVERWRITE with a value for an inner partition column and none for an outer"));
        }
        if !incoming.overwrite {
            self.write_table(fitted, &files, SaveMode::Append, &files.options).await?;
        } else if dynamic && fixed.len() < files.partition_by.len() {
            self.overwrite_dynamically(&files, fitted).await?;
        } else {
            let all_fixed = fixed.len() == files.partition_by.len();
            let folder = fixed.iter().fold(local(&files)?, |path, (_, folder)| path.join(folder));
            if incoming.if_not_exists && all_fixed && folder.is_dir() {
                return Ok(());
            }
            let (outer, inner) = files.partition_by.split_at(fixed.len());
            let rows = without(fitted, outer);
            let path = folder.display().to_string();
            let layout = Layout { partition_by: inner, buckets: files.buckets.as_ref() };
            self.write_files(rows, &files.format, &path, SaveMode::Overwrite, &files.options, layout).await?;
        }
        self.changed(&table).await
    }

    /// Rows into a table of the NoSQL store.
    async fn insert_items(&self, table: Table, files: &Files, incoming: Incoming) -> Result<()> {
        let mut options = files.options.clone();
        options.extend(incoming.options.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("path")).cloned());
        if incoming.overwrite && incoming.dynamic {
            options.push((OVERWRITE_MODE.to_owned(), "dynamic".to_owned()));
        } else if incoming.overwrite && !incoming.partition.is_empty() {
            return Err(Error::unsupported("overwriting single partitions of NoSQL tables"));
        }
        if !incoming.partition.is_empty() {
            self.check_partition_clause(&table, files, &incoming.partition)?;
        }
        let mode = if incoming.overwrite { SaveMode::Overwrite } else { SaveMode::Append };
        self.write_table(fitted(&table, &incoming)?, files, mode, &options).await?;
        self.changed(&table).await
    }

    /// Rows into the place where a table's rows lie.
    pub(crate) async fn write_table(&self, rows: Relation, files: &Files, mode: SaveMode, options: &Options) -> Result<()> {
        if files.is_nosql() {
            let options = self.with_stored_key(&files.location, options)?;
            return self.write_nosql(rows, &files.location, mode, &options, &files.partition_by).await;
        }
        let layout = Layout { partition_by: &files.partition_by, buckets: files.buckets.as_ref() };
        self.write_files(rows, &files.format, &files.location, mode, options, layout).await.map(|_| ())
    }

    fn overwrites_dynamically(&self) -> bool {
        let settings = self.settings();
        settings.get("spark.sql.sources.partitionOverwriteMode").is_some_and(|mode| mode.eq_ignore_ascii_case("dynamic"))
    }

    /// Every partition column must stand in the clause, with a value or without.
    fn check_partition_clause(&self, table: &Table, files: &Files, spec: &PartitionSpec) -> Result<()> {
        let is_named = |column: &String| spec.iter().any(|(name, _)| name.eq_ignore_ascii_case(column));
        let all_known = spec.iter().all(|(name, _)| files.partition_by.iter().any(|column| column.eq_ignore_ascii_case(name)));
        if all_known && !files.partition_by.iter().all(is_named) {
            return Err(partitions::incomplete(table, files, spec));
        }
        if files.partition_by.is_empty() {
            let names: Vec<String> = spec.iter().map(|(name, _)| quote(name)).collect();
            return Err(Error::new("PARTITIONS_NOT_FOUND")
                .with("partitionList", names.join(", "))
                .with("tableName", table.quoted()));
        }
        Ok(())
    }

    /// Replaces the partitions that get rows.
    async fn overwrite_dynamically(&self, files: &Files, rows: Relation) -> Result<()> {
        let mut options = files.options.clone();
        options.push((OVERWRITE_MODE.to_owned(), "dynamic".to_owned()));
        self.write_table(rows, files, SaveMode::Overwrite, &options).await
    }

    /// Makes a table of a query's rows.
    pub(crate) async fn make_table(&self, new: NewTable, query: Relation) -> Result<()> {
        let found = self.analyzed(query.clone()).await?.schema;
        check_names(&found)?;
        let new = settled(new, &found)?;
        let declared = with_partitions_last(emberflow_sources::read::all_nullable(&found), &new.partition_by)?;
        check_storable(&declared, &new.format)?;
        let rows = if declared.fields.iter().map(|field| &field.name).eq(found.fields.iter().map(|field| &field.name)) {
            query
        } else {
            columns_of(query, &declared.fields)
        };
        if crate::nosql::is_nosql(&new.format) {
            self.check_nosql_place(&new)?;
        }
        let before = self.replaced_by(&new)?;
        let session = self.clone();
        let (entry, making) = {
            let new = new.clone();
            self.off_thread(move |_| session.entry_of(&new, declared)).await?
        };
        let TableKind::Files(files) = &entry.kind else { return Err(Error::internal("a table that is no table was made")) };
        self.write_table(rows, files, SaveMode::Overwrite, &new.options).await?;
        let enter = move |session: &Session| {
            session.enter(&new, &entry)?;
            drop(making);
            Ok(entry)
        };
        let entry = self.off_thread(enter).await?;
        self.drop_replaced_nosql(before, &entry).await
    }

    pub(crate) async fn save_as_table(&self, write: Write, format: String, name: &[String]) -> Result<()> {
        let full = self.full_name(name)?;
        self.engine.catalog.require_database(&full.database)?;
        let format = crate::nosql::short_name(&format);
        let existing = self.engine.catalog.find(&full)?;
        let new = NewTable {
            name: full.clone(),
            location: self.given_location(&full, &format, None, &write.options)?,
            options: write.options.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("path")).cloned().collect(),
            properties: Properties::new(),
            comment: None,
            partition_by: write.partition_by.clone(),
            buckets: buckets_of(&write),
            cluster_by: write.cluster_by.clone(),
            format,
            replaces: existing.is_some(),
        };
        let Some(existing) = existing else { return self.make_table(new, write.input).await };
        match write.mode {
            SaveMode::ErrorIfExists => Err(table_exists(full.quoted())),
            SaveMode::Ignore => Ok(()),
            SaveMode::Append => self.append_by_name(existing, &new, write).await,
            SaveMode::Overwrite => self.overwrite_table(existing, new, write.input).await,
        }
    }

    /// `saveAsTable` over a table: in place where only the rows change, else as a new table that takes over at once.
    async fn overwrite_table(&self, existing: Table, new: NewTable, input: Relation) -> Result<()> {
        let TableKind::Files(files) = &existing.kind else { return Err(not_a_view(&existing.quoted(), "saveAsTable")) };
        let found = self.analyzed(input.clone()).await?.schema;
        let same = files.format == new.format
            && files.options == new.options
            && files.partition_by == new.partition_by
            && files.buckets == new.buckets
            && new.cluster_by.is_empty()
            && clustering_columns(&existing.properties).is_empty()
            && new.location.is_none() == files.is_managed
            && new.location.as_ref().is_none_or(|location| *location == files.location)
            && existing.schema == emberflow_sources::read::all_nullable(&found);
        if !same {
            self.make_table(new, input).await?;
            return self.changed(&existing).await;
        }
        self.write_table(input, files, SaveMode::Overwrite, &files.options).await?;
        self.changed(&existing).await
    }

    async fn append_by_name(&self, existing: Table, new: &NewTable, write: Write) -> Result<()> {
        let TableKind::Files(files) = &existing.kind else { return Err(not_a_view(&existing.quoted(), "saveAsTable")) };
        let name = existing.qualifier().join(".");
        if write.format.is_some() && files.format != new.format {
            return Err(legacy("_LEGACY_ERROR_TEMP_1159", "The table has another format than the rows are to have.")
                .with("tableName", name)
                .with("existingProvider", provider_class(&files.format))
                .with("specifiedProvider", provider_class(&new.format)));
        }
        let found = self.analyzed(write.input.clone()).await?.schema;
        let wanted = plain_schema(&existing.schema);
        if found.fields.len() != wanted.fields.len() {
            return Err(legacy("_LEGACY_ERROR_TEMP_1161", "The table has another number of columns than the rows.")
                .with("tableName", name)
                .with("existingTableSchema", struct_text(&wanted))
                .with("querySchema", struct_text(&found)));
        }
        let brings = |column: &&StructField| found.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.name));
        if let Some(missing) = wanted.fields.iter().find(|column| !brings(column)) {
            let given: Vec<&str> = found.fields.iter().map(|field| field.name.as_str()).collect();
            return Err(legacy("_LEGACY_ERROR_TEMP_1162", "A column of the table is not among those of the rows.")
                .with("col", missing.name.clone())
                .with("inputColumns", given.join(", ")));
        }
        if !new.partition_by.is_empty() && !same_names(&files.partition_by, &new.partition_by) {
            return Err(legacy("_LEGACY_ERROR_TEMP_1163", "The table is partitioned by other columns.")
                .with("tableName", name)
                .with("existingPartCols", files.partition_by.join(", "))
                .with("specifiedPartCols", new.partition_by.join(", ")));
        }
        if !same_buckets(files.buckets.as_ref(), new.buckets.as_ref()) {
            return Err(legacy("_LEGACY_ERROR_TEMP_1164", "The table is bucketed in another way.")
                .with("tableName", name)
                .with("existingBucketString", bucket_text(files.buckets.as_ref()))
                .with("specifiedBucketString", bucket_text(new.buckets.as_ref())));
        }
        let clustered = clustering_columns(&existing.properties);
        if !same_names(&clustered, &new.cluster_by) {
            return Err(Error::new("CLUSTERING_COLUMNS_MISMATCH")
                .with("tableName", name)
                .with("specifiedClusteringString", clustering_text(&new.cluster_by))
                .with("existingClusteringString", clustering_text(&clustered)));
        }
        self.insert_rows(existing, Incoming { by_name: true, options: write.options, ..Incoming::new(write.input, false) }).await
    }

    /// `df.writeTo(table)`: rows go in by name.
    pub(crate) async fn write_v2(&self, write: WriteV2) -> Result<()> {
        match write.mode {
            WriteV2Mode::Create | WriteV2Mode::Replace | WriteV2Mode::CreateOrReplace => self.write_new(write).await,
            WriteV2Mode::Append | WriteV2Mode::Overwrite | WriteV2Mode::OverwritePartitions => {
                let table = self.insert_target(&write.table, not_a_view_to_insert)?;
                if write.mode == WriteV2Mode::Overwrite && !write.overwrite_condition.as_ref().is_some_and(is_true) {
                    return Err(Error::unsupported("writeTo.overwrite with a condition other than true"));
                }
                let incoming = Incoming {
                    by_name: true,
                    dynamic: write.mode == WriteV2Mode::OverwritePartitions,
                    ..Incoming::new(write.input, write.mode != WriteV2Mode::Append)
                };
                self.insert_rows(table, incoming).await
            }
        }
    }

    async fn write_new(&self, write: WriteV2) -> Result<()> {
        let full = self.full_name(&write.table)?;
        self.engine.catalog.require_database(&full.database)?;
        let existing = self.engine.catalog.find(&full)?;
        match (&existing, write.mode) {
            (Some(_), WriteV2Mode::Create) => return Err(table_exists(full.quoted())),
            (None, WriteV2Mode::Replace) => return Err(no_table(&full)),
            (Some(view), _) if view.is_view() => return Err(not_a_view(&view.quoted(), "writeTo")),
            _ => {}
        }
        let format = match &write.provider {
            Some(provider) => crate::nosql::short_name(provider),
            None => self.settings().require("spark.sql.sources.default")?.to_owned(),
        };
        let (partition_by, buckets) = transforms(&write.partition_by)?;
        let new = NewTable {
            name: full.clone(),
            location: self.given_location(&full, &format, None, &write.options)?,
            options: write.options.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("path")).cloned().collect(),
            properties: as_properties(write.properties),
            comment: None,
            partition_by,
            buckets,
            cluster_by: write.cluster_by,
            format,
            replaces: existing.is_some(),
        };
        self.make_table(new, write.input).await?;
        match existing {
            Some(existing) => self.changed(&existing).await,
            None => Ok(()),
        }
    }
}

fn not_a_view_to_insert(quoted: &str) -> Error {
    not_a_view(quoted, "INSERT")
}

fn legacy(condition: &str, text: &str) -> Error {
    Error::new(condition).text(text)
}

/// The class by which Spark names a format in errors about tables.
fn provider_class(format: &str) -> String {
    match format {
        "parquet" => "ParquetDataSourceV2".into(),
        "csv" => "CSVDataSourceV2".into(),
        "json" => "JsonDataSourceV2".into(),
        "orc" => "OrcDataSourceV2".into(),
        "text" => "TextDataSourceV2".into(),
        "avro" => "AvroDataSourceV2".into(),
        other => other.into(),
    }
}

fn struct_text(schema: &StructType) -> String {
    emberflow_plan::DataType::Struct(schema.clone()).simple_string()
}

fn same_names(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn is_true(expression: &Expr) -> bool {
    matches!(expression.kind, ExprKind::Literal(emberflow_plan::tree::Literal::Boolean(true)))
}

/// What `partitionedBy` says: columns, and `bucket(n, column ..)` at most once.
fn transforms(expressions: &[Expr]) -> Result<(Vec<String>, Option<Buckets>)> {
    let (mut columns, mut buckets) = (Vec::new(), None);
    for expression in expressions {
        if let Some(column) = column_name(expression) {
            columns.push(column);
            continue;
        }
        let ExprKind::Function(call) = &expression.kind else {
            return Err(Error::unsupported("partitioning by anything but columns"));
        };
        let names: Option<Vec<String>> = call.arguments.iter().skip(1).map(column_name).collect();
        let count = call.arguments.first().and_then(|count| match &count.kind {
            ExprKind::Literal(emberflow_plan::tree::Literal::Int(count)) => Some(*count),
            _ => None,
        });
        match (call.bare().to_lowercase().as_str(), count, names) {
            ("bucket", Some(count), Some(names)) if !names.is_empty() => {
                if buckets.replace(Buckets { count, columns: names, sort_by: Vec::new() }).is_some() {
                    return Err(Error::new("UNSUPPORTED_FEATURE.MULTIPLE_BUCKET_TRANSFORMS"));
                }
            }
            (name, ..) => {
                let of: Vec<String> = call.arguments.iter().filter_map(column_name).collect();
                let transform = quote(&format!("{name}({})", of.join(", ")));
                return Err(Error::new("UNSUPPORTED_PARTITION_TRANSFORM").with("transform", transform));
            }
        }
    }
    Ok((columns, buckets))
}

fn column_name(expression: &Expr) -> Option<String> {
    match &expression.kind {
        ExprKind::Attribute { parts, .. } if parts.len() == 1 => Some(parts[0].clone()),
        _ => None,
    }
}

/// The buckets a writer asks for; a count that is no count asks for none.
fn buckets_of(write: &Write) -> Option<Buckets> {
    let (count, columns) = write.bucket_by.clone()?;
    (count > 0).then(|| Buckets { count, columns, sort_by: write.sort_by.clone() })
}

fn local(files: &Files) -> Result<PathBuf> {
    emberflow_sources::paths::local(&files.location)
}

fn columns_of(input: Relation, fields: &[StructField]) -> Relation {
    let expressions = fields.iter().map(|field| Expr::attribute([field.name.as_str()])).collect();
    Relation::new(RelationKind::Project { input: Some(input), expressions })
}

fn without(input: Relation, columns: &[String]) -> Relation {
    if columns.is_empty() {
        return input;
    }
    Relation::new(RelationKind::Drop { input, columns: Vec::new(), names: columns.to_vec() })
}

/// The rows as the table's columns take them.
fn fitted(table: &Table, incoming: &Incoming) -> Result<Relation> {
    let fields = &table.schema.fields;
    let constants: Vec<(String, Expr)> =
        incoming.partition.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let is_constant = |name: &str| constants.iter().any(|(constant, _)| constant.eq_ignore_ascii_case(name));
    let given: Vec<&StructField> = match incoming.given.is_empty() {
        true => fields.iter().filter(|field| !is_constant(&field.name)).collect(),
        false => {
            incoming.given.iter().filter_map(|name| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))).collect()
        }
    };
    Ok(Relation::new(RelationKind::IntoTable(IntoTable {
        input: with_defaults(incoming.query.clone(), &given)?,
        table: table.quoted(),
        columns: table.schema.clone(),
        given: incoming.given.clone(),
        by_name: incoming.by_name,
        constants,
    })))
}

/// `DEFAULT` in VALUES or in a select list stands for the default of the column at its place.
fn with_defaults(mut query: Relation, columns: &[&StructField]) -> Result<Relation> {
    match &mut *query.kind {
        RelationKind::Values { rows } => {
            rows.iter_mut().try_for_each(|row| fill_defaults(row, columns))?;
        }
        RelationKind::Project { expressions, .. } => fill_defaults(expressions, columns)?,
        _ => {}
    }
    Ok(query)
}

fn fill_defaults(values: &mut [Expr], columns: &[&StructField]) -> Result<()> {
    for (value, column) in values.iter_mut().zip(columns) {
        let is_default = |expression: &Expr| {
            matches!(&expression.kind, ExprKind::Attribute { parts, plan_id: None, .. }
                if parts.len() == 1 && parts[0].eq_ignore_ascii_case("default"))
        };
        if is_default(value) {
            *value = match field_note(column, "CURRENT_DEFAULT") {
                Some(text) => emberflow_plan::sql::parse_expression(&text, Default::default())?,
                None => Expr::literal(emberflow_plan::tree::Literal::Null(emberflow_plan::DataType::Null)),
            };
        }
    }
    Ok(())
}
