-- Sub-queries as predicates and as values, with nulls on both sides.
select * from values ('a'),('b') t(x) where x = 'zz' or x in (select y from values ('a') s(y));
select * from values (1),(2) t(x) where x = 2 or x not in (select y from values (5),(null) s(y));
select x, x in (select y from values (1),(null) s(y)) i, x not in (select y from values (1),(null) s(y)) n, exists(select 1 from values (2) s(y) where y = x) e from values (1),(2),(null) t(x);
select x from values (1),(2),(null) t(x) where x not in (select y from values (1),(null) s(y));
select x from values (1),(2),(null) t(x) where not (x in (select y from values (1),(null) s(y)) or x = 7);
select x, case when x in (select y from values (1) s(y)) then 'in' else 'out' end c from values (1),(2),(null) t(x) order by x;
select count(*) from values (1),(2),(null) t(x) group by x in (select y from values (1) s(y));
select x from values (1),(2),(null) t(x) where (x in (select y from values (1),(null) s(y))) is null;
select x, (select max(y) from values (1,1),(2,1) s(y,k) where k = x) m from values (1),(2) t(x) order by x in (select y from values (2) s(y)), x;
select 1 in (select null), 1 in (select 1), 1 not in (select 2 where false);
select (1, 2) in (select 1, 2), (1, 2) in (select 1, null), (1,3) in (select 2, null);
