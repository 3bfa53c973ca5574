package io.emberflow.kv;

import java.util.Map;
import java.util.Objects;

/**
 * A change of one item, atomic in itself.
 *
 * <pre>
 *   Operation.update("nut", Map.of("stock", new Increment(5)), OverwriteMode.REPLACE).when(new SQLFilter("stock &lt; 100"))
 * </pre>
 */
public final class Operation {
  /** What is done to the item; one of its three forms. */
  sealed interface Change {}

  record Write(OverwriteMode mode, Map<String, ?> attributes) implements Change {}

  record Evaluate(UpdateExpression expression) implements Change {}

  record Delete() implements Change {}

  private final String key;
  private final Change change;
  private final SQLFilter condition;

  private Operation(String key, Change change, SQLFilter condition) {
    this.key = Objects.requireNonNull(key, "key");
    this.change = change;
    this.condition = condition;
  }

  /**
   * Makes the item anew, in the place of one that may be there.
   *
   * @param key the item's name
   * @param attributes its attributes
   * @return the operation
   */
  public static Operation put(String key, Map<String, ?> attributes) {
    return update(key, attributes, OverwriteMode.OVERWRITE);
  }

  /**
   * Sets attributes of the item, as the mode says.
   *
   * @param key the item's name
   * @param attributes values as in {@link SimpleRow}
   * @param mode what happens to an item that is there
   * @return the operation
   */
  public static Operation update(String key, Map<String, ?> attributes, OverwriteMode mode) {
    Objects.requireNonNull(mode, "mode");
    return new Operation(key, new Write(mode, new SimpleRow(key, attributes).fields()), null);
  }

  /**
   * Carries out an expression on the item.
   *
   * @param key the item's name
   * @param expression the actions
   * @return the operation
   */
  public static Operation updateExpression(String key, UpdateExpression expression) {
    return new Operation(key, new Evaluate(Objects.requireNonNull(expression, "expression")), null);
  }

  /**
   * Removes the item; one that is not there is no error.
   *
   * @param key the item's name
   * @return the operation
   */
  public static Operation delete(String key) {
    return new Operation(key, new Delete(), null);
  }

  /**
   * The same, only if the item as stored passes.
   *
   * @param condition replaces an earlier one; null: always
   * @return a new operation
   */
  public Operation when(SQLFilter condition) {
    return new Operation(key, change, condition);
  }

  /**
   * The item's name.
   *
   * @return {@code sharding} or {@code sharding.sorting}
   */
  public String key() {
    return key;
  }

  Change change() {
    return change;
  }

  SQLFilter condition() {
    return condition;
  }
}
