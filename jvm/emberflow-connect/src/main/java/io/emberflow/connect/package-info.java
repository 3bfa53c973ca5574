/**
 * Apache Spark's own Connect client on an engine inside this JVM.
 *
 * <pre>
 *   spark-connect-client-jvm ──► EmberflowChannelProvider ──► EmberflowChannel ──► EmberflowCall ──► Native
 *                                (found by a service file)                          ▲
 *                                                          Switchboard: the thread that hears the engine
 * </pre>
 *
 * <p>Nobody calls this package by name: with the jar on the class path, the host {@code emberflow} in
 * {@code sc://emberflow} (or {@code jdbc:sc://emberflow}) is answered here, and every other host by the network.
 *
 * <p>Plain Java on purpose: the relocated gRPC types of Spark's client cannot be used from Scala sources, and so no
 * Scala version is part of this artifact's name.
 */
package io.emberflow.connect;
