//! What the tests of NoSQL tables share: an engine of their own, and rows as one line of text.

#![allow(dead_code)]

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use emberflow::kv::path::TablePath;
use emberflow::kv::{Select, Table, Value};
use emberflow::plan::tree::{Command, Options, Relation, RelationKind, SaveMode, Statement, Write, WriteTarget};
use emberflow::{DataFrame, Engine, EngineOptions, Session};

/// An engine in a folder of its own.
pub struct World {
    pub session: Session,
    engine: Arc<Engine>,
    folder: PathBuf,
}

impl World {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("emberflow-nosql-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let options = EngineOptions { cores: 2, warehouse: folder.clone(), ..EngineOptions::default() };
        let engine = Engine::start(options).unwrap();
        Self { session: engine.session("me"), engine, folder }
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.engine.tokio().block_on(work)
    }

    /// A table by container and path: `c/t`.
    pub fn table(&self, path: &str) -> Table {
        self.engine.store().unwrap().table(&TablePath::parse(&format!("ember://{path}"), None).unwrap()).unwrap()
    }

    pub fn read(&self, path: &str, options: &[(&str, &str)]) -> DataFrame {
        self.session.read("nosql", path, options)
    }

    /// With a schema of the user's.
    pub fn read_as(&self, path: &str, schema: &str) -> DataFrame {
        let kind = RelationKind::DataSource {
            format: Some("io.iguaz.v3io.spark.sql.kv".into()),
            schema: Some(emberflow::plan::ddl::parse_schema(schema).unwrap()),
            options: Vec::new(),
            paths: vec![path.to_owned()],
            predicates: Vec::new(),
            is_streaming: false,
        };
        DataFrame::new(self.session.clone(), Relation::new(kind))
    }

    /// `df.write.format("nosql").mode(..).options(..).save(path)` of the rows of a query.
    pub fn write(&self, rows: &str, path: &str, mode: SaveMode, options: &[(&str, &str)]) -> emberflow::Result<()> {
        self.write_by(rows, path, mode, options, &[])
    }

    /// The same with `partitionBy`.
    pub fn write_by(
        &self,
        rows: &str,
        path: &str,
        mode: SaveMode,
        options: &[(&str, &str)],
        partition_by: &[&str],
    ) -> emberflow::Result<()> {
        self.write_to(rows, WriteTarget::Path(Some(path.to_owned())), mode, options, partition_by)
    }

    /// The same into a path or a table.
    pub fn write_to(
        &self,
        rows: &str,
        target: WriteTarget,
        mode: SaveMode,
        options: &[(&str, &str)],
        partition_by: &[&str],
    ) -> emberflow::Result<()> {
        let options: Options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let write = Write {
            input: self.session.sql(rows)?.relation().clone(),
            format: Some("nosql".into()),
            target,
            mode,
            options,
            partition_by: partition_by.iter().map(|name| (*name).to_owned()).collect(),
            sort_by: Vec::new(),
            bucket_by: None,
            cluster_by: Vec::new(),
        };
        let executed = self.session.execute(Statement::Command(Command::Write(write)), Default::default());
        self.wait(executed).map(|_| ())
    }

    /// Rows sorted by their text, nulls as NULL: `k:p a:1 | k:q a:2`.
    pub fn rows(&self, frame: &DataFrame) -> String {
        let batches = frame.collect().unwrap_or_else(|error| panic!("{error}"));
        let names: Vec<String> = frame.schema().unwrap().fields.iter().map(|field| field.name.clone()).collect();
        let mut rows = Vec::new();
        for batch in &batches {
            let options = arrow::util::display::FormatOptions::default().with_null("NULL");
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                let cells: Vec<String> =
                    names.iter().zip(&columns).map(|(name, column)| format!("{name}:{}", column.value(row))).collect();
                rows.push(cells.join(" "));
            }
        }
        rows.sort();
        rows.join(" | ")
    }

    pub fn sql(&self, text: &str) -> String {
        let frame = self.session.sql(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.rows(&frame)
    }

    /// Items as they are stored, with their folders: `y=1/p{a:1,k:'p'}`.
    pub fn items(&self, path: &str) -> String {
        let text = |value: &Value| match value {
            Value::Str(text) => format!("'{text}'"),
            Value::Int(number) => number.to_string(),
            Value::Double(number) => format!("{number:?}"),
            Value::Bool(truth) => truth.to_string(),
            other => format!("{other:?}"),
        };
        let table = self.table(path);
        if !table.exists().unwrap() {
            return String::new();
        }
        let mut items: Vec<String> = table
            .sample(1000)
            .unwrap()
            .into_iter()
            .map(|(directory, key, item)| {
                let attributes: Vec<String> = item.iter().map(|(name, value)| format!("{name}:{}", text(value))).collect();
                let folder = if directory.is_empty() { String::new() } else { format!("{directory}/") };
                format!("{folder}{key}{{{}}}", attributes.join(","))
            })
            .collect();
        items.sort();
        items.join(" ")
    }

    /// One attribute of one item.
    pub fn attribute(&self, path: &str, key: &str, name: &str) -> Option<Value> {
        self.wait(self.table(path).get(key, Select::User)).unwrap()?.get(name).cloned()
    }

    /// How many items the scans of a query look at.
    pub fn items_read(&self, frame: &DataFrame) -> i64 {
        let rows = frame.rows().unwrap();
        let watch = rows.watch.clone();
        self.wait(futures::StreamExt::for_each(rows.batches, |batch| async move { drop(batch.unwrap()) }));
        watch.metrics().iter().filter_map(|operator| operator.values.get("items_read")).map(|(count, _)| *count).sum()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The condition of an error.
pub fn name<T>(result: emberflow::Result<T>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.condition().to_owned(),
    }
}
