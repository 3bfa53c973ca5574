package io.emberflow.connect;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import org.sparkproject.io.grpc.ChannelCredentials;
import org.sparkproject.io.grpc.ManagedChannelBuilder;
import org.sparkproject.io.grpc.ManagedChannelProvider;
import org.sparkproject.io.grpc.netty.NettyChannelBuilder;

/**
 * Answers for the host {@code emberflow}; every other host is left to the network.
 *
 * <p>gRPC finds it by the file {@code META-INF/services/org.sparkproject.io.grpc.ManagedChannelProvider} and asks it
 * before Netty's, because its priority is higher.
 */
public final class EmberflowChannelProvider extends ManagedChannelProvider {
  private static final Pattern OUR_HOST =
      Pattern.compile("(dns:(///|//[^/]*/)?)?emberflow(:\\d+)?", Pattern.CASE_INSENSITIVE);
  private static final int ABOVE_NETTY = 10;

  static {
    // Here and not at the first call: loading opens java.nio to Arrow, which looks when it is initialised.
    NativeLibrary.loadIfPossible();
  }

  /** For the service loader. */
  public EmberflowChannelProvider() {}

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return ABOVE_NETTY;
  }

  @Override
  protected NewChannelBuilderResult newChannelBuilder(String target, ChannelCredentials credentials) {
    return isOurs(target)
        ? NewChannelBuilderResult.channelBuilder(new EmberflowChannelBuilder())
        : NewChannelBuilderResult.error("only the host `emberflow` is answered inside this JVM, not " + target);
  }

  @Override
  protected ManagedChannelBuilder<?> builderForAddress(String name, int port) {
    return isOurs(name) ? new EmberflowChannelBuilder() : NettyChannelBuilder.forAddress(name, port);
  }

  @Override
  protected ManagedChannelBuilder<?> builderForTarget(String target) {
    return isOurs(target) ? new EmberflowChannelBuilder() : NettyChannelBuilder.forTarget(target);
  }

  @Override
  protected Collection<Class<? extends SocketAddress>> getSupportedSocketAddressTypes() {
    return List.of(InetSocketAddress.class);
  }

  static boolean isOurs(String target) {
    return OUR_HOST.matcher(target).matches();
  }
}
