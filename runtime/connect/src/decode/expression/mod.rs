//! `Expression` to `Expr`.
//!
//! Calls of functions stand in `function`, windows in `window`; what is one line stands here.

mod function;
mod window;

pub(super) use function::foreign_function;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Alias, CastMode, Literal, NullOrder, SortDirection, SortOrder, Subquery, SubqueryKind};
use emberflow_plan::{Expr, ExprKind, ddl};

use super::{Decoder, empty_field, literal, names, not_set, origin, types};
use crate::deep::deeper;
use crate::proto;
use crate::proto::expression::{self, ExprType};

impl<'a> Decoder<'a> {
    /// An expression.
    pub fn expression(&self, message: &'a proto::Expression) -> Result<Expr> {
        let Some(kind) = &message.expr_type else {
            return Err(not_set("spark.connect.Expression", "expr_type"));
        };
        self.count_node()?;
        let origin = origin(message.common.as_ref().and_then(|common| common.origin.as_ref()));
        let located = |why: Error| match &origin {
            Some(context) if why.contexts().is_empty() => why.context(context.as_ref().clone()),
            _ => why,
        };
        let kind = deeper(|| self.expression_kind(kind)).map_err(located)?;
        Ok(Expr::new(kind).with_origin(origin))
    }

    pub(super) fn expressions(&self, messages: &'a [proto::Expression]) -> Result<Vec<Expr>> {
        messages.iter().map(|message| self.expression(message)).collect()
    }

    /// An expression that has to be there; `owner` and `name` say where it is missing.
    pub(super) fn needed(&self, message: Option<&'a proto::Expression>, owner: &str, name: &str) -> Result<Expr> {
        self.expression(message.ok_or_else(|| empty_field(&format!("spark.connect.{owner}.{name}"), name))?)
    }

    pub(super) fn optional(&self, message: Option<&'a proto::Expression>) -> Result<Option<Expr>> {
        message.map(|message| self.expression(message)).transpose()
    }

    fn boxed(&self, message: Option<&'a proto::Expression>, owner: &str, name: &str) -> Result<Box<Expr>> {
        Ok(Box::new(self.needed(message, owner, name)?))
    }

    fn expression_kind(&self, kind: &'a ExprType) -> Result<ExprKind> {
        match kind {
            ExprType::Literal(value) => Ok(ExprKind::Literal(literal::literal(value)?)),
            ExprType::UnresolvedAttribute(attribute) => attribute_of(attribute),
            ExprType::UnresolvedFunction(call) => self.function(call),
            ExprType::CallFunction(call) => self.call_function(call),
            ExprType::ExpressionString(text) => Ok(ExprKind::Sql(text.expression.clone())),
            ExprType::UnresolvedStar(star) => star_of(star),
            ExprType::UnresolvedRegex(regex) => regex_of(regex),
            ExprType::Alias(alias) => self.alias(alias),
            ExprType::Cast(cast) => self.cast(cast),
            ExprType::SortOrder(order) => Ok(ExprKind::SortOrder(Box::new(self.sort_order(order)?))),
            ExprType::Window(window) => self.window(window),
            ExprType::LambdaFunction(lambda) => self.lambda(lambda),
            ExprType::UnresolvedNamedLambdaVariable(variable) => {
                Ok(ExprKind::LambdaVariable { parts: variable.name_parts.clone() })
            }
            ExprType::UnresolvedExtractValue(extract) => self.extract_value(extract),
            ExprType::UpdateFields(update) => self.update_fields(update),
            ExprType::NamedArgumentExpression(named) => Ok(ExprKind::NamedArgument {
                name: named.key.clone(),
                value: self.boxed(named.value.as_deref(), "NamedArgumentExpression", "value")?,
            }),
            ExprType::SubqueryExpression(subquery) => self.subquery(subquery),
            ExprType::CommonInlineUserDefinedFunction(function) => self.foreign(function),
            ExprType::MergeAction(_) => Ok(unsupported("merge actions outside MERGE")),
            ExprType::TypedAggregateExpression(_) => Ok(unsupported("typed aggregators of Scala")),
            ExprType::DirectShufflePartitionId(direct) => {
                Ok(ExprKind::DirectPartition(self.boxed(direct.child.as_deref(), "DirectShufflePartitionID", "child")?))
            }
            ExprType::Extension(any) => Ok(ExprKind::Unsupported { name: format!("the expression extension {}", any.type_url) }),
        }
    }

    fn alias(&self, alias: &'a expression::Alias) -> Result<ExprKind> {
        if alias.name.len() > 1 && alias.metadata.is_some() {
            return Err(Error::new("CONNECT_INVALID_PLAN.ALIAS_WITH_MULTIPLE_IDENTIFIERS_AND_METADATA"));
        }
        Ok(ExprKind::Alias {
            expression: self.boxed(alias.expr.as_deref(), "Expression.Alias", "expr")?,
            names: alias.name.clone(),
            metadata: alias.metadata.clone(),
        })
    }

    /// The alias of a column added by name: exactly one name.
    pub(super) fn named_column(&self, alias: &'a expression::Alias) -> Result<Alias> {
        let [name] = alias.name.as_slice() else {
            return Err(
                Error::new("CONNECT_INVALID_PLAN.WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART").with("got", alias.name.join(", "))
            );
        };
        let expression = self.needed(alias.expr.as_deref(), "Expression.Alias", "expr")?;
        Ok(Alias { name: name.clone(), expression, metadata: alias.metadata.clone() })
    }

    fn cast(&self, cast: &'a expression::Cast) -> Result<ExprKind> {
        use expression::cast::{CastToType, EvalMode};
        let target = match &cast.cast_to_type {
            Some(CastToType::Type(message)) => types::data_type(message)?,
            Some(CastToType::TypeStr(text)) => ddl::parse_type_with(text, self.blocks.sql_options())?,
            None => return Err(not_set("spark.connect.Expression.Cast", "cast_to_type")),
        };
        let mode = match cast.eval_mode() {
            EvalMode::Unspecified => CastMode::Session,
            EvalMode::Legacy => CastMode::Legacy,
            EvalMode::Ansi => CastMode::Ansi,
            EvalMode::Try => CastMode::Try,
        };
        let expression = self.boxed(cast.expr.as_deref(), "Expression.Cast", "expr")?;
        Ok(ExprKind::Cast { expression, target: types::without_lengths(target), mode })
    }

    /// Nulls come first only if said so, and the order ascends only if said so.
    pub(super) fn sort_order(&self, order: &'a expression::SortOrder) -> Result<SortOrder> {
        use expression::sort_order::{NullOrdering, SortDirection as Direction};
        Ok(SortOrder {
            child: self.needed(order.child.as_deref(), "Expression.SortOrder", "child")?,
            direction: match order.direction() {
                Direction::Ascending => SortDirection::Ascending,
                Direction::Descending | Direction::Unspecified => SortDirection::Descending,
            },
            nulls: match order.null_ordering() {
                NullOrdering::SortNullsFirst => NullOrder::First,
                NullOrdering::SortNullsLast | NullOrdering::SortNullsUnspecified => NullOrder::Last,
            },
        })
    }

    pub(super) fn sort_orders(&self, orders: &'a [expression::SortOrder]) -> Result<Vec<SortOrder>> {
        orders.iter().map(|order| self.sort_order(order)).collect()
    }

    fn lambda(&self, lambda: &'a expression::LambdaFunction) -> Result<ExprKind> {
        if !(1..=3).contains(&lambda.arguments.len()) {
            return Err(Error::new("CONNECT_INVALID_PLAN.LAMBDA_FUNCTION_ARGUMENT_COUNT_INVALID")
                .with("got", lambda.arguments.len().to_string()));
        }
        let arguments = lambda.arguments.iter().map(|variable| variable.name_parts.join(".")).collect();
        Ok(ExprKind::Lambda { body: self.boxed(lambda.function.as_deref(), "Expression.LambdaFunction", "function")?, arguments })
    }

    fn extract_value(&self, extract: &'a expression::UnresolvedExtractValue) -> Result<ExprKind> {
        const OWNER: &str = "Expression.UnresolvedExtractValue";
        Ok(ExprKind::ExtractValue {
            child: self.boxed(extract.child.as_deref(), OWNER, "child")?,
            extraction: self.boxed(extract.extraction.as_deref(), OWNER, "extraction")?,
        })
    }

    fn update_fields(&self, update: &'a expression::UpdateFields) -> Result<ExprKind> {
        Ok(ExprKind::UpdateFields {
            child: self.boxed(update.struct_expression.as_deref(), "Expression.UpdateFields", "struct_expression")?,
            field: update.field_name.clone(),
            value: self.optional(update.value_expression.as_deref())?.map(Box::new),
        })
    }

    fn subquery(&self, subquery: &'a proto::SubqueryExpression) -> Result<ExprKind> {
        use proto::subquery_expression::SubqueryType;
        let kind = match subquery.subquery_type() {
            SubqueryType::Scalar => SubqueryKind::Scalar,
            SubqueryType::Exists => SubqueryKind::Exists,
            SubqueryType::In => SubqueryKind::In(self.expressions(&subquery.in_subquery_values)?),
            SubqueryType::TableArg => SubqueryKind::TableArgument,
            SubqueryType::Unknown => {
                return Err(super::bad_enum("spark.connect.SubqueryExpression", "subquery_type", subquery.subquery_type));
            }
        };
        if subquery.table_arg_options.as_ref().is_some_and(says_something) {
            return Ok(unsupported("partitioned or ordered table arguments"));
        }
        Ok(ExprKind::Subquery(Box::new(Subquery { kind, relation: self.referenced(subquery.plan_id)? })))
    }
}

fn says_something(options: &proto::subquery_expression::TableArgOptions) -> bool {
    !options.partition_spec.is_empty() || !options.order_spec.is_empty() || options.with_single_partition()
}

fn unsupported(name: &str) -> ExprKind {
    ExprKind::Unsupported { name: name.to_owned() }
}

fn attribute_of(attribute: &expression::UnresolvedAttribute) -> Result<ExprKind> {
    Ok(ExprKind::Attribute {
        parts: names::attribute(&attribute.unparsed_identifier)?,
        plan_id: attribute.plan_id,
        is_metadata_column: attribute.is_metadata_column(),
    })
}

fn star_of(star: &expression::UnresolvedStar) -> Result<ExprKind> {
    let target = match (&star.unparsed_target, star.plan_id) {
        (Some(_), Some(_)) => {
            return Err(Error::new("CONNECT_INVALID_PLAN.UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID"));
        }
        (Some(target), None) => match target.strip_suffix(".*") {
            Some(name) => names::attribute(name)?,
            None => {
                return Err(Error::new("CONNECT_INVALID_PLAN.UNRESOLVED_STAR_TARGET_INVALID").with("target", target.as_str()));
            }
        },
        (None, _) => Vec::new(),
    };
    Ok(ExprKind::Star { target, plan_id: star.plan_id, except: Vec::new(), replace: Vec::new() })
}

/// Only a name wholly in back quotes is a pattern.
fn regex_of(regex: &expression::UnresolvedRegex) -> Result<ExprKind> {
    let name = regex.col_name.as_str();
    let quoted = name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).filter(|inside| !inside.is_empty());
    Ok(match quoted {
        Some(pattern) => ExprKind::Regex { pattern: pattern.to_owned(), plan_id: regex.plan_id },
        None => ExprKind::Attribute { parts: names::attribute(name)?, plan_id: regex.plan_id, is_metadata_column: false },
    })
}

/// A whole number as an expression: limits, offsets.
pub(super) fn int(value: i32) -> Expr {
    Expr::literal(Literal::Int(value))
}
