package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.RandomCluster.Happening;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Schedules of {@link RandomCluster} by their seeds. {@code -Dcoracle.seed=N} runs one of them, and
 * {@code -Dcoracle.trace=true} prints what happens in it.
 */
class RandomClusterTest {
    private static final int SEEDS = 2_000;

    @Test
    void staysSafeUnderAnyTroubleAndAgreesAfterIt() {
        Long only = Long.getLong("coracle.seed");
        long first = only == null ? 1 : only;
        long last = only == null ? SEEDS : only;
        System.out.printf("RandomClusterTest seeds %d to %d%n", first, last);
        Map<Happening, Long> happened = new EnumMap<>(Happening.class);
        for (long seed = first; seed <= last; seed++) {
            RandomCluster cluster =
                    new RandomCluster(seed, true, Boolean.getBoolean("coracle.trace") ? System.out::println : null);
            cluster.run();
            for (Happening what : Happening.values()) {
                happened.merge(what, cluster.happenings(what), Long::sum);
            }
        }
        System.out.println("RandomClusterTest " + happened);
        if (only == null) {
            assertThat(happened.remove(Happening.WEDGED)).as("schedules without an end").isLessThan(SEEDS / 200);
            happened.forEach((what, times) ->
                    assertThat(times).as("%s, in all schedules", what).isGreaterThan(SEEDS / 4));
        }
    }
}
