package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final Simulation<?, ?, ?> ALL = Simulation.ofStore();

    /** `./coracle simulate` runs any others. */
    @Test
    void clustersSurviveEverythingThatSeedsThinkOf() {
        int operations = 0;
        int done = 0;
        for (long seed = 1; seed <= 40; seed++) {
            SeedReport report = ALL.run(seed);
            operations += report.operations();
            done += report.done();
        }
        assertThat(done).as("most of what clients ask is done in spite of all").isGreaterThan(operations * 3 / 4);
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        SeedReport first = ALL.run(3);
        assertThat(ALL.run(3)).isEqualTo(first);
        assertThat(ALL.run(4).trace()).isNotEqualTo(first.trace());
    }

    @Test
    void withoutFaultsEverythingIsDone() {
        SeedReport report = ALL.faults(Set.of()).hosts(3).run(5);
        assertThat(report.faults()).isEmpty();
        assertThat(report.done()).isGreaterThan(report.operations() * 9 / 10);
    }
}
