package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.RaftNode;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Clusters under every fault that the simulated world knows. A failing run prints its seed. */
class FaultsTest {
    private static final long SECOND = 1_000_000_000;
    private static final int SEEDS = Integer.getInteger("coracle.sim.seeds", 25);
    private static final long FIRST_SEED = Long.getLong("coracle.sim.firstSeed", 1);

    @Test
    void whatIsAcknowledgedSurvivesLossPartitionsCrashesAndSnapshots() {
        int acknowledged = 0;
        int reads = 0;
        int restores = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            Run run = Run.of(seed);
            acknowledged += run.acknowledged;
            reads += run.reads;
            restores += run.restores;
        }
        System.out.println("faults: seeds " + FIRST_SEED + " to " + (FIRST_SEED + SEEDS - 1) + ", " + acknowledged
                + " writes acknowledged, " + reads + " reads, " + restores + " restores in the last runs of nodes");
        assertThat(acknowledged).isGreaterThan(100 * SEEDS);
        assertThat(reads).isGreaterThan(20 * SEEDS);
        assertThat(restores).isPositive();
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        Run first = Run.of(4711);
        Run second = Run.of(4711);
        Run other = Run.of(4712);
        assertThat(second).isEqualTo(first);
        assertThat(other.trace).isNotEqualTo(first.trace);
    }

    /** What a run came to. */
    private record Run(long trace, int acknowledged, int reads, int restores, List<Long> numbers) {
        static Run of(long seed) {
            try {
                return faults(seed);
            } catch (Throwable failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }

        private static Run faults(long seed) {
            Random shape = new Random(seed);
            int size = 1 + 2 * shape.nextInt(3);
            Long[] ids = new Long[size];
            for (int i = 0; i < size; i++) {
                ids[i] = i + 1L;
            }
            SimCluster cluster = new SimCluster(
                    seed,
                    id -> new Register(),
                    config -> config.snapshotEntries(40)
                            .catchUpEntries(10)
                            .maxSizePerMessage(400)
                            .maxApplyingBytes(1_000)
                            .maxUncommittedBytes(20_000)
                            .maxBatchBytes(500)
                            .maxOutstandingWrites(16)
                            .inboundCapacity(64)
                            .maxInflightMessages(8));
            cluster.startFirst(ids);
            cluster.network().setFaults(shape.nextInt(15), shape.nextInt(15));
            cluster.network().setDelay(100_000, 1_000_000 + shape.nextInt(30_000_000));
            cluster.setStalls(shape.nextInt(8));
            Workload workload = new Workload(cluster);
            Random random = cluster.random();
            for (int step = 0; step < 8_000; step++) {
                cluster.step();
                if (random.nextInt(8) == 0) {
                    workload.act();
                }
                if (random.nextInt(600) == 0) {
                    disturb(cluster, random, ids);
                }
                if (random.nextInt(300) == 0) {
                    mend(cluster, random, ids);
                }
                if (random.nextInt(500) == 0) {
                    workload.snapshot();
                }
                if (step % 50 == 0) {
                    workload.checkEnded();
                    checkNoFailure(cluster);
                }
            }
            cluster.network().heal();
            cluster.network().setFaults(0, 0);
            cluster.network().setDelay(100_000, 1_000_000);
            cluster.setStalls(0);
            for (long id : ids) {
                cluster.log(id).crashAfter(-1);
                if (!cluster.isRunning(id)) {
                    cluster.restart(id);
                }
            }
            assertThat(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND)).as("a leader").isTrue();
            // An entry of the last term commits whatever earlier terms have left behind.
            for (int i = 0; i < 5; i++) {
                workload.write(cluster.node(cluster.leader()));
                cluster.run(SECOND / 2);
            }
            workload.checkEnded();
            checkNoFailure(cluster);
            workload.checkStates(ids);
            int restores = 0;
            for (long id : ids) {
                restores += ((Register) cluster.stateMachine(id)).restores();
                assertThat(((Register) cluster.stateMachine(id)).openPins()).isZero();
            }
            return new Run(
                    cluster.network().trace(),
                    workload.acknowledgedCount(),
                    workload.readsDone(),
                    restores,
                    List.copyOf(((Register) cluster.stateMachine(ids[0])).numbers()));
        }

        private static void checkNoFailure(SimCluster cluster) {
            for (long id : cluster.ids()) {
                if (cluster.isRunning(id)) {
                    RaftNode node = cluster.node(id);
                    if (node.failure() != null) {
                        throw new AssertionError("node " + id + " failed", node.failure());
                    }
                }
            }
        }

        private static void disturb(SimCluster cluster, Random random, Long[] ids) {
            long id = ids[random.nextInt(ids.length)];
            switch (random.nextInt(5)) {
                case 0 -> cluster.network().isolate(id);
                case 1 -> cluster.network().cutLink(id, ids[random.nextInt(ids.length)]);
                case 2 -> {
                    if (cluster.isRunning(id)) {
                        cluster.crash(id);
                    }
                }
                case 3 -> {
                    if (cluster.leader() != 0) {
                        cluster.crashInWrite(cluster.leader());
                    }
                }
                default -> cluster.crashInWrite(id);
            }
        }

        private static void mend(SimCluster cluster, Random random, Long[] ids) {
            if (random.nextBoolean()) {
                cluster.network().heal();
            }
            for (long id : ids) {
                if (!cluster.isRunning(id) && random.nextBoolean()) {
                    cluster.restart(id);
                }
            }
        }
    }
}
