-- What TIMESTAMP means where the session says that it has no zone, and what of its name stays as it was.
--! set spark.sql.timestampType=TIMESTAMP_NTZ
select timestamp'2024-01-01 10:00:00' as t, typeof(timestamp'2024-01-01 10:00:00'), typeof(timestamp'2024-01-01 10:00:00Z'), typeof(timestamp'2024-01-01 10:00:00 Europe/Paris'), typeof(timestamp_ltz'2024-01-01 10:00:00');
select cast('2024-01-01 10:00:00' as timestamp), '2024-01-01'::timestamp, timestamp('2024-01-01'), typeof(timestamp('2024-01-01')), typeof(cast('2024-01-01' as timestamp_ltz)), typeof(cast('2024-01-01' as timestamp without time zone)), typeof(cast(null as array<timestamp>));
select cast('2024-01-01 10:00:00+05:00' as timestamp), try_cast('x' as timestamp), cast(date'2024-01-01' as timestamp);
select cast('x' as timestamp);
select cast(1 as timestamp);
select timestamp'x';
select typeof(to_timestamp('2024-01-01')), typeof(make_timestamp(2024, 1, 1, 0, 0, 0)), typeof(now()), typeof(current_timestamp), typeof(localtimestamp), typeof(date_trunc('day', timestamp'2024-01-01')), typeof(try_to_timestamp('2024-01-01')), typeof(timestamp_seconds(0)), typeof(to_timestamp_ltz('2024-01-01'));
select typeof(try_make_timestamp(2024, 1, 1, 0, 0, 0)), typeof(date'2024-01-01' + interval 1 hour), typeof(from_utc_timestamp('2024-01-01', 'UTC')), typeof(window(timestamp'2024-01-01', '1 hour')), typeof(timestamp'2024-01-01' + interval 1 day), typeof(timestamp'2024-01-02' - timestamp'2024-01-01'), typeof(timestampadd(hour, 1, timestamp'2024-01-01'));
select from_json('{"t": "2024-01-01T10:00:00"}', 't timestamp'), from_csv('2024-01-01T10:00:00', 't timestamp'), schema_of_json('{"t": "2024-01-01T10:00:00"}'), schema_of_csv('2024-01-01T10:00:00');
select from_json('{"t": "2024-01-01T10:00:00"}', 'struct<t:timestamp>').t, typeof(from_json('{"t": "2024-01-01T10:00:00"}', schema_of_json('{"t": "2024-01-01T10:00:00"}')));
create table g_local (t timestamp, l timestamp_ltz, n timestamp_ntz, a array<timestamp>) using parquet;
describe table g_local;
insert into g_local values (timestamp'2024-01-01 10:00:00', timestamp_ltz'2024-01-01 10:00:00', timestamp_ntz'2024-01-01 10:00:00', array(timestamp'2024-01-01'));
select * from g_local;
alter table g_local add columns (u timestamp default timestamp'2024-01-01');
select typeof(u), u from g_local;
drop table g_local;
select timestamp'2024-01-01 10:00:00' = '2024-01-01 10:00:00', timestamp'2024-01-01' > date'2023-12-31', ts > timestamp'2024-01-01' from events order by id;
select unix_timestamp(timestamp'2024-01-01 10:00:00'), hour(timestamp'2024-01-01 10:00:00'), date_format(timestamp'2024-01-01 10:00:00', 'yyyy HH'), date(timestamp'2024-01-01 10:00:00'), string(timestamp'2024-01-01 10:00:00');
--! set spark.sql.session.timeZone=America/Los_Angeles
select timestamp'2024-01-01 10:00:00', timestamp'2024-01-01 10:00:00Z', cast(timestamp'2024-01-01 10:00:00Z' as timestamp), cast('2024-01-01 10:00:00Z' as timestamp);
--! reset
--! set spark.sql.timestampType=TIMESTAMP_NTZ
--! set spark.sql.ansi.enabled=false
select cast('x' as timestamp), timestamp'2024-01-01', typeof(cast(null as timestamp));
--! reset
