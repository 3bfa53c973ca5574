//! Function calls: finds the name in the registry, resolves the arguments and adds what stands around the call
//! (DISTINCT, FILTER, WITHIN GROUP, IGNORE NULLS).

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as Physical, LogicalPlan};
use emberflow_base::{Error, Result};
use emberflow_functions::collation;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::registry::{self, Argument, Function, HigherOrderCall, Kind, LambdaBody};
use emberflow_functions::udf::with_origin;
use emberflow_functions::{Call, Typed};
use emberflow_plan::DataType;
use emberflow_plan::tree::{CastMode, Expr, ExprKind, FunctionCall, Literal, NullOrder, Origin, SortDirection, SortOrder};

use super::{Item, TextForm, text};
use crate::node::{Operation, PartitionNode};
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest;

/// The hidden column of a file scan.
const METADATA: &str = "_metadata";

/// What a file tells about the rows read from it: the function, the field of `_metadata`, and what rows from elsewhere say.
const INPUT_FILE: &[(&str, &str, Literal)] = &[
    ("input_file_block_length", "file_block_length", Literal::Long(-1)),
    ("input_file_block_start", "file_block_start", Literal::Long(-1)),
    ("input_file_name", "file_path", Literal::String(String::new())),
];

/// Functions of times, which a session may have switched off.
const MAKE_TIMES: &[&str] = &[
    "make_time",
    "time",
    "time_diff",
    "time_from_micros",
    "time_from_millis",
    "time_from_seconds",
    "time_to_micros",
    "time_to_millis",
    "time_to_seconds",
    "time_trunc",
    "to_time",
    "try_to_time",
];

/// Functions and operators that are so only if a time is among their arguments.
const TAKE_TIMES: &[&str] = &["hour", "minute", "second", "extract", "date_part", "datepart", "+", "-"];

impl Resolver<'_> {
    pub(super) fn call(&self, call: &FunctionCall, origin: &Origin, scope: &Scope<'_>) -> Result<Item> {
        let name = call.bare();
        if let (true, "likeany" | "likeall" | "notlikeany" | "notlikeall", [value, likes]) =
            (call.is_internal, name.as_str(), &call.arguments[..])
        {
            let said = format!("{name}({})", self.expression(value, scope)?.text);
            let item = self.expression(likes, scope)?;
            return Ok(Item::new(Typed { nullable: true, ..item.typed }, said));
        }
        if let Some(target) = self.cast_named(call, &name) {
            return self.cast(&call.arguments[0], &target, CastMode::Session, scope);
        }
        if matches!(name.as_str(), "grouping" | "grouping_id") {
            return self.grouping(call, &name, scope);
        }
        if let (Some((_, field, nowhere)), []) = (INPUT_FILE.iter().find(|(known, ..)| *known == name), &call.arguments[..]) {
            return self.input_file(&name, field, nowhere, scope);
        }
        let function = self.function(call, &name)?;
        if MAKE_TIMES.contains(&name.as_str()) {
            self.check_times(&DataType::Time(6))?;
        }
        let item = match &function.kind {
            Kind::Scalar(build) => {
                self.refuse_modifiers(call, &name)?;
                self.build(function, *build, call, &name, scope)?
            }
            Kind::Aggregate(_) => {
                let item = self.aggregate_call(function, call, &name, scope)?;
                refuse_nested(&item).map_err(|error| {
                    let inner = call.arguments.iter().find(|argument| mentions_aggregate(argument));
                    inner.map_or_else(|| error.clone(), |inner| suggest::at(error.clone(), &inner.origin))
                })?;
                refuse_nondeterministic(&item)?;
                if crate::aggregate::has_window(&item.typed.expr) {
                    let text = "An aggregate function cannot be called on a window function's result in the same query.";
                    return Err(Error::new("_LEGACY_ERROR_TEMP_1031").text(text));
                }
                item
            }
            Kind::Window(_) => {
                let texts: Vec<String> = self.arguments(call, &name, scope)?.into_iter().map(|item| item.text).collect();
                let said = text::call(function, &name, &texts, false);
                let error = Error::new("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE").with("funcName", format!("\"{said}\""));
                return Err(suggest::at(error, &self.whole_text()));
            }
            Kind::Generator(_) => {
                let texts: Vec<String> = self.arguments(call, &name, scope)?.into_iter().map(|item| item.text).collect();
                let said = text::call(function, &name, &texts, false);
                if self.text_form.get() == TextForm::Numbered {
                    return Ok(Item::new(emberflow_functions::literal::null(&DataType::Null)?, said));
                }
                return Err(Error::new("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS").with("expression", format!("\"{said}\"")));
            }
            Kind::HigherOrder(build) => self.higher_order(*build, function, call, &name, scope)?,
        };
        Ok(match origin {
            Some(origin) => Item { typed: Typed { expr: with_origin(item.typed.expr, origin), ..item.typed }, ..item },
            None => item,
        })
    }

    /// `grouping(column)`, `grouping_id(..)`: a marker that the aggregate around it turns into bits of its grouping id.
    fn grouping(&self, call: &FunctionCall, name: &str, scope: &Scope<'_>) -> Result<Item> {
        let items = self.arguments(call, name, scope)?;
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let said = format!("{name}({})", texts.join(", "));
        let mut arguments: Vec<Physical> = items.iter().map(|item| item.typed.expr.clone()).collect();
        let data_type = match name {
            "grouping" => DataType::Byte,
            _ => {
                arguments.insert(0, datafusion::logical_expr::lit(name));
                DataType::Long
            }
        };
        let marker = datafusion::functions_aggregate::grouping::grouping_udaf().call(arguments);
        Ok(Item::new(Typed::new(marker, data_type, false), said))
    }

    /// What the rows' file says. Rows from elsewhere have none, nor have rows that were gathered from many tasks; where rows
    /// still are those of a file, but its columns are out of reach, an empty answer would be a wrong one.
    fn input_file(&self, name: &str, field: &str, nowhere: &Literal, scope: &Scope<'_>) -> Result<Item> {
        let text = format!("{name}()");
        if !scope.inputs.iter().any(|plan| gives_rows_of_files(plan)) {
            return Ok(Item::new(self.expression(&Expr::literal(nowhere.clone()), scope)?.typed, text));
        }
        let mut files = scope.metadata.iter().filter(|attribute| attribute.name == METADATA);
        match (files.next(), files.next()) {
            (Some(metadata), None) => Ok(Item::new(self.field(Item::new(metadata.typed(), METADATA), field)?.typed, text)),
            (Some(_), Some(_)) => Err(Error::new("MULTI_SOURCES_UNSUPPORTED_FOR_EXPRESSION").with("expr", format!("\"{text}\""))),
            (None, _) => Err(Error::unsupported(format!("{text} this far from the files"))),
        }
    }

    /// `int(x)`, `string(x)`: a type's name called as a function is a cast.
    fn cast_named(&self, call: &FunctionCall, name: &str) -> Option<DataType> {
        const TYPES: &[(&str, DataType)] = &[
            ("boolean", DataType::Boolean),
            ("tinyint", DataType::Byte),
            ("smallint", DataType::Short),
            ("int", DataType::Int),
            ("bigint", DataType::Long),
            ("float", DataType::Float),
            ("double", DataType::Double),
            ("decimal", DataType::DECIMAL_DEFAULT),
            ("date", DataType::Date),
            ("timestamp", DataType::Timestamp),
            ("binary", DataType::Binary),
            ("string", DataType::String),
        ];
        if call.arguments.len() != 1 || registry::lookup(name).is_some() {
            return None;
        }
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, data_type)| data_type.clone())
    }

    pub(crate) fn function(&self, call: &FunctionCall, name: &str) -> Result<&'static Function> {
        let elsewhere = match &call.name[..] {
            [_] | [] => false,
            [schema, _] => !schema.eq_ignore_ascii_case("builtin"),
            [catalog, schema, ..] => !(catalog.eq_ignore_ascii_case("system") && schema.eq_ignore_ascii_case("builtin")),
        };
        if elsewhere {
            return Err(self.unresolved_routine(call));
        }
        registry::lookup(name).ok_or_else(|| {
            if registry::known_to_spark(name) {
                return Error::unsupported(format!("the function {name}"));
            }
            self.unresolved_routine(call)
        })
    }

    fn unresolved_routine(&self, call: &FunctionCall) -> Error {
        let database = self.context().database;
        Error::new("UNRESOLVED_ROUTINE")
            .with("routineName", suggest::quoted_name(&call.name))
            .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, `spark_catalog`.`{database}`]"))
    }

    /// Resolves arguments; `*` in `count(*)` and `struct(*)` is expanded.
    pub(crate) fn arguments(&self, call: &FunctionCall, name: &str, scope: &Scope<'_>) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match &argument.kind {
                ExprKind::Star { target, .. } if name == "count" && target.is_empty() && !call.is_distinct => {
                    items.push(self.expression(&Expr::literal(emberflow_plan::tree::Literal::Int(1)), scope)?);
                }
                ExprKind::Star { target, .. } if name == "count" && !target.is_empty() && !call.is_distinct => {
                    return Err(Error::new("INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT")
                        .with("tableName", suggest::quoted_name(target)));
                }
                ExprKind::Star { .. } | ExprKind::Regex { .. } => {
                    items.extend(self.expand_star(argument, scope)?.into_iter().map(|selected| selected.item));
                }
                ExprKind::NamedArgument { value, .. } => items.push(self.expression(value, scope)?),
                _ => items.push(self.expression(argument, scope)?),
            }
        }
        Ok(items)
    }

    /// A call of an aggregate function with what stands around it. Under OVER its arguments may be aggregates themselves.
    pub(super) fn aggregate_call(&self, function: &Function, call: &FunctionCall, name: &str, scope: &Scope<'_>) -> Result<Item> {
        let Kind::Aggregate(build) = &function.kind else {
            return Err(Error::internal(format!("{name} is not an aggregate function")));
        };
        let item = self.build(function, *build, call, name, scope)?;
        self.with_modifiers(item, call, scope)
    }

    /// A scalar function or operator of arguments that are resolved already.
    pub(crate) fn operator(&self, name: &str, items: Vec<Item>) -> Result<Item> {
        let Some(Function { kind: Kind::Scalar(build), .. }) = registry::lookup(name) else {
            return Err(Error::internal(format!("there is no scalar function {name}")));
        };
        let (mut arguments, mut texts): (Vec<Typed>, Vec<String>) = items.into_iter().map(|item| (item.typed, item.text)).unzip();
        collation::settle(name, &mut arguments, &mut texts)?;
        let said = format!("{name}({})", texts.join(", "));
        let call = Call { name, arguments, texts, is_distinct: false, ignore_nulls: None, context: self.context() };
        Ok(Item::new(collation::build(*build, call)?, said))
    }

    fn build(
        &self,
        function: &Function,
        build: fn(Call<'_>) -> Result<Typed>,
        call: &FunctionCall,
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<Item> {
        let mut items = self.arguments(call, name, scope)?;
        if let ([left, right], "<" | "<=" | ">" | ">=") = (&call.arguments[..], name) {
            self.round_bound(name, [left, right], &mut items, scope)?;
        }
        let (mut arguments, mut texts): (Vec<Typed>, Vec<String>) = items.into_iter().map(|item| (item.typed, item.text)).unzip();
        collation::settle(name, &mut arguments, &mut texts)?;
        if TAKE_TIMES.contains(&name) {
            arguments.iter().try_for_each(|argument| self.check_times(&argument.data_type))?;
        }
        let mut said = match (name, call.ignore_nulls) {
            // Spark's parser makes of these what has no name of its own.
            ("first_value", Some(true)) => {
                text::call(function, "first", &texts, call.is_distinct).replacen("first_value", "first", 1)
            }
            ("last_value", Some(true)) => {
                text::call(function, "last", &texts, call.is_distinct).replacen("last_value", "last", 1)
            }
            _ => registry::name_by_types(name, &arguments, &texts)
                .unwrap_or_else(|| text::call(function, name, &texts, call.is_distinct)),
        };
        if let (true, [order]) = (is_inverse_distribution(name), call.within_group.as_slice()) {
            // The builder takes what is measured first, and whether ranks count from the greatest last.
            let measured = self.expression(&order.child, scope)?;
            let descending = order.direction == SortDirection::Descending;
            // Spark prints the direction in which `mode` looks for the first of several, which is the other one.
            let direction = if descending != (name == "mode") { " DESC" } else { "" };
            said = format!("{said} WITHIN GROUP (ORDER BY {}{direction})", measured.text);
            arguments.insert(0, measured.typed);
            texts.insert(0, measured.text);
            let flag = emberflow_plan::tree::Literal::Boolean(descending);
            arguments.push(self.expression(&Expr::literal(flag), scope)?.typed);
            texts.push(descending.to_string());
        }
        let call = Call {
            name,
            arguments,
            texts,
            is_distinct: call.is_distinct,
            ignore_nulls: call.ignore_nulls,
            context: self.context(),
        };
        Ok(Item::new(collation::build(build, call)?, said))
    }

    /// `id < 1.5` is `id < 2`: an integer compared with a decimal constant is compared with the nearest integer that says
    /// the same.
    fn round_bound(&self, name: &str, written: [&Expr; 2], items: &mut [Item], scope: &Scope<'_>) -> Result<()> {
        for (at, other) in [(0, 1), (1, 0)] {
            let ExprKind::Literal(Literal::Decimal { value, scale, .. }) = &written[at].kind else { continue };
            if !items[other].typed.data_type.is_integral() {
                continue;
            }
            let Some(unit) = 10i128.checked_pow(u32::from(scale.unsigned_abs())).filter(|_| *scale >= 0) else { continue };
            let floor = value.div_euclid(unit);
            let ceiling = floor + i128::from(value.rem_euclid(unit) != 0);
            let up = matches!((at, name), (1, "<" | ">=") | (0, ">" | "<="));
            if let Ok(bound) = i64::try_from(if up { ceiling } else { floor }) {
                items[at] = self.expression(&Expr::literal(Literal::Long(bound)), scope)?;
            }
        }
        Ok(())
    }

    fn refuse_modifiers(&self, call: &FunctionCall, name: &str) -> Result<()> {
        let refused = if call.is_distinct {
            Some("DISTINCT")
        } else if call.filter.is_some() {
            Some("FILTER CLAUSE")
        } else {
            None
        };
        match refused {
            Some(what) => Err(Error::new("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX")
                .with("prettyName", format!("`{name}`"))
                .with("syntax", what)),
            None => Ok(()),
        }
    }

    /// Adds DISTINCT, FILTER and an order to the aggregate calls a builder made.
    fn with_modifiers(&self, item: Item, call: &FunctionCall, scope: &Scope<'_>) -> Result<Item> {
        let filter = call.filter.as_ref().map(|filter| self.expression(filter, scope)).transpose()?;
        let ordered = if is_inverse_distribution(&call.bare()) { &[] } else { call.within_group.as_slice() };
        let order = self.sort_expressions(ordered, scope)?;
        if filter.is_none() && order.is_empty() && !call.is_distinct {
            return Ok(item);
        }
        let mut said = item.text;
        if !ordered.is_empty() {
            let list = ordered.iter().map(|order| Ok(text::order(&self.expression(&order.child, scope)?.text, order)));
            said = format!("{said} WITHIN GROUP (ORDER BY {})", list.collect::<Result<Vec<_>>>()?.join(", "));
        }
        if let Some(filter) = &filter {
            said = format!("{said} FILTER (WHERE {})", filter.text);
        }
        let condition = filter.map(|filter| self.as_condition(filter, "FILTER")).transpose()?;
        let expr = item
            .typed
            .expr
            .transform(|expr| {
                Ok(match expr {
                    Physical::AggregateFunction(mut aggregate) => {
                        aggregate.params.distinct |= call.is_distinct;
                        if condition.is_some() {
                            aggregate.params.filter = condition.clone().map(Box::new);
                        }
                        if !order.is_empty() {
                            aggregate.params.order_by = order.clone();
                        }
                        Transformed::new(
                            Physical::AggregateFunction(aggregate),
                            true,
                            datafusion::common::tree_node::TreeNodeRecursion::Jump,
                        )
                    }
                    other => Transformed::no(other),
                })
            })
            .map_err(from_datafusion)?
            .data;
        Ok(Item::new(Typed { expr, ..item.typed }, said))
    }

    /// ORDER BY lists inside expressions.
    pub(crate) fn sort_expressions(&self, orders: &[SortOrder], scope: &Scope<'_>) -> Result<Vec<Sort>> {
        let key = |order: &SortOrder| collation::key(self.expression(&order.child, scope)?.typed);
        orders.iter().map(|order| Ok(sort(key(order)?.expr, order))).collect()
    }

    fn higher_order(
        &self,
        build: fn(HigherOrderCall<'_, '_>) -> Result<Typed>,
        function: &Function,
        call: &FunctionCall,
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<Item> {
        let texts = std::cell::RefCell::new(vec![String::new(); call.arguments.len()]);
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (position, argument) in call.arguments.iter().enumerate() {
            let texts = &texts;
            arguments.push(match &argument.kind {
                ExprKind::Lambda { body, arguments: names } => Argument::Lambda(Box::new(move |types| {
                    let with_index = matches!(name, "transform" | "filter");
                    let made = self.lambda(body, names, types, with_index, scope);
                    let (body, said) = made.map_err(|error| suggest::at(error, &argument.origin))?;
                    texts.borrow_mut()[position] = said;
                    Ok(body)
                })),
                _ => {
                    let item = self.expression(argument, scope)?;
                    texts.borrow_mut()[position] = item.text;
                    Argument::Value(item.typed)
                }
            });
        }
        collation::check_passes(name, arguments.iter().filter_map(Argument::data_type))?;
        let values: Vec<String> = texts.borrow().clone();
        let typed = build(HigherOrderCall { name, arguments, texts: values, context: self.context() });
        // Lambdas are printed only once their types are known, which the builder finds out.
        let typed = typed.map_err(|error| match (error.parameter("inputSql"), texts.borrow().get(1)) {
            (Some("\"lambdafunction\""), Some(lambda)) => {
                let whole = text::call(function, name, &texts.borrow(), false);
                let (lambda, whole) = (format!("\"{lambda}\""), format!("\"{whole}\""));
                error.clone().with("inputSql", lambda).with("sqlExpr", whole)
            }
            _ => error,
        })?;
        let texts = texts.into_inner();
        Ok(Item::new(typed, text::call(function, name, &texts, false)))
    }

    /// Resolves a lambda's body over variables of the given types.
    fn lambda(
        &self,
        body: &Expr,
        names: &[String],
        types: &[(emberflow_plan::DataType, bool)],
        with_index: bool,
        scope: &Scope<'_>,
    ) -> Result<(LambdaBody, String)> {
        if names.len() > types.len() {
            // A second variable, the index, is there only for lambdas that take two.
            let given = if types.len() == 2 && names.len() > 2 && with_index { 1 } else { types.len() };
            return Err(Error::new("INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH")
                .with("expectedNumArgs", names.len().to_string())
                .with("actualNumArgs", given.to_string()));
        }
        let variables: Vec<_> = names
            .iter()
            .zip(types)
            .map(|(name, (data_type, nullable))| self.new_attribute(name, data_type.clone(), *nullable))
            .collect();
        let before = scope.lambdas.borrow().len();
        scope.lambdas.borrow_mut().extend(names.iter().cloned().zip(variables.iter().map(|variable| variable.typed())));
        let body = self.expression(body, scope);
        scope.lambdas.borrow_mut().truncate(before);
        let body = body?;
        let shown = vec!["namedlambdavariable()"; names.len()];
        let said = format!("lambdafunction({}, {})", body.text, shown.join(", "));
        let variables = variables.iter().map(|variable| variable.column.clone()).collect();
        Ok((LambdaBody { body: body.typed, variables }, said))
    }
}

/// Aggregates of random numbers would not be the same when a task runs again.
fn refuse_nondeterministic(item: &Item) -> Result<()> {
    match crate::partition_values::calls_any(&item.typed.expr) {
        true => {
            Err(Error::new("AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION").with("sqlExpr", format!("\"{}\"", item.text)))
        }
        false => Ok(()),
    }
}

/// An aggregate inside another has no meaning.
fn refuse_nested(item: &Item) -> Result<()> {
    let calls = datafusion::logical_expr::utils::find_aggregate_exprs([&item.typed.expr]);
    let nested = calls.iter().any(|call| match call {
        Physical::AggregateFunction(call) => {
            !datafusion::logical_expr::utils::find_aggregate_exprs(call.params.args.iter()).is_empty()
        }
        _ => false,
    });
    if nested { Err(Error::new("NESTED_AGGREGATE_FUNCTION")) } else { Ok(()) }
}

/// Whether an expression as written calls an aggregate function.
fn mentions_aggregate(expr: &Expr) -> bool {
    !written_aggregates(expr).is_empty()
}

/// The outermost aggregate calls of an expression as written.
pub(crate) fn written_aggregates(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Function(call) => {
            let is_aggregate = registry::lookup(&call.bare()).is_some_and(|function| matches!(function.kind, Kind::Aggregate(_)));
            if is_aggregate { vec![expr] } else { call.arguments.iter().flat_map(written_aggregates).collect() }
        }
        ExprKind::Alias { expression, .. } | ExprKind::Cast { expression, .. } => written_aggregates(expression),
        _ => Vec::new(),
    }
}

/// Aggregates whose measured column stands in WITHIN GROUP.
fn is_inverse_distribution(name: &str) -> bool {
    matches!(name, "percentile_cont" | "percentile_disc" | "mode")
}

/// DataFusion's form of a sort order.
pub(crate) fn sort(expr: Physical, order: &SortOrder) -> Sort {
    Sort { expr, asc: order.direction == SortDirection::Ascending, nulls_first: order.nulls == NullOrder::First }
}

/// Whether rows of files come out of a plan one by one, as they were read.
fn gives_rows_of_files(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => scan.source.schema().column_with_name(METADATA).is_some(),
        LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_) => false,
        LogicalPlan::Extension(_) => PartitionNode::behind(plan).is_some_and(|node| {
            let deals_anew = matches!(node.operation, Operation::Shuffle { .. } | Operation::Ranges { .. });
            !deals_anew && gives_rows_of_files(&node.input)
        }),
        _ => plan.inputs().into_iter().any(gives_rows_of_files),
    }
}
