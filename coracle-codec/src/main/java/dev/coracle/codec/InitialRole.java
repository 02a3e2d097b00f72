package dev.coracle.codec;

/** What a member of a raftify cluster starts as. Ordinals are the numbers on the wire. */
public enum InitialRole {
    /** A voter that leads from the beginning; at most one. */
    LEADER,
    /** A voter. */
    VOTER,
    /** A learner. */
    LEARNER
}
