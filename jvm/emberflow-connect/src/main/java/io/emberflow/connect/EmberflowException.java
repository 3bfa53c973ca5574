package io.emberflow.connect;

/**
 * Emberflow itself could not do what was asked: the engine did not start, its library is missing, or a closed channel
 * was used.
 *
 * <p>What is wrong with a query never comes as this exception but as Spark's own ({@code AnalysisException} and others).
 */
public final class EmberflowException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Who can do something about it. */
  public enum Kind {
    /** The request is wrong; repeating it will not help. */
    INVALID,
    /** Something named does not exist. */
    NOT_FOUND,
    /** The state of the world forbids it. */
    CONFLICT,
    /** It may work later; the call is safe to repeat. */
    UNAVAILABLE,
    /** Stored bytes are not what was written. */
    CORRUPT,
    /** A defect of Emberflow. */
    INTERNAL
  }

  private final Kind kind;

  EmberflowException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Called by the native library, with the name of a {@link Kind}. */
  EmberflowException(String kind, String message) {
    this(Kind.valueOf(kind), message, null);
  }

  /**
   * Who can do something about it.
   *
   * @return never null
   */
  public Kind kind() {
    return kind;
  }
}
