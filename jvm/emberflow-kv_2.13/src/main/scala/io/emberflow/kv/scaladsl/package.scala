package io.emberflow.kv

/**
 * Tables of items by key, in this JVM or on a server, as Scala says it.
 *
 * {{{
 *   KeyValueOperations (futures, case classes, Option) ──► io.emberflow.kv.KeyValueOperations (bytes, channel)
 * }}}
 *
 * Begin at [[KeyValueOperations]]. Everything a program names comes with `import io.emberflow.kv.scaladsl._`.
 *
 * Not here: the messages and the channel, which are `io.emberflow.kv`; DataFrames over tables.
 */
package object scaladsl {

  /** Another name of [[EmberPath]]. */
  type V3IOPath = EmberPath

  /** Another name of [[EmberPath]]. */
  val V3IOPath: EmberPath.type = EmberPath

  /** What an update does to an item that is there; see [[io.emberflow.kv.OverwriteMode]]. */
  type OverwriteMode = io.emberflow.kv.OverwriteMode

  /** The store refused; `name` says why, as `TableNotFound`. */
  type KeyValueException = io.emberflow.kv.KeyValueException

  /** The channel to the store failed. */
  type TransportException = io.emberflow.kv.TransportException
}
