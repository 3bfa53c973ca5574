package io.emberflow.kv;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.sparkproject.io.grpc.CallOptions;
import org.sparkproject.io.grpc.ChannelCredentials;
import org.sparkproject.io.grpc.ClientCall;
import org.sparkproject.io.grpc.Grpc;
import org.sparkproject.io.grpc.InsecureChannelCredentials;
import org.sparkproject.io.grpc.ManagedChannel;
import org.sparkproject.io.grpc.Metadata;
import org.sparkproject.io.grpc.MethodDescriptor;
import org.sparkproject.io.grpc.Status;
import org.sparkproject.io.grpc.TlsChannelCredentials;

/**
 * Carries a request there and its answer back, as bytes, over a gRPC channel.
 *
 * <p>The channel is made of the classes that Spark's client brings along; for the host {@code emberflow} it is the one of
 * {@code emberflow-connect}, which ends in this JVM. Nothing is tried twice: a write may have been carried out.
 */
final class Transport implements AutoCloseable {
  private static final int MESSAGE_BYTES_MAX = 128 << 20;

  private static final MethodDescriptor<byte[], byte[]> EXECUTE =
      MethodDescriptor.newBuilder(new AsTheyAre(), new AsTheyAre())
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("emberflow.kv.KeyValue/Execute")
          .build();

  private final ManagedChannel channel;
  private final Map<String, String> headers;

  Transport(RemoteUrl url) {
    ChannelCredentials credentials = url.tls() ? TlsChannelCredentials.create() : InsecureChannelCredentials.create();
    this.channel = Grpc.newChannelBuilder(url.target(), credentials).maxInboundMessageSize(MESSAGE_BYTES_MAX).build();
    this.headers = url.headers();
  }

  /** One call; the future is completed with what {@code read} makes of the answer. Cancelling the future ends the call. */
  <T> CompletableFuture<T> call(byte[] request, Function<byte[], T> read) {
    ClientCall<byte[], byte[]> call = channel.newCall(EXECUTE, CallOptions.DEFAULT);
    CompletableFuture<T> future = new CompletableFuture<>();
    future.whenComplete(
        (value, failure) -> {
          if (future.isCancelled()) {
            call.cancel("the future was cancelled", null);
          }
        });
    call.start(new Answer<>(future, read), metadata());
    call.request(2); // one more than comes, as gRPC does it, so that the end is heard
    call.sendMessage(request);
    call.halfClose();
    return future;
  }

  /** Calls under way go on. */
  @Override
  public void close() {
    channel.shutdown();
  }

  private Metadata metadata() {
    Metadata metadata = new Metadata();
    headers.forEach((name, value) -> metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    return metadata;
  }

  /** Hears the one answer of a call. */
  private static final class Answer<T> extends ClientCall.Listener<byte[]> {
    private final CompletableFuture<T> future;
    private final Function<byte[], T> read;
    private byte[] answer;

    Answer(CompletableFuture<T> future, Function<byte[], T> read) {
      this.future = future;
      this.read = read;
    }

    @Override
    public void onMessage(byte[] message) {
      answer = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (!status.isOk() || answer == null) {
        future.completeExceptionally(failure(status));
        return;
      }
      T value;
      try {
        value = read.apply(answer);
      } catch (RuntimeException e) {
        future.completeExceptionally(e);
        return;
      }
      future.complete(value);
    }

    private static TransportException failure(Status status) {
      String code = status.isOk() ? Status.Code.INTERNAL.name() : status.getCode().name();
      String words = status.isOk() ? "no answer came" : status.getDescription();
      return new TransportException(code, words == null ? code : code + ": " + words, status.getCause());
    }
  }

  /** Messages are bytes already. */
  private static final class AsTheyAre implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
