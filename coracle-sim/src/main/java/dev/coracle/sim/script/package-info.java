/**
 * Runs scripts of commands and compares the answers with the text that the scripts expect, byte for byte. There are
 * three languages: one drives a cluster of {@link dev.coracle.raft.RawNode}s step by step, one the arithmetic of
 * quorums, one the changer of configurations. They are those of etcd's raft library, so that its scripts run here and
 * ours there.
 *
 * <p>{@link dev.coracle.sim.script.Conformance} runs whole folders, {@link dev.coracle.sim.script.ScriptRunner} one
 * file.
 */
@NullMarked
package dev.coracle.sim.script;

import org.jspecify.annotations.NullMarked;
