/**
 * The consensus core. {@link dev.coracle.raft.RawNode} is the door: ticks and messages go in, a
 * {@link dev.coracle.raft.Ready} with everything to store, send and apply comes out. Nothing here reads a clock,
 * starts a thread or touches a file.
 *
 * <p>Node ids are unsigned 64-bit numbers; indexes and terms are non-negative {@code long}s.
 */
@NullMarked
package dev.coracle.raft;

import org.jspecify.annotations.NullMarked;
