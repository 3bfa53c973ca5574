package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Our bytes against protoc, which the engine's own build needs too. */
@Timeout(60)
class MessagesTest {
  private static final EmberPath PARTS = new EmberPath("/parts", "shop");

  /** What protoc reads in a request of ours. */
  private static String read(byte[] request) throws Exception {
    return new String(protoc("--decode=emberflow.kv.Request", request), StandardCharsets.UTF_8);
  }

  /** The bytes of an answer written as text. */
  private static byte[] answer(String text) throws Exception {
    return protoc("--encode=emberflow.kv.Response", text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] protoc(String what, byte[] input) throws Exception {
    Path proto = Path.of(System.getProperty("emberflow.root"), "runtime", "connect", "proto");
    Process process =
        new ProcessBuilder("protoc", what, "-I", proto.toString(), "emberflow_kv.proto")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Thread feeding = new Thread(() -> feed(process, input));
    feeding.start();
    byte[] output = process.getInputStream().readAllBytes();
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
    return output;
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String lines(String... lines) {
    return String.join("\n", lines) + "\n";
  }

  @Test
  void everyKindOfValueIsWritten() throws Exception {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("a", null);
    row.put("b", false);
    row.put("c", -1);
    row.put("d", -0.5f);
    row.put("e", "ä");
    row.put("f", Instant.ofEpochSecond(-1, 5));
    row.put("g", new byte[] {0, -1});
    row.put("h", new long[] {0, -1, 300});
    row.put("i", List.of(0.5));
    row.put("j", new Increment(2));
    String seen = read(Messages.batch(PARTS, List.of(Operation.put("k", row))));
    String[] values = {
      "null: true", "boolean: false", "long: -1", "double: -0.5", "string: \"\\303\\244\"",
      "timestamp { seconds: -1 nanoseconds: 5 }", "blob: \"\\000\\377\"",
      "longs { values: 0 values: -1 values: 300 }", "doubles { values: 0.5 }"
    };
    StringBuilder expected = new StringBuilder("container: \"shop\" table: \"/parts\" batch { operations { key: \"k\" write {");
    for (int i = 0; i < values.length; i++) {
      expected.append(" attributes { name: \"").append((char) ('a' + i)).append("\" value { ").append(values[i]).append(" } }");
    }
    expected.append(" attributes { name: \"j\" value { long: 2 } is_increment: true } } } }");
    assertEquals(expected.toString(), seen.replaceAll("\\s+", " ").trim());
  }

  @Test
  void operationsAreWritten() throws Exception {
    byte[] request =
        Messages.batch(
            PARTS,
            List.of(
                Operation.update("a", Map.of(), OverwriteMode.APPEND_NEW),
                Operation.updateExpression("b", new UpdateExpression("x = ${n}").bind("n", 3).otherwise("y = 1"))
                    .when(new SQLFilter("z")),
                Operation.delete("c")));
    assertEquals(
        "container: \"shop\" table: \"/parts\" batch {"
            + " operations { key: \"a\" write { mode: APPEND_NEW } }"
            + " operations { key: \"b\" expression {"
            + " update { text: \"x = ${n}\" values { key: \"n\" value { long: 3 } } }"
            + " otherwise { text: \"y = 1\" values { key: \"n\" value { long: 3 } } } }"
            + " condition { text: \"z\" } }"
            + " operations { key: \"c\" delete: true } }",
        read(request).replaceAll("\\s+", " ").trim());
  }

  @Test
  void questionsAreWritten() throws Exception {
    assertEquals(
        lines("container: \"shop\"", "table: \"/parts\"", "get {", "  keys: \"k\"", "  keys: \"l\"", "  select: \"*\"", "}"),
        read(Messages.get(PARTS, List.of("k", "l"), List.of("*"))));
    ScanSpec spec = ScanSpec.range("u").from("").to("m").filter(new SQLFilter("a")).select("b");
    assertEquals(
        "container: \"shop\" table: \"/parts\" scan { filter { text: \"a\" } select: \"b\""
            + " range { sharding: \"u\" from: \"\" to: \"m\" } limit: 300 marker: \"x\" }",
        read(Messages.scan(PARTS, spec, 300, "x")).replaceAll("\\s+", " ").trim());
    assertEquals(
        "container: \"shop\" table: \"/parts\" scan { segment { index: 1 of: 2 } }",
        read(Messages.scan(PARTS, ScanSpec.segment(1, 2), 0, "")).replaceAll("\\s+", " ").trim());
    assertEquals(
        "container: \"shop\" table: \"/parts\" delete_where { filter { text: \"a\" } }",
        read(Messages.deleteWhere(PARTS, new SQLFilter("a"))).replaceAll("\\s+", " ").trim());
    assertEquals(
        "container: \"shop\" table: \"/parts\" delete_table { ignore_missing: true }",
        read(Messages.deleteTable(PARTS, true)).replaceAll("\\s+", " ").trim());
    assertEquals(
        "container: \"shop\" table: \"/parts\" administer { what: SET_SCHEMA argument: \"{}\" }",
        read(Messages.administer(PARTS, Messages.Question.SET_SCHEMA, "{}")).replaceAll("\\s+", " ").trim());
  }

  /** Lengths that take one, two and three bytes, at their borders. */
  @Test
  void messagesOfEveryLengthAreWritten() throws Exception {
    for (int size : new int[] {0, 100, 110, 120, 127, 128, 129, 16_200, 16_383, 16_384, 20_000}) {
      String text = "x".repeat(size);
      String seen = read(Messages.deleteWhere(PARTS, new SQLFilter(text)));
      assertTrue(size == 0 || seen.contains("text: \"" + text + "\""), "length " + size);
    }
  }

  @Test
  void everyKindOfValueIsRead() throws Exception {
    byte[] bytes =
        answer(
            "items { items { is_absent: true } items {"
                + " attributes { name: 'a' value { boolean: true } }"
                + " attributes { name: 'b' value { long: -9223372036854775808 } }"
                + " attributes { name: 'c' value { double: -0.5 } }"
                + " attributes { name: 'd' value { string: '\\303\\244' } }"
                + " attributes { name: 'e' value { timestamp { seconds: -1 nanoseconds: 999999999 } } }"
                + " attributes { name: 'f' value { blob: '\\000\\377' } }"
                + " attributes { name: 'g' value { longs { values: [0, -1, 300] } } }"
                + " attributes { name: 'h' value { doubles { values: [0.5, -1] } } }"
                + " attributes { name: 'i' value { longs { } } } } }");
    List<Optional<Map<String, Object>>> items = Messages.items(bytes);
    assertEquals(Optional.empty(), items.get(0));
    Map<String, Object> item = items.get(1).orElseThrow();
    assertEquals(List.of("a", "b", "c", "d", "e", "f", "g", "h", "i"), List.copyOf(item.keySet()));
    assertEquals(true, item.get("a"));
    assertEquals(Long.MIN_VALUE, item.get("b"));
    assertEquals(-0.5, item.get("c"));
    assertEquals("ä", item.get("d"));
    assertEquals(Instant.ofEpochSecond(-1, 999_999_999), item.get("e"));
    assertArrayEquals(new byte[] {0, -1}, (byte[]) item.get("f"));
    assertArrayEquals(new long[] {0, -1, 300}, (long[]) item.get("g"));
    assertArrayEquals(new double[] {0.5, -1}, (double[]) item.get("h"));
    assertArrayEquals(new long[0], (long[]) item.get("i"));
  }

  @Test
  void outcomesAreRead() throws Exception {
    List<OperationResult> results =
        Messages.outcomes(
            answer(
                "outcomes { outcomes { version { seconds: 5 nanoseconds: 6 } } outcomes { kind: NO_SUCH_ITEM }"
                    + " outcomes { kind: FAILED error { name: 'ParseError' message: 'm' position: 0 condition: 'C' } } }"));
    assertEquals(WriteOutcome.Kind.CREATED, results.get(0).outcome().kind());
    assertEquals(Optional.of(Instant.ofEpochSecond(5, 6)), results.get(0).outcome().version());
    assertEquals(WriteOutcome.Kind.NO_SUCH_ITEM, results.get(1).outcome().kind());
    KeyValueException error = results.get(2).error().orElseThrow();
    assertEquals(List.of("ParseError", "m", "C"), List.of(error.name(), error.getMessage(), error.condition()));
    assertEquals(OptionalInt.of(0), error.position());
  }

  @Test
  void pagesCountsAndTextsAreRead() throws Exception {
    ScanPage page = Messages.page(answer("page { items { attributes { name: 'a' value { long: 1 } } } next_marker: 'm' }"));
    assertEquals(new ScanPage(List.of(Map.of("a", 1L)), Optional.of("m"), false), page);
    assertTrue(Messages.page(answer("page { last: true }")).last());
    assertEquals(300, Messages.count(answer("count: 300")));
    assertEquals("{}", Messages.json(answer("json: '{}'")));
  }

  @Test
  void anErrorInPlaceOfAnAnswerIsThrown() throws Exception {
    byte[] bytes = answer("error { name: 'TableNotFound' condition: 'NOSQL.TABLE_NOT_FOUND' }");
    KeyValueException error = assertThrows(KeyValueException.class, () -> Messages.count(bytes));
    assertEquals("TableNotFound", error.name());
    assertEquals(OptionalInt.empty(), error.position());
    assertEquals("NOSQL.TABLE_NOT_FOUND", KeyValueException.named("TableNotFound", "why").condition());
  }

  @Test
  void bytesThatAreNoAnswerAreRefused() throws Exception {
    byte[] whole = answer("items { items { attributes { name: 'a' value { string: 'text' } } } }");
    for (int length = 0; length < whole.length; length++) {
      byte[] torn = Arrays.copyOf(whole, length);
      assertThrows(TransportException.class, () -> Messages.items(torn));
    }
    assertThrows(TransportException.class, () -> Messages.items(answer("count: 1")));
  }
}
