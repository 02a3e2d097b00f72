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

    /** The same as {@link Majority#committedIndex(IdSet, AckedIndexes, Groups)} says of each half. */
    public static long committedIndex(IdSet incoming, IdSet outgoing, AckedIndexes acked, Groups groups) {
        return Math.min(
                Majority.committedIndex(incoming, acked, groups), Majority.committedIndex(outgoing, acked, groups));
    }

    /** Tells whether both halves are of two groups or more; an absent half is. */
    public static boolean spansGroups(IdSet incoming, IdSet outgoing, Groups groups) {
        return Majority.spansGroups(incoming, groups) && Majority.spansGroups(outgoing, groups);
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
