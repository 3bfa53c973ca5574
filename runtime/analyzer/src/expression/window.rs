//! `function OVER (PARTITION BY .. ORDER BY .. frame)`.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{Sort, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{Expr as Physical, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition};
use emberflow_base::{Error, Result};
use emberflow_functions::cast::{self, EvalMode};
use emberflow_functions::collation;
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::registry::{self, Kind};
use emberflow_functions::{Call, Typed};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, ExprKind, Frame, FrameBound, FrameUnit, Window};

use super::call::sort;
use super::{Item, TextForm, text};
use crate::resolver::Resolver;
use crate::scope::{Found, Scope};
use crate::suggest;

impl Resolver<'_> {
    pub(super) fn window(&self, window: &Window, scope: &Scope<'_>) -> Result<Item> {
        let (function, ranks) = self.windowed_function(&window.function, scope)?;
        if let Some(alias) = self.lateral_alias_in(window, scope) {
            return Err(self.no_alias_in_window(window, &alias, scope)?);
        }
        let partition = window.partition_by.iter().map(|expr| self.expression(expr, scope)).collect::<Result<Vec<_>>>()?;
        let orders = window.order_by.iter().map(|order| self.expression(&order.child, scope)).collect::<Result<Vec<_>>>()?;
        if ranks && orders.is_empty() {
            let said = self.in_form(TextForm::Qualified, || self.windowed_function(&window.function, scope))?.0.text;
            return Err(Error::new("WINDOW_FUNCTION_FRAME_NOT_ORDERED")
                .with("wf_name", name_of(&said).to_lowercase())
                .with("wf_expr", said));
        }
        let framed = self.frame(window, &function.text, &orders, ranks, scope);
        let (frame, frame_text) = framed.map_err(|error| suggest::at(error, &window.specification))?;
        let mut said = Vec::new();
        if !partition.is_empty() {
            let list: Vec<&str> = partition.iter().map(|item| item.text.as_str()).collect();
            said.push(format!("PARTITION BY {}", list.join(", ")));
        }
        if !orders.is_empty() {
            let list: Vec<String> =
                orders.iter().zip(&window.order_by).map(|(item, order)| text::order(&item.text, order)).collect();
            said.push(format!("ORDER BY {}", list.join(", ")));
        }
        said.push(frame_text);
        let said = format!("{} OVER ({})", function.text, said.join(" "));
        if matches!(&function.typed.expr, Physical::AggregateFunction(call) if call.params.distinct) {
            return Err(Error::new("DISTINCT_WINDOW_FUNCTION_UNSUPPORTED").with("windowExpr", format!("\"{said}\"")));
        }

        let partition_by: Vec<Physical> =
            partition.into_iter().map(|item| Ok(collation::key(item.typed)?.expr)).collect::<Result<_>>()?;
        let by_peers =
            orders.first().is_some_and(|item| item.typed.data_type.is_collated() || no_range_over(&item.typed.data_type));
        let orders = orders.into_iter().zip(&window.order_by);
        let order_by: Vec<Sort> =
            orders.map(|(item, order)| Ok(sort(ordering(collation::key(item.typed)?), order))).collect::<Result<_>>()?;
        let frame = if by_peers { grouped(frame) } else { frame };
        let expr = over(function.typed.expr, &partition_by, &order_by, &frame)?;
        Ok(Item::new(Typed { expr, ..function.typed }, said))
    }

    /// An alias to the left that is used by what stands behind OVER or in the function's arguments.
    fn lateral_alias_in(&self, window: &Window, scope: &Scope<'_>) -> Option<String> {
        let arguments: &[Expr] = match &window.function.kind {
            ExprKind::Function(call) => &call.arguments,
            _ => &[],
        };
        let orders = window.order_by.iter().map(|order| &order.child);
        arguments.iter().chain(&window.partition_by).chain(orders).find_map(|expr| {
            let ExprKind::Attribute { parts, plan_id: None, .. } = &expr.kind else { return None };
            matches!(scope.find(parts, &None), Ok(Found::Local(..))).then(|| parts.join("."))
        })
    }

    fn no_alias_in_window(&self, window: &Window, alias: &str, scope: &Scope<'_>) -> Result<Error> {
        let printed = |expr: &Expr| -> Result<String> {
            let text = self.expression(expr, scope)?.text;
            Ok(if text.eq_ignore_ascii_case(alias) { format!("lateralAliasReference({text})") } else { text })
        };
        let function = match &window.function.kind {
            ExprKind::Function(call) => {
                let arguments = call.arguments.iter().map(|argument| match argument.kind {
                    ExprKind::Star { .. } => Ok("1".to_owned()),
                    _ => printed(argument),
                });
                format!("{}({})", call.bare(), arguments.collect::<Result<Vec<_>>>()?.join(", "))
            }
            _ => printed(&window.function)?,
        };
        let mut said = Vec::new();
        if !window.partition_by.is_empty() {
            let list = window.partition_by.iter().map(printed).collect::<Result<Vec<_>>>()?;
            said.push(format!("PARTITION BY {}", list.join(", ")));
        }
        if !window.order_by.is_empty() {
            let list = window.order_by.iter().map(|order| Ok(text::order(&printed(&order.child)?, order)));
            said.push(format!("ORDER BY {}", list.collect::<Result<Vec<_>>>()?.join(", ")));
        }
        if window.frame.is_none() {
            said.push("unspecifiedframe$()".to_owned());
        }
        Ok(Error::new("UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_WINDOW")
            .with("lca", emberflow_plan::types::quote(alias))
            .with("windowExpr", format!("\"{function} OVER ({})\"", said.join(" "))))
    }

    /// The function before OVER, and whether it ranks (needs an order, ignores the frame).
    fn windowed_function(&self, function: &Expr, scope: &Scope<'_>) -> Result<(Item, bool)> {
        let unsupported = |expr: &str| Error::new("UNSUPPORTED_EXPR_FOR_WINDOW").with("sqlExpr", format!("\"{expr}\""));
        let call = match &function.kind {
            ExprKind::Function(call) => call,
            ExprKind::Alias { expression, .. } => return self.windowed_function(expression, scope),
            ExprKind::Sql(text) => {
                let parsed = emberflow_plan::sql::parse_expression(text, self.sql_options())?;
                return self.windowed_function(&parsed, scope);
            }
            ExprKind::Foreign { .. } => return Ok((self.expression(function, scope)?, false)),
            _ => return Err(unsupported(&self.expression(function, scope)?.text)),
        };
        let name = call.bare();
        let known = match registry::lookup_over(&name) {
            Some(known) => known,
            None => self.function(call, &name)?,
        };
        match &known.kind {
            Kind::Window(build) => {
                let items = self.arguments(call, &name, scope)?;
                let (mut arguments, mut texts): (Vec<Typed>, Vec<String>) =
                    items.into_iter().map(|item| (item.typed, item.text)).unzip();
                collation::settle(&name, &mut arguments, &mut texts)?;
                let said = text::call(known, &name, &texts, call.is_distinct);
                // Spark's parser makes of these what has no name of its own.
                let said = match (name.as_str(), call.ignore_nulls) {
                    ("first_value" | "last_value", Some(true)) => said.replacen("_value(", "(", 1),
                    ("nth_value", Some(true)) => format!("{said} ignore nulls"),
                    _ => said,
                };
                let call = Call {
                    name: &name,
                    arguments,
                    texts,
                    is_distinct: call.is_distinct,
                    ignore_nulls: call.ignore_nulls,
                    context: self.context(),
                };
                let typed = collation::build(*build, call)?;
                let framed = matches!(name.as_str(), "nth_value" | "first_value" | "last_value" | "first" | "last" | "any_value");
                Ok((Item::new(typed, windowed_text(&name, said)), !framed))
            }
            Kind::Aggregate(_) => Ok((self.aggregate_call(known, call, &name, scope)?, false)),
            _ => Err(unsupported(&self.expression(function, scope)?.text)),
        }
    }

    fn frame(
        &self,
        window: &Window,
        function: &str,
        orders: &[Item],
        ranks: bool,
        scope: &Scope<'_>,
    ) -> Result<(WindowFrame, String)> {
        let ordered = !orders.is_empty();
        let Some(frame) = &window.frame else {
            return Ok(match (ordered, ranks) {
                (true, true) => (WindowFrame::new(Some(false)), ranking_frame(function)),
                (true, false) => (WindowFrame::new(Some(false)), "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned()),
                _ => (WindowFrame::new(None), "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING".to_owned()),
            });
        };
        self.check_range(window, frame, orders, scope)?;
        let (lower, lower_text) = self.bound(frame, &frame.lower, orders, scope)?;
        let (upper, upper_text) = self.bound(frame, &frame.upper, orders, scope)?;
        let units = match frame.unit {
            FrameUnit::Rows => WindowFrameUnits::Rows,
            FrameUnit::Range => WindowFrameUnits::Range,
        };
        let said = text::frame(frame, lower_text.as_deref(), upper_text.as_deref());
        if is_backwards(&lower, &upper) {
            return Err(Error::new("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON")
                .with("sqlExpr", format!("\"{said}\""))
                .with("comparison", "less than or equal"));
        }
        let whole = matches!(lower, WindowFrameBound::Preceding(ref value) if value.is_null())
            && matches!(upper, WindowFrameBound::Following(ref value) if value.is_null());
        let units = if whole && !ordered { WindowFrameUnits::Rows } else { units };
        Ok((WindowFrame::new_bounds(units, lower, upper), said))
    }

    /// A range by values needs one order, of something that can be added to.
    fn check_range(&self, window: &Window, frame: &Frame, orders: &[Item], scope: &Scope<'_>) -> Result<()> {
        let bounds = [("lower", &frame.lower), ("upper", &frame.upper)];
        let by_value = bounds.into_iter().find(|(_, bound)| matches!(bound, FrameBound::Offset(_)));
        let (FrameUnit::Range, Some((location, _))) = (frame.unit, by_value) else { return Ok(()) };
        let texts = |negative: fn(String) -> String| -> Result<Vec<Option<String>>> {
            bounds.iter().map(|(_, bound)| self.offset_text(bound, scope, negative)).collect()
        };
        if let [_, _, ..] = orders {
            let said = texts(|offset| format!("-{offset}"))?;
            let printed = |form| -> Result<Vec<String>> {
                let order = |order: &emberflow_plan::tree::SortOrder| {
                    let item = self.in_form(form, || self.expression(&order.child, scope))?;
                    Ok(text::order(&item.text, order))
                };
                window.order_by.iter().map(order).collect()
            };
            let frame_text = text::frame(frame, said[0].as_deref(), said[1].as_deref());
            let sql = format!("\"(ORDER BY {} {frame_text})\"", printed(super::TextForm::Plain)?.join(", "));
            return Err(Error::new("DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER")
                .with("sqlExpr", sql)
                .with("orderSpec", printed(super::TextForm::Numbered)?.join(",")));
        }
        let Some(order) = orders.first() else { return Ok(()) };
        let data_type = &order.typed.data_type;
        if data_type.is_numeric() || data_type.is_datetime() || data_type.is_interval() {
            return Ok(());
        }
        if matches!(data_type, DataType::Time(_)) {
            return self.refused_by_type(window, frame, data_type, scope);
        }
        let minus = |offset: Option<String>| {
            offset.map(|offset| match offset.strip_prefix("negative(").and_then(|rest| rest.strip_suffix(')')) {
                Some(size) => format!("(- {size})"),
                None => offset,
            })
        };
        let said: Vec<Option<String>> = texts(|offset| format!("(- {offset})"))?.into_iter().map(minus).collect();
        let frame_text = text::frame(frame, said[0].as_deref(), said[1].as_deref());
        Err(Error::new("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE")
            .with("sqlExpr", format!("\"{frame_text}\""))
            .with("location", location)
            .with("exprType", data_type.quoted())
            .with("expectedType", "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"))
    }

    /// An order that has no offsets of this type.
    fn refused_by_type(&self, window: &Window, frame: &Frame, ordered: &DataType, scope: &Scope<'_>) -> Result<()> {
        let bounds = [&frame.lower, &frame.upper];
        let offset = bounds.iter().find_map(|bound| if let FrameBound::Offset(offset) = bound { Some(offset) } else { None });
        let Some(offset) = offset else { return Ok(()) };
        let bound = self.expression(offset, &Scope::empty(Some(scope), self.case_sensitive))?.typed.data_type;
        let plain = |offset: String| offset;
        let said = [self.offset_text(bounds[0], scope, plain)?, self.offset_text(bounds[1], scope, plain)?];
        let order = window.order_by.iter().map(|order| Ok(text::order(&self.expression(&order.child, scope)?.text, order)));
        let orders = order.collect::<Result<Vec<_>>>()?.join(", ");
        let frame_text = text::frame(frame, said[0].as_deref(), said[1].as_deref());
        Err(Error::new("DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE")
            .with("sqlExpr", format!("\"(ORDER BY {orders} {frame_text})\""))
            .with("orderSpecType", ordered.quoted())
            .with("valueBoundaryType", bound.quoted()))
    }

    /// The text of a bound's offset; `negative` prints one that precedes.
    fn offset_text(&self, bound: &FrameBound, scope: &Scope<'_>, negative: fn(String) -> String) -> Result<Option<String>> {
        let FrameBound::Offset(offset) = bound else { return Ok(None) };
        let said = self.expression(offset, &Scope::empty(Some(scope), self.case_sensitive))?.text;
        Ok(Some(match said.strip_prefix('-') {
            Some(size) => negative(size.to_owned()),
            None => said,
        }))
    }

    fn bound(
        &self,
        frame: &Frame,
        bound: &FrameBound,
        orders: &[Item],
        scope: &Scope<'_>,
    ) -> Result<(WindowFrameBound, Option<String>)> {
        let unbounded = |_: ()| match frame.unit {
            FrameUnit::Rows => ScalarValue::UInt64(None),
            FrameUnit::Range => ScalarValue::Null,
        };
        Ok(match bound {
            FrameBound::CurrentRow => (WindowFrameBound::CurrentRow, None),
            FrameBound::UnboundedPreceding => (WindowFrameBound::Preceding(unbounded(())), None),
            FrameBound::UnboundedFollowing => (WindowFrameBound::Following(unbounded(())), None),
            FrameBound::Offset(offset) => {
                let item = self.expression(offset, &Scope::empty(Some(scope), self.case_sensitive))?;
                let (value, negative) = self.frame_offset(frame.unit, item.typed, orders)?;
                let bound = match (negative, is_zero(&value)) {
                    (_, true) => WindowFrameBound::CurrentRow,
                    (true, _) => WindowFrameBound::Preceding(value),
                    (false, _) => WindowFrameBound::Following(value),
                };
                (bound, Some(item.text))
            }
        })
    }

    /// The offset without its sign, in the type DataFusion wants: rows as unsigned, ranges as the order's own type.
    fn frame_offset(&self, unit: FrameUnit, typed: Typed, orders: &[Item]) -> Result<(ScalarValue, bool)> {
        let target = match (unit, orders.first()) {
            (FrameUnit::Rows, _) => DataType::Long,
            (FrameUnit::Range, Some(order)) => match &order.typed.data_type {
                DataType::Date if typed.data_type.is_integral() => DataType::day_time(),
                other if other.is_datetime() => typed.data_type.clone(),
                other => other.clone(),
            },
            (FrameUnit::Range, None) => return Err(Error::new("DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER").with("sqlExpr", "")),
        };
        let in_days = target == DataType::day_time() && typed.data_type.is_integral();
        let typed = if in_days {
            cast::cast(typed, &DataType::Long, EvalMode::Ansi, &self.context())?
        } else {
            cast::cast(typed, &target, EvalMode::Ansi, &self.context())?
        };
        let value = constant(&typed.expr)?;
        let negative = is_negative(&value);
        let value = match value {
            ScalarValue::DurationMicrosecond(Some(micros)) if negative => ScalarValue::DurationMicrosecond(Some(-micros)),
            value if negative => value.arithmetic_negate().map_err(from_datafusion)?,
            value => value,
        };
        let value = match (unit, value) {
            (FrameUnit::Rows, ScalarValue::Int64(Some(rows))) => ScalarValue::UInt64(Some(rows.unsigned_abs())),
            (FrameUnit::Range, ScalarValue::Int64(Some(days))) if in_days => ScalarValue::new_interval_dt(days as i32, 0),
            (FrameUnit::Range, ScalarValue::DurationMicrosecond(Some(micros))) => {
                ScalarValue::new_interval_mdn(0, 0, micros.saturating_mul(1000))
            }
            (_, other) => other,
        };
        Ok((value, negative))
    }
}

/// Whether a frame of constant bounds ends before it begins.
fn is_backwards(lower: &WindowFrameBound, upper: &WindowFrameBound) -> bool {
    use WindowFrameBound::{CurrentRow, Following, Preceding};
    match (lower, upper) {
        (Following(_), Preceding(end)) => !end.is_null(),
        (Following(begin), CurrentRow) => !begin.is_null(),
        (CurrentRow, Preceding(end)) => !end.is_null(),
        (Following(begin), Following(end)) => begin.partial_cmp(end).is_some_and(|order| order.is_gt()) && !end.is_null(),
        (Preceding(begin), Preceding(end)) => {
            begin.partial_cmp(end).is_some_and(|order| order.is_lt()) && !begin.is_null() && !end.is_null()
        }
        _ => false,
    }
}

/// Spark's spelling of a window function: ranks in capitals, `lag` and `lead` with all their arguments.
fn windowed_text(name: &str, said: String) -> String {
    match name {
        "rank" | "dense_rank" | "percent_rank" => said.replacen(name, &name.to_uppercase(), 1),
        "lag" | "lead" => {
            let inner = said.trim_end_matches(')').split_once('(').map_or("", |(_, inner)| inner);
            match inner.matches(", ").count() {
                0 => format!("{name}({inner}, 1, NULL)"),
                1 => format!("{name}({inner}, NULL)"),
                _ => said,
            }
        }
        _ => said,
    }
}

/// What rows are ordered by: DataFusion takes times of day only as the numbers they are.
fn ordering(typed: Typed) -> Physical {
    match typed.data_type {
        DataType::Time(_) => datafusion::logical_expr::cast(typed.expr, arrow::datatypes::DataType::Int64),
        _ => typed.expr,
    }
}

/// Values the engine knows no ranges of.
fn no_range_over(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::Struct(_) | DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. }
    )
}

/// A range that is not measured in values is one of groups of equal rows.
fn grouped(frame: WindowFrame) -> WindowFrame {
    let is_open = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(offset) | WindowFrameBound::Following(offset) => offset.is_null(),
        WindowFrameBound::CurrentRow => true,
    };
    if frame.units != WindowFrameUnits::Range || !is_open(&frame.start_bound) || !is_open(&frame.end_bound) {
        return frame;
    }
    let unbounded = |bound| match bound {
        WindowFrameBound::Preceding(_) => WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        WindowFrameBound::Following(_) => WindowFrameBound::Following(ScalarValue::UInt64(None)),
        WindowFrameBound::CurrentRow => WindowFrameBound::CurrentRow,
    };
    WindowFrame::new_bounds(WindowFrameUnits::Groups, unbounded(frame.start_bound), unbounded(frame.end_bound))
}

fn name_of(text: &str) -> &str {
    text.split('(').next().unwrap_or_default()
}

/// The frame Spark prints for a function that brings its own.
fn ranking_frame(function: &str) -> String {
    let name = name_of(function);
    let offset = || function.split(", ").nth(1).unwrap_or("1").to_owned();
    let both = |offset: String| format!("ROWS BETWEEN {offset} FOLLOWING AND {offset} FOLLOWING");
    match name {
        "lead" => both(offset()),
        "lag" => {
            let offset = offset();
            both(match offset.strip_prefix('-') {
                Some(ahead) => ahead.to_owned(),
                None => format!("-{offset}"),
            })
        }
        "cume_dist" => "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned(),
        _ => "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned(),
    }
}

/// The value of an expression without columns.
pub(crate) fn constant(expr: &Physical) -> Result<ScalarValue> {
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::simplify::SimplifyContext;
    use datafusion::optimizer::simplify_expressions::ExprSimplifier;
    if let Physical::Literal(value, _) = expr {
        return Ok(value.clone());
    }
    let context = SimplifyContext::builder().with_schema(std::sync::Arc::new(DFSchema::empty())).build();
    match ExprSimplifier::new(context).simplify(expr.clone()).map_err(from_datafusion)? {
        Physical::Literal(value, _) => Ok(value),
        _ => Err(Error::new("NON_FOLDABLE_ARGUMENT").with("funcName", "").with("paramName", "").with("paramType", "")),
    }
}

fn is_negative(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::Int8(Some(number)) => *number < 0,
        ScalarValue::Int16(Some(number)) => *number < 0,
        ScalarValue::Int32(Some(number)) => *number < 0,
        ScalarValue::Int64(Some(number)) => *number < 0,
        ScalarValue::Float32(Some(number)) => *number < 0.0,
        ScalarValue::Float64(Some(number)) => *number < 0.0,
        ScalarValue::Decimal128(Some(number), _, _) => *number < 0,
        ScalarValue::DurationMicrosecond(Some(number)) => *number < 0,
        ScalarValue::IntervalYearMonth(Some(number)) => *number < 0,
        _ => false,
    }
}

fn is_zero(value: &ScalarValue) -> bool {
    ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value)
}

/// Puts the window onto every aggregate or window call of `expr`.
fn over(expr: Physical, partition_by: &[Physical], order_by: &[Sort], frame: &WindowFrame) -> Result<Physical> {
    let windowed = |fun, args, filter, null_treatment, distinct| {
        Physical::WindowFunction(Box::new(WindowFunction {
            fun,
            params: WindowFunctionParams {
                args,
                partition_by: partition_by.to_vec(),
                order_by: order_by.to_vec(),
                window_frame: frame.clone(),
                filter,
                null_treatment,
                distinct,
            },
        }))
    };
    let expr = expr.transform_down(|expr| {
        Ok(match expr {
            Physical::AggregateFunction(aggregate) => {
                let params = aggregate.params;
                let expr = windowed(
                    WindowFunctionDefinition::AggregateUDF(aggregate.func),
                    params.args,
                    params.filter,
                    params.null_treatment,
                    params.distinct,
                );
                Transformed::new(expr, true, TreeNodeRecursion::Jump)
            }
            Physical::WindowFunction(window) => {
                let WindowFunction { fun, params } = *window;
                let expr = windowed(fun, params.args, params.filter, params.null_treatment, params.distinct);
                Transformed::new(expr, true, TreeNodeRecursion::Jump)
            }
            other => Transformed::no(other),
        })
    });
    Ok(expr.map_err(from_datafusion)?.data)
}
