package dev.coracle;

import dev.coracle.codec.Bincode;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.RaftRsConfChangeCodec;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.node.Reply;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * raftify's: entries and snapshots are the application's bytes alone. What the framework keeps in a native cluster's log
 * and snapshots is this node's own here: where members listen comes from tickets, from the contexts of configuration
 * changes and from what others are asked, and is kept in the directory; ids that were promised are in the leader's memory.
 *
 * <p>The context of an entry is its proposer's sequence number. raftify counts from 0 and takes any entry with a number
 * that it waits for as its own, so ours begin at a random one above 2^32: no number of ours is ever another node's, and
 * an entry that comes back by way of another leader is known by it.
 */
final class RaftRsRules implements DialectRules {
    /** The most bytes of a message that a node of raftify takes, less what a message has besides its entries. */
    static final int MOST_ENTRY_BYTES = (4 << 20) - (64 << 10);

    private static final long LEAST_SEQUENCE = 1L << 32;

    /** Leaves as many numbers above as anybody can use. */
    private static final long SEQUENCE_MASK = (1L << 61) - 1;

    private static final InetSocketAddress NOWHERE = SocketAddresses.parse("0.0.0.0:0");

    private final AtomicLong sequence;
    private final ConcurrentHashMap<Long, Reply<@Nullable Object>> awaited = new ConcurrentHashMap<>();
    private final Map<Long, String> addresses = new ConcurrentSkipListMap<>(Long::compareUnsigned);
    private long nextId;

    RaftRsRules(long random) {
        sequence = new AtomicLong(LEAST_SEQUENCE + (random & SEQUENCE_MASK));
    }

    @Override
    public Dialect dialect() {
        return Dialect.RAFT_RS;
    }

    @Override
    public ConfChangeCodec changes() {
        return RaftRsConfChangeCodec.INSTANCE;
    }

    @Override
    public int overheadBytes() {
        return Long.BYTES;
    }

    @Override
    public byte[] wrap(byte[] command) {
        return command;
    }

    @Override
    public Envelope decode(byte[] data) {
        return new Envelope.Command(data);
    }

    @Override
    public byte[] nextContext() {
        return Bincode.encodeU64(sequence.getAndIncrement());
    }

    // ---- entries that another leader appends for this node

    /** Has a reply told what comes of the entry with a context, once it is applied here. */
    void await(byte[] context, Reply<@Nullable Object> reply) {
        awaited.put(sequenceOf(context), reply);
    }

    /** Awaits an entry no more; false if it was applied. */
    boolean forget(byte[] context) {
        return awaited.remove(sequenceOf(context)) != null;
    }

    @Override
    public void applied(byte @Nullable [] context, @Nullable Object result) {
        if (context != null && context.length >= Long.BYTES && !awaited.isEmpty()) {
            Reply<@Nullable Object> reply = awaited.remove(sequenceOf(context));
            if (reply != null) {
                reply.done(result);
            }
        }
    }

    private static long sequenceOf(byte[] context) {
        try {
            // raftify ignores what is longer, too.
            return Bincode.decodeU64(Arrays.copyOf(context, Long.BYTES));
        } catch (CodecException e) {
            throw new IllegalStateException("eight bytes are a number", e);
        }
    }

    // ---- members

    /** Notes where members listen. What the log says later counts more. */
    void learn(Map<Long, String> found) {
        addresses.putAll(found);
    }

    /** Where a member listens, as far as somebody said; null if nobody did. */
    @Nullable
    String addressOf(long id) {
        return addresses.get(id);
    }

    /** An id for a new node, which this node gives to no other one. */
    synchronized long reserve(Tables tables) {
        long id = Long.compareUnsigned(tables.nextId(), nextId) > 0 ? tables.nextId() : nextId;
        nextId = id + 1;
        return id;
    }

    /** What is known of the members that a configuration names. */
    Tables tables(ConfState configuration, Tables before) {
        SortedMap<Long, Tables.Known> news = ClusterFile.byId();
        addresses.forEach((id, address) -> {
            Tables.Known known = before.member(id);
            if (known == null || known.address().isEmpty()) {
                news.put(id, new Tables.Known(address, 0));
            }
        });
        return before.withConfiguration(configuration, news);
    }

    @Override
    public Bytes changeContext(List<Tables.Known> known) {
        List<InetSocketAddress> each = new ArrayList<>();
        for (Tables.Known member : known) {
            // One for each change, or raftify's nodes end: removals, too, where nobody looks at it.
            each.add(member.address().isEmpty() ? NOWHERE : SocketAddresses.parse(member.address()));
        }
        return Bytes.of(Bincode.encodeAddresses(each));
    }

    @Override
    public SortedMap<Long, Tables.Known> news(ConfChangeV2 change) {
        SortedMap<Long, Tables.Known> news = ClusterFile.byId();
        List<InetSocketAddress> found = List.of();
        if (!change.context().isEmpty()) {
            try {
                found = Bincode.decodeAddresses(change.context().array());
            } catch (CodecException e) {
                // It is in the log, and says nothing that members could not be asked for.
                Engine.LOG.warn("the addresses of a configuration change cannot be read: {}", e.getMessage());
            }
        }
        for (int i = 0; i < Math.min(found.size(), change.changes().size()); i++) {
            if (!found.get(i).equals(NOWHERE)) {
                news.put(change.changes().get(i).nodeId(), new Tables.Known(SocketAddresses.format(found.get(i)), 0));
            }
        }
        for (var each : change.changes()) {
            String told = addresses.get(each.nodeId());
            if (told != null) {
                news.putIfAbsent(each.nodeId(), new Tables.Known(told, 0));
            }
        }
        return news;
    }

    @Override
    public void writeHead(SnapshotHead head, OutputStream out) {}

    @Override
    public SnapshotHead readHead(InputStream in, ConfState configuration, Tables before) {
        return new SnapshotHead(tables(configuration, before), Sessions.none(), null);
    }
}
