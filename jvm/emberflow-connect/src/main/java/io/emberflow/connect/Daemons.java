package io.emberflow.connect;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/** Threads that never keep the JVM from ending. */
final class Daemons {
  private Daemons() {}

  static ThreadFactory named(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** For callbacks of calls that name no executor; a callback may block, so there are as many threads as it takes. */
  static Executor forCallbacks() {
    return ForCallbacks.INSTANCE;
  }

  private static final class ForCallbacks {
    static final Executor INSTANCE = Executors.newCachedThreadPool(named("emberflow-callbacks"));
  }
}
