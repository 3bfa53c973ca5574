-- Recursive queries and the number of rounds they may take.
with recursive r as (select 1 as x union all select x + 1 from r where x < 100) select max(x) from r;
with recursive r as (select 1 as x union all select x + 1 from r where x < 101) select max(x) from r;
with recursive r as (select 1 as x union all select x + 1 from r where x < 102) select max(x) from r;
with recursive r as (select 1 as x union all select x + 1 from r) select max(x) from r;
with recursive r as (select 1 as x union all select x + 1 from r) select * from r limit 3;
with recursive r max recursion level 5 as (select 1 as x union all select x + 1 from r) select max(x) from r;
with recursive r max recursion level 5 as (select 1 as x union all select x + 1 from r where x < 5) select max(x) from r;
with recursive r max recursion level 5 as (select 1 as x union all select x + 1 from r where x < 6) select max(x) from r;
with recursive r max recursion level 500 as (select 1 as x union all select x + 1 from r where x < 300) select max(x) from r;
with recursive r as (select 1 as x union select x + 1 from r where x < 6) select max(x) from r;
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3), s as (select n * 2 as m from r) select * from s order by m;
