//! Trees as short text, for tests: `Project(Filter(t; >(a, 1)); a, b AS c)`.
//!
//! What a node does not need to say is left out; what this cannot print is printed as Rust would.

use crate::tree::*;

pub(super) fn statement(statement: &Statement) -> String {
    match statement {
        Statement::Query(query) => relation(query),
        Statement::Command(command) => self::command(command),
    }
}

fn command(command: &Command) -> String {
    match command {
        Command::CreateView(view) => {
            let text = view.text.as_deref().map(|text| format!(" text={text:?}")).unwrap_or_default();
            let flags = flags(&[(view.replace, "replace"), (view.if_not_exists, "if_not_exists")]);
            let comment = view.comment.as_deref().map(|text| format!(" comment={text:?}")).unwrap_or_default();
            format!(
                "CreateView {:?} {:?}{flags} {:?}{comment}{text} {}",
                view.kind,
                view.name,
                view.columns,
                relation(&view.query)
            )
        }
        Command::Insert(insert) => {
            let flags =
                flags(&[(insert.by_name, "by_name"), (insert.overwrite, "overwrite"), (insert.if_not_exists, "if_not_exists")]);
            let partition: Vec<String> = insert
                .partition
                .iter()
                .map(|(name, value)| format!("{name}={}", value.as_ref().map_or("*".into(), expression)))
                .collect();
            let partition = if partition.is_empty() { String::new() } else { format!(" partition({})", partition.join(", ")) };
            format!("Insert {:?}{:?}{flags}{partition} {}", insert.table, insert.columns, relation(&insert.query))
        }
        Command::CacheTable { name, query, lazy, options } => {
            let query = query.as_ref().map(relation).unwrap_or_default();
            format!("CacheTable {name:?} lazy={lazy} {options:?} {query}")
        }
        Command::DescribeQuery { query } => format!("DescribeQuery {}", relation(query)),
        Command::Explain { statement, mode } => format!("Explain {mode:?} {}", self::statement(statement)),
        Command::SetTimeZone { value } => format!("SetTimeZone {}", expression(value)),
        Command::CreateTable(table) => {
            let query = table.query.as_ref().map(relation).unwrap_or_default();
            let rest = CreateTable { query: None, ..table.clone() };
            format!("{rest:?} {query}")
        }
        other => format!("{other:?}"),
    }
}

fn flags(flags: &[(bool, &str)]) -> String {
    flags.iter().filter(|(on, _)| *on).map(|(_, name)| format!(" {name}")).collect()
}

pub(super) fn relation(relation: &Relation) -> String {
    let (name, inputs, rest) = parts(&relation.kind);
    let inputs: Vec<String> = inputs.into_iter().map(self::relation).collect();
    let pieces: Vec<String> = [inputs.join(", "), rest].into_iter().filter(|piece| !piece.is_empty()).collect();
    if name.is_empty() { pieces.join("; ") } else { format!("{name}({})", pieces.join("; ")) }
}

/// A relation's name, inputs, and whatever else it says.
fn parts(kind: &RelationKind) -> (String, Vec<&Relation>, String) {
    match kind {
        RelationKind::Table { name, options, time_travel, .. } => {
            let travel = time_travel.as_ref().map(|travel| {
                let timestamp = travel.timestamp.as_ref().map(expression);
                format!(" @{}", timestamp.or_else(|| travel.version.clone()).unwrap_or_default())
            });
            let options = if options.is_empty() { String::new() } else { format!(" {options:?}") };
            (String::new(), vec![], format!("{}{}{options}", name.join("."), travel.unwrap_or_default()))
        }
        RelationKind::Project { input, expressions } => ("Project".into(), input.iter().collect(), list(expressions)),
        RelationKind::Filter { input, condition } => ("Filter".into(), vec![input], expression(condition)),
        RelationKind::Having { input, condition } => ("Having".into(), vec![input], expression(condition)),
        RelationKind::Join(join) => {
            let condition = match &join.condition {
                JoinCondition::None => String::new(),
                JoinCondition::On(condition) => expression(condition),
                JoinCondition::Using(names) => format!("using {}", names.join(", ")),
                JoinCondition::Natural => "natural".into(),
            };
            (format!("{:?}Join", join.join_type), vec![&join.left, &join.right], condition)
        }
        RelationKind::LateralJoin { left, right, condition, join_type } => {
            (format!("Lateral{join_type:?}Join"), vec![left, right], condition.as_ref().map(expression).unwrap_or_default())
        }
        RelationKind::SetOp { op, left, right, is_all, .. } => {
            (format!("{op:?}{}", if *is_all { "All" } else { "" }), vec![left, right], String::new())
        }
        RelationKind::Sort { input, orders: by, is_global, all } => {
            let name = if *is_global { "Sort" } else { "LocalSort" };
            (name.into(), vec![input], all.map_or_else(|| orders(by), |direction| format!("ALL {direction:?}")))
        }
        RelationKind::Limit { input, limit } => ("Limit".into(), vec![input], expression(limit)),
        RelationKind::Offset { input, offset } => ("Offset".into(), vec![input], expression(offset)),
        RelationKind::Aggregate(aggregate) => {
            let rest = format!("by {}; {}", grouping(&aggregate.grouping), list(&aggregate.aggregates));
            ("Aggregate".into(), vec![&aggregate.input], rest)
        }
        RelationKind::SubqueryAlias { input, alias, columns, .. } => {
            let columns = if columns.is_empty() { String::new() } else { format!("({})", columns.join(", ")) };
            (format!("As {alias}{columns}"), vec![input], String::new())
        }
        RelationKind::Deduplicate { input, .. } => ("Distinct".into(), vec![input], String::new()),
        RelationKind::WithColumns { input, columns } => {
            let columns: Vec<String> = columns.iter().map(|c| format!("{} = {}", c.name, expression(&c.expression))).collect();
            ("WithColumns".into(), vec![input], columns.join(", "))
        }
        RelationKind::Unpivot { input, ids, values, variable_name, value_name } => {
            let values = list(values.as_deref().unwrap_or_default());
            ("Unpivot".into(), vec![input], format!("{} | {value_name} for {variable_name} in {values}", list(ids)))
        }
        RelationKind::Drop { input, names, .. } => ("Drop".into(), vec![input], names.join(", ")),
        RelationKind::Hint { input, name, parameters } => (format!("Hint {name}"), vec![input], list(parameters)),
        RelationKind::RepartitionByExpression { input, expressions, .. } => {
            ("Repartition".into(), vec![input], list(expressions))
        }
        RelationKind::With { ctes, recursive, input } => {
            let named: Vec<String> = ctes
                .iter()
                .map(|cte| {
                    let columns = if cte.columns.is_empty() { String::new() } else { format!("({})", cte.columns.join(", ")) };
                    format!("{}{columns} = {}", cte.name, relation(&cte.relation))
                })
                .collect();
            (if *recursive { "WithRecursive" } else { "With" }.into(), vec![input], named.join(", "))
        }
        RelationKind::Sample { input, upper, seed, .. } => ("Sample".into(), vec![input], format!("{upper} seed {seed:?}")),
        RelationKind::TableFunction { name, arguments } => (name.join("."), vec![], list(arguments)),
        RelationKind::PipeStep { step, .. } => parts(&step.kind),
        RelationKind::LateralView { input, generator, outer, table, columns } => {
            let name = if *outer { "LateralViewOuter" } else { "LateralView" };
            (name.into(), vec![input], format!("{} {table}({})", expression(generator), columns.join(", ")))
        }
        RelationKind::Values { rows } => {
            let rows: Vec<String> = rows.iter().map(|row| format!("({})", list(row))).collect();
            ("Values".into(), vec![], rows.join(", "))
        }
        RelationKind::SqlPivot { input, aggregates, columns, values } => {
            ("Pivot".into(), vec![input], format!("{} for {} in {}", list(aggregates), list(columns), list(values)))
        }
        other => ("".into(), vec![], format!("{other:?}")),
    }
}

fn grouping(grouping: &Grouping) -> String {
    match grouping {
        Grouping::By(by) => list(by),
        Grouping::Rollup(by) => format!("rollup {}", list(by)),
        Grouping::Cube(by) => format!("cube {}", list(by)),
        Grouping::Sets { by, sets } => format!("{} sets {}", list(by), lists(sets)),
        Grouping::Mixed(elements) => elements.iter().map(element).collect::<Vec<_>>().join(" x "),
        Grouping::All => "all".into(),
        Grouping::Pivot { .. } => "pivot".into(),
    }
}

fn element(element: &GroupingElement) -> String {
    match element {
        GroupingElement::Plain(by) => expression(by),
        GroupingElement::Rollup(sets) => format!("rollup {}", lists(sets)),
        GroupingElement::Cube(sets) => format!("cube {}", lists(sets)),
        GroupingElement::Set(set) => format!("({})", list(set)),
        GroupingElement::Sets(sets) => format!("sets [{}]", sets.iter().map(self::element).collect::<Vec<_>>().join(", ")),
    }
}

fn lists(sets: &[Vec<Expr>]) -> String {
    sets.iter().map(|set| format!("({})", list(set))).collect::<Vec<_>>().join(", ")
}

fn list(expressions: &[Expr]) -> String {
    expressions.iter().map(expression).collect::<Vec<_>>().join(", ")
}

fn orders(orders: &[SortOrder]) -> String {
    orders.iter().map(order).collect::<Vec<_>>().join(", ")
}

fn order(order: &SortOrder) -> String {
    let (direction, usual) = match order.direction {
        SortDirection::Ascending => ("", NullOrder::First),
        SortDirection::Descending => (" desc", NullOrder::Last),
    };
    let nulls = if order.nulls == usual { String::new() } else { format!(" nulls {:?}", order.nulls).to_lowercase() };
    format!("{}{direction}{nulls}", expression(&order.child))
}

pub(super) fn expression(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Attribute { parts, .. } => parts.join("."),
        ExprKind::LambdaVariable { parts } => format!("\\{}", parts.join(".")),
        ExprKind::Star { target, except, replace, .. } => {
            let target: String = target.iter().map(|part| format!("{part}.")).collect();
            let except = if except.is_empty() { String::new() } else { format!(" except {except:?}") };
            let replace: Vec<String> =
                replace.iter().map(|a| format!(" replace {} as {}", expression(&a.expression), a.name)).collect();
            format!("{target}*{except}{}", replace.concat())
        }
        ExprKind::Function(call) => function(call),
        ExprKind::Alias { expression, names, .. } => format!("{} AS {}", self::expression(expression), names.join(", ")),
        ExprKind::Cast { expression, target, mode } => {
            format!("cast<{}{}>({})", target.simple_string(), mode_text(*mode), self::expression(expression))
        }
        ExprKind::Window(window) => {
            let frame = window.frame.as_ref().map(|frame| format!(" {frame}", frame = self::frame(frame))).unwrap_or_default();
            let (by, order) = (list(&window.partition_by), orders(&window.order_by));
            format!("{} over [{by} | {order}{frame}]", expression(&window.function))
        }
        ExprKind::Lambda { body, arguments } => format!("({} -> {})", arguments.join(", "), expression(body)),
        ExprKind::ExtractValue { child, extraction } => format!("{}[{}]", expression(child), expression(extraction)),
        ExprKind::Case { operand, branches, otherwise } => {
            let operand = operand.as_ref().map(|operand| format!(" {}", expression(operand))).unwrap_or_default();
            let branches: String =
                branches.iter().map(|(when, then)| format!(" when {} then {}", expression(when), expression(then))).collect();
            let otherwise = otherwise.as_ref().map(|otherwise| format!(" else {}", expression(otherwise))).unwrap_or_default();
            format!("case{operand}{branches}{otherwise}")
        }
        ExprKind::NamedArgument { name, value } => format!("{name} => {}", expression(value)),
        ExprKind::Subquery(subquery) => {
            let kind = match &subquery.kind {
                SubqueryKind::Scalar => "scalar".to_owned(),
                SubqueryKind::Exists => "exists".to_owned(),
                SubqueryKind::In(values) => format!("{} in", list(values)),
                SubqueryKind::TableArgument => "table".to_owned(),
            };
            format!("{{{kind} {}}}", relation(&subquery.relation))
        }
        ExprKind::Parameter { name, position } => name.as_ref().map_or_else(|| format!("?{position}"), |name| format!(":{name}")),
        other => format!("{other:?}"),
    }
}

fn mode_text(mode: CastMode) -> &'static str {
    match mode {
        CastMode::Session => "",
        CastMode::Legacy => " legacy",
        CastMode::Ansi => " ansi",
        CastMode::Try => " try",
    }
}

fn function(call: &FunctionCall) -> String {
    let distinct = if call.is_distinct { "distinct " } else { "" };
    let filter = call.filter.as_ref().map(|filter| format!(" filter {}", expression(filter))).unwrap_or_default();
    let within = if call.within_group.is_empty() { String::new() } else { format!(" within {}", orders(&call.within_group)) };
    let nulls = match call.ignore_nulls {
        Some(true) => " ignore nulls",
        Some(false) => " respect nulls",
        None => "",
    };
    format!("{}({distinct}{}){within}{filter}{nulls}", call.name.join("."), list(&call.arguments))
}

fn frame(frame: &Frame) -> String {
    let bound = |bound: &FrameBound| match bound {
        FrameBound::Offset(offset) => expression(offset),
        other => format!("{other:?}"),
    };
    format!("{:?} {}..{}", frame.unit, bound(&frame.lower), bound(&frame.upper))
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null(_) => "null".into(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Byte(value) => format!("{value}Y"),
        Literal::Short(value) => format!("{value}S"),
        Literal::Int(value) => value.to_string(),
        Literal::Long(value) => format!("{value}L"),
        Literal::Float(value) => format!("{value:?}F"),
        Literal::Double(value) => format!("{value:?}D"),
        Literal::Decimal { value, precision, scale } => format!("{value}m{precision},{scale}"),
        Literal::String(value) => format!("'{value}'"),
        Literal::Binary(value) => format!("x{value:02X?}"),
        Literal::Date(value) => format!("date {value}"),
        Literal::Timestamp(value) => format!("timestamp {value}"),
        Literal::TimestampNtz(value) => format!("timestamp_ntz {value}"),
        Literal::Time { nanos, precision } => format!("time({precision}) {nanos}"),
        Literal::YearMonthInterval { months, data_type } => format!("{} {months}", data_type.simple_string()),
        Literal::DayTimeInterval { micros, data_type } => format!("{} {micros}", data_type.simple_string()),
        other => format!("{other:?}"),
    }
}
