package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * As {@link SimulationTest}, with more seeds and, on request, with others each time. The latter are not yet for a build that
 * must pass: in about one world of 1,000 the nemesis takes more disks than any cluster survives, as simulation.md says.
 */
@Tag("long")
class SimulationLongTest {
    private static final int SEEDS = 2_000;
    private static final String FRESH_SECONDS = "coracle.fresh.seconds";

    @Test
    void fixedSeeds() {
        long begin = System.nanoTime();
        SeedRange.Sum sum = SeedRange.run(1, SEEDS);
        long nanos = System.nanoTime() - begin;
        System.out.printf(
                "SimulationLongTest: %d seeds in %d s, %d events a second%n",
                SEEDS, nanos / 1_000_000_000, (long) (sum.events() / (nanos / 1e9)));
        assertThat(sum.failures()).isEmpty();
    }

    @Test
    @EnabledIfSystemProperty(named = FRESH_SECONDS, matches = "[1-9][0-9]*")
    void freshSeeds() {
        Duration fresh = Duration.ofSeconds(Integer.getInteger(FRESH_SECONDS));
        SplittableRandom random = new SplittableRandom();
        long begin = System.nanoTime();
        SeedRange.Sum sum = SeedRange.run(() -> {
            synchronized (random) {
                return System.nanoTime() - begin < fresh.toNanos() ? random.nextLong(Long.MAX_VALUE) : -1;
            }
        });
        System.out.println("SimulationLongTest: " + sum);
        assertThat(sum.failures()).isEmpty();
    }
}
