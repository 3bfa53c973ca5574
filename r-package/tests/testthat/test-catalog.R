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

test_offered("tables() is a frame of names", {
  createOrReplaceTempView(people, "people_view")
  on.exit(dropTempView("people_view"))
  expect_equal(columns(tables()), c("namespace", "tableName", "isTemporary"))
  expect_true("people_view" %in% collect(tables())$tableName)
})
