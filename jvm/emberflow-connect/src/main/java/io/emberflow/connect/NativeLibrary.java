package io.emberflow.connect;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Finds and loads the engine's native library, once for this JVM (and once more for each further class loader).
 *
 * <p>In this order: the file or folder named by {@code -Demberflow.library.path}; the resource of the artifact {@code
 * emberflow-native}, unpacked once per version into a folder of the user's cache ({@code -Demberflow.cache.path},
 * {@code XDG_CACHE_HOME} or {@code ~/.cache}, below {@code emberflow/native}).
 */
final class NativeLibrary {
  private static final String NAME = System.mapLibraryName("emberflow_jvm");
  private static final int UNUSED_DAYS_MAX = 14;

  /** Why loading failed; null if it did not. Set once, when this class is initialised. */
  private static final Throwable FAILURE = load();

  private NativeLibrary() {}

  /** Loads the library now; a failure is kept for {@link #requireLoaded}, so the network stays usable without it. */
  static void loadIfPossible() {
    // Initialising the class has done it.
  }

  /** Refuses, with the reason, if the library could not be loaded. */
  static void requireLoaded() {
    if (FAILURE != null) {
      throw new EmberflowException(
          EmberflowException.Kind.NOT_FOUND,
          "Emberflow's native library could not be loaded: " + FAILURE.getMessage(),
          FAILURE);
    }
  }

  private static Throwable load() {
    try {
      String named = System.getProperty("emberflow.library.path");
      loadOnceForThisLoader(named != null ? insideOf(Path.of(named)) : unpacked());
      return null;
    } catch (IOException | RuntimeException | LinkageError e) {
      return e;
    }
  }

  /**
   * A JVM gives each library file to one class loader only. Where several applications live in one JVM, the later ones load
   * a copy, which is an engine of its own; its file is gone as soon as it is loaded.
   */
  private static void loadOnceForThisLoader(Path library) throws IOException {
    try {
      System.load(library.toAbsolutePath().toString());
    } catch (UnsatisfiedLinkError e) {
      if (e.getMessage() == null || !e.getMessage().contains("already loaded in another classloader")) {
        throw e;
      }
      Path copy = Files.createTempFile("emberflow", NAME);
      try {
        Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
        System.load(copy.toAbsolutePath().toString());
      } finally {
        deleteNowOrAtExit(copy);
      }
    }
  }

  private static void deleteNowOrAtExit(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      file.toFile().deleteOnExit(); // where a loaded file cannot be deleted
    }
  }

  private static Path insideOf(Path named) {
    return Files.isDirectory(named) ? named.resolve(NAME) : named;
  }

  /** The library as a file; unpacks it unless an earlier JVM already has. */
  private static Path unpacked() throws IOException {
    String resource = "/io/emberflow/native/" + platform() + "/" + NAME;
    String digest = digestOf(resource);
    Path cache = cacheFolder();
    Path folder = cache.resolve(digest);
    Path library = folder.resolve(NAME);
    if (Files.exists(library)) {
      Files.setLastModifiedTime(folder, FileTime.from(Instant.now())); // when it was last used
    } else {
      Files.createDirectories(folder);
      unpack(resource, library);
      forgetUnused(cache);
    }
    return library;
  }

  /** Deletes libraries of other versions that no JVM has loaded for a while; failing to is no failure. */
  static void forgetUnused(Path cache) {
    FileTime old = FileTime.from(Instant.now().minus(UNUSED_DAYS_MAX, ChronoUnit.DAYS));
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(cache)) {
      for (Path version : versions) {
        if (Files.isDirectory(version) && Files.getLastModifiedTime(version).compareTo(old) < 0) {
          deleteFlat(version);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // It stays where it is.
    }
  }

  private static void deleteFlat(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static String digestOf(String resource) throws IOException {
    try (InputStream in = NativeLibrary.class.getResourceAsStream(resource + ".sha256")) {
      if (in == null) {
        throw new IOException(
            "the class path has no emberflow-native for " + platform() + " (and -Demberflow.library.path is not set)");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII).trim();
    }
  }

  /** Writes beside and renames, so that another JVM never sees half a library. */
  private static void unpack(String resource, Path library) throws IOException {
    Path beside = Files.createTempFile(library.getParent(), NAME, ".part");
    try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("emberflow-native lacks " + resource);
      }
      Files.copy(in, beside, StandardCopyOption.REPLACE_EXISTING);
      rename(beside, library);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  private static void rename(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** A folder that only this user writes to; one of this JVM alone if the home folder cannot be written. */
  private static Path cacheFolder() throws IOException {
    Path folder = preferredCacheFolder();
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      Path own = Files.createTempDirectory("emberflow-native");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> deleteTree(own)));
      return own;
    }
  }

  private static void deleteTree(Path root) {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      // Left to whoever cleans the folder of temporary files.
    }
  }

  private static Path preferredCacheFolder() {
    String named = System.getProperty("emberflow.cache.path");
    if (named != null) {
      return Path.of(named);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path cache =
        xdg != null && !xdg.isEmpty() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
    return cache.resolve("emberflow").resolve("native");
  }

  /** For instance {@code linux-x86_64}; the artifact's folders are named so. */
  static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String system = os.startsWith("mac") ? "macos" : os.startsWith("windows") ? "windows" : os;
    return system + "-" + (arch.equals("amd64") ? "x86_64" : arch.equals("arm64") ? "aarch64" : arch);
  }
}
