package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check;
import dev.coracle.raft.EntryId;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TermIndexTest {
    @Test
    void knowsTheTermsFromItsBaseOn() {
        TermIndex index = new TermIndex(new EntryId(2, 10));
        index.append(11, 2);
        index.append(12, 5);
        index.append(13, 5);

        assertThat(index.toList()).containsExactly(new EntryId(2, 10), new EntryId(5, 12));
        assertThat(index.term(10)).isEqualTo(2);
        assertThat(index.term(13)).isEqualTo(5);
        assertThatThrownBy(() -> index.term(9)).isInstanceOf(Check.BrokenInvariantException.class);
        assertThatThrownBy(() -> index.term(14)).isInstanceOf(Check.BrokenInvariantException.class);
    }

    @Test
    void entriesFollowTheLastOrReplaceSome() {
        TermIndex index = new TermIndex(new EntryId(0, 0));
        assertThatThrownBy(() -> index.append(2, 1)).isInstanceOf(Check.BrokenInvariantException.class);
        assertThatThrownBy(() -> index.append(0, 1)).isInstanceOf(Check.BrokenInvariantException.class);
    }

    @Test
    void answersAsATableOfAllTermsWould() {
        long seed = 1815;
        System.out.println("TermIndexTest: seed " + seed);
        Random random = new Random(seed);
        TermIndex index = new TermIndex(new EntryId(0, 0));
        TreeMap<Long, Long> table = new TreeMap<>();
        table.put(0L, 0L);
        long term = 1;
        for (int step = 0; step < 20_000; step++) {
            long base = table.firstKey();
            long last = table.lastKey();
            int choice = random.nextInt(100);
            if (choice < 2 && last > base) {
                long upTo = base + 1 + random.nextInt((int) (last - base));
                index.compact(upTo);
                table.headMap(upTo, false).clear();
            } else {
                term += random.nextInt(10) == 0 ? 1 : 0;
                long at = random.nextInt(10) == 0 ? base + 1 + random.nextInt((int) (last - base) + 1) : last + 1;
                index.append(at, term);
                table.tailMap(at, true).clear();
                table.put(at, term);
            }
            if (step % 100 == 0) {
                TermIndex copy = TermIndex.of(index.toList(), index.lastIndex());
                assertThat(copy.baseIndex()).isEqualTo(table.firstKey());
                assertThat(copy.lastIndex()).isEqualTo(table.lastKey());
                table.forEach((each, expected) -> assertThat(copy.term(each)).isEqualTo(expected));
            }
        }
    }
}
