package dev.coracle.node;

import org.jspecify.annotations.Nullable;

/**
 * How long a leader knows that nobody else leads, by time alone (thesis §6.4.1). The loop's.
 *
 * <p>A follower that hears from its leader gives its vote to nobody for an election timeout by its own clock. A round of
 * heartbeats that began at some moment and that a quorum has answered therefore keeps other leaders away until an election
 * timeout after that moment, less what clocks may differ by. The round is a read's (thesis §6.4): the core counts its
 * answers by the configuration in force, and begins none before an entry of its term is committed.
 *
 * <p>Of an election timeout one tick is not counted, since a follower's first tick may come at once, and of the rest three
 * quarters: a follower's clock may run up to a third faster than the leader's.
 *
 * <p>What a follower's word does not bind: a candidate that a leader sent (thesis §3.10). Once that message has left,
 * which may arrive at any time, there is no lease in this term any more. A change of the configuration ends the lease
 * until the next round, which is counted by the new one.
 */
final class Lease {
    private final @Nullable Clock clock;
    private final long lengthNanos;

    /** The term in which it holds, or last held; 0 before the first. */
    private long term;

    private long endNanos;
    private boolean held;

    /** The last term in which somebody was sent to take over. */
    private long endedTerm;

    Lease(NodeConfig config) {
        // Without the check followers vote for anybody at any time.
        clock = config.checkQuorum ? config.clock : null;
        lengthNanos = (config.electionTicks - 1) * config.tickNanos / 4 * 3;
    }

    /** Tells whether there can be a lease at all. */
    boolean isPossible() {
        return clock != null;
    }

    /** The time now, for {@link #confirmed}; any number if there can be no lease. */
    long now() {
        return clock == null ? 0 : clock.nanoTime();
    }

    /** A quorum has answered the leader of a term, in a round that began after {@code beganNanos}. */
    void confirmed(long newTerm, long beganNanos) {
        if (clock == null || newTerm == endedTerm) {
            return;
        }
        long end = beganNanos + lengthNanos;
        if (!held || newTerm != term || end - endNanos > 0) {
            held = true;
            term = newTerm;
            endNanos = end;
        }
    }

    /** Tells whether the leader of a term is the only one, at the moment when this is called. */
    boolean holds(long leaderTerm) {
        return leftNanos(leaderTerm) > 0;
    }

    /** Tells whether it is time for the next round, so that a lease that is in use does not end. */
    boolean isToBeRenewed(long leaderTerm) {
        return clock != null && leaderTerm != endedTerm && leftNanos(leaderTerm) < lengthNanos / 2;
    }

    private long leftNanos(long leaderTerm) {
        return clock == null || !held || term != leaderTerm ? 0 : endNanos - clock.nanoTime();
    }

    /** The lease holds no longer, until the next round is answered. */
    void interrupt() {
        held = false;
    }

    /** In this term there is no lease any more. */
    void end(long leaderTerm) {
        held = false;
        endedTerm = leaderTerm;
    }
}
