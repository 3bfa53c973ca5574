//! DESCRIBE of tables, views, columns and queries; and the statement that would make a table anew.

use std::fmt::Write as _;

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{PartitionSpec, Relation};
use emberflow_plan::types::{quote, quote_if_needed};
use emberflow_plan::{DataType, StructField, StructType};

use crate::catalog::entry::field_note;
use crate::catalog::{CATALOG, Files, Properties, Table, TableKind, ViewText, unresolved_relation};
use crate::engine::SPARK_VERSION;
use crate::session::Session;
use crate::statements::Named;
use crate::statements::layout::clustering_columns;
use crate::tables::{self, Cells};

type Row = (String, String, Option<String>);

impl Session {
    pub(crate) async fn describe_table(
        &self,
        name: &[String],
        extended: bool,
        column: &[String],
        partition: PartitionSpec,
    ) -> Result<Rows> {
        let named = self.named(name)?.ok_or_else(|| unresolved_relation(name, &self.current_database()))?;
        let schema = match &named {
            Named::Table(table) => table.schema.clone(),
            Named::Temporary(view) | Named::GlobalTemporary(view) => view.resolved.schema(),
        };
        if let Some(column) = column.last() {
            return described_column(&schema, column, extended);
        }
        let mut rows = column_rows(&schema);
        let Named::Table(table) = named else { return described(rows) };
        if !partition.is_empty() {
            self.require_partition(&table, &partition).await?;
        }
        if let TableKind::Files(files) = &table.kind
            && !files.partition_by.is_empty()
        {
            rows.push(note("# Partition Information", "", Some("")));
            rows.push(note("# col_name", "data_type", Some("comment")));
            let is_partition = |field: &&StructField| files.partition_by.contains(&field.name);
            rows.extend(column_rows(&StructType::new(schema.fields.iter().filter(is_partition).cloned().collect())));
        }
        let cluster_by = clustering_columns(&table.properties);
        if !cluster_by.is_empty() {
            rows.push(note("# Clustering Information", "", Some("")));
            rows.push(note("# col_name", "data_type", Some("comment")));
            let is_clustering = |field: &&StructField| cluster_by.contains(&field.name);
            rows.extend(column_rows(&StructType::new(schema.fields.iter().filter(is_clustering).cloned().collect())));
        }
        if extended {
            rows.push(note("", "", Some("")));
            rows.push(note("# Detailed Table Information", "", Some("")));
            rows.extend(facts(&table).into_iter().map(|(key, value)| note(key, &value, Some(""))));
        }
        described(rows)
    }

    pub(crate) async fn describe_query(&self, query: Relation) -> Result<Rows> {
        described(column_rows(&self.analyzed(query).await?.schema))
    }
}

fn note(name: &str, kind: &str, comment: Option<&str>) -> Row {
    (name.to_owned(), kind.to_owned(), comment.map(str::to_owned))
}

fn column_rows(schema: &StructType) -> Vec<Row> {
    let row = |field: &StructField| (field.name.clone(), field.data_type.simple_string(), field_note(field, "comment"));
    schema.fields.iter().map(row).collect()
}

fn described(rows: Vec<Row>) -> Result<Rows> {
    tables::table(vec![
        ("col_name", false, Cells::Text(rows.iter().map(|(name, _, _)| Some(name.clone())).collect())),
        ("data_type", false, Cells::Text(rows.iter().map(|(_, kind, _)| Some(kind.clone())).collect())),
        ("comment", true, Cells::Text(rows.into_iter().map(|(_, _, comment)| comment).collect())),
    ])
}

fn described_column(schema: &StructType, name: &str, extended: bool) -> Result<Rows> {
    let field = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        Error::new("COLUMN_NOT_FOUND").with("colName", quote(name)).with("caseSensitiveConfig", "\"spark.sql.caseSensitive\"")
    })?;
    let unknown = || "NULL".to_owned();
    let mut rows = vec![
        ("col_name", field.name.clone()),
        ("data_type", field.data_type.simple_string()),
        ("comment", field_note(field, "comment").unwrap_or_else(unknown)),
    ];
    if extended {
        let figures = ["min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len", "histogram"];
        rows.extend(figures.map(|figure| (figure, unknown())));
    }
    let (names, values): (Vec<_>, Vec<_>) = rows.into_iter().map(|(name, value)| (Some(name.to_owned()), Some(value))).unzip();
    tables::table(vec![("info_name", false, Cells::Text(names)), ("info_value", false, Cells::Text(values))])
}

/// What is known of a table, in Spark's order.
fn facts(table: &Table) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Catalog", CATALOG.to_owned()),
        ("Database", table.database.clone()),
        ("Table", table.name.clone()),
        ("Created Time", moment(table.created_us)),
        ("Last Access", "UNKNOWN".to_owned()),
        ("Created By", format!("Spark {SPARK_VERSION}")),
        ("Type", table.type_name().to_owned()),
    ];
    if let TableKind::Files(files) = &table.kind {
        facts.push(("Provider", files.format.clone()));
        if let Some(buckets) = &files.buckets {
            facts.push(("Num Buckets", buckets.count.to_string()));
            facts.push(("Bucket Columns", bracketed_names(&buckets.columns)));
            facts.push(("Sort Columns", bracketed_names(&buckets.sort_by)));
        }
    }
    facts.extend(table.comment.clone().map(|comment| ("Comment", comment)));
    match &table.kind {
        TableKind::Files(files) => facts.extend(files_facts(&table.properties, files)),
        TableKind::View(view) => facts.extend(view_facts(&table.properties, view)),
    }
    facts
}

fn files_facts(properties: &Properties, files: &Files) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !properties.is_empty() {
        facts.push(("Table Properties", bracketed(properties.iter())));
    }
    if let Some(known) = files.statistics {
        let rows = known.rows.map(|rows| format!(", {rows} rows")).unwrap_or_default();
        facts.push(("Statistics", format!("{} bytes{rows}", known.bytes)));
    }
    facts.push(("Location", files.location.clone()));
    if !files.options.is_empty() {
        facts.push(("Storage Properties", bracketed(files.options.iter().map(|(key, value)| (key, value)))));
    }
    if !files.partition_by.is_empty() {
        facts.push(("Partition Provider", "Catalog".to_owned()));
    }
    facts
}

fn view_facts(properties: &Properties, view: &ViewText) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("View Text", view.text.clone()),
        ("View Original Text", view.text.clone()),
        ("View Schema Mode", "COMPENSATION".to_owned()),
        ("View Catalog and Namespace", format!("{CATALOG}.{}", quote_if_needed(&view.database))),
        ("View Query Output Columns", bracketed_names(&view.columns)),
    ];
    if !properties.is_empty() {
        facts.insert(0, ("Table Properties", bracketed(properties.iter())));
    }
    facts
}

fn bracketed<'p>(pairs: impl Iterator<Item = (&'p String, &'p String)>) -> String {
    format!("[{}]", pairs.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", "))
}

fn bracketed_names(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", "))
}

fn moment(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default().format("%a %b %d %H:%M:%S UTC %Y").to_string()
}

/// The paragraph of `SHOW TABLE EXTENDED`.
pub(super) fn paragraph(table: &Table) -> String {
    let mut text: String = facts(table).iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    if let TableKind::Files(files) = &table.kind
        && !files.partition_by.is_empty()
    {
        let columns: Vec<String> = files.partition_by.iter().map(|name| quote(name)).collect();
        let _ = writeln!(text, "Partition Columns: [{}]", columns.join(", "));
    }
    let _ = writeln!(text, "Schema: {}", emberflow_sources::read::all_nullable(&table.schema).tree_string(None));
    text
}

/// `SHOW CREATE TABLE`.
pub(super) fn create_statement(table: &Table) -> String {
    match &table.kind {
        TableKind::Files(files) => create_table(table, files),
        TableKind::View(view) => create_view(table, view),
    }
}

fn create_table(table: &Table, files: &Files) -> String {
    let column = |field: &StructField| {
        let default = field_note(field, "CURRENT_DEFAULT").map(|text| format!(" DEFAULT {text}")).unwrap_or_default();
        let comment = field_note(field, "comment").map(|text| format!(" COMMENT '{}'", escaped(&text))).unwrap_or_default();
        format!("{} {}{default}{comment}", quote_if_needed(&field.name), declared_type(&field.data_type))
    };
    let columns: Vec<String> = table.schema.fields.iter().map(column).collect();
    let mut text = format!("CREATE TABLE {} {}", name_of(&table.qualifier()), listed(&columns));
    let _ = writeln!(text, "USING {}", files.format);
    if !files.options.is_empty() {
        let mut options = files.options.clone();
        options.sort();
        let _ = write!(text, "OPTIONS {}", listed(&assigned(options.iter().map(|(key, value)| (key, value)))));
    }
    let cluster_by = clustering_columns(&table.properties);
    if !files.partition_by.is_empty() {
        let _ = writeln!(text, "PARTITIONED BY ({})", quoted_names(&files.partition_by));
    } else if !cluster_by.is_empty() {
        let _ = writeln!(text, "PARTITIONED BY (cluster_by({}))", quoted_names(&cluster_by));
    }
    if let Some(buckets) = &files.buckets {
        let _ = writeln!(text, "CLUSTERED BY ({})", quoted_names(&buckets.columns));
        if !buckets.sort_by.is_empty() {
            let _ = writeln!(text, "SORTED BY ({})", quoted_names(&buckets.sort_by));
        }
        let _ = writeln!(text, "INTO {} BUCKETS", buckets.count);
    }
    text.push_str(&comment_clause(table));
    if !files.is_managed {
        let _ = writeln!(text, "LOCATION '{}'", escaped(&files.location));
    }
    text.push_str(&properties_clause(table));
    text
}

fn create_view(table: &Table, view: &ViewText) -> String {
    let column = |field: &StructField| {
        let comment = field_note(field, "comment").map(|text| format!(" COMMENT '{}'", escaped(&text))).unwrap_or_default();
        format!("{}{comment}", quote_if_needed(&field.name))
    };
    let columns: Vec<String> = table.schema.fields.iter().map(column).collect();
    let name = name_of(&table.qualifier()[1..]);
    let remarks = comment_clause(table) + &properties_clause(table);
    format!("CREATE VIEW {name} {}{remarks}WITH SCHEMA COMPENSATION\nAS {}\n", listed(&columns), view.text)
}

fn comment_clause(table: &Table) -> String {
    table.comment.as_ref().map(|comment| format!("COMMENT '{}'\n", escaped(comment))).unwrap_or_default()
}

fn properties_clause(table: &Table) -> String {
    if table.properties.is_empty() {
        return String::new();
    }
    format!("TBLPROPERTIES {}", listed(&assigned(table.properties.iter())))
}

fn quoted_names(names: &[String]) -> String {
    names.iter().map(|name| quote_if_needed(name)).collect::<Vec<_>>().join(", ")
}

fn name_of(parts: &[String]) -> String {
    parts.iter().map(|part| quote_if_needed(part)).collect::<Vec<_>>().join(".")
}

fn listed(lines: &[String]) -> String {
    format!("(\n  {})\n", lines.join(",\n  "))
}

fn assigned<'p>(pairs: impl Iterator<Item = (&'p String, &'p String)>) -> Vec<String> {
    pairs.map(|(key, value)| format!("'{}' = '{}'", escaped(key), escaped(value))).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// A type as Spark declares it in a table: texts say their collation.
fn declared_type(data_type: &DataType) -> String {
    match data_type {
        DataType::String | DataType::Char(_) | DataType::Varchar(_) => format!("{} COLLATE UTF8_BINARY", data_type.sql()),
        DataType::Collated(_) => data_type.sql(),
        DataType::Array { element, .. } => format!("ARRAY<{}>", declared_type(element)),
        DataType::Map { key, value, .. } => format!("MAP<{}, {}>", declared_type(key), declared_type(value)),
        DataType::Struct(schema) => {
            let field = |field: &StructField| format!("{}: {}", quote_if_needed(&field.name), declared_type(&field.data_type));
            format!("STRUCT<{}>", schema.fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.sql(),
    }
}
