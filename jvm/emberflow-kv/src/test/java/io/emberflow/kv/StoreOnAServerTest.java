package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract over a network, with a server of its own that wants a token. */
class StoreOnAServerTest extends StoreContract {
  private static final ContainerAlias CONTAINER = new ContainerAlias("contract");

  @TempDir static Path folder;
  private static Server server;
  private static KeyValueOperations kv;

  @BeforeAll
  static void connect() throws IOException {
    server = Server.start(folder, "--token", "open sesame");
    kv = new KeyValueOperations(CONTAINER, Map.of("remote", server.url() + "/;token=open%20sesame"));
  }

  @AfterAll
  static void disconnect() {
    if (kv != null) {
      kv.close();
      server.close();
    }
  }

  @Override
  KeyValueOperations kv() {
    return kv;
  }

  @Test
  void aStrangerIsRefused() {
    try (var stranger = new KeyValueOperations(CONTAINER, Map.of("remote", server.url()))) {
      assertEquals("UNAUTHENTICATED", failure(stranger.get(new EmberPath("t"), "p")).code());
    }
  }

  @Test
  void theStoreOutlivesItsServer(@TempDir Path own) throws IOException {
    try (Server first = Server.start(own);
        var writer = new KeyValueOperations(CONTAINER, Map.of("remote", first.url()))) {
      assertTrue(writer.put(new EmberPath("t"), new SimpleRow("p", Map.of("a", 1))).join());
      first.close();
      assertEquals("UNAVAILABLE", failure(writer.get(new EmberPath("t"), "p")).code());
    }
    try (Server second = Server.start(own);
        var reader = new KeyValueOperations(CONTAINER, Map.of("remote", second.url()))) {
      assertEquals(Map.of("a", 1L), reader.get(new EmberPath("t"), "p").join().orElseThrow());
    }
  }

  private static TransportException failure(CompletableFuture<?> future) {
    return (TransportException) assertThrows(CompletionException.class, future::join).getCause();
  }
}
