package io.emberflow.connect;

import static io.emberflow.connect.FakeEngine.eventually;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.emberflow.connect.FakeEngine.FakeCall;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sparkproject.io.grpc.CallOptions;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.Context;
import org.sparkproject.io.grpc.Metadata;
import org.sparkproject.io.grpc.MethodDescriptor;
import org.sparkproject.io.grpc.Status;
import org.sparkproject.io.grpc.StatusRuntimeException;
import org.sparkproject.io.grpc.stub.ClientCalls;

@Timeout(30)
class EmberflowCallTest {
  private final FakeEngine engine = new FakeEngine();
  private final Switchboard switchboard = new Switchboard(engine);
  private final EmberflowChannel channel = new EmberflowChannelBuilder().build(switchboard);

  private ClientCall<String, String> started(MethodDescriptor<String, String> method, Recorder recorder) {
    return started(method, recorder, CallOptions.DEFAULT);
  }

  private ClientCall<String, String> started(
      MethodDescriptor<String, String> method, Recorder recorder, CallOptions options) {
    ClientCall<String, String> call = channel.newCall(method, options);
    call.start(recorder, new Metadata());
    return call;
  }

  @Test
  void aBlockingCallComesBackWithItsAnswer() throws Exception {
    AtomicReference<FakeCall> seen = new AtomicReference<>();
    Thread answering =
        new Thread(
            () -> {
              try {
                FakeCall call = engine.nextStarted();
                seen.set(call);
                eventually("half-closed", () -> call.halfClosed);
                call.answer("42").end();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    answering.start();
    String answer = ClientCalls.blockingUnaryCall(channel, Methods.UNARY, CallOptions.DEFAULT, "question");
    answering.join();
    assertEquals("42", answer);
    assertEquals(List.of("question"), seen.get().requests());
    assertEquals("test.Service/UNARY", seen.get().method);
    assertEquals(0, switchboard.lines(), "nothing is left of the call");
  }

  @Test
  void onlyWhatWasRequestedIsTaken() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    FakeCall fake = engine.nextStarted().answer("a", "b", "c", "d");
    call.request(2);
    eventually("two taken", () -> fake.taken == 2);
    Thread.sleep(30);
    assertEquals(List.of("headers", "a", "b"), recorder.events());
    assertEquals(2, fake.taken);
    call.request(1);
    eventually("a third", () -> recorder.events().contains("c"));
    assertEquals(3, fake.taken);
  }

  @Test
  void theEndIsToldThoughNothingMoreWasRequested() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    FakeCall fake = engine.nextStarted().answer("a");
    call.request(1);
    eventually("taken", () -> fake.taken == 1);
    fake.end();
    assertEquals(Status.Code.OK, recorder.awaitClose().getCode());
    assertEquals(List.of("headers", "a", "close OK"), recorder.events());
  }

  @Test
  void theEndWaitsForAnswersThatWereNotRequested() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    engine.nextStarted().answer("a").end();
    Thread.sleep(30);
    assertEquals(List.of(), recorder.events());
    call.request(1);
    recorder.awaitClose();
    assertEquals(List.of("headers", "a", "close OK"), recorder.events());
  }

  @Test
  void anEmptyMessageIsAMessage() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    engine.nextStarted().answer("", "").end();
    call.request(5);
    recorder.awaitClose();
    assertEquals(List.of("headers", "", "", "close OK"), recorder.events());
  }

  @Test
  void aFailureCarriesItsDetailsInTheTrailer() throws Exception {
    byte[] details = {8, 13, -1, 0};
    Thread answering =
        new Thread(
            () -> {
              try {
                engine.nextStarted().end(13, "[DIVIDE_BY_ZERO] no", details);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    answering.start();
    StatusRuntimeException e =
        assertThrows(
            StatusRuntimeException.class,
            () -> ClientCalls.blockingUnaryCall(channel, Methods.UNARY, CallOptions.DEFAULT, "q"));
    assertEquals(Status.Code.INTERNAL, e.getStatus().getCode());
    assertEquals("[DIVIDE_BY_ZERO] no", e.getStatus().getDescription());
    assertArrayEquals(details, e.getTrailers().get(EmberflowCall.DETAILS));
  }

  @Test
  void aFailureWithoutDetailsHasNoTrailer() throws Exception {
    Recorder recorder = new Recorder();
    started(Methods.SERVER_STREAM, recorder);
    engine.nextStarted().end(5, "gone", new byte[0]);
    assertEquals(Status.Code.NOT_FOUND, recorder.awaitClose().getCode());
    assertFalse(recorder.trailers.containsKey(EmberflowCall.DETAILS));
  }

  @Test
  void cancellingStopsTheEngineAtOnceAndTellsTheListenerWhy() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    FakeCall fake = engine.nextStarted();
    Exception why = new Exception("why");
    call.cancel("enough", why);
    assertTrue(fake.cancelled, "before cancel returned");
    Status status = recorder.awaitClose();
    assertEquals(Status.Code.CANCELLED, status.getCode());
    assertEquals("enough", status.getDescription());
    assertSame(why, status.getCause());
    call.cancel("again", null);
    Thread.sleep(20);
    assertEquals(List.of("close CANCELLED"), recorder.events());
  }

  @Test
  void cancellingFromAnotherThreadFreesABlockedReader() throws Exception {
    ClientCall<String, String> call = channel.newCall(Methods.SERVER_STREAM, CallOptions.DEFAULT);
    Recorder recorder = new Recorder();
    call.start(recorder, new Metadata());
    call.request(1);
    FakeCall fake = engine.nextStarted();
    Thread other = new Thread(() -> call.cancel("from elsewhere", null));
    other.start();
    assertEquals(Status.Code.CANCELLED, recorder.awaitClose().getCode());
    other.join();
    assertTrue(fake.cancelled);
  }

  @Test
  void interruptingABlockedThreadCancelsItsCall() throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                ClientCalls.blockingUnaryCall(channel, Methods.UNARY, CallOptions.DEFAULT, "q");
              } catch (StatusRuntimeException e) {
                thrown.set(e);
              }
            });
    reader.start();
    FakeCall fake = engine.nextStarted();
    reader.interrupt();
    reader.join(5000);
    assertTrue(fake.cancelled);
    assertEquals(Status.Code.CANCELLED, Status.fromThrowable(thrown.get()).getCode());
  }

  @Test
  void aDeadlineEndsTheCall() throws Exception {
    Recorder recorder = new Recorder();
    started(Methods.SERVER_STREAM, recorder, CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.MILLISECONDS))
        .request(1);
    FakeCall fake = engine.nextStarted();
    assertEquals(Status.Code.DEADLINE_EXCEEDED, recorder.awaitClose().getCode());
    assertTrue(fake.cancelled);
  }

  @Test
  void aDeadlineInThePastStartsNothing() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call =
        started(Methods.UNARY, recorder, CallOptions.DEFAULT.withDeadlineAfter(-1, TimeUnit.SECONDS));
    call.request(2);
    call.sendMessage("into the void");
    call.halfClose();
    assertEquals(Status.Code.DEADLINE_EXCEEDED, recorder.awaitClose().getCode());
    assertTrue(engine.nothingStarted());
  }

  @Test
  void aDeadlineThatIsKeptDoesNothing() throws Exception {
    Recorder recorder = new Recorder();
    started(Methods.SERVER_STREAM, recorder, CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.MILLISECONDS));
    engine.nextStarted().end();
    recorder.awaitClose();
    Thread.sleep(90);
    assertEquals(List.of("close OK"), recorder.events());
  }

  @Test
  void theCallersContextCancelsAndItsDeadlineCounts() throws Exception {
    Recorder recorder = new Recorder();
    Context.CancellableContext context = Context.current().withCancellation();
    context.run(() -> started(Methods.SERVER_STREAM, recorder));
    FakeCall fake = engine.nextStarted();
    context.cancel(null);
    assertEquals(Status.Code.CANCELLED, recorder.awaitClose().getCode());
    assertTrue(fake.cancelled);
  }

  @Test
  void callbacksComeOneAtATimeOnTheCallsExecutor() throws Exception {
    ExecutorService pool =
        Executors.newFixedThreadPool(4, task -> new Thread(task, "mine"));
    AtomicInteger inside = new AtomicInteger();
    List<String> wrong = new ArrayList<>();
    Recorder recorder =
        new Recorder() {
          @Override
          public void onMessage(String message) {
            if (inside.incrementAndGet() != 1 || !Thread.currentThread().getName().equals("mine")) {
              wrong.add(message + " on " + Thread.currentThread());
            }
            Thread.onSpinWait();
            super.onMessage(message);
            inside.decrementAndGet();
          }
        };
    ClientCall<String, String> call =
        started(Methods.SERVER_STREAM, recorder, CallOptions.DEFAULT.withExecutor(pool));
    FakeCall fake = engine.nextStarted();
    List<String> expected = new ArrayList<>(List.of("headers"));
    for (int i = 0; i < 500; i++) {
      fake.answer("" + i);
      call.request(1);
      expected.add("" + i);
    }
    fake.end();
    recorder.awaitClose();
    expected.add("close OK");
    assertEquals(expected, recorder.events());
    assertEquals(List.of(), wrong);
    pool.shutdown();
  }

  @Test
  void aListenerMayRequestInsideItsCallbackOnADirectExecutor() throws Exception {
    AtomicReference<ClientCall<String, String>> call = new AtomicReference<>();
    Recorder recorder =
        new Recorder() {
          @Override
          public void onMessage(String message) {
            super.onMessage(message);
            call.get().request(1);
          }
        };
    call.set(channel.newCall(Methods.SERVER_STREAM, CallOptions.DEFAULT.withExecutor(Runnable::run)));
    call.get().start(recorder, new Metadata());
    FakeCall fake = engine.nextStarted();
    call.get().request(1);
    fake.answer("a", "b", "c").end();
    recorder.awaitClose();
    assertEquals(List.of("headers", "a", "b", "c", "close OK"), recorder.events());
  }

  @Test
  void aClientStreamHearsWhenItMaySend() throws Exception {
    Recorder recorder = new Recorder();
    ClientCall<String, String> call = started(Methods.CLIENT_STREAM, recorder);
    call.request(2);
    FakeCall fake = engine.nextStarted();
    eventually("ready", () -> recorder.events().equals(List.of("ready")));
    assertTrue(call.isReady());
    call.sendMessage("one");
    assertTrue(call.isReady());
    fake.takeNoRequests(true);
    call.sendMessage("two");
    assertFalse(call.isReady());
    fake.takeNoRequests(false);
    eventually("ready again", () -> recorder.events().equals(List.of("ready", "ready")));
    assertTrue(call.isReady());
    call.sendMessage("three");
    call.halfClose();
    assertFalse(call.isReady());
    fake.answer("sum").end();
    recorder.awaitClose();
    assertEquals(List.of("one", "two", "three"), fake.requests());
    assertEquals(List.of("ready", "ready", "headers", "sum", "close OK"), recorder.events());
  }

  @Test
  void aListenerThatThrowsEndsItsCall() throws Exception {
    IllegalStateException thrown = new IllegalStateException("mine");
    Recorder recorder =
        new Recorder() {
          @Override
          public void onMessage(String message) {
            throw thrown;
          }
        };
    ClientCall<String, String> call = started(Methods.SERVER_STREAM, recorder);
    FakeCall fake = engine.nextStarted().answer("a");
    call.request(1);
    Status status = recorder.awaitClose();
    assertEquals(Status.Code.CANCELLED, status.getCode());
    assertSame(thrown, status.getCause());
    assertTrue(fake.cancelled);
  }

  @Test
  void misuseIsRefusedAsGrpcRefusesIt() {
    ClientCall<String, String> call = channel.newCall(Methods.UNARY, CallOptions.DEFAULT);
    assertThrows(IllegalStateException.class, () -> call.request(1));
    assertThrows(IllegalStateException.class, () -> call.sendMessage("x"));
    call.start(new Recorder(), new Metadata());
    assertThrows(IllegalStateException.class, () -> call.start(new Recorder(), new Metadata()));
    assertThrows(IllegalArgumentException.class, () -> call.request(-1));
    call.halfClose();
    assertThrows(IllegalStateException.class, call::halfClose);
    assertThrows(IllegalStateException.class, () -> call.sendMessage("x"));
  }

  @Test
  void headersArrive() throws Exception {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-token", Metadata.ASCII_STRING_MARSHALLER), "t");
    headers.put(Metadata.Key.of("x-raw-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {1});
    channel.newCall(Methods.UNARY, CallOptions.DEFAULT).start(new Recorder(), headers);
    assertEquals(List.of("x-token", "t"), engine.nextStarted().headers);
  }

  @Test
  void anIteratorForgottenHalfReadCancelsItsCall() throws Exception {
    FakeCall fake = readOneAndForget();
    eventually(
        "cancelled by the garbage collector",
        () -> {
          System.gc();
          return fake.cancelled;
        });
    eventually("no line left", () -> switchboard.lines() == 0);
  }

  private FakeCall readOneAndForget() throws InterruptedException {
    Iterator<String> iterator =
        ClientCalls.blockingServerStreamingCall(channel, Methods.SERVER_STREAM, CallOptions.DEFAULT, "q");
    FakeCall fake = engine.nextStarted().answer("a", "b", "c");
    assertEquals("a", iterator.next());
    return fake;
  }

  @Test
  void aCallThatSomebodyWaitsForIsNotCollected() throws Exception {
    CountDownLatch heard = new CountDownLatch(1);
    WeakReference<?> call = startAndForget(heard);
    FakeCall fake = engine.nextStarted();
    for (int i = 0; i < 5; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertFalse(fake.cancelled);
    assertFalse(call.refersTo(null));
    fake.answer("late").end();
    assertTrue(heard.await(5, TimeUnit.SECONDS));
  }

  private WeakReference<?> startAndForget(CountDownLatch heard) {
    ClientCall<String, String> call = channel.newCall(Methods.SERVER_STREAM, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(String message) {
            heard.countDown();
          }
        },
        new Metadata());
    call.request(1);
    return new WeakReference<>(call);
  }
}
