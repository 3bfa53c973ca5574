package io.emberflow.kv;

import java.time.Instant;
import java.util.Map;

/**
 * A condition on an item, such as {@code stock < 100} or {@code stock < ${limit}} with a value for {@code limit}.
 *
 * @param text the expression; an empty one is always true
 * @param values what {@code ${name}} stands for, as typed values, never as text
 */
public record SQLFilter(String text, Map<String, ?> values) {
  /**
   * Copies the values.
   *
   * @param text the expression
   * @param values what {@code ${name}} stands for
   */
  public SQLFilter {
    values = UpdateExpression.copied(text, values);
  }

  /**
   * A condition without values to bind.
   *
   * @param text the expression
   */
  public SQLFilter(String text) {
    this(text, Map.of());
  }

  /**
   * True while the item is as it was at a version, for compare-and-set.
   *
   * @param version from {@link WriteOutcome#version}
   * @return the condition
   */
  public static SQLFilter version(Instant version) {
    return new SQLFilter(
        "__mtime_secs == " + version.getEpochSecond() + " AND __mtime_nsecs == " + version.getNano());
  }

  /**
   * The same with a value for {@code ${name}}.
   *
   * @param name of the parameter
   * @param value a value as in {@link SimpleRow}, or null for an absent one
   * @return a new condition
   */
  public SQLFilter bind(String name, Object value) {
    return new SQLFilter(text, UpdateExpression.with(values, name, value));
  }
}
