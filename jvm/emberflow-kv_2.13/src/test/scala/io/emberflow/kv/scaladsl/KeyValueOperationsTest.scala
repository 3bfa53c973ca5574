package io.emberflow.kv.scaladsl

import java.sql.Timestamp
import java.time.Instant

import scala.concurrent.{Await, ExecutionContext, Future}
import scala.concurrent.duration.DurationInt
import scala.util.Success

import org.junit.jupiter.api.{BeforeEach, Test, TestInfo, Timeout}
import org.junit.jupiter.api.Assertions.{assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue}

import WriteOutcome._

/**
 * What the store promises to a Scala program. Numbers are those of the specification's vectors; Java's tests have the
 * others, and the same over a network.
 */
@Timeout(120)
class KeyValueOperationsTest {
  private implicit val global: ExecutionContext = ExecutionContext.global
  private val kv = KeyValueOperations(ContainerAlias("scala"), Map("remote" -> "sc://emberflow"))
  private var t: EmberPath = _

  private def now[A](future: Future[A]): A = Await.result(future, 60.seconds)

  @BeforeEach def anEmptyTableForEachTest(test: TestInfo): Unit = {
    t = EmberPath("/" + test.getTestMethod.get.getName)
    now(kv.deleteTable(t, ignoreMissing = true))
  }

  private def has(key: String, fields: (String, Any)*): Unit = assertTrue(now(kv.put(t, SimpleRow(key, fields.toMap))))

  private def item(key: String): Option[Map[String, Any]] = now(kv.get(t, key))

  private def update(mode: OverwriteMode, key: String, fields: (String, Any)*): WriteOutcome =
    now(kv.execute(t, Operation.Update(SimpleRow(key, fields.toMap), mode)))

  private def evaluate(key: String, text: String): WriteOutcome =
    now(kv.execute(t, Operation.Evaluate(key, UpdateExpression(text))))

  private def passes(key: String, condition: String): Boolean =
    now(kv.execute(t, Operation.Update(SimpleRow(key), OverwriteMode.REPLACE, Some(SQLFilter(condition))))) !=
      Unchanged(ConditionFalse)

  private def failure(future: Future[Any]): KeyValueException =
    assertThrows(classOf[KeyValueException], () => { now(future); () })

  private def names(spec: ScanSpec): Seq[Any] = kv.scan(t, spec.copy(select = Seq("__name"))).map(_("__name")).toSeq

  @Test def vector35NumbersCompareByValueAndKindsNeverMix(): Unit = {
    has("p", "a" -> 5)
    assertTrue(passes("p", "a == 5.0 AND NOT a != 5"))
    assertFalse(passes("p", "a == '5'"))
    assertFalse(passes("p", "a != '5'"))
  }

  @Test def vector36WhatIsAbsentIsUnknown(): Unit = {
    has("p", "a" -> 2)
    assertTrue(passes("p", "gone == 1 OR a == 2"))
    assertFalse(passes("p", "NOT (gone == 1)"))
    assertFalse(passes("p", "gone != 1"))
  }

  @Test def vector37AMalformedConditionSaysWhere(): Unit = {
    has("p", "a" -> 2)
    assertTrue(passes("p", ""))
    assertTrue(passes("p", "NOT exists(gone)"))
    assertEquals("ParseError", failure(kv.delete(t, "p", "1")).name)
    val wrong = failure(kv.delete(t, "p", Some(SQLFilter("a = 2"))))
    assertEquals(("ParseError", "NOSQL.PARSE_ERROR", 2), (wrong.name, wrong.condition, wrong.position.getAsInt))
  }

  @Test def vector38BooleansAreConditionsAndNumbersAreNot(): Unit = {
    has("p", "f" -> true, "a" -> 1)
    assertEquals(Seq(true, false, true, false), Seq("f", "f == 1", "f + a == 2", "a").map(passes("p", _)))
  }

  @Test def vector39InListsMembers(): Unit = {
    has("p", "c" -> "red")
    val conditions = Seq("c IN ('blue','red')", "C in ('red')", "NOT c in ('blue', gone)")
    assertEquals(Seq(true, false, false), conditions.map(passes("p", _)))
  }

  @Test def vector40OperatorsBindAsTheyShould(): Unit = {
    has("p", "a" -> 6)
    Seq("a & 3 == 2", "1 + 2 * 3 == 7", "NOT a == 5 AND a > 1").foreach(text => assertTrue(passes("p", text)))
    assertEquals("ParseError", failure(kv.delete(t, "p", "1 < a < 9")).name)
  }

  @Test def vector41AnErrorInAConditionIsUnknown(): Unit = {
    has("p", "a" -> 0)
    assertEquals(Seq(true, false), Seq("10 / a > 1 OR a == 0", "10 / a > 1").map(passes("p", _)))
  }

  @Test def vector42QuotesAndBackquotes(): Unit = {
    has("p", "exists" -> true, "s" -> "it's")
    Seq("`exists` == true", "s == 'it''s'", "length(s) == 4").foreach(text => assertTrue(passes("p", text)))
  }

  @Test def vector44SoNothingIsSwapped(): Unit = {
    has("p", "a" -> 1, "b" -> 2)
    evaluate("p", "a=b; b=a")
    assertEquals(Some(Map("a" -> 2L, "b" -> 2L)), item("p"))
  }

  @Test def vector46ACounterFromNothing(): Unit = {
    assertTrue(evaluate("p", "n = if_not_exists(n,0) + 1").isInstanceOf[Created])
    assertTrue(evaluate("p", "n = if_not_exists(n,0) + 1").isInstanceOf[Updated])
    assertEquals(Some(Map("n" -> 2L)), item("p"))
  }

  @Test def vector48AnEmptyExpressionCreates(): Unit = {
    evaluate("p", "")
    assertEquals(Some(Map.empty), item("p"))
  }

  @Test def vector50OverflowIsAnError(): Unit = {
    has("p", "a" -> Long.MaxValue)
    assertEquals("ArithmeticOverflow", failure(kv.update(t, SimpleRow("p"), "a=a+1")).name)
    assertEquals(Some(Map("a" -> Long.MaxValue)), item("p"))
  }

  @Test def vector52ArraysKeepTheirSizeAndKind(): Unit = {
    has("p", "z" -> Seq(1, 2))
    assertEquals("IndexOutOfRange", failure(kv.update(t, SimpleRow("p"), "z[2]=1")).name)
    assertEquals("TypeError", failure(kv.update(t, SimpleRow("p"), "z[0]=1.5")).name)
    assertEquals(Some(Map("z" -> Seq(1L, 2L))), item("p"))
  }

  @Test def vector53ExtremesAndChoices(): Unit = {
    evaluate("p", "a=max(true,3); b=max(true,0); c=min(1,9.0); d=if_else(1>2,'x','y')")
    assertEquals(Some(Map("a" -> 3L, "b" -> true, "c" -> 1.0, "d" -> "y")), item("p"))
  }

  @Test def vector43ActionsSeeThoseBefore(): Unit = {
    has("p", "a" -> 1, "b" -> 2)
    evaluate("p", "t=a; a=b*10; b=t; remove t")
    assertEquals(Some(Map("a" -> 20L, "b" -> 1L)), item("p"))
  }

  @Test def vector45AnExpressionHappensWholeOrNotAtAll(): Unit = {
    has("p", "a" -> 1)
    assertEquals("MissingAttribute", failure(kv.execute(t, Operation.Evaluate("p", UpdateExpression("a=9; b=gone+1")))).name)
    assertEquals(Some(Map("a" -> 1L)), item("p"))
  }

  @Test def vector47OtherwiseCreates(): Unit = {
    val expression = UpdateExpression("a=a+1", otherwise = Some("a=0; ok=true"))
    for (_ <- 1 to 3)
      assertTrue(now(kv.update(t, SimpleRow("p"), OverwriteMode.REPLACE, Some(SQLFilter("ok==true")), Some(expression))))
    assertEquals(Some(Map("a" -> 2L, "ok" -> true)), item("p"))
  }

  @Test def vector49ArithmeticOfIntegersAndFractions(): Unit = {
    has("p", "a" -> 7)
    evaluate("p", "q=a/2; r=-7/2; d=a/2.0; h=a<<1|1")
    assertEquals(Some(Map("a" -> 7L, "q" -> 3L, "r" -> -3L, "d" -> 3.5, "h" -> 15L)), item("p"))
  }

  @Test def vector51Arrays(): Unit = {
    evaluate("p", "z=init_array(4,'int'); z[1]=5; z[2]=z[1]*2; m=max(z[0..2]); n=length(z); y=z[1..2]")
    assertEquals(Some(Map("z" -> Seq(0L, 5L, 10L, 0L), "m" -> 10L, "n" -> 4L, "y" -> Seq(5L, 10L))), item("p"))
  }

  @Test def vector54ModesKeepOrReplace(): Unit = {
    has("p", "a" -> 1, "b" -> 2)
    update(OverwriteMode.APPEND, "p", "a" -> 9, "c" -> 3)
    assertEquals(Some(Map("a" -> 1L, "b" -> 2L, "c" -> 3L)), item("p"))
    update(OverwriteMode.overwriteItem, "p", "a" -> 9, "c" -> 3)
    assertEquals(Some(Map("a" -> 9L, "c" -> 3L)), item("p"))
  }

  @Test def vector55AppendNewLeavesAnItemAlone(): Unit = {
    has("p", "a" -> 1, "b" -> 2)
    assertEquals(Unchanged(ItemExists), update(OverwriteMode.CreateNewItemOnly, "p", "a" -> 9))
    assertEquals(Some(Map("a" -> 1L, "b" -> 2L)), item("p"))
  }

  @Test def vector56OverwriteIncrementsWhatWasThere(): Unit = {
    has("p", "n" -> 10, "b" -> 2)
    update(OverwriteMode.OVERWRITE, "p", "n" -> Increment(5))
    assertEquals(Some(Map("n" -> 15L)), item("p"))
  }

  @Test def vector57TextIsNotIncremented(): Unit = {
    has("p", "n" -> "x")
    val row = SimpleRow("p", Map("n" -> Increment(5)))
    assertEquals("TypeError", failure(kv.update(t, row, OverwriteMode.REPLACE)).name)
    assertEquals(Some(Map("n" -> "x")), item("p"))
  }

  @Test def vector58OfTwoWritersOfOneVersionOneWins(): Unit = {
    for (round <- 1 to 20) {
      val version = update(OverwriteMode.REPLACE, "p", "a" -> round) match {
        case Created(version) => version
        case Updated(version) => version
        case other => throw new AssertionError(other)
      }
      def set(value: Int) =
        Operation.Update(SimpleRow("p", Map("b" -> value)), OverwriteMode.REPLACE, Some(SQLFilter.version(version)))
      val racers = Seq(2 * round, 2 * round + 1)
      val outcomes = now(Future.sequence(racers.map(value => Future(kv.execute(t, set(value))).flatten)))
      assertEquals(1, outcomes.count(_.isInstanceOf[Updated]))
      assertEquals(1, outcomes.count(_ == Unchanged(ConditionFalse)))
    }
  }

  @Test def vector59NoIncrementIsLost(): Unit = {
    has("p", "n" -> 0)
    val one = SimpleRow("p", Map("n" -> Increment(1)))
    now(Future.traverse((1 to 100).toList)(_ => Future(kv.update(t, one, OverwriteMode.REPLACE)).flatten))
    assertEquals(Some(Map("n" -> 100L)), item("p"))
  }

  @Test def vector60RangesAndSegments(): Unit = {
    Seq("u.a", "u.b", "u.c").foreach(has(_))
    val range = KeyRange("u", Some("a"), Some("c"))
    assertEquals(Seq("u.a", "u.b"), names(ScanSpec(range = Some(range))))
    val both = ScanSpec(range = Some(range), segment = Some(Segment(0, 2)))
    assertEquals("InvalidArgument", failure(kv.scanPage(t, both)).name)
  }

  @Test def vector61AFilterLeavesOutWhatLacksTheAttribute(): Unit = {
    has("p", "a" -> 1)
    has("q", "b" -> 1)
    assertEquals(Seq("p"), names(ScanSpec(filter = Some(SQLFilter("a != 5")))))
  }

  @Test def pagesFollowEachOther(): Unit = {
    (10 to 34).foreach(i => has(s"u.$i", "i" -> i))
    val spec = ScanSpec(select = Seq("i"), range = Some(KeyRange("u")))
    def from(marker: Option[String]): Seq[Any] = {
      val page = now(kv.scanPage(t, spec, 10, marker))
      page.items.map(_("i")) ++ (if (page.last) Nil else from(page.nextMarker))
    }
    assertEquals((10L to 34L), from(None))
  }

  @Test def valuesComeBackAsTheStoreKeepsThem(): Unit = {
    val instant = Instant.parse("2024-02-29T12:34:56.123456789Z")
    has(
      "p",
      "some" -> Some(7),
      "none" -> None,
      "float" -> 0.5f,
      "instant" -> instant,
      "timestamp" -> Timestamp.from(instant),
      "seq" -> Seq(1, 2L),
      "vector" -> Vector(0.5, 1.5f),
      "array" -> Array(1, 2),
      "empty" -> Array.empty[Double])
    assertEquals(
      Some(
        Map(
          "some" -> 7L,
          "float" -> 0.5,
          "instant" -> instant,
          "timestamp" -> instant,
          "seq" -> Seq(1L, 2L),
          "vector" -> Seq(0.5, 1.5),
          "array" -> Seq(1L, 2L),
          "empty" -> Seq.empty[Double])),
      item("p"))
    has("again", item("p").get.toSeq: _*)
    assertEquals(item("p"), item("again"))
    has("b", "blob" -> Array[Byte](0, -1))
    assertArrayEquals(Array[Byte](0, -1), item("b").get("blob").asInstanceOf[Array[Byte]])
  }

  @Test def whatCannotBeStoredIsRefused(): Unit = {
    for (value <- Seq[Any](BigDecimal(1), Map("x" -> 1), Seq[Any](1, null), Seq[Any](1, 2.5), Seq.empty, 'c'))
      assertEquals("UnsupportedType", failure(kv.put(t, SimpleRow("p", Map("a" -> value)))).name)
    assertEquals(None, item("p"))
  }

  @Test def anExpressionTakesNoFields(): Unit = {
    val row = SimpleRow("p", Map("b" -> 2))
    val refused = kv.update(t, row, OverwriteMode.REPLACE, None, Some(UpdateExpression("a = 1")))
    assertEquals("InvalidArgument", failure(refused).name)
  }

  @Test def textsAreConditionsAndExpressions(): Unit = {
    has("p", "a" -> 1)
    now(kv.update(t, SimpleRow("p", Map("b" -> 2)), OverwriteMode.REPLACE, "a == 1"))
    now(kv.update(t, SimpleRow("p", Map("b" -> 9)), OverwriteMode.REPLACE, "a == 2"))
    now(kv.update(t, SimpleRow("p"), OverwriteMode.REPLACE, "b == 2", "a = a + 1"))
    now(kv.update(t, SimpleRow("p"), OverwriteMode.REPLACE, updateExpression = "c = 3"))
    now(kv.update(t, SimpleRow("p"), "a = a + 1"))
    now(kv.update(t, SimpleRow("p"), "a = 0", "a > 100"))
    assertEquals(Some(Map("a" -> 3L, "b" -> 2L, "c" -> 3L)), item("p"))
    now(kv.update(t, SimpleRow("p"), UpdateExpression("a = ${n}", Map("n" -> 7)), SQLFilter("a == ${m}", Map("m" -> 3))))
    assertEquals(Seq("p"), names(ScanSpec(filter = "a == 7")))
    assertEquals(Deleted, now(kv.execute(t, Operation.Delete("p", "a == 7"))))
    now(kv.execute(t, Operation.Evaluate("p", "a = 1")))
    now(kv.put(t, SimpleRow("p", Map("a" -> 2)), "a == 5"))
    assertEquals(1L, now(kv.deleteWhere(t, "a == 1")))
  }

  @Test def aBatchTellsOfEachOperation(): Unit = {
    has("p", "a" -> 1, "s" -> "x")
    val results = now(
      kv.batch(
        t,
        Seq(
          Operation.Put(SimpleRow("q", Map("a" -> 2))),
          Operation.Update(SimpleRow("p", Map("s" -> Increment(1))), OverwriteMode.REPLACE),
          Operation.Evaluate("p", UpdateExpression("a = a + ${n}", Map("n" -> 4))),
          Operation.Delete("gone"))))
    assertTrue(results.head.get.isInstanceOf[Created])
    assertEquals("TypeError", results(1).failed.get.asInstanceOf[KeyValueException].name)
    assertTrue(results(2).get.isInstanceOf[Updated])
    assertEquals(Success(Unchanged(NoSuchItem)), results(3))
    assertEquals(
      Seq(Some(Map("a" -> 5L)), None, Some(Map("a" -> 2L))),
      now(kv.getAll(t, Seq("p", "gone", "q"), "a")))
    assertEquals(Deleted, now(kv.execute(t, Operation.Delete("q"))))
    assertEquals(1L, now(kv.deleteWhere(t, SQLFilter("a > ${n}", Map("n" -> 1)))))
  }

  @Test def pathsNameContainers(): Unit = {
    val other = V3IOPath("v3io://other-shop/parts/")
    now(kv.put(other, SimpleRow("p", Map("a" -> 1))))
    assertEquals(Some(Map("a" -> 1L)), now(kv.get(EmberPath("/parts", "other-shop"), "p")))
    assertTrue(now(kv.containers()).contains("other-shop"))
    assertTrue(now(kv.deleteTable(other)))
    assertEquals("TableNotFound", failure(kv.deleteTable(other)).name)
  }

  @Test def vector63KeysAndWhatTheStoreKeepsAreNotWrittenTo(): Unit = {
    has("p", "k" -> "p")
    now(kv.setSchema(t, """{"fields":[{"name":"k","type":"string","nullable":false}],"key":"k","hashingBucketNum":0}"""))
    assertEquals("KeyAttributeImmutable", failure(kv.update(t, SimpleRow("p"), "k='z'")).name)
    assertEquals("ReservedName", failure(kv.update(t, SimpleRow("p"), "__name='z'")).name)
    assertEquals(Some(Map("k" -> "p")), item("p"))
  }

  @Test def tablesAreLookedAfter(): Unit = {
    has("p", "a" -> 1)
    assertTrue(now(kv.describe(t, countItems = true)).contains("\"items\":1"))
    assertTrue(now(kv.list()).contains("tablesAreLookedAfter"))
    assertTrue(now(kv.compact(t)))
    assertTrue(now(kv.verify()).contains("\"broken\":0"))
    assertEquals("TableNotFound", failure(kv.describe(EmberPath("/nowhere"))).name)
    assertEquals("TableNotFound", failure(kv.compact(EmberPath("/nowhere"))).name)
  }

  @Test def schemasAreJson(): Unit = {
    has("p", "k" -> "p")
    assertEquals(None, now(kv.schema(t)))
    val fields = """[{"name":"k","type":"string","nullable":false}]"""
    now(kv.setSchema(t, s"""{"fields":$fields,"key":"k","hashingBucketNum":0}"""))
    assertTrue(now(kv.schema(t)).get.contains("\"key\":\"k\""))
    assertEquals("KeyAttributeImmutable", failure(kv.execute(t, Operation.Evaluate("p", UpdateExpression("k='z'")))).name)
  }

  @Test def aServerThatIsAwayIsNoErrorOfTheStore(): Unit = {
    val away = KeyValueOperations(ContainerAlias("scala"), Map("remote" -> "sc://127.0.0.1:1"))
    val thrown = assertThrows(classOf[TransportException], () => { now(away.get(t, "p")); () })
    assertEquals("UNAVAILABLE", thrown.code)
    away.close()
  }
}
