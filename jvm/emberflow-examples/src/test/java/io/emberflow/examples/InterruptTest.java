package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/** A running query is stopped from another thread, and its cores are free at once. */
@Timeout(120)
class InterruptTest {
  private static final long PAIRS = 200_000;
  private static final OperatingSystemMXBean MACHINE =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final SparkSession spark = Spark.session();

  static boolean embedded() {
    return Spark.embedded();
  }

  /** A cross join of 40 thousand million pairs, on a thread of its own. */
  private final class Hopeless {
    final AtomicReference<Throwable> ended = new AtomicReference<>();
    final Thread thread;

    Hopeless(String tag) throws InterruptedException {
      thread =
          new Thread(
              () -> {
                try {
                  if (tag != null) {
                    spark.addTag(tag);
                  }
                  spark.range(PAIRS)
                      .toDF("a")
                      .crossJoin(spark.range(PAIRS).toDF("b"))
                      .filter("a * 31 + b = -1")
                      .count();
                } catch (Throwable e) {
                  ended.set(e);
                }
              });
      thread.start();
      Thread.sleep(1500);
      assertTrue(thread.isAlive(), () -> "it ended by itself: " + ended.get());
    }

    Throwable whenEnded() throws InterruptedException {
      thread.join(10_000);
      assertNotNull(ended.get(), "the query goes on");
      return ended.get();
    }
  }

  /** Several looks, because the JVM's compiler and collector keep a core busy now and then. */
  private static void coresAreFree(String otherwise) throws InterruptedException {
    double busy = 2;
    for (int look = 0; look < 5 && busy > 0.25; look++) {
      busy = busyCores();
    }
    double least = busy;
    assertTrue(least <= 0.25, () -> otherwise + ": " + least + " cores are busy");
  }

  /** How many cores this process kept busy for a fifth of a second. */
  private static double busyCores() throws InterruptedException {
    long cpu = MACHINE.getProcessCpuTime();
    long wall = System.nanoTime();
    Thread.sleep(200);
    return (double) (MACHINE.getProcessCpuTime() - cpu) / (System.nanoTime() - wall);
  }

  private static void wasCancelled(Throwable e) {
    assertTrue(e instanceof SparkThrowable, () -> "not Spark's: " + e);
    assertEquals("OPERATION_CANCELED", ((SparkThrowable) e).getCondition());
    assertEquals("HY008", ((SparkThrowable) e).getSqlState());
  }

  @Test
  void interruptAllEndsTheQuery() throws Exception {
    Hopeless query = new Hopeless(null);
    long before = System.nanoTime();
    assertTrue(spark.interruptAll().size() >= 1);
    wasCancelled(query.whenEnded());
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
    assertTrue(millis < 2000, "it took " + millis + " ms");
    assertEquals(List.of("7"), rows(spark.sql("SELECT 7")));
  }

  @Test
  @EnabledIf("embedded")
  void theCoresAreFreeAtOnce() throws Exception {
    Hopeless query = new Hopeless(null);
    assertTrue(busyCores() > 0.1, "the query was not even running"); // others may be using the machine, too
    spark.interruptAll();
    query.whenEnded();
    coresAreFree("after the interrupt");
  }

  @Test
  void aTagEndsItsQueryAndNoOther() throws Exception {
    Hopeless tagged = new Hopeless("hopeless");
    Hopeless other = new Hopeless("kept");
    assertEquals(1, spark.interruptTag("hopeless").size());
    wasCancelled(tagged.whenEnded());
    assertTrue(other.thread.isAlive());
    assertNull(other.ended.get());
    spark.interruptTag("kept");
    wasCancelled(other.whenEnded());
  }

  @Test
  @EnabledIf("embedded")
  void interruptingTheThreadThatWaitsEndsTheQueryToo() throws Exception {
    Hopeless query = new Hopeless(null);
    query.thread.interrupt();
    query.whenEnded();
    spark.interruptAll();
    coresAreFree("after the interrupt");
  }

  @Test
  @EnabledIf("embedded")
  void aReaderThatDoesNotReadStopsTheQuery() throws Exception {
    SparkSession own = spark.newSession(); // the iterator is left open, which a session's stop() minds
    var rows = own.range(500_000_000L).toDF("id").selectExpr("id", "uuid() AS u").toLocalIterator();
    rows.next();
    Thread.sleep(1000);
    coresAreFree("the query runs on without a reader");
    own.interruptAll();
  }
}
