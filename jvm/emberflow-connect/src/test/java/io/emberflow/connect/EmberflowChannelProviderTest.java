package io.emberflow.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sparkproject.io.grpc.Grpc;
import org.sparkproject.io.grpc.InsecureChannelCredentials;
import org.sparkproject.io.grpc.ManagedChannelBuilder;
import org.sparkproject.io.grpc.netty.NettyChannelBuilder;

class EmberflowChannelProviderTest {
  @ParameterizedTest
  @ValueSource(strings = {"emberflow", "emberflow:15002", "EmberFlow:1", "dns:///emberflow:15002", "dns:emberflow"})
  void theHostEmberflowIsOurs(String target) {
    assertTrue(EmberflowChannelProvider.isOurs(target));
    assertInstanceOf(
        EmberflowChannelBuilder.class, Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()));
    assertInstanceOf(EmberflowChannelBuilder.class, ManagedChannelBuilder.forTarget(target));
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost:15002", "emberflow.example:15002", "my-emberflow", "10.0.0.1:443"})
  void everyOtherHostIsLeftToTheNetwork(String target) {
    assertFalse(EmberflowChannelProvider.isOurs(target));
    assertInstanceOf(NettyChannelBuilder.class, Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()));
    assertInstanceOf(NettyChannelBuilder.class, ManagedChannelBuilder.forTarget(target));
  }

  @Test
  void anAddressIsJudgedByItsHost() {
    assertInstanceOf(EmberflowChannelBuilder.class, ManagedChannelBuilder.forAddress("emberflow", 15002));
    assertInstanceOf(NettyChannelBuilder.class, ManagedChannelBuilder.forAddress("localhost", 15002));
  }

  @Test
  void thePlatformHasThePlainNamesOfTheArtifactsFolders() {
    assertTrue(NativeLibrary.platform().matches("(linux|macos|windows)-(x86_64|aarch64)"), NativeLibrary.platform());
    assertEquals(NativeLibrary.platform(), NativeLibrary.platform().trim());
  }
}
