package io.emberflow.kv;

import java.util.List;
import java.util.Objects;

/**
 * Which items of a table to read, and which of their attributes.
 *
 * <pre>
 *   ScanSpec.range("bolt").from("m6").to("m9").filter(new SQLFilter("stock &lt; 10")).select("size", "stock")
 * </pre>
 *
 * <p>A range of one sharding value comes in the order of the sorting part; other scans promise no order.
 */
public final class ScanSpec {
  private static final ScanSpec ALL = new ScanSpec(null, List.of(), null, null);

  record Range(String sharding, String from, String to) {}

  record Segment(int index, int of) {}

  private final SQLFilter filter;
  private final List<String> select;
  private final Range range;
  private final Segment segment;

  private ScanSpec(SQLFilter filter, List<String> select, Range range, Segment segment) {
    this.filter = filter;
    this.select = select;
    this.range = range;
    this.segment = segment;
  }

  /**
   * The whole table.
   *
   * @return user attributes and {@code __name} of every item
   */
  public static ScanSpec all() {
    return ALL;
  }

  /**
   * The items of one sharding value.
   *
   * @param sharding what stands before the first period of their names
   * @return the range, to be narrowed by {@link #from} and {@link #to}
   */
  public static ScanSpec range(String sharding) {
    return ALL.withRange(Objects.requireNonNull(sharding, "sharding"), null, null);
  }

  /**
   * One of several parts of a table, to scan it from several places at once.
   *
   * @param index of the part, from 0
   * @param of how many parts there are, at most 1024
   * @return the part
   */
  public static ScanSpec segment(int index, int of) {
    return ALL.andSegment(index, of);
  }

  /**
   * The same from a sorting value on.
   *
   * @param sorting the first one
   * @return a new spec
   */
  public ScanSpec from(String sorting) {
    Range old = rangeOrNone();
    return withRange(old.sharding, Objects.requireNonNull(sorting, "sorting"), old.to);
  }

  /**
   * The same up to a sorting value.
   *
   * @param sorting the first one that is left out
   * @return a new spec
   */
  public ScanSpec to(String sorting) {
    Range old = rangeOrNone();
    return withRange(old.sharding, old.from, Objects.requireNonNull(sorting, "sorting"));
  }

  /**
   * The same, of one segment; with a range it is refused as {@code InvalidArgument} where it is used.
   *
   * @param index of the part, from 0
   * @param of how many parts there are
   * @return a new spec
   */
  public ScanSpec andSegment(int index, int of) {
    return new ScanSpec(filter, select, range, new Segment(index, of));
  }

  /**
   * The same, only items that pass.
   *
   * @param filter replaces an earlier one; null: all
   * @return a new spec
   */
  public ScanSpec filter(SQLFilter filter) {
    return new ScanSpec(filter, select, range, segment);
  }

  /**
   * The same with these attributes.
   *
   * @param attributes {@code *} for user attributes and {@code __name}, {@code **} for all, or names
   * @return a new spec
   */
  public ScanSpec select(String... attributes) {
    return new ScanSpec(filter, List.of(attributes), range, segment);
  }

  SQLFilter filter() {
    return filter;
  }

  List<String> select() {
    return select;
  }

  /** The range, or null; refuses what the API could say and a scan cannot do. */
  Range checkedRange() {
    if (range != null && range.sharding == null) {
      throw KeyValueException.named("InvalidArgument", "a scan from or to a sorting value needs the sharding value");
    }
    if (range != null && segment != null) {
      throw KeyValueException.named("InvalidArgument", "a scan reads a range or a segment, not both");
    }
    return range;
  }

  /** The segment, or null; refuses one that is none. */
  Segment checkedSegment() {
    if (segment != null && (segment.index < 0 || segment.index >= segment.of || segment.of > 1024)) {
      String said = segment.index + " of " + segment.of;
      throw KeyValueException.named("InvalidArgument", "there is no segment " + said + ": 0 <= index < of <= 1024");
    }
    return segment;
  }

  private Range rangeOrNone() {
    return range != null ? range : new Range(null, null, null);
  }

  private ScanSpec withRange(String sharding, String from, String to) {
    return new ScanSpec(filter, select, new Range(sharding, from, to), segment);
  }
}
