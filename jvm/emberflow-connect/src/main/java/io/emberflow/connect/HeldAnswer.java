package io.emberflow.connect;

import java.io.InputStream;
import java.util.Objects;
import org.sparkproject.io.grpc.KnownLength;

/**
 * The answer a call holds, read straight out of the engine's memory into the parser's buffer.
 *
 * <p>Its length is known, so the protobuf parser asks for small messages, and for large fields, in one piece.
 */
final class HeldAnswer extends InputStream implements KnownLength {
  private final NativeCalls calls;
  private final long call;
  private final int length;
  private int position;

  HeldAnswer(NativeCalls calls, long call, int length) {
    this.calls = calls;
    this.call = call;
    this.length = length;
  }

  @Override
  public int available() {
    return length - position;
  }

  @Override
  public int read(byte[] into, int offset, int wanted) {
    Objects.checkFromIndexSize(offset, wanted, into.length);
    int count = Math.min(wanted, available());
    if (count == 0) {
      return wanted == 0 ? 0 : -1;
    }
    calls.callRead(call, position, into, offset, count);
    position += count;
    return count;
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public long skip(long wanted) {
    int count = (int) Math.max(0, Math.min(wanted, available()));
    position += count;
    return count;
  }
}
