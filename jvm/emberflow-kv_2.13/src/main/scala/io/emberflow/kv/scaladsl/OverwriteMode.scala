package io.emberflow.kv.scaladsl

import io.emberflow.kv.{OverwriteMode => Mode}

/** What an update does to an item that is there. One that is not there is always created. */
object OverwriteMode {

  /** The item becomes exactly what the update says. */
  val OVERWRITE: OverwriteMode = Mode.OVERWRITE

  /** The update's attributes are set, the others stay. */
  val REPLACE: OverwriteMode = Mode.REPLACE

  /** Only attributes the item lacks are added. */
  val APPEND: OverwriteMode = Mode.APPEND

  /** An item that is there stays as it is. */
  val APPEND_NEW: OverwriteMode = Mode.APPEND_NEW

  /** Another name of [[OVERWRITE]]. */
  val OverWriteAttributes: OverwriteMode = OVERWRITE

  /** Another name of [[OVERWRITE]]. */
  val overwriteItem: OverwriteMode = OVERWRITE

  /** Another name of [[REPLACE]]. */
  val CreateOrReplaceAttributes: OverwriteMode = REPLACE

  /** Another name of [[REPLACE]]. */
  val updateItem: OverwriteMode = REPLACE

  /** Another name of [[APPEND_NEW]]. */
  val CreateNewItemOnly: OverwriteMode = APPEND_NEW

  /** Another name of [[APPEND_NEW]]. */
  val createNewItemsOnly: OverwriteMode = APPEND_NEW
}
