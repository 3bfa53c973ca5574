package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkThrowable;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.ForeachFunction;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.MapGroupsFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.api.java.function.ReduceFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.function.Executable;

/** What runs a function of the JVM inside a query is refused by name, and the session lives on. */
@Timeout(120)
@EnabledIf("embedded")
class LambdasTest {
  private final SparkSession spark = Spark.session();
  private final Dataset<Long> numbers = spark.range(3).as(Encoders.LONG());

  static boolean embedded() {
    return Spark.embedded();
  }

  @Test
  void theyAreRefusedByName() {
    UDF1<Long, Long> next = x -> x + 1;
    MapFunction<Long, Long> half = x -> x / 2;
    Map<String, Executable> calls = new TreeMap<>();
    calls.put("map", () -> numbers.map(half, Encoders.LONG()).collect());
    calls.put("flatMap", () -> numbers.flatMap((FlatMapFunction<Long, Long>) x -> List.of(x).iterator(), Encoders.LONG()).collect());
    calls.put("mapPartitions", () -> numbers.mapPartitions((MapPartitionsFunction<Long, Long>) all -> all, Encoders.LONG()).collect());
    calls.put("filter", () -> numbers.filter((FilterFunction<Long>) x -> x > 0).collect());
    calls.put("reduce", () -> numbers.reduce((ReduceFunction<Long>) Long::sum));
    calls.put("foreach", () -> numbers.foreach((ForeachFunction<Long>) x -> {}));
    calls.put("foreachPartition", () -> numbers.foreachPartition((ForeachPartitionFunction<Long>) all -> {}));
    calls.put("groupByKey", () -> numbers.groupByKey(half, Encoders.LONG()).count().collect());
    calls.put("mapGroups", () -> numbers.groupByKey(half, Encoders.LONG()).mapGroups((MapGroupsFunction<Long, Long, Long>) (key, all) -> key, Encoders.LONG()).collect());
    calls.put("udf", () -> spark.range(3).select(functions.udf(next, DataTypes.LongType).apply(functions.col("id"))).collect());
    calls.put("udf.register", () -> spark.udf().register("next", next, DataTypes.LongType));
    calls.forEach(this::isRefused);
    assertEquals(List.of("0", "1", "2"), rows(spark.range(3).orderBy("id")));
  }

  private void isRefused(String name, Executable call) {
    Exception refused = assertThrows(Exception.class, call, name);
    assertEquals("UNSUPPORTED_FEATURE", ((SparkThrowable) refused).getCondition(), name);
    assertEquals("0A000", ((SparkThrowable) refused).getSqlState(), name);
    assertTrue(refused.getMessage().contains("functions written in Scala or Java"), name + ": " + refused.getMessage());
  }
}
