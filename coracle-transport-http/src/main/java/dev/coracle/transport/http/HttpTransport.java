package dev.coracle.transport.http;

import dev.coracle.node.Transport;
import dev.coracle.raft.Check;
import dev.coracle.raft.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The network of one node over etcd's rafthttp: messages and snapshots to and from its peers on one port, in the bytes that
 * Go's nodes use, so that these can be its peers.
 *
 * <p>Each node asks each other one for two streams, and gets the other's messages on them. What cannot go by a stream is
 * posted, and so are snapshots, on connections of their own. Others are refused with etcd's statuses and texts; whoever
 * breaks the rule that a message names its sender, this node and the cluster gets 400, which harms nobody.
 *
 * <p>Every queue has a limit. Towards a slow peer messages are dropped beyond it, and reported once as unreachable; from a
 * fast one no more is read than the node takes. It may be used as soon as it is bound.
 */
public final class HttpTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    /** How long each of the steps of closing may take; they end at once unless something hangs. */
    private static final long CLOSE_MILLIS = 500;

    private final HttpTransportConfig config;
    private final TransportContext context;
    private final Peers peers;
    private final HttpServer server;

    /** Links with messages since the last flush. The loop's. */
    private List<Link> dirty = new ArrayList<>();

    private boolean closed;

    private HttpTransport(HttpTransportConfig config) throws IOException {
        this.config = config;
        context = new TransportContext(config);
        peers = new Peers(context);
        try {
            server = new HttpServer(context, peers);
        } catch (IOException e) {
            context.closeThreads(CLOSE_MILLIS);
            throw new IOException("listenAddress " + config.listenAddress + ": " + e.getMessage(), e);
        }
        LOG.info("{} listens on {}", TransportContext.name(config.id), boundAddress());
    }

    /**
     * Opens the port.
     *
     * @throws IOException if the address cannot be bound
     */
    public static HttpTransport bind(HttpTransportConfig config) throws IOException {
        return new HttpTransport(config);
    }

    /** Where it listens, {@code host:port}, with the port that the system chose if it was asked to. */
    public String boundAddress() {
        return new PeerAddress(config.listenAddress.host(), server.port()).toString();
    }

    /** The most bytes of data and context that an entry may have; longer ones must be refused when proposed. */
    public int maxEntryBytes() {
        return config.maxFrameBytes - 2 * HttpTransportConfig.OVERHEAD_BYTES;
    }

    /** Whether the last thing that was tried with a peer worked. Any thread may ask. */
    public boolean isActive(long peer) {
        Link link = peers.link(peer);
        return link != null && link.isActive();
    }

    /** Whether all messages to a peer go by streams. Any thread may ask. */
    public boolean isStreaming(long peer) {
        Link link = peers.link(peer);
        return link != null && link.isStreaming();
    }

    /**
     * Sends a proposal to the leader in the name of this node, as members of an etcd cluster that do not lead do. What
     * becomes of it is not told: it shows in the log. Any thread may call.
     *
     * @return false if it cannot be sent: the leader is not known here, or too much is waiting
     */
    public boolean forward(Message.Propose proposal) {
        Link link = peers.link(proposal.to());
        return link != null && link.offer(proposal);
    }

    /** Never: raftexample ignores the newer form without a word, and etcd's own members propose only the older one. */
    @Override
    public boolean takesNewerChanges() {
        return false;
    }

    @Override
    public void start(Inbound inbound) {
        Check.that(!context.isStarted(), "a transport is started once");
        context.start(inbound);
    }

    @Override
    public void send(long group, Message message) {
        Check.that(group == config.group, "group %d is not the one that is carried, %d", group, config.group);
        long peer = message.to();
        Link link = peers.link(peer);
        if (message instanceof Message.InstallSnapshot snapshot) {
            if (link == null) {
                context.unreachable(peer);
                context.snapshotStatus(peer, true);
            } else {
                context.run(() -> link.sendSnapshot(snapshot));
            }
        } else if (link == null) {
            context.unreachable(peer);
        } else if (link.send(message)) {
            dirty.add(link);
        }
    }

    @Override
    public void flush() {
        if (dirty.isEmpty()) {
            return;
        }
        List<Link> links = dirty;
        dirty = new ArrayList<>();
        List<List<Queued>> batches = new ArrayList<>(links.size());
        for (int i = 0; i < links.size(); i++) {
            batches.add(links.get(i).takeOutbox());
        }
        context.run(() -> {
            for (int i = 0; i < links.size(); i++) {
                links.get(i).enqueue(batches.get(i));
            }
        });
    }

    /**
     * Tells where a node is to be found, replacing what was known of it. It is asked for its streams at once.
     *
     * @throws IllegalArgumentException if the address is neither a URL of host and port nor {@code host:port}, or its
     *     scheme is not that of this node
     */
    @Override
    public synchronized void setPeer(long id, String address) {
        PeerAddress parsed = PeerAddress.parse(address, config.tls(), "address of " + TransportContext.name(id));
        if (!closed && id != config.id) {
            peers.add(id, parsed);
        }
    }

    @Override
    public synchronized void removePeer(long id) {
        if (!closed) {
            peers.remove(id);
        }
    }

    /**
     * Ends everything: streams are closed in an orderly way, snapshots that are under way break off, the threads end.
     * Takes two seconds at most, whatever hangs. Nothing is handed in afterwards. Closing again does nothing. Not to be
     * called on a thread of the transport.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        context.close();
        context.run(() -> {
            server.close();
            peers.closeAll();
        });
        context.closeThreads(CLOSE_MILLIS);
        LOG.info("{} is closed", TransportContext.name(config.id));
    }
}
