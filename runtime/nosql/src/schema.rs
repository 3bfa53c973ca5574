//! Table schemas: the `.#schema` object, which schema a read uses, what a write makes of the stored one.
//!
//! ```text
//! write:  stored schema, what the DataFrame states ─► reconcile ─► schema to write by, and whether to store it
//! read:   user's schema, inferSchema, stored schema ─► choose ─► User / Infer / Stored
//!                                    sampled items ─► infer
//! ```
//!
//! The store itself needs no schema: items differ as they like. Not here: Arrow's types (`rows`), where the object lies
//! (the store).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, ErrorName, Result};
use crate::name::{Key, KeyColumns, bucket_of, check_settable, is_hidden, sharding_text, sorting_text};
use crate::value::{Item, Kind};

/// The buckets of even distribution unless the engine says otherwise.
pub const DEFAULT_BUCKETS: u32 = 64;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: Arc<str>,
    /// None for Spark's `NullType`, of which nothing is ever stored.
    pub kind: Option<Kind>,
    pub nullable: bool,
}

impl Field {
    /// A nullable column.
    pub fn new(name: impl Into<Arc<str>>, kind: Kind) -> Self {
        Self { name: name.into(), kind: Some(kind), nullable: true }
    }

    fn type_text(&self) -> &'static str {
        self.kind.map_or("null", Kind::schema_text)
    }
}

/// What `.#schema` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSchema {
    pub fields: Vec<Field>,
    /// Not known if the schema was inferred and no attribute agrees with the names.
    pub key: Option<KeyColumns>,
    /// Partition columns, outermost first.
    pub partition: Vec<String>,
}

impl TableSchema {
    /// A column by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.name == *name)
    }

    /// The JSON form.
    ///
    /// ```
    /// use emberflow_nosql::schema::TableSchema;
    /// let text = r#"{"fields":[{"name":"id","type":"long","nullable":false}],"key":"id","hashingBucketNum":0}"#;
    /// assert_eq!(TableSchema::from_json(text)?.to_json(), text);
    /// # Ok::<(), emberflow_nosql::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let field = |field: &Field| json!({"name": &*field.name, "type": field.type_text(), "nullable": field.nullable});
        let mut object = Map::new();
        object.insert("fields".into(), self.fields.iter().map(field).collect());
        if let Some(key) = &self.key {
            object.insert("key".into(), key.key.as_str().into());
            if let Some(sorting) = &key.sorting {
                object.insert("sortingKey".into(), sorting.as_str().into());
            }
            object.insert("hashingBucketNum".into(), key.buckets.into());
        }
        if !self.partition.is_empty() {
            object.insert("partitionKeys".into(), self.partition.clone().into());
        }
        Json::Object(object).to_string()
    }

    /// Whether a table may have it, as [`reconcile`] checks what a write states.
    pub fn check(&self) -> Result<()> {
        check_fields(&self.fields)?;
        let Some(key) = &self.key else { return Ok(()) };
        if key.buckets > 0 && key.sorting.is_none() {
            return Err(Error::new(ErrorName::InvalidOption, "range-scan-even-distribution needs a sorting-key"));
        }
        check_key_columns(&self.fields, key)?;
        check_partition_columns(&self.fields, &self.partition, key)
    }

    /// Reads the JSON form, also of files that other stores wrote. `StorageCorrupt`, or `UnsupportedType` for a type that no
    /// attribute has.
    pub fn from_json(text: &str) -> Result<Self> {
        let broken = |why: &str| Error::new(ErrorName::StorageCorrupt, format!("the table's schema cannot be read: {why}"));
        let object: Json = serde_json::from_str(text).map_err(|error| broken(&error.to_string()))?;
        let text_of = |json: &Json, member: &str| json.get(member).and_then(Json::as_str).map(str::to_owned);
        let fields = object.get("fields").and_then(Json::as_array).ok_or_else(|| broken("it has no fields"))?;
        let fields = fields.iter().map(|field| {
            let name = text_of(field, "name").ok_or_else(|| broken("a field has no name"))?;
            let kind = text_of(field, "type").ok_or_else(|| broken("a field has no type"))?;
            let nullable = field.get("nullable").and_then(Json::as_bool).unwrap_or(true);
            Ok(Field { kind: kind_of(&name, &kind)?, name: name.into(), nullable })
        });
        let buckets = object.get("hashingBucketNum").and_then(Json::as_u64).unwrap_or(0);
        let buckets = u32::try_from(buckets).map_err(|_| broken("it has too many buckets"))?;
        let key = text_of(&object, "key").map(|key| KeyColumns { key, sorting: text_of(&object, "sortingKey"), buckets });
        let partition = object.get("partitionKeys").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let partition =
            partition.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(|| broken("a partition has no name")));
        Ok(Self { fields: fields.collect::<Result<_>>()?, key, partition: partition.collect::<Result<_>>()? })
    }
}

fn kind_of(name: &str, text: &str) -> Result<Option<Kind>> {
    match Kind::from_schema_text(text) {
        None if text == "null" => Ok(None),
        None => Err(Error::new(ErrorName::UnsupportedType, format!("column {name} has the type {text}, which no attribute has"))),
        kind => Ok(kind),
    }
}

impl fmt::Display for TableSchema {
    /// As errors print it: `id long, day string; key id, sorting key day in 64 buckets; partitions year`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self.fields.iter().map(|field| format!("{} {}", field.name, field.type_text())).collect();
        f.write_str(&fields.join(", "))?;
        if let Some(key) = &self.key {
            write!(f, "; key {}", key.key)?;
            if let Some(sorting) = &key.sorting {
                write!(f, ", sorting key {sorting}")?;
            }
            if key.buckets > 0 {
                write!(f, " in {} buckets", key.buckets)?;
            }
        }
        if !self.partition.is_empty() {
            write!(f, "; partitions {}", self.partition.join(", "))?;
        }
        Ok(())
    }
}

/// What a DataFrame and the options of its write state. What is none is inherited from the stored schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    pub fields: Vec<Field>,
    pub key: String,
    pub sorting: Option<String>,
    pub even_distribution: Option<bool>,
    pub partition: Option<Vec<String>>,
}

/// What a write may do with a stored schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// `overwrite` mode: the DataFrame's schema is installed whatever was there.
    pub anew: bool,
    /// `allow-overwrite-schema`.
    pub replace: bool,
    /// `schema-merge`: the union is stored instead.
    pub merge: bool,
}

/// The schema to write by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    pub schema: TableSchema,
    /// Whether it is to be stored.
    pub store: bool,
}

/// Compares what a write states with the stored schema. `buckets` are for a table that is created with even distribution.
///
/// Errors: `SchemaMismatch`, `KeyMismatch`, `PartitionMismatch`; those of [`Stated`] itself: `KeyColumnMissing`,
/// `InvalidKeyType`, `InvalidOption`, `InvalidAttributeName`, `ReservedName`, `InvalidArgument`.
pub fn reconcile(stored: Option<&TableSchema>, stated: &Stated, may: Permissions, buckets: u32) -> Result<Reconciled> {
    let stored = stored.filter(|_| !may.anew);
    let key = reconciled_key(stored.and_then(|schema| schema.key.as_ref()), stated, buckets)?;
    let partition = reconciled_partition(stored, stated)?;
    check_fields(&stated.fields)?;
    check_key_columns(&stated.fields, &key)?;
    check_partition_columns(&stated.fields, &partition, &key)?;
    let Some(stored) = stored else {
        let schema = TableSchema { fields: stated.fields.clone(), key: Some(key), partition };
        return Ok(Reconciled { schema, store: true });
    };
    let fields = reconciled_fields(stored, stated, may)?;
    let schema = TableSchema { fields, key: Some(key), partition };
    Ok(Reconciled { store: schema != *stored, schema })
}

fn reconciled_key(stored: Option<&KeyColumns>, stated: &Stated, buckets: u32) -> Result<KeyColumns> {
    let mismatch = |what: &str, old: &str, new: &str| {
        let text = format!("the {what} of the table is {old}; this write states {new}");
        Err(Error::new(ErrorName::KeyMismatch, text))
    };
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "not there".to_owned());
    let key = match stored {
        None => {
            let buckets = if stated.even_distribution == Some(true) { buckets } else { 0 };
            KeyColumns { key: stated.key.clone(), sorting: stated.sorting.clone(), buckets }
        }
        Some(stored) => {
            if stored.key != stated.key {
                return mismatch("key", &stored.key, &stated.key);
            }
            if stated.sorting.is_some() && stored.sorting != stated.sorting {
                return mismatch("sorting key", &said(&stored.sorting), &said(&stated.sorting));
            }
            let distributed = stored.buckets > 0;
            if stated.even_distribution.is_some_and(|stated| stated != distributed) {
                return mismatch("even distribution", &distributed.to_string(), &(!distributed).to_string());
            }
            stored.clone()
        }
    };
    if key.sorting.is_none() && stated.even_distribution == Some(true) {
        let text = "range-scan-even-distribution needs a sorting-key";
        return Err(Error::new(ErrorName::InvalidOption, text));
    }
    Ok(key)
}

fn reconciled_partition(stored: Option<&TableSchema>, stated: &Stated) -> Result<Vec<String>> {
    match (stored, &stated.partition) {
        (Some(stored), Some(partition)) if *partition != stored.partition => {
            let said = |columns: &[String]| if columns.is_empty() { "none".to_owned() } else { columns.join(", ") };
            let text =
                format!("the partitions of the table are {}; this write states {}", said(&stored.partition), said(partition));
            Err(Error::new(ErrorName::PartitionMismatch, text))
        }
        (Some(stored), _) => Ok(stored.partition.clone()),
        (None, partition) => Ok(partition.clone().unwrap_or_default()),
    }
}

fn reconciled_fields(stored: &TableSchema, stated: &Stated, may: Permissions) -> Result<Vec<Field>> {
    let known = |field: &Field| stored.field(&field.name);
    let new = stated.fields.iter().any(|field| known(field).is_none());
    let retyped = stated.fields.iter().any(|field| known(field).is_some_and(|old| old.kind != field.kind));
    let subset = stated.fields.len() < stored.fields.len();
    if !new && !retyped && (!subset || may.merge || !may.replace) {
        return Ok(stored.fields.clone()); // the same columns, whatever their order and nullability, or some of them
    }
    if (retyped && !may.replace) || (new && !may.replace && !may.merge) {
        let new = TableSchema { fields: stated.fields.clone(), ..TableSchema::default() };
        let old = TableSchema { fields: stored.fields.clone(), ..TableSchema::default() };
        let text = format!(
            "the columns do not fit the table's schema, which is [{old}]; the DataFrame has [{new}]. \
             allow-overwrite-schema=true replaces it, schema-merge=true adds columns"
        );
        return Err(Error::new(ErrorName::SchemaMismatch, text));
    }
    if !may.merge {
        return Ok(stated.fields.clone());
    }
    let stated_field = |name: &str| stated.fields.iter().find(|field| *field.name == *name);
    let kept = stored.fields.iter().map(|old| stated_field(&old.name).filter(|field| field.kind != old.kind).unwrap_or(old));
    Ok(kept.chain(stated.fields.iter().filter(|field| known(field).is_none())).cloned().collect())
}

fn check_fields(fields: &[Field]) -> Result<()> {
    for (at, field) in fields.iter().enumerate() {
        check_settable(&field.name)?;
        if fields[..at].iter().any(|earlier| earlier.name == field.name) {
            return Err(Error::new(ErrorName::InvalidArgument, format!("column {} is there more than once", field.name)));
        }
    }
    Ok(())
}

fn check_key_columns(fields: &[Field], key: &KeyColumns) -> Result<()> {
    for (column, option) in [(Some(&key.key), "key"), (key.sorting.as_ref(), "sorting-key")] {
        let Some(column) = column else { continue };
        let field = fields.iter().find(|field| *field.name == **column);
        let field = field.ok_or_else(|| {
            Error::new(ErrorName::KeyColumnMissing, format!("the DataFrame has no column {column}, which is its {option}"))
        })?;
        let good = match field.kind {
            Some(Kind::Bool | Kind::Int | Kind::Str | Kind::Timestamp) => true,
            Some(Kind::Double) => option == "sorting-key",
            _ => false,
        };
        if !good {
            let text = format!("column {column} has the type {}, which cannot be a {option}", field.type_text());
            return Err(Error::new(ErrorName::InvalidKeyType, text));
        }
    }
    if key.sorting.as_ref() == Some(&key.key) {
        return Err(Error::new(ErrorName::InvalidOption, format!("column {} is both key and sorting-key", key.key)));
    }
    Ok(())
}

fn check_partition_columns(fields: &[Field], partition: &[String], key: &KeyColumns) -> Result<()> {
    for (at, column) in partition.iter().enumerate() {
        let field = fields.iter().find(|field| *field.name == **column);
        let Some(field) = field else {
            return Err(Error::new(ErrorName::InvalidOption, format!("the DataFrame has no column {column} to partition by")));
        };
        if !matches!(field.kind, Some(Kind::Bool | Kind::Int | Kind::Double | Kind::Str | Kind::Timestamp)) {
            let text = format!("column {column} has the type {}, by which nothing is partitioned", field.type_text());
            return Err(Error::new(ErrorName::InvalidOption, text));
        }
        if partition[..at].contains(column) {
            return Err(Error::new(ErrorName::InvalidOption, format!("column {column} partitions more than once")));
        }
        if key.key == *column {
            return Err(Error::new(ErrorName::InvalidOption, format!("column {column} is the key and cannot partition")));
        }
    }
    Ok(())
}

/// Which schema a read uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    User,
    Infer,
    Stored,
}

/// The first that applies. `SchemaNotFound` if none does.
pub fn choose(user: bool, infer: bool, stored: bool) -> Result<Choice> {
    match (user, infer, stored) {
        (true, _, _) => Ok(Choice::User),
        (_, true, _) => Ok(Choice::Infer),
        (_, _, true) => Ok(Choice::Stored),
        _ => Err(Error::new(ErrorName::SchemaNotFound, "the table has no schema; give one, or read with inferSchema=true")),
    }
}

/// The key of a table as a read with the user's columns sees it: as stored, if the key columns are among them with equal
/// types. Without it reads are right, but scan everything.
pub fn key_for_user_schema(fields: &[Field], stored: Option<&TableSchema>) -> Option<KeyColumns> {
    let stored = stored?;
    let key = stored.key.as_ref()?;
    let equal = |column: &String| {
        let user = fields.iter().find(|field| *field.name == **column);
        user.zip(stored.field(column)).is_some_and(|(user, stored)| user.kind == stored.kind)
    };
    (equal(&key.key) && key.sorting.iter().all(equal)).then(|| key.clone())
}

/// The schema that sampled items agree on: key columns first, the others by name. `SchemaInferenceError` if one attribute has
/// two types that have none in common.
pub fn infer<'a>(sample: impl IntoIterator<Item = (&'a Key, &'a Item)> + Clone) -> Result<TableSchema> {
    let mut kinds: BTreeMap<&Arc<str>, Kind> = BTreeMap::new();
    for (key, item) in sample.clone() {
        for (name, value) in item.iter().filter(|(name, _)| !is_hidden(name)) {
            let kind = kinds.entry(name).or_insert(value.kind());
            match (*kind, value.kind()) {
                (old, new) if old == new => {}
                (Kind::Int, Kind::Double) | (Kind::Double, Kind::Int) => *kind = Kind::Double,
                (old, new) => {
                    let text = format!("attribute {name} is a {new} here and a {old} in other items");
                    return Err(Error::new(ErrorName::SchemaInferenceError, text).item(key));
                }
            }
        }
    }
    let key = infer_key(kinds.keys().copied(), sample);
    let is_key = |name: &str| key.as_ref().is_some_and(|key| key.key == name || key.sorting.as_deref() == Some(name));
    let mut fields: Vec<Field> = kinds.iter().map(|(name, kind)| Field::new(Arc::clone(name), *kind)).collect();
    fields.sort_by_key(|field| match &key {
        Some(key) if *field.name == *key.key => 0,
        _ if is_key(&field.name) => 1,
        _ => 2,
    });
    Ok(TableSchema { fields, key, partition: Vec::new() })
}

/// The only column, or pair of columns, that every name of the sample is made of.
fn infer_key<'a>(
    names: impl Iterator<Item = &'a Arc<str>> + Clone,
    sample: impl IntoIterator<Item = (&'a Key, &'a Item)> + Clone,
) -> Option<KeyColumns> {
    sample.clone().into_iter().next()?;
    let always = |test: &dyn Fn(&Key, &Item) -> bool| sample.clone().into_iter().all(|(key, item)| test(key, item));
    let sharding = |item: &Item, name: &str| item.get(name).and_then(|value| sharding_text(value).ok());
    let sorting = |item: &Item, name: &str| item.get(name).and_then(|value| sorting_text(value).ok());

    let mut simple = names.clone().filter(|name| always(&|key, item| sharding(item, name).as_deref() == Some(key.as_str())));
    if let Some(name) = simple.next() {
        let only = simple.next().is_none();
        return only.then(|| KeyColumns { key: name.to_string(), sorting: None, buckets: 0 });
    }
    let seconds: Vec<&Arc<str>> = names
        .clone()
        .filter(|name| always(&|key, item| key.sorting().is_some() && sorting(item, name).as_deref() == key.sorting()))
        .collect();
    let mut pairs = Vec::new();
    for first in names {
        let plain = always(&|key, item| sharding(item, first).as_deref() == Some(key.sharding()));
        // A wrong number of buckets would make range scans miss items, so the buckets have to be those of 64.
        let bucketed = always(&|key, item| {
            let bucket = key.sorting().map(|sorting| bucket_of(sorting, DEFAULT_BUCKETS).to_string());
            key.sharding()
                .rsplit_once('_')
                .is_some_and(|(text, digits)| sharding(item, first).as_deref() == Some(text) && bucket.as_deref() == Some(digits))
        });
        let buckets = if plain { 0 } else { DEFAULT_BUCKETS };
        if plain || bucketed {
            pairs.extend(seconds.iter().filter(|second| **second != first).map(|second| (first, *second, buckets)));
        }
    }
    match pairs[..] {
        [(key, sorting, buckets)] => Some(KeyColumns { key: key.to_string(), sorting: Some(sorting.to_string()), buckets }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item;

    fn fields(texts: &[(&str, &str)]) -> Vec<Field> {
        texts
            .iter()
            .map(|(name, kind)| Field { name: (*name).into(), kind: Kind::from_schema_text(kind), nullable: true })
            .collect()
    }

    fn schema(texts: &[(&str, &str)]) -> TableSchema {
        let key = Some(KeyColumns { key: "k".into(), ..KeyColumns::default() });
        TableSchema { fields: fields(texts), key, partition: Vec::new() }
    }

    fn stated(texts: &[(&str, &str)]) -> Stated {
        Stated { fields: fields(texts), key: "k".into(), ..Stated::default() }
    }

    const REPLACE: Permissions = Permissions { anew: false, replace: true, merge: false };
    const MERGE: Permissions = Permissions { anew: false, replace: false, merge: true };
    const PLAIN: Permissions = Permissions { anew: false, replace: false, merge: false };

    /// The schema to store, none if the file stays, or the error's name.
    fn outcome(stored: Option<&TableSchema>, stated: &Stated, may: Permissions) -> Result<Option<TableSchema>, ErrorName> {
        match reconcile(stored, stated, may, 64) {
            Ok(reconciled) => Ok(reconciled.store.then_some(reconciled.schema)),
            Err(error) => Err(error.name()),
        }
    }

    #[test]
    fn vector_20_another_type_is_a_mismatch() {
        let stored = schema(&[("k", "string"), ("a", "long")]);
        let written = stated(&[("k", "string"), ("a", "double")]);
        assert_eq!(outcome(Some(&stored), &written, PLAIN), Err(ErrorName::SchemaMismatch));
        let said = reconcile(Some(&stored), &written, PLAIN, 64).unwrap_err().to_string();
        assert!(said.contains("k string, a long") && said.contains("k string, a double"), "{said}");
    }

    #[test]
    fn vector_21_allowed_replacement() {
        let stored = schema(&[("k", "string"), ("a", "long")]);
        let written = stated(&[("k", "string"), ("a", "double")]);
        assert_eq!(outcome(Some(&stored), &written, REPLACE), Ok(Some(schema(&[("k", "string"), ("a", "double")]))));
    }

    #[test]
    fn vector_22_no_schema() {
        assert_eq!(choose(false, false, false).unwrap_err().name(), ErrorName::SchemaNotFound);
        assert_eq!(choose(false, true, false).unwrap(), Choice::Infer);
        assert_eq!(choose(false, true, true).unwrap(), Choice::Infer);
        assert_eq!(choose(false, false, true).unwrap(), Choice::Stored);
        assert_eq!(choose(true, true, true).unwrap(), Choice::User);
    }

    fn inferred(items: &[(&str, Item)]) -> Result<TableSchema> {
        let keys: Vec<Key> = items.iter().map(|(name, _)| Key::parse(*name).unwrap()).collect();
        infer(keys.iter().zip(items.iter().map(|(_, item)| item)))
    }

    #[test]
    fn vector_23_inference() {
        let found = inferred(&[("p", item! {k: "p", a: 1, __h: "x"}), ("q", item! {k: "q", a: 2.5, c: true})]).unwrap();
        assert_eq!(found, schema(&[("k", "string"), ("a", "double"), ("c", "boolean")]));
    }

    #[test]
    fn inference_of_keys() {
        let clash = inferred(&[("p", item! {a: 1}), ("q", item! {a: "x"})]).unwrap_err();
        assert_eq!(clash.name(), ErrorName::SchemaInferenceError);
        let key = |items: &[(&str, Item)]| inferred(items).unwrap().key.map(|key| (key.key, key.sorting, key.buckets));
        let some = |key: &str, sorting: Option<&str>, buckets: u32| Some((key.to_owned(), sorting.map(str::to_owned), buckets));
        assert_eq!(key(&[("7", item! {id: 7, d: 7.0})]), some("id", None, 0));
        assert_eq!(key(&[("7", item! {id: 7, other: 7})]), None);
        assert_eq!(key(&[("7", item! {id: 7, other: 7}), ("8", item! {id: 8, other: 7})]), some("id", None, 0));
        assert_eq!(key(&[("7", item! {id: 7}), ("8", item! {a: 7})]), None);
        assert_eq!(key(&[("u.x.y", item! {k: "u", s: "x.y", a: 1})]), some("k", Some("s"), 0));
        assert_eq!(key(&[("u.x", item! {k: "u", s: "x", r: "x"})]), None);
        let distributed = [("7_36.20180602", item! {k: 7, s: "20180602"}), ("7_30.2024-03-01", item! {k: 7, s: "2024-03-01"})];
        assert_eq!(key(&distributed), some("k", Some("s"), 64));
        assert_eq!(key(&[("7_35.20180602", item! {k: 7, s: "20180602"})]), None);
        assert_eq!(key(&[]), None);
    }

    #[test]
    fn differences_that_change_nothing() {
        let stored = schema(&[("k", "string"), ("a", "long"), ("b", "double")]);
        let mut reordered = stated(&[("b", "double"), ("a", "long"), ("k", "string")]);
        reordered.fields[0].nullable = false;
        for may in [PLAIN, REPLACE, MERGE] {
            assert_eq!(outcome(Some(&stored), &reordered, may), Ok(None));
        }
        let subset = stated(&[("k", "string"), ("b", "double")]);
        assert_eq!(outcome(Some(&stored), &subset, PLAIN), Ok(None));
        assert_eq!(outcome(Some(&stored), &subset, MERGE), Ok(None));
        assert_eq!(outcome(Some(&stored), &subset, REPLACE), Ok(Some(schema(&[("k", "string"), ("b", "double")]))));
    }

    #[test]
    fn new_columns() {
        let stored = schema(&[("k", "string"), ("a", "long")]);
        let wider = stated(&[("k", "string"), ("b", "double")]);
        assert_eq!(outcome(Some(&stored), &wider, PLAIN), Err(ErrorName::SchemaMismatch));
        assert_eq!(outcome(Some(&stored), &wider, REPLACE), Ok(Some(schema(&[("k", "string"), ("b", "double")]))));
        let union = schema(&[("k", "string"), ("a", "long"), ("b", "double")]);
        assert_eq!(outcome(Some(&stored), &wider, MERGE), Ok(Some(union)));
        let both = Permissions { merge: true, ..REPLACE };
        let retyped = stated(&[("k", "string"), ("a", "string")]);
        assert_eq!(outcome(Some(&stored), &retyped, MERGE), Err(ErrorName::SchemaMismatch));
        assert_eq!(outcome(Some(&stored), &retyped, both), Ok(Some(schema(&[("k", "string"), ("a", "string")]))));
        let anew = Permissions { anew: true, ..PLAIN };
        assert_eq!(outcome(Some(&stored), &retyped, anew), Ok(Some(schema(&[("k", "string"), ("a", "string")]))));
        assert_eq!(outcome(None, &retyped, PLAIN), Ok(Some(schema(&[("k", "string"), ("a", "string")]))));
    }

    #[test]
    fn keys_and_partitions_are_inherited_or_equal() {
        let columns = [("k", "string"), ("s", "string"), ("y", "long")];
        let mut stored = schema(&columns);
        stored.key = Some(KeyColumns { key: "k".into(), sorting: Some("s".into()), buckets: 32 });
        stored.partition = vec!["y".into()];
        let plain = stated(&columns);
        let inherited = reconcile(Some(&stored), &plain, PLAIN, 64).unwrap();
        assert_eq!(inherited, Reconciled { schema: stored.clone(), store: false });
        let with = |change: &dyn Fn(&mut Stated)| {
            let mut stated = plain.clone();
            change(&mut stated);
            outcome(Some(&stored), &stated, REPLACE)
        };
        assert_eq!(with(&|it| it.sorting = Some("s".into())), Ok(None));
        assert_eq!(with(&|it| it.even_distribution = Some(true)), Ok(None));
        assert_eq!(with(&|it| it.even_distribution = Some(false)), Err(ErrorName::KeyMismatch));
        assert_eq!(with(&|it| it.sorting = Some("y".into())), Err(ErrorName::KeyMismatch));
        assert_eq!(with(&|it| it.key = "s".into()), Err(ErrorName::KeyMismatch));
        assert_eq!(with(&|it| it.partition = Some(vec!["s".into()])), Err(ErrorName::PartitionMismatch));
        assert_eq!(with(&|it| it.partition = Some(vec!["y".into()])), Ok(None));
        assert_eq!(with(&|it| it.fields.truncate(1)), Err(ErrorName::KeyColumnMissing));
    }

    #[test]
    fn what_a_write_states_is_checked() {
        let refused = |columns: &[(&str, &str)], change: &dyn Fn(&mut Stated)| {
            let mut stated = stated(columns);
            change(&mut stated);
            outcome(None, &stated, PLAIN).unwrap_err()
        };
        let text = [("k", "string"), ("s", "double")];
        assert_eq!(refused(&[("a", "long")], &|_| {}), ErrorName::KeyColumnMissing);
        assert_eq!(refused(&[("k", "double")], &|_| {}), ErrorName::InvalidKeyType);
        assert_eq!(refused(&[("k", "blob")], &|_| {}), ErrorName::InvalidKeyType);
        assert_eq!(refused(&text, &|it| it.even_distribution = Some(true)), ErrorName::InvalidOption);
        assert_eq!(refused(&text, &|it| it.partition = Some(vec!["k".into()])), ErrorName::InvalidOption);
        assert_eq!(refused(&text, &|it| it.partition = Some(vec!["z".into()])), ErrorName::InvalidOption);
        assert_eq!(refused(&text, &|it| it.sorting = Some("k".into())), ErrorName::InvalidOption);
        assert_eq!(refused(&[("k", "string"), ("a b", "long")], &|_| {}), ErrorName::InvalidAttributeName);
        assert_eq!(refused(&[("k", "string"), ("__name", "string")], &|_| {}), ErrorName::ReservedName);
        assert_eq!(refused(&[("k", "string"), ("k", "string")], &|_| {}), ErrorName::InvalidArgument);
        let mut sorted = stated(&text);
        sorted.sorting = Some("s".into());
        assert!(outcome(None, &sorted, PLAIN).is_ok());
        sorted.even_distribution = Some(true);
        let created = outcome(None, &sorted, PLAIN).unwrap().unwrap();
        assert_eq!(created.key.unwrap().buckets, 64);
    }

    #[test]
    fn json_of_the_specification() {
        let text = concat!(
            r#"{"fields":[{"name":"id","type":"long","nullable":false},{"name":"city","type":"string","nullable":true}],"#,
            r#""key":"id","sortingKey":"day","hashingBucketNum":64,"partitionKeys":["year"]}"#
        );
        let schema = TableSchema::from_json(text).unwrap();
        assert_eq!(schema.to_json(), text);
        assert_eq!(schema.to_string(), "id long, city string; key id, sorting key day in 64 buckets; partitions year");
        assert_eq!(TableSchema::from_json("{").unwrap_err().name(), ErrorName::StorageCorrupt);
        assert_eq!(TableSchema::from_json("{}").unwrap_err().name(), ErrorName::StorageCorrupt);
        let odd = r#"{"fields":[{"name":"a","type":"decimal"}],"key":"a"}"#;
        assert_eq!(TableSchema::from_json(odd).unwrap_err().name(), ErrorName::UnsupportedType);
    }

    #[test]
    fn keys_of_user_schemas() {
        let stored = schema(&[("k", "long"), ("a", "long")]);
        let key = |texts: &[(&str, &str)]| key_for_user_schema(&fields(texts), Some(&stored)).is_some();
        assert!(key(&[("a", "double"), ("k", "long")]));
        assert!(!key(&[("k", "string")]));
        assert!(!key(&[("a", "long")]));
        assert_eq!(key_for_user_schema(&stored.fields, None), None);
    }
}
