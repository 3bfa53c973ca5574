package io.emberflow.examples;

import static io.emberflow.examples.Spark.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/** Two applications in one JVM: each class loader has an engine of its own, and leaves no copy of the library behind. */
@Timeout(120)
@EnabledIf("embedded")
class LoadersTest {
  static boolean embedded() {
    return Spark.embedded();
  }

  private static URL[] classPath() throws Exception {
    String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<URL> urls = new ArrayList<>();
    for (String entry : path.split(File.pathSeparator)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    return urls.toArray(new URL[0]);
  }

  private static Object call(ClassLoader loader, String type, String method) throws Exception {
    Method found = Class.forName("io.emberflow.connect." + type, true, loader).getDeclaredMethod(method);
    found.setAccessible(true);
    return found.invoke(null);
  }

  private static long copies() throws Exception {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      String library = System.mapLibraryName("emberflow_jvm");
      return files.filter(file -> file.getFileName().toString().endsWith(library)).count();
    }
  }

  @Test
  void anotherClassLoaderLoadsTheLibraryToo() throws Exception {
    assertEquals(List.of("3"), rows(Spark.session().sql("SELECT 1 + 2")));
    long before = copies();
    try (URLClassLoader other = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
      call(other, "NativeLibrary", "requireLoaded");
      assertTrue((long) call(other, "Native", "open") > 0);
    }
    assertEquals(before, copies());
    assertEquals(List.of("7"), rows(Spark.session().sql("SELECT 3 + 4")));
  }
}
