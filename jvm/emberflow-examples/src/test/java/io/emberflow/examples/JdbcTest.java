package io.emberflow.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/** Apache's JDBC driver, found by its URL alone. Needs -Demberflow.jdbc.jar, see README.md. */
@Timeout(120)
@EnabledIf("driverIsThere")
class JdbcTest {
  static boolean driverIsThere() {
    return JdbcTest.class.getResource("/org/apache/spark/sql/connect/client/jdbc/SparkConnectDriver.class") != null;
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:" + Spark.URL);
  }

  @Test
  void aQueryIsReadRowByRow() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT id, id * 1.5D AS d, CAST(id AS STRING) AS s, nullif(id, 1) AS n FROM range(3) ORDER BY id")) {
      ResultSetMetaData meta = rows.getMetaData();
      assertEquals(4, meta.getColumnCount());
      assertEquals("d", meta.getColumnLabel(2));
      assertEquals(Types.BIGINT, meta.getColumnType(1));
      for (long id = 0; id < 3; id++) {
        assertTrue(rows.next());
        assertEquals(id, rows.getLong("id"));
        assertEquals(id * 1.5, rows.getDouble(2));
        assertEquals(Long.toString(id), rows.getString("s"));
        rows.getLong("n");
        assertEquals(id == 1, rows.wasNull());
      }
      assertFalse(rows.next());
    }
  }

  @Test
  void aConnectionKeepsItsViews() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMPORARY VIEW squares AS SELECT id * id AS sq FROM range(4)");
      try (ResultSet rows = statement.executeQuery("SELECT sum(sq) FROM squares")) {
        assertTrue(rows.next());
        assertEquals(14, rows.getLong(1));
      }
    }
  }

  @Test
  void anErrorNamesItsCondition() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      // The driver of Spark 4.2 passes Spark's exceptions on as they are, later ones wrap them.
      Exception e = assertThrows(Exception.class, () -> statement.executeQuery("SELECT * FROM nothing_here"));
      assertTrue(e.getMessage().contains("TABLE_OR_VIEW_NOT_FOUND"), e.getMessage());
      try (ResultSet rows = statement.executeQuery("SELECT 1")) {
        assertTrue(rows.next(), "the next query works");
      }
    }
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    while (rows.next()) {
      values.add(rows.getString(name));
    }
    return values;
  }

  /** What a tool asks for when it draws its tree of catalogs, schemas, tables and columns. */
  @Test
  void aToolFindsItsWay() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("DROP TABLE IF EXISTS jdbc_tool");
      statement.execute("CREATE TABLE jdbc_tool (id INT, name STRING) USING parquet");
      try {
        DatabaseMetaData meta = connection.getMetaData();
        assertEquals("spark_catalog", connection.getCatalog());
        assertEquals("default", connection.getSchema());
        assertEquals(List.of("spark_catalog"), column(meta.getCatalogs(), "TABLE_CAT"));
        assertTrue(column(meta.getSchemas(), "TABLE_SCHEM").contains("default"));
        assertEquals(List.of("default"), column(meta.getSchemas("spark_catalog", "defau%"), "TABLE_SCHEM"));
        assertEquals(List.of("TABLE", "VIEW"), column(meta.getTableTypes(), "TABLE_TYPE"));
        String[] tables = {"TABLE"};
        assertEquals(List.of("jdbc_tool"), column(meta.getTables("spark_catalog", "default", "jdbc_t%", tables), "TABLE_NAME"));
        assertEquals(List.of("id", "name"), column(meta.getColumns("spark_catalog", "default", "jdbc_tool", "%"), "COLUMN_NAME"));
        assertEquals(List.of("INT", "STRING"), column(meta.getColumns(null, "default", "jdbc_tool", null), "TYPE_NAME"));
        assertTrue(connection.isValid(5));
      } finally {
        statement.execute("DROP TABLE jdbc_tool");
      }
    }
  }

  @Test
  void typesAreTold() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT true AS b, 1Y AS y, 2S AS s, 3 AS i, 4L AS l, 1.5F AS f, 2.5D AS d, CAST(1.20 AS DECIMAL(5, 2)) AS m, "
                    + "'text' AS t, x'0aff' AS x, date'2024-02-29' AS day, timestamp'2024-02-29 01:02:03.5' AS at")) {
      ResultSetMetaData meta = rows.getMetaData();
      int[] types = {
        Types.BOOLEAN, Types.TINYINT, Types.SMALLINT, Types.INTEGER, Types.BIGINT, Types.FLOAT, Types.DOUBLE, Types.DECIMAL,
        Types.VARCHAR, Types.VARBINARY, Types.DATE, Types.TIMESTAMP
      };
      for (int at = 0; at < types.length; at++) {
        assertEquals(types[at], meta.getColumnType(at + 1), meta.getColumnLabel(at + 1));
      }
      assertTrue(rows.next());
      assertEquals(new BigDecimal("1.20"), rows.getBigDecimal("m"));
      assertEquals(Date.valueOf("2024-02-29"), rows.getDate("day"));
      assertEquals(2.5, rows.getDouble("d"));
      assertEquals("[10, -1]", Arrays.toString(rows.getBytes("x")));
    }
  }

  @Test
  void aLargeResultIsReadToItsEnd() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT id FROM range(300000)")) {
      long sum = 0;
      while (rows.next()) {
        sum += rows.getLong(1);
      }
      assertEquals(299_999L * 150_000L, sum);
    }
  }

  @Test
  void cancelEndsAStatementFromAnotherThread() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      String endless = "SELECT count(*) FROM range(300000) a CROSS JOIN range(300000) b WHERE a.id * 31 + b.id = -1";
      FutureTask<String> query =
          new FutureTask<>(() -> assertThrows(Exception.class, () -> statement.executeQuery(endless).next()).getMessage());
      new Thread(query).start();
      Thread.sleep(1000);
      assertFalse(query.isDone());
      statement.cancel();
      String words = query.get(10, TimeUnit.SECONDS);
      assertTrue(words.contains("OPERATION_CANCELED"), words);
    }
  }
}
