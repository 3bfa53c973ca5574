package io.emberflow.examples;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The session the tests share, and how they read results. */
final class Spark {
  /** {@code sc://emberflow}, unless the tests themselves are checked against another Spark. */
  static final String URL = System.getProperty("emberflow.test.remote", "sc://emberflow");

  private Spark() {}

  static SparkSession session() {
    return SparkSession.builder().remote(URL).getOrCreate();
  }

  static boolean embedded() {
    return URL.equals("sc://emberflow");
  }

  /** Each row's values with bars between them, in the order they came. */
  static List<String> rows(Dataset<?> frame) {
    return frame.toDF().collectAsList().stream().map(row -> row.mkString("|")).collect(Collectors.toList());
  }

  /** The same, sorted, where the query promises no order. */
  static List<String> sortedRows(Dataset<Row> frame) {
    return rows(frame).stream().sorted().collect(Collectors.toList());
  }
}
