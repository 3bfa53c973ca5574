package io.emberflow.connect;

/**
 * Calls into the engine, as numbers and bytes.
 *
 * <p>Connections and calls are named by numbers that are never used twice. Using a closed one is refused with an {@link
 * EmberflowException} that names it; closing or cancelling one twice does nothing. Every method may be called from any
 * thread, and none blocks but {@link #awaitWakes}.
 *
 * <p>The engine is {@link Native}; tests have one of their own.
 */
interface NativeCalls {
  /** From {@link #callNext}: nothing now; the call's number will come out of {@link #awaitWakes}. */
  int NOT_YET = -1;

  /** From {@link #callNext}: this or less means that the call is over, with gRPC code {@code ENDED - result}. */
  int ENDED = -2;

  /** Connects to the engine and starts it if need be. */
  long open();

  /** Closes a connection; its calls end as unavailable. */
  void close(long connection);

  /** Starts a call; {@code headers} are name, value, name, value. */
  long callStart(long connection, String method, String[] headers);

  /**
   * Sends a request message.
   *
   * @return false if messages now pile up; the call's number will then come out of {@link #awaitWakes}
   */
  boolean callSend(long call, byte[] message);

  /** No more requests will come. */
  void callHalfClose(long call);

  /** Moves on what waits to be sent; answers as {@link #callSend}. */
  boolean callFlush(long call);

  /** The length of the next answer, which is held until {@link #callTaken}, or {@link #NOT_YET}, or {@link #ENDED}. */
  int callNext(long call);

  /** Copies bytes of the held answer, from position {@code from}, into {@code into}. */
  void callRead(long call, int from, byte[] into, int offset, int length);

  /** The held answer was read. */
  void callTaken(long call);

  /** The message of the status a call ended with; empty if it has none. */
  String callMessage(long call);

  /** The serialized {@code google.rpc.Status} a call ended with; empty if there is none. */
  byte[] callDetails(long call);

  /** Forgets a call; one still under way is cancelled. */
  void callCancel(long call);

  /** Blocks until some calls have something new; puts their numbers into {@code into}, answers how many. */
  int awaitWakes(long[] into);
}
