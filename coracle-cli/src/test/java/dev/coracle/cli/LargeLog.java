package dev.coracle.cli;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.Agent;
import dev.coracle.node.Failure;
import dev.coracle.node.FileDisk;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.StateMachine;
import dev.coracle.node.StorageException;
import dev.coracle.node.Transport;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A program that writes a log of two gigabytes, or opens it and serves it whole: as a store, and as a node to a follower
 * that has nothing. It is the test's child, with a small heap. An entry's data begin with its index and are of a length
 * that the index decides.
 */
final class LargeLog {
    /** How much is written, in bytes of data. */
    static final long BYTES = 2L << 30;

    private static final int SMALLEST = 4 << 10;
    private static final int LARGEST = 64 << 10;
    private static final int BATCH_BYTES = 4 << 20;
    private static final int READ_BYTES = 1 << 20;
    private static final long NODE = 1;
    private static final long FOLLOWER = 2;
    private static final long LIMIT_NANOS = 120_000_000_000L;
    private static final byte[] NOISE = new byte[2 * LARGEST];

    private final FileDisk disk = new FileDisk();
    private final Path directory;

    private LargeLog(Path directory) {
        this.directory = directory;
    }

    public static void main(String[] arguments) throws Exception {
        new SplittableRandom(20260108).nextBytes(NOISE);
        LargeLog log = new LargeLog(Path.of(arguments[1]));
        long begin = System.nanoTime();
        switch (arguments[0]) {
            case "write" -> log.write();
            case "read" -> log.read();
            case "serve" -> log.serve();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.out.println(arguments[0] + ": " + (System.nanoTime() - begin) / 1_000_000 + " ms in all");
    }

    private WalLogStore open() throws StorageException {
        long begin = System.nanoTime();
        WalLogStore store = WalLogStore.open(disk, directory.resolve("wal"), snapshots(), WalOptions.DEFAULTS);
        System.out.println("opened in " + (System.nanoTime() - begin) / 1_000_000 + " ms");
        return store;
    }

    private FileSnapshotStore snapshots() throws StorageException {
        return FileSnapshotStore.open(disk, directory.resolve("snap"), 0);
    }

    /** The first two entries make the node a voter and the follower a learner. */
    private static Entry entry(long index) {
        if (index == NODE || index == FOLLOWER) {
            ConfChangeType type = index == NODE ? ConfChangeType.ADD_NODE : ConfChangeType.ADD_LEARNER_NODE;
            byte[] change = EtcdConfChangeCodec.INSTANCE.encode(new ConfChange(type, index));
            return new Entry(1, index, EntryType.CONF_CHANGE, change);
        }
        byte[] data = new byte[length(index)];
        System.arraycopy(NOISE, (int) (index % LARGEST), data, 0, data.length);
        ByteBuffer.wrap(data).putLong(index);
        return new Entry(1, index, EntryType.NORMAL, data);
    }

    private static int length(long index) {
        return SMALLEST + (int) (index * 7_919 % (LARGEST - SMALLEST));
    }

    private static void check(Entry entry, long index) {
        if (!entry.equals(entry(index))) {
            throw new IllegalStateException("not what was written at " + index + ": " + entry);
        }
    }

    private void write() throws StorageException {
        try (WalLogStore store = open()) {
            long written = 0;
            long index = 0;
            while (written < BYTES) {
                List<Entry> batch = new ArrayList<>();
                long bytes = 0;
                while (bytes < BATCH_BYTES) {
                    Entry entry = entry(++index);
                    batch.add(entry);
                    bytes += entry.payloadSize();
                }
                store.append(0, new HardState(1, NODE, index), batch);
                store.sync();
                written += bytes;
            }
            System.out.println("wrote " + index + " entries");
        }
    }

    /** Everything in order, as to a follower that has nothing, and single entries anywhere in between. */
    private void read() throws StorageException {
        try (WalLogStore store = open()) {
            long last = store.recover(0).lastIndex();
            SplittableRandom random = new SplittableRandom(20260109);
            long next = 1;
            long bytes = 0;
            while (next <= last) {
                for (Entry entry : store.read(0, next, last + 1, READ_BYTES)) {
                    check(entry, next++);
                    bytes += entry.payloadSize();
                }
                long anywhere = random.nextLong(1, last + 1);
                check(store.read(0, anywhere, anywhere + 1, 0).get(0), anywhere);
            }
            System.out.println("read " + last + " entries, " + bytes + " bytes");
        }
    }

    /** A node that applies all of it, leads, and sends all of it to a learner. */
    private void serve() throws Exception {
        try (WalLogStore store = open()) {
            Follower follower = new Follower();
            Applied applied = new Applied();
            NodeConfig config = NodeConfig.builder()
                    .id(NODE)
                    .snapshotEntries(Long.MAX_VALUE)
                    .snapshotBytes(Long.MAX_VALUE)
                    .build();
            try (RaftNode node = new RaftNode(
                    config, store, snapshots(), follower, applied, bound -> bound - 1, EtcdConfChangeCodec.INSTANCE)) {
                follower.start(node.inbound());
                long last = node.view().commit();
                boolean asked = false;
                long begin = System.nanoTime();
                while (follower.lastIndex < last) {
                    for (Agent agent : node.agents()) {
                        agent.doWork(System.nanoTime());
                    }
                    follower.answer();
                    if (node.view().applied() >= last && !asked) {
                        asked = true;
                        node.campaign(System.nanoTime() + LIMIT_NANOS, new Ignored());
                    }
                    if (node.failure() != null || System.nanoTime() - begin > LIMIT_NANOS) {
                        throw new IllegalStateException("at " + follower.lastIndex + " of " + last, node.failure());
                    }
                }
                System.out.println("applied " + applied.count + " entries, and sent " + follower.lastIndex);
            }
        }
    }

    private static final class Ignored implements Reply<Boolean> {
        @Override
        public void done(Boolean result) {}

        @Override
        public void failed(Failure failure) {}
    }

    private static final class Applied implements StateMachine {
        private long count;

        @Override
        public Object apply(long index, long term, byte[] data) {
            check(new Entry(term, index, EntryType.NORMAL, data), index);
            return ++count;
        }

        @Override
        public PinnedSnapshot snapshot() {
            return new PinnedSnapshot() {
                @Override
                public void writeTo(OutputStream out) {}

                @Override
                public void close() {}
            };
        }

        @Override
        public void restore(SnapshotMetadata metadata, InputStream data) {}
    }

    /** The network, and at its other end a learner that forgets what it is sent. */
    private static final class Follower implements Transport {
        private final ArrayDeque<Message> arrived = new ArrayDeque<>();
        private Inbound inbound = new Nobody();
        private long lastIndex;

        @Override
        public void start(Inbound node) {
            inbound = node;
        }

        @Override
        public void send(long group, Message message) {
            arrived.add(message);
        }

        void answer() {
            while (!arrived.isEmpty()) {
                Message message = arrived.remove();
                if (message instanceof Message.Append append) {
                    inbound.offer(0, onAppend(append));
                } else if (message instanceof Message.Heartbeat beat) {
                    inbound.offer(
                            0, new Message.HeartbeatReply(FOLLOWER, NODE, beat.term(), beat.context(), lastIndex));
                }
            }
        }

        private Message onAppend(Message.Append append) {
            if (append.index() > lastIndex) {
                long term = lastIndex == 0 ? 0 : 1;
                return Message.AppendReply.rejected(FOLLOWER, NODE, append.term(), append.index(), lastIndex, term);
            }
            long index = append.index();
            for (Entry entry : append.entries()) {
                index++;
                if (entry.term() == 1) {
                    check(entry, index);
                }
            }
            lastIndex = Math.max(lastIndex, index);
            return Message.AppendReply.accepted(FOLLOWER, NODE, append.term(), index);
        }

        @Override
        public void flush() {}

        @Override
        public void setPeer(long id, String address) {}

        @Override
        public void removePeer(long id) {}

        @Override
        public void close() {}
    }

    private static final class Nobody implements Transport.Inbound {
        @Override
        public boolean offer(long group, Message message) {
            return false;
        }

        @Override
        public void unreachable(long group, long peer) {}

        @Override
        public void snapshotStatus(long group, long peer, boolean failed) {}
    }
}
