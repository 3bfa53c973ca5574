package io.emberflow.kv.scaladsl

import java.time.Instant

import scala.language.implicitConversions

// What a program hands in: where, what and under which condition. Not here: what comes back (`answers`).

/** The container that paths belong to unless they name one themselves. */
final case class ContainerAlias(name: String)

/**
 * Where a table lies: `EmberPath("/parts", "shop")`, `EmberPath("/parts")` in the container of the [[KeyValueOperations]]
 * it is given to, or `EmberPath("ember://shop/parts")`, which may also begin with `v3io://`.
 */
final case class EmberPath(path: String, container: String = "")

/**
 * An item to write.
 *
 * Values are Boolean, Long, Int, Short, Byte, Double, Float, String, `java.time.Instant`, `java.sql.Timestamp`,
 * `Array[Byte]`, arrays and sequences of numbers, [[Increment]], each also in `Some`, and `None` or null, which removes
 * the attribute where the mode replaces values and is left out elsewhere.
 *
 * @param key the item's name, `sharding` or `sharding.sorting`
 * @param fields attributes by name; none for an update expression
 */
final case class SimpleRow(key: String, fields: Map[String, Any] = Map.empty)

/** As the value of an attribute: add the step to what is stored, or store the step if nothing is. */
final case class Increment(step: Number)

/** As the value of an attribute: add the step to what is stored, or store the step if nothing is. */
object Increment {

  /** Adds an integer. */
  def apply(step: Int): Increment = new Increment(Long.box(step.toLong))

  /** Adds an integer. */
  def apply(step: Long): Increment = new Increment(Long.box(step))

  /** Adds an integer. */
  def apply(step: Short): Increment = new Increment(Long.box(step.toLong))

  /** Adds a fraction. */
  def apply(step: Double): Increment = new Increment(Double.box(step))
}

/**
 * A condition on an item, such as `stock < 100` or `stock < ${limit}` with a value for `limit`.
 *
 * @param text the expression; an empty one is always true
 * @param values what `${name}` stands for, as typed values, never as text
 */
final case class SQLFilter(text: String, values: Map[String, Any] = Map.empty)

/**
 * A condition on an item. A text is one wherever a condition is wanted: `kv.delete(parts, "nut", "stock == 0")`. Conditions
 * and expressions are texts to whoever writes them; the classes are for those with values.
 */
object SQLFilter {

  /** The condition without values. */
  implicit def fromText(text: String): SQLFilter = SQLFilter(text)

  /** The same where a condition may be left out. */
  implicit def someFromText(text: String): Option[SQLFilter] = Some(SQLFilter(text))

  /** A condition where one may be left out. */
  implicit def some(filter: SQLFilter): Option[SQLFilter] = Some(filter)

  /** True while the item is as it was at a version, for compare-and-set. */
  def version(version: Instant): SQLFilter = SQLFilter(io.emberflow.kv.SQLFilter.version(version).text)
}

/**
 * What to do with an item, such as `stock = stock - ${n}; REMOVE reserved`.
 *
 * @param text actions with semicolons between them; an empty one only creates the item
 * @param values what `${name}` stands for, in `otherwise` too, as typed values, never as text
 * @param otherwise what to do instead if the condition is not true
 */
final case class UpdateExpression(text: String, values: Map[String, Any] = Map.empty, otherwise: Option[String] = None)

/** What to do with an item. A text is one wherever an expression is wanted, as with [[SQLFilter]]. */
object UpdateExpression {

  /** The expression without values. */
  implicit def fromText(text: String): UpdateExpression = UpdateExpression(text)

  /** The same where an expression may be left out. */
  implicit def someFromText(text: String): Option[UpdateExpression] = Some(UpdateExpression(text))

  /** An expression where one may be left out. */
  implicit def some(expression: UpdateExpression): Option[UpdateExpression] = Some(expression)
}

/** A change of one item, atomic in itself. */
sealed trait Operation

/** The changes an item can undergo. */
object Operation {

  /** Makes the item anew, in the place of one that may be there. */
  final case class Put(row: SimpleRow, condition: Option[SQLFilter] = None) extends Operation

  /** Sets attributes of the item, as the mode says. */
  final case class Update(row: SimpleRow, mode: OverwriteMode, condition: Option[SQLFilter] = None) extends Operation

  /** Carries out an expression on the item. */
  final case class Evaluate(key: String, expression: UpdateExpression, condition: Option[SQLFilter] = None)
      extends Operation

  /** Removes the item; one that is not there is no error. */
  final case class Delete(key: String, condition: Option[SQLFilter] = None) extends Operation
}

/** The items of one sharding value with `from <= sorting < to`, in the order of the sorting part. */
final case class KeyRange(sharding: String, from: Option[String] = None, to: Option[String] = None)

/** The part `index` (from 0) of `of` parts of a table, to scan it from several places at once; at most 1024. */
final case class Segment(index: Int, of: Int)

/**
 * Which items of a table to read, and which of their attributes.
 *
 * @param filter only items that pass
 * @param select `*` or nothing for user attributes and `__name`, `**` for all, or names
 * @param range only items of one sharding value; with a segment it is `InvalidArgument`
 * @param segment only one part of the table
 */
final case class ScanSpec(
    filter: Option[SQLFilter] = None,
    select: Seq[String] = Nil,
    range: Option[KeyRange] = None,
    segment: Option[Segment] = None)
