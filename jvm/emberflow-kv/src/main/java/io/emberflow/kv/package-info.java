/**
 * Tables of items by key, in this JVM or on a server.
 *
 * <pre>
 *   KeyValueOperations ──► Messages ──► Transport ──► gRPC channel ──► the engine in this JVM (sc://emberflow)
 *     futures, scans       bytes        one unary call            └──► emberflow serve       (sc://host:port)
 * </pre>
 *
 * <p>Begin at {@link io.emberflow.kv.KeyValueOperations}. The messages are those of {@code emberflow_kv.proto}; {@code
 * Messages} writes and reads them by hand, because a protobuf library of ours would meet another one on the class path.
 *
 * <p>Not here: DataFrames over tables, which are Spark's format {@code nosql}.
 */
package io.emberflow.kv;
