package io.emberflow.kv;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes one protobuf message.
 *
 * <p>A nested message is written in place and then moved to make room for its length. Not here: which message has which
 * fields ({@link Messages}).
 */
final class MessageWriter {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;

  private byte[] bytes = new byte[128];
  private int length;

  byte[] written() {
    return Arrays.copyOf(bytes, length);
  }

  void number(int field, long value) {
    tag(field, VARINT);
    varint(value);
  }

  void flag(int field, boolean value) {
    number(field, value ? 1 : 0);
  }

  void real(int field, double value) {
    tag(field, FIXED64);
    fixed64(Double.doubleToRawLongBits(value));
  }

  /** Refuses text that has no UTF-8 form, rather than storing something else. */
  void text(int field, String value) {
    try {
      bytes(field, StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value)));
    } catch (CharacterCodingException e) {
      throw KeyValueException.named("InvalidArgument", "a text has half of a surrogate pair, which is no character");
    }
  }

  void bytes(int field, ByteBuffer value) {
    tag(field, BYTES);
    int size = value.remaining();
    varint(size);
    reserve(size);
    value.get(bytes, length, size);
    length += size;
  }

  void packed(int field, long[] values) {
    message(
        field,
        () -> {
          for (long value : values) {
            varint(value);
          }
        });
  }

  void packed(int field, double[] values) {
    message(
        field,
        () -> {
          for (double value : values) {
            fixed64(Double.doubleToRawLongBits(value));
          }
        });
  }

  /** A nested message; {@code fields} writes them to this writer. */
  void message(int field, Runnable fields) {
    tag(field, BYTES);
    int start = length;
    fields.run();
    int size = length - start;
    int prefix = varintSize(size);
    reserve(prefix);
    System.arraycopy(bytes, start, bytes, start + prefix, size);
    length = start;
    varint(size);
    length += size;
  }

  private void tag(int field, int type) {
    varint((long) field << 3 | type);
  }

  private void varint(long value) {
    reserve(10);
    long left = value;
    while ((left & ~0x7fL) != 0) {
      bytes[length++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[length++] = (byte) left;
  }

  private void fixed64(long value) {
    reserve(8);
    for (int shift = 0; shift < 64; shift += 8) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  private void reserve(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, more), length * 2));
    }
  }

  private static int varintSize(long value) {
    return Math.max(1, (70 - Long.numberOfLeadingZeros(value)) / 7);
  }
}
