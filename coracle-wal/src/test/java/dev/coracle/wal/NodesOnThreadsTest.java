package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.AgentRunner;
import dev.coracle.node.Failure;
import dev.coracle.node.FileDisk;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StateMachine;
import dev.coracle.node.StorageException;
import dev.coracle.node.Transport;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.RaftLogger;
import dev.coracle.raft.SnapshotMetadata;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What no simulation in one thread can show: the agents of whole nodes on threads of their own, over real files, with
 * every limit so small that they meet each other all the time. Entries leave the cache at once and are read from the
 * segment that is being written, segments are cut, snapshots taken, sent and restored, and logs released, while members
 * are stopped, started and cut off.
 */
class NodesOnThreadsTest {
    private static final long SEED = Long.getLong("coracle.threads.seed", 20261127);
    private static final int ROUNDS = Integer.getInteger("coracle.threads.rounds", 9);
    private static final int WRITES_A_ROUND = 250;
    private static final int MEMBERS = 3;
    private static final int OPEN_WRITES = 24;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int GROUP = 0;

    @TempDir
    private Path root;

    /** What the first member to apply an entry got, which all others must get: by its index. */
    private final Map<Long, Long> applied = new ConcurrentHashMap<>();

    private final AtomicReference<@Nullable Throwable> trouble = new AtomicReference<>();
    private final Member[] members = new Member[MEMBERS];

    @Test
    void threadsMeetEachOtherAndNothingIsLost() throws Exception {
        System.out.println("NodesOnThreadsTest: seed " + SEED);
        Random random = new Random(SEED);
        for (int i = 0; i < MEMBERS; i++) {
            members[i] = new Member(i + 1);
            members[i].start();
        }
        Writers writers = new Writers(random.nextLong());
        writers.start();
        for (int round = 0; round < ROUNDS; round++) {
            Member member = members[random.nextInt(MEMBERS)];
            switch (round % 3) {
                case 0 -> {
                    member.stop();
                    writers.awaitMore(WRITES_A_ROUND);
                    member.start();
                }
                case 1 -> {
                    member.cable.cut = true;
                    writers.awaitMore(WRITES_A_ROUND);
                    member.cable.cut = false;
                }
                default -> writers.awaitMore(WRITES_A_ROUND);
            }
        }
        writers.stop();
        await("all members to have applied the same", () -> {
            long most =
                    applied.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
            for (Member member : members) {
                if (member.machine.index < most) {
                    return false;
                }
            }
            return true;
        });
        System.out.println("nodes on threads: " + writers.acknowledged.size() + " writes acknowledged, "
                + applied.size() + " applied, " + restores() + " restores");
        assertThat(restores()).as("restores of snapshots that were sent").isPositive();
        for (Map.Entry<Long, Long> write : writers.acknowledged.entrySet()) {
            assertThat(applied).containsEntry(write.getKey(), write.getValue());
        }
    }

    private int restores() {
        int sum = 0;
        for (Member member : members) {
            sum += member.cable.snapshots.get();
        }
        return sum;
    }

    @AfterEach
    void stopAll() throws Exception {
        for (Member member : members) {
            if (member != null) {
                member.stop();
                member.cable.end();
            }
        }
    }

    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        // Nothing tells when all is quiet; so it is asked now and then.
        CountDownLatch never = new CountDownLatch(1);
        while (!condition.getAsBoolean()) {
            failOnTrouble();
            assertThat(System.nanoTime() - end).as("waiting for %s", what).isNegative();
            var unused = never.await(1, TimeUnit.MILLISECONDS);
        }
        failOnTrouble();
    }

    private void failOnTrouble() {
        Throwable found = trouble.get();
        if (found != null) {
            throw new AssertionError("a member failed", found);
        }
    }

    /** A member with its files, which outlive its runs. */
    private final class Member {
        private final long id;
        private final FileDisk disk = new FileDisk();
        private final Cable cable;
        private volatile Chain machine = new Chain();
        private volatile @Nullable RaftNode node;
        private @Nullable WalLogStore log;
        private @Nullable AutoCloseable runners;

        Member(long id) {
            this.id = id;
            this.cable = new Cable(id);
        }

        void start() throws StorageException {
            Path directory = root.resolve("member-" + id);
            FileSnapshotStore snapshots = FileSnapshotStore.open(disk, directory.resolve("snap"), GROUP);
            WalLogStore opened = WalLogStore.open(
                    disk, directory.resolve("wal"), snapshots, LogFixture.SMALL.withMaxBatchBytes(8 << 10));
            List<Bootstrap.Peer> peers = new ArrayList<>();
            for (int peer = 1; peer <= MEMBERS; peer++) {
                peers.add(new Bootstrap.Peer(peer, Bytes.EMPTY));
            }
            NodeConfig config = NodeConfig.builder()
                    .id(id)
                    .group(GROUP)
                    .tickNanos(TimeUnit.MILLISECONDS.toNanos(20))
                    .bootstrap(peers)
                    .logger(RaftLogger.NONE)
                    .maxBatchBytes(4 << 10)
                    .maxProposalBytes(2 << 10)
                    .maxSizePerMessage(2 << 10)
                    .maxInflightMessages(4)
                    .logCacheBytes(2 << 10)
                    .snapshotEntries(150)
                    .catchUpEntries(20)
                    .build();
            Chain state = new Chain();
            RaftNode started = new RaftNode(
                    config,
                    opened,
                    snapshots,
                    cable,
                    state,
                    bound -> ThreadLocalRandom.current().nextInt(bound),
                    EtcdConfChangeCodec.INSTANCE);
            started.onFailure(cause -> trouble.compareAndSet(null, cause));
            cable.plugIn(snapshots);
            cable.start(started.inbound());
            log = opened;
            machine = state;
            runners = AgentRunner.startAll(
                    started, config, System::nanoTime, cause -> trouble.compareAndSet(null, cause));
            node = started;
        }

        void stop() throws Exception {
            node = null;
            cable.unplug();
            if (runners != null) {
                runners.close();
                runners = null;
            }
            if (log != null) {
                log.close();
                log = null;
            }
        }
    }

    /** A chain of all that was applied: whoever applies something else, or in another order, has another one. */
    private final class Chain implements StateMachine {
        private volatile long index;
        private long chain;

        @Override
        public Object apply(long at, long term, byte[] data) {
            chain = (chain * 31 + at) * 31 + ByteBuffer.wrap(data).getLong();
            Long first = applied.putIfAbsent(at, chain);
            if (first != null && first != chain) {
                throw new IllegalStateException("index " + at + " leads to " + chain + ", and elsewhere to " + first);
            }
            index = at;
            return new long[] {at, chain};
        }

        @Override
        public PinnedSnapshot snapshot() {
            long pinnedIndex = index;
            long pinned = chain;
            return new PinnedSnapshot() {
                @Override
                public void writeTo(OutputStream out) throws IOException {
                    DataOutputStream data = new DataOutputStream(out);
                    data.writeLong(pinnedIndex);
                    data.writeLong(pinned);
                    data.flush();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void restore(SnapshotMetadata metadata, InputStream data) throws IOException {
            DataInputStream in = new DataInputStream(data);
            index = in.readLong();
            chain = in.readLong();
            Long known = applied.get(index);
            if (index > 0 && (known == null || known != chain)) {
                throw new IllegalStateException("a snapshot at " + index + " has " + chain + " instead of " + known);
            }
        }
    }

    /** What connects a member: a thread that delivers what it sends, in order, and drops what is too much. */
    private final class Cable implements Transport {
        private final long id;
        private final BlockingQueue<Message> outgoing = new ArrayBlockingQueue<>(256);
        private final Thread thread;
        private final AtomicInteger snapshots = new AtomicInteger();
        private volatile boolean cut;
        private volatile @Nullable Inbound inbound;
        private volatile @Nullable SnapshotStore store;

        Cable(long id) {
            this.id = id;
            this.thread = new Thread(this::deliver, "cable-" + id);
            thread.setDaemon(true);
            thread.start();
        }

        void plugIn(SnapshotStore own) {
            store = own;
        }

        void unplug() {
            inbound = null;
            store = null;
            outgoing.clear();
        }

        void end() throws InterruptedException {
            thread.interrupt();
            thread.join();
        }

        @Override
        public void start(Inbound newInbound) {
            inbound = newInbound;
        }

        @Override
        public void send(long group, Message message) {
            if (!outgoing.offer(message)) {
                report(message);
            }
        }

        private void deliver() {
            try {
                while (true) {
                    Message message = outgoing.take();
                    Cable receiver = members[(int) message.to() - 1].cable;
                    Inbound there = receiver.inbound;
                    boolean arrived = false;
                    if (!cut && !receiver.cut && there != null) {
                        arrived = message instanceof Message.InstallSnapshot install
                                ? hasSent(install, receiver) && there.offer(GROUP, message)
                                : there.offer(GROUP, message);
                    }
                    if (!arrived) {
                        report(message);
                    } else if (message instanceof Message.InstallSnapshot) {
                        receiver.snapshots.incrementAndGet();
                        Inbound here = inbound;
                        if (here != null) {
                            here.snapshotStatus(GROUP, message.to(), false);
                        }
                    }
                }
            } catch (InterruptedException end) {
                // The test is over.
            } catch (StorageException | RuntimeException e) {
                trouble.compareAndSet(null, e);
            }
        }

        private boolean hasSent(Message.InstallSnapshot install, Cable receiver) throws StorageException {
            SnapshotStore from = store;
            SnapshotStore to = receiver.store;
            if (from == null || to == null) {
                return false;
            }
            SnapshotMetadata metadata = install.snapshot().metadata();
            try (SnapshotStore.Source source = from.open(GROUP, metadata.id());
                    SnapshotStore.Sink sink = to.create(GROUP, metadata)) {
                source.data().transferTo(sink.data());
                sink.commit();
                return true;
            } catch (StorageException | IOException e) {
                // It was purged meanwhile: the leader has a newer one, and sends that next.
                return false;
            }
        }

        private void report(Message message) {
            Inbound here = inbound;
            if (here != null) {
                if (message instanceof Message.InstallSnapshot) {
                    here.snapshotStatus(GROUP, message.to(), true);
                }
                here.unreachable(GROUP, message.to());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void setPeer(long peer, String address) {}

        @Override
        public void removePeer(long peer) {}

        @Override
        public void close() {}
    }

    /** Keeps a number of writes open at whatever members run, until it is stopped. */
    private final class Writers {
        private final Map<Long, Long> acknowledged = new ConcurrentHashMap<>();
        private final Semaphore room = new Semaphore(OPEN_WRITES);
        private final Set<Long> once = ConcurrentHashMap.newKeySet();
        private final Random random;
        private final Thread thread = new Thread(this::run, "writers");
        private volatile boolean stopped;

        Writers(long seed) {
            random = new Random(seed);
            thread.setDaemon(true);
        }

        void start() {
            thread.start();
        }

        void awaitMore(int count) throws InterruptedException {
            int wanted = acknowledged.size() + count;
            await(wanted + " writes", () -> acknowledged.size() >= wanted);
        }

        void stop() throws InterruptedException {
            stopped = true;
            thread.join();
            // Each ends, at the latest with its deadline.
            assertThat(room.tryAcquire(OPEN_WRITES, PATIENCE_NANOS, TimeUnit.NANOSECONDS))
                    .isTrue();
        }

        private void run() {
            try {
                for (long number = 1; !stopped; number++) {
                    room.acquire();
                    RaftNode node = members[random.nextInt(MEMBERS)].node;
                    if (node == null) {
                        room.release();
                        continue;
                    }
                    byte[] data = new byte[Long.BYTES + random.nextInt(600)];
                    ByteBuffer.wrap(data).putLong(number);
                    node.propose(data, System.nanoTime() + DEADLINE_NANOS, new Write());
                }
            } catch (InterruptedException e) {
                trouble.compareAndSet(null, e);
            }
        }

        private final class Write implements Reply<@Nullable Object> {
            @Override
            public void done(@Nullable Object result) {
                long[] place = (long[]) Objects.requireNonNull(result);
                if (!once.add(place[0])) {
                    trouble.compareAndSet(null, new IllegalStateException("index " + place[0] + " answers twice"));
                }
                acknowledged.put(place[0], place[1]);
                room.release();
            }

            @Override
            public void failed(Failure failure) {
                room.release();
            }
        }
    }
}
