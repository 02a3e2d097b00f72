package dev.coracle;

/** What a read may see. */
public enum Consistency {
    /**
     * Everything that was acknowledged to anybody before the read began. Costs a round of messages between the leader and
     * a majority, shared by all reads of a moment.
     */
    LINEARIZABLE,
    /**
     * The same, but the leader trusts the clocks and saves the round: for three quarters of an election timeout after the
     * last one it knows that no other member can lead. A read on another member asks the leader, and costs the way there
     * and back. Where there is no lease, at first, after the configuration has changed and once leadership was to be handed
     * over, it is as {@link #LINEARIZABLE}, and its round begins the next lease.
     *
     * <p>Safe as long as the clock of no member runs more than a third faster than another's, and as long as no machine
     * stands still without its monotonic clock going on, as one that is suspended or a virtual one that is moved may do.
     * All members must have the same ticks.
     */
    LEASE,
    /** What this member has applied, which may be old: the member may be behind, or cut off from the others. */
    STALE
}
