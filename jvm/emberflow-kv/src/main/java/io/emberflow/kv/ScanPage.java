package io.emberflow.kv;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Some items of a scan. A page may hold fewer items than asked for, even none, though more follow.
 *
 * @param items attributes by name
 * @param nextMarker what to ask the next page with
 * @param last whether the scan is over
 */
public record ScanPage(List<Map<String, Object>> items, Optional<String> nextMarker, boolean last) {}
