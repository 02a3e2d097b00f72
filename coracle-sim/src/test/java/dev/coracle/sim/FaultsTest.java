package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Clusters under every fault that the simulated world knows. A failing run prints its seed. */
class FaultsTest {
    private static final int SEEDS = Integer.getInteger("coracle.sim.seeds", 25);
    private static final long FIRST_SEED = Long.getLong("coracle.sim.firstSeed", 1);

    @Test
    void whatIsAcknowledgedSurvivesLossPartitionsCrashesAndSnapshots() {
        int acknowledged = 0;
        int reads = 0;
        int restores = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            FaultRun run = run(seed);
            acknowledged += run.acknowledged();
            reads += run.reads();
            restores += run.restores();
        }
        System.out.println("faults: seeds " + FIRST_SEED + " to " + (FIRST_SEED + SEEDS - 1) + ", " + acknowledged
                + " writes acknowledged, " + reads + " reads, " + restores + " restores in the last runs of nodes");
        assertThat(acknowledged).isGreaterThan(100 * SEEDS);
        assertThat(reads).isGreaterThan(20 * SEEDS);
        assertThat(restores).isPositive();
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        FaultRun first = run(4711);
        assertThat(run(4711)).isEqualTo(first);
        assertThat(run(4712).trace()).isNotEqualTo(first.trace());
    }

    private static FaultRun run(long seed) {
        return FaultRun.of(seed, id -> new SimLogStore(new SimSnapshotStore()));
    }
}
