//! LATERAL: generators and sub-queries in FROM that see the columns to their left.

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Expr, ExprKind, JoinType, Origin, Relation, RelationKind};

use crate::attribute::Attr;
use crate::resolved::Resolved;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::{self, quoted_name};

impl Resolver<'_> {
    #[expect(clippy::too_many_arguments, reason = "what a lateral view is made of")]
    pub(super) fn lateral_view(
        &self,
        input: &Relation,
        generator: &Expr,
        keep: bool,
        table: &str,
        columns: &[String],
        origin: &Origin,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(input, outer)?;
        let made = self.generated(resolved, generator, keep, table, columns, outer);
        made.map_err(|error| match error.condition() {
            "UNSUPPORTED_GENERATOR.NOT_GENERATOR" => suggest::at(error, origin),
            _ => error,
        })
    }

    /// `resolved` with a generator's columns to its right, under the qualifier `table`.
    fn generated(
        &self,
        resolved: Resolved,
        generator: &Expr,
        keep: bool,
        table: &str,
        columns: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let scope = Scope::over(&resolved, outer, self.case_sensitive);
        let Some(mut generated) = self.generator(generator, &scope)? else {
            return Err(self.no_generator(generator));
        };
        drop(scope);
        generated.outer |= keep;
        let resolved = resolved.with_metadata_for(std::iter::once(&generated.list.expr))?;
        let before = Arc::clone(&resolved.output);
        let (unrolled, made) = self.unnest(resolved, generated, columns)?;
        let made = made.iter().map(|attribute| attribute.with_qualifier(vec![table.to_owned()]));
        let output: Vec<Attr> = before.iter().cloned().chain(made).collect();
        Ok(Resolved { output: output.into(), hidden: None, aggregated: None, ..unrolled })
    }

    fn no_generator(&self, called: &Expr) -> Error {
        let ExprKind::Function(call) = &called.kind else { return Error::unsupported("a LATERAL VIEW of this expression") };
        let bare = call.bare();
        match emberflow_functions::registry::lookup(&bare) {
            Some(_) => Error::new("UNSUPPORTED_GENERATOR.NOT_GENERATOR")
                .with("functionName", quoted_name(&call.name))
                .with("classCanonicalName", class_of(&bare)),
            None => {
                let name = [self.context().database.to_owned(), bare];
                Error::new("ROUTINE_NOT_FOUND").with("routineName", quoted_name(&name))
            }
        }
    }

    pub(super) fn lateral_join(
        &self,
        left: &Relation,
        right: &Relation,
        condition: Option<&Expr>,
        join_type: JoinType,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let resolved = self.relation(left, outer)?;
        if let Some((name, arguments, alias, columns)) = table_function(right) {
            let keep = join_type == JoinType::LeftOuter;
            if !matches!(join_type, JoinType::Inner | JoinType::Cross | JoinType::LeftOuter) || condition.is_some() {
                return Err(Error::unsupported("this kind of LATERAL join over a table function"));
            }
            let mut call = emberflow_plan::tree::FunctionCall::named("", arguments.to_vec());
            call.name = name.to_vec();
            let generator = Expr::new(emberflow_plan::tree::ExprKind::Function(call));
            return self.generated(resolved, &generator, keep, alias, columns, outer).map_err(|error| {
                match error.base_condition() {
                    "UNRESOLVED_ROUTINE" | "ROUTINE_NOT_FOUND" => {
                        Error::new("UNRESOLVABLE_TABLE_VALUED_FUNCTION").with("name", quoted_name(name))
                    }
                    _ => error,
                }
            });
        }
        if let Some((expressions, alias, columns)) = one_row(right)
            && condition.is_none()
        {
            return self.beside(resolved, expressions, alias, columns, outer);
        }
        let right = {
            let scope = Scope::over(&resolved, outer, self.case_sensitive);
            self.relation(right, Some(&scope))?
        };
        self.lateral_subquery(resolved, right, condition, join_type, outer)
    }

    /// `LATERAL (SELECT a + 1)`: no rows of its own, so its columns are computed beside the left ones.
    fn beside(
        &self,
        left: Resolved,
        expressions: &[Expr],
        alias: Option<&str>,
        names: &[String],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let elements = {
            let scope = Scope::over(&left, outer, self.case_sensitive);
            self.select_list(expressions, &scope)?
        };
        let mut columns: Vec<datafusion::logical_expr::Expr> =
            left.plan.schema().columns().into_iter().map(datafusion::logical_expr::Expr::Column).collect();
        let mut output: Vec<Attr> = left.output.to_vec();
        for (position, element) in elements.into_iter().enumerate() {
            let crate::expression::select::Element::Column(selected) = element else {
                return Err(Error::unsupported("a generator in LATERAL (SELECT ..)"));
            };
            let name = names.get(position).unwrap_or(&selected.name);
            let attribute = self.attribute_for(name, &selected.item.typed, selected.metadata);
            columns.push(selected.item.typed.expr.alias(&attribute.column));
            output.push(match alias {
                Some(alias) => attribute.with_qualifier(vec![alias.to_owned()]),
                None => attribute,
            });
        }
        let plan = crate::resolved::project(left.plan.clone(), columns)?;
        Ok(Resolved { output: output.into(), plan, hidden: None, aggregated: None, ..left })
    }

    /// A correlated sub-query beside its outer rows; DataFusion's optimizer decorrelates it.
    fn lateral_subquery(
        &self,
        left: Resolved,
        right: Resolved,
        condition: Option<&Expr>,
        join_type: JoinType,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let condition = match condition {
            Some(condition) => {
                let scope = Scope::over_both(&left, &right, outer, self.case_sensitive);
                Some(self.condition(condition, &scope, "JOIN")?)
            }
            None => None,
        };
        let exact = right.exact()?;
        let right = if exact.all_out_ref_exprs().is_empty() {
            Resolved { plan: exact, ..right }
        } else {
            let exact = self.limits_per_row(without_sort(exact)?, Some(&left.plan))?;
            let subquery = crate::expression::lowered(exact);
            Resolved { plan: LogicalPlan::Subquery(subquery), ..right }
        };
        let plan = self.lowered_join(&left, &right, join_type, condition)?;
        let mut output: Vec<Attr> = left.output.to_vec();
        let null_right = join_type == JoinType::LeftOuter;
        output.extend(
            right.output.iter().map(|attribute| if null_right { attribute.as_nullable() } else { Arc::clone(attribute) }),
        );
        // The optimizer pulls columns out of the sub-query, which must not be seen above.
        let columns = output.iter().map(|attribute| attribute.expr()).collect();
        let plan = crate::resolved::project(plan, columns)?;
        Ok(Resolved { output: output.into(), plan, hidden: None, aggregated: None, ..left })
    }
}

type Function<'r> = (&'r [String], &'r [Expr], &'r str, &'r [String]);

/// A SELECT without FROM, under an optional alias.
fn one_row(relation: &Relation) -> Option<(&[Expr], Option<&str>, &[String])> {
    match &*relation.kind {
        RelationKind::Project { input: None, expressions } => Some((expressions, None, &[])),
        RelationKind::SubqueryAlias { input, alias, columns, .. } => match &*input.kind {
            RelationKind::Project { input: None, expressions } => Some((expressions, Some(alias), columns)),
            _ => None,
        },
        _ => None,
    }
}

/// A table function under an optional alias.
fn table_function(relation: &Relation) -> Option<Function<'_>> {
    match &*relation.kind {
        RelationKind::TableFunction { name, arguments } => {
            Some((name, arguments, name.last().map(String::as_str).unwrap_or_default(), &[]))
        }
        RelationKind::SubqueryAlias { input, alias, columns, .. } => match &*input.kind {
            RelationKind::TableFunction { name, arguments } => Some((name, arguments, alias, columns)),
            _ => None,
        },
        _ => None,
    }
}

/// The order of a sub-query's rows is lost in the join.
fn without_sort(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Sort(sort) => without_sort(Arc::unwrap_or_clone(sort.input)),
        LogicalPlan::Projection(projection) if matches!(*projection.input, LogicalPlan::Sort(_)) => {
            crate::resolved::project(without_sort(Arc::unwrap_or_clone(projection.input))?, projection.expr)
        }
        other => Ok(other),
    }
}

/// The class Spark has for a function, for the error that tells it.
fn class_of(function: &str) -> String {
    let class = match function {
        "array" => "CreateArray".to_owned(),
        "map" => "CreateMap".to_owned(),
        "struct" | "named_struct" => "CreateNamedStruct".to_owned(),
        _ => function.split('_').map(capitalized).collect(),
    };
    format!("org.apache.spark.sql.catalyst.expressions.{class}")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
