package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Failure;
import dev.coracle.node.Reply;
import dev.coracle.node.StateMachine;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.FaultRun;
import dev.coracle.sim.SimCluster;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Clusters of whole nodes over real logs and real snapshots, on disks that tear writes and lose what was not synced,
 * under every fault that the simulated world knows. A failing run prints its seed.
 */
class NodesOverWalTest {
    private static final long SECOND = 1_000_000_000;
    private static final int SEEDS = Integer.getInteger("coracle.wal.seeds", 25);
    private static final long FIRST_SEED = Long.getLong("coracle.wal.firstSeed", 26);

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

    @Test
    void aFullDiskHoldsProposalsBackBeforeItStopsTheNode() {
        SimDiskStorage disk =
                new SimDiskStorage(LogFixture.SMALL.withLowSpaceBytes(50_000).withMaxBatchBytes(16 << 10));
        SimCluster cluster = new SimCluster(
                11,
                id -> disk,
                id -> new Counter(),
                config -> config.maxProposalBytes(8_000).snapshotEntries(1_000_000));
        disk.setCapacity(400_000);
        cluster.startFirst(1L);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, SECOND)).isTrue();
        int acknowledged = 0;
        Outcome outcome = propose(cluster);
        while (outcome.failure == null) {
            acknowledged++;
            outcome = propose(cluster);
        }
        assertThat(outcome.failure.kind()).isEqualTo(Failure.Kind.NO_SPACE);
        assertThat(acknowledged).isBetween(50, 100);
        assertThat(cluster.node(1).failure()).isNull();
        assertThat(cluster.leader()).isEqualTo(1);

        cluster.crash(1);
        cluster.restart(1);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, SECOND)).isTrue();
        assertThat(propose(cluster).failure).as("still full").isNotNull();
        disk.setCapacity(800_000);
        cluster.run(2 * SECOND);
        assertThat(propose(cluster).failure).isNull();
        assertThat(((Counter) cluster.stateMachine(1)).count).isEqualTo(acknowledged + 1);
    }

    @Test
    void aNodeWhoseDiskIsUsedUpAcknowledgesNothingUntilThereIsRoomAndThenGoesOn() {
        SimDiskStorage disk = new SimDiskStorage(LogFixture.SMALL.withMaxBatchBytes(16 << 10));
        SimCluster cluster = new SimCluster(
                12,
                id -> disk,
                id -> new Counter(),
                config -> config.maxProposalBytes(8_000).snapshotEntries(1_000_000));
        cluster.startFirst(1L);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, SECOND)).isTrue();
        cluster.run(SECOND);
        // Room for the segment at hand and the one that is prepared, and no more.
        disk.fill();
        List<Outcome> outcomes = new ArrayList<>(proposeAtOnce(cluster, 10));
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.failure).isNull());
        List<Outcome> later = new ArrayList<>(proposeAtOnce(cluster, 20));
        later.addAll(proposeAtOnce(cluster, 3));
        assertThat(outcomes).as("in the segment at hand").allMatch(outcome -> outcome.ended);
        assertThat(later)
                .as("more than any segment holds, and what waits behind")
                .noneMatch(outcome -> outcome.ended);
        assertThat(cluster.node(1).failure()).isNull();

        disk.setCapacity(Long.MAX_VALUE);
        assertThat(cluster.runUntil(() -> later.stream().allMatch(outcome -> outcome.ended), 10 * SECOND))
                .isTrue();
        assertThat(later).allSatisfy(outcome -> assertThat(outcome.failure).isNull());
        assertThat(((Counter) cluster.stateMachine(1)).count).isEqualTo(33);
    }

    private static List<Outcome> proposeAtOnce(SimCluster cluster, int count) {
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Outcome outcome = new Outcome();
            outcomes.add(outcome);
            cluster.node(1).propose(new byte[4_000], cluster.clock().nanoTime() + 100 * SECOND, outcome);
        }
        cluster.run(5 * SECOND);
        return outcomes;
    }

    private static Outcome propose(SimCluster cluster) {
        Outcome outcome = new Outcome();
        cluster.node(1).propose(new byte[4_000], cluster.clock().nanoTime() + SECOND, outcome);
        assertThat(cluster.runUntil(() -> outcome.ended, 2 * SECOND)).isTrue();
        return outcome;
    }

    private static final class Outcome implements Reply<@Nullable Object> {
        private boolean ended;
        private @Nullable Failure failure;

        @Override
        public void done(@Nullable Object result) {
            ended = true;
        }

        @Override
        public void failed(Failure reason) {
            ended = true;
            failure = reason;
        }
    }

    /** Counts the commands. */
    private static final class Counter implements StateMachine {
        private int count;

        @Override
        public @Nullable Object apply(long index, long term, byte[] data) {
            return ++count;
        }

        @Override
        public PinnedSnapshot snapshot() {
            throw new AssertionError("no snapshot is due");
        }

        @Override
        public void restore(SnapshotMetadata metadata, InputStream data) {
            throw new AssertionError("there is no snapshot");
        }
    }

    /** From segments of two writes or three to such that hold most of a run. */
    private static FaultRun run(long seed, List<SimDiskStorage> disks) {
        long segmentBytes = 1024L << 2 * (seed % 4);
        WalOptions options = LogFixture.SMALL.withSegmentBytes(segmentBytes).withMaxBatchBytes(16 << 10);
        return FaultRun.of(seed, id -> {
            SimDiskStorage disk = new SimDiskStorage(options);
            disks.add(disk);
            return disk;
        });
    }
}
