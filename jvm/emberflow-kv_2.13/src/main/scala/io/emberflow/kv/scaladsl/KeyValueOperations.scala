package io.emberflow.kv.scaladsl

import scala.concurrent.{ExecutionContext, Future}
import scala.jdk.CollectionConverters._
import scala.jdk.FutureConverters._
import scala.jdk.OptionConverters._
import scala.util.Try

import io.emberflow.{kv => j}

/**
 * Tables of items by key.
 *
 * {{{
 *   val kv = KeyValueOperations(ContainerAlias("shop"))
 *   val parts = EmberPath("/parts")
 *   val done: Future[Boolean] = kv.update(parts, SimpleRow("nut", Map("stock" -> Increment(5), "bin" -> "A4")),
 *     OverwriteMode.REPLACE, "stock < 100")
 *   kv.update(parts, SimpleRow("nut"), "stock = stock - 1", condition = "stock > 0")
 *   val nut: Future[Option[Map[String, Any]]] = kv.get(parts, "nut")
 * }}}
 *
 * The store is in this JVM, or on the server that the setting `remote`, the property `spark.remote` or the variable
 * `SPARK_REMOTE` names, in this order; `sc://emberflow` is this JVM.
 *
 * Every method returns at once. Its future fails with a [[KeyValueException]] that has the error's name, also for what is
 * found before anything is sent, or with a [[TransportException]] if the channel failed. A condition that is not true is a
 * success: a `Future[Boolean]` is always of `true`, and [[execute]] says what happened.
 *
 * Attributes come back as Long, Double, Boolean, String, `java.time.Instant`, `Array[Byte]`, `Seq[Long]` and
 * `Seq[Double]`. May be used by any number of threads.
 */
final class KeyValueOperations private (under: j.KeyValueOperations) extends AutoCloseable {
  private implicit val here: ExecutionContext = ExecutionContext.parasitic

  /** Makes the item anew, in the place of one that may be there, if the condition is true for that. */
  def put(path: EmberPath, row: SimpleRow, condition: Option[SQLFilter] = None): Future[Boolean] =
    execute(path, Operation.Put(row, condition)).map(_ => true)

  /**
   * Sets attributes of an item as the mode says, or carries out an expression on it, if the condition is true for what is
   * stored.
   *
   * @param row with an expression, the item's name and no fields: both are `InvalidArgument`
   */
  def update(
      path: EmberPath,
      row: SimpleRow,
      mode: OverwriteMode,
      condition: Option[SQLFilter] = None,
      updateExpression: Option[UpdateExpression] = None): Future[Boolean] = {
    val expression = updateExpression.map(Convert.expression).orNull
    under.update(Convert.path(path), Convert.row(row), mode, Convert.filter(condition), expression).asScala.map(_ => true)
  }

  /** Carries out an expression on an item, if the condition is true for what is stored; else what the expression says. */
  def update(path: EmberPath, row: SimpleRow, expression: UpdateExpression, condition: Option[SQLFilter]): Future[Boolean] =
    update(path, row, OverwriteMode.REPLACE, condition, Some(expression))

  /** Carries out an expression on an item. */
  def update(path: EmberPath, row: SimpleRow, expression: UpdateExpression): Future[Boolean] =
    update(path, row, expression, None)

  /** Removes an item, if the condition is true for it; one that is not there is no error. */
  def delete(path: EmberPath, key: String, condition: Option[SQLFilter] = None): Future[Boolean] =
    execute(path, Operation.Delete(key, condition)).map(_ => true)

  /** Carries out one operation and says what it did. */
  def execute(path: EmberPath, operation: Operation): Future[WriteOutcome] =
    under.execute(Convert.path(path), Convert.operation(operation)).asScala.map(Convert.outcome)

  /** Carries out up to 1000 operations, each atomic in itself, and says what became of each. */
  def batch(path: EmberPath, operations: Seq[Operation]): Future[Seq[Try[WriteOutcome]]] =
    under
      .batch(Convert.path(path), operations.map(Convert.operation).asJava)
      .asScala
      .map(_.asScala.map(Convert.result).toVector)

  /**
   * Reads an item.
   *
   * @param select `*` or nothing for user attributes, `**` for all, or names
   * @return its attributes, those that it has; `None` if there is no item
   */
  def get(path: EmberPath, key: String, select: String*): Future[Option[Map[String, Any]]] =
    under.get(Convert.path(path), key, select: _*).asScala.map(_.toScala.map(Convert.item))

  /** Reads several items: one for each key, in their order, `None` where there is none. */
  def getAll(path: EmberPath, keys: Seq[String], select: String*): Future[Seq[Option[Map[String, Any]]]] =
    under
      .getAll(Convert.path(path), keys.asJava, select: _*)
      .asScala
      .map(_.asScala.map(_.toScala.map(Convert.item)).toVector)

  /**
   * Reads items one after another, fetched page by page; while one page is read, the next is on its way.
   *
   * `hasNext` waits for a page and throws what its future would fail with. A scan may be dropped half-read.
   */
  def scan(path: EmberPath, spec: ScanSpec = ScanSpec()): Iterator[Map[String, Any]] =
    under.scan(Convert.path(path), Convert.scan(spec)).asScala.map(Convert.item)

  /**
   * Reads some items.
   *
   * @param limit how many at most; 0: as many as the store likes
   * @param marker from the page before, of the same spec
   */
  def scanPage(path: EmberPath, spec: ScanSpec, limit: Int = 0, marker: Option[String] = None): Future[ScanPage] =
    under.scanPage(Convert.path(path), Convert.scan(spec), limit, marker.getOrElse("")).asScala.map(Convert.page)

  /** Removes the items that pass, not atomic over them, and says how many. */
  def deleteWhere(path: EmberPath, filter: SQLFilter): Future[Long] =
    under.deleteWhere(Convert.path(path), Convert.filter(filter)).asScala.map(_.longValue)

  /** Deletes a table with its partitions and its schema. */
  def deleteTable(path: EmberPath, ignoreMissing: Boolean = false): Future[Boolean] =
    under.deleteTable(Convert.path(path), ignoreMissing).asScala.map(_.booleanValue)

  /** The names of the store's containers. */
  def containers(): Future[Seq[String]] = under.containers().asScala.map(_.asScala.toVector)

  /** What lies in the container: a JSON array of `{"path": .., "kind": "table" or "stream"}`. */
  def list(): Future[String] = under.list().asScala

  /** A table's path, schema and size as a JSON object; counting its items reads them all. */
  def describe(path: EmberPath, countItems: Boolean = false): Future[String] =
    under.describe(Convert.path(path), countItems).asScala

  /** A table's stored schema as a JSON object; `None` if the table has none. */
  def schema(path: EmberPath): Future[Option[String]] = under.schema(Convert.path(path)).asScala.map(_.toScala)

  /** Stores a table's schema, a JSON object, in the place of one that may be there; an empty text removes that. */
  def setSchema(path: EmberPath, schema: String): Future[Boolean] =
    under.setSchema(Convert.path(path), schema).asScala.map(_.booleanValue)

  /** Gives back the room of what was replaced in a table. */
  def compact(path: EmberPath): Future[Boolean] = under.compact(Convert.path(path)).asScala.map(_.booleanValue)

  /** Reads the whole store and checks it: a JSON object of `tables`, `items`, `bytes`, `broken` and `findings`. */
  def verify(): Future[String] = under.verify().asScala

  /** Ends the connection; operations under way go on. Closing twice is safe. */
  override def close(): Unit = under.close()
}

/** Connects to the store. */
object KeyValueOperations {

  /**
   * Connects to the store.
   *
   * @param container where paths without a container lie
   * @param settings `remote`: a connection string, as `sc://host:15002/;token=...`; another one is `InvalidOption`
   */
  def apply(container: ContainerAlias, settings: Map[String, String] = Map.empty): KeyValueOperations =
    new KeyValueOperations(new j.KeyValueOperations(new j.ContainerAlias(container.name), settings.asJava))
}
