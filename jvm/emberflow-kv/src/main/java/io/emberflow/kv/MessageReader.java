package io.emberflow.kv;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads one protobuf message, field by field, each of which is then taken or skipped.
 *
 * <pre>
 *   while (reader.next()) {
 *     switch (reader.field()) {
 *       case 1 -&gt; name = reader.text();
 *       default -&gt; reader.skip();
 *     }
 *   }
 * </pre>
 *
 * <p>Not here: which message has which fields ({@link Messages}).
 */
final class MessageReader {
  private static final int FIXED32 = 5;

  private final byte[] bytes;
  private final int end;
  private int position;
  private int field;
  private int type;

  MessageReader(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  private MessageReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.position = from;
    this.end = end;
  }

  /** Goes to the next field; false at the end. */
  boolean next() {
    if (position == end) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    type = (int) (tag & 7);
    return true;
  }

  int field() {
    return field;
  }

  long number() {
    require(MessageWriter.VARINT);
    return varint();
  }

  boolean flag() {
    return number() != 0;
  }

  double real() {
    require(MessageWriter.FIXED64);
    return Double.longBitsToDouble(fixed64());
  }

  String text() {
    int from = enter();
    return new String(bytes, from, position - from, StandardCharsets.UTF_8);
  }

  byte[] bytes() {
    int from = enter();
    return Arrays.copyOfRange(bytes, from, position);
  }

  /** The nested message, as a reader of its own. */
  MessageReader message() {
    int from = enter();
    return new MessageReader(bytes, from, position);
  }

  /** Appends one integer, or a packed run of them. */
  long[] numbers(long[] before) {
    if (type == MessageWriter.VARINT) {
      long[] all = Arrays.copyOf(before, before.length + 1);
      all[before.length] = varint();
      return all;
    }
    MessageReader packed = message();
    int count = 0;
    for (int at = packed.position; at < packed.end; at++) {
      count += bytes[at] >= 0 ? 1 : 0; // the last byte of a number
    }
    long[] all = Arrays.copyOf(before, before.length + count);
    for (int i = before.length; i < all.length; i++) {
      all[i] = packed.varint();
    }
    return all;
  }

  /** Appends one double, or a packed run of them. */
  double[] reals(double[] before) {
    if (type == MessageWriter.FIXED64) {
      double[] all = Arrays.copyOf(before, before.length + 1);
      all[before.length] = real();
      return all;
    }
    MessageReader packed = message();
    double[] all = Arrays.copyOf(before, before.length + (packed.end - packed.position) / 8);
    for (int i = before.length; i < all.length; i++) {
      all[i] = Double.longBitsToDouble(packed.fixed64());
    }
    return all;
  }

  /** Passes over a field of a newer server. */
  void skip() {
    switch (type) {
      case MessageWriter.VARINT -> varint();
      case MessageWriter.FIXED64 -> advance(8);
      case MessageWriter.BYTES -> enter();
      case FIXED32 -> advance(4);
      default -> throw malformed();
    }
  }

  /** Passes over the bytes of a field; answers where they began. */
  private int enter() {
    require(MessageWriter.BYTES);
    return advance(varint());
  }

  private int advance(long size) {
    if (size < 0 || size > end - position) {
      throw malformed();
    }
    int from = position;
    position += (int) size;
    return from;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = bytes[advance(1)];
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw malformed();
  }

  private long fixed64() {
    int from = advance(8);
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = value << 8 | bytes[from + i] & 0xff;
    }
    return value;
  }

  private void require(int wanted) {
    if (type != wanted) {
      throw malformed();
    }
  }

  private static TransportException malformed() {
    return new TransportException("INTERNAL", "the answer is not a message of Emberflow's key-value service", null);
  }
}
