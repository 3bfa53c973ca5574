package io.emberflow.kv;

import java.util.OptionalInt;

/** The store refused or could not do what was asked. Futures fail with it; {@link #name} is what to decide by. */
public final class KeyValueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final String condition;
  private final int position;

  /** A position below 0 is none. */
  KeyValueException(String name, String message, String condition, int position) {
    super(message);
    this.name = name;
    this.condition = condition;
    this.position = position;
  }

  /** One that is found on this side of the channel. */
  static KeyValueException named(String name, String why) {
    String condition = "NOSQL." + name.replaceAll("(?<=.)(?=[A-Z])", "_").toUpperCase(java.util.Locale.ROOT);
    return new KeyValueException(name, name + ": " + why, condition, -1);
  }

  /**
   * The name of the error.
   *
   * @return as {@code TableNotFound} or {@code ParseError}
   */
  public String name() {
    return name;
  }

  /**
   * The name as Spark shows it.
   *
   * @return as {@code NOSQL.TABLE_NOT_FOUND}
   */
  public String condition() {
    return condition;
  }

  /**
   * Where an expression is wrong.
   *
   * @return characters from 0; empty if it is not about a text
   */
  public OptionalInt position() {
    return position < 0 ? OptionalInt.empty() : OptionalInt.of(position);
  }
}
