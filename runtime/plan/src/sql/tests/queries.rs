//! Queries: clauses, joins, set operations, names.

use super::super::{SqlOptions, parse_statement};
use super::check;
use crate::tree::Statement;

#[test]
fn select_and_its_clauses() {
    check(&[
        ("select 1", "Project(1)"),
        ("select a, b as c from t where a > 1;", "Project(Filter(t; >(a, 1)); a, b AS c)"),
        ("select distinct a from t", "Distinct(Project(t; a))"),
        ("select sum(a) from t", "Project(t; sum(a))"),
        ("select a from t group by a having sum(b) > 1", "Having(Aggregate(t; by a; a); >(sum(b), 1))"),
        ("select sum(b) from t having sum(b) > 1", "Having(Aggregate(t; by ; sum(b)); >(sum(b), 1))"),
        ("select a from t group by all", "Aggregate(t; by all; a)"),
        ("select a from t group by a, b with rollup", "Aggregate(t; by rollup a, b; a)"),
        ("select a from t group by cube(a, b)", "Aggregate(t; by cube a, b; a)"),
        ("select a from t group by a grouping sets ((a), ())", "Aggregate(t; by a sets (a), (); a)"),
        (
            "select a from t group by a, rollup((b, c), d), grouping sets ((a, b), c, ())",
            "Aggregate(t; by a x rollup (b, c), (d) x sets [(a, b), (c), ()]; a)",
        ),
        (
            "select a from t order by a desc, b nulls last limit 3 offset 2",
            "Limit(Offset(Sort(Project(t; a); a desc, b nulls last); 2); 3)",
        ),
        ("select a from t order by all desc", "Sort(Project(t; a); ALL (Descending, Last))"),
        ("select a from t limit all", "Project(t; a)"),
        ("select a from t distribute by a sort by b", "LocalSort(Repartition(Project(t; a); a); b)"),
        ("select a from t cluster by a", "LocalSort(Repartition(Project(t; a); a); a)"),
        ("select /*+ broadcast(t), repartition(3) */ a from t", "Hint broadcast(Hint repartition(Project(t; a); 3); t)"),
        (
            "select sum(a) over w, max(a) over (v) from t window w as (partition by b), v as w order by sum(a) over w",
            "Sort(Project(t; sum(a) over [b | ], max(a) over [b | ]); sum(a) over [b | ])",
        ),
        ("select sum(a) over v from t window w as (order by b), v as (w)", "Project(t; sum(a) over [ | b])"),
        ("select 1 from", "Project(1 AS from)"),
        ("select a limit", "Project(a AS limit)"),
        ("from t select a where b", "Project(Filter(t; b); a)"),
        ("table t", "t"),
        (
            "select a from t qualify rank() over (order by a) = 1",
            "Drop(Filter(Project(t; a, ==(rank() over [ | a], 1) AS __qualify); __qualify); __qualify)",
        ),
        ("select transform(a, x -> x) from t", "Project(t; transform(a, (x -> \\x)))"),
    ]);
}

#[test]
fn relations_and_joins() {
    check(&[
        ("select * from a, b as x, c y", "Project(InnerJoin(InnerJoin(a, As x(b)), As y(c)); *)"),
        (
            "select * from a join b on a.x = b.x left join c using (y)",
            "Project(LeftOuterJoin(InnerJoin(a, b; ==(a.x, b.x)), c; using y); *)",
        ),
        ("select * from a natural full outer join b", "Project(FullOuterJoin(a, b; natural); *)"),
        ("select * from a left semi join b on true", "Project(LeftSemiJoin(a, b; true); *)"),
        ("select * from a anti join b on true", "Project(LeftAntiJoin(a, b; true); *)"),
        ("select * from a cross join b right join c", "Project(RightOuterJoin(CrossJoin(a, b), c); *)"),
        ("select * from a join (b join c on x) on y", "Project(InnerJoin(a, InnerJoin(b, c; x); y); *)"),
        ("select * from (a join b) t", "Project(As t(InnerJoin(a, b)); *)"),
        ("select * from (select 1) t(x)", "Project(As t(x)(Project(1)); *)"),
        ("select * from (select 1)", "Project(As __auto_generated_subquery_name(Project(1)); *)"),
        ("select * from ((select 1) union (select 2)) t", "Project(As t(Union(Project(1), Project(2))); *)"),
        ("select * from ((select 1) t join b)", "Project(InnerJoin(As t(Project(1)), b); *)"),
        ("select * from a, lateral (select a.x) b", "Project(LateralInnerJoin(a, As b(Project(a.x))); *)"),
        ("select * from a left join lateral explode(a.x) as t(y)", "Project(LateralLeftOuterJoin(a, As t(y)(explode(a.x))); *)"),
        ("select * from range(10) r", "Project(As r(range(10)); *)"),
        ("select * from f(table(t), table(select 1), a => 2)", "Project(f({table t}, {table Project(1)}, a => 2); *)"),
        ("select * from values (1, 'a'), (2, 'b') as t(x, y)", "Project(As t(x, y)(Values((1, 'a'), (2, 'b'))); *)"),
        ("values 1, 2", "Values((1), (2))"),
        ("select * from csv.`/a/b.csv`", "Project(csv./a/b.csv; *)"),
        ("select * from t version as of 3", "Project(t @3; *)"),
        ("select * from t for system_time as of '2020-01-01' x", "Project(As x(t @'2020-01-01'); *)"),
        ("select * from t tablesample (10 percent) repeatable (7) s", "Project(As s(Sample(t; 0.1 seed Some(7))); *)"),
        ("select * from t tablesample (5 rows)", "Project(Limit(t; 5); *)"),
        ("select * from t tablesample (bucket 1 out of 4)", "Project(Sample(t; 0.25 seed None); *)"),
        (
            "select * from t lateral view outer explode(a) x as y lateral view posexplode(b) z as p, q where y > 1",
            "Project(Filter(LateralView(LateralViewOuter(t; explode(a) x(y)); posexplode(b) z(p, q)); >(y, 1)); *)",
        ),
        (
            "select * from t pivot (sum(a) as s, avg(b) for (c, d) in ((1, 2) as x, (3, 4))) p",
            "Project(As p(Pivot(t; sum(a) AS s, avg(b) for c, d in named_struct('col1', 1, 'col2', 2) AS x, named_struct('col1', 3, 'col2', 4))); *)",
        ),
    ]);
}

#[test]
fn unpivot_and_pipes() {
    check(&[
        (
            "select * from t unpivot (v for n in (a, b as c)) u",
            "Project(As u(Filter(Unpivot(t; * except [[\"a\"], [\"b\"]] | v for n in a, b AS c); isnotnull(v))); *)",
        ),
        ("select * from t unpivot include nulls (v for n in (a))", "Project(Unpivot(t; * except [[\"a\"]] | v for n in a); *)"),
        ("from t |> where a |> select b", "Project(Filter(Project(t; *); a); b)"),
        (
            "table t |> extend a + 1 as b |> set a = 2 |> drop c |> as u |> join v using (k)",
            "InnerJoin(As u(Project(Project(Project(t; *, +(a, 1) AS b); * replace 2 as a); * except [[\"c\"]])), v; using k)",
        ),
        (
            "table t |> aggregate sum(a) group by b as c |> order by c |> limit 1 |> union all select 1",
            "UnionAll(Limit(Sort(Aggregate(t; by b AS c; sum(a)); c); 1), Project(1))",
        ),
    ]);
}

#[test]
fn set_operations_and_names() {
    check(&[
        ("select 1 union select 2 intersect select 3", "Union(Project(1), Intersect(Project(2), Project(3)))"),
        ("select 1 union all select 2 except distinct select 3", "Except(UnionAll(Project(1), Project(2)), Project(3))"),
        ("select 1 minus all select 2", "ExceptAll(Project(1), Project(2))"),
        ("(select 1 limit 1) union all (select 2) order by 1", "Sort(UnionAll(Limit(Project(1); 1), Project(2)); 1)"),
        (
            "with a as (select 1), b (x) as (table a) select * from a, b",
            "With(Project(InnerJoin(a, b); *); a = Project(1), b(x) = a)",
        ),
        (
            "with recursive r(n) as (values 1 union all select n + 1 from r) select n from r",
            "WithRecursive(Project(r; n); r(n) = UnionAll(Values((1)), Project(r; +(n, 1))))",
        ),
        ("select (with a as (select 1) select * from a)", "Project({scalar With(Project(a; *); a = Project(1))})"),
        ("select a from t where a > (select max(b) from s)", "Project(Filter(t; >(a, {scalar Project(s; max(b))})); a)"),
        (
            "select * from (with a as (select 1) select * from a)",
            "Project(As __auto_generated_subquery_name(With(Project(a; *); a = Project(1))); *)",
        ),
    ]);
}

#[test]
fn every_tpc_h_text_is_a_query() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tpch");
    for number in 1..=22 {
        let text = std::fs::read_to_string(folder.join(format!("q{number}.sql"))).unwrap();
        let statement = parse_statement(&text, SqlOptions::default()).unwrap_or_else(|error| panic!("q{number}: {error}"));
        assert!(matches!(statement, Statement::Query(_)), "q{number}");
    }
}
