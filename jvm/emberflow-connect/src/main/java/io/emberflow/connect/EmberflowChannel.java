package io.emberflow.connect;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.sparkproject.io.grpc.CallOptions;
import org.sparkproject.io.grpc.Channel;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.ClientInterceptor;
import org.sparkproject.io.grpc.ClientInterceptors;
import org.sparkproject.io.grpc.ConnectivityState;
import org.sparkproject.io.grpc.ManagedChannel;
import org.sparkproject.io.grpc.MethodDescriptor;

/**
 * A connection to the engine in this JVM, in the shape of a gRPC channel.
 *
 * <p>After {@link #shutdown} the calls under way go on; {@link #shutdownNow} ends them. Both may be called repeatedly.
 *
 * <p>Unlike a channel over a network, this one opens again when it is used after a shutdown, for objects that outlive
 * their session's {@code stop()}: over a network Spark's client would retry for minutes.
 */
final class EmberflowChannel extends ManagedChannel {
  static final String AUTHORITY = "emberflow";

  private final Switchboard switchboard;
  private final Executor executor;
  private final Channel intercepted;
  private long connection;
  private int callsUnderWay;
  private boolean shutdown;
  private Runnable whenShutdown = () -> {};

  /** Connects; throws {@link EmberflowException} if the engine cannot be started. */
  EmberflowChannel(Switchboard switchboard, Executor executor, List<ClientInterceptor> interceptors) {
    this.switchboard = switchboard;
    this.executor = executor;
    this.intercepted = ClientInterceptors.intercept(new Core(), interceptors);
    this.connection = switchboard.calls().open();
  }

  @Override
  public <ReqT, RespT> ClientCall<ReqT, RespT> newCall(MethodDescriptor<ReqT, RespT> method, CallOptions options) {
    return intercepted.newCall(method, options);
  }

  @Override
  public String authority() {
    return AUTHORITY;
  }

  @Override
  public ManagedChannel shutdown() {
    Runnable listener = noteShutdown();
    closeIfTerminated();
    listener.run();
    return this;
  }

  @Override
  public ManagedChannel shutdownNow() {
    Runnable listener = noteShutdown();
    switchboard.calls().close(currentConnection());
    StoppedSessions.forget(this);
    listener.run();
    return this;
  }

  @Override
  public synchronized boolean isShutdown() {
    return shutdown;
  }

  @Override
  public synchronized boolean isTerminated() {
    return shutdown && callsUnderWay == 0;
  }

  @Override
  public synchronized boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    long until = System.nanoTime() + unit.toNanos(timeout);
    while (!isTerminated()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  @Override
  public ConnectivityState getState(boolean requestConnection) {
    return isShutdown() ? ConnectivityState.SHUTDOWN : ConnectivityState.READY;
  }

  @Override
  public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
    synchronized (this) {
      if (!shutdown && source == ConnectivityState.READY) {
        Runnable before = whenShutdown;
        whenShutdown =
            () -> {
              before.run();
              executor.execute(callback);
            };
        return;
      }
    }
    executor.execute(callback);
  }

  Switchboard switchboard() {
    return switchboard;
  }

  Executor executor() {
    return executor;
  }

  /** Starts a call on the engine. */
  Switchboard.Line startCall(EmberflowCall<?, ?> call, String method, String[] headers) {
    long open = connectionForACall();
    try {
      long number = switchboard.calls().callStart(open, method, headers);
      return switchboard.connect(number, call, this::callEnded);
    } catch (RuntimeException e) {
      callEnded();
      throw e;
    }
  }

  /** Counts a call in, and opens the channel again if it was shut down. */
  private synchronized long connectionForACall() {
    if (shutdown) {
      long again = switchboard.calls().open();
      switchboard.calls().close(connection);
      connection = again;
      shutdown = false;
    }
    callsUnderWay++;
    return connection;
  }

  private synchronized long currentConnection() {
    return connection;
  }

  private void callEnded() {
    synchronized (this) {
      callsUnderWay--;
      notifyAll();
    }
    closeIfTerminated();
  }

  private void closeIfTerminated() {
    if (isTerminated()) {
      switchboard.calls().close(currentConnection());
    }
  }

  private synchronized Runnable noteShutdown() {
    shutdown = true;
    Runnable listener = whenShutdown;
    whenShutdown = () -> {};
    notifyAll();
    return listener;
  }

  /** The channel behind the interceptors. */
  private final class Core extends Channel {
    @Override
    public <ReqT, RespT> ClientCall<ReqT, RespT> newCall(MethodDescriptor<ReqT, RespT> method, CallOptions options) {
      return new EmberflowCall<>(EmberflowChannel.this, method, options);
    }

    @Override
    public String authority() {
      return AUTHORITY;
    }
  }
}
