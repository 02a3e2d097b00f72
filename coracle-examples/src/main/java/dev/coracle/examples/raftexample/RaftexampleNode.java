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
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import dev.coracle.transport.http.HttpTransport;
import dev.coracle.transport.http.HttpTransportConfig;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
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
    private static final int SNAPSHOT_ENTRIES = 10_000;
    private static final int CATCH_UP_ENTRIES = 10_000;
    private static final Clock CLOCK = System::nanoTime;

    private final long id;
    private final Duration timeout;
    private final SecureRandom random = new SecureRandom();
    private final WalLogStore log;
    private final HttpTransport transport;
    private final KeyValueStore store = new KeyValueStore(this);
    private final RaftNode node;
    private final AutoCloseable agents;

    /** What this node has proposed and not seen yet, by what its entries carry. */
    private final Map<Bytes, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();

    private final AtomicLong proposals = new AtomicLong();
    private final byte[] incarnation = new byte[Long.BYTES];

    /** Changes that wait to be in force. */
    private final List<PendingChange> changes = new ArrayList<>();

    private final CompletableFuture<@Nullable Throwable> ended = new CompletableFuture<>();

    private record PendingChange(long nodeId, boolean member, CompletableFuture<Void> done) {
        boolean isInForce(ConfState configuration) {
            return configuration.contains(nodeId) == member;
        }
    }

    /** Where the directories of a node are. */
    static Path logDirectory(Path parent, long id) {
        return parent.resolve("raftexample-" + id);
    }

    RaftexampleNode(RaftexampleOptions options) throws StorageException, IOException {
        id = options.id;
        timeout = options.timeout;
        random.nextBytes(incarnation);
        Path directory = logDirectory(options.directory, id);
        FileDisk disk = new FileDisk();
        FileSnapshotStore snapshots =
                FileSnapshotStore.open(disk, options.directory.resolve("raftexample-" + id + "-snap"), 0);
        log = WalLogStore.open(disk, directory, snapshots, WalOptions.DEFAULTS);

        transport = HttpTransport.bind(HttpTransportConfig.builder()
                .id(id)
                .clusterId(CLUSTER_ID)
                .listenAddress(options.peers.get((int) id - 1))
                .snapshots(snapshots)
                .clock(InstantSource.system())
                .build());

        NodeConfig config = NodeConfig.builder()
                .id(id)
                .snapshotEntries(SNAPSHOT_ENTRIES)
                .catchUpEntries(CATCH_UP_ENTRIES)
                .maxProposalBytes(Math.min(transport.maxEntryBytes(), log.maxEntryBytes()))
                // Go's nodes ignore a leader of an older term than their own, so nobody may ignore their votes for it.
                .checkQuorum(false)
                .bootstrap(options.join ? List.of() : firstMembers(options.peers.size()))
                .build();
        node = new RaftNode(config, log, snapshots, transport, store, random::nextInt, EtcdConfChangeCodec.INSTANCE);
        node.onFailure(ended::complete);
        for (int i = 0; i < options.peers.size(); i++) {
            transport.setPeer(i + 1, options.peers.get(i));
        }
        transport.start(node.inbound());
        agents = AgentRunner.startAll(node, config, CLOCK, ended::complete);
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

    /** Sets a key. Done when it is applied here; a timeout means that nobody knows whether it will be. */
    CompletableFuture<Void> put(Bytes key, Bytes value) {
        byte[] gob = new GobKeyValue(key, value).encode();
        byte[] tag = ByteBuffer.allocate(2 * Long.BYTES)
                .put(incarnation)
                .putLong(proposals.incrementAndGet())
                .array();
        byte[] data = Arrays.copyOf(gob, gob.length + tag.length);
        System.arraycopy(tag, 0, data, gob.length, tag.length);

        CompletableFuture<Void> done = new CompletableFuture<>();
        Bytes name = Bytes.of(tag);
        pending.put(name, done);
        var unused = done.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((result, failure) -> pending.remove(name));
        node.propose(data, deadline(), new OrForward<>(done, () -> Entry.normal(data)));
        return done;
    }

    /** Adds or removes a member. Done when that is in force here. */
    CompletableFuture<Void> change(ConfChangeType type, long nodeId, Bytes context) {
        ConfChange change = new ConfChange(random.nextLong(), type, nodeId, context);
        CompletableFuture<Void> done = new CompletableFuture<>();
        PendingChange waiting = new PendingChange(nodeId, type == ConfChangeType.ADD_NODE, done);
        synchronized (changes) {
            changes.add(waiting);
        }
        var unused = done.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).whenComplete((result, failure) -> {
            synchronized (changes) {
                changes.remove(waiting);
            }
        });
        // Only changes of the older form: the Go program ignores the newer one, and would diverge.
        node.changeConfiguration(
                change,
                deadline(),
                new OrForward<>(
                        done,
                        () -> new Entry(0, 0, EntryType.CONF_CHANGE, EtcdConfChangeCodec.INSTANCE.encode(change))));
        return done;
    }

    /** Reads a key, after everything that was done before. */
    CompletableFuture<@Nullable Bytes> read(Bytes key) {
        CompletableFuture<@Nullable Bytes> value = new CompletableFuture<>();
        node.read(deadline(), new Reply<>() {
            @Override
            public void done(Long index) {
                value.complete(store.get(key));
            }

            @Override
            public void failed(Failure failure) {
                value.completeExceptionally(new IOException(failure.text()));
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
        return CLOCK.nanoTime() + timeout.toNanos();
    }

    /** What becomes of a proposal: the leader does it, and another node sends it there. */
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
            if (!elsewhere || !transport.forward(new Message.Propose(id, failure.leader(), List.of(entry.get())))) {
                done.completeExceptionally(new IOException(failure.text()));
            }
        }
    }

    @Override
    public void applied(byte[] trailer) {
        CompletableFuture<Void> done = pending.get(Bytes.of(trailer));
        if (done != null) {
            done.complete(null);
        }
    }

    @Override
    public void configurationChanged(ConfChangeV2 change, ConfState configuration) {
        for (ConfChangeSingle single : change.changes()) {
            if (single.type() == ConfChangeType.ADD_NODE && !change.context().isEmpty() && single.nodeId() != id) {
                setPeer(single.nodeId(), new String(change.context().array(), StandardCharsets.UTF_8));
            } else if (single.type() == ConfChangeType.REMOVE_NODE && single.nodeId() != id) {
                transport.removePeer(single.nodeId());
            } else if (single.type() == ConfChangeType.REMOVE_NODE) {
                LOG.info("I've been removed from the cluster! Shutting down.");
                ended.complete(null);
            }
        }
        List<PendingChange> inForce = new ArrayList<>();
        synchronized (changes) {
            for (PendingChange each : changes) {
                if (each.isInForce(configuration)) {
                    inForce.add(each);
                }
            }
        }
        inForce.forEach(each -> each.done.complete(null));
    }

    /** The entry is committed whatever its address is worth: a bad one must not stop anybody. */
    private void setPeer(long peer, String url) {
        try {
            transport.setPeer(peer, url);
        } catch (IllegalArgumentException e) {
            LOG.error("node {} cannot be reached: {}", peer, e.getMessage());
        }
    }

    /** Stops in good order: the node first, then what it uses. */
    @Override
    public void close() throws StorageException {
        try {
            agents.close();
        } catch (Exception e) {
            throw new IllegalStateException("the node's agents could not be closed", e);
        }
        transport.close();
        log.close();
    }
}
