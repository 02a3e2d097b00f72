package dev.coracle.raft.quorum;

import java.util.Locale;

/**
 * Decisions by the majority of one set of voters.
 *
 * <p>The empty set agrees to everything. It is no configuration of its own, but the absent half of a joint one, which
 * must never hold the other half back.
 */
public final class Majority {
    /** The index that the empty set has committed: everything. Printed "∞". */
    public static final long EVERYTHING = Long.MAX_VALUE;

    private Majority() {}

    /**
     * The highest index that a majority of {@code voters} has acknowledged (§5.3), or {@link #EVERYTHING} without
     * voters. The caller still has to check the term of the entry there (§5.4.2).
     */
    public static long committedIndex(IdSet voters, AckedIndexes acked) {
        int size = voters.size();
        if (size == 0) {
            return EVERYTHING;
        }
        // The answer is 0 or some voter's own index. Counting for each is quadratic, but needs no array to sort in, and
        // clusters are small.
        long committed = 0;
        for (int i = 0; i < size; i++) {
            long candidate = acked.ackedIndex(voters.at(i));
            if (candidate > committed && countOfAcked(voters, acked, candidate) >= quorum(size)) {
                committed = candidate;
            }
        }
        return committed;
    }

    /**
     * The highest index that a majority of {@code voters} and, besides, voters of two groups have acknowledged: it
     * outlives the loss of any one group. Where all voters are of one group, the majority alone decides; where some have
     * no group, and the others are not of two, every voter must have acknowledged it. Never above what the majority has.
     */
    public static long committedIndex(IdSet voters, AckedIndexes acked, Groups groups) {
        long committed = committedIndex(voters, acked);
        long firstGroup = 0;
        long firstIndex = -1;
        long secondIndex = -1;
        long lowest = EVERYTHING;
        boolean allGrouped = true;
        for (int i = 0; i < voters.size(); i++) {
            long index = acked.ackedIndex(voters.at(i));
            long group = groups.group(voters.at(i));
            lowest = Math.min(lowest, index);
            if (group == 0) {
                allGrouped = false;
            } else if (group == firstGroup) {
                firstIndex = Math.max(firstIndex, index);
            } else if (index > firstIndex) {
                // The leading group changes; the one that led is the best of the others.
                secondIndex = firstIndex;
                firstGroup = group;
                firstIndex = index;
            } else {
                secondIndex = Math.max(secondIndex, index);
            }
        }
        if (secondIndex >= 0) {
            return Math.min(committed, secondIndex);
        }
        return allGrouped ? committed : lowest;
    }

    /** Tells whether {@code voters} are of two groups or more, without voters too. */
    public static boolean spansGroups(IdSet voters, Groups groups) {
        long found = 0;
        for (int i = 0; i < voters.size(); i++) {
            long group = groups.group(voters.at(i));
            if (group != 0 && found != 0 && group != found) {
                return true;
            }
            found = group == 0 ? found : group;
        }
        return voters.isEmpty();
    }

    private static int countOfAcked(IdSet voters, AckedIndexes acked, long index) {
        int count = 0;
        for (int i = 0; i < voters.size(); i++) {
            if (acked.ackedIndex(voters.at(i)) >= index) {
                count++;
            }
        }
        return count;
    }

    /** How the vote of {@code voters} stands (§5.2). Votes of others do not count. Won without voters. */
    public static VoteResult voteResult(IdSet voters, Votes votes) {
        int size = voters.size();
        if (size == 0) {
            return VoteResult.WON;
        }
        int yes = 0;
        int missing = 0;
        for (int i = 0; i < size; i++) {
            int vote = votes.vote(voters.at(i));
            if (vote > 0) {
                yes++;
            } else if (vote == 0) {
                missing++;
            }
        }
        if (yes >= quorum(size)) {
            return VoteResult.WON;
        }
        return yes + missing >= quorum(size) ? VoteResult.PENDING : VoteResult.LOST;
    }

    private static int quorum(int size) {
        return size / 2 + 1;
    }

    /** The text of a committed index. */
    public static String indexText(long committedIndex) {
        return committedIndex == EVERYTHING ? "∞" : Long.toString(committedIndex);
    }

    /**
     * Draws what {@code voters} have acknowledged, one line for each, with a bar as long as there are voters behind it.
     * For people and for conformance scripts.
     */
    public static String describe(IdSet voters, AckedIndexes acked) {
        int size = voters.size();
        if (size == 0) {
            return "<empty majority quorum>";
        }
        int[] bars = bars(voters, acked);
        StringBuilder text = new StringBuilder();
        text.append(" ".repeat(size)).append("    idx\n");
        for (int i = 0; i < size; i++) {
            long id = voters.at(i);
            if (acked.isKnown(id)) {
                text.append("x".repeat(bars[i])).append('>').append(" ".repeat(size - bars[i]));
            } else {
                text.append('?').append(" ".repeat(size));
            }
            text.append(String.format(Locale.ROOT, " %5d    (id=%x)\n", ackedOrZero(acked, id), id));
        }
        return text.toString();
    }

    /** For each position in {@code voters}, how many have acknowledged less. */
    private static int[] bars(IdSet voters, AckedIndexes acked) {
        int size = voters.size();
        int[] bars = new int[size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                if (ackedOrZero(acked, voters.at(j)) < ackedOrZero(acked, voters.at(i))) {
                    bars[i]++;
                }
            }
        }
        return bars;
    }

    private static long ackedOrZero(AckedIndexes acked, long id) {
        return acked.isKnown(id) ? acked.ackedIndex(id) : 0;
    }
}
