package io.emberflow.examples;

import java.lang.management.ManagementFactory;
import org.apache.spark.sql.SparkSession;

/**
 * Measures the wait from the start of the JVM to the first collected row, and that of a row when all is warm.
 *
 * <p>Prints {@code first=<ms> warm=<ms>}. The first argument is where to run, {@code sc://emberflow} if there is none.
 */
public final class StartBench {
  private static final int WARM_RUNS = 200;

  private StartBench() {}

  /**
   * Runs it.
   *
   * @param args optionally the URL of the session
   */
  public static void main(String[] args) {
    String url = args.length > 0 ? args[0] : "sc://emberflow";
    SparkSession spark = SparkSession.builder().remote(url).getOrCreate();
    collectOne(spark);
    long first = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    System.out.printf("first=%d warm=%.2f%n", first, warmMillis(spark));
    spark.stop();
  }

  private static void collectOne(SparkSession spark) {
    long found = spark.sql("SELECT 42L AS answer").collectAsList().get(0).getLong(0);
    if (found != 42) {
      throw new IllegalStateException("expected 42, found " + found);
    }
  }

  /** The median of many runs, in milliseconds. */
  private static double warmMillis(SparkSession spark) {
    double[] millis = new double[WARM_RUNS];
    for (int run = 0; run < WARM_RUNS; run++) {
      long before = System.nanoTime();
      collectOne(spark);
      millis[run] = (System.nanoTime() - before) / 1e6;
    }
    java.util.Arrays.sort(millis);
    return millis[WARM_RUNS / 2];
  }
}
