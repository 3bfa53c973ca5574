package io.emberflow.connect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.sparkproject.io.grpc.ClientInterceptor;
import org.sparkproject.io.grpc.CompressorRegistry;
import org.sparkproject.io.grpc.DecompressorRegistry;
import org.sparkproject.io.grpc.ManagedChannel;
import org.sparkproject.io.grpc.ManagedChannelBuilder;
import org.sparkproject.io.grpc.NameResolver;
import org.sparkproject.io.grpc.ProxyDetector;

/**
 * Builds an {@link EmberflowChannel}.
 *
 * <p>Executors and interceptors matter. Settings about a network (TLS, keep-alive, compression, retries of a transport,
 * sizes of frames) are accepted and have nothing to act on.
 */
final class EmberflowChannelBuilder extends ManagedChannelBuilder<EmberflowChannelBuilder> {
  private final List<ClientInterceptor> interceptors = new ArrayList<>();
  private Executor executor;

  @Override
  public EmberflowChannelBuilder executor(Executor executor) {
    this.executor = executor;
    return this;
  }

  @Override
  public EmberflowChannelBuilder directExecutor() {
    return executor(Runnable::run);
  }

  @Override
  public EmberflowChannelBuilder intercept(List<ClientInterceptor> interceptors) {
    this.interceptors.addAll(interceptors);
    return this;
  }

  @Override
  public EmberflowChannelBuilder intercept(ClientInterceptor... interceptors) {
    return intercept(List.of(interceptors));
  }

  @Override
  public ManagedChannel build() {
    NativeLibrary.requireLoaded();
    return build(Switchboard.ofEngine());
  }

  /** The channel of another engine; for tests. */
  EmberflowChannel build(Switchboard switchboard) {
    Executor chosen = executor != null ? executor : Daemons.forCallbacks();
    return new EmberflowChannel(switchboard, chosen, interceptors);
  }

  @Override
  public EmberflowChannelBuilder userAgent(String userAgent) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder overrideAuthority(String authority) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder usePlaintext() {
    return this;
  }

  @Override
  public EmberflowChannelBuilder useTransportSecurity() {
    return this;
  }

  // Deprecated by gRPC, abstract all the same.
  @Override
  @SuppressWarnings("deprecation")
  public EmberflowChannelBuilder nameResolverFactory(NameResolver.Factory factory) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder defaultLoadBalancingPolicy(String policy) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder decompressorRegistry(DecompressorRegistry registry) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder compressorRegistry(CompressorRegistry registry) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder idleTimeout(long value, TimeUnit unit) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder keepAliveTime(long time, TimeUnit unit) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder keepAliveTimeout(long time, TimeUnit unit) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder keepAliveWithoutCalls(boolean enable) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder maxInboundMessageSize(int bytes) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder maxInboundMetadataSize(int bytes) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder maxRetryAttempts(int attempts) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder maxHedgedAttempts(int attempts) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder retryBufferSize(long bytes) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder perRpcBufferLimit(long bytes) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder disableRetry() {
    return this;
  }

  @Override
  public EmberflowChannelBuilder enableRetry() {
    return this;
  }

  @Override
  public EmberflowChannelBuilder maxTraceEvents(int events) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder proxyDetector(ProxyDetector detector) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder defaultServiceConfig(Map<String, ?> config) {
    return this;
  }

  @Override
  public EmberflowChannelBuilder disableServiceConfigLookUp() {
    return this;
  }

  @Override
  public EmberflowChannelBuilder offloadExecutor(Executor executor) {
    return this;
  }
}
