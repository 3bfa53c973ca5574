//! Scalar expressions: names to columns, calls to functions, and the text Spark would name the result by.
//!
//!     Expr + Scope ──► Item { typed (DataFusion expression, Spark type, nullability), text }
//!
//! Aggregate and window calls come out as DataFusion's `AggregateFunction` and `WindowFunction` nodes inside the
//! expression; `aggregate` and `relation::project` take them out into plan nodes.
//! Not here: select lists (`select`). Begin at [`Resolver::expression`].

mod call;
mod extract;
pub(crate) mod membership;
pub(crate) mod select;
mod subquery;
pub(crate) mod text;
mod window;

pub(crate) use call::{sort, written_aggregates};
pub(crate) use extract::named_struct;
pub(crate) use subquery::lowered;
pub(crate) use window::constant;

use datafusion::logical_expr::Expr as Physical;
use std::sync::Arc;

use emberflow_base::{Error, QueryContext, Result};
use emberflow_functions::cast::{self, EvalMode};
use emberflow_functions::collation::Precedence;
use emberflow_functions::{Typed, literal, udf};
use emberflow_plan::DataType;
use emberflow_plan::sql::parse_expression;
use emberflow_plan::tree::{CastMode, Expr, ExprKind, Literal, Origin};

use crate::resolver::{Resolver, with_stack};
use crate::scope::{Found, Scope};
use crate::suggest;

/// A resolved expression and its SQL text.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub typed: Typed,
    pub text: String,
}

/// How columns are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextForm {
    /// `age`
    Plain,
    /// `people.age`
    Qualified,
    /// `age#12`; calls of generators are printed too
    Numbered,
}

impl Item {
    pub fn new(typed: Typed, text: impl Into<String>) -> Self {
        Self { typed, text: text.into() }
    }

    /// What fails while rows are computed points at where it was written.
    fn placed(mut self, origin: &Arc<QueryContext>) -> Self {
        self.typed.expr = udf::with_origin(self.typed.expr, origin);
        self
    }
}

impl Resolver<'_> {
    /// Resolves one scalar expression.
    pub(crate) fn expression(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Item> {
        let item = with_stack(|| self.expression_here(expr, scope).map_err(|error| suggest::at(error, &expr.origin)))?;
        Ok(match (&expr.origin, &expr.kind) {
            (Some(origin), ExprKind::Cast { .. }) => item.placed(origin),
            _ => item,
        })
    }

    fn expression_here(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Item> {
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Item::new(literal::literal(value)?, text::literal(value, self.context().time_zone))),
            ExprKind::Attribute { parts, is_metadata_column: true, .. } => match scope.find_metadata(parts)? {
                Some((attribute, fields)) => {
                    let item = Item::new(attribute.typed(), self.printed(&attribute));
                    fields.iter().try_fold(item, |item, field| self.field(item, field))
                }
                None => self.attribute(parts, None, &expr.origin, scope),
            },
            ExprKind::Attribute { parts, plan_id, .. } => self.attribute(parts, *plan_id, &expr.origin, scope),
            ExprKind::Function(call) => self.call(call, &expr.origin, scope),
            ExprKind::Sql(text) => self.expression(&parse_expression(text, self.sql_options())?, scope),
            ExprKind::Alias { expression, names, .. } => {
                let item = self.expression(expression, scope)?;
                let text = format!("{} AS {}", item.text, names.join(", "));
                Ok(Item::new(Typed { precedence: Precedence::Implicit, ..item.typed }, text))
            }
            ExprKind::Cast { expression, target, mode } => self.cast(expression, target, *mode, scope),
            ExprKind::Window(window) => self.window(window, scope),
            ExprKind::ExtractValue { child, extraction } => self.extract_value(child, extraction, scope),
            ExprKind::UpdateFields { child, field, value } => self.update_fields(child, field, value.as_deref(), scope),
            ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), &expr.origin, scope)
            }
            ExprKind::Subquery(subquery) => self.subquery(subquery, scope),
            ExprKind::LambdaVariable { parts } => self.attribute(parts, None, &expr.origin, scope),
            ExprKind::SortOrder(order) => self.expression(&order.child, scope),
            ExprKind::Star { .. } | ExprKind::Regex { .. } => {
                Err(Error::new("INVALID_USAGE_OF_STAR_OR_REGEX").with("elem", "'*'").with("prettyName", "expression"))
            }
            ExprKind::Lambda { .. } => {
                Err(Error::new("INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION").with("class", "expression"))
            }
            ExprKind::NamedArgument { name, .. } => {
                Err(Error::new("NAMED_PARAMETERS_NOT_SUPPORTED").with("functionName", name.clone()))
            }
            ExprKind::Foreign { function, .. } => Err(Error::unsupported(function.described())),
            ExprKind::Parameter { name, position } => {
                let name = name.clone().unwrap_or_else(|| format!("_{position}"));
                Err(Error::new("UNBOUND_SQL_PARAMETER").with("name", name))
            }
            ExprKind::DirectPartition(_) => Err(Error::unsupported("a direct partition id outside of repartitionById")),
            ExprKind::Unsupported { name } => Err(Error::unsupported(name.clone())),
        }
    }

    fn attribute(&self, parts: &[String], plan_id: Option<i64>, origin: &Origin, scope: &Scope<'_>) -> Result<Item> {
        let found = match plan_id {
            Some(plan_id) => scope.find_in_plan(plan_id, parts, origin)?,
            None => {
                // What is unknown inside a lambda is reported for the whole text, as Spark does.
                let place = if scope.lambdas.borrow().is_empty() { origin.clone() } else { self.whole_text() };
                match scope.find(parts, &place) {
                    Ok(found) => found,
                    Err(error) => match self.keyword(parts, scope) {
                        Some(item) => return item,
                        None => return self.variable(parts)?.ok_or(error),
                    },
                }
            }
        };
        let (typed, name, fields) = match found {
            Found::Column(attribute, fields) => (attribute.typed(), self.printed(&attribute), fields),
            Found::Outer(attribute, fields) => {
                let expr = subquery::outer_reference(&attribute)?;
                (Typed::new(expr, attribute.data_type.clone(), attribute.nullable), attribute.name.clone(), fields)
            }
            Found::Variable(typed, fields) => (typed, "namedlambdavariable()".to_owned(), fields),
            Found::Local(typed, fields) => (typed, parts.first().cloned().unwrap_or_default(), fields),
        };
        let mut item = Item::new(typed, name);
        for field in &fields {
            item = self.field(item, field)?;
        }
        Ok(item)
    }

    /// A session variable, or a field of one: `x`, `session.x`, `system.session.x.field`.
    fn variable(&self, parts: &[String]) -> Result<Option<Item>> {
        let is = |position: usize, word: &str| parts.get(position).is_some_and(|part| part.eq_ignore_ascii_case(word));
        let at = match () {
            () if is(0, "system") && is(1, "session") => 2,
            () if is(0, "session") => 1,
            () => 0,
        };
        let Some(name) = parts.get(at) else { return Ok(None) };
        let Some(variable) = self.environment.variable(name)? else { return Ok(None) };
        let nullable = variable.value.is_null();
        let text = format!("variablereference(system.session.{}={})", variable.name, variable.value);
        let typed = Typed::new(datafusion::logical_expr::lit(variable.value), variable.data_type, nullable);
        let mut item = Item::new(typed, text);
        for field in &parts[at + 1..] {
            item = self.field(item, field)?;
        }
        Ok(Some(item))
    }

    fn printed(&self, attribute: &crate::attribute::Attr) -> String {
        match self.text_form.get() {
            TextForm::Plain => attribute.name.clone(),
            TextForm::Qualified => {
                let last = attribute.qualifier.last().map(|qualifier| format!("{qualifier}.")).unwrap_or_default();
                format!("{last}{}", attribute.name)
            }
            TextForm::Numbered => {
                let number = attribute.column.rsplit('#').next().unwrap_or_default();
                format!("{}#{number}", attribute.name)
            }
        }
    }

    /// `current_date` and its like may be written without parentheses.
    fn keyword(&self, parts: &[String], scope: &Scope<'_>) -> Option<Result<Item>> {
        const BARE: &[&str] = &["current_date", "current_timestamp", "current_user", "user", "session_user", "current_time"];
        let [name] = parts else { return None };
        let name = name.to_lowercase();
        BARE.contains(&name.as_str()).then(|| {
            let call = emberflow_plan::tree::FunctionCall::named(&name, Vec::new());
            self.call(&call, &None, scope)
        })
    }

    /// A timestamp constant of SQL text, which becomes an instant by the session's zone.
    fn typed_timestamp(&self, expression: &Expr, target: &DataType, mode: CastMode) -> Option<Literal> {
        let (ExprKind::Literal(Literal::String(text)), DataType::Timestamp, CastMode::Ansi) = (&expression.kind, target, mode)
        else {
            return None;
        };
        let (local, zone) = emberflow_plan::sql::wall_clock(text)?;
        let zone = emberflow_functions::zones::Zone::find(zone.as_deref().unwrap_or(self.context().time_zone))?;
        Some(Literal::Timestamp(zone.instant(local)))
    }

    pub(crate) fn cast(&self, expression: &Expr, target: &DataType, mode: CastMode, scope: &Scope<'_>) -> Result<Item> {
        if let Some(instant) = self.typed_timestamp(expression, target, mode) {
            return self.expression(&Expr::literal(instant), scope);
        }
        let context = self.context();
        if let (CastMode::Ansi, true, ExprKind::Literal(Literal::String(said))) = (mode, target.is_datetime(), &expression.kind) {
            let typed = cast::datetime_literal(said, target, &context)?;
            return Ok(Item::new(typed, format!("{} '{said}'", target.sql())));
        }
        let item = self.expression(expression, scope)?;
        if item.typed.data_type != *target {
            self.check_times(target)?;
        }
        let (mode, word) = match mode {
            CastMode::Session => (context.mode(), "CAST"),
            CastMode::Ansi => (EvalMode::Ansi, "CAST"),
            CastMode::Legacy => (EvalMode::Legacy, "CAST"),
            CastMode::Try => (EvalMode::Try, "TRY_CAST"),
        };
        let target = match target {
            DataType::Char(_) | DataType::Varchar(_) => &DataType::String,
            other => other,
        };
        // A cast to a nested type is not told from what it casts.
        let is_nested = matches!(target, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_));
        let text = if is_nested { item.text.clone() } else { format!("{word}({} AS {})", item.text, target.sql()) };
        cast::check_cast(&item.text, &item.typed.data_type, target, mode)?;
        // What was no text has no collation of its own until it is said.
        let weighs = !is_nested && (item.typed.data_type.is_string() || target.is_collated());
        let typed = cast::cast(item.typed, target, mode, &context)?;
        let precedence = if weighs { Precedence::Implicit } else { Precedence::Constant };
        Ok(Item::new(Typed { precedence, ..typed }, text))
    }

    /// Refuses times of day in a session that has not switched them on.
    pub(crate) fn check_times(&self, data_type: &DataType) -> Result<()> {
        let refused = !self.environment.settings().flag("spark.sql.timeType.enabled") && holds_time(data_type);
        if refused { Err(Error::new("UNSUPPORTED_TIME_TYPE")) } else { Ok(()) }
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        origin: &Origin,
        scope: &Scope<'_>,
    ) -> Result<Item> {
        let mut arguments = Vec::with_capacity(branches.len() * 2 + 1);
        for (when, then) in branches {
            let condition = match operand {
                Some(operand) => Expr::call("==", vec![operand.clone(), when.clone()]).with_origin(origin.clone()),
                None => when.clone(),
            };
            arguments.push(condition);
            arguments.push(then.clone());
        }
        arguments.extend(otherwise.cloned());
        self.call(&emberflow_plan::tree::FunctionCall::named("when", arguments), origin, scope)
    }

    /// A condition: must be boolean.
    pub(crate) fn condition(&self, expr: &Expr, scope: &Scope<'_>, clause: &str) -> Result<Physical> {
        let item = self.expression(expr, scope)?;
        self.as_condition(item, clause).map_err(|error| suggest::at(error, &expr.origin))
    }

    pub(crate) fn as_condition(&self, item: Item, clause: &str) -> Result<Physical> {
        match item.typed.data_type {
            DataType::Boolean => Ok(item.typed.expr),
            DataType::Null if clause != "WHERE" => {
                Ok(cast::cast(item.typed, &DataType::Boolean, EvalMode::Ansi, &self.context())?.expr)
            }
            other if clause == "JOIN" => Err(Error::new("JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE")
                .with("joinCondition", format!("\"{}\"", item.text))
                .with("conditionType", other.quoted())),
            other => Err(Error::new("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN")
                .with("sqlExpr", format!("\"{}\"", item.text))
                .with("filter", format!("\"{}\"", item.text))
                .with("type", other.quoted())),
        }
    }
}

fn holds_time(data_type: &DataType) -> bool {
    match data_type {
        DataType::Time(_) => true,
        DataType::Array { element, .. } => holds_time(element),
        DataType::Map { key, value, .. } => holds_time(key) || holds_time(value),
        DataType::Struct(fields) => fields.fields.iter().any(|field| holds_time(&field.data_type)),
        _ => false,
    }
}
