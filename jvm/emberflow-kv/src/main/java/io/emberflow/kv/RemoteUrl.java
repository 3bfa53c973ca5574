package io.emberflow.kv;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A connection string of Spark Connect: {@code sc://host:port/;key=value;...}.
 *
 * <p>{@code token} becomes a bearer token, {@code use_ssl} chooses TLS (a token does, except to this machine itself), and
 * every key that is Spark's own business is left aside; all others are sent along as headers.
 */
record RemoteUrl(String target, boolean tls, Map<String, String> headers) {
  private static final int PORT = 15002;
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Set<String> OF_SESSIONS = Set.of("user_id", "session_id", "user_agent", "grpc_max_message_size");

  static RemoteUrl parse(String text) {
    if (!text.startsWith("sc://")) {
      throw bad(text, "it does not start with sc://");
    }
    String[] parts = text.substring("sc://".length()).split("/", 2);
    String host = host(parts[0]);
    if (host.isEmpty()) {
      throw bad(text, "it names no host");
    }
    boolean tls = false;
    Map<String, String> headers = new LinkedHashMap<>();
    for (String pair : (parts.length > 1 ? parts[1] : "").split(";")) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw bad(text, "`" + pair + "` is not key=value");
      }
      String key = pair.substring(0, equals);
      String value = decoded(text, pair.substring(equals + 1));
      if (key.equals("use_ssl")) {
        tls |= value.equalsIgnoreCase("true");
      } else if (key.equals("token")) {
        headers.put("authorization", "Bearer " + value);
        tls |= !LOOPBACK.contains(host); // or it would be there for anyone to read
      } else if (!OF_SESSIONS.contains(key)) {
        headers.put(key.toLowerCase(Locale.ROOT), value);
      }
    }
    boolean withPort = parts[0].length() > host.length();
    boolean here = host.equals("emberflow");
    return new RemoteUrl(withPort || here ? parts[0] : host + ":" + PORT, tls && !here, headers);
  }

  /** What stands before the port; an address of IPv6 is in brackets. */
  private static String host(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon < 0 || authority.indexOf(']', colon) >= 0 ? authority : authority.substring(0, colon);
  }

  private static String decoded(String text, String value) {
    try {
      return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw bad(text, "`" + value + "` is not percent-encoded");
    }
  }

  private static KeyValueException bad(String text, String why) {
    return KeyValueException.named("InvalidOption", "`" + text + "` is not a connection string: " + why);
  }
}
