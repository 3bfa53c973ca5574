//! Messages in, trees out.

use emberflow_plan::tree::{
    Cte, Frame, FrameBound, FrameUnit, Grouping, JoinCondition, Literal, NullOrder, RelationKind, SortDirection, SubqueryKind,
};
use emberflow_plan::{Command, Expr, ExprKind, Relation};

use super::*;
use crate::proto::expression::{self, ExprType, literal::LiteralType};
use crate::proto::relation::RelType;

fn message(kind: RelType) -> proto::Relation {
    proto::Relation { common: None, rel_type: Some(kind) }
}

fn with_id(plan_id: i64, relation: proto::Relation) -> proto::Relation {
    let common = proto::RelationCommon { plan_id: Some(plan_id), ..Default::default() };
    proto::Relation { common: Some(common), ..relation }
}

fn range(end: i64) -> proto::Relation {
    message(RelType::Range(proto::Range { start: None, end, step: 1, num_partitions: None }))
}

fn expr(kind: ExprType) -> proto::Expression {
    proto::Expression { common: None, expr_type: Some(kind) }
}

fn column(name: &str) -> proto::Expression {
    let attribute = expression::UnresolvedAttribute { unparsed_identifier: name.into(), ..Default::default() };
    expr(ExprType::UnresolvedAttribute(attribute))
}

fn int(value: i32) -> proto::Expression {
    expr(ExprType::Literal(expression::Literal { data_type: None, literal_type: Some(LiteralType::Integer(value)) }))
}

fn call(name: &str, arguments: Vec<proto::Expression>) -> proto::Expression {
    let call = expression::UnresolvedFunction { function_name: name.into(), arguments, ..Default::default() };
    expr(ExprType::UnresolvedFunction(call))
}

fn subquery(plan_id: i64) -> proto::Expression {
    let kind = proto::subquery_expression::SubqueryType::Scalar as i32;
    expr(ExprType::SubqueryExpression(proto::SubqueryExpression { plan_id, subquery_type: kind, ..Default::default() }))
}

fn filter(input: proto::Relation, condition: proto::Expression) -> proto::Relation {
    message(RelType::Filter(Box::new(proto::Filter { input: Some(Box::new(input)), condition: Some(condition) })))
}

fn with_relations(root: proto::Relation, references: Vec<proto::Relation>) -> proto::Relation {
    message(RelType::WithRelations(Box::new(proto::WithRelations { root: Some(Box::new(root)), references })))
}

fn alias(input: proto::Relation, alias: &str) -> proto::Relation {
    let alias = proto::SubqueryAlias { input: Some(Box::new(input)), alias: alias.into(), qualifier: Vec::new() };
    message(RelType::SubqueryAlias(Box::new(alias)))
}

fn sql(text: &str) -> proto::Relation {
    message(RelType::Sql(proto::Sql { query: text.into(), ..Default::default() }))
}

fn range_tree(end: i64) -> Relation {
    Relation::new(RelationKind::Range { start: 0, end, step: 1, partitions: None })
}

fn why(outcome: Result<impl std::fmt::Debug>) -> String {
    outcome.unwrap_err().condition().to_owned()
}

#[test]
fn plan_ids_stay_with_their_relations() {
    let tree = relation(&with_id(7, range(3))).unwrap();
    assert_eq!(tree, range_tree(3).with_plan_id(Some(7)));
}

#[test]
fn names_come_apart_at_their_dots() {
    assert_eq!(expression(&column("a.`b.c`")).unwrap(), Expr::attribute(["a", "b.c"]));
    assert_eq!(why(expression(&column("a..b"))), "INVALID_ATTRIBUTE_NAME_SYNTAX");
}

#[test]
fn when_is_case() {
    let message = call("when", vec![column("a"), int(1), column("b"), int(2), int(3)]);
    let ExprKind::Case { operand: None, branches, otherwise } = expression(&message).unwrap().kind else { panic!("a case") };
    assert_eq!(branches.len(), 2);
    assert_eq!(branches[1], (Expr::attribute(["b"]), Expr::literal(Literal::Int(2))));
    assert_eq!(*otherwise.unwrap(), Expr::literal(Literal::Int(3)));
}

#[test]
fn operators_come_by_their_sign() {
    let tree = expression(&call("+", vec![column("a"), int(1)])).unwrap();
    assert_eq!(tree, Expr::call("+", vec![Expr::attribute(["a"]), Expr::literal(Literal::Int(1))]));
}

#[test]
fn errors_know_where_the_client_wrote_it() {
    let origin = proto::PythonOrigin { fragment: "col".into(), call_site: "script.py:3".into() };
    let origin = proto::Origin { function: Some(proto::origin::Function::PythonOrigin(origin)) };
    let common = Some(proto::ExpressionCommon { origin: Some(origin) });
    let known = QueryContext::DataFrame { fragment: "col".into(), call_site: "script.py:3".into() };
    let tree = expression(&proto::Expression { common: common.clone(), ..column("a") }).unwrap();
    assert_eq!(tree.origin.as_deref(), Some(&known));
    let error = expression(&proto::Expression { common, ..column("a.") }).unwrap_err();
    assert_eq!(error.contexts(), [known]);
}

#[test]
fn a_jvm_client_sends_its_stack() {
    let frame = |method: &str| proto::StackTraceElement {
        declaring_class: "my.App".into(),
        method_name: method.into(),
        file_name: Some("App.scala".into()),
        line_number: 9,
        ..Default::default()
    };
    let jvm = proto::JvmOrigin { stack_trace: vec![frame("$div"), frame("main")], ..Default::default() };
    let expected = QueryContext::DataFrame { fragment: "div".into(), call_site: "my.App.main(App.scala:9)".into() };
    assert_eq!(of_jvm(&jvm), Some(expected));
}

#[test]
fn references_of_sql_text_are_names() {
    let message = with_relations(sql("select * from x"), vec![alias(range(3), "x")]);
    let RelationKind::With { ctes, input, .. } = *relation(&message).unwrap().kind else { panic!("a with") };
    assert_eq!(ctes, [Cte { name: "x".into(), columns: Vec::new(), relation: range_tree(3), most_rounds: None, origin: None }]);
    assert!(matches!(*input.kind, RelationKind::Sql { .. }));
    let nameless = with_relations(sql("select 1"), vec![range(3)]);
    assert_eq!(why(relation(&nameless)), "CONNECT_INVALID_PLAN.INVALID_WITH_RELATION_REFERENCE");
}

#[test]
fn references_of_anything_else_are_meant_by_plan_id() {
    let message = with_relations(filter(range(3), subquery(5)), vec![with_id(5, range(9))]);
    let RelationKind::Filter { condition, .. } = *relation(&message).unwrap().kind else { panic!("a filter") };
    let ExprKind::Subquery(inside) = condition.kind else { panic!("a subquery") };
    assert_eq!((inside.kind, inside.relation), (SubqueryKind::Scalar, range_tree(9).with_plan_id(Some(5))));
    assert_eq!(why(expression(&subquery(5))), "CONNECT_INVALID_PLAN.INVALID_WITH_RELATION_REFERENCE");
}

#[test]
fn references_in_a_circle_are_an_error() {
    let one = with_id(1, filter(range(1), subquery(2)));
    let two = with_id(2, filter(range(2), subquery(1)));
    let message = with_relations(filter(range(3), subquery(1)), vec![one, two]);
    assert_eq!(why(relation(&message)), "CONNECT_INVALID_PLAN.INVALID_WITH_RELATION_REFERENCE");
}

#[test]
fn references_that_double_at_every_step_are_refused() {
    let both = |plan_id: i64| call("+", vec![subquery(plan_id), subquery(plan_id)]);
    let step = |plan_id: i64| with_id(plan_id, filter(range(1), both(plan_id + 1)));
    let mut references: Vec<proto::Relation> = (1..40).map(step).collect();
    references.push(with_id(40, range(1)));
    let message = with_relations(filter(range(3), both(1)), references);
    assert_eq!(why(relation(&message)), "CONNECT_INVALID_PLAN.ASSERTION_FAILURE");
}

#[test]
fn windows_have_the_frame_they_say() {
    use expression::window::window_frame::frame_boundary::Boundary;
    use expression::window::window_frame::{FrameBoundary, FrameType};
    let bound = |boundary: Boundary| Some(Box::new(FrameBoundary { boundary: Some(boundary) }));
    let frame = expression::window::WindowFrame {
        frame_type: FrameType::Row as i32,
        lower: bound(Boundary::Unbounded(true)),
        upper: bound(Boundary::Value(Box::new(int(-1)))),
    };
    let window = |frame| {
        let function = Some(Box::new(call("sum", vec![column("a")])));
        let window = expression::Window { window_function: function, frame_spec: frame, ..Default::default() };
        expression(&expr(ExprType::Window(Box::new(window))))
    };
    let ExprKind::Window(framed) = window(Some(Box::new(frame.clone()))).unwrap().kind else { panic!("a window") };
    let upper = FrameBound::Offset(Expr::literal(Literal::Int(-1)));
    assert_eq!(framed.frame, Some(Frame { unit: FrameUnit::Rows, lower: FrameBound::UnboundedPreceding, upper }));
    let ExprKind::Window(plain) = window(None).unwrap().kind else { panic!("a window") };
    assert_eq!(plain.frame, None);
    let half = expression::window::WindowFrame { upper: None, ..frame };
    assert_eq!(why(window(Some(Box::new(half)))), "CONNECT_INVALID_PLAN.UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME");
}

#[test]
fn orders_say_both_or_get_the_last() {
    let order = |direction, null_ordering| {
        let order = expression::SortOrder { child: Some(Box::new(column("a"))), direction, null_ordering };
        let ExprKind::SortOrder(order) = expression(&expr(ExprType::SortOrder(Box::new(order)))).unwrap().kind else {
            panic!("an order")
        };
        (order.direction, order.nulls)
    };
    assert_eq!(order(1, 1), (SortDirection::Ascending, NullOrder::First));
    assert_eq!(order(0, 0), (SortDirection::Descending, NullOrder::Last));
}

#[test]
fn a_join_is_on_a_condition_or_on_columns() {
    let join = |condition: Option<proto::Expression>, using: &[&str]| {
        relation(&message(RelType::Join(Box::new(proto::Join {
            left: Some(Box::new(range(1))),
            right: Some(Box::new(range(2))),
            join_condition: condition,
            join_type: proto::join::JoinType::Inner as i32,
            using_columns: using.iter().map(|name| (*name).to_owned()).collect(),
            join_data_type: None,
        }))))
    };
    let condition = |tree: Relation| match *tree.kind {
        RelationKind::Join(join) => join.condition,
        _ => panic!("a join"),
    };
    assert_eq!(condition(join(None, &[]).unwrap()), JoinCondition::None);
    assert_eq!(condition(join(None, &["id"]).unwrap()), JoinCondition::Using(vec!["id".into()]));
    assert_eq!(condition(join(Some(column("id")), &[]).unwrap()), JoinCondition::On(Expr::attribute(["id"])));
    assert_eq!(why(join(Some(column("id")), &["id"])), "CONNECT_INVALID_PLAN.USING_COLUMNS_OR_JOIN_CONDITION_SET_IN_JOIN");
}

#[test]
fn a_pivot_without_values_takes_all() {
    let pivot = |values: Vec<expression::Literal>| {
        let aggregate = proto::Aggregate {
            input: Some(Box::new(range(1))),
            group_type: proto::aggregate::GroupType::Pivot as i32,
            pivot: Some(proto::aggregate::Pivot { col: Some(column("p")), values }),
            ..Default::default()
        };
        match *relation(&message(RelType::Aggregate(Box::new(aggregate)))).unwrap().kind {
            RelationKind::Aggregate(aggregate) => aggregate.grouping,
            _ => panic!("an aggregate"),
        }
    };
    assert!(matches!(pivot(Vec::new()), Grouping::Pivot { values: None, .. }));
    let one = expression::Literal { data_type: None, literal_type: Some(LiteralType::Integer(1)) };
    assert!(matches!(pivot(vec![one]), Grouping::Pivot { values: Some(values), .. } if values.len() == 1));
}

#[test]
fn sql_commands_carry_their_arguments_in_any_generation_of_fields() {
    let one = expression::Literal { data_type: None, literal_type: Some(LiteralType::Integer(1)) };
    #[allow(deprecated)]
    let flat = proto::SqlCommand { sql: "select ?".into(), pos_args: vec![one.clone()], ..Default::default() };
    let text = proto::Sql { query: "select ?".into(), pos_arguments: vec![int(1)], ..Default::default() };
    let nested = proto::SqlCommand { input: Some(message(RelType::Sql(text))), ..Default::default() };
    for command in [flat, nested] {
        let command = proto::Command { command_type: Some(proto::command::CommandType::SqlCommand(command)) };
        let Command::Sql { text, positional, .. } = Decoder::new(&NoBlocks).command(&command).unwrap() else { panic!("sql") };
        assert_eq!((text.as_str(), positional), ("select ?", vec![Expr::literal(Literal::Int(1))]));
    }
}

#[test]
fn what_we_lack_has_a_name() {
    let zip = message(RelType::Zip(Box::default()));
    assert!(matches!(*relation(&zip).unwrap().kind, RelationKind::Unsupported { name } if name == "zip of DataFrames"));
    assert_eq!(why(relation(&message(RelType::Unknown(proto::Unknown {})))), "CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET");
}

/// Any bytes are a tree or an error.
#[test]
fn broken_plans_are_errors_and_never_panics() {
    use emberflow_base::World;
    use prost::Message;

    let mut plan = filter(alias(range(9), "x"), call("and", vec![column("x.id"), call("when", vec![int(1), int(2)])]));
    plan = with_relations(plan, vec![with_id(3, sql("select 1"))]);
    let bytes = proto::Plan { op_type: Some(proto::plan::OpType::Root(plan)) }.encode_to_vec();
    let world = emberflow_base::world::Seeded::new(4);
    for _ in 0..20_000 {
        let mut broken = bytes.clone();
        for _ in 0..1 + world.dice() % 4 {
            let at = world.dice() as usize % broken.len();
            broken[at] = world.dice() as u8;
        }
        let _ = crate::deep::read(broken.into(), |plan: proto::Plan| statement(&plan));
    }
}
