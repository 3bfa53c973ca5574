package io.emberflow.kv;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/**
 * The items of a scan, one after another, fetched page by page; while one page is read, the next is on its way.
 *
 * <p>{@link #hasNext} waits for a page; a failure comes out of it as {@link KeyValueException} or {@link
 * TransportException}. To be used by one thread at a time. A scan may be dropped half-read: nothing is left open.
 */
public final class Scan implements Iterator<Map<String, Object>> {
  private final Function<String, CompletableFuture<ScanPage>> fetch;
  private CompletableFuture<ScanPage> coming;
  private Iterator<Map<String, Object>> items = List.<Map<String, Object>>of().iterator();

  /** {@code fetch} gets the page after a marker, empty for the first. */
  Scan(Function<String, CompletableFuture<ScanPage>> fetch) {
    this.fetch = fetch;
    this.coming = fetch.apply("");
  }

  @Override
  public boolean hasNext() {
    while (!items.hasNext() && coming != null) {
      ScanPage page = arrived();
      items = page.items().iterator();
      coming = page.last() ? null : fetch.apply(page.nextMarker().orElse(""));
    }
    return items.hasNext();
  }

  @Override
  public Map<String, Object> next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the scan is over");
    }
    return items.next();
  }

  private ScanPage arrived() {
    try {
      return coming.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
