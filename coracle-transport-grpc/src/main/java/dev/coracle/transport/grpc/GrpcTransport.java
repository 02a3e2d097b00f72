package dev.coracle.transport.grpc;

import dev.coracle.codec.Dialect;
import dev.coracle.node.Transport;
import dev.coracle.raft.Check;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The network of one node over gRPC: messages and snapshots to and from its peers, the framework's own requests, and
 * raftify's service, all on one port.
 *
 * <p>To each peer there is one long stream, which opens with a {@link Handshake}: nodes of another cluster, group or
 * version, or with another id than expected, are refused with a text that says what differs. All messages of a wake-up
 * leave as one frame. Snapshots travel on connections of their own and are stored durably before their message is
 * handed in. In the dialect of raft-rs the peers are called as raftify calls them instead.
 *
 * <p>Every queue has a limit. Towards a slow peer messages are dropped beyond it, and reported once as unreachable;
 * from a fast one no more is read than the node takes. It may be used as soon as it is bound: requests are answered
 * then, and streams of peers are let in once the node was started.
 */
public final class GrpcTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private static final long KEEP_ALIVE_MILLIS = 2_000;
    private static final long IDLE_SECONDS = 300;
    private static final int MOST_METADATA_BYTES = 16 << 10;

    /** How long each of the five steps of closing may take; they end at once unless something hangs. */
    private static final long CLOSE_MILLIS = 400;

    private final GrpcTransportConfig config;
    private final TransportContext context;
    private final PeerService peerService;
    private final GrpcClient client;
    private final Server server;
    private final Map<Long, Link> links = new ConcurrentHashMap<>();
    private final Map<Long, String> addresses = new ConcurrentHashMap<>();

    private final OutgoingSnapshots outgoing;

    /** Links with messages since the last flush. The loop's. */
    private final List<Link> dirty = new ArrayList<>();

    private boolean closed;

    private GrpcTransport(GrpcTransportConfig config) throws IOException {
        this.config = config;
        context = new TransportContext(config);
        UnaryService unary =
                new UnaryService(config.maxCalls, config.maxFrameBytes, config.maxFrameBytes - Batch.OVERHEAD_BYTES);
        peerService = new PeerService(context, unary);
        outgoing = new OutgoingSnapshots(context);
        client = new GrpcClient(context.network, config.clusterId, config.id, config.maxFrameBytes, config.maxCalls);
        server = newServer(unary);
        try {
            server.start();
        } catch (IOException e) {
            server.shutdownNow();
            closeThreads();
            throw new IOException("listenAddress " + config.listenAddress + ": " + reason(e), e);
        }
        LOG.info("{} listens on {}", Link.name(config.id), boundAddress());
    }

    /** What the system said, which gRPC wraps. */
    private static String reason(IOException failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root instanceof UnresolvedAddressException ? "unknown host" : String.valueOf(root.getMessage());
    }

    /**
     * Opens the port.
     *
     * @throws IOException if the address cannot be bound
     */
    public static GrpcTransport bind(GrpcTransportConfig config) throws IOException {
        return new GrpcTransport(config);
    }

    /**
     * Sets what this node says from now on of where it listens, {@code host:port}, to those to whom it opens a stream:
     * they may not know yet, and could not answer. By default it says nothing. Any thread may call.
     *
     * @throws IllegalArgumentException if it is no address
     */
    public void advertise(String address) {
        HostPort.parse(address, "address");
        context.advertise(address);
    }

    private Server newServer(UnaryService unary) {
        HostPort address = config.listenAddress;
        Doorkeeper doorkeeper = new Doorkeeper(!(config.serverCredentials instanceof InsecureServerCredentials));
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(address.host(), address.port()), config.serverCredentials)
                .channelFactory(doorkeeper::newServerChannel)
                .bossEventLoopGroup(context.network.eventLoops)
                .workerEventLoopGroup(context.network.eventLoops)
                .directExecutor()
                .callExecutor(new ExecutorByMethod())
                .addService(peerService.definition())
                .addService(new RaftService(context, peerService, unary).definition())
                .maxInboundMessageSize(config.maxRequestBytes())
                .maxInboundMetadataSize(MOST_METADATA_BYTES)
                .maxConcurrentCallsPerConnection(config.maxCalls)
                .handshakeTimeout(config.handshakeTimeout.toNanos(), TimeUnit.NANOSECONDS)
                .maxConnectionIdle(IDLE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTime(KEEP_ALIVE_MILLIS, TimeUnit.MILLISECONDS)
                .keepAliveTimeout(KEEP_ALIVE_MILLIS, TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(KEEP_ALIVE_MILLIS / 2, TimeUnit.MILLISECONDS)
                .permitKeepAliveWithoutCalls(true);
        if (config.dialect == Dialect.RAFT_RS) {
            builder.addStreamTracerFactory(new OversizeReport(config));
        }
        return builder.build();
    }

    /** Where it listens, {@code host:port}, with the port that the system chose if it was asked to. */
    public String boundAddress() {
        return new HostPort(config.listenAddress.host(), server.getPort()).toString();
    }

    /** The most bytes of data and context that an entry may have; longer ones must be refused when proposed. */
    public int maxEntryBytes() {
        return config.maxFrameBytes - 2 * Batch.OVERHEAD_BYTES;
    }

    /** Single requests to nodes, over this node's connections, in its name. Closing it does nothing. */
    public GrpcClient client() {
        return client;
    }

    /** {@link GrpcClient#call} of {@link #client}. */
    public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
        return client.call(address, kind, request, timeout);
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
        Link link = links.get(peer);
        if (link == null || context.isClosed()) {
            context.unreachable(peer);
            if (message.type() == MessageType.INSTALL_SNAPSHOT) {
                context.snapshotStatus(peer, true);
            }
        } else if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            outgoing.send((Message.InstallSnapshot) message, () -> addresses.get(peer));
        } else if (link.send(message)) {
            dirty.add(link);
        }
    }

    /** Notes travel on our own stream; in the dialect of raft-rs, whose protocol is raftify's, they are dropped. */
    @Override
    public void sendNote(long group, long peer, byte[] note) {
        if (links.get(peer) instanceof StreamLink link && !context.isClosed() && link.send(note)) {
            dirty.add(link);
        }
    }

    @Override
    public void flush() {
        for (int i = 0; i < dirty.size(); i++) {
            dirty.get(i).flush();
        }
        dirty.clear();
    }

    /**
     * Tells where a node is to be found, replacing what was known of it. A stream to it is opened at once.
     *
     * @throws IllegalArgumentException if the address is not {@code host:port}
     */
    @Override
    public synchronized void setPeer(long id, String address) {
        HostPort.parse(address, "address of " + Link.name(id));
        peerService.add(id);
        if (closed || id == config.id) {
            return;
        }
        addresses.put(id, address);
        links.computeIfAbsent(id, this::newLink).setAddress(address);
    }

    private Link newLink(long id) {
        return config.dialect == Dialect.RAFT_RS ? new UnaryLink(context, id) : new StreamLink(context, id);
    }

    @Override
    public synchronized void removePeer(long id) {
        addresses.remove(id);
        Link link = links.remove(id);
        if (link != null) {
            link.close();
        }
        outgoing.cancel(id, Link.name(id) + " was removed");
        peerService.remove(id);
    }

    /**
     * Ends everything: streams are closed in an orderly way, requests that are under way break off, the threads end.
     * Takes two seconds at most, whatever hangs. Nothing is handed in afterwards. Closing again does
     * nothing. Not to be called on a thread of the transport.
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
        server.shutdown();
        links.values().forEach(Link::close);
        outgoing.cancelAll("this node is closing");
        peerService.closeAll();
        closeThreads();
        LOG.info("{} is closed", Link.name(config.id));
    }

    private void closeThreads() {
        context.scheduler.shutdownNow();
        Waiting.upTo(CLOSE_MILLIS, server::awaitTermination);
        server.shutdownNow();
        context.network.closeConnections(CLOSE_MILLIS);
        context.snapshotExecutor.execute(peerService.arriving::close);
        // What still runs there may answer a call: the threads that would carry the answer end last.
        context.snapshotExecutor.shutdown();
        Waiting.upTo(CLOSE_MILLIS, context.snapshotExecutor::awaitTermination);
        context.network.closeThreads(CLOSE_MILLIS);
    }

    /** Streams of messages stay on the network's threads, where nothing blocks; all else gets threads of its own. */
    private final class ExecutorByMethod implements ServerCallExecutorSupplier {
        @Override
        public <Q, R> @Nullable Executor getExecutor(ServerCall<Q, R> call, Metadata metadata) {
            String method = call.getMethodDescriptor().getFullMethodName();
            if (method.equals(Methods.MESSAGES.server.getFullMethodName())) {
                return Runnable::run;
            }
            return method.equals(Methods.SNAPSHOT.server.getFullMethodName())
                    ? context.snapshotExecutor
                    : context.network.executor;
        }
    }
}
