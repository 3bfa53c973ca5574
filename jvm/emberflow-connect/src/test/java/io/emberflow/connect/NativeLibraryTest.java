package io.emberflow.connect;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
  @TempDir Path cache;

  private Path version(String digest, int daysAgo) throws Exception {
    Path folder = Files.createDirectories(cache.resolve(digest));
    Files.writeString(folder.resolve("library"), "bytes");
    Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minus(daysAgo, ChronoUnit.DAYS)));
    return folder;
  }

  @Test
  void versionsThatNobodyLoadsAnyMoreAreForgotten() throws Exception {
    Path old = version("old", 40);
    Path recent = version("recent", 2);
    Path strange = Files.writeString(cache.resolve("a file of somebody else"), "");
    NativeLibrary.forgetUnused(cache);
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(recent.resolve("library")));
    assertTrue(Files.exists(strange));
  }

  @Test
  void thePlatformIsNamedAsTheArtifactsFoldersAre() {
    assertTrue(NativeLibrary.platform().matches("(linux|macos|windows)-(x86_64|aarch64)"), NativeLibrary.platform());
  }
}
