/**
 * The node: a {@link dev.coracle.raft.RawNode} driven over a log, snapshots and a transport. Everything here runs
 * unchanged over real and over simulated time, disk, network, chance and threads.
 */
@NullMarked
package dev.coracle.node;

import org.jspecify.annotations.NullMarked;
