package dev.coracle.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class IdSetTest {
    private static final long HIGHEST = -1; // 2^64 - 1

    @Test
    void idsAreSortedAsUnsignedNumbersAndKeptOnce() {
        IdSet set = IdSet.of(HIGHEST, 3, Long.MIN_VALUE, 1, 3, Long.MAX_VALUE);

        assertThat(set.toList()).containsExactly(1L, 3L, Long.MAX_VALUE, Long.MIN_VALUE, HIGHEST);
        assertThat(set.size()).isEqualTo(5);
        assertThat(set.at(0)).isEqualTo(1);
        assertThat(set.at(4)).isEqualTo(HIGHEST);
    }

    @Test
    void idsPrintInHexadecimalSeparatedByBlanks() {
        assertThat(IdSet.of(10, HIGHEST, 2)).hasToString("2 a ffffffffffffffff");
        assertThat(IdSet.EMPTY).hasToString("");
    }

    @Test
    void theGivenArrayIsNeitherKeptNorChanged() {
        long[] ids = {2, 1};
        IdSet set = IdSet.of(ids);
        assertThat(ids).containsExactly(2, 1);
        ids[0] = 9;
        assertThat(set.toList()).containsExactly(1L, 2L);
        assertThatThrownBy(() -> set.toList().add(3L)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void equalSetsAreEqualHoweverTheyCameAbout() {
        assertThat(IdSet.of(1, 2))
                .isEqualTo(IdSet.of(List.of(2L, 1L)))
                .hasSameHashCodeAs(IdSet.EMPTY.with(2).with(1));
        assertThat(IdSet.of(1, 2)).isNotEqualTo(IdSet.of(1)).isNotEqualTo(IdSet.of(1, 3));
        assertThat(IdSet.of(1).without(1)).isEqualTo(IdSet.EMPTY).isEqualTo(IdSet.of());
    }

    @Test
    void operationsDoWhatASortedSetOfTheJdkDoes() {
        long seed = 11;
        System.out.println("IdSetTest: seed " + seed);
        Random random = new Random(seed);
        IdSet set = IdSet.EMPTY;
        TreeSet<Long> expected = new TreeSet<>(Long::compareUnsigned);
        for (int i = 0; i < 5_000; i++) {
            long id = random.nextInt(12) - 6L; // few enough to meet again, both sides of the sign bit
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    set = set.with(id);
                    expected.add(id);
                }
                case 2 -> {
                    set = set.without(id);
                    expected.remove(id);
                }
                default -> {
                    Collection<Long> others = List.of(id, id ^ 1);
                    set = set.union(IdSet.of(others));
                    expected.addAll(others);
                    assertThat(set.union(IdSet.EMPTY)).isEqualTo(set);
                    assertThat(IdSet.EMPTY.union(set)).isEqualTo(set);
                }
            }
            assertThat(set.toList()).containsExactlyElementsOf(expected);
            assertThat(set.isEmpty()).isEqualTo(expected.isEmpty());
            for (long any = -7; any < 7; any++) {
                assertThat(set.contains(any)).isEqualTo(expected.contains(any));
                int position = set.positionOf(any);
                assertThat(position >= 0 ? position : -position - 1)
                        .isEqualTo(expected.headSet(any).size());
            }
        }
    }
}
