//! GROUP BY `window(..)`: the window becomes a column of the input, called `window`, which the rest can name.
//!
//!     aggregate by window(ts, '5 minutes') ──► aggregate by `window` over input with column `window`
//!
//! Calls of the same window elsewhere in the list mean that column, too. A row is in every window that overlaps its moment;
//! one without a moment is in none. Not here: which windows a moment is in (`emberflow-functions`), session windows.

use emberflow_plan::tree::{Aggregate, Alias, Expr, ExprKind, FunctionCall, Grouping, GroupingElement, Relation, RelationKind};

const NAME: &str = "window";

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
    Some(Aggregate {
        input: windowed(&aggregate.input, window),
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

fn in_element(element: &GroupingElement, window: &FunctionCall) -> GroupingElement {
    match element {
        GroupingElement::Plain(expr) => GroupingElement::Plain(naming(expr, window)),
        other => other.clone(),
    }
}

fn window_of(expr: &Expr) -> Option<&FunctionCall> {
    match &expr.kind {
        ExprKind::Function(call) if call.bare() == NAME && call.arguments.len() > 1 => Some(call),
        ExprKind::Alias { expression, .. } => window_of(expression),
        _ => None,
    }
}

/// `expr` with the column in place of calls of its window.
fn naming(expr: &Expr, window: &FunctionCall) -> Expr {
    let inner = |expr: &Expr| Box::new(naming(expr, window));
    let kind = match &expr.kind {
        ExprKind::Function(call) if same_call(call, window) => Expr::attribute([NAME]).kind,
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
    one.bare() == two.bare()
        && one.arguments.len() == two.arguments.len()
        && one.arguments.iter().zip(&two.arguments).all(|(one, two)| match (&one.kind, &two.kind) {
            (ExprKind::Function(one), ExprKind::Function(two)) => same_call(one, two),
            (one, two) => one == two,
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
    fn other_groupings_stay_as_they_are() {
        assert_eq!(with_column(&aggregate("window", "window")), None);
        assert_eq!(with_column(&aggregate("date_trunc('day', ts)", "count(1)")), None);
    }
}
