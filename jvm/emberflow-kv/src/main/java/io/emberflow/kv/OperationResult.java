package io.emberflow.kv;

import java.util.Optional;

/**
 * What became of one operation of a batch: an outcome, or the error that left its item as it was.
 *
 * @param done the outcome, unless it failed
 * @param error why it failed, if it did
 */
public record OperationResult(Optional<WriteOutcome> done, Optional<KeyValueException> error) {
  static OperationResult of(WriteOutcome outcome) {
    return new OperationResult(Optional.of(outcome), Optional.empty());
  }

  static OperationResult failed(KeyValueException error) {
    return new OperationResult(Optional.empty(), Optional.of(error));
  }

  /**
   * The outcome.
   *
   * @return never null
   * @throws KeyValueException if the operation failed
   */
  public WriteOutcome outcome() {
    if (error.isPresent()) {
      throw error.get();
    }
    return done.orElseThrow();
  }
}
