package io.emberflow.kv.scaladsl

import java.{util => ju}

import scala.collection.immutable.ArraySeq
import scala.jdk.CollectionConverters._
import scala.jdk.OptionConverters._
import scala.util.{Failure, Success, Try}

import io.emberflow.{kv => j}

/** From Scala's classes to Java's and back, field by field. Not here: checks; Java's side makes them. */
private[scaladsl] object Convert {
  def path(path: EmberPath): j.EmberPath = new j.EmberPath(path.path, path.container)

  def filter(filter: SQLFilter): j.SQLFilter = new j.SQLFilter(filter.text, values(filter.values))

  /** Java's side says null where Scala says `None`. */
  def filter(filter: Option[SQLFilter]): j.SQLFilter = filter.map(this.filter(_)).orNull

  def row(row: SimpleRow): j.SimpleRow = new j.SimpleRow(row.key, values(row.fields))

  def expression(update: UpdateExpression): j.UpdateExpression =
    new j.UpdateExpression(update.text, values(update.values), update.otherwise.orNull)

  def operation(operation: Operation): j.Operation = operation match {
    case Operation.Put(row, condition) => j.Operation.put(row.key, values(row.fields)).when(filter(condition))
    case Operation.Update(row, mode, condition) =>
      j.Operation.update(row.key, values(row.fields), mode).when(filter(condition))
    case Operation.Evaluate(key, update, condition) =>
      j.Operation.updateExpression(key, expression(update)).when(filter(condition))
    case Operation.Delete(key, condition) => j.Operation.delete(key).when(filter(condition))
  }

  def scan(spec: ScanSpec): j.ScanSpec = {
    val ranged = spec.range.fold(j.ScanSpec.all()) { range =>
      val from = range.from.foldLeft(j.ScanSpec.range(range.sharding))(_ from _)
      range.to.foldLeft(from)(_ to _)
    }
    val part = spec.segment.foldLeft(ranged)((all, segment) => all.andSegment(segment.index, segment.of))
    part.filter(filter(spec.filter)).select(spec.select: _*)
  }

  def outcome(outcome: j.WriteOutcome): WriteOutcome = {
    import j.WriteOutcome.Kind
    outcome.kind match {
      case Kind.CREATED => WriteOutcome.Created(outcome.version.get)
      case Kind.UPDATED => WriteOutcome.Updated(outcome.version.get)
      case Kind.DELETED => WriteOutcome.Deleted
      case Kind.CONDITION_FALSE => WriteOutcome.Unchanged(WriteOutcome.ConditionFalse)
      case Kind.ITEM_EXISTS => WriteOutcome.Unchanged(WriteOutcome.ItemExists)
      case Kind.NO_SUCH_ITEM => WriteOutcome.Unchanged(WriteOutcome.NoSuchItem)
    }
  }

  def result(result: j.OperationResult): Try[WriteOutcome] =
    result.error.toScala.fold[Try[WriteOutcome]](Success(outcome(result.outcome)))(Failure(_))

  def item(item: ju.Map[String, AnyRef]): Map[String, Any] =
    item.asScala.view.mapValues(fromJava).toMap

  def page(page: j.ScanPage): ScanPage =
    ScanPage(page.items.asScala.map(item).toVector, page.nextMarker.toScala, page.last)

  private def values(values: Map[String, Any]): ju.Map[String, AnyRef] = {
    val all = new ju.LinkedHashMap[String, AnyRef](values.size * 2)
    values.foreach { case (name, value) => all.put(name, toJava(value)) }
    all
  }

  private def toJava(value: Any): AnyRef = value match {
    case None => null
    case Some(inner) => toJava(inner)
    case Increment(step) => new j.Increment(step)
    case longs: ArraySeq.ofLong => longs.unsafeArray
    case doubles: ArraySeq.ofDouble => doubles.unsafeArray
    case members: collection.Seq[_] => members.map(toJava).asJava
    case other => other.asInstanceOf[AnyRef]
  }

  private def fromJava(value: AnyRef): Any = value match {
    case longs: Array[Long] => ArraySeq.unsafeWrapArray(longs)
    case doubles: Array[Double] => ArraySeq.unsafeWrapArray(doubles)
    case other => other
  }
}
