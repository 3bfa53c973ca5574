select time'12:30:00';
select time'12:30:00' = time'12:30:00';
select typeof(cast('12:30' as time));
select hour(time'12:30:45.5');
select typeof(current_time());
select time_diff('hour', time'20:30:29', time'12:00:00');
select array(time'12:00:00');
select count(*) from values (time'12:00:00') as v(t);
select count(t) from values (time'12:00:00') as v(t);
select make_time(6, 30, 0) is null;
select make_timestamp(date'2024-01-01', time'12:30:00');
select cast('12:30' as time(7));
select from_json('{"t":"12:00:00.5"}', 't time');
--! set spark.sql.timeType.enabled=true
select time'12:30:00', time'12:30:00.123456', time '23:59:59.999999', time'1:2:3', time'00:00', time'12:30 pm';
select time'25:00:00';
select time'abc';
select typeof(time'12:30:00'), typeof(cast('12:30' as time(0))), typeof(cast('12:30' as time)), typeof(current_time()), typeof(current_time(3)), typeof(current_time), current_time() = current_time();
select current_time(7);
select make_time(6, 30, 45.887), make_time(0, 0, 0), make_time(23, 59, 59.999999), make_time(6, 30, null), typeof(make_time(6, 30, 45.887));
select make_time(24, 0, 0);
select make_time(6, 60, 0);
select make_time(6, 30, 60.0);
select to_time('00:12:00'), to_time('12.10.05', 'HH.mm.ss'), to_time(null), typeof(to_time('00:12:00')), to_time('12:30:15.123456');
select to_time('nope');
select to_time('12:30', 'HH.mm');
select to_time('12:30', 'zz');
select try_to_time('00:12:00.001'), try_to_time('12.10.05.999999', 'HH.mm.ss.SSSSSS'), try_to_time('nope'), try_to_time('12:30', 'HH.mm');
select hour(time'12:30:45.5'), minute(time'12:30:45.5'), second(time'12:30:45.5'), extract(hour from time'12:30:45.5'), extract(second from time'12:30:45.123456'), date_part('minute', time'12:30:45.5'), extract(year from timestamp'2024-01-01 00:00:00');
select extract(year from time'12:30:45.5');
select time_trunc('HOUR', time'09:32:05.359'), time_trunc('minute', time'09:32:05.359'), time_trunc('second', time'09:32:05.123456'), time_trunc('millisecond', time'09:32:05.123456'), time_trunc('microsecond', time'09:32:05.123456'), time_trunc(null, time'09:32:05'), time_trunc('hour', null);
select time_trunc('day', time'09:32:05.359');
select time_diff('HOUR', time'20:30:29', time'21:30:28'), time_diff('hour', time'20:30:29', time'12:00:00'), time_diff('minute', time'20:30:29', time'21:30:28'), time_diff('second', time'20:30:29', time'21:30:28'), time_diff('millisecond', time'20:30:29', time'21:30:28'), time_diff('microsecond', time'20:30:29', time'21:30:28.000001'), time_diff(null, time'20:30:29', time'21:30:28');
select time_diff('day', time'20:30:29', time'21:30:28');
select cast('12:30:15.7' as time(0)), cast('12:30:15.1234567' as time(6)), cast(time'12:30:15.123456' as time(3)), cast(time'12:30:15.123456' as string), cast(time'12:30:15' as int), cast(time'12:30:15' as bigint), cast(time'12:30:15.5' as decimal(10,2)), cast(time'12:30:15' as smallint);
select cast('x' as time);
select try_cast('x' as time), try_cast(time'12:30:15' as tinyint), try_cast('25:00' as time(3));
select cast(time'12:30:15' as date);
select cast(time'12:30:15' as timestamp);
select cast(time'12:30:15' as double);
select cast(5 as time);
select cast(date'2024-01-01' as time);
select cast('12:30' as time(7));
select time'12:30:00' < time'12:30:01', time'12:30:00' <=> null, time'12:30:00' in (time'12:30:00', time'01:00:00'), time'12:30:00' between time'01:00:00' and time'13:00:00', time'12:30:00' = '12:30:00', greatest(time'12:30:00', time'13:00:00'), least(time'12:30:00', time'13:00:00');
select time'12:30:00' = timestamp'2024-01-01 12:30:00';
select time'12:30:00' + interval '1' hour, time'12:30:00' - interval '30' minute, time'12:30:00' - time'11:00:00', time'12:30:00' + interval '1:30' hour to minute, interval '1' hour + time'12:30:00';
select typeof(time'12:30:00' - time'11:00:00'), typeof(time'12:30:00' + interval '1' hour), typeof(cast('12:30' as time(0)) + interval '1' second);
select time'23:30:00' + interval '1' hour;
select time'23:30:00' + interval '1' day;
select time'23:30:00' + 1;
select date'2024-01-01' + time'12:30:00', timestamp'2024-01-01 00:00:00' + time'01:00:00';
select make_timestamp(date'2024-01-01', time'12:30:00'), make_timestamp_ntz(date'2024-01-01', time'12:30:00.5'), try_make_timestamp_ntz(date'2024-01-01', time'12:30:00'), make_timestamp_ltz(date'2024-01-01', time'12:30:00');
select make_timestamp(date'2024-01-01', time'12:30:00', 'America/New_York'), make_timestamp_ltz(date'2024-01-01', time'12:30:00', 'America/New_York'), try_make_timestamp(date'2024-01-01', time'12:30:00');
select t, count(*), min(u), max(u) from values (time'12:00:00', time'01:00:00'), (time'12:00:00', time'02:00:00'), (null, time'03:00:00'), (time'08:00:00', null) as v(t, u) group by t order by t;
select t from values (time'12:00:00'), (time'12:00:00.000001'), (null), (time'08:00:00') as v(t) order by t desc;
select count(distinct t), max(t), min(t), first(t), collect_list(t), approx_count_distinct(t), mode(t), any_value(t), max_by(t, t) from values (time'12:00:00'), (time'12:00:00'), (time'08:00:00') as v(t);
select avg(t) from values (time'12:00:00') as v(t);
select sum(t) from values (time'12:00:00') as v(t);
select a.t from values (time'12:00:00'), (time'13:00:00') as a(t) join values (time'12:00:00') as b(t) on a.t = b.t;
select array(time'12:00:00', null), map('k', time'12:00:00'), struct(time'12:00:00' as t), array_contains(array(time'12:00:00'), time'12:00:00'), sort_array(array(time'12:00:00', time'08:00:00')), array_max(array(time'12:00:00', time'08:00:00'));
select to_json(struct(time'12:00:00.5' as t)), from_json('{"t":"12:00:00.5"}', 't time'), to_csv(struct(time'12:00:00' as t)), from_csv('12:00:00', 't time(3)');
select hash(time'12:00:00'), xxhash64(time'12:00:00'), coalesce(null, time'12:00:00'), if(true, time'12:00:00', null), nullif(time'12:00:00', time'12:00:00'), nvl(null, time'01:00:00'), concat(time'12:00:00', '!'), length(string(time'12:00:00'));
select date_format(time'12:30:15.123', 'HH:mm:ss.SSS');
select to_char(time'12:30:15', 'HH:mm');
select sequence(time'12:00:00', time'13:00:00', interval '30' minute);
select time_from_seconds(45045), time_from_seconds(14.5), time_from_millis(45045123), time_from_micros(45045123456), typeof(time_from_seconds(1)), time_from_seconds(null);
select time_from_seconds(90000);
select time_to_seconds(time'12:30:45.5'), time_to_millis(time'12:30:45.123456'), time_to_micros(time'12:30:45.123456'), typeof(time_to_seconds(time'12:30:45.5')), typeof(time_to_millis(time'12:30:45'));
select time_bucket(interval '15' minute, time'12:37:00');
select row_number() over (order by t), lag(t) over (order by t) from values (time'12:00:00'), (time'08:00:00') as v(t);
select max(t) over (order by t range between interval '1' hour preceding and current row) from values (time'12:00:00'), (time'12:30:00') as v(t);
select time('12:30:00');
select localtime() = current_time();
select to_time('2024-01-01 12:00:00'), to_time('T12:00:00'), to_time(' 12:00:00 ');
select cast(timestamp'2024-01-01 12:30:15' as time);
--! set spark.sql.session.timeZone=America/New_York
select cast(timestamp'2024-01-01 12:30:15' as time), cast(timestamp_ntz'2024-01-01 12:30:15' as time(3));
--! reset
--! set spark.sql.timeType.enabled=true
--! set spark.sql.ansi.enabled=false
select cast('x' as time), to_time('12:00'), cast(time'12:30:15' as tinyint), time'12:30:00' = '12:30:00';
select to_time('x');
--! reset
--! set spark.sql.timeType.enabled=true
--! show
select time'12:30:00' as a, cast('12:30:00.5' as time(3)) as b, null as c, array(time'01:02:03.000004') as d;
--! reset
--! set spark.sql.timeType.enabled=true
select time'12:30:00' = cast('12:30' as time(0));
select if(true, cast('1:00' as time(0)), cast('1:00' as time(6)));
select cast(time'12:30:15' as int), cast(time'12:30:15' as bigint), cast(time'12:30:15.5' as decimal(10,2)), cast(time'00:30:15' as smallint);
select cast(time'12:30:15' as smallint);
select t from values (time'01:00:00') as a(t) union select cast('02:00:00' as time(6));
