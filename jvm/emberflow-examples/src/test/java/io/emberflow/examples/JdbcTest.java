package io.emberflow.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
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
}
