//! Verbs about columns: which, under what names, computed how.
//!
//! Not here: verbs about rows (`verbs_rows`), two frames (`verbs_pairs`), figures (`verbs_statistics`).

use extendr_api::prelude::*;
use proto::relation::RelType;
use spark_connect_proto as proto;

use crate::column::{alias, columns};
use crate::failure::{Failure, outcome};
use crate::frame::verb;
use crate::r_api::{text, text_or_none, texts};

/// Exactly these columns.
#[extendr]
fn frame_select(input: Robj, selected: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::Project(Box::new(proto::Project { input, expressions: columns(&selected)? }))))
}

/// Adds columns or replaces those of the same name.
#[extendr]
fn frame_with_columns(input: Robj, names: Robj, values: Robj) -> Robj {
    verb(&input, |input| {
        let names = texts(&names, "names")?;
        let aliases = columns(&values)?.into_iter().zip(&names).map(|(value, name)| alias(value, name)).collect();
        Ok(RelType::WithColumns(Box::new(proto::WithColumns { input, aliases })))
    })
}

/// Renames; unknown names are left alone.
#[extendr]
fn frame_rename(input: Robj, existing: Robj, new: Robj) -> Robj {
    use proto::with_columns_renamed::Rename;
    verb(&input, |input| {
        let pairs = texts(&existing, "existingCol")?.into_iter().zip(texts(&new, "newCol")?);
        let renames = pairs.map(|(col_name, new_col_name)| Rename { col_name, new_col_name }).collect();
        let renamed = proto::WithColumnsRenamed { input, renames, ..Default::default() };
        Ok(RelType::WithColumnsRenamed(Box::new(renamed)))
    })
}

/// Renames all columns by position.
#[extendr]
fn frame_to_df(input: Robj, names: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::ToDf(Box::new(proto::ToDf { input, column_names: texts(&names, "names")? }))))
}

/// Everything but these columns; unknown names are left alone.
#[extendr]
fn frame_drop(input: Robj, dropped: Robj, names: Robj) -> Robj {
    verb(&input, |input| {
        let drop = proto::Drop { input, columns: columns(&dropped)?, column_names: texts(&names, "col")? };
        Ok(RelType::Drop(Box::new(drop)))
    })
}

/// The frame under a name for qualified columns.
#[extendr]
fn frame_alias(input: Robj, name: Robj) -> Robj {
    verb(&input, |input| {
        let alias = proto::SubqueryAlias { input, alias: text(&name, "data")?.to_owned(), qualifier: Vec::new() };
        Ok(RelType::SubqueryAlias(Box::new(alias)))
    })
}

/// Columns become rows of a name and a value. `values` is NULL for all columns that are not ids.
#[extendr]
fn frame_unpivot(input: Robj, ids: Robj, values: Robj, variable: Robj, value: Robj) -> Robj {
    verb(&input, |input| {
        let chosen = if values.is_null() { None } else { Some(proto::unpivot::Values { values: columns(&values)? }) };
        Ok(RelType::Unpivot(Box::new(proto::Unpivot {
            input,
            ids: columns(&ids)?,
            values: chosen,
            variable_column_name: text(&variable, "variableColumnName")?.to_owned(),
            value_column_name: text(&value, "valueColumnName")?.to_owned(),
        })))
    })
}

/// A hint for the planner; parameters are columns.
#[extendr]
fn frame_hint(input: Robj, name: Robj, parameters: Robj) -> Robj {
    verb(&input, |input| {
        let hint = proto::Hint { input, name: text(&name, "name")?.to_owned(), parameters: columns(&parameters)? };
        Ok(RelType::Hint(Box::new(hint)))
    })
}

/// Groups and aggregates. `kind` is groupby, rollup or cube; `pivot` a column or NULL with literal columns as `values`.
#[extendr]
fn frame_aggregate(input: Robj, kind: Robj, grouping: Robj, aggregates: Robj, pivot: Robj, values: Robj) -> Robj {
    use proto::aggregate::{GroupType, Pivot};
    use proto::expression::ExprType;
    verb(&input, |input| {
        let group_type = match text(&kind, "kind")? {
            _ if !pivot.is_null() => GroupType::Pivot,
            "rollup" => GroupType::Rollup,
            "cube" => GroupType::Cube,
            _ => GroupType::Groupby,
        };
        let pivot = if pivot.is_null() {
            None
        } else {
            let literals = columns(&values)?.into_iter().map(|value| match value.expr_type {
                Some(ExprType::Literal(literal)) => Ok(literal),
                _ => Err(Failure::usage("pivot values should be literals")),
            });
            Some(Pivot { col: Some(crate::column::column(&pivot)?), values: literals.collect::<Result<_, _>>()? })
        };
        Ok(RelType::Aggregate(Box::new(proto::Aggregate {
            input,
            group_type: group_type.into(),
            grouping_expressions: columns(&grouping)?,
            aggregate_expressions: columns(&aggregates)?,
            pivot,
            grouping_sets: Vec::new(),
        })))
    })
}

/// Reads files or another data source.
#[extendr]
fn frame_read(session_handle: Robj, format: Robj, schema: Robj, options: Robj, paths: Robj, predicates: Robj) -> Robj {
    use proto::read::{DataSource, ReadType};
    outcome(|| {
        let source = DataSource {
            format: text_or_none(&format),
            schema: text_or_none(&schema),
            options: crate::r_api::pairs(&options, "options")?.into_iter().collect(),
            paths: texts(&paths, "path")?,
            predicates: texts(&predicates, "predicates")?,
            ..Default::default()
        };
        read(&session_handle, ReadType::DataSource(source))
    })
}

/// Reads a table or view by name.
#[extendr]
fn frame_table(session_handle: Robj, name: Robj) -> Robj {
    use proto::read::{NamedTable, ReadType};
    outcome(|| {
        let table = NamedTable { unparsed_identifier: text(&name, "tableName")?.to_owned(), ..Default::default() };
        read(&session_handle, ReadType::NamedTable(table))
    })
}

fn read(session_handle: &Robj, read_type: proto::read::ReadType) -> crate::failure::Result<Robj> {
    let read = proto::Read { read_type: Some(read_type), is_streaming: false };
    let session = crate::session::session(session_handle)?.clone();
    Ok(crate::r_api::hold(crate::frame::Frame::new(session, RelType::Read(read))))
}

extendr_module! {
    mod verbs_columns;
    fn frame_select;
    fn frame_with_columns;
    fn frame_rename;
    fn frame_to_df;
    fn frame_drop;
    fn frame_alias;
    fn frame_unpivot;
    fn frame_hint;
    fn frame_aggregate;
    fn frame_read;
    fn frame_table;
}
