package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static io.emberflow.examples.Spark.sortedRows;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.upper;
import static org.apache.spark.sql.functions.when;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.sql.Timestamp;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scala.jdk.javaapi.CollectionConverters;

@Timeout(120)
class QueriesTest {
  private final SparkSession spark = Spark.session();

  /** name, city, age, pay; one age is missing. */
  private Dataset<Row> people() {
    StructType schema =
        new StructType()
            .add("name", DataTypes.StringType, false)
            .add("city", DataTypes.StringType)
            .add("age", DataTypes.IntegerType)
            .add("pay", DataTypes.DoubleType);
    return spark.createDataFrame(
        Arrays.asList(
            RowFactory.create("Ann", "Oslo", 31, 10.5),
            RowFactory.create("Bob", "Rome", 25, 7.0),
            RowFactory.create("Cid", "Oslo", null, 3.25),
            RowFactory.create("Dora", "Rome", 40, 12.0),
            RowFactory.create("Eve", "Oslo", 25, 8.0)),
        schema);
  }

  private Dataset<Row> cities() {
    StructType schema =
        new StructType().add("city", DataTypes.StringType).add("country", DataTypes.StringType);
    return spark.createDataFrame(
        Arrays.asList(
            RowFactory.create("Oslo", "NO"), RowFactory.create("Rome", "IT"), RowFactory.create("Nice", "FR")),
        schema);
  }

  @Test
  void rangeCollectsAndCounts() {
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L), spark.range(5).collectAsList());
    assertEquals(List.of("10", "13", "16", "19"), rows(spark.range(10, 20, 3)));
    assertEquals(1_000_000L, spark.range(1_000_000).count());
    assertEquals(0L, spark.range(0).count());
  }

  @Test
  void manyRowsComeInOrderAndWhole() {
    Iterator<Long> numbers = spark.range(0, 300_000, 1, 3).toLocalIterator();
    long expected = 0;
    while (numbers.hasNext()) {
      assertEquals(expected++, numbers.next());
    }
    assertEquals(300_000, expected);
  }

  @Test
  void showPrintsATable() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    scala.Console.withOut(
        printed,
        () -> {
          people().select("name", "age").orderBy("name").show(2);
          return null;
        });
    String expected =
        "+----+---+\n|name|age|\n+----+---+\n| Ann| 31|\n| Bob| 25|\n+----+---+\nonly showing top 2 rows\n";
    assertEquals(expected.trim(), printed.toString(StandardCharsets.UTF_8).trim());
  }

  @Test
  void columnsAreSelectedFilteredAndAdded() {
    Dataset<Row> frame =
        people()
            .filter(col("age").gt(24).and(col("city").equalTo("Rome")))
            .withColumn("half", col("pay").divide(2))
            .withColumn("shout", upper(col("name")))
            .withColumn("old", when(col("age").geq(30), "yes").otherwise("no"))
            .drop("city");
    assertEquals(List.of("Bob|25|7.0|3.5|BOB|no", "Dora|40|12.0|6.0|DORA|yes"), sortedRows(frame));
    assertEquals(
        "name STRING NOT NULL,age INT,pay DOUBLE,half DOUBLE,shout STRING NOT NULL,old STRING NOT NULL",
        frame.schema().toDDL());
  }

  @Test
  void groupsAreAggregated() {
    Dataset<Row> frame =
        people()
            .groupBy("city")
            .agg(
                count(lit(1)).as("n"),
                count("age").as("with_age"),
                sum("pay").as("pay"),
                avg("age").as("mean_age"),
                max("name").as("last"))
            .orderBy("city");
    assertEquals(List.of("Oslo|3|2|21.75|28.0|Eve", "Rome|2|2|19.0|32.5|Dora"), rows(frame));
    assertEquals(List.of("5|121"), rows(people().agg(count(lit(1)), sum("age"))));
  }

  @Test
  void joinsOfEveryKind() {
    Dataset<Row> people = people().select("name", "city");
    Dataset<Row> cities = cities();
    assertEquals(
        List.of("Oslo|Ann|NO", "Oslo|Cid|NO", "Oslo|Eve|NO", "Rome|Bob|IT", "Rome|Dora|IT"),
        sortedRows(people.join(cities, "city")));
    assertEquals(
        List.of("NO|3", "null|0"),
        sortedRows(
            cities
                .filter("country <> 'IT'")
                .join(people, people.col("city").equalTo(cities.col("city")), "left")
                .groupBy(when(col("name").isNotNull(), col("country")).as("land"))
                .agg(count("name"))));
    assertEquals(
        List.of("Nice|FR"),
        rows(cities.join(people, people.col("city").equalTo(cities.col("city")), "left_anti")));
    assertEquals(
        List.of("Oslo|NO", "Rome|IT"),
        sortedRows(cities.join(people, people.col("city").equalTo(cities.col("city")), "left_semi")));
    assertEquals(15, people.crossJoin(cities).count());
  }

  @Test
  void sortLimitDistinctUnion() {
    Dataset<Row> byAge = people().orderBy(col("age").desc_nulls_last(), col("name")).select("name");
    assertEquals(List.of("Dora", "Ann", "Bob", "Eve", "Cid"), rows(byAge));
    assertEquals(List.of("Dora", "Ann"), rows(byAge.limit(2)));
    assertEquals(List.of("Bob"), rows(byAge.offset(2).limit(1)));
    assertEquals(List.of("Oslo", "Rome"), sortedRows(people().select("city").distinct()));
    Dataset<Row> twice = cities().union(cities());
    assertEquals(6, twice.count());
    assertEquals(3, twice.distinct().count());
    assertEquals(
        List.of("FR|Nice", "IT|Rome", "NO|Oslo"),
        sortedRows(cities().select("country", "city").unionByName(cities()).distinct()));
    assertEquals(List.of("Nice"), rows(cities().select("city").except(people().select("city"))));
    assertEquals(List.of("Oslo", "Rome"), sortedRows(cities().select("city").intersect(people().select("city"))));
  }

  @Test
  void windowsLookAtNeighbours() {
    var byCity = Window.partitionBy("city").orderBy(col("pay").desc());
    Dataset<Row> ranked =
        people()
            .withColumn("rank", row_number().over(byCity))
            .withColumn("running", sum("pay").over(byCity))
            .select("city", "rank", "name", "running")
            .orderBy("city", "rank");
    assertEquals(
        List.of("Oslo|1|Ann|10.5", "Oslo|2|Eve|18.5", "Oslo|3|Cid|21.75", "Rome|1|Dora|12.0", "Rome|2|Bob|19.0"),
        rows(ranked));
  }

  @Test
  void sqlSeesTemporaryViewsAndParameters() {
    people().createOrReplaceTempView("people");
    assertEquals(
        List.of("Oslo|21.75", "Rome|19.0"),
        rows(spark.sql("SELECT city, sum(pay) AS pay FROM people GROUP BY city ORDER BY pay DESC")));
    assertEquals(
        List.of("Bob", "Eve"),
        rows(spark.sql("SELECT name FROM people WHERE age = :age ORDER BY name", Map.of("age", 25))));
    assertEquals(List.of("3"), rows(spark.sql("SELECT ? + ?", new Object[] {1, 2})));
    assertEquals(
        List.of("Oslo|1", "Rome|2"),
        rows(
            spark.sql(
                "WITH c AS (SELECT DISTINCT city FROM people) "
                    + "SELECT city, row_number() OVER (ORDER BY city) AS n FROM c ORDER BY n")));
    assertTrue(spark.catalog().tableExists("people"));
    assertEquals(5, spark.table("people").count());
    assertTrue(spark.catalog().dropTempView("people"));
    assertEquals(false, spark.catalog().tableExists("people"));
  }

  @Test
  void valuesOfManyTypesComeBackAsTheyWent() {
    StructType schema =
        new StructType()
            .add("b", DataTypes.BooleanType)
            .add("y", DataTypes.ByteType)
            .add("s", DataTypes.ShortType)
            .add("i", DataTypes.IntegerType)
            .add("l", DataTypes.LongType)
            .add("f", DataTypes.FloatType)
            .add("d", DataTypes.DoubleType)
            .add("m", DataTypes.createDecimalType(20, 3))
            .add("t", DataTypes.StringType)
            .add("x", DataTypes.BinaryType)
            .add("day", DataTypes.DateType)
            .add("at", DataTypes.TimestampType)
            .add("a", DataTypes.createArrayType(DataTypes.IntegerType))
            .add("map", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("st", new StructType().add("p", DataTypes.IntegerType).add("q", DataTypes.StringType));
    Row full =
        RowFactory.create(
            true,
            (byte) -7,
            (short) 300,
            Integer.MAX_VALUE,
            Long.MIN_VALUE,
            1.5f,
            -0.1,
            new BigDecimal("12345678901234567.891"),
            "žluťoučký 🐎",
            new byte[] {0, -1, 127},
            Date.valueOf("1969-12-31"),
            Timestamp.valueOf("2024-02-29 23:59:59.123456"),
            new Integer[] {1, null, 3},
            CollectionConverters.asScala(Map.of("k", 9L)),
            RowFactory.create(5, "five"));
    Row empty = RowFactory.create(new Object[schema.size()]);
    Dataset<Row> frame = spark.createDataFrame(Arrays.asList(full, empty), schema);
    List<Row> back = frame.collectAsList();
    assertEquals(schema, frame.schema());
    for (int i = 0; i < schema.size(); i++) {
      String name = schema.fieldNames()[i];
      assertEquals(null, back.get(1).get(i), name);
      switch (name) {
        case "x" -> assertEquals("[0, -1, 127]", Arrays.toString((byte[]) back.get(0).get(i)));
        case "a" -> assertEquals(Arrays.asList(1, null, 3), back.get(0).getList(i));
        case "map" -> assertEquals(Map.of("k", 9L), back.get(0).getJavaMap(i));
        default -> assertEquals(full.get(i), back.get(0).get(i), name);
      }
    }
  }

  @Test
  void datasetsOfJavaTypes() {
    Dataset<String> words = spark.createDataset(List.of("a", "b", "a"), Encoders.STRING());
    assertEquals(List.of("a|2", "b|1"), rows(words.groupBy("value").count().orderBy("value")));
    assertEquals(List.of("a", "b", "a"), words.collectAsList());
    Dataset<Long> longs = spark.range(3).as(Encoders.LONG());
    assertEquals(List.of(0L, 1L, 2L), longs.collectAsList());
    assertEquals(2L, spark.range(3).agg(max("id")).as(Encoders.LONG()).first());
  }

  @Test
  void schemasAreToldBeforeAnythingRuns() {
    Dataset<Row> frame = people().select(expr("age + 1"), expr("pay > 5 AS rich"), col("city"));
    assertEquals("`(age + 1)` INT,rich BOOLEAN,city STRING", frame.schema().toDDL());
    assertEquals(List.of("name", "city", "age", "pay"), Arrays.asList(people().columns()));
  }

  @Test
  void plansExplainThemselves() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    scala.Console.withOut(
        printed,
        () -> {
          spark.range(3).explain();
          return null;
        });
    assertTrue(printed.toString(StandardCharsets.UTF_8).contains("Plan"), printed.toString(StandardCharsets.UTF_8));
  }

  @Test
  void settingsAreKept() {
    spark.conf().set("spark.sql.shuffle.partitions", "7");
    assertEquals("7", spark.conf().get("spark.sql.shuffle.partitions"));
    spark.conf().unset("spark.sql.shuffle.partitions");
    assertEquals("fallback", spark.conf().get("spark.emberflow.test.nothing", "fallback"));
  }
}
