package io.emberflow.kv;

import java.util.Objects;

/**
 * The container that paths belong to unless they name one themselves.
 *
 * @param name the container's name; empty if every path names its own
 */
public record ContainerAlias(String name) {
  /**
   * Refuses null.
   *
   * @param name the container's name
   */
  public ContainerAlias {
    Objects.requireNonNull(name, "name");
  }
}
