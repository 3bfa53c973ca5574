package io.emberflow.connect;

import java.util.Map;
import org.sparkproject.io.grpc.ManagedChannel;

/**
 * Makes Spark's {@code getOrCreate()} forget a session that was stopped.
 *
 * <p>Spark's client keeps sessions by their configuration and does not drop one that was stopped: it would hand out an
 * object whose memory is given back and whose channel is shut down. So when a channel of ours is shut down, the session it
 * belongs to is dropped here, and the next {@code getOrCreate()} makes a new one.
 *
 * <p>That cache is private to the client, hence the reflection. A client in which it looks different keeps its own ways.
 */
final class StoppedSessions {
  private static final String SESSIONS = "org.apache.spark.sql.connect.SparkSession$";
  private static final String CACHE = "org$apache$spark$sql$connect$SparkSession$$sessions";

  private StoppedSessions() {}

  /** Drops the session whose channel this is, if Spark's client keeps one. */
  static void forget(ManagedChannel channel) {
    try {
      Class<?> companion = Class.forName(SESSIONS, true, channel.getClass().getClassLoader());
      Object cache = companion.getMethod(CACHE).invoke(companion.getField("MODULE$").get(null));
      Map<?, ?> kept = (Map<?, ?>) call(cache, Class.forName("org.sparkproject.connect.guava.cache.Cache"), "asMap");
      for (Object session : kept.values()) {
        if (channelOf(session) == channel) {
          kept.values().remove(session);
        }
      }
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      // Another client than those known here; stop() itself must not fail.
    }
  }

  private static Object channelOf(Object session) throws ReflectiveOperationException {
    Object client = call(session, session.getClass(), "client");
    return call(client, client.getClass(), "channel");
  }

  private static Object call(Object target, Class<?> type, String method) throws ReflectiveOperationException {
    return type.getMethod(method).invoke(target);
  }
}
