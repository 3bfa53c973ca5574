package io.emberflow.kv;

import java.util.Objects;

/**
 * As the value of an attribute: add the step to what is stored, or store the step if nothing is.
 *
 * @param step a Long, Integer, Short, Byte, Double or Float
 */
public record Increment(Number step) {
  /**
   * Refuses null.
   *
   * @param step a number
   */
  public Increment {
    Objects.requireNonNull(step, "step");
  }
}
