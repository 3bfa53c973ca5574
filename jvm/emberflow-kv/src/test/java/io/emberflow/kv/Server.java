package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code emberflow serve} in a process of its own, on a free port, with its store in a folder. */
final class Server implements AutoCloseable {
  private static final String PROMPT = "listening on ";

  private final Process process;
  private final String url;

  private Server(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /** Starts the program that {@code -Demberflow.program} names; without it the tests that ask are skipped. */
  static Server start(Path folder, String... more) throws IOException {
    String program = System.getProperty("emberflow.program", "");
    assumeFalse(program.isEmpty(), "-Demberflow.program names the program to start");
    List<String> command = new ArrayList<>(List.of(program, "serve", "--port", "0"));
    command.addAll(List.of("--warehouse", folder.resolve("warehouse").toString()));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader said = new BufferedReader(process.inputReader(StandardCharsets.UTF_8));
    String line = said.readLine();
    assertTrue(line != null && line.startsWith(PROMPT), "the server said: " + line);
    return new Server(process, line.substring(PROMPT.length()));
  }

  /** Puts a stream into the store of a server that is not started yet, with the program beside it. */
  static void makeStream(Path folder, String path) throws IOException, InterruptedException {
    Path program = Path.of(System.getProperty("emberflow.program", ""));
    Path maker = program.resolveSibling("examples").resolve("stream");
    assumeTrue(Files.isExecutable(maker), maker + " was not built");
    String store = folder.resolve("warehouse").resolve(".nosql").toString();
    assertEquals(0, new ProcessBuilder(maker.toString(), store, path).inheritIO().start().waitFor());
  }

  String url() {
    return url;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the server ends when it is told to");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
