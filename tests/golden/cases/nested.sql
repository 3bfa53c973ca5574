-- Arrays, maps and structs.
select arr, m, s from nested order by id;
select arr[0], arr[1], m['a'], s.x, s.y from nested where id = 1;
select id, s.x + 1, s.*, upper(s.y) from nested order by id;
select array(1, 2, 3), array(1, 2.5), array('a', null), array(), array(1, 'a') is null, array(array(1), array(2, 3)), array(null);
select array(1, 'a');
select array(1, array(2));
select array(1, 2)[5];
select array(1, 2)[-1];
select element_at(array(1, 2, 3), 1), element_at(array(1, 2, 3), -1), element_at(map('a', 1), 'a'), element_at(map('a', 1), 'z'), try_element_at(array(1), 5), get(array(1, 2), 0), get(array(1), 9);
select element_at(array(1, 2), 5);
select element_at(array(1), 0);
select map('a', 1)['z'], map('a', 1, 'b', 2)['b'], map(1, 'x')[1], map_keys(map('a', 1, 'b', 2)), map_values(map('a', 1)), map_entries(map('a', 1)), size(map('a', 1)), map_contains_key(map('a', 1), 'a'), map_concat(map('a', 1), map('b', 2)), map_from_arrays(array('x', 'y'), array(1, 2)), map_from_entries(array(struct('a', 1)));
select map('a', 1, 'a', 2);
select map(null, 1);
select map('a', 1, 'b');
select map_concat(map('a', 1), map('a', 2));
select size(array(1, 2)), size(null), cardinality(array(1)), array_size(array(1, 2)), array_contains(array(1, 2), 2), array_contains(array(1, null), 3), array_position(array(3, 2, 1), 1), array_position(array(1), 9), array_max(array(1, 3, 2)), array_min(array(1, null)), array_join(array('a', null, 'b'), '-'), array_join(array('a', null), ',', 'x');
select sort_array(array(3, 1, null, 2)), sort_array(array(3, 1, null), false), array_sort(array(3, null, 1)), array_distinct(array(1, 2, 1, null, null)), array_union(array(1, 2), array(2, 3)), array_intersect(array(1, 2), array(2)), array_except(array(1, 2, 2), array(2)), array_remove(array(1, 2, 1), 1), array_repeat('a', 3), arrays_overlap(array(1, 2), array(2)), arrays_zip(array(1, 2), array('a')), flatten(array(array(1), array(2, 3))), slice(array(1, 2, 3, 4), 2, 2), slice(array(1, 2, 3), -2, 2), reverse(array(1, 2)), concat(array(1), array(2)), shuffle(array(1)), array_append(array(1), 2), array_prepend(array(1), 0), array_insert(array(1, 3), 2, 2), array_compact(array(1, null, 2));
select sequence(1, 5), sequence(5, 1), sequence(1, 10, 3), sequence(1, 1), sequence(3, 1, -2), sequence(1L, 3L);
select sequence(1, 5, -1);
select transform(array(1, 2), x -> x * 2), transform(array(1, 2), (x, i) -> x + i), filter(array(1, 2, 3), x -> x % 2 = 1), filter(array('a', 'b'), (x, i) -> i > 0), aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x), exists(array(1, null), x -> x > 5), forall(array(1), x -> x is not null), zip_with(array(1, 2), array(3, 4), (a, b) -> a * b), map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1), transform_keys(map('a', 1), (k, v) -> upper(k)), transform_values(map('a', 1), (k, v) -> v + 1), map_zip_with(map('a', 1), map('a', 2), (k, x, y) -> x + y), array_sort(array(3, 1, 2), (l, r) -> r - l);
select struct(1, 'a'), struct(1 as x, 'a' as y), named_struct('p', 1, 'q', array(1)), struct(id, name) from people where id = 1;
select named_struct('a', 1, 'b'), 2;
select named_struct('a', 1).b;
select s.nope from nested;
select id.x from nested;
select struct(1 as a, 2 as A).a;
select (struct(1 as a, struct(2 as c) as b)).b.c, array(struct(1 as a), struct(2 as a)).a, array(struct(1 as a))[0].a, map('k', struct(5 as z))['k'].z;
select struct(p.*) from people p where id = 1;
select struct(*) from t1 where k = 1;
select to_json(s), to_json(arr), to_json(m) from nested order by id;
select id from nested where array_contains(arr, 2) order by id;
select id from nested where s.x = 2;
select s.y, count(*) from nested group by s.y order by s.y;
select s, count(*) from nested group by s order by s;
select arr, count(*) from nested group by arr order by arr;
select m, count(*) from nested group by m;
select distinct m from nested;
select id from nested order by m;
select id from nested order by arr, id;
select id from nested order by s desc, id;
select size(arr), size(m), cardinality(m) from nested order by id;
select arr[id] from nested where id = 1;
select try_element_at(arr, 10), coalesce(arr[0], -1) from nested where arr is not null and size(arr) > 0 order by id;
select arr = array(1, 2, 3), s = struct(1, 'one') from nested order by id;
select explode(arr) as e from nested where id = 1 order by e;
select map('a', array(1, 2)), map(1, map(2, 3)), array(map('a', 1)), struct(array(struct(1 as q)) as r);
select cast(map('a', 1) as map<string, double>), cast(null as array<int>), cast(null as struct<a: int>), array(1L, 2), array(cast(null as int), 1);
--! set spark.sql.ansi.enabled=false
select array(1, 2)[5], element_at(array(1, 2), 5), map('a', 1)['z'], array(1, 2)[-1], size(null), array(1, 'a');
--! reset
--! set spark.sql.mapKeyDedupPolicy=LAST_WIN
select map('a', 1, 'a', 2), map_concat(map('a', 1), map('a', 2));
--! reset
