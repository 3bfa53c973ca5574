package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract through JNI. */
class StoreInThisJvmTest extends StoreContract {
  private static KeyValueOperations kv;

  @BeforeAll
  static void connect() {
    kv = new KeyValueOperations(new ContainerAlias("contract"), Map.of("remote", "sc://emberflow"));
  }

  @AfterAll
  static void disconnect() {
    kv.close();
    kv.close();
  }

  @Override
  KeyValueOperations kv() {
    return kv;
  }

  @Test
  void settingsAreChecked() {
    ContainerAlias shop = new ContainerAlias("shop");
    assertEquals("InvalidOption", refused(shop, Map.of("colour", "red")).name());
    assertEquals("InvalidOption", refused(shop, Map.of("remote", "http://host")).name());
  }

  private static KeyValueException refused(ContainerAlias container, Map<String, String> settings) {
    return assertThrows(KeyValueException.class, () -> new KeyValueOperations(container, settings));
  }
}
