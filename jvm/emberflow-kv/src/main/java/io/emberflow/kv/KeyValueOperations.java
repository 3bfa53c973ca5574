package io.emberflow.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tables of items by key.
 *
 * <pre>
 *   try (var kv = new KeyValueOperations(new ContainerAlias("shop"), Map.of())) {
 *     var parts = new EmberPath("/parts");
 *     var stock = Map.of("stock", new Increment(5), "bin", "A4");
 *     kv.update(parts, new SimpleRow("nut", stock), OverwriteMode.REPLACE, new SQLFilter("stock &lt; 100")).join();
 *     Optional&lt;Map&lt;String, Object&gt;&gt; nut = kv.get(parts, "nut").join();
 *   }
 * </pre>
 *
 * <p>The store is in this JVM, or on the server that the setting {@code remote}, the property {@code spark.remote} or the
 * variable {@code SPARK_REMOTE} names, in this order; {@code sc://emberflow} is this JVM.
 *
 * <p>Every method returns at once. Its future fails with a {@link KeyValueException} that has the error's name, also for
 * what is found before anything is sent, or with a {@link TransportException} if the channel failed. A condition that is
 * not true is a success: methods that promise a Boolean promise {@code true}, and {@link #execute} says what happened.
 *
 * <p>Attributes come back as Long, Double, Boolean, String, {@link java.time.Instant}, {@code byte[]}, {@code long[]} and
 * {@code double[]}. May be used by any number of threads.
 */
public final class KeyValueOperations implements AutoCloseable {
  private static final String REMOTE = "remote";
  private static final Pattern NAME_IN_JSON = Pattern.compile("\"([^\"]*)\"");

  private final ContainerAlias container;
  private final Transport transport;

  /**
   * Connects to the store.
   *
   * @param container where paths without a container lie
   * @param settings {@code remote}: a connection string, as {@code sc://host:15002/;token=...}; nothing else is known
   * @throws KeyValueException {@code InvalidOption}, for another setting or a malformed connection string
   */
  public KeyValueOperations(ContainerAlias container, Map<String, String> settings) {
    this.container = Objects.requireNonNull(container, "container");
    this.transport = new Transport(RemoteUrl.parse(remote(settings)));
  }

  /**
   * Makes the item anew, in the place of one that may be there.
   *
   * @param path the table
   * @param row the item
   * @return true
   */
  public CompletableFuture<Boolean> put(EmberPath path, SimpleRow row) {
    return put(path, row, null);
  }

  /**
   * Makes the item anew if the one that is stored passes.
   *
   * @param path the table
   * @param row the item
   * @param condition null: always
   * @return true
   */
  public CompletableFuture<Boolean> put(EmberPath path, SimpleRow row, SQLFilter condition) {
    return update(path, row, OverwriteMode.OVERWRITE, condition);
  }

  /**
   * Sets attributes of an item.
   *
   * @param path the table
   * @param row the item's name and the attributes
   * @param mode what happens to an item that is there
   * @return true
   */
  public CompletableFuture<Boolean> update(EmberPath path, SimpleRow row, OverwriteMode mode) {
    return update(path, row, mode, null, null);
  }

  /**
   * Sets attributes of an item if it passes.
   *
   * @param path the table
   * @param row the item's name and the attributes
   * @param mode what happens to an item that is there
   * @param condition null: always
   * @return true
   */
  public CompletableFuture<Boolean> update(EmberPath path, SimpleRow row, OverwriteMode mode, SQLFilter condition) {
    return update(path, row, mode, condition, null);
  }

  /**
   * Sets attributes of an item, or carries out an expression on it, if it passes.
   *
   * @param path the table
   * @param row with an expression, the item's name and no fields: both are {@code InvalidArgument}
   * @param mode what happens to an item that is there; an expression has its own ways
   * @param condition null: always
   * @param expression null: the fields are set
   * @return true
   */
  public CompletableFuture<Boolean> update(
      EmberPath path, SimpleRow row, OverwriteMode mode, SQLFilter condition, UpdateExpression expression) {
    if (expression == null) {
      return succeeded(path, Operation.update(row.key(), row.fields(), mode).when(condition));
    }
    if (!row.fields().isEmpty()) {
      String why = "a row with an update expression carries the key only, not " + row.fields().keySet();
      return CompletableFuture.failedFuture(KeyValueException.named("InvalidArgument", why));
    }
    return succeeded(path, Operation.updateExpression(row.key(), expression).when(condition));
  }

  /**
   * Removes an item; one that is not there is no error.
   *
   * @param path the table
   * @param key the item's name
   * @return true
   */
  public CompletableFuture<Boolean> delete(EmberPath path, String key) {
    return delete(path, key, null);
  }

  /**
   * Removes an item if it passes.
   *
   * @param path the table
   * @param key the item's name
   * @param condition null: always
   * @return true
   */
  public CompletableFuture<Boolean> delete(EmberPath path, String key, SQLFilter condition) {
    return succeeded(path, Operation.delete(key).when(condition));
  }

  /**
   * Carries out one operation and says what it did.
   *
   * @param path the table
   * @param operation the operation
   * @return its outcome
   */
  public CompletableFuture<WriteOutcome> execute(EmberPath path, Operation operation) {
    return execute(path, operation, outcome -> outcome);
  }

  /**
   * Carries out up to 1000 operations. Each is atomic, all together are not.
   *
   * @param path the table
   * @param operations on single items
   * @return what became of each, in their order
   */
  public CompletableFuture<List<OperationResult>> batch(EmberPath path, List<Operation> operations) {
    return ask(() -> Messages.batch(path.in(container), operations), Messages::outcomes);
  }

  /**
   * Reads an item.
   *
   * @param path the table
   * @param key the item's name
   * @param select {@code *} or nothing for user attributes, {@code **} for all, or names
   * @return its attributes, those that it has; empty if there is no item
   */
  public CompletableFuture<Optional<Map<String, Object>>> get(EmberPath path, String key, String... select) {
    return ask(
        () -> Messages.get(path.in(container), List.of(key), Arrays.asList(select)),
        answer -> only(Messages.items(answer)));
  }

  /**
   * Reads several items.
   *
   * @param path the table
   * @param keys the items' names
   * @param select as in {@link #get}
   * @return an item for each key, in their order; empty where there is none
   */
  public CompletableFuture<List<Optional<Map<String, Object>>>> getAll(
      EmberPath path, List<String> keys, String... select) {
    return ask(() -> Messages.get(path.in(container), keys, Arrays.asList(select)), Messages::items);
  }

  /**
   * Reads items one after another; the first page is asked for at once.
   *
   * @param path the table
   * @param spec which items, and which attributes
   * @return the items
   */
  public Scan scan(EmberPath path, ScanSpec spec) {
    return new Scan(marker -> scanPage(path, spec, 0, marker));
  }

  /**
   * Reads some items.
   *
   * @param path the table
   * @param spec which items, and which attributes
   * @param limit how many at most; 0: as many as the store likes
   * @param marker from the page before, of the same spec; empty for the first page
   * @return the page
   */
  public CompletableFuture<ScanPage> scanPage(EmberPath path, ScanSpec spec, int limit, String marker) {
    return ask(() -> Messages.scan(path.in(container), spec, limit, marker), Messages::page);
  }

  /**
   * Removes the items that pass; not atomic over them.
   *
   * @param path the table
   * @param filter which items
   * @return how many were removed
   */
  public CompletableFuture<Long> deleteWhere(EmberPath path, SQLFilter filter) {
    return ask(() -> Messages.deleteWhere(path.in(container), filter), Messages::count);
  }

  /**
   * Deletes a table with its partitions and its schema.
   *
   * @param path the table
   * @param ignoreMissing whether one that is not there is no error
   * @return true
   */
  public CompletableFuture<Boolean> deleteTable(EmberPath path, boolean ignoreMissing) {
    return ask(
        () -> Messages.deleteTable(path.in(container), ignoreMissing),
        answer -> {
          Messages.json(answer);
          return true;
        });
  }

  /**
   * The containers of the store.
   *
   * @return their names
   */
  public CompletableFuture<List<String>> containers() {
    return administer(new EmberPath(""), Messages.Question.CONTAINERS, "", KeyValueOperations::names);
  }

  /**
   * What lies in the container.
   *
   * @return a JSON array of {@code {"path": .., "kind": "table" or "stream"}}
   */
  public CompletableFuture<String> list() {
    return administer(new EmberPath(""), Messages.Question.LIST, "", json -> json);
  }

  /**
   * A table's path, schema and size.
   *
   * @param path the table
   * @param countItems whether to count its items, which reads them all
   * @return a JSON object
   */
  public CompletableFuture<String> describe(EmberPath path, boolean countItems) {
    return administer(path, Messages.Question.DESCRIBE, countItems ? "count" : "", json -> json);
  }

  /**
   * A table's stored schema.
   *
   * @param path the table
   * @return the JSON object; empty if the table has none
   */
  public CompletableFuture<Optional<String>> schema(EmberPath path) {
    return administer(
        path, Messages.Question.SCHEMA, "", json -> Optional.of(json).filter(text -> !text.trim().equals("null")));
  }

  /**
   * Stores a table's schema in the place of one that may be there.
   *
   * @param path the table
   * @param schema a JSON object with {@code fields}, {@code key} and so on; empty to remove the one that is there
   * @return true
   */
  public CompletableFuture<Boolean> setSchema(EmberPath path, String schema) {
    return administer(path, Messages.Question.SET_SCHEMA, schema, json -> true);
  }

  /**
   * Gives back the room of what was replaced in a table.
   *
   * @param path the table
   * @return true
   */
  public CompletableFuture<Boolean> compact(EmberPath path) {
    return administer(path, Messages.Question.COMPACT, "", json -> true);
  }

  /**
   * Reads the whole store and checks it.
   *
   * @return a JSON object of {@code tables}, {@code items}, {@code bytes}, {@code broken} and {@code findings}
   */
  public CompletableFuture<String> verify() {
    return administer(new EmberPath(""), Messages.Question.VERIFY, "", json -> json);
  }

  /** Ends the connection; operations under way go on. Closing twice is safe. */
  @Override
  public void close() {
    transport.close();
  }

  private CompletableFuture<Boolean> succeeded(EmberPath path, Operation operation) {
    return execute(path, operation, outcome -> true);
  }

  private <T> CompletableFuture<T> execute(EmberPath path, Operation operation, Function<WriteOutcome, T> read) {
    return ask(
        () -> Messages.batch(path.in(container), List.of(operation)),
        answer -> read.apply(only(Messages.outcomes(answer)).outcome()));
  }

  private <T> CompletableFuture<T> administer(
      EmberPath path, Messages.Question question, String argument, Function<String, T> read) {
    return ask(
        () -> Messages.administer(path.in(container), question, argument),
        answer -> read.apply(Messages.json(answer)));
  }

  /** What is wrong with a request fails its future, as what is wrong with its answer does. */
  private <T> CompletableFuture<T> ask(Supplier<byte[]> request, Function<byte[], T> read) {
    byte[] bytes;
    try {
      bytes = request.get();
    } catch (KeyValueException e) {
      return CompletableFuture.failedFuture(e);
    }
    return transport.call(bytes, read);
  }

  private static <T> T only(List<T> answers) {
    if (answers.size() != 1) {
      throw new TransportException("INTERNAL", answers.size() + " answers came to one question", null);
    }
    return answers.get(0);
  }

  /** Names of containers need no escapes. */
  private static List<String> names(String json) {
    List<String> names = new ArrayList<>();
    Matcher each = NAME_IN_JSON.matcher(json);
    while (each.find()) {
      names.add(each.group(1));
    }
    return names;
  }

  private static String remote(Map<String, String> settings) {
    String named = null;
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      if (!setting.getKey().toLowerCase(Locale.ROOT).equals(REMOTE)) {
        String why = "`" + setting.getKey() + "` is no setting; the only one is `remote`";
        throw KeyValueException.named("InvalidOption", why);
      }
      named = setting.getValue();
    }
    if (named == null) {
      named = System.getProperty("spark.remote", System.getenv("SPARK_REMOTE"));
    }
    return named == null ? "sc://emberflow" : named;
  }
}
