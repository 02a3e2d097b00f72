package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.HashChain.Point;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The rolling hash of what was applied. */
class HashChainTest {
    private final HashChain chain = new HashChain();

    private static byte[] data(long index) {
        return new byte[] {(byte) index, (byte) (index >>> 8)};
    }

    private static void fill(HashChain chain, long from, long to) {
        for (long i = from; i <= to; i++) {
            chain.add(i, 1, data(i));
        }
    }

    @Test
    void theSameEntriesHaveTheSameHash() {
        HashChain other = new HashChain();
        fill(chain, 1, 100);
        fill(other, 1, 100);
        assertThat(other.end()).isEqualTo(chain.end());
        assertThat(other.at(50)).isEqualTo(chain.at(50)).isNotEqualTo(chain.at(51));
    }

    @Test
    void everyDifferenceShowsFromThereOn() {
        List<HashChain> others = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            others.add(new HashChain());
            fill(others.get(i), 1, 4);
        }
        others.get(0).add(5, 2, data(5));
        others.get(1).add(5, 1, data(6));
        others.get(2).add(5, 1, new byte[0]);
        others.get(3).addConfiguration(5, data(5));
        others.get(4).add(6, 1, data(5));
        fill(chain, 1, 100);
        for (HashChain other : others) {
            fill(other, other.index() + 1, 100);
            assertThat(other.at(4)).isEqualTo(chain.at(4));
            for (long i = 6; i <= 100; i++) {
                assertThat(other.at(i)).as("at %d", i).isNotEqualTo(chain.at(i));
            }
        }
    }

    @Test
    void anIndexThatAddsNothingHasTheHashOfTheOneBefore() {
        chain.add(1, 1, data(1));
        chain.add(4, 1, data(4));
        assertThat(chain.at(0)).isNull();
        assertThat(chain.at(1)).isNotNull();
        assertThat(chain.at(3)).isEqualTo(new Point(0, 3, chain.at(1).hash()));
        assertThat(chain.at(4)).isEqualTo(chain.end());
        assertThat(chain.at(5)).isNull();
    }

    @Test
    void onlyWhatIsRecentIsKnownAndWhatIsWatched() {
        fill(chain, 1, 10);
        HashChain other = new HashChain();
        fill(other, 1, 50);
        chain.watch(50);
        fill(chain, 11, 50 + HashChain.REMEMBERED);
        assertThat(chain.at(51)).isNotNull();
        assertThat(chain.at(49)).isNull();
        assertThat(chain.at(50)).isEqualTo(other.end());
    }

    @Test
    void whatIsWatchedMayAddNothing() {
        fill(chain, 1, 10);
        Point ten = chain.end();
        chain.watch(12);
        chain.add(14, 1, data(14));
        fill(chain, 15, 14 + 2 * HashChain.REMEMBERED);
        assertThat(chain.at(12)).isEqualTo(new Point(0, 12, ten.hash()));
    }

    @Test
    void whatIsWatchedTooLateIsNotKnown() {
        fill(chain, 1, HashChain.REMEMBERED + 100);
        chain.watch(50);
        fill(chain, HashChain.REMEMBERED + 101, HashChain.REMEMBERED + 200);
        assertThat(chain.at(50)).isNull();
    }

    @Test
    void aSnapshotCarriesItOn() {
        fill(chain, 1, 500);
        Point end = chain.end();
        HashChain other = new HashChain();
        fill(other, 1, 20);
        other.restore(end);
        assertThat(other.restores()).isEqualTo(1);
        assertThat(other.at(500)).isEqualTo(end);
        assertThat(other.at(20)).isNull();
        assertThat(other.at(499)).isNull();
        fill(chain, 501, 600);
        fill(other, 501, 600);
        assertThat(other.end()).isEqualTo(chain.end());
    }

    @Test
    void aChainThatBeganLaterIsTakenOverWhereTheTwoMeet() {
        HashChain leaders = new HashChain();
        leaders.restore(new Point(40, 40, 0));
        fill(leaders, 41, 60);
        chain.restore(new Point(30, 30, 0));
        fill(chain, 31, 50);
        chain.follow(leaders.end());
        fill(chain, 51, 60);
        assertThat(chain.origin()).isEqualTo(30);
        fill(chain, 61, 70);
        fill(leaders, 61, 70);
        assertThat(chain.end()).isEqualTo(leaders.end());
    }

    @Test
    void aChainThatHasGoneOnMeetsTheOtherLater() {
        fill(chain, 1, 50);
        chain.follow(new Point(40, 45, 7));
        fill(chain, 51, 60);
        assertThat(chain.origin()).isZero();
        chain.follow(new Point(40, 65, 7));
        fill(chain, 61, 65);
        assertThat(chain.origin()).isZero();
        chain.add(66, 1, data(66));
        assertThat(chain.origin()).isEqualTo(40);
    }

    @Test
    void aReplicaAddsCommandsOfEveryKindAndChangesOfTheConfiguration() {
        List<Point> ends = new ArrayList<>();
        ConfState before = ConfState.ofVoters(1L);
        for (int kind = 0; kind < 4; kind++) {
            Replica<String, Long> replica =
                    new Replica<>(new Journal(), Codec.utf8(), Codec.int64(), null, null, members -> {}, false);
            replica.configurationChanged(1, ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, 1)), before);
            ends.add(replica.hash().end());
            long other = kind == 0 ? 2 : 3;
            switch (kind) {
                case 0, 1 ->
                    replica.configurationChanged(
                            2,
                            ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, other)),
                            new ConfState(List.of(1L), List.of(other), List.of(), List.of(), false));
                case 2 -> replica.apply(2, 1, new Envelope.ReserveId("x:1", 5).encode());
                default -> replica.apply(2, 1, Envelope.wrap(new byte[] {65}));
            }
            assertThat(replica.hash().index()).isEqualTo(2);
            ends.add(replica.hash().end());
        }
        assertThat(new HashSet<>(ends)).as("one of the beginning, and four").hasSize(5);
    }

    @Test
    void itIsReadWhileItIsWritten() throws Exception {
        HashChain reference = new HashChain();
        int last = 200_000;
        int[] hashes = new int[last + 1];
        for (int i = 1; i <= last; i++) {
            reference.add(i, 1, data(i));
            hashes[i] = reference.end().hash();
        }
        Thread writer = new Thread(() -> fill(chain, 1, last));
        writer.start();
        SplittableRandom random = new SplittableRandom(5);
        long found = 0;
        while (writer.isAlive() || found == 0) {
            long index = Math.max(1, chain.index() - random.nextInt(100));
            Point point = chain.at(index);
            if (point != null) {
                found++;
                assertThat(point.hash()).as("at %d", index).isEqualTo(hashes[(int) index]);
            }
        }
        writer.join();
    }
}
