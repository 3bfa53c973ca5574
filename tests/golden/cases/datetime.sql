-- Dates, timestamps, intervals and time zones.
select year(d), quarter(d), month(d), day(d), dayofmonth(d), dayofweek(d), weekday(d), dayofyear(d), weekofyear(d), last_day(d) from events order by id;
select hour(ts), minute(ts), second(ts), extract(year from ts), extract(second from ts), date_part('month', ts), extract(dow from d), extract(week from d), extract(doy from d), extract(yearofweek from d) from events order by id;
select hour(ntz), second(ntz), extract(seconds from ntz), date(ntz), cast(ntz as timestamp) from events order by id;
select date_add(d, 1), date_sub(d, 1), d + 30, d - 30, add_months(d, 1), add_months(d, -12), datediff(d, date'2024-01-01'), date_diff(date'2024-01-01', d), months_between(d, date'2024-01-01') from events order by id;
select date_add('2024-01-31', 1), datediff('2024-01-02', '2024-01-01'), add_months('2024-01-31', 1), months_between('2024-03-31', '2024-02-29'), months_between(timestamp'2024-01-31 10:00:00', timestamp'2024-01-01'), next_day('2024-01-01', 'Tue'), last_day('2024-02-10');
select date_trunc('year', ts), date_trunc('month', ts), date_trunc('week', ts), date_trunc('day', ts), date_trunc('hour', ts), date_trunc('minute', ts), date_trunc('quarter', ts), trunc(d, 'month'), trunc(d, 'YY'), trunc(d, 'week'), trunc(d, 'bad') from events order by id;
select date_format(ts, 'yyyy-MM-dd'), date_format(ts, 'HH:mm:ss.SSS'), date_format(ts, 'EEEE, d MMM y'), date_format(ts, 'hh:mm a'), date_format(d, 'MM/dd/yy'), date_format(ts, "'Q'q") as q from events where id = 2;
select date_format(ts, 'DDD'), date_format(ts, 'E'), date_format(ts, 'MMMM'), date_format(ts, 'yyyy Q'), date_format(ts, "HH 'o''clock'") from events where id = 1;
select date_format(ts, 'n') from events where id = 1;
select date_format(ts, 'e') from events where id = 1;
select date_format(timestamp'2024-01-01 00:00:00', 'YYYY');
select unix_timestamp(timestamp'2024-01-01 00:00:00'), unix_timestamp('2024-01-01', 'yyyy-MM-dd'), from_unixtime(0), from_unixtime(1704067200, 'yyyy/MM/dd'), to_unix_timestamp('2024-01-01 00:00:00'), unix_seconds(timestamp'1970-01-01 00:00:01'), unix_millis(timestamp'1970-01-01 00:00:01'), unix_micros(timestamp'1970-01-01 00:00:01'), unix_date(date'1970-01-02'), timestamp_seconds(1), timestamp_millis(1500), timestamp_micros(1), date_from_unix_date(1);
select make_date(2024, 2, 29), make_timestamp(2024, 1, 2, 3, 4, 5.678), make_timestamp_ntz(2024, 1, 2, 3, 4, 5), make_timestamp(2024, 1, 2, 3, 4, 5, 'Europe/Paris'), make_dt_interval(1, 2, 3, 4.5), cast(make_ym_interval(1, 2) as string), cast(make_interval(1, 2, 3) as string);
select make_date(2023, 2, 29);
select make_timestamp(2024, 13, 1, 0, 0, 0);
select from_utc_timestamp(timestamp'2024-01-01 12:00:00', 'Asia/Tokyo'), to_utc_timestamp(timestamp'2024-01-01 12:00:00', 'America/New_York'), convert_timezone('UTC', 'Asia/Tokyo', timestamp_ntz'2024-01-01 00:00:00');
select from_utc_timestamp(timestamp'2024-01-01 12:00:00', 'Nowhere/City');
select d + interval 1 day, d + interval 1 month, d - interval 1 year, ts + interval 1 hour, ts - interval '1 02:03:04' day to second, ntz + interval 1 week, d + interval 2 hours from events order by id;
select date'2024-01-31' + interval 1 month, date'2024-02-29' + interval 1 year, date'2024-03-31' - interval 1 month, timestamp'2024-01-31 10:00:00' + interval 1 month, date'2024-01-01' + interval '1' day, interval 1 day + date'2024-01-01';
select timestamp'2024-01-02 00:00:00' - timestamp'2024-01-01 12:00:00', date'2024-02-01' - date'2024-01-01', timestamp_ntz'2024-01-02' - timestamp_ntz'2024-01-01', timestamp'2024-01-02' - date'2024-01-01';
select interval 1 day * 2, interval 10 hours / 4, 3 * interval 1 minute, -interval 1 day, interval 1 day > interval 23 hours, interval 1 day = interval 24 hours, abs(interval -1 day), sign(interval -1 day);
select cast(interval 1 year * 2 as string), cast(interval 1 month + interval 1 year as string), interval 1 month = interval 1 month, extract(day from interval 3 days), extract(hour from interval '1 05:00:00' day to second);
select interval 1 day / 0;
select interval 1 month + interval 1 day;
select timestampadd(hour, 5, timestamp'2024-01-01 00:00:00'), timestampadd(month, -1, timestamp'2024-03-31'), timestampdiff(day, timestamp'2024-01-01', timestamp'2024-01-10'), timestampdiff(month, timestamp'2024-01-31', timestamp'2024-02-29'), dateadd(day, 3, date'2024-01-01'), datediff(week, date'2024-01-01', date'2024-01-15'), date_add(date'2024-01-01', null);
select d = '2024-01-15', d > '2024', ts > '2024-01-01', ts = date'2024-01-15', d in ('2024-02-29'), d between '2024-01-01' and '2024-12-31', ts between '2024-01-01' and '2024-12-31' from events order by id;
select d > 'garbage' from events;
select min(d), max(d), min(ts), max(ts), count(d), max(ntz), min(ntz) from events;
select id from events order by ts desc nulls last;
select id from events order by d nulls first, id;
select d, count(*) from events group by d order by d;
select year(d) as y, count(*) as n from events group by year(d) order by y;
select date'2024-01-01' - interval '1-2' year to month, timestamp'2024-01-01' + interval '0-1' year to month;
select date'9999-12-31' + 1;
select date_add(date'2024-01-01', 2147483647);
select dayname(date'2024-01-01'), monthname(date'2024-01-01'), weekday(date'2024-01-07'), dayofweek(date'2024-01-07'), weekofyear(date'2024-12-30'), extract(yearofweek from date'2024-12-30');
select window(ts, '1 hour').start, window(ts, '1 hour').end, id from events where id < 3 order by id;
select window.start, count(*) from events where ts is not null group by window(ts, '1 day') order by 1;
select to_date('2024-01-15 10:00', 'yyyy-MM-dd HH:mm'), to_date('Jan 5, 2024', 'MMM d, yyyy'), to_timestamp('2024-01-01T10:00:00Z'), to_timestamp('05-Mar-2024 1:02 PM', 'dd-MMM-yyyy h:mm a'), to_timestamp('2024', 'yyyy'), to_date('20240115', 'yyyyMMdd');
select to_date('2024-13-01', 'yyyy-MM-dd');
select to_timestamp('x', 'yyyy');
select date('2024-01-01'), timestamp('2024-01-01 01:02:03'), timestamp'epoch', date'epoch', timestamp'1970-01-01 00:00:00.123456';
select timestamp'0001-01-01 00:00:00', date'0001-01-01', date'1582-10-10', timestamp'1582-10-10 00:00:00', date'9999-12-31', timestamp'9999-12-31 23:59:59.999999';
select current_date = current_date(), curdate() = current_date, current_timestamp = now(), localtimestamp() is not null, current_timezone();
select sequence(date'2024-01-01', date'2024-01-05', interval 2 days), sequence(date'2024-01-31', date'2024-04-30', interval 1 month), size(sequence(timestamp'2024-01-01', timestamp'2024-01-02', interval 6 hours));
select date_bin(1) from events;
select year('2024-05-06'), month(timestamp'2024-05-06 01:00:00'), hour('2024-05-06 07:08:09'), year(null), date_add(null, 1), datediff(null, d) from events limit 1;
--! set spark.sql.session.timeZone=America/Los_Angeles
select timestamp'2024-01-01 00:00:00', timestamp'2024-07-01 00:00:00', timestamp'2024-01-01 00:00:00Z', hour(timestamp'2024-01-01 00:00:00Z'), cast(timestamp'2024-03-10 10:00:00Z' as string), date(timestamp'2024-01-01 00:00:00Z');
select timestamp'2024-03-10 02:30:00', timestamp'2024-03-10 01:30:00' + interval 1 hour, date'2024-03-10' + interval 1 day, timestamp'2024-03-09 02:30:00' + interval 1 day, timestamp'2024-11-03 01:30:00' + interval 1 hour, date_trunc('day', timestamp'2024-03-10 12:00:00'), date_trunc('hour', timestamp'2024-11-03 09:30:00Z');
select unix_timestamp('2024-01-01 00:00:00'), from_unixtime(0), to_timestamp('2024-01-01 00:00:00'), current_timezone(), date_format(timestamp'2024-01-01 00:00:00Z', 'yyyy-MM-dd HH:mm:ss z'), date_format(timestamp'2024-07-01 00:00:00Z', 'XXX VV');
select from_utc_timestamp(timestamp'2024-01-01 00:00:00', 'Asia/Tokyo'), to_utc_timestamp(timestamp'2024-01-01 00:00:00', 'Asia/Tokyo'), make_timestamp(2024, 1, 1, 0, 0, 0), cast(timestamp_ntz'2024-01-01 00:00:00' as timestamp), timestamp_seconds(0);
--! reset
--! set spark.sql.session.timeZone=Asia/Kolkata
select timestamp'2024-01-01 00:00:00', cast(timestamp'2024-01-01 00:00:00Z' as string), date_trunc('hour', timestamp'2024-01-01 00:45:00Z'), minute(timestamp'2024-01-01 00:00:00Z');
--! reset
--! set spark.sql.session.timeZone=+02:00
select timestamp'2024-01-01 00:00:00', cast(timestamp'2024-01-01 00:00:00Z' as string);
--! reset
--! set spark.sql.timestampType=TIMESTAMP_NTZ
select timestamp'2024-01-01 00:00:00', cast('2024-01-01' as timestamp), to_timestamp('2024-01-01'), typeof(now());
--! reset
--! set spark.sql.ansi.enabled=false
select make_date(2023, 2, 29), to_date('2024-13-01', 'yyyy-MM-dd'), to_timestamp('x'), unix_timestamp('x'), next_day('2024-01-01', 'xx'), date'2024-01-01' + interval 2 hours, cast('x' as date);
--! reset
