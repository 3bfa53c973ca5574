package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static io.emberflow.examples.Spark.sortedRows;
import static org.apache.spark.sql.functions.col;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FilesTest {
  private final SparkSession spark = Spark.session();

  @TempDir Path folder;

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private Dataset<Row> numbers() {
    return spark.range(0, 100, 1, 2).select(col("id"), col("id").mod(3).as("rest"), col("id").cast("string").as("text"));
  }

  @Test
  void parquetIsWrittenAndRead() {
    numbers().write().parquet(at("n"));
    Dataset<Row> back = spark.read().parquet(at("n"));
    assertEquals("id BIGINT,rest BIGINT,text STRING", back.schema().toDDL());
    assertEquals(100, back.count());
    assertEquals(List.of("99|0|99", "98|2|98"), rows(back.orderBy(col("id").desc()).limit(2)));
    assertEquals(List.of("0|34", "1|33", "2|33"), rows(back.groupBy("rest").count().orderBy("rest")));
    assertEquals(List.of("4950"), rows(spark.sql("SELECT sum(id) FROM parquet.`" + at("n") + "`")));
  }

  @Test
  void anExistingFolderIsRespected() {
    numbers().write().parquet(at("n"));
    AnalysisException refused = assertThrows(AnalysisException.class, () -> numbers().write().parquet(at("n")));
    assertEquals("PATH_ALREADY_EXISTS", refused.getCondition());
    assertEquals("42K04", ((SparkThrowable) refused).getSqlState());
    numbers().limit(1).write().mode(SaveMode.Ignore).parquet(at("n"));
    assertEquals(100, spark.read().parquet(at("n")).count());
    numbers().write().mode(SaveMode.Append).parquet(at("n"));
    assertEquals(200, spark.read().parquet(at("n")).count());
    numbers().filter("id < 5").write().mode(SaveMode.Overwrite).parquet(at("n"));
    assertEquals(5, spark.read().parquet(at("n")).count());
  }

  @Test
  void csvIsWrittenAndRead() throws Exception {
    numbers().filter("id < 3").coalesce(1).write().option("header", true).csv(at("c"));
    Dataset<Row> back = spark.read().option("header", true).option("inferSchema", true).csv(at("c"));
    assertEquals("id INT,rest INT,text INT", back.schema().toDDL());
    assertEquals(List.of("0|0|0", "1|1|1", "2|2|2"), sortedRows(back));
    Path file = Files.writeString(folder.resolve("x.csv"), "a;b\n1;\"x;y\"\n2;\n");
    Dataset<Row> own = spark.read().option("sep", ";").option("header", true).schema("a INT, b STRING").csv(file.toString());
    assertEquals(List.of("1|x;y", "2|null"), sortedRows(own));
  }

  @Test
  void aMissingFileIsNamed() {
    AnalysisException missing =
        assertThrows(AnalysisException.class, () -> spark.read().parquet(at("nowhere")).count());
    assertEquals("PATH_NOT_FOUND", missing.getCondition());
    assertEquals("42K03", missing.getSqlState());
  }
}
