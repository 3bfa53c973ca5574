package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A table as tests see it: what is stored, what passes, what an error is called. */
final class Tables {
  final KeyValueOperations kv;
  final EmberPath path;

  private Tables(KeyValueOperations kv, EmberPath path) {
    this.kv = kv;
    this.path = path;
  }

  /** An empty table of this name. */
  static Tables empty(KeyValueOperations kv, String name) {
    EmberPath path = new EmberPath("/" + name);
    kv.deleteTable(path, true).join();
    return new Tables(kv, path);
  }

  /** Attributes in the order given: name, value, name, value. */
  static Map<String, Object> row(Object... pairs) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      row.put((String) pairs[i], pairs[i + 1]);
    }
    return row;
  }

  Tables has(String key, Object... pairs) {
    kv.put(path, new SimpleRow(key, row(pairs))).join();
    return this;
  }

  WriteOutcome.Kind update(OverwriteMode mode, String key, Object... pairs) {
    return kv.execute(path, Operation.update(key, row(pairs), mode)).join().kind();
  }

  WriteOutcome.Kind evaluate(String key, String update) {
    return kv.execute(path, Operation.updateExpression(key, new UpdateExpression(update))).join().kind();
  }

  /** What is stored, with sorted names; arrays as text, for they have no equality. */
  String item(String key) {
    return kv.get(path, key).join().map(Tables::shown).orElse("none");
  }

  static String shown(Map<String, Object> item) {
    Map<String, Object> readable = new TreeMap<>();
    item.forEach((name, value) -> readable.put(name, readable(value)));
    return readable.toString();
  }

  private static Object readable(Object value) {
    if (value instanceof long[] longs) {
      return java.util.Arrays.toString(longs);
    }
    if (value instanceof double[] doubles) {
      return java.util.Arrays.toString(doubles);
    }
    return value instanceof byte[] blob ? "bytes" + java.util.Arrays.toString(blob) : value;
  }

  /** Whether the stored item passes a condition. */
  boolean passes(String key, String condition) {
    Operation nothing = Operation.update(key, Map.of(), OverwriteMode.REPLACE).when(new SQLFilter(condition));
    return kv.execute(path, nothing).join().kind() != WriteOutcome.Kind.CONDITION_FALSE;
  }

  /** The names of the items a scan gives, in its order. */
  List<String> scanned(ScanSpec spec) {
    List<String> names = new ArrayList<>();
    kv.scan(path, spec.select("__name")).forEachRemaining(item -> names.add((String) item.get("__name")));
    return names;
  }

  TreeSet<String> filtered(String filter) {
    return new TreeSet<>(scanned(ScanSpec.all().filter(new SQLFilter(filter))));
  }

  static KeyValueException failure(CompletableFuture<?> future) {
    CompletionException thrown = assertThrows(CompletionException.class, future::join);
    return (KeyValueException) thrown.getCause();
  }

  static void assertFails(String name, CompletableFuture<?> future) {
    assertEquals(name, failure(future).name());
  }

  KeyValueException failureOf(String key, String update) {
    return failure(kv.execute(path, Operation.updateExpression(key, new UpdateExpression(update))));
  }

  KeyValueException failureOfCondition(String key, String condition) {
    return failure(kv.delete(path, key, new SQLFilter(condition)));
  }
}
