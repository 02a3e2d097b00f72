package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.node.Transport.Inbound;
import dev.coracle.raft.Message;
import dev.coracle.raft.RandomSource;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the parts of one transport share. */
final class TransportContext {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int SNAPSHOT_THREADS = 2;

    final GrpcTransportConfig config;
    final Codec<Message> messages;
    final Codec<Batch> batches;
    final Codec<SnapshotHead> snapshotHeads;
    final Network network;
    final ScheduledExecutorService scheduler;

    /** For those who wait for a disk. */
    final ExecutorService snapshotExecutor;

    /** The bytes of snapshots that leave, and that arrive. */
    final Throttle departures;

    final Throttle arrivals;

    final RandomSource random;
    private volatile @Nullable Inbound inbound;
    private volatile boolean closed;
    private volatile String address = "";

    TransportContext(GrpcTransportConfig config) {
        this.config = config;
        messages = config.dialect.codec().messages();
        batches = new Batch.Format(messages, config.maxFrameMessages);
        snapshotHeads = new SnapshotHead.Format(messages);
        network = new Network(config.channelCredentials, config.ioThreads, config.maxFrameBytes, config.maxConnections);
        scheduler = Threads.scheduler("coracle-net-timer");
        snapshotExecutor = Threads.pool("coracle-snapshot", SNAPSHOT_THREADS);
        departures = new Throttle(scheduler, config.snapshotBytesPerSecond);
        arrivals = new Throttle(scheduler, config.snapshotBytesPerSecond);
        random = new RandomSource() {
            @Override
            public synchronized int next(int bound) {
                return config.random.next(bound);
            }
        };
    }

    void start(Inbound newInbound) {
        inbound = newInbound;
    }

    boolean isStarted() {
        return inbound != null;
    }

    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Hands a message in; false if the node has no room, is not started, or the transport is closed. */
    boolean offer(Message message) {
        Inbound in = inbound;
        return in != null && !closed && in.offer(config.group, message);
    }

    /** Hands messages in that arrived together, and returns how many were taken. */
    int offer(List<Message> batch) {
        Inbound in = inbound;
        return in == null || closed ? 0 : in.offer(config.group, batch);
    }

    /** Hands a note in. */
    void offerNote(long from, byte[] note) {
        Inbound in = inbound;
        if (in != null && !closed) {
            in.offerNote(config.group, from, note);
        }
    }

    void unreachable(long peer) {
        Inbound in = inbound;
        if (in != null && !closed) {
            in.unreachable(config.group, peer);
        }
    }

    void snapshotStatus(long peer, boolean failed) {
        Inbound in = inbound;
        if (in != null && !closed) {
            in.snapshotStatus(config.group, peer, failed);
        }
    }

    /** Sets what handshakes say of where this node listens. */
    void advertise(String newAddress) {
        address = newAddress;
    }

    Handshake handshakeWith(long receiver) {
        return new Handshake(
                Handshake.VERSION, config.clusterId, config.group, config.id, config.incarnation, receiver, address);
    }

    /** Runs a task a little later. It must not throw: nobody would notice. */
    void later(Runnable task, long delayMillis) {
        ScheduledFuture<?> unused = schedule(task, delayMillis);
    }

    /** The same for one that may be cancelled. */
    ScheduledFuture<?> schedule(Runnable task, long delayMillis) {
        return scheduler.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
    }

    /**
     * A context whose tasks run one after the other, on the thread that brings them, without waiting.
     *
     * @param onFailure what makes a fresh start after a task threw, which only a bug or a broken callback does
     */
    SynchronizationContext newSerial(String what, Runnable onFailure) {
        return new SynchronizationContext((thread, failure) -> {
            LOG.error("node {}: {} failed", Long.toUnsignedString(config.id), what, failure);
            try {
                onFailure.run();
            } catch (RuntimeException e) {
                // The context must go on in any case: it would never run anything again.
                LOG.error("node {}: {} failed again", Long.toUnsignedString(config.id), what, e);
            }
        });
    }

    /** What is wrong with a message that claims to come from {@code sender}, or {@code null}. */
    @Nullable
    Status fault(Message message, long sender) {
        if (message.type().isLocal()) {
            return Status.INVALID_ARGUMENT.withDescription(
                    "Message.type: " + message.type().etcdName() + " never leaves a node");
        }
        if (message.from() != sender) {
            return Status.INVALID_ARGUMENT.withDescription("Message.from: " + Long.toUnsignedString(message.from())
                    + " is not the sender " + Long.toUnsignedString(sender));
        }
        if (message.to() != config.id) {
            return Status.INVALID_ARGUMENT.withDescription("Message.to: " + Long.toUnsignedString(message.to())
                    + " is not this node, " + Long.toUnsignedString(config.id));
        }
        return null;
    }
}
