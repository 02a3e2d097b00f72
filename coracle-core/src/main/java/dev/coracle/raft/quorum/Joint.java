package dev.coracle.raft.quorum;

/**
 * Decisions of a joint configuration (thesis §4.3): a majority of the incoming voters and a majority of the outgoing
 * ones, each for itself. Without outgoing voters these are the incoming voters' decisions.
 */
public final class Joint {
    private Joint() {}

    /**
     * The highest index that a majority of both halves has acknowledged; {@link Majority#EVERYTHING} without voters.
     */
    public static long committedIndex(IdSet incoming, IdSet outgoing, AckedIndexes acked) {
        return Math.min(Majority.committedIndex(incoming, acked), Majority.committedIndex(outgoing, acked));
    }

    /** How the vote stands: won if both halves are, lost if either is. */
    public static VoteResult voteResult(IdSet incoming, IdSet outgoing, Votes votes) {
        VoteResult one = Majority.voteResult(incoming, votes);
        VoteResult other = Majority.voteResult(outgoing, votes);
        if (one == other) {
            return one;
        }
        return one == VoteResult.LOST || other == VoteResult.LOST ? VoteResult.LOST : VoteResult.PENDING;
    }

    /** Draws what the voters of both halves have acknowledged, each voter once. */
    public static String describe(IdSet incoming, IdSet outgoing, AckedIndexes acked) {
        return Majority.describe(incoming.union(outgoing), acked);
    }
}
