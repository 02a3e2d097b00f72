package dev.coracle;

/** What a read may see. */
public enum Consistency {
    /**
     * Everything that was acknowledged to anybody before the read began. Costs a round of messages between the leader and
     * a majority, shared by all reads of a moment.
     */
    LINEARIZABLE,
    /** What this member has applied, which may be old: the member may be behind, or cut off from the others. */
    STALE
}
