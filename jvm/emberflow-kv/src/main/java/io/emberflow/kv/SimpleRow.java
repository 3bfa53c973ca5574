package io.emberflow.kv;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * An item to write.
 *
 * <p>Values are Boolean, Long, Integer, Short, Byte, Double, Float, String, {@link java.time.Instant}, {@link
 * java.sql.Timestamp}, {@code byte[]}, arrays and lists of numbers, {@link Increment}, and null, which removes the
 * attribute where the mode replaces values and is left out elsewhere.
 *
 * @param key the item's name, {@code sharding} or {@code sharding.sorting}
 * @param fields attributes by name
 */
public record SimpleRow(String key, Map<String, ?> fields) {
  /**
   * Copies the fields, in their order.
   *
   * @param key the item's name
   * @param fields attributes by name
   */
  public SimpleRow {
    Objects.requireNonNull(key, "key");
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  /**
   * A row without fields, for update expressions.
   *
   * @param key the item's name
   */
  public SimpleRow(String key) {
    this(key, Map.of());
  }
}
