//! Operators that choose, order, spread, watch or print rows.

use emberflow_base::Result;
use emberflow_plan::tree::{ParseFormat, RelationKind};

use crate::decode::{Decoder, bad_enum, expression::int, options, types};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn filter(&self, filter: &'a proto::Filter) -> Result<RelationKind> {
        Ok(RelationKind::Filter {
            input: self.input(filter.input.as_deref(), "Filter")?,
            condition: self.needed(filter.condition.as_ref(), "Filter", "condition")?,
        })
    }

    pub(super) fn sort(&self, sort: &'a proto::Sort) -> Result<RelationKind> {
        Ok(RelationKind::Sort {
            input: self.input(sort.input.as_deref(), "Sort")?,
            orders: self.sort_orders(&sort.order)?,
            is_global: sort.is_global(),
            all: None,
        })
    }

    pub(super) fn limit(&self, limit: &'a proto::Limit) -> Result<RelationKind> {
        Ok(RelationKind::Limit { input: self.input(limit.input.as_deref(), "Limit")?, limit: int(limit.limit) })
    }

    pub(super) fn offset(&self, offset: &'a proto::Offset) -> Result<RelationKind> {
        Ok(RelationKind::Offset { input: self.input(offset.input.as_deref(), "Offset")?, offset: int(offset.offset) })
    }

    pub(super) fn tail(&self, tail: &'a proto::Tail) -> Result<RelationKind> {
        Ok(RelationKind::Tail { input: self.input(tail.input.as_deref(), "Tail")?, limit: int(tail.limit) })
    }

    pub(super) fn sample(&self, sample: &'a proto::Sample) -> Result<RelationKind> {
        Ok(RelationKind::Sample {
            input: self.input(sample.input.as_deref(), "Sample")?,
            lower: sample.lower_bound,
            upper: sample.upper_bound,
            with_replacement: sample.with_replacement(),
            seed: sample.seed,
            deterministic_order: sample.deterministic_order,
        })
    }

    pub(super) fn repartition(&self, message: &'a proto::Repartition) -> Result<RelationKind> {
        Ok(RelationKind::Repartition {
            input: self.input(message.input.as_deref(), "Repartition")?,
            partitions: message.num_partitions,
            shuffle: message.shuffle(),
        })
    }

    pub(super) fn repartition_by_expression(&self, message: &'a proto::RepartitionByExpression) -> Result<RelationKind> {
        Ok(RelationKind::RepartitionByExpression {
            input: self.input(message.input.as_deref(), "RepartitionByExpression")?,
            expressions: self.expressions(&message.partition_exprs)?,
            partitions: message.num_partitions,
        })
    }

    pub(super) fn hint(&self, hint: &'a proto::Hint) -> Result<RelationKind> {
        Ok(RelationKind::Hint {
            input: self.input(hint.input.as_deref(), "Hint")?,
            name: hint.name.clone(),
            parameters: self.expressions(&hint.parameters)?,
        })
    }

    pub(super) fn collect_metrics(&self, message: &'a proto::CollectMetrics) -> Result<RelationKind> {
        Ok(RelationKind::CollectMetrics {
            input: self.input(message.input.as_deref(), "CollectMetrics")?,
            name: message.name.clone(),
            metrics: self.expressions(&message.metrics)?,
        })
    }

    pub(super) fn with_watermark(&self, message: &'a proto::WithWatermark) -> Result<RelationKind> {
        Ok(RelationKind::WithWatermark {
            input: self.input(message.input.as_deref(), "WithWatermark")?,
            column: message.event_time.clone(),
            delay: message.delay_threshold.clone(),
        })
    }

    pub(super) fn parse(&self, parse: &'a proto::Parse) -> Result<RelationKind> {
        use proto::parse::ParseFormat as Format;
        let format = match parse.format() {
            Format::Csv => ParseFormat::Csv,
            Format::Json => ParseFormat::Json,
            Format::Xml => ParseFormat::Xml,
            Format::Unspecified => return Err(bad_enum("spark.connect.Parse", "format", parse.format)),
        };
        Ok(RelationKind::Parse {
            input: self.input(parse.input.as_deref(), "Parse")?,
            format,
            schema: parse.schema.as_ref().map(types::struct_type).transpose()?,
            options: options(&parse.options),
        })
    }

    pub(super) fn show_string(&self, show: &'a proto::ShowString) -> Result<RelationKind> {
        Ok(RelationKind::ShowString {
            input: self.input(show.input.as_deref(), "ShowString")?,
            rows: show.num_rows,
            truncate: show.truncate,
            vertical: show.vertical,
        })
    }

    pub(super) fn html_string(&self, html: &'a proto::HtmlString) -> Result<RelationKind> {
        Ok(RelationKind::HtmlString {
            input: self.input(html.input.as_deref(), "HtmlString")?,
            rows: html.num_rows,
            truncate: html.truncate,
        })
    }
}
