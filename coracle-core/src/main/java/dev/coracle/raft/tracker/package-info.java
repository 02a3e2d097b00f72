/** The configuration of a cluster, and what a leader knows of each of its members. */
@NullMarked
package dev.coracle.raft.tracker;

import org.jspecify.annotations.NullMarked;
