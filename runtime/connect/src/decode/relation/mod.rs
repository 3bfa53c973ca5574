//! `Relation` to `Relation`, one file per family.
//!
//! To accept one more relation: its arm in [`Decoder::relation_kind`], its function in the family's file.

mod aggregate;
mod catalog;
mod columns;
mod foreign;
mod join;
mod local;
mod missing;
mod read;
mod references;
mod rows;
mod statistics;

use emberflow_base::{Error, Result};
use emberflow_plan::Relation;
use emberflow_plan::tree::RelationKind;

use super::{Decoder, empty_field, not_set, origin};
use crate::deep::deeper;
use crate::proto;
use crate::proto::relation::RelType;

impl<'a> Decoder<'a> {
    /// A relation.
    pub fn relation(&self, message: &'a proto::Relation) -> Result<Relation> {
        let Some(kind) = &message.rel_type else {
            return Err(not_set("spark.connect.Relation", "rel_type"));
        };
        self.count_node()?;
        let common = message.common.as_ref();
        let origin = origin(common.and_then(|common| common.origin.as_ref()));
        let located = |why: Error| match &origin {
            Some(context) if why.contexts().is_empty() => why.context(context.as_ref().clone()),
            _ => why,
        };
        let kind = deeper(|| self.relation_kind(kind)).map_err(located)?;
        Ok(Relation::new(kind).with_plan_id(common.and_then(|common| common.plan_id)).with_origin(origin))
    }

    /// The input of an operator, which has to be there.
    pub(super) fn input(&self, message: Option<&'a proto::Relation>, owner: &str) -> Result<Relation> {
        self.relation(message.ok_or_else(|| empty_field(&format!("spark.connect.{owner}.input"), "input"))?)
    }

    fn relation_kind(&self, kind: &'a RelType) -> Result<RelationKind> {
        match kind {
            RelType::Read(message) => self.read(message),
            RelType::Project(message) => self.project(message),
            RelType::Filter(message) => self.filter(message),
            RelType::Join(message) => self.join(message),
            RelType::SetOp(message) => self.set_op(message),
            RelType::Sort(message) => self.sort(message),
            RelType::Limit(message) => self.limit(message),
            RelType::Offset(message) => self.offset(message),
            RelType::Tail(message) => self.tail(message),
            RelType::Aggregate(message) => self.aggregate(message),
            RelType::Sql(message) => self.sql_relation(message),
            RelType::LocalRelation(message) => self.local_relation(message),
            RelType::CachedLocalRelation(message) => self.cached_local_relation(message),
            RelType::ChunkedCachedLocalRelation(message) => self.chunked_local_relation(message),
            RelType::CachedRemoteRelation(message) => Ok(RelationKind::CachedRemote { id: message.relation_id.clone() }),
            RelType::Sample(message) => self.sample(message),
            RelType::Deduplicate(message) => self.deduplicate(message),
            RelType::Range(message) => Ok(self.range(message)),
            RelType::SubqueryAlias(message) => self.subquery_alias(message),
            RelType::Repartition(message) => self.repartition(message),
            RelType::RepartitionByExpression(message) => self.repartition_by_expression(message),
            RelType::ToDf(message) => self.to_df(message),
            RelType::ToSchema(message) => self.to_schema(message),
            RelType::WithColumns(message) => self.with_columns(message),
            RelType::WithColumnsRenamed(message) => self.with_columns_renamed(message),
            RelType::Drop(message) => self.drop_columns(message),
            RelType::Unpivot(message) => self.unpivot(message),
            RelType::Transpose(message) => self.transpose(message),
            RelType::ShowString(message) => self.show_string(message),
            RelType::HtmlString(message) => self.html_string(message),
            RelType::Hint(message) => self.hint(message),
            RelType::CollectMetrics(message) => self.collect_metrics(message),
            RelType::Parse(message) => self.parse(message),
            RelType::WithWatermark(message) => self.with_watermark(message),
            RelType::WithRelations(message) => self.with_relations(message),
            RelType::LateralJoin(message) => self.lateral_join(message),
            RelType::AsOfJoin(message) => self.as_of_join(message),
            RelType::UnresolvedTableValuedFunction(message) => self.table_function(message),
            RelType::MapPartitions(message) => self.map_partitions(message),
            RelType::GroupMap(message) => self.group_map(message),
            RelType::CoGroupMap(message) => self.co_group_map(message),
            RelType::FillNa(message) => self.fill_na(message),
            RelType::DropNa(message) => self.drop_na(message),
            RelType::Replace(message) => self.replace(message),
            RelType::Summary(message) => self.summary(message),
            RelType::Describe(message) => self.describe(message),
            RelType::Crosstab(message) => self.crosstab(message),
            RelType::Cov(message) => self.cov(message),
            RelType::Corr(message) => self.corr(message),
            RelType::ApproxQuantile(message) => self.approx_quantile(message),
            RelType::FreqItems(message) => self.freq_items(message),
            RelType::SampleBy(message) => self.sample_by(message),
            RelType::Catalog(message) => catalog::operation(message),
            RelType::ApplyInPandasWithState(_) => Ok(unsupported("applyInPandasWithState")),
            RelType::CommonInlineUserDefinedTableFunction(_) => Ok(unsupported("table functions in Python")),
            RelType::CommonInlineUserDefinedDataSource(_) => Ok(unsupported("data sources in Python")),
            RelType::RelationChanges(_) => Ok(unsupported("change feeds")),
            RelType::NearestByJoin(_) => Ok(unsupported("nearest-by joins")),
            RelType::Zip(_) => Ok(unsupported("zip of DataFrames")),
            RelType::MlRelation(_) => Ok(unsupported("machine learning")),
            RelType::Extension(any) => {
                Err(Error::new("CONNECT_INVALID_PLAN.NO_HANDLER_FOR_EXTENSION").with("extensionTypeUrl", any.type_url.as_str()))
            }
            RelType::Unknown(_) => Err(not_set("spark.connect.Relation", "rel_type")),
        }
    }
}

fn unsupported(name: &str) -> RelationKind {
    RelationKind::Unsupported { name: name.to_owned() }
}
