package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final long FIRST = Long.getLong("coracle.seed", 1);
    private static final long SEEDS = Long.getLong("coracle.seeds", 5);

    @Test
    void clustersSurviveEverythingThatSeedsThinkOf() {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            SeedReport report = Simulation.ofAll()
                    .diary(Boolean.getBoolean("coracle.trace") ? System.out::println : line -> {})
                    .run(seed);
            System.out.println(report);
            assertThat(report.done()).isPositive();
        }
    }
}
