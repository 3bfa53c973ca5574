package io.emberflow.connect;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** An engine that does what the test says, keeping the promises of {@link NativeCalls}. */
final class FakeEngine implements NativeCalls {
  private final AtomicLong lastNumber = new AtomicLong();
  private final Map<Long, FakeCall> calls = new ConcurrentHashMap<>();
  private final LinkedBlockingQueue<Long> wakes = new LinkedBlockingQueue<>();
  private final List<Long> open = new ArrayList<>();
  private final LinkedBlockingQueue<FakeCall> started = new LinkedBlockingQueue<>();

  /** What the test sees of one call. */
  final class FakeCall {
    final long number;
    final long connection;
    final String method;
    final List<String> headers;
    final List<String> requests = new ArrayList<>();
    private final Queue<byte[]> answers = new ArrayDeque<>();
    private boolean armed;
    private boolean ended;
    private boolean takesNoRequests;
    private int code;
    private String message = "";
    private byte[] details = {};
    volatile boolean halfClosed;
    volatile int taken;
    volatile boolean cancelled;

    private FakeCall(long number, long connection, String method, List<String> headers) {
      this.number = number;
      this.connection = connection;
      this.method = method;
      this.headers = headers;
    }

    synchronized FakeCall answer(String... texts) {
      for (String text : texts) {
        answers.add(text.getBytes(StandardCharsets.UTF_8));
      }
      wake();
      return this;
    }

    FakeCall end() {
      return end(0, "", new byte[0]);
    }

    synchronized FakeCall end(int code, String message, byte[] details) {
      this.ended = true;
      this.code = code;
      this.message = message;
      this.details = details;
      wake();
      return this;
    }

    synchronized void takeNoRequests(boolean none) {
      takesNoRequests = none;
      wake();
    }

    synchronized List<String> requests() {
      return List.copyOf(requests);
    }

    private void wake() {
      if (armed) {
        armed = false;
        wakes.add(number);
      }
    }
  }

  /** The next call that was started. */
  FakeCall nextStarted() throws InterruptedException {
    FakeCall call = started.poll(5, TimeUnit.SECONDS);
    if (call == null) {
      throw new AssertionError("no call was started");
    }
    return call;
  }

  boolean nothingStarted() {
    return started.isEmpty();
  }

  synchronized int openConnections() {
    return open.size();
  }

  static void eventually(String what, BooleanSupplier true_) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    while (!true_.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new AssertionError("never: " + what);
      }
      Thread.sleep(2);
    }
  }

  @Override
  public synchronized long open() {
    long number = lastNumber.incrementAndGet();
    open.add(number);
    return number;
  }

  @Override
  public synchronized void close(long connection) {
    open.remove(connection);
    for (FakeCall call : calls.values()) {
      if (call.connection == connection) {
        call.end(14, "closed", new byte[0]);
      }
    }
  }

  @Override
  public synchronized long callStart(long connection, String method, String[] headers) {
    if (!open.contains(connection)) {
      throw new EmberflowException("INVALID", "connection " + connection + " is closed");
    }
    FakeCall call = new FakeCall(lastNumber.incrementAndGet(), connection, method, List.of(headers));
    calls.put(call.number, call);
    started.add(call);
    return call.number;
  }

  @Override
  public boolean callSend(long number, byte[] message) {
    FakeCall call = find(number);
    synchronized (call) {
      call.requests.add(new String(message, StandardCharsets.UTF_8));
      call.armed |= call.takesNoRequests;
      return !call.takesNoRequests;
    }
  }

  @Override
  public void callHalfClose(long number) {
    find(number).halfClosed = true;
  }

  @Override
  public boolean callFlush(long number) {
    FakeCall call = find(number);
    synchronized (call) {
      call.armed |= call.takesNoRequests;
      return !call.takesNoRequests;
    }
  }

  @Override
  public int callNext(long number) {
    FakeCall call = find(number);
    synchronized (call) {
      if (!call.answers.isEmpty()) {
        return call.answers.peek().length;
      }
      call.armed |= !call.ended;
      return call.ended ? ENDED - call.code : NOT_YET;
    }
  }

  @Override
  public void callRead(long number, int from, byte[] into, int offset, int length) {
    FakeCall call = find(number);
    synchronized (call) {
      System.arraycopy(call.answers.element(), from, into, offset, length);
    }
  }

  @Override
  public void callTaken(long number) {
    FakeCall call = find(number);
    synchronized (call) {
      call.answers.remove();
      call.taken++;
    }
  }

  @Override
  public String callMessage(long number) {
    return find(number).message;
  }

  @Override
  public byte[] callDetails(long number) {
    return find(number).details;
  }

  @Override
  public void callCancel(long number) {
    FakeCall call = calls.remove(number);
    if (call != null) {
      call.cancelled = true;
    }
  }

  @Override
  public int awaitWakes(long[] into) {
    try {
      into[0] = wakes.take();
      return 1;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private FakeCall find(long number) {
    FakeCall call = calls.get(number);
    if (call == null) {
      throw new EmberflowException("INVALID", "call " + number + " is closed");
    }
    return call;
  }
}
