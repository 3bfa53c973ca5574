package io.emberflow.connect;

import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Carries the engine's wakes to the calls they are for.
 *
 * <pre>
 *   engine ──► awaitWakes ──► the one waiting thread ──► line of the call ──► EmberflowCall.signal()
 * </pre>
 *
 * <p>One thread for all calls. A call that waits for the engine is kept alive here; one that waits for its reader is
 * not, and when the reader forgets it, the garbage collector ends it (see {@link EmberflowCall}).
 */
final class Switchboard {
  private static final int WAKES_TAKEN_AT_ONCE = 64;

  private final NativeCalls calls;
  private final ConcurrentHashMap<Long, Line> lines = new ConcurrentHashMap<>();
  private final Cleaner cleaner = Cleaner.create();

  Switchboard(NativeCalls calls) {
    this.calls = calls;
    Thread thread = new Thread(this::carryWakes, "emberflow-wakes");
    thread.setDaemon(true);
    thread.start();
  }

  /** The one between this JVM and its engine. */
  static Switchboard ofEngine() {
    return OfEngine.INSTANCE;
  }

  NativeCalls calls() {
    return calls;
  }

  /** A line for a call that was just started; {@code atRelease} runs once, when the call is released or forgotten. */
  Line connect(long number, EmberflowCall<?, ?> call, Runnable atRelease) {
    Line line = new Line(number, call);
    lines.put(number, line);
    NativeCalls engine = calls; // the cleaning action must hold neither the call nor its line
    ConcurrentHashMap<Long, Line> all = lines;
    line.release =
        cleaner.register(
            call,
            () -> {
              all.remove(number);
              engine.callCancel(number);
              atRelease.run();
            });
    return line;
  }

  /** How many calls have a line; for tests. */
  int lines() {
    return lines.size();
  }

  private void carryWakes() {
    long[] woken = new long[WAKES_TAKEN_AT_ONCE];
    while (true) {
      int count = calls.awaitWakes(woken);
      for (int i = 0; i < count; i++) {
        ring(woken[i]);
      }
    }
  }

  private void ring(long number) {
    Line line = lines.get(number);
    EmberflowCall<?, ?> call = line == null ? null : line.get();
    if (call != null) {
      line.stopKeeping();
      call.signal();
    }
  }

  /** Leads to one call. */
  static final class Line extends WeakReference<EmberflowCall<?, ?>> {
    final long number;
    private volatile EmberflowCall<?, ?> kept;
    private Cleaner.Cleanable release;

    private Line(long number, EmberflowCall<?, ?> call) {
      super(call);
      this.number = number;
    }

    /** The call waits for the engine: whoever listens is served even if nobody else holds the call. */
    void keep(EmberflowCall<?, ?> call) {
      kept = call;
    }

    /** The call no longer waits for the engine. */
    void stopKeeping() {
      kept = null;
    }

    /** The call is over, or nobody wants it any more. */
    void disconnect() {
      kept = null;
      release.clean();
    }
  }

  private static final class OfEngine {
    static final Switchboard INSTANCE = new Switchboard(Native.CALLS);
  }
}
