package dev.coracle.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What is committed where a majority is not enough, but two groups must have it. */
class GroupsTest {
    private static long committed(long[] acked, long... groups) {
        return Majority.committedIndex(voters(acked.length), id -> acked[(int) id - 1], id -> groups[(int) id - 1]);
    }

    private static IdSet voters(int count) {
        long[] ids = new long[count];
        for (int i = 0; i < count; i++) {
            ids[i] = i + 1;
        }
        return IdSet.of(ids);
    }

    private static long[] acked(long... indexes) {
        return indexes;
    }

    @Test
    void aSecondGroupMustHaveIt() {
        assertThat(committed(acked(3, 2, 1), 1, 1, 2)).isEqualTo(1);
        assertThat(committed(acked(9, 9, 3, 2, 2), 1, 1, 1, 2, 3)).isEqualTo(2);
    }

    @Test
    void aSecondGroupThatIsAheadDoesNotOutweighTheMajority() {
        assertThat(committed(acked(3, 2, 1), 1, 2, 2)).isEqualTo(2);
        assertThat(committed(acked(9, 8, 7, 2, 1), 1, 1, 2, 2, 2)).isEqualTo(7);
    }

    @Test
    void oneGroupIsNoGroup() {
        assertThat(committed(acked(3, 2, 1), 1, 1, 1)).isEqualTo(2);
        assertThat(committed(acked(5), 1)).isEqualTo(5);
    }

    @Test
    void withoutTwoGroupsAVoterOfNoneMakesAllNecessary() {
        assertThat(committed(acked(3, 2, 1), 0, 0, 0)).isEqualTo(1);
        assertThat(committed(acked(3, 2, 1), 1, 1, 0)).isEqualTo(1);
        assertThat(committed(acked(3, 2, 1), 1, 0, 2)).isEqualTo(1);
        assertThat(committed(acked(3, 2, 2), 1, 2, 0)).isEqualTo(2);
    }

    @Test
    void anAbsentHalfHoldsNothingBack() {
        assertThat(Majority.committedIndex(IdSet.EMPTY, id -> 0, id -> 0)).isEqualTo(Majority.EVERYTHING);
        assertThat(Majority.spansGroups(IdSet.EMPTY, id -> 0)).isTrue();
        assertThat(Joint.committedIndex(voters(3), IdSet.EMPTY, id -> 4 - id, id -> id))
                .isEqualTo(2);
    }

    @Test
    void bothHalvesMustSpanGroups() {
        IdSet outgoing = IdSet.of(3, 4);
        Groups groups = id -> id == 4 ? 2 : 1;

        assertThat(Joint.spansGroups(voters(3), outgoing, groups)).isFalse();
        assertThat(Joint.spansGroups(outgoing, outgoing, groups)).isTrue();
    }

    @Test
    void isTheHighestIndexThatFulfilsTheRule() {
        long seed = 1844;
        System.out.println("GroupsTest: seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 50_000; i++) {
            int size = 1 + random.nextInt(7);
            long[] acked = random.longs(size, 0, 8).toArray();
            long[] groups = random.longs(size, 0, 4).toArray();

            assertThat(committed(acked, groups)).isEqualTo(bruteForce(acked, groups));
        }
    }

    private static long bruteForce(long[] acked, long[] groups) {
        TreeSet<Long> allGroups = groupsOf(acked, groups, 0);
        boolean allGrouped = true;
        for (long group : groups) {
            allGrouped &= group != 0;
        }
        long index = 100;
        while (true) {
            int having = 0;
            for (long each : acked) {
                having += each >= index ? 1 : 0;
            }
            boolean spread = allGroups.size() > 1
                    ? groupsOf(acked, groups, index).size() > 1
                    : allGrouped || having == acked.length;
            if (index == 0 || (2 * having > acked.length && spread)) {
                return index;
            }
            index--;
        }
    }

    /** The groups of those who have acknowledged {@code index}. */
    private static TreeSet<Long> groupsOf(long[] acked, long[] groups, long index) {
        TreeSet<Long> found = new TreeSet<>();
        for (int i = 0; i < acked.length; i++) {
            if (acked[i] >= index && groups[i] != 0) {
                found.add(groups[i]);
            }
        }
        return found;
    }
}
