package io.emberflow.connect;

import static io.emberflow.connect.FakeEngine.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.emberflow.connect.FakeEngine.FakeCall;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sparkproject.io.grpc.CallOptions;
import org.sparkproject.io.grpc.Channel;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.ClientInterceptor;
import org.sparkproject.io.grpc.ConnectivityState;
import org.sparkproject.io.grpc.Metadata;
import org.sparkproject.io.grpc.MethodDescriptor;
import org.sparkproject.io.grpc.Status;

@Timeout(30)
class EmberflowChannelTest {
  private final FakeEngine engine = new FakeEngine();
  private final Switchboard switchboard = new Switchboard(engine);

  private EmberflowChannel open() {
    return new EmberflowChannelBuilder().build(switchboard);
  }

  private static Recorder start(Channel channel) {
    Recorder recorder = new Recorder();
    channel.newCall(Methods.SERVER_STREAM, CallOptions.DEFAULT).start(recorder, new Metadata());
    return recorder;
  }

  @Test
  void shuttingDownTwiceIsSafe() {
    EmberflowChannel channel = open();
    assertEquals(1, engine.openConnections());
    channel.shutdown();
    channel.shutdown();
    channel.shutdownNow();
    channel.shutdownNow();
    assertEquals(0, engine.openConnections());
    assertTrue(channel.isShutdown());
    assertTrue(channel.isTerminated());
  }

  @Test
  void aChannelUsedAfterItsShutdownOpensAgain() throws Exception {
    EmberflowChannel channel = open();
    Recorder before = start(channel);
    engine.nextStarted();
    channel.shutdownNow();
    assertEquals(Status.Code.UNAVAILABLE, before.awaitClose().getCode());
    Recorder after = start(channel);
    engine.nextStarted().end();
    assertEquals(Status.Code.OK, after.awaitClose().getCode());
    assertFalse(channel.isShutdown());
    assertEquals(1, engine.openConnections());
    channel.shutdown();
    assertEquals(0, engine.openConnections());
  }

  @Test
  void shutdownLetsCallsFinish() throws Exception {
    EmberflowChannel channel = open();
    Recorder recorder = start(channel);
    FakeCall fake = engine.nextStarted();
    channel.shutdown();
    assertTrue(channel.isShutdown());
    assertFalse(channel.isTerminated());
    assertFalse(channel.awaitTermination(20, TimeUnit.MILLISECONDS));
    assertFalse(fake.cancelled);
    fake.end();
    assertEquals(Status.Code.OK, recorder.awaitClose().getCode());
    assertTrue(channel.awaitTermination(5, TimeUnit.SECONDS));
    eventually("disconnected", () -> engine.openConnections() == 0);
  }

  @Test
  void shutdownNowEndsThem() throws Exception {
    EmberflowChannel channel = open();
    EmberflowChannel other = open();
    Recorder ours = start(channel);
    engine.nextStarted();
    Recorder theirs = start(other);
    FakeCall theirCall = engine.nextStarted();
    channel.shutdownNow();
    assertEquals(Status.Code.UNAVAILABLE, ours.awaitClose().getCode());
    assertTrue(channel.awaitTermination(5, TimeUnit.SECONDS));
    theirCall.end();
    assertEquals(Status.Code.OK, theirs.awaitClose().getCode());
  }

  @Test
  void itsStateIsToldWhenItChanges() throws Exception {
    EmberflowChannel channel = open();
    assertEquals(ConnectivityState.READY, channel.getState(true));
    CountDownLatch told = new CountDownLatch(1);
    channel.notifyWhenStateChanged(ConnectivityState.READY, told::countDown);
    assertEquals(1, told.getCount());
    channel.shutdown();
    assertTrue(told.await(5, TimeUnit.SECONDS));
    assertEquals(ConnectivityState.SHUTDOWN, channel.getState(false));
  }

  @Test
  void interceptorsSeeEveryCallInOrder() throws Exception {
    List<String> seen = new ArrayList<>();
    EmberflowChannel channel =
        new EmberflowChannelBuilder().intercept(noting("a", seen)).intercept(noting("b", seen)).build(switchboard);
    start(channel);
    engine.nextStarted();
    // As with gRPC, the one added last is asked first.
    assertEquals(List.of("b", "a"), seen);
  }

  private static ClientInterceptor noting(String name, List<String> seen) {
    return new ClientInterceptor() {
      @Override
      public <ReqT, RespT> ClientCall<ReqT, RespT> interceptCall(
          MethodDescriptor<ReqT, RespT> method, CallOptions options, Channel next) {
        seen.add(name);
        return next.newCall(method, options);
      }
    };
  }
}
