package io.emberflow.kv;

import java.nio.ByteBuffer;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Requests to bytes and bytes to answers: the messages of {@code emberflow_kv.proto}, and values between Java and the store.
 *
 * <p>Field numbers stand beside the names they have there. Not here: how numbers and lengths lie in bytes ({@link
 * MessageWriter}, {@link MessageReader}), and who carries the bytes ({@link Transport}).
 */
final class Messages {
  /** What Administer can be asked, by its numbers. */
  enum Question {
    CONTAINERS,
    LIST,
    DESCRIBE,
    SCHEMA,
    SET_SCHEMA,
    COMPACT,
    VERIFY
  }

  private Messages() {}

  // Requests.

  static byte[] batch(EmberPath table, List<Operation> operations) {
    MessageWriter out = requestTo(table);
    out.message(3, () -> operations.forEach(operation -> out.message(1, () -> operation(out, operation))));
    return out.written();
  }

  static byte[] get(EmberPath table, List<String> keys, List<String> select) {
    MessageWriter out = requestTo(table);
    out.message(
        4,
        () -> {
          keys.forEach(key -> out.text(1, key));
          select.forEach(name -> out.text(2, name));
        });
    return out.written();
  }

  static byte[] scan(EmberPath table, ScanSpec spec, int limit, String marker) {
    ScanSpec.Range range = spec.checkedRange();
    ScanSpec.Segment segment = spec.checkedSegment();
    if (limit < 0) {
      throw KeyValueException.named("InvalidArgument", "a page cannot have at most " + limit + " items");
    }
    MessageWriter out = requestTo(table);
    out.message(
        5,
        () -> {
          expression(out, 1, spec.filter());
          spec.select().forEach(name -> out.text(2, name));
          if (range != null) {
            out.message(3, () -> range(out, range));
          }
          if (segment != null) {
            out.message(4, () -> segment(out, segment));
          }
          out.number(5, limit);
          out.text(6, marker);
        });
    return out.written();
  }

  static byte[] deleteWhere(EmberPath table, SQLFilter filter) {
    MessageWriter out = requestTo(table);
    out.message(6, () -> expression(out, 1, filter));
    return out.written();
  }

  static byte[] deleteTable(EmberPath table, boolean ignoreMissing) {
    MessageWriter out = requestTo(table);
    out.message(7, () -> out.flag(1, ignoreMissing));
    return out.written();
  }

  static byte[] administer(EmberPath table, Question question, String argument) {
    MessageWriter out = requestTo(table);
    out.message(
        8,
        () -> {
          out.number(1, question.ordinal());
          out.text(2, argument);
        });
    return out.written();
  }

  private static MessageWriter requestTo(EmberPath table) {
    MessageWriter out = new MessageWriter();
    out.text(1, table.container());
    out.text(2, table.path());
    return out;
  }

  private static void operation(MessageWriter out, Operation operation) {
    out.text(1, operation.key());
    Operation.Change change = operation.change();
    if (change instanceof Operation.Write write) {
      out.message(2, () -> write(out, write));
    } else if (change instanceof Operation.Evaluate evaluate) {
      out.message(3, () -> evaluate(out, evaluate.expression()));
    } else {
      out.flag(4, true);
    }
    expression(out, 5, operation.condition());
  }

  private static void write(MessageWriter out, Operation.Write write) {
    out.number(1, write.mode().ordinal());
    write.attributes().forEach((name, value) -> out.message(2, () -> attribute(out, name, value)));
  }

  private static void attribute(MessageWriter out, String name, Object value) {
    requireName(name);
    out.text(1, name);
    if (value instanceof Increment increment) {
      out.message(2, () -> value(out, name, increment.step()));
      out.flag(3, true);
    } else {
      out.message(2, () -> value(out, name, value));
    }
  }

  private static void evaluate(MessageWriter out, UpdateExpression update) {
    expression(out, 1, update.text(), update.values());
    if (update.otherwise() != null) {
      expression(out, 2, update.otherwise(), update.values());
    }
  }

  private static void expression(MessageWriter out, int field, SQLFilter filter) {
    if (filter != null) {
      expression(out, field, filter.text(), filter.values());
    }
  }

  private static void expression(MessageWriter out, int field, String text, Map<String, ?> values) {
    out.message(
        field,
        () -> {
          out.text(1, text);
          values.forEach((name, value) -> out.message(2, () -> bound(out, name, value)));
        });
  }

  private static void bound(MessageWriter out, String name, Object value) {
    requireName(name);
    out.text(1, name);
    out.message(2, () -> value(out, name, value));
  }

  private static void range(MessageWriter out, ScanSpec.Range range) {
    out.text(1, range.sharding());
    if (range.from() != null) {
      out.text(2, range.from());
    }
    if (range.to() != null) {
      out.text(3, range.to());
    }
  }

  private static void segment(MessageWriter out, ScanSpec.Segment segment) {
    out.number(1, segment.index());
    out.number(2, segment.of());
  }

  private static void requireName(String name) {
    if (name == null) {
      throw KeyValueException.named("InvalidAttributeName", "an attribute has no name");
    }
  }

  // Values.

  private static void value(MessageWriter out, String name, Object value) {
    if (value == null) {
      out.flag(1, true);
    } else if (value instanceof Boolean flag) {
      out.flag(2, flag);
    } else if (isInteger(value)) {
      out.number(3, ((Number) value).longValue());
    } else if (value instanceof Double || value instanceof Float) {
      out.real(4, ((Number) value).doubleValue());
    } else if (value instanceof String text) {
      out.text(5, text);
    } else if (value instanceof Instant instant) {
      out.message(6, () -> timestamp(out, instant));
    } else if (value instanceof Timestamp timestamp) {
      out.message(6, () -> timestamp(out, timestamp.toInstant()));
    } else if (value instanceof byte[] blob) {
      out.bytes(7, ByteBuffer.wrap(blob));
    } else {
      array(out, name, value);
    }
  }

  private static void timestamp(MessageWriter out, Instant instant) {
    out.number(1, instant.getEpochSecond());
    out.number(2, instant.getNano());
  }

  private static void array(MessageWriter out, String name, Object value) {
    Object array = value instanceof Collection<?> members ? primitive(name, members) : widened(name, value);
    if (array instanceof long[] longs) {
      out.message(8, () -> out.packed(1, longs));
    } else {
      double[] doubles = (double[]) array;
      out.message(9, () -> out.packed(1, doubles));
    }
  }

  /** An array of Java's as one the store has: {@code long[]} or {@code double[]}. */
  private static Object widened(String name, Object value) {
    if (value instanceof long[] || value instanceof double[]) {
      return value;
    }
    if (value instanceof int[] ints) {
      long[] longs = new long[ints.length];
      for (int i = 0; i < ints.length; i++) {
        longs[i] = ints[i];
      }
      return longs;
    }
    if (value instanceof short[] shorts) {
      long[] longs = new long[shorts.length];
      for (int i = 0; i < shorts.length; i++) {
        longs[i] = shorts[i];
      }
      return longs;
    }
    if (value instanceof float[] floats) {
      double[] doubles = new double[floats.length];
      for (int i = 0; i < floats.length; i++) {
        doubles[i] = floats[i];
      }
      return doubles;
    }
    if (value instanceof Number[] boxed) {
      return primitive(name, java.util.Arrays.asList(boxed));
    }
    throw unsupported(name, "of " + value.getClass().getName());
  }

  /** Members of one kind, integers or fractions. */
  private static Object primitive(String name, Collection<?> members) {
    if (members.isEmpty()) {
      throw unsupported(name, "an empty list, of integers or of fractions: give an empty array of one kind");
    }
    boolean integers = members.stream().allMatch(Messages::isInteger);
    boolean fractions = members.stream().allMatch(member -> member instanceof Double || member instanceof Float);
    if (integers) {
      return members.stream().mapToLong(member -> ((Number) member).longValue()).toArray();
    }
    if (fractions) {
      return members.stream().mapToDouble(member -> ((Number) member).doubleValue()).toArray();
    }
    throw unsupported(name, "a list that is neither all integers nor all fractions");
  }

  private static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte;
  }

  private static KeyValueException unsupported(String name, String what) {
    return KeyValueException.named("UnsupportedType", "the value for `" + name + "` is " + what);
  }

  // Answers.

  static List<OperationResult> outcomes(byte[] answer) {
    MessageReader in = answered(answer, 2);
    List<OperationResult> results = new ArrayList<>();
    while (in.next()) {
      if (in.field() == 1) {
        results.add(outcome(in.message()));
      } else {
        in.skip();
      }
    }
    return results;
  }

  static List<Optional<Map<String, Object>>> items(byte[] answer) {
    MessageReader in = answered(answer, 3);
    List<Optional<Map<String, Object>>> items = new ArrayList<>();
    while (in.next()) {
      if (in.field() == 1) {
        items.add(item(in.message()));
      } else {
        in.skip();
      }
    }
    return items;
  }

  static ScanPage page(byte[] answer) {
    MessageReader in = answered(answer, 4);
    List<Map<String, Object>> items = new ArrayList<>();
    String marker = "";
    boolean last = false;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> item(in.message()).ifPresent(items::add);
        case 2 -> marker = in.text();
        case 3 -> last = in.flag();
        default -> in.skip();
      }
    }
    return new ScanPage(items, Optional.of(marker).filter(text -> !text.isEmpty()), last);
  }

  static long count(byte[] answer) {
    return field(answer, 5).number();
  }

  static String json(byte[] answer) {
    return field(answer, 6).text();
  }

  private static MessageReader answered(byte[] answer, int wanted) {
    return field(answer, wanted).message();
  }

  /** Goes to the answer of the wanted kind; throws the error if that is what came. */
  private static MessageReader field(byte[] answer, int wanted) {
    MessageReader in = new MessageReader(answer);
    while (in.next()) {
      if (in.field() == wanted) {
        return in;
      }
      if (in.field() == 1) {
        throw failure(in.message());
      }
      in.skip();
    }
    throw new TransportException("INTERNAL", "the answer does not belong to the question", null);
  }

  private static KeyValueException failure(MessageReader in) {
    String name = "";
    String message = "";
    String condition = "";
    int position = -1;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.text();
        case 2 -> message = in.text();
        case 3 -> position = (int) in.number();
        case 4 -> condition = in.text();
        default -> in.skip();
      }
    }
    return new KeyValueException(name, message, condition, position);
  }

  private static OperationResult outcome(MessageReader in) {
    int kind = 0;
    Optional<Instant> version = Optional.empty();
    KeyValueException error = null;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> kind = (int) in.number();
        case 2 -> version = Optional.of(timestamp(in.message()));
        case 3 -> error = failure(in.message());
        default -> in.skip();
      }
    }
    WriteOutcome.Kind[] kinds = WriteOutcome.Kind.values();
    if (error != null) {
      return OperationResult.failed(error);
    }
    if (kind < 0 || kind >= kinds.length) {
      throw new TransportException("INTERNAL", "the server tells of an outcome this client does not know", null);
    }
    return OperationResult.of(new WriteOutcome(kinds[kind], version));
  }

  private static Optional<Map<String, Object>> item(MessageReader in) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    boolean absent = false;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> absent = in.flag();
        case 2 -> attribute(in.message(), attributes);
        default -> in.skip();
      }
    }
    return absent ? Optional.empty() : Optional.of(Collections.unmodifiableMap(attributes));
  }

  private static void attribute(MessageReader in, Map<String, Object> into) {
    String name = "";
    Object value = null;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.text();
        case 2 -> value = value(in.message());
        default -> in.skip();
      }
    }
    into.put(name, value);
  }

  private static Object value(MessageReader in) {
    Object value = null;
    while (in.next()) {
      switch (in.field()) {
        case 2 -> value = in.flag();
        case 3 -> value = in.number();
        case 4 -> value = in.real();
        case 5 -> value = in.text();
        case 6 -> value = timestamp(in.message());
        case 7 -> value = in.bytes();
        case 8 -> value = longs(in.message());
        case 9 -> value = doubles(in.message());
        default -> in.skip();
      }
    }
    return value;
  }

  private static Instant timestamp(MessageReader in) {
    long seconds = 0;
    long nanoseconds = 0;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> seconds = in.number();
        case 2 -> nanoseconds = in.number();
        default -> in.skip();
      }
    }
    return Instant.ofEpochSecond(seconds, nanoseconds);
  }

  private static long[] longs(MessageReader in) {
    long[] values = {};
    while (in.next()) {
      if (in.field() == 1) {
        values = in.numbers(values);
      } else {
        in.skip();
      }
    }
    return values;
  }

  private static double[] doubles(MessageReader in) {
    double[] values = {};
    while (in.next()) {
      if (in.field() == 1) {
        values = in.reals(values);
      } else {
        in.skip();
      }
    }
    return values;
  }
}
