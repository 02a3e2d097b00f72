package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WalSurvivorsTest {
    /** A record of an entry, numbered from 1. */
    private record Written(long record, long index) {}

    @Test
    void whatALaterEntryReplacedDoesNotCount() {
        WalSurvivors survivors = new WalSurvivors();
        survivors.cut(4, 6);

        survivors.rewind();
        assertThat(List.of(
                        survivors.contains(1, 5),
                        survivors.contains(2, 6),
                        survivors.contains(3, 7),
                        survivors.contains(4, 6),
                        survivors.contains(5, 7)))
                .containsExactly(true, false, false, true, true);
    }

    @Test
    void nothingCountsBeforeTheBeginningNorBehindTheEnd() {
        WalSurvivors survivors = new WalSurvivors();
        survivors.beginAt(2);
        survivors.endBefore(5);

        survivors.rewind();
        assertThat(survivors.contains(1, 1)).isFalse();
        assertThat(survivors.contains(3, 1)).isTrue();
        assertThat(survivors.contains(5, 2)).isFalse();
    }

    @Test
    void randomLogsKeepWhatAListThatIsCutKeeps() {
        long seed = 5;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            WalSurvivors survivors = new WalSurvivors();
            List<Written> all = new ArrayList<>();
            List<Written> kept = new ArrayList<>();
            for (long record = 1; record <= random.nextInt(80); record++) {
                int at = random.nextInt(3) == 0 ? random.nextInt(kept.size() + 1) : kept.size();
                if (at < kept.size()) {
                    survivors.cut(record, at);
                    kept.subList(at, kept.size()).clear();
                }
                kept.add(new Written(record, at));
                all.add(new Written(record, at));
            }

            survivors.rewind();
            all.removeIf(written -> !survivors.contains(written.record, written.index));
            assertThat(all).as("round %d", round).isEqualTo(kept);
        }
    }
}
