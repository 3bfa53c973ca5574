package io.emberflow.kv;

/**
 * The channel to the store failed: the server is away, wants a token, or speaks something else. Whether the request was
 * carried out is not known.
 */
public final class TransportException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;

  TransportException(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /**
   * gRPC's name for what is wrong.
   *
   * @return as {@code UNAVAILABLE} or {@code UNAUTHENTICATED}
   */
  public String code() {
    return code;
  }
}
