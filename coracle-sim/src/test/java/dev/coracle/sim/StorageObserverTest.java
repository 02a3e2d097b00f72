package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.NodeConfig;
import dev.coracle.node.StorageException;
import dev.coracle.node.StorageObserver;
import dev.coracle.raft.Entry;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a node tells the observer of its storage, by a clock that goes on by a microsecond whenever it is read. */
class StorageObserverTest {
    private static final long SECOND = 1_000_000_000;

    /** Writes down the events of one node; entries that were in memory, and misses, it only counts. */
    private static final class Recorder implements StorageObserver {
        private final List<String> events = new ArrayList<>();
        private long nanos;
        private int entriesHit;
        private int misses;

        private long nanoTime() {
            nanos += 1_000;
            return nanos;
        }

        @Override
        public void onCacheHit(int entries) {
            entriesHit += entries;
        }

        @Override
        public void onCacheMiss() {
            misses++;
        }

        @Override
        public void onRead(long took, long bytes, int entries) {
            events.add("read in " + took + ": " + bytes + " bytes, " + entries + " entries");
        }

        @Override
        public void onSnapshotWritten(long took, long bytes, boolean failed) {
            events.add((failed ? "failed in " : "written in ") + took + ": " + bytes + " bytes");
        }

        @Override
        public void onSnapshotRestored(long took, long bytes) {
            events.add("restored in " + took + ": " + bytes + " bytes");
        }

        @Override
        public void onSnapshotsPurged(long took) {
            events.add("purged in " + took);
        }
    }

    private final Map<Long, Recorder> recorders = new LinkedHashMap<>();
    private final Map<Long, SimLogStore> disks = new LinkedHashMap<>();
    private long lastNumber;

    private SimCluster cluster(UnaryOperator<NodeConfig.Builder> settings, Long... ids) {
        SimCluster cluster = new SimCluster(
                17,
                id -> {
                    SimLogStore disk = new SimLogStore(new SimSnapshotStore());
                    disks.put(id, disk);
                    return disk;
                },
                id -> new Register(),
                config -> {
                    Recorder recorder = new Recorder();
                    recorders.put(config.build().id(), recorder);
                    return settings.apply(config).storageObserver(recorder, recorder::nanoTime);
                });
        cluster.startFirst(ids);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND)).isTrue();
        return cluster;
    }

    private Recorder recorder(long id) {
        return recorders.getOrDefault(id, new Recorder());
    }

    private void propose(SimCluster cluster, int count) {
        for (int i = 0; i < count; i++) {
            Answer<@Nullable Object> answer = new Answer<>();
            long deadline = cluster.clock().nanoTime() + SECOND;
            cluster.node(cluster.leader()).propose(Register.command(++lastNumber, 8), deadline, answer);
            assertThat(cluster.runUntil(answer::hasEnded, 2 * SECOND)).isTrue();
            assertThat(answer.failure()).isNull();
        }
    }

    private static boolean has(SimCluster cluster, long id, int numbers) {
        return ((Register) cluster.stateMachine(id)).numbers().size() == numbers;
    }

    private static void awaitNumbers(SimCluster cluster, long id, int numbers) {
        assertThat(cluster.runUntil(() -> has(cluster, id, numbers), 10 * SECOND))
                .isTrue();
    }

    @Test
    void whatANodeReadsAtItsStartIsToldWithEntriesAndBytes() throws StorageException {
        SimCluster cluster = cluster(UnaryOperator.identity(), 1L);
        propose(cluster, 50);
        assertThat(recorder(1).events).isEmpty();
        assertThat(recorder(1).misses).isZero();

        cluster.crash(1);
        List<Entry> stored = disks.get(1L).read(0, 1, 1_000, Long.MAX_VALUE);
        cluster.restart(1);
        awaitNumbers(cluster, 1, 50);

        long bytes = stored.stream().mapToLong(Entry::encodedSize).sum();
        assertThat(recorder(1).events)
                .containsExactly("read in 1000: " + bytes + " bytes, " + stored.size() + " entries");
        assertThat(recorder(1).misses).isEqualTo(1);
    }

    /** What is read from the disk for one follower must not take the place of what another one needs next. */
    @Test
    void aFollowerFarBehindIsServedFromTheDiskWithoutEvictingTheCache() {
        SimCluster cluster = cluster(config -> config.logCacheBytes(4_000).maxSizePerMessage(200), 1L, 2L, 3L, 4L, 5L);
        long leader = cluster.leader();
        List<Long> followers = cluster.ids().stream().filter(id -> id != leader).toList();
        long far = followers.get(0);
        long near = followers.get(1);
        cluster.crash(far);
        propose(cluster, 200);
        cluster.crash(near);
        propose(cluster, 20);
        assertThat(recorder(leader).misses).isZero();

        cluster.restart(far);
        awaitNumbers(cluster, far, 220);
        assertThat(cluster.leader()).isEqualTo(leader);
        int misses = recorder(leader).misses;
        assertThat(recorder(leader).events).hasSize(misses).allMatch(event -> event.startsWith("read in 1000: "));
        assertThat(misses).isPositive();

        int before = recorder(leader).entriesHit;
        cluster.restart(near);
        awaitNumbers(cluster, near, 220);
        assertThat(recorder(leader).misses)
                .as("from the disk for the other one")
                .isEqualTo(misses);
        assertThat(recorder(leader).entriesHit - before).isGreaterThanOrEqualTo(20);
    }

    @Test
    void snapshotsAreToldWithTheirBytesWrittenFailedPurgedAndRestored() {
        SimCluster cluster = cluster(UnaryOperator.identity(), 1L);
        propose(cluster, 3);
        snapshot(cluster);
        cluster.snapshots(1).setFull(true);
        propose(cluster, 2);
        snapshot(cluster);
        cluster.run(SECOND / 10);
        // A count, and eight bytes for each number.
        assertThat(recorder(1).events)
                .containsExactly("written in 1000: 28 bytes", "purged in 1000", "failed in 1000: 44 bytes");

        cluster.crash(1);
        cluster.restart(1);
        awaitNumbers(cluster, 1, 5);
        assertThat(recorder(1).events).first().isEqualTo("restored in 1000: 28 bytes");
    }

    private static void snapshot(SimCluster cluster) {
        Answer<SnapshotMetadata> answer = new Answer<>();
        cluster.node(1).snapshot(cluster.clock().nanoTime() + SECOND, answer);
        assertThat(cluster.runUntil(answer::hasEnded, 2 * SECOND)).isTrue();
    }
}
