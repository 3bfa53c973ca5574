package io.emberflow.connect;

/** The engine's native methods; {@link NativeLibrary} brings them in. What they promise stands in {@link NativeCalls}. */
final class Native {
  /** The native methods as an object. */
  static final NativeCalls CALLS = new Calls();

  private Native() {}

  private static native long open();

  private static native void close(long connection);

  private static native long callStart(long connection, String method, String[] headers);

  private static native boolean callSend(long call, byte[] message);

  private static native void callHalfClose(long call);

  private static native boolean callFlush(long call);

  private static native int callNext(long call);

  private static native void callRead(long call, int from, byte[] into, int offset, int length);

  private static native void callTaken(long call);

  private static native String callMessage(long call);

  private static native byte[] callDetails(long call);

  private static native void callCancel(long call);

  private static native int awaitWakes(long[] into);

  /** Makes an operator of the engine's next job panic: how tests see their JVM survive one. */
  static native void breakNextJob();

  private static final class Calls implements NativeCalls {
    @Override
    public long open() {
      NativeLibrary.requireLoaded();
      return Native.open();
    }

    @Override
    public void close(long connection) {
      Native.close(connection);
    }

    @Override
    public long callStart(long connection, String method, String[] headers) {
      return Native.callStart(connection, method, headers);
    }

    @Override
    public boolean callSend(long call, byte[] message) {
      return Native.callSend(call, message);
    }

    @Override
    public void callHalfClose(long call) {
      Native.callHalfClose(call);
    }

    @Override
    public boolean callFlush(long call) {
      return Native.callFlush(call);
    }

    @Override
    public int callNext(long call) {
      return Native.callNext(call);
    }

    @Override
    public void callRead(long call, int from, byte[] into, int offset, int length) {
      Native.callRead(call, from, into, offset, length);
    }

    @Override
    public void callTaken(long call) {
      Native.callTaken(call);
    }

    @Override
    public String callMessage(long call) {
      return Native.callMessage(call);
    }

    @Override
    public byte[] callDetails(long call) {
      return Native.callDetails(call);
    }

    @Override
    public void callCancel(long call) {
      Native.callCancel(call);
    }

    @Override
    public int awaitWakes(long[] into) {
      return Native.awaitWakes(into);
    }
  }
}
