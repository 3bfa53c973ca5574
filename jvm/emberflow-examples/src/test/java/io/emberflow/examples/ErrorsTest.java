package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static org.apache.spark.sql.functions.col;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.spark.SparkArithmeticException;
import org.apache.spark.SparkDateTimeException;
import org.apache.spark.SparkNumberFormatException;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every error arrives as the exception, the condition and the SQLSTATE Spark's users know; the next query works. */
@Timeout(120)
class ErrorsTest {
  private final SparkSession spark = Spark.session();

  @AfterEach
  void theNextQueryWorks() {
    assertEquals(List.of("1"), rows(spark.sql("SELECT 1")));
  }

  private static void check(SparkThrowable thrown, String condition, String sqlState) {
    assertEquals(condition, thrown.getCondition());
    assertEquals(sqlState, thrown.getSqlState());
    String message = ((Throwable) thrown).getMessage();
    assertTrue(message.contains(condition), message);
  }

  @Test
  void anUnknownColumnComesWithSuggestions() {
    AnalysisException e =
        assertThrows(AnalysisException.class, () -> spark.range(1).toDF("age").select("agee").collect());
    check(e, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703");
    assertEquals("`agee`", e.getMessageParameters().get("objectName"));
    assertEquals("`age`", e.getMessageParameters().get("proposal"));
  }

  @Test
  void anUnknownTable() {
    AnalysisException e = assertThrows(AnalysisException.class, () -> spark.table("nothing_here").count());
    check(e, "TABLE_OR_VIEW_NOT_FOUND", "42P01");
  }

  @Test
  void anUnknownFunction() {
    AnalysisException e = assertThrows(AnalysisException.class, () -> spark.sql("SELECT no_such_thing(1)").collect());
    check(e, "UNRESOLVED_ROUTINE", "42883");
  }

  @Test
  void wrongTypes() {
    AnalysisException e =
        assertThrows(AnalysisException.class, () -> spark.range(1).filter(col("id").plus(1)).collect());
    check(e, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09");
  }

  @Test
  void ambiguousNames() {
    AnalysisException e =
        assertThrows(
            AnalysisException.class,
            () -> spark.range(1).toDF("a").crossJoin(spark.range(1).toDF("a")).select("a").collect());
    check(e, "AMBIGUOUS_REFERENCE", "42704");
  }

  @Test
  void badSql() {
    ParseException e = assertThrows(ParseException.class, () -> spark.sql("SELEC 1").collect());
    check(e, "PARSE_SYNTAX_ERROR", "42601");
  }

  @Test
  void divisionByZero() {
    SparkArithmeticException e =
        assertThrows(SparkArithmeticException.class, () -> spark.sql("SELECT 1 / 0").collect());
    check(e, "DIVIDE_BY_ZERO", "22012");
    assertEquals("1 / 0", e.getQueryContext()[0].fragment());
  }

  @Test
  void overflow() {
    SparkArithmeticException e =
        assertThrows(
            SparkArithmeticException.class,
            () -> spark.sql("SELECT a + 1 FROM VALUES (2147483647) AS t(a)").collect());
    assertTrue(e.getCondition().startsWith("ARITHMETIC_OVERFLOW"), e.getCondition());
    assertEquals("22003", e.getSqlState());
  }

  @Test
  void badCasts() {
    check(
        assertThrows(SparkNumberFormatException.class, () -> spark.sql("SELECT CAST('abc' AS INT)").collect()),
        "CAST_INVALID_INPUT",
        "22018");
    check(
        assertThrows(SparkDateTimeException.class, () -> spark.sql("SELECT CAST('abc' AS DATE)").collect()),
        "CAST_INVALID_INPUT",
        "22018");
  }
}
