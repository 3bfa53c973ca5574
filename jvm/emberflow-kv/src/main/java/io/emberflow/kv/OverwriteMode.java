package io.emberflow.kv;

/**
 * What an update does to an item that is there. One that is not there is always created.
 *
 * <pre>
 *                in both     only in the update   only in the item
 *   APPEND       keep old    add                  keep
 *   APPEND_NEW   keep old    leave out            keep
 *   REPLACE      new value   add                  keep
 *   OVERWRITE    new value   add                  remove
 * </pre>
 */
public enum OverwriteMode {
  /** The item becomes exactly what the update says. */
  OVERWRITE,
  /** The update's attributes are set, the others stay. */
  REPLACE,
  /** Only attributes the item lacks are added. */
  APPEND,
  /** An item that is there stays as it is. */
  APPEND_NEW;

  /** Another name of {@link #APPEND_NEW}. */
  public static final OverwriteMode CreateNewItemOnly = APPEND_NEW;

  /** Another name of {@link #APPEND_NEW}. */
  public static final OverwriteMode createNewItemsOnly = APPEND_NEW;

  /** Another name of {@link #REPLACE}. */
  public static final OverwriteMode CreateOrReplaceAttributes = REPLACE;

  /** Another name of {@link #REPLACE}. */
  public static final OverwriteMode updateItem = REPLACE;

  /** Another name of {@link #OVERWRITE}. */
  public static final OverwriteMode OverWriteAttributes = OVERWRITE;

  /** Another name of {@link #OVERWRITE}. */
  public static final OverwriteMode overwriteItem = OVERWRITE;
}
