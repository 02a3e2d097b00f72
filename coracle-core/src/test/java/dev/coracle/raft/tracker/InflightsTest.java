package dev.coracle.raft.tracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check.BrokenInvariantException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InflightsTest {
    @Test
    void whatIsAddedIsInFlightOldestFirst() {
        Inflights inflights = filled(10, 0, 5);
        assertThat(indexes(inflights)).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(inflights.bytes()).isEqualTo(100 + 101 + 102 + 103 + 104);
    }

    @Test
    void theRingWrapsAround() {
        Inflights inflights = filled(10, 0, 10);
        inflights.freeUpTo(4);
        for (long index = 10; index < 15; index++) {
            inflights.add(index, 1);
        }
        assertThat(indexes(inflights)).containsExactly(5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L, 14L);
        assertThat(inflights.isFull()).isTrue();
    }

    @Test
    void freeingTakesAllUpToTheIndexAndIgnoresOlderOnes() {
        Inflights inflights = filled(10, 0, 10);
        inflights.freeUpTo(4);
        assertThat(indexes(inflights)).containsExactly(5L, 6L, 7L, 8L, 9L);
        inflights.freeUpTo(3);
        assertThat(inflights.count()).isEqualTo(5);
        inflights.freeUpTo(8);
        assertThat(indexes(inflights)).containsExactly(9L);
        inflights.freeUpTo(100);
        assertThat(inflights.count()).isZero();
        assertThat(inflights.bytes()).isZero();
        inflights.freeUpTo(100);
        assertThat(inflights.count()).isZero();
    }

    @Test
    void itIsFullAtTheLimitOfMessages() {
        Inflights inflights = filled(3, 0, 2);
        assertThat(inflights.isFull()).isFalse();
        inflights.add(2, 1_000_000);
        assertThat(inflights.isFull()).isTrue();
        inflights.freeUpTo(0);
        assertThat(inflights.isFull()).isFalse();
    }

    @Test
    void theLastMessageMayOvershootTheLimitOfBytes() {
        Inflights inflights = new Inflights(10, 100);
        inflights.add(1, 99);
        assertThat(inflights.isFull()).isFalse();
        inflights.add(2, 50);
        assertThat(inflights.isFull()).isTrue();
        inflights.freeUpTo(1);
        assertThat(inflights.isFull()).isFalse();
        inflights.add(3, 50);
        assertThat(inflights.isFull()).as("exactly at the limit").isTrue();
    }

    @Test
    void aResetWindowIsEmptyAndUsable() {
        Inflights inflights = filled(4, 250, 2);
        inflights.freeUpTo(0);
        inflights.reset();
        assertThat(inflights.count()).isZero();
        assertThat(inflights.bytes()).isZero();
        inflights.add(1, 249);
        assertThat(inflights.isFull()).isFalse();
        assertThat(indexes(inflights)).containsExactly(1L);
    }

    @Test
    void memoryGrowsWithUseAndNotBeyondTheLimit() {
        Inflights inflights = new Inflights(100, 0);
        assertThat(inflights.capacity()).isZero();
        inflights.add(0, 1);
        assertThat(inflights.capacity()).isLessThan(10);
        for (long index = 1; index < 100; index++) {
            inflights.add(index, 1);
        }
        assertThat(inflights.capacity()).isEqualTo(100);
    }

    @Test
    void misuseIsRefused() {
        Inflights full = filled(2, 0, 2);
        assertThatThrownBy(() -> full.add(2, 1))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("append 2 does not fit: 2 in flight, 201 bytes");
        Inflights one = filled(2, 0, 1);
        assertThatThrownBy(() -> one.add(0, 1))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("append 0 is not behind those in flight");
        assertThatThrownBy(() -> new Inflights(0, 0)).hasMessageContaining("maxMessages 0");
        assertThatThrownBy(() -> new Inflights(1, -1)).hasMessageContaining("maxBytes -1");
    }

    @Test
    void itDoesWhatAPlainQueueDoes() {
        long seed = 12;
        System.out.println("InflightsTest: seed " + seed);
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            int maxMessages = 1 + random.nextInt(20);
            long maxBytes = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(60);
            Inflights inflights = new Inflights(maxMessages, maxBytes);
            Deque<long[]> expected = new ArrayDeque<>();
            long index = 0;
            for (int i = 0; i < 200; i++) {
                long bytes = expected.stream().mapToLong(append -> append[1]).sum();
                assertThat(inflights.bytes()).isEqualTo(bytes);
                boolean full = expected.size() == maxMessages || (maxBytes > 0 && bytes >= maxBytes);
                assertThat(inflights.isFull()).isEqualTo(full);
                if (!full && random.nextInt(4) > 0) {
                    index += 1 + random.nextInt(3);
                    long[] append = {index, random.nextInt(10)};
                    inflights.add(append[0], append[1]);
                    expected.add(append);
                } else {
                    long to = index - random.nextInt(20);
                    inflights.freeUpTo(to);
                    expected.removeIf(append -> append[0] <= to);
                }
                assertThat(indexes(inflights))
                        .containsExactlyElementsOf(
                                expected.stream().map(append -> append[0]).toList());
            }
        }
    }

    /** Appends at 0, 1, ... of 100, 101, ... bytes. */
    private static Inflights filled(int maxMessages, long maxBytes, int count) {
        Inflights inflights = new Inflights(maxMessages, maxBytes);
        for (int i = 0; i < count; i++) {
            inflights.add(i, 100 + i);
        }
        return inflights;
    }

    private static List<Long> indexes(Inflights inflights) {
        List<Long> indexes = new ArrayList<>();
        for (int i = 0; i < inflights.count(); i++) {
            indexes.add(inflights.indexAt(i));
        }
        return indexes;
    }
}
