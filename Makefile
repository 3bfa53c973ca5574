# make demo | test | test-interop | bench-tpch | bench-start | bench-io | bench-nosql | install-r | install-jvm | fmt | lint
#
# Everything is built outside of the clone, below EMBERFLOW_CACHE, and what is missing on a Debian machine is installed
# (.ci/need). `make test` runs every suite; each is a target of its own.

export EMBERFLOW_CACHE ?= $(HOME)/.cache/emberflow
export CARGO_TARGET_DIR ?= $(EMBERFLOW_CACHE)/target

SCALE ?= 1
RUNS ?= 3
BIN = $(CARGO_TARGET_DIR)/debug
DATA = $(EMBERFLOW_CACHE)/tpch-0.01
TPCDS = $(EMBERFLOW_CACHE)/tpcds-0.01
JDBC_DRIVER = $(EMBERFLOW_CACHE)/venv-spark/lib/python3*/site-packages/pyspark/jars/connect-repl/spark-connect-client-jdbc_*.jar
MVN = mvn -B -ntp -q -f jvm/pom.xml
MEMORY_FACTS = spill,too-large,clients,cache,folder
# A suite joins this list when it passes.
SUITES = test-tidy test-rust test-pyspark test-memory test-r test-jvm test-crash

.PHONY: demo test test-tidy test-rust test-pyspark test-memory test-crash test-interop test-r test-jvm build bench-tpch bench-start bench-io bench-nosql bench-memory install-r install-jvm fmt lint

# All suites run, even after one has failed; then make fails.
test:
	@.ci/need rust r jvm python
	@$(MAKE) --no-print-directory -k $(SUITES)

test-tidy:
	@.ci/need python
	tests/tidy

test-rust:
	@.ci/need rust r
	cargo test --workspace --no-fail-fast

# PySpark's own client against `emberflow serve`: the golden corpus, items of the store, TPC-H and TPC-DS at scale 0.01.
test-pyspark: build $(DATA)/ready $(TPCDS)/ready
	@.ci/need python jvm
	tests/pyspark $(BIN)/emberflow $(DATA) $(TPCDS)

# A process killed while it writes leaves the old content or the new.
test-crash: build
	@.ci/need python
	$$(tests/oracle/setup client) tests/crash --emberflow $(BIN)/emberflow

# Files that cross over to a real Spark and back; not part of `make test`, for it needs a whole Spark.
test-interop: build
	@.ci/need python jvm
	$$(tests/oracle/setup spark) tests/interop/run --emberflow $(BIN)/emberflow

# TPC-H at scale 0.01, then testthat: verbs, errors, Ctrl-C in processes of its own, and the tour recorded from Spark.
test-r: install-r $(DATA)/ready
	Rscript tests/tpch/replay.R $(DATA)
	cd r-package/tests && NOT_CRAN=true EMBERFLOW_STREAM=$(BIN)/examples/stream Rscript testthat.R

# Spark's distribution on PyPI brings Apache's JDBC driver. Tests of the key-value tables start the program, too.
test-jvm: build install-jvm $(DATA)/ready
	@.ci/need python
	tests/oracle/setup spark > /dev/null
	jvm/test $(DATA) $$(ls $(JDBC_DRIVER)) $(BIN)/emberflow

# What a memory limit promises, at a scale that takes a minute; tests/memory.py says how to run the whole. What it says about
# time (a short query beside heavy ones, 200 rounds of persist) is `make bench-memory`.
test-memory: build $(DATA)/ready
	@.ci/need python
	$$(tests/oracle/setup client) tests/memory.py --emberflow $(BIN)/emberflow --data $(DATA) --limit 32m --only $(MEMORY_FACTS)

bench-memory: build $(DATA)/ready
	@.ci/need python
	$$(tests/oracle/setup client) tests/memory.py --emberflow $(BIN)/emberflow --data $(DATA) --limit 512m --only fair,rounds

# The program, and beside it one that puts a stream into a store, for the tests of what is no table.
build:
	@.ci/need rust
	cargo build --quiet -p emberflow-server
	cargo build --quiet -p emberflow-nosql --example stream

$(DATA)/ready: | build
	$(BIN)/emberflow tpch --scale 0.01 --out $(DATA)
	@touch $@

$(TPCDS)/ready: | build
	$(BIN)/emberflow tpcds --scale 0.01 --out $(TPCDS)
	@touch $@

# The R package, into R's own library.
install-r:
	@.ci/need rust r
	R CMD INSTALL --no-test-load r-package

# io.emberflow: emberflow-connect, emberflow-native, emberflow-kv and emberflow-kv_2.13, into ~/.m2.
install-jvm:
	@.ci/need rust jvm
	cargo build --quiet -p emberflow-jvm
	jvm/emberflow-native/stage.sh $(BIN)/libemberflow_jvm.so
	$(MVN) install -DskipTests -pl emberflow-native,emberflow-connect,emberflow-kv,emberflow-kv_2.13 -am

# The same questions over the same files in R, Scala, Java, Rust and Python.
demo: build install-r install-jvm
	@.ci/need python
	examples/quickstart/run $(BIN)/emberflow

# One line a query, and the ratio of the totals; SCALE=1 RUNS=3.
bench-tpch: build
	@.ci/need python
	bench/tpch --scale $(SCALE) --runs $(RUNS) --emberflow $(BIN)/emberflow

# From library(emberflow), and from the start of a JVM, to the first row.
bench-start: install-r install-jvm
	@.ci/need python
	bench/start

# Rows a second of reading and writing each format; IO_SCALE=0.1.
IO_SCALE ?= 0.1
bench-io: build
	@.ci/need python jvm
	bench/io --scale $(IO_SCALE) --emberflow $(BIN)/emberflow

# YCSB on the store, RocksDB and Redis, then scans beside DuckDB; RocksDB is compiled once, which takes ten minutes and more.
# NOSQL_ITEMS, NOSQL_SECONDS and others: bench/nosql/src/main.rs. What it shares with the workspace is not built again.
bench-nosql: build
	@.ci/need python nosql-bench
	cargo build --quiet --manifest-path bench/nosql/Cargo.toml
	bench/nosql/run --emberflow $(BIN)/emberflow --program $(BIN)/emberflow-bench-nosql

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
