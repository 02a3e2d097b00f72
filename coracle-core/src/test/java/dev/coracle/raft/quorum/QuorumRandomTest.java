package dev.coracle.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The decisions of majorities and of joint configurations in random cases, against the definition: of all sets of voters
 * that are enough, is there one of which everybody agrees?
 */
class QuorumRandomTest {
    private static final int CASES = 50_000;
    private static final int IDS = 9;

    /** Two sets of voters, what some ids acknowledged, and what some voted. A set of ids is a mask here. */
    private record Case(int incoming, int outgoing, Scores acked, String votes) {
        static Case random(Random random) {
            int indexes = 1 + random.nextInt(15);
            Scores acked = new Scores();
            StringBuilder votes = new StringBuilder();
            int known = 1 + random.nextInt(5);
            for (long id = 1; id <= IDS; id++) {
                // Few different indexes, so that many are equal; of some ids nothing is known.
                if (random.nextInt(known + 1) > 0) {
                    acked.put(id, random.nextInt(indexes));
                }
                votes.append("yn_".charAt(random.nextInt(3)));
            }
            return new Case(random.nextInt(1 << IDS), random.nextInt(1 << IDS), acked, votes.toString());
        }

        boolean isEnough(int agreeing) {
            return isMajority(incoming, agreeing) && isMajority(outgoing, agreeing);
        }

        private static boolean isMajority(int voters, int agreeing) {
            return voters == 0 || 2 * Integer.bitCount(voters & agreeing) > Integer.bitCount(voters);
        }

        /** The highest index that all of some set have which is enough. */
        long committed() {
            long[] least = new long[1 << IDS];
            least[0] = Majority.EVERYTHING;
            long committed = 0;
            for (int set = 0; set < 1 << IDS; set++) {
                if (set != 0) {
                    long lowestId = Integer.numberOfTrailingZeros(set) + 1L;
                    least[set] = Math.min(least[set & (set - 1)], acked.ackedIndex(lowestId));
                }
                if (isEnough(set)) {
                    committed = Math.max(committed, least[set]);
                }
            }
            return committed;
        }

        /** Won if a set that is enough said yes; lost if none is left that could. */
        VoteResult voteResult() {
            VoteResult result = VoteResult.LOST;
            for (int set = 0; set < 1 << IDS; set++) {
                if (isEnough(set) && !anySays('n', set)) {
                    if (!anySays('_', set)) {
                        return VoteResult.WON;
                    }
                    result = VoteResult.PENDING;
                }
            }
            return result;
        }

        private boolean anySays(char vote, int set) {
            for (int i = 0; i < IDS; i++) {
                if ((set >>> i & 1) != 0 && votes.charAt(i) == vote) {
                    return true;
                }
            }
            return false;
        }

        Case onlyIncoming() {
            return new Case(incoming, 0, acked, votes);
        }
    }

    private static IdSet ids(int mask) {
        IdSet ids = IdSet.EMPTY;
        for (int i = 0; i < IDS; i++) {
            if ((mask >>> i & 1) != 0) {
                ids = ids.with(i + 1L);
            }
        }
        return ids;
    }

    private static Random seeded(long seed) {
        System.out.println("QuorumRandomTest: seed " + seed);
        return new Random(seed);
    }

    @Test
    void anIndexIsCommittedIfAllOfAQuorumHaveIt() {
        Random random = seeded(4711);
        for (int run = 0; run < CASES; run++) {
            Case drawn = Case.random(random);
            IdSet one = ids(drawn.incoming());
            IdSet other = ids(drawn.outgoing());
            Scores acked = drawn.acked();

            long byMajority = Majority.committedIndex(one, acked);
            long byBoth = Joint.committedIndex(one, other, acked);
            equal(byMajority, drawn.onlyIncoming().committed(), "majority", drawn);
            equal(byBoth, drawn.committed(), "joint", drawn);
            equal(Joint.committedIndex(one, IdSet.EMPTY, acked), byMajority, "joint with nobody", drawn);
            equal(Joint.committedIndex(one, one, acked), byMajority, "joint with itself", drawn);
            equal(Joint.committedIndex(other, one, acked), byBoth, "the other way round", drawn);
            whoIsBehindDoesNotMatter(drawn, one, other, byBoth);
        }
    }

    /** A voter that is behind the committed index may be as far behind as it likes. */
    private static void whoIsBehindDoesNotMatter(Case drawn, IdSet one, IdSet other, long committed) {
        IdSet all = one.union(other);
        for (int i = 0; i < all.size(); i++) {
            long behind = all.at(i);
            if (drawn.acked().ackedIndex(behind) < committed) {
                AckedIndexes lower = id -> id == behind ? 0 : drawn.acked().ackedIndex(id);
                equal(Joint.committedIndex(one, other, lower), committed, behind + " further behind", drawn);
            }
        }
    }

    @Test
    void aVoteIsWonIfAllOfAQuorumSayYesAndLostIfNoneIsLeftThatCould() {
        Random random = seeded(4712);
        for (int run = 0; run < CASES; run++) {
            Case drawn = Case.random(random);
            IdSet one = ids(drawn.incoming());
            IdSet other = ids(drawn.outgoing());
            Votes votes = Scores.votes(drawn.votes());

            VoteResult byMajority = Majority.voteResult(one, votes);
            VoteResult byBoth = Joint.voteResult(one, other, votes);
            equal(byMajority, drawn.onlyIncoming().voteResult(), "majority", drawn);
            equal(byBoth, drawn.voteResult(), "joint", drawn);
            equal(Joint.voteResult(one, IdSet.EMPTY, votes), byMajority, "joint with nobody", drawn);
            equal(Joint.voteResult(one, one, votes), byMajority, "joint with itself", drawn);
            equal(Joint.voteResult(other, one, votes), byBoth, "the other way round", drawn);
        }
    }

    private static void equal(Object actual, Object expected, String what, Case drawn) {
        if (!actual.equals(expected)) {
            assertThat(actual).as("%s of %s", what, drawn).isEqualTo(expected);
        }
    }
}
