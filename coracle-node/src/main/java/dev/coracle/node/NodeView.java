package dev.coracle.node;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.RoleName;

/**
 * What metrics ask of a node, as of the end of a turn of its loop.
 *
 * @param leader who leads, or {@link dev.coracle.raft.RawNode#NONE}
 * @param applied the last index that the state machine has applied, as far as the loop knows
 * @param configuration the one in force, which may be ahead of what the state machine has noted
 */
public record NodeView(RoleName role, long leader, long term, long commit, long applied, ConfState configuration) {}
