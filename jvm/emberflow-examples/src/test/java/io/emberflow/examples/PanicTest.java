package io.emberflow.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** An operator that panics ends its query with an exception of Spark's; the JVM and the session live on. */
class PanicTest {
  private final SparkSession spark = Spark.session();

  static boolean embedded() {
    return Spark.embedded();
  }

  @Test
  @EnabledIf("embedded")
  void aPanickingOperatorIsAnExceptionAndTheNextQueryWorks() throws Exception {
    assertEquals(10, spark.range(10).count());
    Method breakNextJob = Class.forName("io.emberflow.connect.Native").getDeclaredMethod("breakNextJob");
    breakNextJob.setAccessible(true);
    for (int round = 0; round < 3; round++) {
      breakNextJob.invoke(null);
      SparkException thrown =
          assertThrows(SparkException.class, () -> spark.range(1000).filter("id % 7 = 1").collectAsList());
      assertEquals("INTERNAL_ERROR", thrown.getCondition());
      assertTrue(thrown.getMessage().contains("an operator was told to panic"), thrown.getMessage());
      assertEquals(143, spark.range(1000).filter("id % 7 = 1").count());
    }
  }
}
