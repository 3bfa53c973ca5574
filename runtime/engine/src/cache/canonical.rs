//! What a logical plan means, apart from how it is written: equal meanings give equal rows.
//!
//! Columns count by their place in an operator's input, so internal names and names of what is computed are nothing;
//! operators that only rename are nothing at all. A meaning is a hash of 128 bits over that form, made bottom-up and remembered per operator,
//! so that a plan of many operators costs no more than it is long.
//! A plan has no meaning here if it draws (`rand`, `uuid`), or contains an operator or a reference this file does not know.
//! Begin at [`Canonical::meaning`].

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, LogicalPlanBuilder, Partitioning, SortExpr, Subquery, lit};
use emberflow_analyzer::Table;

use super::KeptTable;
use super::identified::Identified;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Meaning(u64, u64);

/// Makes meanings; remembers those of the operators it has seen.
#[derive(Default)]
pub(crate) struct Canonical {
    /// By address; the operator is kept so that no other can come to have it.
    seen: HashMap<usize, (Arc<LogicalPlan>, Option<Meaning>)>,
}

/// Two hashers that start differently.
struct Twin(DefaultHasher, DefaultHasher);

impl Hasher for Twin {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl Twin {
    fn new() -> Self {
        let mut second = DefaultHasher::new();
        second.write_u8(0x9d);
        Self(DefaultHasher::new(), second)
    }

    fn meaning(&self) -> Meaning {
        Meaning(self.0.finish(), self.1.finish())
    }
}

/// The schemas a column may come from, innermost operator last.
type Outer<'a> = Vec<Vec<&'a DFSchema>>;

impl Canonical {
    /// The meaning of a plan, if it has one that can be compared.
    pub fn meaning(&mut self, plan: &LogicalPlan) -> Option<Meaning> {
        self.node(plan, &mut Vec::new())
    }

    fn child(&mut self, plan: &Arc<LogicalPlan>, outer: &mut Outer<'_>) -> Option<Meaning> {
        // Inside of a subquery the meaning depends on what is around it.
        if !outer.is_empty() {
            return self.node(plan, outer);
        }
        if let Some((_, meaning)) = self.seen.get(&address(plan)) {
            return *meaning;
        }
        let meaning = self.node(plan, outer);
        self.seen.insert(address(plan), (Arc::clone(plan), meaning));
        meaning
    }

    fn node(&mut self, plan: &LogicalPlan, outer: &mut Outer<'_>) -> Option<Meaning> {
        stacker::maybe_grow(256 << 10, 4 << 20, || self.node_on_enough_stack(plan, outer))
    }

    fn node_on_enough_stack(&mut self, plan: &LogicalPlan, outer: &mut Outer<'_>) -> Option<Meaning> {
        match plan {
            LogicalPlan::SubqueryAlias(alias) => return self.child(&alias.input, outer),
            LogicalPlan::Projection(projection) if only_renames(&projection.expr, projection.input.schema()) => {
                return self.child(&projection.input, outer);
            }
            // Kept rows mean what they were made of.
            LogicalPlan::TableScan(scan) if scan.projection.is_none() && scan.filters.is_empty() && scan.fetch.is_none() => {
                let provider = source_as_provider(&scan.source).ok()?;
                if let Some(kept) = provider.downcast_ref::<KeptTable>() {
                    return kept.entry().key.meaning;
                }
            }
            _ => {}
        }
        let mut state = Twin::new();
        std::mem::discriminant(plan).hash(&mut state);
        self.own_part(plan, outer, &mut state)?;
        Some(state.meaning())
    }

    fn own_part(&mut self, plan: &LogicalPlan, outer: &mut Outer<'_>, state: &mut Twin) -> Option<()> {
        match plan {
            LogicalPlan::TableScan(scan) => {
                let provider = source_as_provider(&scan.source).ok()?;
                match provider.downcast_ref::<Identified>() {
                    Some(identified) => identified.identity().hash(state),
                    // The table itself; a plan that is kept keeps its tables.
                    None => (Arc::as_ptr(&provider) as *const () as usize).hash(state),
                }
                (&scan.projection, scan.fetch, scan.filters.len()).hash(state);
                self.expressions(&scan.filters, &[&scan.projected_schema], outer, state)
            }
            LogicalPlan::Projection(projection) => self.unary(&projection.input, &projection.expr, outer, state),
            LogicalPlan::Filter(filter) => self.unary(&filter.input, [&filter.predicate], outer, state),
            LogicalPlan::Window(window) => self.unary(&window.input, &window.window_expr, outer, state),
            LogicalPlan::Aggregate(aggregate) => {
                aggregate.group_expr.len().hash(state);
                let all = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
                self.unary(&aggregate.input, all, outer, state)
            }
            LogicalPlan::Sort(sort) => {
                sort.fetch.hash(state);
                hash_orders(&sort.expr, state);
                self.unary(&sort.input, sort.expr.iter().map(|order| &order.expr), outer, state)
            }
            LogicalPlan::Limit(limit) => {
                (limit.skip.is_some(), limit.fetch.is_some()).hash(state);
                let bounds = limit.skip.iter().chain(&limit.fetch).map(|bound| &**bound);
                self.unary(&limit.input, bounds, outer, state)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                "all".hash(state);
                self.unary(input, [], outer, state)
            }
            LogicalPlan::Distinct(Distinct::On(on)) => {
                let orders = on.sort_expr.as_deref().unwrap_or_default();
                ("on", on.on_expr.len(), on.select_expr.len()).hash(state);
                hash_orders(orders, state);
                let all = on.on_expr.iter().chain(&on.select_expr).chain(orders.iter().map(|order| &order.expr));
                self.unary(&on.input, all, outer, state)
            }
            LogicalPlan::Repartition(repartition) => match &repartition.partitioning_scheme {
                Partitioning::RoundRobinBatch(count) => {
                    ("round", count).hash(state);
                    self.unary(&repartition.input, [], outer, state)
                }
                Partitioning::Hash(by, count) => {
                    ("hash", count).hash(state);
                    self.unary(&repartition.input, by, outer, state)
                }
                _ => None,
            },
            LogicalPlan::Join(join) => {
                (join.join_type, join.null_equality, join.null_aware, join.on.len()).hash(state);
                self.child(&join.left, outer)?.hash(state);
                self.child(&join.right, outer)?.hash(state);
                let on = join.on.iter().flat_map(|(left, right)| [left, right]);
                let schemas: [&DFSchema; 2] = [join.left.schema(), join.right.schema()];
                self.expressions(on.chain(&join.filter), &schemas, outer, state)
            }
            LogicalPlan::Union(union) => {
                union.inputs.len().hash(state);
                union.schema.fields().iter().for_each(|field| field.data_type().hash(state));
                for input in &union.inputs {
                    self.child(input, outer)?.hash(state);
                }
                Some(())
            }
            LogicalPlan::Values(values) => {
                values.schema.fields().iter().for_each(|field| field.data_type().hash(state));
                values.values.len().hash(state);
                self.expressions(values.values.iter().flatten(), &[], outer, state)
            }
            LogicalPlan::EmptyRelation(empty) => {
                empty.produce_one_row.hash(state);
                empty.schema.fields().iter().for_each(|field| field.data_type().hash(state));
                Some(())
            }
            LogicalPlan::Unnest(unnest) => {
                let lists: Vec<(usize, usize)> = unnest.list_type_columns.iter().map(|(at, list)| (*at, list.depth)).collect();
                let structs = (&unnest.struct_type_columns, &unnest.dependency_indices);
                (lists, structs, unnest.options.preserve_nulls()).hash(state);
                self.unary(&unnest.input, [], outer, state)
            }
            _ => None,
        }
    }

    fn unary<'e>(
        &mut self,
        input: &Arc<LogicalPlan>,
        expressions: impl IntoIterator<Item = &'e Expr>,
        outer: &mut Outer<'_>,
        state: &mut Twin,
    ) -> Option<()> {
        self.child(input, outer)?.hash(state);
        self.expressions(expressions, &[input.schema()], outer, state)
    }

    fn expressions<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr>,
        inputs: &[&DFSchema],
        outer: &mut Outer<'_>,
        state: &mut Twin,
    ) -> Option<()> {
        for expression in expressions {
            // As with Spark, a column under another name is not the column, while names of what is computed mean nothing.
            let renames = matches!(expression, Expr::Alias(alias) if matches!(*alias.expr, Expr::Column(_)));
            renames.hash(state);
            self.expression(expression.clone(), inputs, outer)?.hash(state);
        }
        Some(())
    }

    /// The expression with places for columns and meanings for subqueries.
    fn expression(&mut self, expression: Expr, inputs: &[&DFSchema], outer: &mut Outer<'_>) -> Option<Expr> {
        let mut known = true;
        let replaced = expression.transform_up(|expression| {
            let replaced = match &expression {
                Expr::Alias(alias) => Some((*alias.expr).clone()),
                Expr::Column(column) => place(column, inputs).map(|at| Expr::Column(Column::new_unqualified(at))),
                Expr::OuterReferenceColumn(field, column) => outer
                    .last()
                    .and_then(|around| place(column, around))
                    .map(|at| Expr::OuterReferenceColumn(field.clone(), Column::new_unqualified(at))),
                Expr::ScalarSubquery(subquery) => self.subquery("scalar", subquery, inputs, outer),
                Expr::Exists(exists) => {
                    let kind = if exists.negated { "not exists" } else { "exists" };
                    self.subquery(kind, &exists.subquery, inputs, outer)
                }
                Expr::InSubquery(membership) => self
                    .subquery("in", &membership.subquery, inputs, outer)
                    .map(|rows| Expr::InList(InList::new(membership.expr.clone(), vec![rows], membership.negated))),
                Expr::SetComparison(_) | Expr::Placeholder(_) => None,
                other if draws(other) => None,
                _ => return Ok(Transformed::no(expression)),
            };
            known &= replaced.is_some();
            Ok(replaced.map_or_else(|| Transformed::no(expression), Transformed::yes))
        });
        replaced.ok().map(|replaced| replaced.data).filter(|_| known)
    }

    fn subquery(&mut self, kind: &str, subquery: &Subquery, inputs: &[&DFSchema], outer: &mut Outer<'_>) -> Option<Expr> {
        // A new frame for the call: what the operator's expressions may refer to from inside of the subquery.
        let mut around: Outer<'_> = outer.iter().map(|schemas| schemas.to_vec()).collect();
        around.push(inputs.to_vec());
        let Meaning(one, two) = self.node(&subquery.subquery, &mut around)?;
        Some(lit(format!("{kind} {one:x} {two:x}")))
    }
}

/// `plan`, reading what is kept of it: the largest parts that `kept` has rows of.
pub(crate) fn with_kept(plan: LogicalPlan, kept: impl Fn(&LogicalPlan) -> Option<Table>) -> LogicalPlan {
    let replaced = plan.clone().transform_down_with_subqueries(|node| {
        let Some(table) = kept(&node) else { return Ok(Transformed::no(node)) };
        let scan = LogicalPlanBuilder::scan("kept", provider_as_source(table.provider), None)?.build()?;
        let columns: Vec<Expr> = scan.schema().columns().into_iter().map(Expr::Column).collect();
        let named = columns.into_iter().zip(node.schema().iter());
        let named = named.map(|(column, (relation, field))| column.alias_qualified(relation.cloned(), field.name()));
        let plan = LogicalPlanBuilder::from(scan).project(named)?.build()?;
        Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump))
    });
    // What cannot be rewritten is run as it is.
    replaced.map_or(plan, |replaced| replaced.data)
}

/// Where a column comes from: input and position.
fn place(column: &Column, inputs: &[&DFSchema]) -> Option<String> {
    inputs.iter().enumerate().find_map(|(input, schema)| {
        let at = schema.maybe_index_of_column(column)?;
        Some(format!("{input}.{at}"))
    })
}

fn address(plan: &Arc<LogicalPlan>) -> usize {
    Arc::as_ptr(plan) as usize
}

fn only_renames(expressions: &[Expr], input: &DFSchema) -> bool {
    let same = |(at, expression): (usize, &Expr)| match bare(expression) {
        Expr::Column(column) => input.maybe_index_of_column(column) == Some(at),
        _ => false,
    };
    expressions.len() == input.fields().len() && expressions.iter().enumerate().all(same)
}

fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

fn hash_orders(orders: &[SortExpr], state: &mut Twin) {
    orders.iter().for_each(|order| (order.asc, order.nulls_first).hash(state));
}

/// Gives another value each time it is evaluated.
fn draws(expression: &Expr) -> bool {
    expression.is_volatile_node()
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, col, lit, table_scan};

    use super::*;

    fn scan(name: &str, columns: [&str; 2]) -> LogicalPlanBuilder {
        use arrow::datatypes::{DataType, Field, Schema};
        let schema = Schema::new(columns.map(|name| Field::new(name, DataType::Int64, true)).to_vec());
        let table = datafusion::datasource::MemTable::try_new(Arc::new(schema), vec![vec![]]).unwrap();
        let table = Identified::wrap(Arc::new(table), super::super::Identity::Text("t".into()));
        LogicalPlanBuilder::scan(name, datafusion::datasource::provider_as_source(table), None).unwrap()
    }

    fn meaning(plan: LogicalPlanBuilder) -> Option<Meaning> {
        Canonical::default().meaning(&plan.build().unwrap())
    }

    #[test]
    fn names_mean_nothing_and_places_everything() {
        let one = scan("s1", ["a", "b"]).filter(col("a").gt(lit(1_i64))).unwrap();
        let two = scan("s2", ["x", "y"]).filter(col("x").gt(lit(1_i64))).unwrap();
        let other = scan("s2", ["x", "y"]).filter(col("y").gt(lit(1_i64))).unwrap();
        assert!(meaning(one.clone()).is_some());
        assert_eq!(meaning(one.clone()), meaning(two));
        assert_ne!(meaning(one.clone()), meaning(other));
        let renamed = one.clone().project([col("a").alias("c"), col("b")]).unwrap();
        assert_eq!(meaning(one.clone()), meaning(renamed));
        let swapped = one.clone().project([col("b"), col("a")]).unwrap();
        assert_ne!(meaning(one), meaning(swapped));
    }

    #[test]
    fn order_and_bounds_count() {
        let sorted = |asc, fetch| scan("s", ["a", "b"]).sort_with_limit([col("a").sort(asc, true)], fetch).unwrap();
        assert_eq!(meaning(sorted(true, None)), meaning(sorted(true, None)));
        assert_ne!(meaning(sorted(true, None)), meaning(sorted(false, None)));
        assert_ne!(meaning(sorted(true, None)), meaning(sorted(true, Some(3))));
    }

    #[test]
    fn tables_without_identity_are_only_themselves() {
        use arrow::datatypes::{DataType, Field, Schema};
        let schema = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
        let one = table_scan(Some("t"), &schema, None).unwrap();
        assert_eq!(meaning(one), None);
    }
}
