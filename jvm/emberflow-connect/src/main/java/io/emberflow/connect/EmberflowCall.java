package io.emberflow.connect;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.sparkproject.io.grpc.CallOptions;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.Context;
import org.sparkproject.io.grpc.Deadline;
import org.sparkproject.io.grpc.Metadata;
import org.sparkproject.io.grpc.MethodDescriptor;
import org.sparkproject.io.grpc.Status;

/**
 * One gRPC call on the engine.
 *
 * <pre>
 *   caller ──start, sendMessage, halfClose, request──► engine
 *   engine ──wake──► signal() ──► executor ──► turn(): onReady, onMessage as often as requested, onClose
 * </pre>
 *
 * <p>All callbacks come from {@link #turn}, one at a time and in order, on the executor of the call options. Answers are
 * taken from the engine only as far as {@link #request} asked; the engine stops a query whose answers nobody takes.
 *
 * <p>A call that waits for the engine is kept alive by its line. One that waits for its caller is not: when the caller
 * drops an iterator half-read, the call is collected and thereby cancelled.
 */
final class EmberflowCall<ReqT, RespT> extends ClientCall<ReqT, RespT> {
  static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final EmberflowChannel channel;
  private final Switchboard switchboard;
  private final NativeCalls calls;
  private final MethodDescriptor<ReqT, RespT> method;
  private final CallOptions options;
  private final Executor executor;
  private final Context context = Context.current();
  private final Context.CancellationListener whenContextEnds = this::contextEnded;

  /** Signals not yet answered by a turn; whoever raises it from zero makes the turns. */
  private final AtomicInteger signals = new AtomicInteger();

  private final AtomicLong requested = new AtomicLong();

  /** Why the call has to end, if that was decided on this side. */
  private final AtomicReference<Status> ending = new AtomicReference<>();

  private Listener<RespT> listener;
  private volatile Switchboard.Line line;
  private ScheduledFuture<?> deadlineTimer;
  private volatile boolean cancelled;
  private boolean halfClosed;
  private volatile boolean sendingPilesUp;

  // Touched by turns only.
  private boolean saidReady;
  private boolean saidHeaders;
  private boolean closed;

  EmberflowCall(EmberflowChannel channel, MethodDescriptor<ReqT, RespT> method, CallOptions options) {
    this.channel = channel;
    this.switchboard = channel.switchboard();
    this.calls = switchboard.calls();
    this.method = method;
    this.options = options;
    this.executor = options.getExecutor() != null ? options.getExecutor() : channel.executor();
  }

  @Override
  public void start(Listener<RespT> listener, Metadata headers) {
    if (this.listener != null) {
      throw new IllegalStateException("call was already started");
    }
    if (cancelled) {
      throw new IllegalStateException("call was cancelled");
    }
    this.listener = listener;
    Deadline deadline = earlier(options.getDeadline(), context.getDeadline());
    if (context.isCancelled()) {
      contextEnded(context);
    } else if (deadline != null && deadline.isExpired()) {
      endLocally(deadlineExceeded());
    } else {
      connect(headers);
      watch(deadline);
    }
    signal();
  }

  @Override
  public void request(int numMessages) {
    if (numMessages < 0) {
      throw new IllegalArgumentException("numMessages must not be negative: " + numMessages);
    }
    requireStarted();
    requested.addAndGet(numMessages);
    signal();
  }

  @Override
  public void sendMessage(ReqT message) {
    requireStarted();
    requireNotHalfClosed();
    if (line == null) {
      return; // the call ended before it began; its listener will hear why
    }
    try {
      sendingPilesUp = !calls.callSend(line.number, bytesOf(method.streamRequest(message)));
      if (sendingPilesUp) {
        line.keep(this);
      }
    } catch (IOException | RuntimeException e) {
      endLocally(Status.CANCELLED.withDescription("the request could not be sent").withCause(e));
    }
  }

  @Override
  public void halfClose() {
    requireStarted();
    requireNotHalfClosed();
    halfClosed = true;
    if (line != null) {
      try {
        calls.callHalfClose(line.number);
      } catch (EmberflowException e) {
        endLocally(internal(e));
      }
    }
  }

  @Override
  public void cancel(String message, Throwable cause) {
    if (message == null && cause == null) {
      cause = new CancellationException("cancelled without a message or a cause");
    }
    cancelled = true;
    String words = message != null ? message : "the call was cancelled";
    endLocally(Status.CANCELLED.withDescription(words).withCause(cause));
  }

  @Override
  public boolean isReady() {
    return line != null && !halfClosed && !sendingPilesUp && ending.get() == null;
  }

  /** Something may have happened: have a turn on the executor. */
  void signal() {
    if (signals.getAndIncrement() == 0) {
      try {
        executor.execute(this::turns);
      } catch (RuntimeException e) {
        disconnect(); // the executor takes no more work: nobody can be told
      }
    }
  }

  private void turns() {
    Context before = context.attach();
    try {
      int answered = signals.get();
      while (answered != 0) {
        guardedTurn();
        answered = signals.addAndGet(-answered);
      }
    } finally {
      context.detach(before);
    }
  }

  /** What a listener throws ends its call, as gRPC does it; so does a refusal by the engine. */
  private void guardedTurn() {
    try {
      turn();
    } catch (EmberflowException e) {
      close(ending.get() != null ? ending.get() : internal(e), new Metadata());
    } catch (RuntimeException | Error e) {
      close(Status.CANCELLED.withDescription("a listener of the call failed").withCause(e), new Metadata());
    }
  }

  private void turn() {
    if (listener == null || closed) {
      return;
    }
    if (line != null) {
      line.stopKeeping();
    }
    while (ending.get() == null && sayReady() && deliverNext()) {}
    if (ending.get() != null) {
      close(ending.get(), new Metadata());
    }
  }

  /** Says {@code onReady} when sending became possible; always lets the turn go on. */
  private boolean sayReady() {
    if (sendingPilesUp && calls.callFlush(line.number)) {
      sendingPilesUp = false;
      saidReady = false;
    }
    if (!saidReady && !sendingPilesUp && !method.getType().clientSendsOneMessage()) {
      saidReady = true;
      listener.onReady();
    }
    return ending.get() == null;
  }

  /** Hands out one answer, if one is there and was asked for; answers whether to look again. */
  private boolean deliverNext() {
    int found = calls.callNext(line.number);
    if (found <= NativeCalls.ENDED) {
      closeAsTheEngineSays(NativeCalls.ENDED - found);
      return false;
    }
    if (found == NativeCalls.NOT_YET) {
      line.keep(this);
      return false;
    }
    if (requested.get() == 0) {
      keepWhileSendingPilesUp();
      return false;
    }
    deliver(found);
    return true;
  }

  private void keepWhileSendingPilesUp() {
    if (sendingPilesUp) {
      line.keep(this);
    }
  }

  private void deliver(int length) {
    requested.decrementAndGet();
    if (!saidHeaders) {
      saidHeaders = true;
      listener.onHeaders(new Metadata());
    }
    RespT answer;
    try {
      answer = method.parseResponse(new HeldAnswer(calls, line.number, length));
    } finally {
      calls.callTaken(line.number);
    }
    listener.onMessage(answer);
  }

  private void closeAsTheEngineSays(int code) {
    if (code == Status.Code.OK.value()) {
      close(Status.OK, new Metadata());
      return;
    }
    Metadata trailers = new Metadata();
    byte[] details = calls.callDetails(line.number);
    if (details.length > 0) {
      trailers.put(DETAILS, details);
    }
    close(Status.fromCodeValue(code).withDescription(calls.callMessage(line.number)), trailers);
  }

  private void close(Status status, Metadata trailers) {
    if (closed) {
      return;
    }
    closed = true;
    disconnect();
    listener.onClose(status, trailers);
  }

  /** Ends the call from this side: the engine stops at once, the listener hears of it in its turn. */
  private void endLocally(Status status) {
    if (ending.compareAndSet(null, status)) {
      disconnect();
      if (listener != null) {
        signal();
      }
    }
  }

  private void disconnect() {
    Switchboard.Line line = this.line;
    if (line != null) {
      line.disconnect();
    }
    ScheduledFuture<?> timer = deadlineTimer;
    if (timer != null) {
      timer.cancel(false);
    }
    context.removeListener(whenContextEnds);
  }

  private void connect(Metadata headers) {
    try {
      line = channel.startCall(this, method.getFullMethodName(), asciiHeaders(headers));
    } catch (EmberflowException e) {
      endLocally(internal(e));
    }
  }

  private void watch(Deadline deadline) {
    if (deadline != null) {
      deadlineTimer = deadline.runOnExpiration(() -> endLocally(deadlineExceeded()), Timer.ofDeadlines());
    }
    context.addListener(whenContextEnds, Runnable::run);
  }

  private void contextEnded(Context context) {
    boolean late = context.getDeadline() != null && context.getDeadline().isExpired();
    Status status = late ? deadlineExceeded() : Status.CANCELLED.withDescription("the caller's context was cancelled");
    endLocally(status.withCause(context.cancellationCause()));
  }

  private void requireStarted() {
    if (listener == null) {
      throw new IllegalStateException("call was not started");
    }
  }

  private void requireNotHalfClosed() {
    if (cancelled) {
      throw new IllegalStateException("call was cancelled");
    }
    if (halfClosed) {
      throw new IllegalStateException("call was already half-closed");
    }
  }

  private static Status deadlineExceeded() {
    return Status.DEADLINE_EXCEEDED.withDescription("the call's deadline has passed");
  }

  private static Status internal(EmberflowException e) {
    return Status.INTERNAL.withDescription(e.getMessage()).withCause(e);
  }

  private static Deadline earlier(Deadline one, Deadline other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.minimum(other);
  }

  private static byte[] bytesOf(InputStream message) throws IOException {
    try (message) {
      return message.readAllBytes();
    }
  }

  /** Names and values in turn; binary headers stay here, the engine reads none. */
  private static String[] asciiHeaders(Metadata headers) {
    List<String> pairs = new ArrayList<>();
    for (String name : headers.keys()) {
      if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        for (String value : headers.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER))) {
          pairs.add(name);
          pairs.add(value);
        }
      }
    }
    return pairs.toArray(new String[0]);
  }
}
