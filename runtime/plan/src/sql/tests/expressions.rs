//! Expressions: precedence, constants, calls, names.

use super::check_expressions;

#[test]
fn operators_bind_as_in_spark() {
    check_expressions(&[
        ("1 + 2 * 3 - 4", "-(+(1, *(2, 3)), 4)"),
        ("-a * b", "*(-(a), b)"),
        ("- -1", "-(-1)"),
        ("-1.5", "-15m2,1"),
        ("2-1", "-(2, 1)"),
        ("a || b || c", "concat(concat(a, b), c)"),
        ("a | b ^ c & d << 1 + 2", "|(a, ^(b, &(c, <<(d, +(1, 2)))))"),
        ("a >> 1 >>> 2", ">>>(>>(a, 1), 2)"),
        ("a = b and not c or d", "or(and(==(a, b), not(c)), d)"),
        ("not a = 1 and b", "and(not(==(a, 1)), b)"),
        ("a <> 1", "not(==(a, 1))"),
        ("a != 1", "not(==(a, 1))"),
        ("!a", "not(a)"),
        ("a <=> null", "<=>(a, null)"),
        ("a = 1 is null", "isnull(==(a, 1))"),
        ("a !< 1", ">=(a, 1)"),
        ("7 div 2 % 2", "%(div(7, 2), 2)"),
        ("~a + +b", "+(~(a), positive(b))"),
        ("a and b and c and d and e", "and(and(and(a, b), c), and(d, e))"),
    ]);
}

#[test]
fn predicates() {
    check_expressions(&[
        ("a between 1 and 2 and b", "and(between(a, 1, 2), b)"),
        ("a not between 1 and 2", "not(between(a, 1, 2))"),
        ("a in (1, 2)", "in(a, 1, 2)"),
        ("a not in (select 1)", "not({a in Project(1)})"),
        ("(a, b) in (select 1, 2)", "{a, b in Project(1, 2)}"),
        ("(a, b) in ((1, 2))", "in(named_struct('a', a, 'b', b), named_struct('col1', 1, 'col2', 2))"),
        ("a like 'x%' escape '/'", "like(a, 'x%', '/')"),
        ("a not ilike 'x'", "not(ilike(a, 'x'))"),
        ("a regexp 'x'", "rlike(a, 'x')"),
        ("a like any ('x', 'y')", "likeany(a, or(like(a, 'x'), like(a, 'y')))"),
        ("a like any ('x', b)", "or(like(a, 'x'), like(a, b))"),
        ("a not like all ('x', 'y')", "notlikeall(a, and(not(like(a, 'x')), not(like(a, 'y'))))"),
        ("a is not null", "isnotnull(a)"),
        ("a is not true", "not(<=>(a, true))"),
        ("a is distinct from b", "not(<=>(a, b))"),
        ("a is not distinct from b", "<=>(a, b)"),
        ("exists (select 1)", "{exists Project(1)}"),
        ("exists(a, x -> x > 1)", "exists(a, (x -> >(\\x, 1)))"),
    ]);
}

#[test]
fn constants_have_spark_s_types() {
    check_expressions(&[
        ("2147483647", "2147483647"),
        ("2147483648", "2147483648L"),
        ("-2147483648", "-2147483648"),
        ("9223372036854775808", "9223372036854775808m19,0"),
        ("1.50", "150m3,2"),
        ("0.05", "5m2,2"),
        ("00.10", "10m2,2"),
        ("0.", "0m1,0"),
        (".5", "5m1,1"),
        ("1e3", "1000.0D"),
        ("1.5e-3", "0.0015D"),
        ("1L", "1L"),
        ("-128Y", "-128Y"),
        ("5S", "5S"),
        ("1.5F", "1.5F"),
        ("2D", "2.0D"),
        ("1.0BD", "10m2,1"),
        ("1e3BD", "1000m4,0"),
        ("'a' 'b'", "'ab'"),
        ("\"it's\"", "'it's'"),
        ("r'a\\n'", "'a\\n'"),
        ("X'1ab'", "x[01, AB]"),
        ("DATE '1970-01-02'", "date 1"),
        ("timestamp '1970-01-01 00:00:01'", "cast<timestamp ansi>('1970-01-01 00:00:01')"),
        ("timestamp '1970-01-01 00:00:01+01:00'", "timestamp -3599000000"),
        ("timestamp_ntz'1970-01-01 00:00:01'", "timestamp_ntz 1000000"),
        ("time'00:00:01'", "time(6) 1000000000"),
        ("date 'tomorrow'", "date_add(current_date(), 1)"),
        ("true", "true"),
        ("null", "null"),
        (":name + ? + ?", "+(+(:name, ?8), ?12)"),
    ]);
}

#[test]
fn intervals() {
    check_expressions(&[
        ("interval '3' month", "interval month 3"),
        ("interval 1 year 2 months", "interval year to month 14"),
        ("interval '90' day", "interval day 7776000000000"),
        ("interval -'3' day", "interval day -259200000000"),
        ("interval 1 day 2 hours 3.5 seconds", "interval day to second 93603500000"),
        ("interval 1 week", "interval day 604800000000"),
        ("interval 5 milliseconds", "interval second 5000"),
        ("interval '1-2' year to month", "interval year to month 14"),
        ("interval '-1 2:3:4.5' day to second", "interval day to second -93784500000"),
        ("interval '10:11' hour to minute", "interval hour to minute 36660000000"),
        ("interval '1 day -2 hours'", "interval day to hour 79200000000"),
        ("interval + 1", "+(interval, 1)"),
        ("interval", "interval"),
        ("d - interval '1' day * 2", "-(d, *(interval day 86400000000, 2))"),
    ]);
}

#[test]
fn calls_and_their_clauses() {
    check_expressions(&[
        ("count(*)", "count(1)"),
        ("COUNT(DISTINCT a, b)", "COUNT(distinct a, b)"),
        ("count(all a)", "count(a)"),
        ("sum(a) filter (where b > 1)", "sum(a) filter >(b, 1)"),
        ("percentile_cont(0.5) within group (order by a desc)", "percentile_cont(5m1,1) within a desc"),
        ("first(a ignore nulls)", "first(a) ignore nulls"),
        ("db.f(a => 1)", "db.f(a => 1)"),
        ("lag(a, 1) ignore nulls over (partition by b order by c)", "lag(a, 1) ignore nulls over [b | c]"),
        (
            "sum(a) over (order by b rows between 1 preceding and unbounded following)",
            "sum(a) over [ | b Rows negative(1)..UnboundedFollowing]",
        ),
        ("sum(a) over (order by b range 5 preceding)", "sum(a) over [ | b Range negative(5)..CurrentRow]"),
        ("sum(a) over (distribute by b sort by c desc nulls first)", "sum(a) over [b | c desc nulls first]"),
        ("cast(a as decimal(10, 2))", "cast<decimal(10,2)>(a)"),
        ("try_cast(a as int)", "cast<int try>(a)"),
        ("a::int::string", "cast<string>(cast<int>(a))"),
        ("extract(year from a)", "extract('year', a)"),
        ("substring(a from 2 for 3)", "substring(a, 2, 3)"),
        ("substring(a, 2)", "substring(a, 2)"),
        ("trim(a)", "trim(a)"),
        ("trim(both 'x' from a)", "trim('x', a)"),
        ("trim(leading from a)", "ltrim(a)"),
        ("trim('x' from a)", "trim('x', a)"),
        ("position('a' in b)", "locate('a', b, 1)"),
        ("position('a', b)", "position('a', b)"),
        ("overlay(a placing 'b' from 2)", "overlay(a, 'b', 2, -1)"),
        ("date_add(day, 1, a)", "timestampadd('day', 1, a)"),
        ("date_add(a, 1)", "date_add(a, 1)"),
        ("datediff(a, b)", "datediff(a, b)"),
        ("struct(a as b, 2)", "struct(a AS b, 2)"),
        ("identifier('a.b')", "a.b"),
        ("identifier('f')(1)", "f(1)"),
        ("if(a, 1, 2)", "if(a, 1, 2)"),
        ("left(a, 1)", "left(a, 1)"),
        ("current_date", "current_date"),
    ]);
}

#[test]
fn names_elements_and_lambdas() {
    check_expressions(&[
        ("a.b.c", "a.b.c"),
        ("`a.b`.c", "a.b.c"),
        ("a.1b", "a.1b"),
        ("a[0].b[1]", "a[0]['b'][1]"),
        ("f(a).b", "f(a)['b']"),
        ("(select 1).a", "{scalar Project(1)}['a']"),
        ("t.*", "t.*"),
        ("* except (a, b.c)", "* except [[\"a\"], [\"b\", \"c\"]]"),
        ("x -> x.a + y", "(x -> +(\\x.a, y))"),
        ("(a, b) -> a + b", "(a, b -> +(\\a, \\b))"),
        ("a as b", "a AS b"),
        ("a b", "a AS b"),
        ("inline(x) as (a, b)", "inline(x) AS a, b"),
        ("(a, 1)", "named_struct('a', a, 'col2', 1)"),
        ("(a)", "a"),
        ("((select 1)) + 1", "+({scalar Project(1)}, 1)"),
        ("case a when 1 then 2 else 3 end", "case a when 1 then 2 else 3"),
        ("case when a then 1 end", "case when a then 1"),
        ("select", "select"),
        ("date + 1", "+(date, 1)"),
        ("from.`select`.order", "from.select.order"),
    ]);
}
