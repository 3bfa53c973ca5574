package io.emberflow.kv;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What an operation did. None of these is an error.
 *
 * @param kind what happened
 * @param version of the item, if it was created or updated; {@link SQLFilter#version} makes a condition of it
 */
public record WriteOutcome(Kind kind, Optional<Instant> version) {
  /** What happened. */
  public enum Kind {
    /** There is an item now where there was none. */
    CREATED,
    /** The item was there and has a new version. */
    UPDATED,
    /** The item was removed. */
    DELETED,
    /** Nothing changed: the condition was not true. */
    CONDITION_FALSE,
    /** Nothing changed: {@link OverwriteMode#APPEND_NEW} found an item. */
    ITEM_EXISTS,
    /** Nothing changed: there was no item to delete. */
    NO_SUCH_ITEM
  }

  /**
   * Refuses null.
   *
   * @param kind what happened
   * @param version of the item, if it has one
   */
  public WriteOutcome {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(version, "version");
  }

  /**
   * Whether anything changed.
   *
   * @return true if the item was created, updated or deleted
   */
  public boolean changed() {
    return kind == Kind.CREATED || kind == Kind.UPDATED || kind == Kind.DELETED;
  }
}
