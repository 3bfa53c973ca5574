package io.emberflow.connect;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** The thread that lets deadlines pass; it starts with the first call that has one. */
final class Timer {
  private Timer() {}

  static ScheduledExecutorService ofDeadlines() {
    return OfDeadlines.INSTANCE;
  }

  private static final class OfDeadlines {
    static final ScheduledThreadPoolExecutor INSTANCE = start();

    private static ScheduledThreadPoolExecutor start() {
      ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, Daemons.named("emberflow-deadlines"));
      timer.setRemoveOnCancelPolicy(true); // or each timer would hold its call until the deadline
      return timer;
    }
  }
}
