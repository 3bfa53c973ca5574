//! How a new table's rows are to lie: partitions, buckets, clustering; checked against its columns, named as they are.
//!
//! Clustering is a wish that Spark notes for tables of files and nothing more; it stands in the property
//! `clusteringColumns`. Not here: writing rows that way (`emberflow-sources`).

use emberflow_base::{Error, Result};
use emberflow_functions::operators::comparison::is_orderable;
use emberflow_plan::tree::Buckets;
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};
use emberflow_sources::check_partition_type;

use super::insert::NewTable;
use crate::catalog::{FullName, Properties};

const CLUSTERING: &str = "clusteringColumns";

/// Checks the layout and spells its names as the columns do.
pub(crate) fn settled(new: NewTable, schema: &StructType) -> Result<NewTable> {
    let partition_by = spelled(&new.name, "partition", &new.partition_by, schema)?;
    schema.fields.iter().filter(|field| partition_by.contains(&field.name)).try_for_each(check_partition_type)?;
    let buckets = new.buckets.as_ref().map(|buckets| settled_buckets(&new, buckets, &partition_by, schema)).transpose()?;
    let mut properties = new.properties.clone();
    if !new.cluster_by.is_empty() {
        properties.insert(CLUSTERING.to_owned(), clustering(&new.cluster_by, schema)?);
    }
    Ok(NewTable { partition_by, buckets, properties, cluster_by: Vec::new(), ..new })
}

fn settled_buckets(new: &NewTable, buckets: &Buckets, partition_by: &[String], schema: &StructType) -> Result<Buckets> {
    if crate::nosql::is_nosql(&new.format) {
        return Err(Error::unsupported("buckets of NoSQL tables"));
    }
    let columns = spelled(&new.name, "bucket", &buckets.columns, schema)?;
    check_repeats(&columns)?;
    let bucketed = |field: &&StructField| columns.contains(&field.name) && field.data_type.is_collated();
    if let Some(field) = schema.fields.iter().find(bucketed) {
        return Err(Error::new("INVALID_BUCKET_COLUMN_DATA_TYPE").with("type", field.data_type.quoted()));
    }
    let sort_by = spelled(&new.name, "sort", &buckets.sort_by, schema)?;
    check_repeats(&sort_by)?;
    let sorted = |field: &&StructField| sort_by.contains(&field.name) && field.data_type.is_collated();
    if schema.fields.iter().any(|field| sorted(&field)) {
        return Err(Error::unsupported("buckets sorted by strings with a collation"));
    }
    let partitions = partition_by.join(", ");
    if let Some(column) = columns.iter().find(|column| partition_by.contains(column)) {
        return Err(Error::new("_LEGACY_ERROR_TEMP_1166")
            .with("bucketCol", column)
            .with("normalizedPartCols", &partitions)
            .text(format!("bucketing column '{column}' should not be part of partition columns '{partitions}'")));
    }
    if let Some(column) = sort_by.iter().find(|column| partition_by.contains(column)) {
        return Err(Error::new("_LEGACY_ERROR_TEMP_1167")
            .with("sortCol", column)
            .with("normalizedPartCols", &partitions)
            .text(format!("bucket sorting column '{column}' should not be part of partition columns '{partitions}'")));
    }
    let unsorted = |name: &&String| schema.fields.iter().any(|field| field.name == **name && !is_orderable(&field.data_type));
    if let Some(column) = sort_by.iter().find(unsorted) {
        let kind = schema.fields.iter().find(|field| field.name == *column).map(|field| field.data_type.simple_string());
        let message = format!("Cannot use {} for sorting column", kind.unwrap_or_default());
        return Err(Error::new("_LEGACY_ERROR_TEMP_3072").with("msg", &message).text(message));
    }
    Ok(Buckets { count: buckets.count, columns, sort_by })
}

/// The names as the schema spells them; all of them must be there.
fn spelled(table: &FullName, role: &str, names: &[String], schema: &StructType) -> Result<Vec<String>> {
    let known = |name: &String| {
        let field = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| field.name.clone()).ok_or_else(|| {
            let columns: Vec<String> = schema.fields.iter().map(|field| quote(&field.name)).collect();
            Error::new("COLUMN_NOT_DEFINED_IN_TABLE")
                .with("colType", role)
                .with("colName", quote(name))
                .with("tableName", table.quoted())
                .with("tableCols", columns.join(", "))
        })
    };
    names.iter().map(known).collect()
}

fn check_repeats(names: &[String]) -> Result<()> {
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quote(&name.to_lowercase())));
        }
    }
    Ok(())
}

/// `[["a"],["b"]]`
fn clustering(names: &[String], schema: &StructType) -> Result<String> {
    let known = |name: &String| {
        let field = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| vec![field.name.clone()]).ok_or_else(|| {
            let tree = schema.tree_string(None);
            Error::new("_LEGACY_ERROR_TEMP_3060")
                .with("i", name)
                .with("schema", &tree)
                .text(format!("Couldn't find column {name} in:\n{tree}"))
        })
    };
    let columns: Vec<Vec<String>> = names.iter().map(known).collect::<Result<_>>()?;
    Ok(serde_json::json!(columns).to_string())
}

/// The columns a table is clustered by.
pub(crate) fn clustering_columns(properties: &Properties) -> Vec<String> {
    let columns = properties.get(CLUSTERING).and_then(|text| serde_json::from_str::<Vec<Vec<String>>>(text).ok());
    columns.unwrap_or_default().into_iter().map(|parts| parts.join(".")).collect()
}

/// What a clustering would be noted as, for errors.
pub(crate) fn clustering_text(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let columns: Vec<[&String; 1]> = names.iter().map(|name| [name]).collect();
    serde_json::json!(columns).to_string()
}

/// `4 buckets, bucket columns: [a], sort columns: [b]`
pub(crate) fn bucket_text(buckets: Option<&Buckets>) -> String {
    let Some(buckets) = buckets else { return "not bucketed".into() };
    let mut text = format!("{} buckets, bucket columns: [{}]", buckets.count, buckets.columns.join(", "));
    if !buckets.sort_by.is_empty() {
        text.push_str(&format!(", sort columns: [{}]", buckets.sort_by.join(", ")));
    }
    text
}

/// The same buckets, whatever the case of the names.
pub(crate) fn same_buckets(one: Option<&Buckets>, other: Option<&Buckets>) -> bool {
    let lowered = |buckets: &Buckets| {
        let names = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        (buckets.count, names(&buckets.columns), names(&buckets.sort_by))
    };
    one.map(lowered) == other.map(lowered)
}
