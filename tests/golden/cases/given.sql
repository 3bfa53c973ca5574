-- Views every SQL case may use. Small on purpose: NULLs, duplicates and ties are all there.

create or replace temporary view people as
select * from values
  (1, 'Ada', 36, 'London', 3.5D),
  (2, 'Grace', 45, 'New York', null),
  (3, 'Alan', 41, 'London', 2.25D),
  (4, 'Edsger', null, 'Rotterdam', 9.0D),
  (5, null, 28, null, 1.0D),
  (6, 'Barbara', 45, 'New York', 3.5D)
as t(id, name, age, city, score);

create or replace temporary view emp as
select * from values
  (100, 'emp 1', date'2005-01-01', 100.00, 10),
  (200, 'emp 2', date'2003-01-01', 200.00, 10),
  (300, 'emp 3', date'2002-01-01', 300.00, 20),
  (400, 'emp 4', date'2005-01-01', 400.00, 30),
  (500, 'emp 5', date'2001-01-01', 400.00, null),
  (600, 'emp 6', date'2001-01-01', 400.00, 100)
as t(id, emp_name, hired, salary, dept_id);

create or replace temporary view dept as
select * from values
  (10, 'dept 1', 'CA'), (20, 'dept 2', 'NY'), (30, 'dept 3', 'TX'), (40, 'dept 4', 'OR'), (null, 'dept 5', 'NJ')
as t(dept_id, dept_name, state);

create or replace temporary view nums as
select * from values
  (1Y, 10S, 100, 1000L, 1.5F, 2.5D, 12.34, true),
  (2Y, 20S, 200, 2000L, -1.5F, -2.5D, -0.05, false),
  (-3Y, -30S, -300, -3000L, float('NaN'), double('NaN'), 999.99, null),
  (null, null, null, null, null, null, null, null),
  (127Y, 32767S, 2147483647, 9223372036854775807L, float('Infinity'), double('-Infinity'), 0.00, true)
as t(b, s, i, l, f, d, dec, flag);

create or replace temporary view sales as
select * from values
  ('east', 'tea', 2020, 10), ('east', 'tea', 2021, 15), ('east', 'coffee', 2020, 20),
  ('west', 'tea', 2020, 7), ('west', 'coffee', 2021, 30), ('west', 'coffee', 2021, 30),
  ('north', null, 2020, null), (null, 'tea', 2021, 5)
as t(region, product, year, amount);

create or replace temporary view events as
select * from values
  (1, timestamp'2024-01-15 08:30:00', date'2024-01-15', timestamp_ntz'2024-01-15 08:30:00.123456'),
  (2, timestamp'2024-02-29 23:59:59.999', date'2024-02-29', timestamp_ntz'2024-02-29 23:59:59'),
  (3, timestamp'1969-12-31 23:59:59', date'1969-12-31', timestamp_ntz'1969-12-31 23:59:59'),
  (4, null, null, null)
as t(id, ts, d, ntz);

create or replace temporary view nested as
select * from values
  (1, array(1, 2, 3), map('a', 1, 'b', 2), named_struct('x', 1, 'y', 'one')),
  (2, array(4, null), map('c', null), named_struct('x', 2, 'y', null)),
  (3, array(), map(), null),
  (4, null, null, named_struct('x', null, 'y', 'four'))
as t(id, arr, m, s);

create or replace temporary view t1 as select * from values (1, 'a'), (2, 'b'), (2, 'bb'), (3, null), (null, 'n') as t(k, v);

create or replace temporary view t2 as select * from values (2, 'x'), (3, 'y'), (3, 'yy'), (4, 'z'), (null, 'm') as t(k, w);

create or replace temporary view empty as select * from values (1, 'a') as t(k, v) where k > 1;
