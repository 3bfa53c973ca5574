//! What is known of a database, a table, a view; and how an entry says it in JSON.
//!
//! ```text
//! table   {"format": 1, "kind": "table", "provider": "parquet", "schema": {Spark's JSON}, "partitionedBy": ["day"],
//!          "location": "/warehouse/t", "managed": true, "options": {}, "properties": {}, "comment": null,
//!          "buckets": {"count": 4, "columns": ["a"], "sortedBy": []}, "created": 1700000000000000, "owner": "me", "statistics": {"bytes": 10, "rows": 2}}
//! view    {"format": 1, "kind": "view", "text": "SELECT ..", "database": "default", "columns": ["a"], "schema": ..,
//!          "properties": {}, "comment": null, "created": .., "owner": ".."}
//! ```
//!
//! An entry does not say its own name: that is the name of its file, so renaming is one step. `created` is in
//! microseconds since 1970; partition columns come last in the schema; `columns` are those of a view's query, while the
//! schema holds the names the view gives them.
//! Not here: files (`store`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Buckets, Options};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructField, StructType};
use serde_json::{Map, Value, json};

use super::names::CATALOG;
use super::store::FORMAT;

/// Properties by key.
pub(crate) type Properties = BTreeMap<String, String>;

/// A table or a view of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub database: String,
    pub name: String,
    pub kind: TableKind,
    /// With nullability and comments as declared, partition columns last.
    pub schema: StructType,
    pub properties: Properties,
    pub comment: Option<String>,
    pub created_us: i64,
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableKind {
    Files(Files),
    View(ViewText),
}

/// Where and how a table's rows lie.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Files {
    /// The format's short name.
    pub format: String,
    pub location: String,
    pub is_managed: bool,
    pub options: Options,
    pub partition_by: Vec<String>,
    pub buckets: Option<Buckets>,
    pub statistics: Option<Statistics>,
}

impl Files {
    /// Whether the rows are items of the NoSQL store, not files.
    pub fn is_nosql(&self) -> bool {
        crate::nosql::is_nosql(&self.format)
    }
}

/// What `ANALYZE TABLE` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub bytes: u64,
    pub rows: Option<u64>,
}

/// A view's query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ViewText {
    pub text: String,
    /// The current database when it was made: names in the text are meant from there.
    pub database: String,
    /// The names of the query's own columns.
    pub columns: Vec<String>,
}

impl Table {
    /// `spark_catalog.default.t`.
    pub fn qualifier(&self) -> Vec<String> {
        vec![CATALOG.to_owned(), self.database.clone(), self.name.clone()]
    }

    /// `` `spark_catalog`.`default`.`t` ``.
    pub fn quoted(&self) -> String {
        self.qualifier().iter().map(|part| quote(part)).collect::<Vec<_>>().join(".")
    }

    pub fn is_view(&self) -> bool {
        matches!(self.kind, TableKind::View(_))
    }

    /// `MANAGED`, `EXTERNAL` or `VIEW`.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            TableKind::View(_) => "VIEW",
            TableKind::Files(files) if files.is_managed => "MANAGED",
            TableKind::Files(_) => "EXTERNAL",
        }
    }

    /// The folder that goes when the table is dropped.
    pub fn own_folder(&self) -> Result<Option<PathBuf>> {
        match &self.kind {
            TableKind::Files(files) if files.is_managed && !files.is_nosql() => {
                emberflow_sources::paths::local(&files.location).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub fn to_json(&self) -> Value {
        let mut entry = json!({
            "format": FORMAT,
            "schema": schema_json(&self.schema),
            "properties": self.properties,
            "comment": self.comment,
            "created": self.created_us,
            "owner": self.owner,
        });
        let more = match &self.kind {
            TableKind::View(view) => {
                json!({"kind": "view", "text": view.text, "database": view.database, "columns": view.columns})
            }
            TableKind::Files(files) => json!({
                "kind": "table",
                "provider": files.format,
                "location": files.location,
                "managed": files.is_managed,
                "options": files.options.iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>(),
                "partitionedBy": files.partition_by,
                "buckets": files.buckets.as_ref().map(|buckets| {
                    json!({"count": buckets.count, "columns": buckets.columns, "sortedBy": buckets.sort_by})
                }),
                "statistics": files.statistics.map(|known| json!({"bytes": known.bytes, "rows": known.rows})),
            }),
        };
        if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
            entry.extend(more);
        }
        entry
    }

    /// `Err`: what is wrong with the entry.
    pub fn from_json(database: &str, name: &str, entry: &Value) -> Result<Self, String> {
        let kind = match text(entry, "kind")?.as_str() {
            "view" => TableKind::View(ViewText {
                text: text(entry, "text")?,
                database: text(entry, "database")?,
                columns: texts(entry, "columns")?,
            }),
            "table" => TableKind::Files(files(entry)?),
            other => return Err(format!("its kind is {other:?}")),
        };
        let schema = match emberflow_plan::json::from_json(&entry["schema"].to_string()) {
            Ok(DataType::Struct(schema)) => schema,
            Ok(_) => return Err("its schema is no struct".into()),
            Err(error) => return Err(format!("its schema cannot be read: {}", error.sentence())),
        };
        if let TableKind::Files(files) = &kind {
            let known = |column: &&String| !schema.fields.iter().any(|field| field.name == **column);
            if let Some(column) = files.partition_by.iter().find(known) {
                return Err(format!("it is partitioned by {column:?}, which is no column of it"));
            }
        }
        Ok(Self {
            database: database.to_owned(),
            name: name.to_owned(),
            kind,
            schema,
            properties: properties(entry)?,
            comment: entry["comment"].as_str().map(str::to_owned),
            created_us: entry["created"].as_i64().ok_or("it does not say when it was created")?,
            owner: text(entry, "owner")?,
        })
    }
}

fn files(entry: &Value) -> Result<Files, String> {
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
    let options = entry["options"].as_array().ok_or("it has no options")?;
    let statistics = match &entry["statistics"] {
        Value::Null => None,
        known => Some(Statistics { bytes: known["bytes"].as_u64().unwrap_or(0), rows: known["rows"].as_u64() }),
    };
    Ok(Files {
        format: text(entry, "provider")?,
        location: text(entry, "location")?,
        is_managed: entry["managed"].as_bool().ok_or("it does not say whether it is managed")?,
        options: options.iter().map(pair).collect::<Option<_>>().ok_or("its options are no pairs of texts")?,
        partition_by: texts(entry, "partitionedBy")?,
        buckets: match &entry["buckets"] {
            Value::Null => None,
            buckets => Some(Buckets {
                count: buckets["count"].as_i64().and_then(|count| count.try_into().ok()).ok_or("its buckets have no count")?,
                columns: texts(buckets, "columns")?,
                sort_by: texts(buckets, "sortedBy")?,
            }),
        },
        statistics,
    })
}

/// A database.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Database {
    pub name: String,
    pub comment: Option<String>,
    pub location: String,
    pub properties: Properties,
    pub owner: String,
}

impl Database {
    pub fn to_json(&self) -> Value {
        json!({
            "format": FORMAT,
            "comment": self.comment,
            "location": self.location,
            "properties": self.properties,
            "owner": self.owner,
        })
    }

    pub fn from_json(name: &str, entry: &Value) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            comment: entry["comment"].as_str().map(str::to_owned),
            location: text(entry, "location")?,
            properties: properties(entry)?,
            owner: text(entry, "owner")?,
        })
    }
}

fn text(entry: &Value, key: &str) -> Result<String, String> {
    entry[key].as_str().map(str::to_owned).ok_or_else(|| format!("its member {key:?} is no text"))
}

fn texts(entry: &Value, key: &str) -> Result<Vec<String>, String> {
    let values = entry[key].as_array().ok_or_else(|| format!("its member {key:?} is no list"))?;
    let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    texts.ok_or_else(|| format!("its member {key:?} is no list of texts"))
}

fn properties(entry: &Value) -> Result<Properties, String> {
    let members = entry["properties"].as_object().ok_or("it has no properties")?;
    let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    members.iter().map(pair).collect::<Option<_>>().ok_or_else(|| "its properties are no texts".to_owned())
}

fn schema_json(schema: &StructType) -> Value {
    serde_json::from_str(&emberflow_plan::json::schema_to_json(schema)).unwrap_or(Value::Null)
}

/// A member of a field's metadata (`comment`, `CURRENT_DEFAULT`).
pub(crate) fn field_note(field: &StructField, key: &str) -> Option<String> {
    emberflow_plan::json::metadata_text(field.metadata.as_deref()?, key)
}

/// A table's columns as queries see them: text of any length, and nothing but a comment said of them.
pub(crate) fn plain_schema(schema: &StructType) -> StructType {
    let plain = |field: &StructField| StructField { data_type: plain_type(&field.data_type), nullable: true, ..field.clone() };
    StructType::new(schema.fields.iter().map(plain).collect())
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) => DataType::String,
        DataType::Array { element, .. } => DataType::array(plain_type(element), true),
        DataType::Map { key, value, .. } => DataType::map(plain_type(key), plain_type(value), true),
        DataType::Struct(schema) => DataType::Struct(plain_schema(schema)),
        other => other.clone(),
    }
}

/// `field` with a member of its metadata set.
pub(crate) fn with_note(field: &StructField, key: &str, value: &str) -> StructField {
    let parsed = field.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut metadata: Map<String, Value> = parsed.unwrap_or_default();
    metadata.insert(key.to_owned(), value.into());
    StructField { metadata: Some(Value::Object(metadata).to_string()), ..field.clone() }
}

/// The error of an entry that says what cannot be.
pub(super) fn refused(path: &std::path::Path, why: &str) -> Error {
    super::store::unreadable(path, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(kind: TableKind) -> Table {
        Table {
            database: "default".into(),
            name: "t".into(),
            kind,
            schema: emberflow_plan::ddl::parse_schema("a INT NOT NULL COMMENT 'x', b VARCHAR(3), p STRING").unwrap(),
            properties: Properties::from([("k".into(), "v".into())]),
            comment: Some("about".into()),
            created_us: 1,
            owner: "me".into(),
        }
    }

    #[test]
    fn an_entry_is_read_back_as_it_was() {
        let files = Files {
            format: "csv".into(),
            location: "/w/t".into(),
            is_managed: true,
            options: vec![("Header".into(), "true".into())],
            partition_by: vec!["p".into()],
            buckets: Some(Buckets { count: 4, columns: vec!["a".into()], sort_by: vec!["b".into()] }),
            statistics: Some(Statistics { bytes: 7, rows: None }),
        };
        let view = ViewText { text: "SELECT 1".into(), database: "d".into(), columns: vec!["1".into()] };
        for kind in [TableKind::Files(files), TableKind::View(view)] {
            let table = table(kind);
            assert_eq!(Table::from_json("default", "t", &table.to_json()), Ok(table));
        }
    }

    #[test]
    fn an_entry_without_a_member_says_which() {
        let whole = table(TableKind::Files(Files::default())).to_json();
        for key in
            ["kind", "provider", "location", "managed", "options", "partitionedBy", "schema", "properties", "created", "owner"]
        {
            let mut entry = whole.clone();
            entry.as_object_mut().unwrap().remove(key);
            assert!(Table::from_json("default", "t", &entry).is_err(), "{key}");
        }
    }

    #[test]
    fn notes_of_fields() {
        let field = with_note(&StructField::new("a", DataType::Int, true), "comment", "x");
        assert_eq!(field_note(&field, "comment").as_deref(), Some("x"));
        assert_eq!(field_note(&field, "nope"), None);
    }
}
