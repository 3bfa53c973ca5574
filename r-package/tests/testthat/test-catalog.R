test_that("views can be made, read, listed and dropped", {
  createOrReplaceTempView(people, "people_view")
  expect_equal(collect(sql("SELECT name FROM people_view WHERE age > 20"))$name, c("Andy", "Ann"))
  expect_equal(nrow(tableToDF("people_view")), 4)
  expect_true("people_view" %in% unlist(tableNames()))
  expect_true(tableExists("people_view"))
  expect_true(dropTempView("people_view"))
  expect_false(dropTempView("people_view"))
  expect_false(tableExists("people_view"))
  expect_error(tableToDF("people_view"), "TABLE_OR_VIEW_NOT_FOUND")
})

test_that("databases and catalogs", {
  expect_equal(currentDatabase(), "default")
  expect_equal(currentCatalog(), "spark_catalog")
  expect_true(databaseExists("default"))
  expect_true("default" %in% collect(listDatabases())$name)
  expect_error(setCurrentDatabase("no_such_database"), "SCHEMA_NOT_FOUND")
})

test_that("tables() is a frame of names", {
  createOrReplaceTempView(people, "people_view")
  on.exit(dropTempView("people_view"))
  expect_equal(columns(tables()), c("tableName", "catalog", "namespace", "description", "tableType", "isTemporary"))
  expect_true("people_view" %in% collect(tables())$tableName)
  expect_true("people_view" %in% collect(listTables())$name)
  expect_true("people_view" %in% unlist(tableNames()))
})

test_that("listings of what is not there fail at once and say which call failed", {
  expect_error(listColumns("no_such_table"), "TABLE_OR_VIEW_NOT_FOUND")
  expect_error(listTables("no_such_database"), "Error in listTables : no such database - [SCHEMA_NOT_FOUND]", fixed = TRUE)
  expect_error(tableNames("no_such_database"), "SCHEMA_NOT_FOUND")
  expect_error(getTable("no_such_table"), "TABLE_OR_VIEW_NOT_FOUND")
})
