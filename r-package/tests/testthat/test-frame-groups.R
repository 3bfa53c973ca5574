sales <- createDataFrame(data.frame(
  k = c("a", "a", "b", "b"), p = c("x", "y", "x", "x"), v = c(1, 2, 3, 4), stringsAsFactors = FALSE
))

test_that("agg by name and by expression", {
  expect_equal(columns(agg(sales, v = "sum")), "sum(v)")
  expect_equal(columns(agg(groupBy(sales, "k"), total = sum(sales$v))), c("k", "total"))
  expect_equal(columns(agg(groupBy(sales, "k"), v = "mean")), c("k", "avg(v)"))
  rows <- sorted_rows(collect(agg(groupBy(sales, sales$k), total = sum(sales$v), n = n(sales$v))))
  expect_equal(rows, data.frame(k = c("a", "b"), total = c(3, 7), n = c(2, 2)))
  expect_equal(collect(summarize(sales, m = max(sales$v)))$m, 4)
})

test_that("count and the other aggregates of groups", {
  groups <- groupBy(sales, "k")
  expect_output(print(groups), "GroupedData")
  expect_equal(sorted_rows(collect(count(groups))), data.frame(k = c("a", "b"), count = c(2, 2)))
  expect_equal(columns(sum(groups)), c("k", "sum(v)"))
  expect_equal(columns(avg(groups, "v")), c("k", "avg(v)"))
  expect_equal(sort(collect(mean(groups))[[2]]), c(1.5, 3.5))
  expect_equal(sort(collect(max(groups, "v"))[[2]]), c(2, 4))
  expect_equal(sort(collect(min(groups, "v"))[[2]]), c(1, 3))
})

test_that("pivot, cube and rollup", {
  wide <- sorted_rows(collect(sum(pivot(groupBy(sales, "k"), "p"), "v")), "k")
  expect_equal(wide, data.frame(k = c("a", "b"), x = c(1, 7), y = c(2, NA)))
  expect_equal(columns(sum(pivot(groupBy(sales, "k"), "p", c("y", "x")), "v")), c("k", "y", "x"))
  expect_error(pivot(groupBy(sales, "k"), "p", c("x", "x")), "Values are not unique")
  expect_equal(nrow(count(cube(sales, "k", "p"))), 8)
  expect_equal(nrow(count(rollup(sales, "k", "p"))), 6)
})

test_that("windows", {
  ws <- orderBy(windowPartitionBy("k"), sales$v)
  rows <- collect(arrange(select(sales, "v", alias(over(row_number(), ws), "n"), alias(over(lag("v", 1), ws), "l")), "v"))
  expect_equal(rows$n, c(1L, 2L, 1L, 2L))
  expect_equal(rows$l, c(NA, 1, NA, 3))
  moving <- over(sum(sales$v), rowsBetween(windowOrderBy("v"), -1, 0))
  expect_equal(collect(arrange(select(sales, "v", alias(moving, "s")), "v"))$s, c(1, 3, 5, 7))
})

test_that("describe and summary", {
  described <- collect(describe(sales, "v"))
  expect_equal(described$summary, c("count", "mean", "stddev", "min", "max"))
  expect_equal(described$v, c("4", "2.5", "1.2909944487358056", "1.0", "4.0"))
  expect_equal(collect(summary(select(sales, "v"), "min", "50%"))$v, c("1.0", "2.0"))
})

pairs_data <- createDataFrame(data.frame(a = c(1, 2, 3), b = c(2, 4, 6)))

test_that("crosstab", {
  expect_equal(sorted_rows(crosstab(sales, "k", "p")), data.frame(k_p = c("a", "b"), x = c(1, 2), y = c(1, 0)))
})

test_that("corr and cov", {
  expect_equal(corr(pairs_data, "a", "b"), 1)
  expect_equal(cov(pairs_data, "a", "b"), 2)
})

test_that("approxQuantile", {
  expect_equal(approxQuantile(pairs_data, "a", c(0, 1), 0), list(1, 3))
})

test_that("histogram", {
  expect_equal(histogram(sales, "v", 3)$counts, c(1, 1, 2))
})
