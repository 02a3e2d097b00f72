package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.sim.FaultRun;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Clusters of whole nodes over real logs and real snapshots, on disks that tear writes and lose what was not synced,
 * under every fault that the simulated world knows. A failing run prints its seed.
 */
class NodesOverWalTest {
    private static final int SEEDS = Integer.getInteger("coracle.wal.seeds", 25);
    private static final long FIRST_SEED = Long.getLong("coracle.wal.firstSeed", 1);

    @Test
    void whatIsAcknowledgedSurvivesTornWritesCrashesAndSnapshots() {
        int acknowledged = 0;
        int reads = 0;
        int restores = 0;
        int tornTails = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            List<SimDiskStorage> disks = new ArrayList<>();
            FaultRun run = run(seed, disks);
            acknowledged += run.acknowledged();
            reads += run.reads();
            restores += run.restores();
            tornTails += disks.stream().mapToInt(SimDiskStorage::tornTails).sum();
        }
        System.out.println("nodes over WAL: seeds " + FIRST_SEED + " to " + (FIRST_SEED + SEEDS - 1) + ", "
                + acknowledged + " writes acknowledged, " + reads + " reads, " + restores
                + " restores in the last runs of nodes, " + tornTails + " torn tails");
        assertThat(acknowledged).isGreaterThan(100 * SEEDS);
        assertThat(reads).isGreaterThan(20 * SEEDS);
        assertThat(restores).isPositive();
        assertThat(tornTails).as("torn tails, or this test tests nothing").isPositive();
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        FaultRun first = run(4711, new ArrayList<>());
        assertThat(run(4711, new ArrayList<>())).isEqualTo(first);
        assertThat(run(4712, new ArrayList<>()).trace()).isNotEqualTo(first.trace());
    }

    /** From segments of two writes or three to such that hold most of a run. */
    private static FaultRun run(long seed, List<SimDiskStorage> disks) {
        long segmentBytes = 1024L << 2 * (seed % 4);
        WalOptions options = LogFixture.SMALL.withSegmentBytes(segmentBytes).withMaxBatchBytes(4096);
        return FaultRun.of(seed, id -> {
            SimDiskStorage disk = new SimDiskStorage(options);
            disks.add(disk);
            return disk;
        });
    }
}
