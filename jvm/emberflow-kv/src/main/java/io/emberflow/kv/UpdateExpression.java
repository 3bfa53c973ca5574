package io.emberflow.kv;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What to do with an item, such as {@code stock = stock - ${n}; REMOVE reserved}.
 *
 * @param text actions with semicolons between them; an empty one only creates the item
 * @param values what {@code ${name}} stands for, in {@code otherwise} too, as typed values, never as text
 * @param otherwise what to do instead if the condition is not true; null to leave the item as it is
 */
public record UpdateExpression(String text, Map<String, ?> values, String otherwise) {
  /**
   * Copies the values.
   *
   * @param text the actions
   * @param values what {@code ${name}} stands for
   * @param otherwise other actions, or null
   */
  public UpdateExpression {
    values = copied(text, values);
  }

  /**
   * An expression without values to bind.
   *
   * @param text the actions
   */
  public UpdateExpression(String text) {
    this(text, Map.of(), null);
  }

  /**
   * The same with a value for {@code ${name}}.
   *
   * @param name of the parameter
   * @param value a value as in {@link SimpleRow}, or null for an absent one
   * @return a new expression
   */
  public UpdateExpression bind(String name, Object value) {
    return new UpdateExpression(text, with(values, name, value), otherwise);
  }

  /**
   * The same with an alternative.
   *
   * @param actions carried out if the condition is not true
   * @return a new expression
   */
  public UpdateExpression otherwise(String actions) {
    return new UpdateExpression(text, values, Objects.requireNonNull(actions, "actions"));
  }

  static Map<String, ?> copied(String text, Map<String, ?> values) {
    Objects.requireNonNull(text, "text");
    return Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  static Map<String, ?> with(Map<String, ?> values, String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(values);
    more.put(Objects.requireNonNull(name, "name"), value);
    return more;
  }
}
