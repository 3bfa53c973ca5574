package io.emberflow.connect;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.Metadata;
import org.sparkproject.io.grpc.Status;

/** Writes down what a call tells its listener. */
class Recorder extends ClientCall.Listener<String> {
  private final List<String> events = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  volatile Status status;
  volatile Metadata trailers;

  @Override
  public void onHeaders(Metadata headers) {
    note("headers");
  }

  @Override
  public void onMessage(String message) {
    note(message);
  }

  @Override
  public void onReady() {
    note("ready");
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    this.status = status;
    this.trailers = trailers;
    note("close " + status.getCode());
    over.countDown();
  }

  Status awaitClose() throws InterruptedException {
    if (!over.await(5, TimeUnit.SECONDS)) {
      throw new AssertionError("the call did not close; so far " + events());
    }
    return status;
  }

  synchronized List<String> events() {
    return List.copyOf(events);
  }

  private synchronized void note(String event) {
    events.add(event);
  }
}
