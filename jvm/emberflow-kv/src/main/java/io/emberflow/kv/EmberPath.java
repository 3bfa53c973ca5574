package io.emberflow.kv;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a table lies.
 *
 * <pre>
 *   new EmberPath("/parts", "shop")      table parts of container shop
 *   new EmberPath("/parts")              in the container of the {@link KeyValueOperations} it is given to
 *   new EmberPath("ember://shop/parts")  the same as the first; so is v3io://shop/parts
 * </pre>
 *
 * <p>Whether it names a table at all is checked where it is used.
 *
 * @param path the table's path below its container, or the whole as a URL
 * @param container the container's name; empty for the default one
 */
public record EmberPath(String path, String container) {
  private static final Pattern URL = Pattern.compile("([^:/]*)://([^/]*)(.*)", Pattern.DOTALL);

  /**
   * Refuses null.
   *
   * @param path the path or URL
   * @param container the container's name, or empty
   */
  public EmberPath {
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(container, "container");
  }

  /**
   * A table of the default container, or one named by a URL.
   *
   * @param path as {@code /parts} or {@code ember://shop/parts}
   */
  public EmberPath(String path) {
    this(path, "");
  }

  /** This path with its container named and no URL. */
  EmberPath in(ContainerAlias otherwise) {
    Matcher url = URL.matcher(path);
    if (!url.matches()) {
      return container.isEmpty() ? new EmberPath(path, otherwise.name()) : this;
    }
    String scheme = url.group(1);
    if (!scheme.equals("ember") && !scheme.equals("v3io")) {
      throw KeyValueException.named("InvalidPath", "`" + path + "` begins neither with ember:// nor with v3io://");
    }
    if (!container.isEmpty() && !container.equals(url.group(2))) {
      throw KeyValueException.named("InvalidPath", "`" + path + "` is not in the container `" + container + "`");
    }
    return new EmberPath(url.group(3), url.group(2));
  }
}
