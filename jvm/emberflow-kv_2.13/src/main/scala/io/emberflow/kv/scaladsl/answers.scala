package io.emberflow.kv.scaladsl

import java.time.Instant

// What a program gets back. Not here: items, which are `Map[String, Any]`.

/** What an operation did. None of these is an error. */
sealed trait WriteOutcome

/** What an operation can do. */
object WriteOutcome {

  /** There is an item now where there was none. */
  final case class Created(version: Instant) extends WriteOutcome

  /** The item was there and has a new version; [[SQLFilter.version]] makes a condition of it. */
  final case class Updated(version: Instant) extends WriteOutcome

  /** The item was removed. */
  case object Deleted extends WriteOutcome

  /** Nothing changed. */
  final case class Unchanged(why: Reason) extends WriteOutcome

  /** Why nothing changed. */
  sealed trait Reason

  /** The condition was not true. */
  case object ConditionFalse extends Reason

  /** `APPEND_NEW` found an item. */
  case object ItemExists extends Reason

  /** There was no item to delete. */
  case object NoSuchItem extends Reason
}

/**
 * Some items of a scan. A page may hold fewer items than asked for, even none, though more follow.
 *
 * @param nextMarker what to ask the next page with
 * @param last whether the scan is over
 */
final case class ScanPage(items: Seq[Map[String, Any]], nextMarker: Option[String], last: Boolean)
