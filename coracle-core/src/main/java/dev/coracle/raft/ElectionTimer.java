package dev.coracle.raft;

/** Counts the ticks without a sign of life from a leader, against a limit that is partly random. */
final class ElectionTimer {
    private final int electionTicks;
    private final int minTicks;
    private final int maxTicks;
    private final RandomSource random;
    private int elapsedTicks;

    /** Invariant: in [minTicks, maxTicks), unless a test set it. */
    private int limitTicks;

    ElectionTimer(RaftConfig config) {
        electionTicks = config.electionTicks;
        minTicks = config.minElectionTicks;
        maxTicks = config.maxElectionTicks;
        random = config.random;
        limitTicks = minTicks;
    }

    /** Starts anew with a new limit, so that split votes are rare and do not repeat (§5.2). */
    void reset() {
        elapsedTicks = 0;
        limitTicks = minTicks + random.next(maxTicks - minTicks);
    }

    /** Starts anew with the same limit: there was a sign of life, or an election begins. */
    void restart() {
        elapsedTicks = 0;
    }

    void tick() {
        elapsedTicks++;
    }

    /** Whether it is time to start an election. */
    boolean isOver() {
        return elapsedTicks >= limitTicks;
    }

    /**
     * Whether an election timeout has passed. NB: without the random part: no follower starts an election before this, so
     * a leader that hears from a quorum within it is the only one (thesis §6.4.1).
     */
    boolean isLeaseOver() {
        return elapsedTicks >= electionTicks;
    }

    int remainingLeaseTicks() {
        return electionTicks - elapsedTicks;
    }

    void setLimit(int ticks) {
        limitTicks = ticks;
    }
}
