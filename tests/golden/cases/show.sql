-- The text of show() and printSchema() for every type.
--! show
select 1 as a, 'x' as b;
select 1 as `long column name`, null as n, true as t;
select * from people order by id;
select * from nums order by l;
select * from emp order by id;
select * from events order by id;
select * from nested order by id;
select * from empty;
select id from range(25) order by id;
select 'exactly twenty chars' as a, 'exactly twenty-one ch' as b, repeat('x', 30) as c, 'tab\tnew\nline' as d, '' as e;
select x'00FF41' as bin, x'' as empty_bin, 1.10 as dec, 1e20D as d, 0.1F as f, -0.0D as z, double('NaN') as nan, 1e-5D as small, 123456789.123D as big;
select date'2024-01-01' as d, timestamp'2024-01-01 12:00:00.120' as ts, timestamp'2024-01-01' as midnight, timestamp_ntz'2024-01-01 00:00:00.000001' as ntz, interval '1 02:03:04.5' day to second as dt, interval 2 hours as h;
select array(1, null) as a, array('a', null, '') as b, map('k', null, 'j', 1) as m, struct(1 as x, null as y, array(1) as z) as s, array(struct(1 as q)) as t, map(1, array('p')) as u, array() as e, map() as em;
select '日本語' as wide, 'é' as accent, '😀' as emoji, 'ｆｕｌｌ' as fullwidth;
select named_struct('a', named_struct('b', array(named_struct('c', 1)))) as deep, map('k', named_struct('v', 1)) as m;
select 1 as a, 2 as a;
select 1Y as t, 1S as s, 1L as l, 1.5F as f, cast(null as int) as n, cast('a' as varchar(5)) as vc, cast('a' as char(3)) as c;
select repeat('ab', 15) as a, array(repeat('c', 25)) as b, 12345678901234567890.123 as d;
--! reset
