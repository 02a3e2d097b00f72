package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** As {@link SimulationTest}, with more seeds, and with others each time; those that fail are printed. */
@Tag("long")
class SimulationLongTest {
    private static final int SEEDS = 2_000;
    private static final Duration FRESH = Duration.ofSeconds(Integer.getInteger("coracle.fresh.seconds", 300));

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
    void freshSeeds() {
        SplittableRandom random = new SplittableRandom();
        long begin = System.nanoTime();
        SeedRange.Sum sum = SeedRange.run(() -> {
            synchronized (random) {
                return System.nanoTime() - begin < FRESH.toNanos() ? random.nextLong(Long.MAX_VALUE) : -1;
            }
        });
        System.out.println("SimulationLongTest: fresh seeds: " + sum);
        assertThat(sum.failures()).isEmpty();
    }
}
