package io.emberflow.kv;

import static io.emberflow.kv.OverwriteMode.APPEND;
import static io.emberflow.kv.OverwriteMode.APPEND_NEW;
import static io.emberflow.kv.OverwriteMode.OVERWRITE;
import static io.emberflow.kv.OverwriteMode.REPLACE;
import static io.emberflow.kv.Tables.assertFails;
import static io.emberflow.kv.Tables.failure;
import static io.emberflow.kv.Tables.row;
import static io.emberflow.kv.WriteOutcome.Kind.CONDITION_FALSE;
import static io.emberflow.kv.WriteOutcome.Kind.CREATED;
import static io.emberflow.kv.WriteOutcome.Kind.DELETED;
import static io.emberflow.kv.WriteOutcome.Kind.ITEM_EXISTS;
import static io.emberflow.kv.WriteOutcome.Kind.NO_SUCH_ITEM;
import static io.emberflow.kv.WriteOutcome.Kind.UPDATED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/**
 * What the store promises to a Java program, wherever it is. Numbers are those of the specification's vectors: U updates
 * by mode, X update expressions, C conditions, F filters.
 */
@Timeout(120)
abstract class StoreContract {
  private Tables t;

  /** The store under test. */
  abstract KeyValueOperations kv();

  @BeforeEach
  void anEmptyTableForEachTest(TestInfo test) {
    t = Tables.empty(kv(), test.getTestMethod().orElseThrow().getName());
  }

  // Conditions.

  @Test
  void vector35NumbersCompareByValueAndKindsNeverMix() {
    t.has("p", "a", 5);
    assertTrue(t.passes("p", "a == 5.0 AND NOT a != 5"));
    assertFalse(t.passes("p", "a == '5'"));
    assertFalse(t.passes("p", "a != '5'"));
  }

  @Test
  void vector36WhatIsAbsentIsUnknown() {
    t.has("p", "a", 2);
    assertTrue(t.passes("p", "gone == 1 OR a == 2"));
    assertFalse(t.passes("p", "NOT (gone == 1)"));
    assertFalse(t.passes("p", "gone != 1"));
  }

  @Test
  void vector37AnEmptyConditionIsTrueAndAMalformedOneSaysWhere() {
    t.has("p", "a", 2);
    assertTrue(t.passes("p", ""));
    assertTrue(t.passes("p", "NOT exists(gone)"));
    KeyValueException wrong = t.failureOfCondition("p", "a = 2");
    assertEquals("ParseError", wrong.name());
    assertEquals("NOSQL.PARSE_ERROR", wrong.condition());
    assertEquals(OptionalInt.of(2), wrong.position());
    assertEquals("ParseError", t.failureOfCondition("p", "1").name());
  }

  @Test
  void vector38BooleansAreConditionsAndNumbersAreNot() {
    t.has("p", "f", true, "a", 1);
    assertTrue(t.passes("p", "f"));
    assertFalse(t.passes("p", "f == 1"));
    assertTrue(t.passes("p", "f + a == 2"));
    assertFalse(t.passes("p", "a"));
  }

  @Test
  void vector39InListsMembers() {
    t.has("p", "c", "red");
    assertTrue(t.passes("p", "c IN ('blue','red')"));
    assertFalse(t.passes("p", "C in ('red')"));
    assertFalse(t.passes("p", "NOT c in ('blue', gone)"));
  }

  @Test
  void vector40OperatorsBindAsTheyShould() {
    t.has("p", "a", 6);
    assertTrue(t.passes("p", "a & 3 == 2"));
    assertTrue(t.passes("p", "1 + 2 * 3 == 7"));
    assertTrue(t.passes("p", "NOT a == 5 AND a > 1"));
    assertEquals("ParseError", t.failureOfCondition("p", "1 < a < 9").name());
  }

  @Test
  void vector41AnErrorInAConditionIsUnknown() {
    t.has("p", "a", 0);
    assertTrue(t.passes("p", "10 / a > 1 OR a == 0"));
    assertFalse(t.passes("p", "10 / a > 1"));
  }

  @Test
  void vector42QuotesAndBackquotes() {
    t.has("p", "exists", true, "s", "it's");
    assertTrue(t.passes("p", "`exists` == true"));
    assertTrue(t.passes("p", "s == 'it''s'"));
    assertTrue(t.passes("p", "length(s) == 4"));
  }

  // Update expressions.

  @Test
  void vector43ActionsSeeThoseBefore() {
    t.has("p", "a", 1, "b", 2).evaluate("p", "t=a; a=b*10; b=t; remove t");
    assertEquals("{a=20, b=1}", t.item("p"));
  }

  @Test
  void vector44SoNothingIsSwapped() {
    t.has("p", "a", 1, "b", 2).evaluate("p", "a=b; b=a");
    assertEquals("{a=2, b=2}", t.item("p"));
  }

  @Test
  void vector45AnExpressionHappensWholeOrNotAtAll() {
    t.has("p", "a", 1);
    assertEquals("MissingAttribute", t.failureOf("p", "a=9; b=gone+1").name());
    assertEquals("{a=1}", t.item("p"));
  }

  @Test
  void vector46ACounterFromNothing() {
    assertEquals(CREATED, t.evaluate("p", "n = if_not_exists(n,0) + 1"));
    assertEquals(UPDATED, t.evaluate("p", "n = if_not_exists(n,0) + 1"));
    assertEquals("{n=2}", t.item("p"));
  }

  @Test
  void vector47OtherwiseCreates() {
    UpdateExpression update = new UpdateExpression("a=a+1").otherwise("a=0; ok=true");
    Operation operation = Operation.updateExpression("p", update).when(new SQLFilter("ok==true"));
    for (int i = 0; i < 3; i++) {
      kv().execute(t.path, operation).join();
    }
    assertEquals("{a=2, ok=true}", t.item("p"));
  }

  @Test
  void vector48AnEmptyExpressionCreates() {
    assertEquals("none", t.item("p"));
    t.evaluate("p", "");
    assertEquals("{}", t.item("p"));
  }

  @Test
  void vector49ArithmeticOfIntegersAndFractions() {
    t.has("p", "a", 7).evaluate("p", "q=a/2; r=-7/2; d=a/2.0; h=a<<1|1");
    assertEquals("{a=7, d=3.5, h=15, q=3, r=-3}", t.item("p"));
  }

  @Test
  void vector50OverflowIsAnError() {
    t.has("p", "a", Long.MAX_VALUE);
    assertEquals("ArithmeticOverflow", t.failureOf("p", "a=a+1").name());
    assertEquals("{a=9223372036854775807}", t.item("p"));
  }

  @Test
  void vector51Arrays() {
    t.evaluate("p", "z=init_array(4,'int'); z[1]=5; z[2]=z[1]*2; m=max(z[0..2]); n=length(z); y=z[1..2]");
    assertEquals("{m=10, n=4, y=[5, 10], z=[0, 5, 10, 0]}", t.item("p"));
  }

  @Test
  void vector52ArraysKeepTheirSizeAndKind() {
    t.has("p", "z", new long[] {1, 2});
    assertEquals("IndexOutOfRange", t.failureOf("p", "z[2]=1").name());
    assertEquals("TypeError", t.failureOf("p", "z[0]=1.5").name());
  }

  @Test
  void vector53ExtremesAndChoices() {
    t.evaluate("p", "a=max(true,3); b=max(true,0); c=min(1,9.0); d=if_else(1>2,'x','y')");
    assertEquals("{a=3, b=true, c=1.0, d=y}", t.item("p"));
  }

  @Test
  void vector63KeysAndWhatTheStoreKeepsAreNotWrittenTo() {
    t.has("p", "k", "p");
    kv().setSchema(
            t.path, "{\"fields\":[{\"name\":\"k\",\"type\":\"string\",\"nullable\":false}],\"key\":\"k\",\"hashingBucketNum\":0}")
        .join();
    assertEquals("KeyAttributeImmutable", t.failureOf("p", "k='z'").name());
    assertEquals("ReservedName", t.failureOf("p", "__name='z'").name());
  }

  // Updates by mode.

  @Test
  void vector54ModesKeepOrReplace() {
    t.has("p", "a", 1, "b", 2);
    assertEquals(UPDATED, t.update(APPEND, "p", "a", 9, "c", 3));
    assertEquals("{a=1, b=2, c=3}", t.item("p"));
    assertEquals(UPDATED, t.update(OVERWRITE, "p", "a", 9, "c", 3));
    assertEquals("{a=9, c=3}", t.item("p"));
  }

  @Test
  void vector55AppendNewLeavesAnItemAlone() {
    t.has("p", "a", 1, "b", 2);
    assertEquals(ITEM_EXISTS, t.update(APPEND_NEW, "p", "a", 9));
    assertTrue(kv().update(t.path, new SimpleRow("p", row("a", 9)), OverwriteMode.createNewItemsOnly).join());
    assertEquals("{a=1, b=2}", t.item("p"));
  }

  @Test
  void vector56OverwriteIncrementsWhatWasThere() {
    t.has("p", "n", 10, "b", 2).update(OVERWRITE, "p", "n", new Increment(5));
    assertEquals("{n=15}", t.item("p"));
  }

  @Test
  void vector57TextIsNotIncremented() {
    t.has("p", "n", "x");
    Operation operation = Operation.update("p", row("n", new Increment(5)), REPLACE);
    assertFails("TypeError", kv().execute(t.path, operation));
    assertEquals("{n=x}", t.item("p"));
  }

  @Test
  void vector58OfTwoWritersOfOneVersionOneWins() throws Exception {
    t.has("p", "a", 1);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    for (int round = 0; round < 50; round++) {
      Operation touch = Operation.update("p", row("a", round), REPLACE);
      Instant version = kv().execute(t.path, touch).join().version().orElseThrow();
      List<Future<WriteOutcome.Kind>> racers = new ArrayList<>();
      for (int racer = 0; racer < 2; racer++) {
        // Each writes a new value: a change without effect leaves the version as it is.
        Operation operation = Operation.update("p", row("winner", 2 * round + racer), REPLACE).when(SQLFilter.version(version));
        racers.add(threads.submit(() -> kv().execute(t.path, operation).join().kind()));
      }
      Set<WriteOutcome.Kind> kinds = new HashSet<>();
      for (Future<WriteOutcome.Kind> racer : racers) {
        kinds.add(racer.get());
      }
      assertEquals(Set.of(UPDATED, CONDITION_FALSE), kinds);
    }
    threads.shutdown();
  }

  @Test
  void vector59NoIncrementIsLost() throws Exception {
    t.has("p", "n", 0);
    ExecutorService threads = Executors.newFixedThreadPool(20);
    List<Future<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      SimpleRow one = new SimpleRow("p", row("n", new Increment(1)));
      writers.add(threads.submit(() -> kv().update(t.path, one, REPLACE).join()));
    }
    for (Future<Boolean> writer : writers) {
      assertTrue(writer.get());
    }
    threads.shutdown();
    assertEquals("{n=100}", t.item("p"));
  }

  @Test
  void compareAndSetCountsAsIncrementsDo() {
    t.has("p", "n", 0);
    List<CompletableFuture<Void>> counters = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      counters.add(CompletableFuture.runAsync(() -> addTenByCompareAndSet()));
    }
    counters.forEach(CompletableFuture::join);
    assertEquals("{n=80}", t.item("p"));
  }

  private void addTenByCompareAndSet() {
    for (int done = 0; done < 10; ) {
      Map<String, Object> now = kv().get(t.path, "p", "n", "__mtime_secs", "__mtime_nsecs").join().orElseThrow();
      SQLFilter unchanged =
          new SQLFilter("__mtime_secs == ${s} AND __mtime_nsecs == ${n}")
              .bind("s", now.get("__mtime_secs"))
              .bind("n", now.get("__mtime_nsecs"));
      Operation set = Operation.update("p", row("n", (Long) now.get("n") + 1), REPLACE).when(unchanged);
      done += kv().execute(t.path, set).join().changed() ? 1 : 0;
    }
  }

  // Scans.

  @Test
  void vector60RangesAndSegments() {
    t.has("u.a").has("u.b").has("u.c");
    assertEquals(List.of("u.a", "u.b"), t.scanned(ScanSpec.range("u").from("a").to("c")));
    assertFails("InvalidArgument", kv().scanPage(t.path, ScanSpec.range("u").andSegment(0, 2), 0, ""));
    assertFails("InvalidArgument", kv().scanPage(t.path, ScanSpec.all().from("a"), 0, ""));
    assertFails("InvalidArgument", kv().scanPage(t.path, ScanSpec.segment(2, 2), 0, ""));
  }

  @Test
  void vector61AFilterLeavesOutWhatLacksTheAttribute() {
    t.has("p", "a", 1).has("q", "b", 1);
    assertEquals(Set.of("p"), t.filtered("a != 5"));
  }

  @Test
  void segmentsTogetherAreTheTable() {
    Set<String> all = new TreeSet<>();
    for (int i = 0; i < 50; i++) {
      t.has("k" + i);
      all.add("k" + i);
    }
    List<String> found = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      found.addAll(t.scanned(ScanSpec.segment(i, 3)));
    }
    assertEquals(50, found.size());
    assertEquals(all, new TreeSet<>(found));
  }

  @Test
  void pagesFollowEachOther() {
    for (int i = 0; i < 25; i++) {
      t.has("u." + (char) ('a' + i), "i", i);
    }
    List<Object> seen = new ArrayList<>();
    String marker = "";
    ScanPage page;
    do {
      page = kv().scanPage(t.path, ScanSpec.range("u").select("i"), 10, marker).join();
      assertTrue(page.items().size() <= 10);
      page.items().forEach(item -> seen.add(item.get("i")));
      marker = page.nextMarker().orElse("");
    } while (!page.last());
    assertEquals(25, seen.size());
    assertEquals(0L, seen.get(0));
    assertEquals(24L, seen.get(24));
  }

  @Test
  void aMarkerBelongsToItsSpec() {
    for (int i = 0; i < 5; i++) {
      t.has("u." + i, "i", i);
    }
    String marker = kv().scanPage(t.path, ScanSpec.range("u"), 2, "").join().nextMarker().orElseThrow();
    assertFails("InvalidMarker", kv().scanPage(t.path, ScanSpec.range("v"), 2, marker));
    assertFails("InvalidMarker", kv().scanPage(t.path, ScanSpec.range("u"), 2, "no marker"));
  }

  @Test
  void aScanGivesNamesWithUserAttributes() {
    t.has("p", "a", 1, "__hidden", 2);
    assertEquals(Map.of("a", 1L, "__name", "p"), kv().scan(t.path, ScanSpec.all()).next());
    Map<String, Object> whole = kv().scan(t.path, ScanSpec.all().select("**")).next();
    assertEquals(2L, whole.get("__hidden"));
    assertTrue(whole.containsKey("__mtime_secs"));
  }

  // Reading, deleting, batches.

  @Test
  void getSelects() {
    t.has("p", "a", 1, "b", "x", "__h", true);
    assertEquals(Map.of("a", 1L, "b", "x"), kv().get(t.path, "p").join().orElseThrow());
    assertEquals(Map.of("a", 1L, "b", "x"), kv().get(t.path, "p", "*").join().orElseThrow());
    assertEquals(Map.of("b", "x"), kv().get(t.path, "p", "b", "gone").join().orElseThrow());
    assertEquals(Map.of("__name", "p", "__h", true), kv().get(t.path, "p", "__name", "__h").join().orElseThrow());
    assertEquals(Optional.empty(), kv().get(t.path, "q").join());
  }

  @Test
  void severalItemsComeInTheOrderOfTheirKeys() {
    t.has("p", "a", 1).has("q", "a", 2);
    assertEquals(
        List.of(Optional.of(Map.of("a", 2L)), Optional.empty(), Optional.of(Map.of("a", 1L))),
        kv().getAll(t.path, List.of("q", "gone", "p"), "a").join());
  }

  @Test
  void deletingTwiceIsNoError() {
    t.has("p", "a", 1);
    assertEquals(CONDITION_FALSE, kv().execute(t.path, Operation.delete("p").when(new SQLFilter("a > 1"))).join().kind());
    assertEquals(DELETED, kv().execute(t.path, Operation.delete("p")).join().kind());
    assertEquals(NO_SUCH_ITEM, kv().execute(t.path, Operation.delete("p")).join().kind());
    assertTrue(kv().delete(t.path, "p").join());
  }

  @Test
  void aBatchTellsOfEachOperation() {
    t.has("p", "a", 1, "s", "x");
    List<OperationResult> results =
        kv().batch(
                t.path,
                List.of(
                    Operation.put("q", row("a", 2)),
                    Operation.update("p", row("s", new Increment(1)), REPLACE),
                    Operation.updateExpression("p", new UpdateExpression("a = a + ${n}").bind("n", 4)),
                    Operation.delete("gone")))
            .join();
    assertEquals(CREATED, results.get(0).outcome().kind());
    assertEquals("TypeError", results.get(1).error().orElseThrow().name());
    assertThrows(KeyValueException.class, () -> results.get(1).outcome());
    assertEquals(UPDATED, results.get(2).outcome().kind());
    assertEquals(NO_SUCH_ITEM, results.get(3).outcome().kind());
    assertEquals("{a=5, s=x}", t.item("p"));
  }

  @Test
  void deleteWhereCounts() {
    t.has("p", "a", 1).has("q", "a", 2).has("r", "a", 3);
    assertEquals(2, kv().deleteWhere(t.path, new SQLFilter("a >= ${least}").bind("least", 2)).join());
    assertEquals(List.of("p"), t.scanned(ScanSpec.all()));
  }

  // Values.

  @Test
  void valuesComeBackAsTheStoreKeepsThem() {
    Instant instant = Instant.parse("2024-02-29T12:34:56.123456789Z");
    t.has(
        "p",
        "int", 7,
        "short", (short) 8,
        "byte", (byte) 9,
        "float", 0.5f,
        "text", "größer ☃ 🎻",
        "instant", instant,
        "timestamp", Timestamp.from(instant),
        "before", Instant.parse("1960-01-01T00:00:00.000000001Z"),
        "ints", new int[] {1, -2},
        "list", List.of(3, 4L),
        "floats", new float[] {0.5f},
        "none", new long[0],
        "bools", true);
    Map<String, Object> item = kv().get(t.path, "p").join().orElseThrow();
    assertEquals(7L, item.get("int"));
    assertEquals(8L, item.get("short"));
    assertEquals(9L, item.get("byte"));
    assertEquals(0.5, item.get("float"));
    assertEquals("größer ☃ 🎻", item.get("text"));
    assertEquals(instant, item.get("instant"));
    assertEquals(instant, item.get("timestamp"));
    assertEquals(Instant.parse("1960-01-01T00:00:00.000000001Z"), item.get("before"));
    assertArrayEquals(new long[] {1, -2}, (long[]) item.get("ints"));
    assertArrayEquals(new long[] {3, 4}, (long[]) item.get("list"));
    assertArrayEquals(new double[] {0.5}, (double[]) item.get("floats"));
    assertArrayEquals(new long[0], (long[]) item.get("none"));
    assertEquals(true, item.get("bools"));
  }

  @Test
  void blobsOfAnyByte() {
    byte[] blob = new byte[100_000];
    ThreadLocalRandom.current().nextBytes(blob);
    t.has("p", "b", blob, "empty", new byte[0]);
    Map<String, Object> item = kv().get(t.path, "p").join().orElseThrow();
    assertArrayEquals(blob, (byte[]) item.get("b"));
    assertArrayEquals(new byte[0], (byte[]) item.get("empty"));
  }

  @Test
  void fractionsThatAreNoNumbers() {
    t.has("p", "nan", Double.NaN, "most", Double.POSITIVE_INFINITY, "zero", -0.0);
    assertEquals("{most=Infinity, nan=NaN, zero=-0.0}", t.item("p"));
  }

  @Test
  void nullRemovesUnderReplace() {
    t.has("p", "a", 1, "b", 2).update(REPLACE, "p", "a", null, "c", 3);
    assertEquals("{b=2, c=3}", t.item("p"));
    t.update(APPEND, "p", "b", null);
    assertEquals("{b=2, c=3}", t.item("p"));
  }

  @Test
  void boundValuesAreNeverText() {
    t.has("p", "s", "x' OR true OR 'x", "at", Instant.ofEpochSecond(5, 7));
    SQLFilter same = new SQLFilter("s == ${s} AND at == ${at}").bind("s", "x' OR true OR 'x");
    Operation operation = Operation.update("p", row("ok", 1), REPLACE);
    Operation whenThen = operation.when(same.bind("at", Instant.ofEpochSecond(5, 7)));
    assertEquals(UPDATED, kv().execute(t.path, whenThen).join().kind());
    assertEquals(CONDITION_FALSE, kv().execute(t.path, operation.when(same.bind("at", null))).join().kind());
  }

  // Containers, tables, schemas.

  @Test
  void pathsNameContainers() {
    EmberPath other = new EmberPath("v3io://other-shop//parts/");
    kv().put(other, new SimpleRow("p", row("a", 1))).join();
    assertEquals(Map.of("a", 1L), kv().get(new EmberPath("parts", "other-shop"), "p").join().orElseThrow());
    assertTrue(kv().containers().join().contains("other-shop"));
    assertTrue(kv().deleteTable(other, false).join());
    assertFails("TableNotFound", kv().deleteTable(other, false));
  }

  @Test
  void schemasAreJson() {
    assertEquals(Optional.empty(), kv().schema(t.has("p", "k", "p").path).join());
    String schema =
        "{\"fields\":[{\"name\":\"k\",\"type\":\"string\",\"nullable\":false}],\"key\":\"k\",\"hashingBucketNum\":0}";
    assertTrue(kv().setSchema(t.path, schema).join());
    assertTrue(kv().schema(t.path).join().orElseThrow().contains("\"key\":\"k\""));
    assertTrue(kv().describe(t.path, true).join().contains("\"items\":1"));
    assertTrue(kv().list().join().contains("schemasAreJson"));
    assertTrue(kv().setSchema(t.path, "").join());
    assertEquals(Optional.empty(), kv().schema(t.path).join());
  }

  @Test
  void aStoreIsCompactedAndVerified() {
    t.has("p", "a", 1);
    assertTrue(kv().compact(t.path).join());
    assertTrue(kv().verify().join().contains("\"broken\":0"));
  }

  // Errors by their names.

  @Test
  void whatIsWrongWithARequestHasAName() {
    t.has("p", "a", 1, "s", "x", "z", new long[] {1});
    assertFails("InvalidPath", kv().get(new EmberPath("/a/../b"), "p"));
    assertFails("InvalidPath", kv().get(new EmberPath("hdfs://shop/parts"), "p"));
    assertFails("InvalidPath", kv().get(new EmberPath("ember://shop/parts", "elsewhere"), "p"));
    assertFails("InvalidPath", kv().get(new EmberPath("/"), "p"));
    assertFails("InvalidKeyValue", kv().put(t.path, new SimpleRow("", row("a", 1))));
    assertFails("InvalidKeyValue", kv().put(t.path, new SimpleRow("a/b", row("a", 1))));
    assertFails("InvalidKeyValue", kv().put(t.path, new SimpleRow("k".repeat(256), row("a", 1))));
    assertFails("InvalidAttributeName", kv().put(t.path, new SimpleRow("p", row("a b", 1))));
    assertFails("ReservedName", kv().put(t.path, new SimpleRow("p", row("__name", "q"))));
    assertFails("ParseError", kv().delete(t.path, "p", new SQLFilter("a ==")));
    assertFails("ParseError", kv().delete(t.path, "p", new SQLFilter("nosuch(a)")));
    assertFails("AttributeTooLarge", kv().put(t.path, new SimpleRow("p", row("a", "x".repeat(61_201)))));
    assertFails("ItemTooLarge", kv().put(t.path, new SimpleRow("p", large())));
    assertFails("LimitExceeded", kv().put(t.path, new SimpleRow("p", many(1601))));
    assertFails("TableNotFound", kv().deleteTable(new EmberPath("/no/such/table"), false));
    assertFails("LimitExceeded", kv().batch(t.path, Collections.nCopies(1001, Operation.delete("gone"))));
    assertFails("InvalidArgument", kv().scanPage(t.path, ScanSpec.all(), -1, ""));
    assertEquals("{a=1, s=x, z=[1]}", t.item("p"));
  }

  @Test
  void whatGoesWrongWithAnItemHasAName() {
    t.has("p", "a", 1, "s", "x", "z", new long[] {1});
    assertEquals("TypeError", t.failureOf("p", "a = s * 2").name());
    assertEquals("MissingAttribute", t.failureOf("p", "a = gone").name());
    assertEquals("ArithmeticOverflow", t.failureOf("p", "a = 9223372036854775807 + a").name());
    assertEquals("DivisionByZero", t.failureOf("p", "a = 1 / 0").name());
    assertEquals("IndexOutOfRange", t.failureOf("p", "a = z[1]").name());
    assertEquals("ParseError", t.failureOf("p", "a == 1").name());
    KeyValueException reserved = t.failureOf("p", "a = 1; __mtime_secs = 2");
    assertEquals("ReservedName", reserved.name());
    assertEquals("NOSQL.RESERVED_NAME", reserved.condition());
    assertEquals("{a=1, s=x, z=[1]}", t.item("p"));
  }

  @Test
  void valuesTheStoreDoesNotHaveAreRefused() {
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", BigDecimal.ONE))));
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", Map.of("x", 1)))));
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", Arrays.asList(1, null)))));
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", List.of(1, 2.5)))));
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", List.of()))));
    assertFails("UnsupportedType", kv().put(t.path, new SimpleRow("p", row("a", new Increment(BigDecimal.ONE)))));
    KeyValueException half = failure(kv().put(t.path, new SimpleRow("p", row("a", "\ud800"))));
    assertEquals("InvalidArgument", half.name());
    assertEquals("none", t.item("p"));
  }

  @Test
  void anExpressionTakesNoFields() {
    UpdateExpression update = new UpdateExpression("a = 1");
    SimpleRow withFields = new SimpleRow("p", row("b", 2));
    assertFails("InvalidArgument", kv().update(t.path, withFields, REPLACE, null, update));
    assertEquals("none", t.item("p"));
    assertTrue(kv().update(t.path, new SimpleRow("p"), REPLACE, new SQLFilter("NOT exists(a)"), update).join());
    assertTrue(kv().update(t.path, new SimpleRow("p"), REPLACE, new SQLFilter("NOT exists(a)"), update).join());
    assertEquals("{a=1}", t.item("p"));
  }

  @Test
  void aScanThrowsWhatItsFutureFailsWith() {
    Scan scan = kv().scan(t.has("p").path, ScanSpec.all().filter(new SQLFilter("a =")));
    assertEquals("ParseError", assertThrows(KeyValueException.class, scan::hasNext).name());
  }

  private static Map<String, Object> large() {
    Map<String, Object> row = row();
    for (int i = 0; i < 2; i++) {
      row.put("b" + i, new byte[1 << 20]);
    }
    return row;
  }

  private static Map<String, Object> many(int count) {
    Map<String, Object> row = row();
    for (int i = 0; i < count; i++) {
      row.put("a" + i, i);
    }
    return row;
  }
}
