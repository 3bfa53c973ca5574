//! Relations: one file per family, one function per kind. Begin at [`resolve`].

mod aggregate;
mod as_of;
mod columns;
mod distinct;
mod filter;
mod into_table;
mod join;
mod lateral;
mod layout;
mod na;
mod observe;
mod pipe;
mod project;
mod read;
mod sample;
mod set_op;
mod shape;
mod sketches;
mod sort;
mod statistics;
mod time_window;
mod transpose;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Relation, RelationKind};

use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;

pub(crate) fn resolve(resolver: &Resolver<'_>, relation: &Relation, outer: Option<&Scope<'_>>) -> Result<Resolved> {
    use RelationKind as Kind;
    refuse_ignored(&relation.kind)?;
    match &*relation.kind {
        Kind::Table { name, options, time_travel, .. } => {
            let table = resolver.with_join_hints(Vec::new(), || resolver.table(name, options))?;
            let table = match resolver.hinted_strategy(name) {
                Some(strategy) => layout::joined_so(table, strategy)?,
                None => table,
            };
            if time_travel.is_some() { Err(read::no_time_travel(name, &table)) } else { Ok(table) }
        }
        Kind::DataSource { format, schema, options, paths, .. } => {
            resolver.data_source(format.as_deref(), schema.as_ref(), options, paths)
        }
        Kind::LocalData(data) => resolver.local_data(data),
        Kind::Parse { input, format, schema, options } => resolver.parse(input, *format, schema.as_ref(), options, outer),
        Kind::Range { start, end, step, partitions } => resolver.range(*start, *end, *step, *partitions),
        Kind::Values { rows } => resolver.values(rows, outer),
        Kind::TableFunction { name, arguments } => resolver.table_function(name, arguments, outer),
        Kind::Sql { text, named, positional } => resolver.sql(text, named, positional, outer),
        Kind::With { ctes, recursive, input } => resolver.with(ctes, *recursive, input, outer),
        Kind::CachedRemote { id } => resolver.cached_remote(id),
        Kind::Catalog(operation) => resolver.catalog_answer(operation),

        Kind::Project { input, expressions } => resolver.project(input.as_ref(), expressions, outer),
        Kind::SubqueryAlias { input, alias, qualifier, columns } => {
            let hinted = resolver.hinted_strategy(std::slice::from_ref(alias));
            let named =
                resolver.with_join_hints(Vec::new(), || resolver.subquery_alias(input, alias, qualifier, columns, outer))?;
            match hinted {
                Some(strategy) => layout::joined_so(named, strategy),
                None => Ok(named),
            }
        }
        Kind::ToDf { input, names } => resolver.to_df(input, names, outer),
        Kind::WithColumns { input, columns } => resolver.with_columns(input, columns, outer),
        Kind::WithColumnsRenamed { input, renames } => resolver.with_columns_renamed(input, renames, outer),
        Kind::Drop { input, columns, names } => resolver.drop(input, columns, names, outer),
        Kind::IntoTable(into) => resolver.into_table(into, outer),
        Kind::ToSchema { input, schema } => resolver.to_schema(input, schema, outer),

        Kind::PipeStep { step, clause } => resolver.pipe_step(step, clause, outer),
        Kind::Filter { input, condition } | Kind::Having { input, condition } => {
            resolver.filter(input, condition, &relation.origin, outer)
        }
        Kind::Aggregate(aggregate) => resolver.aggregate(aggregate, outer),
        Kind::SqlPivot { input, aggregates, columns, values } => {
            resolver.sql_pivot(input, aggregates, columns, values, &relation.origin, outer)
        }
        Kind::Join(join) => resolver.join(join, &relation.origin, outer),
        Kind::LateralJoin { left, right, condition, join_type } => {
            resolver.lateral_join(left, right, condition.as_ref(), *join_type, outer)
        }
        Kind::LateralView { input, generator, outer: keep, table, columns } => {
            resolver.lateral_view(input, generator, *keep, table, columns, &relation.origin, outer)
        }
        Kind::SetOp { op, left, right, is_all, by_name, allow_missing_columns } => {
            resolver.set_op(*op, left, right, *is_all, *by_name, *allow_missing_columns, outer)
        }
        Kind::Sort { input, orders, is_global, all } => resolver.sort(input, orders, *is_global, *all, outer),
        Kind::Limit { input, limit } => resolver.limit(input, limit, outer),
        Kind::Offset { input, offset } => resolver.offset(input, offset, outer),
        Kind::Deduplicate { input, keys, all_columns, .. } => resolver.deduplicate(input, keys, *all_columns, outer),

        Kind::FillNa { input, columns, values } => resolver.fill_na(input, columns, values, outer),
        Kind::DropNa { input, columns, min_non_nulls } => resolver.drop_na(input, columns, *min_non_nulls, outer),
        Kind::Replace { input, columns, replacements } => resolver.replace(input, columns, replacements, outer),

        Kind::Repartition { input, partitions, shuffle } => resolver.repartition(input, *partitions, *shuffle, outer),
        Kind::RepartitionByExpression { input, expressions, partitions } => {
            resolver.repartition_by(input, expressions, *partitions, outer)
        }
        Kind::Hint { input, name, parameters } => resolver.hint(input, name, parameters, outer),
        Kind::Unpivot { input, ids, values, variable_name, value_name } => {
            resolver.unpivot(input, ids, values.as_deref(), variable_name, value_name, outer)
        }
        Kind::Sample { input, lower, upper, with_replacement, seed, deterministic_order } => {
            let sample = sample::Sample {
                lower: *lower,
                upper: *upper,
                with_replacement: *with_replacement,
                seed: *seed,
                deterministic_order: *deterministic_order,
            };
            resolver.sample(input, &sample, outer)
        }
        Kind::SampleBy { input, column, fractions, seed } => resolver.sample_by(input, column, fractions, *seed, outer),
        Kind::CollectMetrics { input, name, metrics } => resolver.collect_metrics(relation.plan_id, input, name, metrics, outer),
        Kind::WithWatermark { input, delay, .. } => resolver.with_watermark(input, delay, outer),
        Kind::Crosstab { input, column1, column2 } => resolver.crosstab(input, column1, column2, outer),
        Kind::ApproxQuantile { input, columns, probabilities, relative_error } => {
            resolver.approx_quantile(input, columns, probabilities, *relative_error, outer)
        }
        Kind::FreqItems { input, columns, support } => resolver.freq_items(input, columns, *support, outer),
        Kind::Transpose { input, index } => resolver.transpose(input, index, outer),
        Kind::AsOfJoin(join) => resolver.as_of_join(join, outer),
        Kind::Describe { input, columns } => resolver.describe(input, columns, outer),
        Kind::Summary { input, statistics } => resolver.summary(input, statistics, outer),
        Kind::Cov { input, column1, column2 } => resolver.pair_statistic("covar_samp", "cov", input, column1, column2, outer),
        Kind::Corr { input, column1, column2, .. } => resolver.pair_statistic("corr", "corr", input, column1, column2, outer),

        Kind::MapPartitions { function, .. } => {
            Err(Error::unsupported(format!("{} over partitions: map, flatMap, mapPartitions, foreach", function.described())))
        }
        Kind::GroupMap { function, .. } | Kind::CoGroupMap { function, .. } => {
            Err(Error::unsupported(format!("{} over groups: mapGroups, flatMapGroups, cogroup", function.described())))
        }
        Kind::Unsupported { name } => Err(Error::unsupported(name.clone())),
        other => Err(Error::unsupported(format!("the relation {}", kind_name(other)))),
    }
}

/// Relations whose place only some of their errors are told by.
pub(crate) fn places_own_errors(relation: &Relation) -> bool {
    matches!(
        *relation.kind,
        RelationKind::Filter { .. } | RelationKind::Join(_) | RelationKind::LateralJoin { .. } | RelationKind::LateralView { .. }
    )
}

/// What a relation may ask for that nothing here would honour: refused by name rather than passed over.
fn refuse_ignored(kind: &RelationKind) -> Result<()> {
    let refused = match kind {
        RelationKind::Table { is_streaming: true, .. } | RelationKind::DataSource { is_streaming: true, .. } => "streaming reads",
        RelationKind::DataSource { predicates, .. } if !predicates.is_empty() => "predicates of a read",
        RelationKind::Deduplicate { within_watermark: true, .. } => {
            const WHY: &str = "dropDuplicatesWithinWatermark is not supported with batch DataFrames/DataSets";
            return Err(Error::new("_LEGACY_ERROR_TEMP_3102").with("msg", WHY).text(format!("{WHY}.")));
        }
        RelationKind::Corr { method: Some(method), .. } if !method.eq_ignore_ascii_case("pearson") => {
            "corr by another method than pearson"
        }
        _ => return Ok(()),
    };
    Err(Error::unsupported(refused))
}

/// The name of a kind, for errors.
fn kind_name(kind: &RelationKind) -> String {
    let text = format!("{kind:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
