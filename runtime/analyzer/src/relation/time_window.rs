//! GROUP BY `window(..)` or `session_window(..)`: the window becomes a column of the input, which the rest can name.
//!
//!     aggregate by window(ts, '5 minutes') ──► aggregate by `window` over input with column `window`
//!
//! Calls of the same window elsewhere in the list mean that column, too. A row is in every window that overlaps its moment;
//! one without a moment is in none. A session goes on as long as the next moment of the same keys lies within it.
//! Not here: which windows a moment is in (`emberflow-functions`).

use emberflow_plan::tree::{
    Aggregate, Alias, Expr, ExprKind, Frame, FrameBound, FrameUnit, FunctionCall, Grouping, GroupingElement, Literal, NullOrder,
    Relation, RelationKind, SortDirection, SortOrder, Window,
};

const NAME: &str = "window";
const SESSION: &str = "session_window";

/// Columns that find sessions: where a row's own session would begin and end, and the number of the one it is in.
const STARTS: &str = "__session_start";
const ENDS: &str = "__session_end";
const NUMBER: &str = "__session_number";

/// The same aggregate over the input with its window as a column; none if nothing is grouped by a window.
pub(super) fn with_column(aggregate: &Aggregate) -> Option<Aggregate> {
    let window = match &aggregate.grouping {
        Grouping::By(by) => by.iter().find_map(window_of)?,
        Grouping::Mixed(elements) => elements.iter().find_map(|element| match element {
            GroupingElement::Plain(expr) => window_of(expr),
            _ => None,
        })?,
        _ => return None,
    };
    let named = |expr: &Expr| naming(expr, window);
    let grouping = match &aggregate.grouping {
        Grouping::By(by) => Grouping::By(by.iter().map(named).collect()),
        Grouping::Mixed(elements) => Grouping::Mixed(elements.iter().map(|element| in_element(element, window)).collect()),
        other => other.clone(),
    };
    let input = match window.bare().as_str() {
        SESSION => in_sessions(&aggregate.input, window, &keys(aggregate, window)),
        _ => windowed(&aggregate.input, window),
    };
    Some(Aggregate {
        input,
        grouping,
        aggregates: aggregate.aggregates.iter().map(named).collect(),
        groupings_come_first: aggregate.groupings_come_first,
    })
}

/// `input` with the window of each row; where windows overlap, a row for each of them.
fn windowed(input: &Relation, window: &FunctionCall) -> Relation {
    let slides = window.arguments.get(2).is_some_and(|slide| slide.kind != window.arguments[1].kind);
    if slides {
        let all = Expr::new(ExprKind::Star { target: vec![], plan_id: None, except: vec![], replace: vec![] });
        let windows = Expr::call("explode", vec![Expr::call("time_windows", window.arguments.clone())]);
        let expressions = vec![all, windows.alias(NAME)];
        return Relation::new(RelationKind::Project { input: Some(input.clone()), expressions });
    }
    let expression = Expr::new(ExprKind::Function(window.clone()));
    let columns = vec![Alias { name: NAME.to_owned(), expression, metadata: None }];
    let input = Relation::new(RelationKind::WithColumns { input: input.clone(), columns });
    let condition = Expr::call("isnotnull", vec![Expr::attribute([NAME])]);
    Relation::new(RelationKind::Filter { input, condition })
}

/// What is grouped by beside the window.
fn keys(aggregate: &Aggregate, window: &FunctionCall) -> Vec<Expr> {
    let plain: Vec<&Expr> = match &aggregate.grouping {
        Grouping::By(by) => by.iter().collect(),
        Grouping::Mixed(elements) => elements
            .iter()
            .filter_map(|element| if let GroupingElement::Plain(expr) = element { Some(expr) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    let others = plain.into_iter().filter(|expr| window_of(expr).is_none_or(|call| !same_call(call, window)));
    let meant = |expr: &Expr| match &expr.kind {
        // A number means an item of the list.
        ExprKind::Literal(Literal::Int(place)) => {
            usize::try_from(place - 1).ok().and_then(|place| aggregate.aggregates.get(place)).unwrap_or(expr).clone()
        }
        _ => expr.clone(),
    };
    others
        .map(|expr| match meant(expr).kind {
            ExprKind::Alias { expression, .. } => *expression,
            kind => Expr::new(kind),
        })
        .collect()
}

/// `input` with the session of each row among those of the same `keys`.
fn in_sessions(input: &Relation, session: &FunctionCall, keys: &[Expr]) -> Relation {
    let column = |name: &str, expression: Expr| Alias { name: name.to_owned(), expression, metadata: None };
    let with = |input: Relation, columns: Vec<Alias>| Relation::new(RelationKind::WithColumns { input, columns });
    let own = |name: &str| Expr::attribute([name]);
    let (moment, gap) = (session.arguments[0].clone(), session.arguments[1].clone());
    let gap = Expr::call("session_gap", vec![gap]);
    let moment = with(input.clone(), vec![column(STARTS, Expr::call("session_moment", vec![moment]))]);
    let spans = with(moment, vec![column(ENDS, Expr::call("+", vec![own(STARTS), gap]))]);
    let condition = Expr::call("<", vec![own(STARTS), own(ENDS)]);
    let spans = Relation::new(RelationKind::Filter { input: spans, condition });

    let in_order = |function: Expr, upper: FrameBound| {
        let order = SortOrder { child: own(STARTS), direction: SortDirection::Ascending, nulls: NullOrder::First };
        let frame = Frame { unit: FrameUnit::Rows, lower: FrameBound::UnboundedPreceding, upper };
        over(function, keys.to_vec(), vec![order], Some(frame))
    };
    let row_before = FrameBound::Offset(Expr::literal(Literal::Int(-1)));
    let reached = in_order(Expr::call("max", vec![own(ENDS)]), row_before);
    let goes_on = Expr::call("<=", vec![own(STARTS), reached]);
    let begins = Expr::call("when", vec![goes_on, Expr::literal(Literal::Int(0)), Expr::literal(Literal::Int(1))]);
    let begins = with(spans, vec![column(NUMBER, begins)]);
    let number = in_order(Expr::call("sum", vec![own(NUMBER)]), FrameBound::CurrentRow);
    let numbered = with(begins, vec![column(NUMBER, number)]);

    let mut same = keys.to_vec();
    same.push(own(NUMBER));
    let whole = |name: &str, of: &str| over(Expr::call(name, vec![own(of)]), same.clone(), Vec::new(), None);
    let text = |name: &str| Expr::literal(Literal::String(name.to_owned()));
    let span = Expr::call("named_struct", vec![text("start"), whole("min", STARTS), text("end"), whole("max", ENDS)]);
    with(numbered, vec![column(SESSION, span)])
}

fn over(function: Expr, partition_by: Vec<Expr>, order_by: Vec<SortOrder>, frame: Option<Frame>) -> Expr {
    Expr::new(ExprKind::Window(Box::new(Window { function, partition_by, order_by, frame, specification: None })))
}

fn in_element(element: &GroupingElement, window: &FunctionCall) -> GroupingElement {
    match element {
        GroupingElement::Plain(expr) => GroupingElement::Plain(naming(expr, window)),
        other => other.clone(),
    }
}

fn window_of(expr: &Expr) -> Option<&FunctionCall> {
    match &expr.kind {
        ExprKind::Function(call) if call.bare() == NAME && call.arguments.len() > 1 => Some(call),
        ExprKind::Function(call) if call.bare() == SESSION && call.arguments.len() == 2 => Some(call),
        ExprKind::Alias { expression, .. } => window_of(expression),
        _ => None,
    }
}

/// `expr` with the column in place of calls of its window.
fn naming(expr: &Expr, window: &FunctionCall) -> Expr {
    let inner = |expr: &Expr| Box::new(naming(expr, window));
    let kind = match &expr.kind {
        ExprKind::Function(call) if same_call(call, window) => Expr::attribute([window.bare()]).kind,
        ExprKind::Function(call) => ExprKind::Function(FunctionCall {
            arguments: call.arguments.iter().map(|argument| naming(argument, window)).collect(),
            ..call.clone()
        }),
        ExprKind::Alias { expression, names, metadata } => {
            ExprKind::Alias { expression: inner(expression), names: names.clone(), metadata: metadata.clone() }
        }
        ExprKind::Cast { expression, target, mode } => {
            ExprKind::Cast { expression: inner(expression), target: target.clone(), mode: *mode }
        }
        ExprKind::ExtractValue { child, extraction } => {
            ExprKind::ExtractValue { child: inner(child), extraction: extraction.clone() }
        }
        other => other.clone(),
    };
    Expr::new(kind).with_origin(expr.origin.clone())
}

/// Equal but for where they were written.
fn same_call(one: &FunctionCall, two: &FunctionCall) -> bool {
    let whole = |call: &FunctionCall| bare(&Expr::new(ExprKind::Function(call.clone())));
    one.bare() == two.bare() && whole(one) == whole(two)
}

/// An expression without its places in the text, and function names in lower case.
fn bare(expr: &Expr) -> Expr {
    let inner = |expr: &Expr| Box::new(bare(expr));
    Expr::new(match &expr.kind {
        ExprKind::Function(call) => ExprKind::Function(FunctionCall {
            name: vec![call.bare()],
            arguments: call.arguments.iter().map(bare).collect(),
            ..call.clone()
        }),
        ExprKind::Cast { expression, target, mode } => {
            ExprKind::Cast { expression: inner(expression), target: target.clone(), mode: *mode }
        }
        ExprKind::ExtractValue { child, extraction } => {
            ExprKind::ExtractValue { child: inner(child), extraction: inner(extraction) }
        }
        ExprKind::Case { operand, branches, otherwise } => ExprKind::Case {
            operand: operand.as_deref().map(inner),
            branches: branches.iter().map(|(when, then)| (bare(when), bare(then))).collect(),
            otherwise: otherwise.as_deref().map(inner),
        },
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate(by: &str, list: &str) -> Aggregate {
        let parsed = |text: &str| emberflow_plan::sql::parse_expression(text, Default::default()).unwrap();
        Aggregate {
            input: Relation::new(RelationKind::Project { input: None, expressions: Vec::new() }),
            grouping: Grouping::By(vec![parsed(by)]),
            aggregates: vec![parsed(list)],
            groupings_come_first: false,
        }
    }

    #[test]
    fn a_window_becomes_a_column_wherever_it_is_called() {
        let made = with_column(&aggregate("window(ts, '5 minutes')", "window(ts, '5 minutes').start")).unwrap();
        assert_eq!(made.grouping, Grouping::By(vec![Expr::attribute([NAME]).with_origin(by_origin(&made))]));
        assert!(matches!(&made.aggregates[0].kind, ExprKind::ExtractValue { child, .. }
            if matches!(&child.kind, ExprKind::Attribute { parts, .. } if parts == &[NAME])));
        let RelationKind::Filter { input, .. } = &*made.input.kind else { panic!("{:?}", made.input) };
        assert!(matches!(&*input.kind, RelationKind::WithColumns { columns, .. } if columns[0].name == NAME));
    }

    #[test]
    fn windows_that_overlap_give_a_row_each() {
        let made = with_column(&aggregate("window(ts, '10 minutes', '5 minutes')", "window")).unwrap();
        assert!(matches!(&*made.input.kind, RelationKind::Project { expressions, .. } if expressions.len() == 2));
        let tumbling = with_column(&aggregate("window(ts, '10 minutes', '10 minutes')", "window")).unwrap();
        assert!(matches!(&*tumbling.input.kind, RelationKind::Filter { .. }));
    }

    fn by_origin(made: &Aggregate) -> emberflow_plan::tree::Origin {
        match &made.grouping {
            Grouping::By(by) => by[0].origin.clone(),
            _ => None,
        }
    }

    #[test]
    fn a_session_is_found_among_rows_of_the_same_keys() {
        let mut by_key = aggregate("session_window(ts, '5 minutes')", "session_window.start");
        let Grouping::By(by) = &mut by_key.grouping else { panic!("{by_key:?}") };
        by.push(Expr::attribute(["k"]));
        let made = with_column(&by_key).unwrap();
        let RelationKind::WithColumns { columns, .. } = &*made.input.kind else { panic!("{:?}", made.input) };
        let ExprKind::Function(span) = &columns[0].expression.kind else { panic!("{columns:?}") };
        assert!(matches!(&span.arguments[1].kind, ExprKind::Window(window) if window.partition_by.len() == 2));
    }

    #[test]
    fn other_groupings_stay_as_they_are() {
        assert_eq!(with_column(&aggregate("window", "window")), None);
        assert_eq!(with_column(&aggregate("date_trunc('day', ts)", "count(1)")), None);
    }
}
