package io.emberflow.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RemoteUrlTest {
  private static void reads(String text, String target, boolean tls, Map<String, String> headers) {
    assertEquals(new RemoteUrl(target, tls, headers), RemoteUrl.parse(text));
  }

  @Test
  void hostsAndPorts() {
    reads("sc://cluster", "cluster:15002", false, Map.of());
    reads("sc://cluster:7/", "cluster:7", false, Map.of());
    reads("sc://[::1]", "[::1]:15002", false, Map.of());
    reads("sc://[::1]:7", "[::1]:7", false, Map.of());
    reads("sc://emberflow", "emberflow", false, Map.of());
  }

  @Test
  void aTokenGoesInTheOpenToThisMachineOnly() {
    Map<String, String> bearer = Map.of("authorization", "Bearer a+b c");
    reads("sc://cluster/;token=a+b%20c", "cluster:15002", true, bearer);
    reads("sc://localhost:7/;token=a+b%20c", "localhost:7", false, bearer);
    reads("sc://localhost:7/;token=a+b%20c;use_ssl=true", "localhost:7", true, bearer);
  }

  @Test
  void otherKeysAreHeadersUnlessTheyAreSparksBusiness() {
    reads("sc://h:1/;X-Team=red;user_id=u;session_id=s", "h:1", false, Map.of("x-team", "red"));
  }

  @Test
  void whatIsMalformedIsRefused() {
    for (String text : new String[] {"http://h", "sc://", "sc://h/;token", "sc://h/;a=%zz"}) {
      assertEquals("InvalidOption", assertThrows(KeyValueException.class, () -> RemoteUrl.parse(text)).name());
    }
  }
}
