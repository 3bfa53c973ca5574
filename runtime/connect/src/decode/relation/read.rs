//! Where rows come from: tables, files, ranges, table functions.

use emberflow_base::Result;
use emberflow_plan::tree::RelationKind;

use crate::decode::{Decoder, names, not_set, options, types};
use crate::proto;
use crate::proto::read::ReadType;

impl<'a> Decoder<'a> {
    pub(super) fn read(&self, read: &'a proto::Read) -> Result<RelationKind> {
        match &read.read_type {
            Some(ReadType::NamedTable(table)) => Ok(RelationKind::Table {
                name: names::identifier(&table.unparsed_identifier)?,
                options: options(&table.options),
                is_streaming: read.is_streaming,
                time_travel: None,
            }),
            Some(ReadType::DataSource(source)) => self.data_source(source, read.is_streaming),
            None => Err(not_set("spark.connect.Read", "read_type")),
        }
    }

    pub(super) fn range(&self, range: &proto::Range) -> RelationKind {
        RelationKind::Range {
            start: range.start.unwrap_or(0),
            end: range.end,
            step: range.step,
            partitions: range.num_partitions,
        }
    }

    pub(super) fn table_function(&self, call: &'a proto::UnresolvedTableValuedFunction) -> Result<RelationKind> {
        Ok(RelationKind::TableFunction {
            name: names::identifier(&call.function_name)?,
            arguments: self.expressions(&call.arguments)?,
        })
    }

    fn data_source(&self, source: &proto::read::DataSource, is_streaming: bool) -> Result<RelationKind> {
        let schema = source.schema.as_deref().filter(|text| !text.trim().is_empty());
        Ok(RelationKind::DataSource {
            format: source.format.clone().filter(|format| !format.is_empty()),
            schema: schema.map(|text| types::struct_text(text, self.blocks.sql_options())).transpose()?,
            options: options(&source.options),
            paths: source.paths.clone(),
            predicates: source.predicates.clone(),
            is_streaming,
        })
    }
}
