//! Functions of other languages over whole partitions or groups.

use emberflow_base::Result;
use emberflow_plan::tree::{ForeignFunction, RelationKind};

use super::unsupported;
use crate::decode::{Decoder, empty_field, expression::foreign_function};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn map_partitions(&self, message: &'a proto::MapPartitions) -> Result<RelationKind> {
        Ok(RelationKind::MapPartitions {
            input: self.input(message.input.as_deref(), "MapPartitions")?,
            function: required(message.func.as_ref(), "MapPartitions")?,
            is_barrier: message.is_barrier(),
        })
    }

    pub(super) fn group_map(&self, message: &'a proto::GroupMap) -> Result<RelationKind> {
        let keeps_state = message.state_schema.is_some() || message.transform_with_state_info.is_some();
        if keeps_state || message.initial_input.is_some() {
            return Ok(unsupported("functions over groups that keep state"));
        }
        if !message.sorting_expressions.is_empty() {
            return Ok(unsupported("functions over sorted groups"));
        }
        Ok(RelationKind::GroupMap {
            input: self.input(message.input.as_deref(), "GroupMap")?,
            grouping: self.expressions(&message.grouping_expressions)?,
            function: required(message.func.as_ref(), "GroupMap")?,
        })
    }

    pub(super) fn co_group_map(&self, message: &'a proto::CoGroupMap) -> Result<RelationKind> {
        if !message.input_sorting_expressions.is_empty() || !message.other_sorting_expressions.is_empty() {
            return Ok(unsupported("functions over sorted groups"));
        }
        Ok(RelationKind::CoGroupMap {
            left: self.input(message.input.as_deref(), "CoGroupMap")?,
            left_grouping: self.expressions(&message.input_grouping_expressions)?,
            right: self.input(message.other.as_deref(), "CoGroupMap.other")?,
            right_grouping: self.expressions(&message.other_grouping_expressions)?,
            function: required(message.func.as_ref(), "CoGroupMap")?,
        })
    }
}

fn required(function: Option<&proto::CommonInlineUserDefinedFunction>, owner: &str) -> Result<ForeignFunction> {
    foreign_function(function.ok_or_else(|| empty_field(&format!("spark.connect.{owner}.func"), "func"))?)
}
