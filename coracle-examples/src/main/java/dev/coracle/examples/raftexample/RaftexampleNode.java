package dev.coracle.examples.raftexample;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.codec.GobKeyValue;
import dev.coracle.node.AgentRunner;
import dev.coracle.node.Clock;
import dev.coracle.node.Failure;
import dev.coracle.node.FileDisk;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import dev.coracle.transport.http.HttpTransport;
import dev.coracle.transport.http.HttpTransportConfig;
import dev.coracle.transport.http.Refusal;
import dev.coracle.transport.http.TransportListener;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member, from its directory to its end: how a {@link RaftNode} is put together, what goes into it and what comes out.
 *
 * <p>Proposals go in by {@link #put} and {@link #change}. Where this node does not lead, they are sent to the leader, and
 * what comes back is the log itself: an entry carries, behind what Go reads of it, who proposed it. Commits come out at the
 * {@link KeyValueStore}, and the end, with its reason, at {@link #ended}.
 */
final class RaftexampleNode implements KeyValueStore.Listener, AutoCloseable {
    static final long CLUSTER_ID = 0x1000;

    private static final Logger LOG = LoggerFactory.getLogger(RaftexampleNode.class);
    private static final Clock CLOCK = System::nanoTime;
    private static final int SNAPSHOT_ENTRIES = 10_000;
    private static final int CATCH_UP_ENTRIES = 10_000;

    /** etcd 3.4 refuses a whole log for one record of 10 MiB; an entry's has some bytes more than its data. */
    static final int MOST_ENTRY_BYTES = (10 << 20) - (64 << 10);

    /** How many requests may be open that only the log can answer. */
    private static final int MOST_PENDING = 10_000;

    private final long id;
    private final RaftexampleOptions options;
    private final SecureRandom random = new SecureRandom();
    private final WalLogStore log;
    private final HttpTransport transport;
    private final KeyValueStore store = new KeyValueStore(this);
    private final RaftNode node;
    private final AutoCloseable agents;

    /** What was proposed here and not seen in the log yet, by what its entry carries behind the value. */
    private final Map<Bytes, CompletableFuture<Void>> writes = new ConcurrentHashMap<>();

    private final byte[] incarnation = new byte[Long.BYTES];
    private final AtomicLong proposals = new AtomicLong();

    /** Changes that were proposed here and not seen in the log yet. */
    private final Map<CompletableFuture<Void>, ConfChange> changes = new ConcurrentHashMap<>();

    private final CompletableFuture<@Nullable Throwable> ended = new CompletableFuture<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** The directory of a node's log, named as Go's program names it. */
    static Path logDirectory(RaftexampleOptions options) {
        return options.directory.resolve("raftexample-" + options.id);
    }

    /**
     * Opens the directories and the port, and takes part.
     *
     * @throws StorageException if the log or the snapshots cannot be used
     * @throws IOException if the port cannot be had
     * @throws IllegalArgumentException if an option breaks a rule, which the text says
     */
    RaftexampleNode(RaftexampleOptions options) throws StorageException, IOException {
        this.options = options;
        id = options.id;
        random.nextBytes(incarnation);

        FileDisk disk = new FileDisk();
        Path logDirectory = logDirectory(options);
        FileSnapshotStore snapshots =
                FileSnapshotStore.open(disk, logDirectory.resolveSibling(logDirectory.getFileName() + "-snap"), 0);

        // The network, in etcd's protocol. Others that do not know this node yet are told where to answer.
        String url = options.peers.get((int) id - 1);
        transport = HttpTransport.bind(HttpTransportConfig.builder()
                .id(id)
                .clusterId(CLUSTER_ID)
                .listenAddress(url)
                .advertisedUrls(url.contains("://") ? List.of(url) : List.of())
                .snapshots(snapshots)
                .clock(InstantSource.system())
                .listener(new Network())
                .build());
        try {
            for (int i = 0; i < options.peers.size(); i++) {
                transport.setPeer(i + 1, options.peers.get(i));
            }
            log = WalLogStore.open(disk, logDirectory, snapshots, WalOptions.DEFAULTS);
        } catch (StorageException | RuntimeException e) {
            transport.close();
            throw e;
        }

        // The node between network, log and state machine. It has no thread of its own: its agents get one each.
        try {
            NodeConfig config = NodeConfig.builder()
                    .id(id)
                    .snapshotEntries(SNAPSHOT_ENTRIES)
                    .catchUpEntries(CATCH_UP_ENTRIES)
                    .maxProposalBytes(MOST_ENTRY_BYTES)
                    // Go's nodes ignore a leader of an older term than their own, so nobody may ignore their votes for
                    // it.
                    .checkQuorum(false)
                    .bootstrap(options.join ? List.of() : firstMembers(options.peers.size()))
                    .build();
            node = new RaftNode(
                    config, log, snapshots, transport, store, random::nextInt, EtcdConfChangeCodec.INSTANCE);
            node.onFailure(ended::complete);
            transport.start(node.inbound());
            agents = AgentRunner.startAll(node, config, CLOCK, ended::complete);
        } catch (RuntimeException e) {
            transport.close();
            log.close();
            throw e;
        }
    }

    /** The same on every first member, as the Go program has it: ids by position, no addresses. */
    private static List<Bootstrap.Peer> firstMembers(int count) {
        List<Bootstrap.Peer> peers = new ArrayList<>();
        for (long peer = 1; peer <= count; peer++) {
            peers.add(new Bootstrap.Peer(peer, Bytes.EMPTY));
        }
        return peers;
    }

    /** Done with {@code null} when the node was removed from its cluster, otherwise with what stopped it. */
    CompletableFuture<@Nullable Throwable> ended() {
        return ended;
    }

    // ---- proposals in

    /**
     * Sets a key. Done when it is applied here, or at once if the options say so. Fails with a {@link RequestException}, or
     * with a {@link TimeoutException} if nobody knows what became, or will become, of it.
     */
    CompletableFuture<Void> put(Bytes key, Bytes value) {
        byte[] gob = new GobKeyValue(key, value).encode();
        byte[] tag = ByteBuffer.allocate(2 * Long.BYTES)
                .put(incarnation)
                .putLong(proposals.incrementAndGet())
                .array();
        byte[] data = Arrays.copyOf(gob, gob.length + tag.length);
        System.arraycopy(tag, 0, data, gob.length, tag.length);

        CompletableFuture<Void> done = new CompletableFuture<>();
        if (register(writes, Bytes.of(tag), done, done)) {
            node.propose(data, deadline(), new OrForward<>(done, () -> Entry.normal(data)));
        }
        return acknowledge(done);
    }

    /** Adds or removes a member. Done when that is in force here, or at once. Fails as {@link #put} does. */
    CompletableFuture<Void> change(ConfChangeType type, long nodeId, Bytes address) {
        // Only changes of the older form: the Go program ignores the newer one.
        ConfChange change = new ConfChange(random.nextLong(), type, nodeId, address);
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (register(changes, done, change, done)) {
            byte[] data = EtcdConfChangeCodec.INSTANCE.encode(change);
            node.changeConfiguration(
                    change, deadline(), new OrForward<>(done, () -> new Entry(0, 0, EntryType.CONF_CHANGE, data)));
        }
        return acknowledge(done);
    }

    /** What was refused at once is told in any case. */
    private CompletableFuture<Void> acknowledge(CompletableFuture<Void> done) {
        if (options.ack == RaftexampleOptions.Ack.PROPOSED) {
            done.complete(null);
        }
        return done;
    }

    /** Keeps what waits for the log as long as it does. */
    private <K, V> boolean register(Map<K, V> waiting, K name, V value, CompletableFuture<Void> done) {
        if (waiting.size() >= MOST_PENDING) {
            done.completeExceptionally(
                    new RequestException(Failure.Kind.OVERLOADED, MOST_PENDING + " requests are open already"));
            return false;
        }
        waiting.put(name, value);
        var unused = done.whenComplete((result, failure) -> waiting.remove(name));
        return true;
    }

    /** What becomes of a proposal: the leader does it, and every other node sends it there, whatever becomes of it. */
    private final class OrForward<T> implements Reply<T> {
        private final CompletableFuture<Void> done;
        private final Supplier<Entry> entry;

        OrForward(CompletableFuture<Void> done, Supplier<Entry> entry) {
            this.done = done;
            this.entry = entry;
        }

        @Override
        public void done(T result) {
            done.complete(null);
        }

        @Override
        public void failed(Failure failure) {
            boolean elsewhere = failure.kind() == Failure.Kind.NOT_LEADER && failure.leader() != RawNode.NONE;
            if (elsewhere && transport.forward(new Message.Propose(id, failure.leader(), List.of(entry.get())))) {
                // Nobody answers: it shows in the log, or never does.
                var unused = done.orTimeout(options.timeout.toNanos(), TimeUnit.NANOSECONDS);
            } else {
                done.completeExceptionally(new RequestException(failure.kind(), failure.text()));
            }
        }
    }

    /** Reads a key, after everything that was done before. Fails with a {@link RequestException}. */
    CompletableFuture<@Nullable Bytes> read(Bytes key) {
        CompletableFuture<@Nullable Bytes> value = new CompletableFuture<>();
        node.read(deadline(), new Reply<>() {
            @Override
            public void done(Long index) {
                value.complete(store.get(key));
            }

            @Override
            public void failed(Failure failure) {
                value.completeExceptionally(new RequestException(failure.kind(), failure.text()));
            }
        });
        return value;
    }

    /** Reads what this node has, which may be old. */
    @Nullable
    Bytes readLocal(Bytes key) {
        return store.get(key);
    }

    private long deadline() {
        return CLOCK.nanoTime() + options.timeout.toNanos();
    }

    // ---- commits out

    @Override
    public void applied(byte[] tag) {
        CompletableFuture<Void> done = writes.get(Bytes.of(tag));
        if (done != null) {
            done.complete(null);
        }
    }

    @Override
    public void configurationChanged(ConfChangeV2 change) {
        boolean removed = false;
        for (ConfChangeSingle single : change.changes()) {
            switch (single.type()) {
                case ADD_NODE, ADD_LEARNER_NODE, UPDATE_NODE -> reach(single.nodeId(), change.context());
                case REMOVE_NODE -> {
                    removed |= single.nodeId() == id;
                    if (single.nodeId() != id) {
                        transport.removePeer(single.nodeId());
                    }
                }
            }
            changes.forEach((done, each) -> {
                if (each.type() == single.type()
                        && each.nodeId() == single.nodeId()
                        && each.context().equals(change.context())) {
                    done.complete(null);
                }
            });
        }
        if (removed) {
            LOG.info("I've been removed from the cluster! Shutting down.");
            ended.complete(null);
        }
    }

    /** A change carries the member's address; the first ones carry none, and are found where the options say. */
    private void reach(long peer, Bytes address) {
        String url = new String(address.array(), StandardCharsets.UTF_8);
        if (url.isEmpty() && peer > 0 && peer <= options.peers.size()) {
            url = options.peers.get((int) peer - 1);
        }
        try {
            if (peer != id && !url.isEmpty()) {
                transport.setPeer(peer, url);
            }
        } catch (IllegalArgumentException e) {
            // It is committed whatever it is worth, and must not stop anybody.
            LOG.error("node {} cannot be reached: {}", peer, e.getMessage());
        }
    }

    // ---- errors out

    /** What ends a node from outside of it. */
    private final class Network implements TransportListener {
        @Override
        public void refused(long peer, Refusal refusal, String text) {
            if (refusal == Refusal.REMOVED) {
                ended.complete(new IOException("the member has been permanently removed from the cluster"));
            }
        }

        @Override
        public void storageFailed(StorageException failure) {
            ended.complete(failure);
        }
    }

    /** Stops in good order: the node first, then what it uses, at last whoever still waits. */
    @Override
    public void close() throws StorageException {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            agents.close();
        } catch (Exception e) {
            throw new IllegalStateException("the node's agents could not be closed", e);
        }
        transport.close();
        log.close();
        RequestException stopped =
                new RequestException(Failure.Kind.UNKNOWN, "the node stopped before it was known to be done");
        writes.values().forEach(done -> done.completeExceptionally(stopped));
        changes.keySet().forEach(done -> done.completeExceptionally(stopped));
    }
}
