package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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

  @Test
  void aStreamIsNoTable(@TempDir Path own) throws Exception {
    Server.makeStream(own, "ember://streams/log");
    EmberPath log = new EmberPath("ember://streams/log");
    try (Server server = Server.start(own);
        var kv = new KeyValueOperations(CONTAINER, Map.of("remote", server.url()))) {
      Tables.assertFails("NotATable", kv.put(log, new SimpleRow("p")));
      Tables.assertFails("NotATable", kv.get(log, "p"));
      Tables.assertFails("NotATable", kv.deleteTable(log, true));
      Tables.assertFails("NotATable", kv.describe(log, false));
      SparkSession spark = SparkSession.builder().remote(server.url()).create();
      var rows = spark.sql("SELECT 'q' AS k").write().format("nosql").mode("append").option("key", "k");
      for (Executable work :
          List.<Executable>of(
              () -> spark.read().format("nosql").load("ember://streams/log").collect(),
              () -> spark.sql("SELECT * FROM nosql.`ember://streams/log`").collect(),
              () -> rows.save("ember://streams/log"))) {
        SparkThrowable refused = (SparkThrowable) assertThrows(Exception.class, work);
        assertEquals("NOSQL.NOT_A_TABLE", refused.getCondition());
      }
      spark.close();
    }
  }

  /** A certificate of nobody's: a client that trusts it gets through, another one does not. */
  @Test
  void tlsIsSpokenWithServersThatAreTrusted(@TempDir Path own) throws Exception {
    Path key = own.resolve("key.pem");
    Path certificate = own.resolve("certificate.pem");
    List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"));
    command.addAll(List.of("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost"));
    command.addAll(List.of("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"));
    command.addAll(List.of("-keyout", key.toString(), "-out", certificate.toString()));
    assertEquals(0, new ProcessBuilder(command).redirectErrorStream(true).start().waitFor());
    EmberPath table = new EmberPath("t");
    try (Server server = Server.start(own, "--tls-cert", certificate.toString(), "--tls-key", key.toString())) {
      Map<String, String> settings = Map.of("remote", server.url() + "/;use_ssl=true");
      try (var stranger = new KeyValueOperations(CONTAINER, settings)) {
        assertEquals("UNAVAILABLE", failure(stranger.get(table, "p")).code());
      }
      trust(certificate, own.resolve("trusted.p12"));
      try (var kv = new KeyValueOperations(CONTAINER, settings)) {
        assertTrue(kv.put(table, new SimpleRow("p", Map.of("a", 1))).join());
        assertEquals(Map.of("a", 1L), kv.get(table, "p").join().orElseThrow());
      }
    } finally {
      System.clearProperty("javax.net.ssl.trustStore");
      System.clearProperty("javax.net.ssl.trustStorePassword");
    }
  }

  private static void trust(Path certificate, Path store) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (var pem = Files.newInputStream(certificate)) {
      trusted.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    try (var out = Files.newOutputStream(store)) {
      trusted.store(out, "changeit".toCharArray());
    }
    System.setProperty("javax.net.ssl.trustStore", store.toString());
    System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
  }

  private static TransportException failure(CompletableFuture<?> future) {
    return (TransportException) assertThrows(CompletionException.class, future::join).getCause();
  }
}
