package dev.coracle.sim;

import dev.coracle.node.RaftNode;
import dev.coracle.raft.Check;
import java.util.List;
import java.util.Random;
import java.util.function.LongFunction;

/**
 * A cluster that works for some simulated seconds under every fault that the simulated world knows: messages lost, late
 * and out of order, links cut, disks and state machines that stand still, power that goes at any moment and in the middle
 * of any write, also in that of all nodes at once. Then the world heals, and what the nodes hold is compared with what
 * they answered.
 *
 * @param trace depends on every message that was delivered, and when
 * @param acknowledged how many writes were acknowledged
 * @param reads how many linearizable reads were done
 * @param restores how often a snapshot was restored since the nodes' last starts
 * @param numbers what was written, in the order in which it was applied
 */
public record FaultRun(long trace, int acknowledged, int reads, int restores, List<Long> numbers) {
    private static final long SECOND = 1_000_000_000;
    private static final int STEPS = 8_000;

    static final int MAX_PROPOSAL_BYTES = 2_000;

    /**
     * Runs the world of a seed.
     *
     * @param storages makes the disk of a node
     * @throws AssertionError that names the seed, if anything is not as it must be
     */
    public static FaultRun of(long seed, LongFunction<? extends SimStorage> storages) {
        try {
            return new World(seed, storages).run();
        } catch (Throwable failure) {
            throw new AssertionError("seed " + seed, failure);
        }
    }

    private static final class World {
        private final SimCluster cluster;
        private final Workload workload;
        private final Random random;
        private final Long[] ids;

        World(long seed, LongFunction<? extends SimStorage> storages) {
            Random shape = new Random(seed);
            ids = new Long[1 + 2 * shape.nextInt(3)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = i + 1L;
            }
            long maxBatchBytes = shape.nextBoolean() ? 500 : 8_000;
            long logCacheBytes = shape.nextBoolean() ? 300 : 1 << 20;
            cluster = new SimCluster(
                    seed,
                    storages,
                    id -> new Register(),
                    config -> config.snapshotEntries(40)
                            .catchUpEntries(10)
                            .logCacheBytes(logCacheBytes)
                            .maxSizePerMessage(400)
                            .maxApplyingBytes(1_000)
                            .maxUncommittedBytes(20_000)
                            .maxProposalBytes(MAX_PROPOSAL_BYTES)
                            .maxBatchBytes(maxBatchBytes)
                            .maxOutstandingWrites(16)
                            .inboundCapacity(64)
                            .maxInflightMessages(8));
            cluster.startFirst(ids);
            cluster.network().setFaults(shape.nextInt(15), shape.nextInt(15));
            cluster.network().setDelay(100_000, 1_000_000 + shape.nextInt(30_000_000));
            cluster.setStalls(shape.nextInt(8));
            workload = new Workload(cluster);
            random = cluster.random();
        }

        FaultRun run() {
            for (int step = 0; step < STEPS; step++) {
                cluster.step();
                if (random.nextInt(8) == 0) {
                    workload.act();
                }
                if (random.nextInt(600) == 0) {
                    disturb();
                }
                if (random.nextInt(300) == 0) {
                    mend();
                }
                if (random.nextInt(500) == 0) {
                    workload.snapshot();
                }
                if (step % 50 == 0) {
                    workload.checkEnded();
                    checkNoFailure();
                }
            }
            heal();
            Check.that(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND), "no leader after all was mended");
            // An entry of the last term commits whatever earlier terms have left behind.
            for (int i = 0; i < 5; i++) {
                workload.write(cluster.node(cluster.leader()));
                cluster.run(SECOND / 2);
            }
            workload.checkEnded();
            checkNoFailure();
            workload.checkStates();
            int restores = 0;
            for (long id : ids) {
                Register register = (Register) cluster.stateMachine(id);
                restores += register.restores();
                Check.that(register.openPins() == 0, "%d pinned states are left", register.openPins());
            }
            return new FaultRun(
                    cluster.network().trace(),
                    workload.acknowledgedCount(),
                    workload.readsDone(),
                    restores,
                    List.copyOf(((Register) cluster.stateMachine(ids[0])).numbers()));
        }

        private void disturb() {
            long id = ids[random.nextInt(ids.length)];
            switch (random.nextInt(22)) {
                case 0, 1, 2 -> cluster.network().isolate(id);
                case 3, 4, 5 -> cluster.network().cutLink(id, ids[random.nextInt(ids.length)]);
                case 6, 7, 8 -> {
                    if (cluster.isRunning(id)) {
                        cluster.crash(id);
                    }
                }
                case 9, 10, 11 -> {
                    if (cluster.leader() != 0) {
                        cluster.crashInWrite(cluster.leader());
                    }
                }
                case 12 -> {
                    for (long each : ids) {
                        if (cluster.isRunning(each)) {
                            cluster.crash(each);
                        }
                    }
                }
                // A leader that stands still knows least of what it has missed.
                case 16, 17, 18 -> {
                    long paused = cluster.leader() != 0 && random.nextBoolean() ? cluster.leader() : id;
                    cluster.pause(paused, random.nextInt((int) (30 * SimCluster.TICK_NANOS)));
                }
                case 19 -> workload.transfer();
                default -> cluster.crashInWrite(id);
            }
        }

        private void mend() {
            if (random.nextBoolean()) {
                cluster.network().heal();
            }
            for (long id : ids) {
                if (!cluster.isRunning(id) && random.nextBoolean()) {
                    if (random.nextInt(4) == 0) {
                        cluster.crashInWrite(id);
                    }
                    cluster.restart(id);
                }
            }
        }

        private void heal() {
            cluster.network().heal();
            cluster.network().setFaults(0, 0);
            cluster.network().setDelay(100_000, 1_000_000);
            cluster.setStalls(0);
            for (long id : ids) {
                cluster.storage(id).crashAfter(SimStorage.NEVER);
                if (!cluster.isRunning(id)) {
                    cluster.restart(id);
                }
            }
        }

        private void checkNoFailure() {
            for (long id : ids) {
                RaftNode node = cluster.isRunning(id) ? cluster.node(id) : null;
                if (node != null && node.failure() != null) {
                    throw new AssertionError("node " + id + " failed", node.failure());
                }
            }
        }
    }
}
