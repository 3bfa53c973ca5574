package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

@Timeout(120)
class SessionsTest {
  @Test
  void sessionsHaveTheirOwnViewsAndSettings() {
    SparkSession one = SparkSession.builder().remote(Spark.URL).create();
    SparkSession other = one.newSession();
    one.range(3).createOrReplaceTempView("mine");
    one.conf().set("spark.sql.session.timeZone", "Asia/Tokyo");
    assertTrue(one.catalog().tableExists("mine"));
    assertFalse(other.catalog().tableExists("mine"));
    assertFalse(other.conf().get("spark.sql.session.timeZone").equals("Asia/Tokyo"));
    assertEquals(List.of("3"), rows(one.sql("SELECT count(*) FROM mine")));
    other.stop();
    one.stop();
  }

  @Test
  void settingsOfTheBuilderArrive() {
    SparkSession spark =
        SparkSession.builder().remote(Spark.URL).config("spark.sql.session.timeZone", "Asia/Tokyo").create();
    assertEquals("Asia/Tokyo", spark.conf().get("spark.sql.session.timeZone"));
    assertEquals(List.of("1970-01-01 09:00:00"), rows(spark.sql("SELECT CAST(timestamp_seconds(0) AS STRING)")));
    spark.stop();
  }

  static boolean embedded() {
    return Spark.embedded();
  }

  // Over a network Spark's client hands out the stopped session, too, and then retries for minutes.
  @Test
  @EnabledIf("embedded")
  void afterStopThereIsASessionAgain() {
    SparkSession before = Spark.session();
    before.range(1).createOrReplaceTempView("gone_with_the_session");
    assertEquals(3, before.range(3).count());
    SparkSession other = before.newSession();
    before.stop();
    SparkSession after = Spark.session();
    assertNotSame(before, after);
    assertEquals(2, other.range(2).count());
    other.stop();
    assertEquals(4, after.range(4).count());
    assertFalse(after.catalog().tableExists("gone_with_the_session"));
    after.stop();
    assertEquals(5, Spark.session().range(5).count());
  }

  @Test
  void aProgramWrittenForAMasterRunsHere() {
    System.setProperty("spark.remote", Spark.URL);
    try {
      SparkSession.clearDefaultSession();
      SparkSession.clearActiveSession();
      SparkSession spark = SparkSession.builder().appName("as it was").master("local[2]").getOrCreate();
      assertEquals(List.of("2"), rows(spark.sql("SELECT 1 + 1")));
    } finally {
      System.clearProperty("spark.remote");
    }
  }
}
