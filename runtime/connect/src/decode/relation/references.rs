//! SQL text, and relations that refer to others.
//!
//! A `WithRelations` over SQL text offers its references by name, as `WITH` does. Over anything else they are meant by
//! plan id, from subquery expressions: each such expression gets its own copy, so the tree needs no ids.

use std::collections::HashMap;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Cte, RelationKind};
use emberflow_plan::{Expr, Relation};

use crate::decode::{Decoder, empty_field, literal};
use crate::proto;
use crate::proto::relation::RelType;

/// The arguments of a SQL text: by name, by position.
pub(in crate::decode) type SqlArguments = (Vec<(String, Expr)>, Vec<Expr>);

impl<'a> Decoder<'a> {
    pub(super) fn sql_relation(&self, sql: &'a proto::Sql) -> Result<RelationKind> {
        #[allow(deprecated)]
        let (named, positional) = self.sql_arguments(&sql.named_arguments, &sql.pos_arguments, &sql.args, &sql.pos_args)?;
        Ok(RelationKind::Sql { text: sql.query.clone(), named, positional })
    }

    /// Arguments in the present fields, else in those of older clients.
    pub(in crate::decode) fn sql_arguments(
        &self,
        named: &'a HashMap<String, proto::Expression>,
        positional: &'a [proto::Expression],
        old_named: &'a HashMap<String, proto::expression::Literal>,
        old_positional: &'a [proto::expression::Literal],
    ) -> Result<SqlArguments> {
        let new = named.iter().map(|(name, value)| Ok((name.clone(), self.expression(value)?)));
        let old = old_named.iter().map(|(name, value)| Ok((name.clone(), Expr::literal(literal::literal(value)?))));
        let mut by_name: Vec<(String, Expr)> = new.chain(old).collect::<Result<_>>()?;
        by_name.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut by_position = self.expressions(positional)?;
        for value in old_positional {
            by_position.push(Expr::literal(literal::literal(value)?));
        }
        Ok((by_name, by_position))
    }

    pub(super) fn with_relations(&self, message: &'a proto::WithRelations) -> Result<RelationKind> {
        let root = message.root.as_deref().ok_or_else(|| empty_field("spark.connect.WithRelations.root", "root"))?;
        match &root.rel_type {
            Some(RelType::Sql(_)) => Ok(RelationKind::With {
                ctes: self.named_references(&message.references)?,
                recursive: false,
                input: self.relation(root)?,
            }),
            _ => Ok(*self.offering(&message.references).relation(root)?.kind),
        }
    }

    /// References under the names by which a SQL text means them.
    pub(in crate::decode) fn named_references(&self, references: &'a [proto::Relation]) -> Result<Vec<Cte>> {
        let named = references.iter().map(|reference| match &reference.rel_type {
            Some(RelType::SubqueryAlias(alias)) => Ok(Cte {
                name: alias.alias.clone(),
                columns: Vec::new(),
                relation: self.input(alias.input.as_deref(), "SubqueryAlias")?,
                most_rounds: None,
                origin: None,
            }),
            _ => Err(Error::new("CONNECT_INVALID_PLAN.INVALID_WITH_RELATION_REFERENCE")),
        });
        named.collect()
    }

    /// A decoder that also knows `references` by their plan ids.
    fn offering(&self, references: &'a [proto::Relation]) -> Decoder<'a> {
        let mut known = self.references.clone();
        let with_id = references.iter().filter_map(|reference| Some((reference.common.as_ref()?.plan_id?, reference)));
        known.extend(with_id);
        Decoder { blocks: self.blocks, references: known, nodes: self.nodes.clone() }
    }

    /// The relation a subquery expression means. Inside it, it is not known itself, so that a cycle is an error.
    pub(in crate::decode) fn referenced(&self, plan_id: i64) -> Result<Relation> {
        let Some(reference) = self.references.get(&plan_id) else {
            return Err(Error::new("CONNECT_INVALID_PLAN.INVALID_WITH_RELATION_REFERENCE"));
        };
        let mut known = self.references.clone();
        known.remove(&plan_id);
        Decoder { blocks: self.blocks, references: known, nodes: self.nodes.clone() }.relation(reference)
    }
}
